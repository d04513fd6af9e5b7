<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
<context>
    <name>ChatEngine</name>
    <message>
        <source>; fast</source>
        <translation>; schnell</translation>
    </message>
    <message>
        <source>%1 tokens, %2 a second</source>
        <translation>%1 Token, %2 pro Sekunde</translation>
    </message>
    <message>
        <source>; stopped</source>
        <translation>; angehalten</translation>
    </message>
    <message>
        <source>; cut at the longest answer</source>
        <translation>; bei der längsten Antwort abgeschnitten</translation>
    </message>
    <message>
        <source>; the context is full</source>
        <translation>; der Kontext ist voll</translation>
    </message>
    <message>
        <source>An answer beside the run takes %1, and %2 are free. The run goes on as it was. Close other programs, or ask when it has ended.</source>
        <translation>Eine Antwort neben dem Lauf braucht %1, und %2 sind frei. Der Lauf geht weiter wie zuvor. Schließen Sie andere Programme, oder fragen Sie, wenn er zu Ende ist.</translation>
    </message>
</context>
<context>
    <name>ChatLog</name>
    <message>
        <source>New chat</source>
        <translation>Neuer Chat</translation>
    </message>
    <message>
        <source>Model: %1</source>
        <translation>Modell: %1</translation>
    </message>
    <message>
        <source>Scale pack: %1</source>
        <translation>Skalenpaket: %1</translation>
    </message>
    <message>
        <source>You</source>
        <translation>Sie</translation>
    </message>
    <message>
        <source>Original</source>
        <translation>Original</translation>
    </message>
    <message>
        <source>Tuned</source>
        <translation>Angepasst</translation>
    </message>
    <message>
        <source>Answer</source>
        <translation>Antwort</translation>
    </message>
    <message>
        <source>The conversation could not be kept in %1: %2. Free some space there or make the folder writable.</source>
        <translation>Das Gespräch konnte nicht in %1 aufgehoben werden: %2. Schaffen Sie dort Platz oder machen Sie den Ordner beschreibbar.</translation>
    </message>
</context>
<context>
    <name>ChatPane</name>
    <message>
        <source>Exact</source>
        <translation>Genau</translation>
    </message>
    <message>
        <source>Fast</source>
        <translation>Schnell</translation>
    </message>
    <message>
        <source>Arithmetic</source>
        <translation>Rechnen</translation>
    </message>
    <message>
        <source>Computes with full numbers, as tuning and the checks do: the same answer everywhere</source>
        <translation>Rechnet mit vollen Zahlen, wie das Anpassen und die Prüfungen: überall dieselbe Antwort</translation>
    </message>
    <message>
        <source>Rounds what flows through the model to 8 bits, as llama.cpp does: long prompts are read faster, and some answers come out a little different. Both sides of a comparison use it.</source>
        <translation>Rundet, was durch das Modell fließt, auf 8 Bit, wie llama.cpp: lange Fragen werden schneller gelesen, und manche Antwort fällt ein wenig anders aus. Beide Seiten eines Vergleichs rechnen so.</translation>
    </message>
</context>
<context>
    <name>DataCheck</name>
    <message>
        <source>%1: no row of it can be answered within the context.</source>
        <translation>%1: keine Zeile davon passt mit ihrer Antwort in den Kontext.</translation>
    </message>
    <message>
        <source>%1: every row of it is learned from too, so its loss would say nothing of other rows. Choose a file of rows that are not, or hold rows back.</source>
        <translation>%1: Jede Zeile darin wird auch gelernt, ihr Verlust würde also nichts über andere Zeilen sagen. Wählen Sie eine Datei mit anderen Zeilen, oder halten Sie Zeilen zurück.</translation>
    </message>
</context>
<context>
    <name>EngineHost</name>
    <message>
        <source>%1 is not open now.</source>
        <translation>%1 ist gerade nicht geöffnet.</translation>
    </message>
    <message>
        <source>CPU, %1 threads</source>
        <translation>CPU, %1 Threads</translation>
    </message>
    <message>
        <source>The CPU, because the settings ask for it.</source>
        <translation>Die CPU, weil die Einstellungen es so wollen.</translation>
    </message>
    <message>
        <source>All GPUs share the steps of a tuning run, because the settings ask for it; the first does everything else.</source>
        <translation>Alle GPUs teilen sich die Schritte eines Anpassungslaufs, weil die Einstellungen es so wollen; alles andere tut die erste.</translation>
    </message>
    <message>
        <source>A GPU, because the settings ask for it.</source>
        <translation>Eine GPU, weil die Einstellungen es so wollen.</translation>
    </message>
    <message>
        <source>The CPU always works; no GPU is needed.</source>
        <translation>Die CPU geht immer; eine GPU braucht es nicht.</translation>
    </message>
</context>
<context>
    <name>EngineWords</name>
    <message>
        <source>%1; nothing was written. Choose another name for the output.</source>
        <translation>%1; es wurde nichts geschrieben. Wählen Sie einen anderen Namen für die Ausgabe.</translation>
    </message>
    <message>
        <source>this is %1, and writing would replace it</source>
        <translation>das ist %1, und Schreiben würde es ersetzen</translation>
    </message>
    <message>
        <source>this folder holds %1 (%2), and writing would replace it</source>
        <translation>in diesem Ordner liegt %1 (%2), und Schreiben würde es ersetzen</translation>
    </message>
    <message>
        <source>this is a part of %1 (%2), and writing would replace it</source>
        <translation>das ist ein Teil von %1 (%2), und Schreiben würde ihn ersetzen</translation>
    </message>
    <message>
        <source>this is a part of %1, which is in several files, and writing would replace it</source>
        <translation>das ist ein Teil von %1 in mehreren Dateien, und Schreiben würde ihn ersetzen</translation>
    </message>
    <message>
        <source>the model being read</source>
        <translation>das Modell, das gelesen wird</translation>
    </message>
    <message>
        <source>the calibration text</source>
        <translation>der Kalibrierungstext</translation>
    </message>
    <message>
        <source>the text of the trial</source>
        <translation>der Text des Versuchs</translation>
    </message>
    <message>
        <source>the model that was tuned</source>
        <translation>das Modell, das angepasst wurde</translation>
    </message>
    <message>
        <source>The output has no name; give a file or a folder.</source>
        <translation>Die Ausgabe hat keinen Namen; nennen Sie eine Datei oder einen Ordner.</translation>
    </message>
    <message>
        <source>there is no folder %1 to write into. Make it first, or choose another one.</source>
        <translation>es gibt keinen Ordner %1, in den geschrieben werden kann. Legen Sie ihn an, oder wählen Sie einen anderen.</translation>
    </message>
    <message>
        <source>this is a folder; give the name of a file in it.</source>
        <translation>das ist ein Ordner; nennen Sie eine Datei darin.</translation>
    </message>
    <message>
        <source>the model would become a folder, and this is the name of a %1 file. Write a name that ends in .gguf, or a folder's name without an ending.</source>
        <translation>das Modell würde ein Ordner, und das ist der Name einer %1-Datei. Nennen Sie einen Namen, der auf .gguf endet, oder einen Ordner ohne Endung.</translation>
    </message>
    <message>
        <source>something else than a model is here already; choose another folder.</source>
        <translation>hier liegt schon etwas anderes als ein Modell; wählen Sie einen anderen Ordner.</translation>
    </message>
    <message>
        <source>beside a model this folder holds %1, which would be deleted with it; choose another folder, or move it elsewhere first.</source>
        <translation>neben einem Modell liegt in diesem Ordner %1, was mit ihm gelöscht würde; wählen Sie einen anderen Ordner, oder legen Sie es vorher woanders ab.</translation>
    </message>
    <message>
        <source>the folder cannot be made: %1.</source>
        <translation>der Ordner lässt sich nicht anlegen: %1.</translation>
    </message>
    <message>
        <source>the folder cannot be replaced: %1.</source>
        <translation>der Ordner lässt sich nicht ersetzen: %1.</translation>
    </message>
    <message>
        <source>cannot write the file: a folder of this name exists.</source>
        <translation>die Datei lässt sich nicht schreiben: es gibt einen Ordner dieses Namens.</translation>
    </message>
    <message>
        <source>cannot write the file: the folder does not exist; create it first.</source>
        <translation>die Datei lässt sich nicht schreiben: den Ordner gibt es nicht; legen Sie ihn zuerst an.</translation>
    </message>
    <message>
        <source>cannot write the file: %1.</source>
        <translation>die Datei lässt sich nicht schreiben: %1.</translation>
    </message>
    <message>
        <source>cannot write the file to the disk: %1.</source>
        <translation>die Datei lässt sich nicht auf die Platte schreiben: %1.</translation>
    </message>
    <message>
        <source>cannot open the file: %1.</source>
        <translation>die Datei lässt sich nicht öffnen: %1.</translation>
    </message>
    <message>
        <source>cannot read the file: %1.</source>
        <translation>die Datei lässt sich nicht lesen: %1.</translation>
    </message>
    <message>
        <source>there is no such file</source>
        <translation>es gibt keine solche Datei</translation>
    </message>
    <message>
        <source>this user may not access it</source>
        <translation>dieser Benutzer darf nicht darauf zugreifen</translation>
    </message>
    <message>
        <source>the disk is full; free some space and try again</source>
        <translation>die Platte ist voll; schaffen Sie Platz, und versuchen Sie es wieder</translation>
    </message>
    <message>
        <source>the disk is read-only; choose another folder</source>
        <translation>die Platte ist schreibgeschützt; wählen Sie einen anderen Ordner</translation>
    </message>
    <message>
        <source>it is a folder</source>
        <translation>es ist ein Ordner</translation>
    </message>
    <message>
        <source>a part of its path is not a folder</source>
        <translation>ein Teil des Pfads ist kein Ordner</translation>
    </message>
    <message>
        <source>Writing the model was cancelled; nothing was left behind.</source>
        <translation>Das Schreiben wurde abgebrochen; nichts ist liegen geblieben.</translation>
    </message>
    <message>
        <source>What was written cannot be opened again and was not kept.</source>
        <translation>Was geschrieben wurde, lässt sich nicht wieder öffnen und wurde nicht behalten.</translation>
    </message>
    <message>
        <source>What was written is kept, but it was not compared with the model in memory.</source>
        <translation>Was geschrieben wurde, bleibt; es wurde nur nicht mit dem Modell im Speicher verglichen.</translation>
    </message>
    <message>
        <source>A %1 folder holds codes of %2 bits, not of %3. Choose other bits, or write a .gguf file.</source>
        <translation>Ein %1-Ordner fasst Codes mit %2 Bit, nicht mit %3. Wählen Sie andere Bits, oder schreiben Sie eine .gguf-Datei.</translation>
    </message>
    <message>
        <source>'%1' is %2 x %3: %4, as a %5 folder needs. %6</source>
        <translation>„%1“ ist %2 x %3: %4, wie es ein %5-Ordner braucht. %6</translation>
    </message>
    <message>
        <source>its %1 inputs are no multiple of the groups of %2</source>
        <translation>die %1 Eingänge sind kein Vielfaches der Gruppen von %2</translation>
    </message>
    <message>
        <source>2, 3, 4 and 8</source>
        <translation>2, 3, 4 und 8</translation>
    </message>
    <message>
        <source>2, 4 and 8</source>
        <translation>2, 4 und 8</translation>
    </message>
    <message>
        <source>that does not fill whole words</source>
        <translation>das füllt keine ganzen Wörter</translation>
    </message>
    <message>
        <source>Choose groups of %1, or write a .gguf file.</source>
        <translation>Wählen Sie Gruppen von %1, oder schreiben Sie eine .gguf-Datei.</translation>
    </message>
    <message>
        <source>Choose one scale a row (group 0), or write a .gguf file.</source>
        <translation>Wählen Sie eine Skala je Zeile (Gruppe 0), oder schreiben Sie eine .gguf-Datei.</translation>
    </message>
    <message>
        <source>Write a .gguf file.</source>
        <translation>Schreiben Sie eine .gguf-Datei.</translation>
    </message>
    <message>
        <source>%1-bit integers with %2 in %3 (rows of %4) fit no GGUF type. %5</source>
        <translation>Ganze Zahlen mit %1 Bit und %2 in %3 (Zeilen von %4) passen in keinen GGUF-Typ. %5</translation>
    </message>
    <message>
        <source>the zero point in the middle</source>
        <translation>dem Nullpunkt in der Mitte</translation>
    </message>
    <message>
        <source>free zero points</source>
        <translation>freien Nullpunkten</translation>
    </message>
    <message>
        <source>whole rows</source>
        <translation>ganzen Zeilen</translation>
    </message>
    <message>
        <source>groups of %1</source>
        <translation>Gruppen von %1</translation>
    </message>
    <message>
        <source>Choose fewer bits, or write a folder.</source>
        <translation>Wählen Sie weniger Bits, oder schreiben Sie einen Ordner.</translation>
    </message>
    <message>
        <source>With symmetric zero points (--symmetric) they fit, or write a folder, which holds both.</source>
        <translation>Mit symmetrischen Nullpunkten passen sie, oder schreiben Sie einen Ordner, der beides fasst.</translation>
    </message>
    <message>
        <source>%1 needs calibration text. Name a text file or a dataset, or use the method clip or hqq.</source>
        <translation>%1 braucht einen Kalibrierungstext. Nennen Sie eine Textdatei oder einen Datensatz, oder nehmen Sie das Verfahren clip oder hqq.</translation>
    </message>
    <message>
        <source>%1: %2 MB.</source>
        <translation>%1: %2 MB.</translation>
    </message>
    <message>
        <source>A %1 folder holds %2-bit codes as they are</source>
        <translation>Ein %1-Ordner fasst %2-Bit-Codes, wie sie sind</translation>
    </message>
    <message>
        <source>GGUF blocks hold 32 inputs, and %1 is no multiple of that</source>
        <translation>GGUF-Blöcke fassen 32 Eingänge, und %1 ist kein Vielfaches davon</translation>
    </message>
    <message>
        <source>GGUF blocks hold 32 inputs, and the rows of this model (%1) are no multiple of that, so nothing would be quantized. Write a folder with one scale a row (group 0).</source>
        <translation>GGUF-Blöcke fassen 32 Eingänge, und die Zeilen dieses Modells (%1) sind kein Vielfaches davon, sodass nichts quantisiert würde. Schreiben Sie einen Ordner mit einer Skala je Zeile (Gruppe 0).</translation>
    </message>
    <message>
        <source>symmetric %1-bit codes fit %2 exactly</source>
        <translation>symmetrische %1-Bit-Codes passen genau in %2</translation>
    </message>
    <message>
        <source>symmetric 2-bit codes fit Q2_0 exactly, which is new: older builds of llama.cpp reject it</source>
        <translation>symmetrische 2-Bit-Codes passen genau in Q2_0, das neu ist: ältere llama.cpp-Versionen weisen es ab</translation>
    </message>
    <message>
        <source>symmetric 3-bit codes with one scale a row fit Q3_K exactly</source>
        <translation>symmetrische 3-Bit-Codes mit einer Skala je Zeile passen genau in Q3_K</translation>
    </message>
    <message>
        <source>2-bit codes in groups fit no 2-bit type of GGUF; Q4_0 holds them exactly</source>
        <translation>2-Bit-Codes in Gruppen passen in keinen 2-Bit-Typ von GGUF; Q4_0 fasst sie genau</translation>
    </message>
    <message>
        <source>3-bit codes fit no 3-bit type of GGUF; Q4_0 holds them exactly</source>
        <translation>3-Bit-Codes passen in keinen 3-Bit-Typ von GGUF; Q4_0 fasst sie genau</translation>
    </message>
    <message>
        <source>%1-bit codes with one scale a row fit %2 exactly</source>
        <translation>%1-Bit-Codes mit einer Skala je Zeile passen genau in %2</translation>
    </message>
    <message>
        <source>4-bit codes with free zero points fit Q5_0 exactly (Q4_1 holds the zero points only rounded)</source>
        <translation>4-Bit-Codes mit freien Nullpunkten passen genau in Q5_0 (Q4_1 fasst die Nullpunkte nur gerundet)</translation>
    </message>
    <message>
        <source>5-bit codes with free zero points need six bits and a sign: Q8_0 holds them exactly</source>
        <translation>5-Bit-Codes mit freien Nullpunkten brauchen sechs Bit und ein Vorzeichen: Q8_0 fasst sie genau</translation>
    </message>
    <message>
        <source>6-bit codes are held exactly by Q8_0</source>
        <translation>6-Bit-Codes fasst Q8_0 genau</translation>
    </message>
    <message>
        <source>8-bit codes with free zero points need nine bits, which no GGUF type has; symmetric ones fit Q8_0, and a GPTQ folder holds both</source>
        <translation>8-Bit-Codes mit freien Nullpunkten brauchen neun Bit, die kein GGUF-Typ hat; symmetrische passen in Q8_0, und ein GPTQ-Ordner fasst beides</translation>
    </message>
    <message>
        <source>%1-bit codes fit no GGUF type</source>
        <translation>%1-Bit-Codes passen in keinen GGUF-Typ</translation>
    </message>
    <message>
        <source>there is no such file or folder. Check the path; a model is a .gguf file or a folder of safetensors.</source>
        <translation>es gibt keine solche Datei und keinen solchen Ordner. Prüfen Sie den Pfad; ein Modell ist eine .gguf-Datei oder ein Ordner mit safetensors.</translation>
    </message>
    <message>
        <source>open the folder that holds this file and its config.json instead.</source>
        <translation>öffnen Sie stattdessen den Ordner, in dem diese Datei und ihre config.json liegen.</translation>
    </message>
    <message>
        <source>the model needs about %1 MB, but %2 MB are free; close other programs or choose a smaller model.</source>
        <translation>das Modell braucht etwa %1 MB, aber %2 MB sind frei; schließen Sie andere Programme, oder wählen Sie ein kleineres Modell.</translation>
    </message>
    <message>
        <source>there is not enough memory to open this model.</source>
        <translation>der Speicher reicht nicht, um dieses Modell zu öffnen.</translation>
    </message>
    <message>
        <source>opening the model was cancelled.</source>
        <translation>das Öffnen des Modells wurde abgebrochen.</translation>
    </message>
    <message>
        <source>tensor '%1' ends at byte %2, but the file has %3: the download is incomplete.</source>
        <translation>der Tensor „%1“ endet bei Byte %2, aber die Datei hat %3: der Download ist unvollständig.</translation>
    </message>
    <message>
        <source>the file ends inside %1; the download is incomplete (byte %2 of %3).</source>
        <translation>die Datei endet in %1; der Download ist unvollständig (Byte %2 von %3).</translation>
    </message>
    <message>
        <source>the file ends inside its header; the download is incomplete.</source>
        <translation>die Datei endet in ihrem Kopf; der Download ist unvollständig.</translation>
    </message>
    <message>
        <source>this is not a safetensors file: it is too short.</source>
        <translation>das ist keine safetensors-Datei: sie ist zu kurz.</translation>
    </message>
    <message>
        <source>this is not a GGUF file: it is too short (byte %1 of %2).</source>
        <translation>das ist keine GGUF-Datei: sie ist zu kurz (Byte %1 von %2).</translation>
    </message>
    <message>
        <source>this is not a GGUF file: it does not begin with 'GGUF' (byte %1 of %2).</source>
        <translation>das ist keine GGUF-Datei: sie beginnt nicht mit „GGUF“ (Byte %1 von %2).</translation>
    </message>
    <message>
        <source>there is no config.json; this folder holds no Hugging Face model.</source>
        <translation>es gibt keine config.json; in diesem Ordner liegt kein Hugging-Face-Modell.</translation>
    </message>
    <message>
        <source>there is no .safetensors file here.</source>
        <translation>hier liegt keine .safetensors-Datei.</translation>
    </message>
    <message>
        <source>there is no .safetensors file here; pickled weights (.bin, .pt) can run code and are not opened: save the model as safetensors.</source>
        <translation>hier liegt keine .safetensors-Datei; Gewichte als Pickle (.bin, .pt) können Code ausführen und werden nicht geöffnet: speichern Sie das Modell als safetensors.</translation>
    </message>
    <message>
        <source>the architecture '%1' is not supported; %2 are.</source>
        <translation>die Architektur „%1“ wird nicht unterstützt; es gehen %2.</translation>
    </message>
    <message>
        <source>this is one of %1 parts of a model; join them first (llama-gguf-split --merge).</source>
        <translation>das ist einer von %1 Teilen eines Modells; fügen Sie sie zuerst zusammen (llama-gguf-split --merge).</translation>
    </message>
    <message>
        <source>mixtures of experts are not supported.</source>
        <translation>Mixture-of-Experts-Modelle werden nicht unterstützt.</translation>
    </message>
    <message>
        <source>this GGUF file was written for a big-endian machine, which is not read here. Convert the model anew, or download its little-endian file.</source>
        <translation>diese GGUF-Datei wurde für eine Big-Endian-Maschine geschrieben und wird hier nicht gelesen. Wandeln Sie das Modell neu um, oder laden Sie die Little-Endian-Datei.</translation>
    </message>
    <message>
        <source>GGUF version %1 is not read; versions 2 and 3 are. Convert the model anew.</source>
        <translation>GGUF-Version %1 wird nicht gelesen; es gehen 2 und 3. Wandeln Sie das Modell neu um.</translation>
    </message>
    <message>
        <source>%1 has no quantized matrices, so there are no scales to learn. Quantize it first.</source>
        <translation>%1 hat keine quantisierten Matrizen, also keine Skalen, die lernen könnten. Quantisieren Sie es zuerst.</translation>
    </message>
    <message>
        <source>No dataset is given; choose a file of examples to learn from.</source>
        <translation>Es ist kein Datensatz gewählt; wählen Sie eine Datei mit Beispielen.</translation>
    </message>
    <message>
        <source>conversations and plain texts cannot be learned in one run. Remove one of the two.</source>
        <translation>Gespräche und reine Texte können nicht in einem Lauf gelernt werden. Nehmen Sie eines von beiden heraus.</translation>
    </message>
    <message>
        <source>the file is empty. A dataset needs at least one example.</source>
        <translation>die Datei ist leer. Ein Datensatz braucht mindestens ein Beispiel.</translation>
    </message>
    <message>
        <source>the table has a header (%1) and no rows below it. A dataset needs at least one example.</source>
        <translation>die Tabelle hat eine Kopfzeile (%1) und keine Zeilen darunter. Ein Datensatz braucht mindestens ein Beispiel.</translation>
    </message>
    <message>
        <source>every row is empty. A dataset needs at least one example.</source>
        <translation>jede Zeile ist leer. Ein Datensatz braucht mindestens ein Beispiel.</translation>
    </message>
    <message>
        <source>none of its %1 rows can be used. The first problem, in line %2, %3: %4</source>
        <translation>keine ihrer %1 Zeilen ist brauchbar. Das erste Problem, in Zeile %2, %3: %4</translation>
    </message>
    <message>
        <source>none of its %1 rows can be used. The first problem, in line %2: %3</source>
        <translation>keine ihrer %1 Zeilen ist brauchbar. Das erste Problem, in Zeile %2: %3</translation>
    </message>
    <message>
        <source>The form of the row is not known: it has %1. Known are messages, conversations, instruction with output, prompt with completion, and text; other names can be mapped (--columns prompt=NAME,completion=NAME on the command line).</source>
        <translation>Die Form der Zeile ist nicht bekannt: sie hat %1. Bekannt sind messages, conversations, instruction mit output, prompt mit completion, und text; andere Namen lassen sich zuordnen (--columns prompt=NAME,completion=NAME auf der Befehlszeile).</translation>
    </message>
    <message>
        <source>The row is one message of a conversation, not the whole of it. Put all its messages into one list called messages.</source>
        <translation>Die Zeile ist eine einzelne Nachricht eines Gesprächs, nicht das ganze. Fassen Sie alle seine Nachrichten in einer Liste namens messages zusammen.</translation>
    </message>
    <message>
        <source>none of its columns (%1) is known as a prompt or an answer. Say which are: map "prompt" and "completion" (or "text") to column names (on the command line: --columns prompt=NAME,completion=NAME).</source>
        <translation>keine ihrer Spalten (%1) ist als Frage oder Antwort bekannt. Ordnen Sie „prompt“ und „completion“ (oder „text“) die Namen der Spalten zu (auf der Befehlszeile: --columns prompt=NAME,completion=NAME).</translation>
    </message>
    <message>
        <source>there is no column "%1" for the %2. The columns are %3.</source>
        <translation>es gibt keine Spalte „%1“ für %2. Die Spalten sind %3.</translation>
    </message>
    <message>
        <source>The row is not valid JSON. %1</source>
        <translation>Die Zeile ist kein gültiges JSON. %1</translation>
    </message>
    <message>
        <source>The comma behind it belongs to an array: remove it.</source>
        <translation>Das Komma dahinter gehört zu einer Liste: entfernen Sie es.</translation>
    </message>
    <message>
        <source>Its closing brace is missing.</source>
        <translation>Die schließende Klammer fehlt.</translation>
    </message>
    <message>
        <source>JSON wants double quotes.</source>
        <translation>JSON verlangt doppelte Anführungszeichen.</translation>
    </message>
    <message>
        <source>Check quotes, commas and braces.</source>
        <translation>Prüfen Sie Anführungszeichen, Kommas und Klammern.</translation>
    </message>
    <message>
        <source>The row has no "%1" (it has %2).</source>
        <translation>Die Zeile hat kein „%1“ (sie hat %2).</translation>
    </message>
    <message>
        <source>The answer is empty, so there is nothing to learn.</source>
        <translation>Die Antwort ist leer, also gibt es nichts zu lernen.</translation>
    </message>
    <message>
        <source>The answer is empty, so there is nothing to learn from it.</source>
        <translation>Die Antwort ist leer, also gibt es aus ihr nichts zu lernen.</translation>
    </message>
    <message>
        <source>The prompt is empty.</source>
        <translation>Die Frage ist leer.</translation>
    </message>
    <message>
        <source>The instruction is empty.</source>
        <translation>Die Anweisung ist leer.</translation>
    </message>
    <message>
        <source>No message is by the assistant, so there is nothing to learn.</source>
        <translation>Keine Nachricht ist vom Assistenten, also gibt es nichts zu lernen.</translation>
    </message>
    <message>
        <source>"%1" is no known role. Use system, user, assistant or tool.</source>
        <translation>„%1“ ist keine bekannte Rolle. Nehmen Sie system, user, assistant oder tool.</translation>
    </message>
    <message>
        <source>The message has no "%1". It is user, assistant or system.</source>
        <translation>Die Nachricht hat kein „%1“. Es ist user, assistant oder system.</translation>
    </message>
    <message>
        <source>The row is %1, not an object with named fields.</source>
        <translation>Die Zeile ist %1, kein Objekt mit benannten Feldern.</translation>
    </message>
    <message>
        <source>The row has %1 fields, but the header has %2. A field that holds the separator must be quoted.</source>
        <translation>Die Zeile hat %1 Felder, aber die Kopfzeile hat %2. Ein Feld mit dem Trennzeichen muss in Anführungszeichen stehen.</translation>
    </message>
    <message>
        <source>Byte %1 of the row is not valid UTF-8. Save the file as UTF-8.</source>
        <translation>Byte %1 der Zeile ist kein gültiges UTF-8. Speichern Sie die Datei als UTF-8.</translation>
    </message>
    <message>
        <source>this text is UTF-16. Save it as UTF-8 and open it again.</source>
        <translation>dieser Text ist UTF-16. Speichern Sie ihn als UTF-8, und öffnen Sie ihn neu.</translation>
    </message>
    <message>
        <source>Parquet files cannot be read here. Export the table as JSONL or CSV.</source>
        <translation>Parquet-Dateien werden hier nicht gelesen. Exportieren Sie die Tabelle als JSONL oder CSV.</translation>
    </message>
    <message>
        <source>this file is compressed. Unpack it and open what is inside.</source>
        <translation>diese Datei ist gepackt. Entpacken Sie sie, und öffnen Sie, was darin ist.</translation>
    </message>
    <message>
        <source>this is not text (it holds zero bytes). A dataset is JSON, JSONL, CSV or plain text in UTF-8.</source>
        <translation>das ist kein Text (er enthält Nullbytes). Ein Datensatz ist JSON, JSONL, CSV oder Text in UTF-8.</translation>
    </message>
    <message>
        <source>%1 is a folder. Choose the file with the examples.</source>
        <translation>%1 ist ein Ordner. Wählen Sie die Datei mit den Beispielen.</translation>
    </message>
    <message>
        <source>no row has an answer to learn within the context of %1 tokens (%2 rows were too long). Choose a longer context, or check the rows.</source>
        <translation>keine Zeile hat innerhalb des Kontexts von %1 Token eine Antwort, die gelernt werden kann (%2 Zeilen waren zu lang). Wählen Sie einen längeren Kontext, oder prüfen Sie die Zeilen.</translation>
    </message>
    <message>
        <source>no row has anything left to learn within %1 tokens. Choose a longer context.</source>
        <translation>in keiner Zeile bleibt innerhalb von %1 Token etwas zu lernen. Wählen Sie einen längeren Kontext.</translation>
    </message>
    <message>
        <source>no row has anything left to learn within %1 tokens. Choose a longer context, or cut long rows at their beginning (--truncate start).</source>
        <translation>in keiner Zeile bleibt innerhalb von %1 Token etwas zu lernen. Wählen Sie einen längeren Kontext, oder kürzen Sie lange Zeilen am Anfang (--truncate start).</translation>
    </message>
    <message>
        <source>there is nothing to learn. A text needs at least two tokens, a conversation an answer.</source>
        <translation>es gibt nichts zu lernen. Ein Text braucht mindestens zwei Token, ein Gespräch eine Antwort.</translation>
    </message>
    <message>
        <source>these rows are JSON, not a table. Name their form, or leave it to be found.</source>
        <translation>diese Zeilen sind JSON, keine Tabelle. Nennen Sie ihre Form, oder lassen Sie sie erkennen.</translation>
    </message>
    <message>
        <source>The model's chat template refuses the conversation: %1</source>
        <translation>Die Chat-Vorlage des Modells weist das Gespräch ab: %1</translation>
    </message>
    <message>
        <source>Tuning as asked needs %1, and %2 are free on %3. What would change it: %4.</source>
        <translation>Das Anpassen braucht so %1, und %2 sind frei auf %3. Was es ändern würde: %4.</translation>
    </message>
    <message>
        <source>Tuning as asked needs %1, and %2 are allowed. What would change it: %3.</source>
        <translation>Das Anpassen braucht so %1, und %2 sind erlaubt. Was es ändern würde: %3.</translation>
    </message>
    <message>
        <source>Tuning as asked needs %1, and %2 are free on %3. Nothing makes it fit: %4 still needs %5. Close other programs that hold memory, or choose a smaller model.</source>
        <translation>Das Anpassen braucht so %1, und %2 sind frei auf %3. Nichts macht es passend: %4 braucht noch %5. Andere Programme schließen, die Speicher belegen, oder ein kleineres Modell wählen.</translation>
    </message>
    <message>
        <source>Tuning as asked needs %1, and %2 are allowed. Nothing makes it fit: %3 still needs %4. Allow more memory, or choose a smaller model.</source>
        <translation>Das Anpassen braucht so %1, und %2 sind erlaubt. Nichts macht es passend: %3 braucht noch %4. Mehr Speicher erlauben oder ein kleineres Modell wählen.</translation>
    </message>
    <message>
        <source>this machine</source>
        <translation>diesem Rechner</translation>
    </message>
    <message>
        <source>%1 needs %2: fits</source>
        <translation>%1 braucht %2: passt</translation>
    </message>
    <message>
        <source>%1 needs %2: does not fit</source>
        <translation>%1 braucht %2: passt nicht</translation>
    </message>
    <message>
        <source>batch %1 with accumulate %2 (the same step)</source>
        <translation>Stapel %1 mit %2 Sammelschritten (derselbe Schritt)</translation>
    </message>
    <message>
        <source>context %1</source>
        <translation>Kontext %1</translation>
    </message>
    <message>
        <source>one factor a row instead of a scale a group</source>
        <translation>ein Faktor je Zeile statt einer Skala je Gruppe</translation>
    </message>
    <message>
        <source>one factor a row with batch %1 and context %2</source>
        <translation>ein Faktor je Zeile mit Stapel %1 und Kontext %2</translation>
    </message>
    <message>
        <source>no sample prompt</source>
        <translation>keine eigene Frage</translation>
    </message>
    <message>
        <source>The system does not give the %1 that tuning needs. Close other programs, or choose a smaller context or batch.</source>
        <translation>Das System gibt die %1 nicht her, die das Anpassen braucht. Schließen Sie andere Programme, oder wählen Sie einen kleineren Kontext oder Stapel.</translation>
    </message>
    <message>
        <source>There is not enough memory for tuning. Close other programs, or choose a smaller context or batch.</source>
        <translation>Der Speicher reicht für das Anpassen nicht. Schließen Sie andere Programme, oder wählen Sie einen kleineren Kontext oder Stapel.</translation>
    </message>
    <message>
        <source>the run needs %1 on this disk for its checkpoints and its scale pack, and %2 are free. Free some space, or choose another folder.</source>
        <translation>der Lauf braucht %1 auf dieser Platte für seine Sicherungspunkte und sein Skalenpaket, und %2 sind frei. Schaffen Sie Platz, oder wählen Sie einen anderen Ordner.</translation>
    </message>
    <message>
        <source>this run is going on in another window or terminal. Stop it there, or choose another folder.</source>
        <translation>dieser Lauf läuft gerade in einem anderen Fenster oder Terminal. Halten Sie ihn dort an, oder wählen Sie einen anderen Ordner.</translation>
    </message>
    <message>
        <source>the run cannot go on: %1</source>
        <translation>der Lauf kann nicht weitergehen: %1</translation>
    </message>
    <message>
        <source>the data have changed since it began. Put the files back as they were, or start a new run.</source>
        <translation>die Daten haben sich seit seinem Beginn geändert. Stellen Sie die Dateien wieder her, oder beginnen Sie einen neuen Lauf.</translation>
    </message>
    <message>
        <source>the model of this run is not at %1 any more. Put it back there; the run holds only its learned scales.</source>
        <translation>das Modell dieses Laufs liegt nicht mehr unter %1. Legen Sie es dorthin zurück; der Lauf enthält nur seine gelernten Skalen.</translation>
    </message>
    <message>
        <source>The sample prompt has %1 tokens; choose one of fewer than %2, or none.</source>
        <translation>Die eigene Frage hat %1 Token; wählen Sie eine mit weniger als %2, oder keine.</translation>
    </message>
    <message>
        <source>The history was damaged. It is kept as %1, and a new one was begun; the folders of your runs are not affected.</source>
        <translation>Der Verlauf war beschädigt. Er ist als %1 aufgehoben, und ein neuer wurde begonnen; die Ordner Ihrer Läufe sind davon nicht betroffen.</translation>
    </message>
    <message>
        <source>the history is damaged. The next run keeps it under another name and begins a new one; the folders of your runs are not affected.</source>
        <translation>der Verlauf ist beschädigt. Der nächste Lauf hebt ihn unter einem anderen Namen auf und beginnt einen neuen; die Ordner Ihrer Läufe sind davon nicht betroffen.</translation>
    </message>
    <message>
        <source>The history could not be written: %1 The run itself is not affected.</source>
        <translation>Der Verlauf ließ sich nicht schreiben: %1 Der Lauf selbst ist davon nicht berührt.</translation>
    </message>
    <message>
        <source>The folder held an earlier run; its files are now in %1.</source>
        <translation>Im Ordner lag ein früherer Lauf; seine Dateien sind jetzt in %1.</translation>
    </message>
    <message>
        <source>The checkpoint of step %1 could not be written: %2 Training goes on; it is tried again.</source>
        <translation>Der Sicherungspunkt von Schritt %1 ließ sich nicht schreiben: %2 Das Anpassen geht weiter; es wird wieder versucht.</translation>
    </message>
    <message>
        <source>weights</source>
        <translation>Gewichte</translation>
    </message>
    <message>
        <source>weights that are not on the card</source>
        <translation>Gewichte, die nicht auf der Karte liegen</translation>
    </message>
    <message>
        <source>norms</source>
        <translation>Normen</translation>
    </message>
    <message>
        <source>room to add up the gradients of all cards</source>
        <translation>Platz zum Zusammenzählen der Gradienten aller Karten</translation>
    </message>
    <message>
        <source>learned scales, activations, logits and workspace, as on the first card</source>
        <translation>gelernte Skalen, Aktivierungen, Logits und Arbeitsspeicher, wie auf der ersten Karte</translation>
    </message>
    <message>
        <source>There is no card %1 that can be used; there is %2.</source>
        <translation>Es gibt keine Karte %1, die sich nutzen lässt; es gibt %2.</translation>
    </message>
    <message>
        <source>The cards could not add up their gradients (%1). Go on with one card, the device &quot;cuda&quot;.</source>
        <translation>Die Karten konnten ihre Gradienten nicht zusammenzählen (%1). Machen Sie mit einer Karte weiter, dem Gerät „cuda“.</translation>
    </message>
    <message>
        <source>A step has %1 row, so only as many of the %2 devices work. Choose a larger batch, or accumulate more, to use all.</source>
        <translation>Ein Schritt hat %1 Zeile, darum arbeiten nur so viele der %2 Geräte. Ein größerer Stapel, oder mehr Sammeln, nutzt alle.</translation>
    </message>
    <message>
        <source>A step has %1 rows, so only as many of the %2 devices work. Choose a larger batch, or accumulate more, to use all.</source>
        <translation>Ein Schritt hat %1 Zeilen, darum arbeiten nur so viele der %2 Geräte. Ein größerer Stapel, oder mehr Sammeln, nutzt alle.</translation>
    </message>
    <message>
        <source>norms, and room for blocks that come from the machine's memory</source>
        <translation>Normen, und Platz für Blöcke, die aus dem Speicher des Rechners kommen</translation>
    </message>
    <message>
        <source>other models and chats of this program</source>
        <translation>andere Modelle und Gespräche dieses Programms</translation>
    </message>
    <message>
        <source>%1 learned scales, their gradients and AdamW moments</source>
        <translation>%1 gelernte Skalen, ihre Gradienten und die Momente von AdamW</translation>
    </message>
    <message>
        <source>losses and rates of the steps, and the report of them</source>
        <translation>Verluste und Raten der Schritte und der Bericht darüber</translation>
    </message>
    <message>
        <source>scales before tuning</source>
        <translation>Skalen vor dem Anpassen</translation>
    </message>
    <message>
        <source>batches</source>
        <translation>Stapel</translation>
    </message>
    <message>
        <source>dataset</source>
        <translation>Datensatz</translation>
    </message>
    <message>
        <source>answer to the sample prompt</source>
        <translation>Antwort auf die eigene Frage</translation>
    </message>
    <message>
        <source>program and tokenizer</source>
        <translation>Programm und Tokenizer</translation>
    </message>
    <message>
        <source>rest of the last page</source>
        <translation>Rest der letzten Seite</translation>
    </message>
    <message>
        <source>inputs of %1 layers</source>
        <translation>Eingänge von %1 Schichten</translation>
    </message>
    <message>
        <source>activations kept for %1 of %2 layers</source>
        <translation>Aktivierungen, behalten für %1 von %2 Schichten</translation>
    </message>
    <message>
        <source>activations of the layer under way</source>
        <translation>Aktivierungen der Schicht in Arbeit</translation>
    </message>
    <message>
        <source>gradients of the layer under way</source>
        <translation>Gradienten der Schicht in Arbeit</translation>
    </message>
    <message>
        <source>tokens and positions of a step</source>
        <translation>Token und Positionen eines Schritts</translation>
    </message>
    <message>
        <source>logits of %1 tokens</source>
        <translation>Logits von %1 Token</translation>
    </message>
    <message>
        <source>workspace of the kernels</source>
        <translation>Arbeitsspeicher der Rechenkerne</translation>
    </message>
    <message>
        <source>held for a moment while files were read, free again</source>
        <translation>kurz belegt, als Dateien gelesen wurden, wieder frei</translation>
    </message>
    <message>
        <source>reading the data and planning the memory</source>
        <translation>Daten werden gelesen, der Speicher wird geplant</translation>
    </message>
    <message>
        <source>reading the calibration text</source>
        <translation>Kalibrierungstext wird gelesen</translation>
    </message>
    <message>
        <source>comparing with the model in memory</source>
        <translation>Vergleich mit dem Modell im Speicher</translation>
    </message>
    <message>
        <source>validation %1 of %2</source>
        <translation>Validierung %1 von %2</translation>
    </message>
    <message>
        <source>reading %1</source>
        <translation>%1 wird gelesen</translation>
    </message>
    <message>
        <source>writing %1</source>
        <translation>%1 wird geschrieben</translation>
    </message>
    <message>
        <source>CPU, %1 threads, %2</source>
        <translation>CPU, %1 Threads, %2</translation>
    </message>
    <message>
        <source>CPU, 1 thread, %1</source>
        <translation>CPU, 1 Thread, %1</translation>
    </message>
    <message>
        <source>No GPU is used: %1.</source>
        <translation>Es wird keine GPU benutzt: %1.</translation>
    </message>
    <message>
        <source>this program was built without CUDA</source>
        <translation>dieses Programm wurde ohne CUDA gebaut</translation>
    </message>
    <message>
        <source>no NVIDIA driver is installed</source>
        <translation>es ist kein NVIDIA-Treiber installiert</translation>
    </message>
    <message>
        <source>the NVIDIA driver finds no card</source>
        <translation>der NVIDIA-Treiber findet keine Karte</translation>
    </message>
    <message>
        <source>the NVIDIA driver does not answer (%1)</source>
        <translation>der NVIDIA-Treiber antwortet nicht (%1)</translation>
    </message>
    <message>
        <source>the NVIDIA driver is too old for this program (%1)</source>
        <translation>der NVIDIA-Treiber ist zu alt für dieses Programm (%1)</translation>
    </message>
    <message>
        <source>%1 is used: measured here, it answers %2 times and tunes %3 times as fast as the processor.</source>
        <translation>%1 wird benutzt: hier gemessen antwortet sie %2-mal und passt %3-mal so schnell an wie der Prozessor.</translation>
    </message>
    <message>
        <source>%1 is not used: measured here, it answers %2 times and tunes %3 times as fast as the processor. Choose the device cuda to use it.</source>
        <translation>%1 wird nicht benutzt: hier gemessen antwortet sie %2-mal und passt %3-mal so schnell an wie der Prozessor. Wählen Sie das Gerät GPU, um sie zu benutzen.</translation>
    </message>
    <message>
        <source>%1 is not used: its speed could not be measured. Choose the device cuda to use it.</source>
        <translation>%1 wird nicht benutzt: ihr Tempo ließ sich nicht messen. Wählen Sie das Gerät GPU, um sie zu benutzen.</translation>
    </message>
    <message>
        <source>%1 is not used, because it failed its check: %2.</source>
        <translation>%1 wird nicht benutzt, weil sie ihre Prüfung nicht bestand: %2.</translation>
    </message>
    <message>
        <source>%1 Choose the device "cpu" or "auto" to compute on the processor.</source>
        <translation>%1 Wählen Sie in den Einstellungen das Gerät CPU oder Automatisch, um auf dem Prozessor zu rechnen.</translation>
    </message>
    <message>
        <source>Quantized weights are written as numbers rounded to F16.</source>
        <translation>Quantisierte Gewichte werden als Zahlen geschrieben, gerundet auf F16.</translation>
    </message>
    <message>
        <source>Codes, scales and zero points are exact; the quantized embedding is rounded to F16, which this format wants there.</source>
        <translation>Codes, Skalen und Nullpunkte sind genau; die quantisierte Einbettung wird auf F16 gerundet, wie dieses Format es dort verlangt.</translation>
    </message>
    <message>
        <source>The pack holds the scales alone; it needs the model that it was made from.</source>
        <translation>Das Paket enthält allein die Skalen; es braucht das Modell, aus dem es gemacht wurde.</translation>
    </message>
    <message>
        <source>the model has no quantized linears, so it has no scales to pack.</source>
        <translation>das Modell hat keine quantisierten Matrizen, also keine Skalen für ein Paket.</translation>
    </message>
    <message>
        <source>'%1' is not quantized; quantize the model first, or export full precision.</source>
        <translation>„%1“ ist nicht quantisiert; quantisieren Sie das Modell zuerst, oder exportieren Sie es in voller Genauigkeit.</translation>
    </message>
    <message>
        <source>'%1' has the nested scales of a GGUF K type, which this format does not have; export GGUF instead.</source>
        <translation>„%1“ hat die verschachtelten Skalen eines K-Typs von GGUF, die dieses Format nicht hat; exportieren Sie stattdessen GGUF.</translation>
    </message>
    <message>
        <source>The offsets of '%1' are no whole multiples of its scales (as in Q4_1 and Q5_1), so its weights are not s (q - z). GGUF holds them exactly, and safetensors holds the weights in full; for this format quantize the model anew, best from full precision.</source>
        <translation>Die Versätze von „%1“ sind keine ganzen Vielfachen der Skalen (wie in Q4_1 und Q5_1), die Gewichte also nicht s (q - z). GGUF fasst sie genau, und safetensors fasst die Gewichte voll; für dieses Format quantisieren Sie das Modell neu, am besten aus voller Genauigkeit.</translation>
    </message>
    <message>
        <source>zero points from %1 to %2 do not fit %3 bits.</source>
        <translation>Nullpunkte von %1 bis %2 passen nicht in %3 Bit.</translation>
    </message>
    <message>
        <source>%1-bit codes do not fit, and these need all of their bits; %2 bits do. Export GGUF instead, or quantize the model anew.</source>
        <translation>%1-Bit-Codes passen nicht, und diese brauchen alle ihre Bits; %2 Bit gehen. Exportieren Sie stattdessen GGUF, oder quantisieren Sie das Modell neu.</translation>
    </message>
    <message>
        <source>'%1' has %2 rows, no multiple of 8.</source>
        <translation>„%1“ hat %2 Zeilen, kein Vielfaches von 8.</translation>
    </message>
    <message>
        <source>'%1' has rows of %2 inputs, no multiple of its groups of %3.</source>
        <translation>„%1“ hat Zeilen mit %2 Eingängen, kein Vielfaches der Gruppen von %3.</translation>
    </message>
    <message>
        <source>'%1' has %2 bits, the others %3; the format has one setting for all. Export GGUF instead.</source>
        <translation>„%1“ hat %2 Bit, die anderen %3; das Format hat eine Einstellung für alle. Exportieren Sie stattdessen GGUF.</translation>
    </message>
    <message>
        <source>The learning rate is %1; %2 is usual for this model, and far above it a model gets worse instead of better.</source>
        <translation>Die Lernrate ist %1; üblich für dieses Modell ist %2, und weit darüber wird ein Modell schlechter statt besser.</translation>
    </message>
    <message>
        <source>The warm-up of %1 steps is longer than the run of %2, so the learning rate rises until the last step. Give fewer steps to warm up, or a fraction of them.</source>
        <translation>Der Anlauf von %1 Schritten ist länger als der Lauf von %2, sodass die Lernrate bis zum letzten Schritt steigt. Wählen Sie einen Anlauf von weniger Schritten, oder einen Bruchteil davon.</translation>
    </message>
    <message>
        <source>The learning rate is %1, and 0.001 to 0.005 is usual; choose at most %2, or leave it out for the default.</source>
        <translation>Die Lernrate ist %1, und üblich sind 0.001 bis 0.005; wählen Sie höchstens %2, oder lassen Sie sie für die Vorgabe weg.</translation>
    </message>
    <message>
        <source>row %1 of %2</source>
        <translation>Zeile %1 von %2</translation>
    </message>
    <message>
        <source>%1: its data have changed since it learned from them, so which rows it never saw cannot be told. Put the files back as they were, or score a file of other rows.</source>
        <translation>%1: Seine Daten haben sich geändert, seit er aus ihnen gelernt hat; welche Zeilen er nie gesehen hat, ist also nicht mehr zu sagen. Legen Sie die Dateien zurück, wie sie waren, oder werten Sie eine Datei mit anderen Zeilen aus.</translation>
    </message>
    <message>
        <source>%1, %2 bits, groups of %3</source>
        <translation>%1, %2 Bit, Gruppen von %3</translation>
    </message>
    <message>
        <source>step %1 of %2</source>
        <translation>Schritt %1 von %2</translation>
    </message>
    <message>
        <source>%1 of %2 rows to validate on are learned from too; their loss says little of other rows.</source>
        <translation>%1 von %2 Zeilen zum Validieren werden auch gelernt; ihr Verlust sagt wenig über andere Zeilen.</translation>
    </message>
    <message>
        <source>%1 held-out rows</source>
        <translation>%1 zurückgehaltenen Zeilen</translation>
    </message>
    <message>
        <source>%1 rows of %2</source>
        <translation>%1 Zeilen von %2</translation>
    </message>
    <message>
        <source>The pattern &quot;%1&quot; is not valid.</source>
        <translation>Das Muster „%1“ ist nicht gültig.</translation>
    </message>
    <message>
        <source>The pattern &quot;%1&quot; is not valid at character %2.</source>
        <translation>Das Muster „%1“ ist bei Zeichen %2 nicht gültig.</translation>
    </message>
    <message>
        <source>In the pattern &quot;%1&quot; the round bracket at character %2 is never closed.</source>
        <translation>Im Muster „%1“ wird die runde Klammer bei Zeichen %2 nie geschlossen.</translation>
    </message>
    <message>
        <source>One that is meant itself is written \(.</source>
        <translation>Eine, die selbst gemeint ist, wird \( geschrieben.</translation>
    </message>
    <message>
        <source>A round bracket ends there that never began; one that is meant itself is written \).</source>
        <translation>Dort endet eine runde Klammer, die nie begann; eine, die selbst gemeint ist, wird \) geschrieben.</translation>
    </message>
    <message>
        <source>A square bracket is never closed; one that is meant itself is written \[.</source>
        <translation>Eine eckige Klammer wird nie geschlossen; eine, die selbst gemeint ist, wird \[ geschrieben.</translation>
    </message>
    <message>
        <source>A sign with a meaning of its own, such as * or +, has nothing before it there; one that is meant itself has a backslash before it.</source>
        <translation>Vor einem Zeichen mit eigener Bedeutung, wie * oder +, steht dort nichts; eines, das selbst gemeint ist, hat einen umgekehrten Schrägstrich vor sich.</translation>
    </message>
    <message>
        <source>The backslash means nothing there; one that is meant itself is written twice.</source>
        <translation>Der umgekehrte Schrägstrich bedeutet dort nichts; einer, der selbst gemeint ist, wird doppelt geschrieben.</translation>
    </message>
    <message>
        <source>No such class of characters is known; \p{L} are the letters.</source>
        <translation>Eine solche Klasse von Zeichen ist nicht bekannt; \p{L} sind die Buchstaben.</translation>
    </message>
    <message>
        <source>Curly brackets say how often something stands, as in {2,5}; one that is meant itself is written \{.</source>
        <translation>Geschweifte Klammern sagen, wie oft etwas steht, wie in {2,5}; eine, die selbst gemeint ist, wird \{ geschrieben.</translation>
    </message>
    <message>
        <source>It refers to a group that it does not have.</source>
        <translation>Es verweist auf eine Gruppe, die es nicht hat.</translation>
    </message>
    <message>
        <source>A range in square brackets runs backwards, as z-a does.</source>
        <translation>Ein Bereich in eckigen Klammern läuft rückwärts, wie z-a.</translation>
    </message>
    <message>
        <source>What stands behind (?&lt;= needs a largest length, as {0,50} instead of *.</source>
        <translation>Was hinter (?&lt;= steht, braucht eine größte Länge, wie {0,50} statt *.</translation>
    </message>
    <message>
        <source>It cannot be read as a regular expression.</source>
        <translation>Es lässt sich nicht als regulärer Ausdruck lesen.</translation>
    </message>
    <message>
        <source>Answers cannot be compared by it.</source>
        <translation>Antworten können damit nicht verglichen werden.</translation>
    </message>
    <message>
        <source>The pattern &quot;%1&quot; has %2 capture groups, but one is needed: round brackets around what is to be compared, as in &quot;#### (.+)&quot;. Brackets that only group are written (?:...).</source>
        <translation>Das Muster „%1“ hat %2 Gruppen, gebraucht wird eine: runde Klammern um das, was verglichen werden soll, wie in „#### (.+)“. Klammern, die nur zusammenfassen, schreibt man (?:...).</translation>
    </message>
    <message>
        <source>no expected answer has a number in it. Compare the answers exactly, or by a pattern.</source>
        <translation>keine erwartete Antwort enthält eine Zahl. Vergleichen Sie die Antworten genau oder nach einem Muster.</translation>
    </message>
    <message>
        <source>no row has a question and an answer to compare with. Plain text cannot be scored; use eval.</source>
        <translation>keine Zeile hat eine Frage und eine Antwort zum Vergleichen. Reiner Text kann nicht ausgewertet werden; dafür gibt es eval.</translation>
    </message>
    <message>
        <source>%1: %2 of %3 expected answers have no number in them; no answer to them counts as right.</source>
        <translation>%1: %2 von %3 erwarteten Antworten enthalten keine Zahl; keine Antwort darauf zählt als richtig.</translation>
    </message>
    <message>
        <source>%1 rows that it learned from, in %2</source>
        <translation>%1 Zeilen, aus denen er gelernt hat, in %2</translation>
    </message>
</context>
<context>
    <name>ExportWork</name>
    <message>
        <source>opening the model</source>
        <translation>Modell wird geöffnet</translation>
    </message>
    <message>
        <source>A scale pack holds what a tune learned, and this model was not tuned here. Fine-tune it first.</source>
        <translation>Ein Skalenpaket enthält, was eine Anpassung gelernt hat, und dieses Modell wurde hier nicht angepasst. Passen Sie es zuerst an.</translation>
    </message>
    <message>
        <source>Parameters</source>
        <translation>Parameter</translation>
    </message>
    <message>
        <source>identical</source>
        <translation>gleich</translation>
    </message>
    <message>
        <source>Layers and width</source>
        <translation>Schichten und Breite</translation>
    </message>
    <message>
        <source>differ</source>
        <translation>verschieden</translation>
    </message>
    <message>
        <source>Chat template</source>
        <translation>Chat-Vorlage</translation>
    </message>
    <message>
        <source>yes</source>
        <translation>ja</translation>
    </message>
    <message>
        <source>none</source>
        <translation>keine</translation>
    </message>
    <message>
        <source>Codes and zero-points</source>
        <translation>Codes und Nullpunkte</translation>
    </message>
    <message>
        <source>other layout</source>
        <translation>andere Anordnung</translation>
    </message>
    <message>
        <source>Largest logit difference</source>
        <translation>Größter Unterschied der Logits</translation>
    </message>
    <message>
        <source>Perplexity, built-in text</source>
        <translation>Perplexität, eingebauter Text</translation>
    </message>
</context>
<context>
    <name>Format</name>
    <message>
        <source>a moment left</source>
        <translation>gleich fertig</translation>
    </message>
    <message>
        <source>%1 s</source>
        <translation>%1 s</translation>
    </message>
    <message>
        <source>%1 min %2 s</source>
        <translation>%1 min %2 s</translation>
    </message>
    <message>
        <source>%1 min</source>
        <translation>%1 min</translation>
    </message>
    <message>
        <source>%1 h %2 min</source>
        <translation>%1 h %2 min</translation>
    </message>
    <message>
        <source>%1 h</source>
        <translation>%1 h</translation>
    </message>
    <message>
        <source>%1 left</source>
        <translation>noch %1</translation>
    </message>
    <message>
        <source>%1 %</source>
        <translation>%1 %</translation>
    </message>
    <message>
        <source>Just now</source>
        <translation>Eben</translation>
    </message>
    <message>
        <source>%1 min ago</source>
        <translation>vor %1 min</translation>
    </message>
    <message>
        <source>Today %1</source>
        <translation>Heute %1</translation>
    </message>
    <message>
        <source>Yesterday %1</source>
        <translation>Gestern %1</translation>
    </message>
</context>
<context>
    <name>LedgerBar</name>
    <message>
        <source>The card ends here  %1</source>
        <translation>Die Karte endet hier  %1</translation>
    </message>
</context>
<context>
    <name>LedgerView</name>
    <message>
        <source>%1 used  ·  %2 free</source>
        <translation>%1 belegt  ·  %2 frei</translation>
    </message>
    <message>
        <source>Weights, frozen</source>
        <translation>Gewichte, eingefroren</translation>
    </message>
    <message>
        <source>Scales, optimizer</source>
        <translation>Skalen, Optimierer</translation>
    </message>
    <message>
        <source>Activations</source>
        <translation>Aktivierungen</translation>
    </message>
    <message>
        <source>Logits</source>
        <translation>Logits</translation>
    </message>
    <message>
        <source>Workspace</source>
        <translation>Arbeitsbereich</translation>
    </message>
    <message>
        <source>card: %1 used  ·  %2 free</source>
        <translation>Karte: %1 belegt  ·  %2 frei</translation>
    </message>
</context>
<context>
    <name>Models</name>
    <message>
        <source>Reading</source>
        <translation>Wird gelesen</translation>
    </message>
    <message>
        <source>Full precision</source>
        <translation>Volle Genauigkeit</translation>
    </message>
    <message>
        <source>Quantized</source>
        <translation>Quantisiert</translation>
    </message>
    <message>
        <source>Tuned</source>
        <translation>Angepasst</translation>
    </message>
    <message>
        <source>Incomplete</source>
        <translation>Unvollständig</translation>
    </message>
    <message>
        <source>Unreadable</source>
        <translation>Unlesbar</translation>
    </message>
    <message>
        <source>safetensors folder</source>
        <translation>safetensors-Ordner</translation>
    </message>
    <message>
        <source>GPTQ folder</source>
        <translation>GPTQ-Ordner</translation>
    </message>
    <message>
        <source>AWQ folder</source>
        <translation>AWQ-Ordner</translation>
    </message>
    <message>
        <source>compressed-tensors folder</source>
        <translation>compressed-tensors-Ordner</translation>
    </message>
    <message>
        <source>MLX folder</source>
        <translation>MLX-Ordner</translation>
    </message>
    <message>
        <source>HQQ folder</source>
        <translation>HQQ-Ordner</translation>
    </message>
</context>
<context>
    <name>QuantizeWork</name>
    <message>
        <source>opening the model</source>
        <translation>Modell wird geöffnet</translation>
    </message>
    <message>
        <source>the original</source>
        <translation>das Original</translation>
    </message>
    <message>
        <source>measuring the original</source>
        <translation>Original wird gemessen</translation>
    </message>
    <message>
        <source>measuring the result</source>
        <translation>Ergebnis wird gemessen</translation>
    </message>
    <message>
        <source>a trial at %1 bits</source>
        <translation>ein Versuch mit %1 Bit</translation>
    </message>
</context>
<context>
    <name>RunReport</name>
    <message>
        <source>State</source>
        <translation>Zustand</translation>
    </message>
    <message>
        <source>Steps</source>
        <translation>Schritte</translation>
    </message>
    <message>
        <source>%1 of %2</source>
        <translation>%1 von %2</translation>
    </message>
    <message>
        <source>Last loss</source>
        <translation>Letzter Verlust</translation>
    </message>
    <message>
        <source>Best validation loss</source>
        <translation>Bester Validierungsverlust</translation>
    </message>
    <message>
        <source>Memory at its peak</source>
        <translation>Größter Speicherbedarf</translation>
    </message>
    <message>
        <source>Began</source>
        <translation>Begonnen</translation>
    </message>
    <message>
        <source>Took</source>
        <translation>Gedauert</translation>
    </message>
    <message>
        <source>Folder</source>
        <translation>Ordner</translation>
    </message>
    <message>
        <source>Notes</source>
        <translation>Notizen</translation>
    </message>
    <message>
        <source>%1 learned %2.</source>
        <translation>%1 hat %2 gelernt.</translation>
    </message>
    <message>
        <source>Figures</source>
        <translation>Zahlen</translation>
    </message>
    <message>
        <source>Recipe</source>
        <translation>Rezept</translation>
    </message>
    <message>
        <source>%1: %2. Choose another folder.</source>
        <translation>%1: %2. Wählen Sie einen anderen Ordner.</translation>
    </message>
    <message>
        <source>step %1</source>
        <translation>Schritt %1</translation>
    </message>
    <message>
        <source>Sample answers</source>
        <translation>Probeantworten</translation>
    </message>
    <message>
        <source>train, raw</source>
        <translation>Training, roh</translation>
    </message>
    <message>
        <source>train, smoothed</source>
        <translation>Training, geglättet</translation>
    </message>
    <message>
        <source>validation</source>
        <translation>Validierung</translation>
    </message>
    <message>
        <source>learning rate</source>
        <translation>Lernrate</translation>
    </message>
    <message>
        <source>gradient norm</source>
        <translation>Gradientennorm</translation>
    </message>
    <message>
        <source>tokens a second</source>
        <translation>Token pro Sekunde</translation>
    </message>
    <message>
        <source>Loss: raw (thin), smoothed (thick), validation (circles)</source>
        <translation>Verlust: roh (dünn), geglättet (dick), Validierung (Kreise)</translation>
    </message>
    <message>
        <source>Learning rate (dashed) and gradient norm</source>
        <translation>Lernrate (gestrichelt) und Gradientennorm</translation>
    </message>
    <message>
        <source>Tokens a second</source>
        <translation>Token pro Sekunde</translation>
    </message>
    <message>
        <source>Right answers, of the original → and of what it learned</source>
        <translation>Richtige Antworten, des Originals → und dessen, was er gelernt hat</translation>
    </message>
</context>
<context>
    <name>SettingsPage</name>
    <message>
        <source>Memory of the card</source>
        <translation>Speicher der Karte</translation>
    </message>
    <message>
        <source>Looking at the device</source>
        <translation>Gerät wird angesehen</translation>
    </message>
</context>
<context>
    <name>TuneJob</name>
    <message>
        <source>step %1 of %2</source>
        <translation>Schritt %1 von %2</translation>
    </message>
    <message>
        <source>Tuning %1</source>
        <translation>%1 wird angepasst</translation>
    </message>
    <message>
        <source>paused</source>
        <translation>angehalten</translation>
    </message>
</context>
<context>
    <name>RunScores</name>
    <message>
        <source>word for word</source>
        <translation>Wort für Wort</translation>
    </message>
    <message>
        <source>the last number</source>
        <translation>die letzte Zahl</translation>
    </message>
    <message>
        <source>by the pattern %1</source>
        <translation>nach dem Muster %1</translation>
    </message>
    <message>
        <source>%1 → %2</source>
        <translation>%1 → %2</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::AnswerView</name>
    <message>
        <source>Answer of %1</source>
        <translation>Antwort von %1</translation>
    </message>
    <message>
        <source>reading the prompt…</source>
        <translation>die Frage wird gelesen…</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>Answer again</source>
        <translation>Neu antworten</translation>
    </message>
    <message>
        <source>Copy the answer of %1</source>
        <translation>Die Antwort von %1 kopieren</translation>
    </message>
    <message>
        <source>Let %1 answer again</source>
        <translation>%1 noch einmal antworten lassen</translation>
    </message>
    <message numerus="yes">
        <source>%n token(s) so far</source>
        <translation><numerusform>%n Token bisher</numerusform><numerusform>%n Token bisher</numerusform></translation>
    </message>
</context>
<context>
    <name>scalewright::ui::Banner</name>
    <message>
        <source>Close this message</source>
        <translation>Diese Meldung schließen</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::BarChart</name>
    <message>
        <source>%1 of %2 bars; the last is %3</source>
        <translation>%1 von %2 Balken; der letzte ist %3</translation>
    </message>
    <message>
        <source>%1 cannot be written. Choose a .png, .svg or .csv in another folder.</source>
        <translation>%1 kann nicht geschrieben werden. Wählen Sie .png, .svg oder .csv in einem anderen Ordner.</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::Chart</name>
    <message>
        <source>%1 cannot be written. Choose another folder.</source>
        <translation>%1 kann nicht geschrieben werden. Wählen Sie einen anderen Ordner.</translation>
    </message>
    <message>
        <source>%1 cannot be written: %2. Choose another folder.</source>
        <translation>%1 kann nicht geschrieben werden: %2. Wählen Sie einen anderen Ordner.</translation>
    </message>
    <message>
        <source>%1 cannot be written: %2. Free some space or choose another folder.</source>
        <translation>%1 kann nicht geschrieben werden: %2. Schaffen Sie Platz oder wählen Sie einen anderen Ordner.</translation>
    </message>
    <message>
        <source>A chart is saved as .png, .svg or .csv; %1 has none of these endings.</source>
        <translation>Ein Diagramm wird als .png, .svg oder .csv gespeichert; %1 hat keine dieser Endungen.</translation>
    </message>
    <message>
        <source>Save the chart</source>
        <translation>Diagramm speichern</translation>
    </message>
    <message>
        <source>Picture (*.png);;Drawing (*.svg);;Numbers (*.csv)</source>
        <translation>Bild (*.png);;Zeichnung (*.svg);;Zahlen (*.csv)</translation>
    </message>
    <message>
        <source>The chart was not saved</source>
        <translation>Das Diagramm wurde nicht gespeichert</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::ChatPage</name>
    <message>
        <source>Ask the model, or the original and the tuned one side by side.</source>
        <translation>Fragen Sie das Modell, oder das Original und das angepasste nebeneinander.</translation>
    </message>
    <message>
        <source>Model and sampling</source>
        <translation>Modell und Sampling</translation>
    </message>
    <message>
        <source>Choose another model</source>
        <translation>Anderes Modell wählen</translation>
    </message>
    <message>
        <source>%1, now</source>
        <translation>%1, jetzt</translation>
    </message>
    <message>
        <source>Chat</source>
        <translation>Chat</translation>
    </message>
    <message>
        <source>One model</source>
        <translation>Eines</translation>
    </message>
    <message>
        <source>Side by side</source>
        <translation>Beide</translation>
    </message>
    <message>
        <source>Answers</source>
        <translation>Antworten</translation>
    </message>
    <message>
        <source>Side by side shows the original and the tuned answer to the same prompt</source>
        <translation>Nebeneinander zeigt die Antwort des Originals und die des angepassten Modells auf dieselbe Frage</translation>
    </message>
    <message>
        <source>Earlier…</source>
        <translation>Früher…</translation>
    </message>
    <message>
        <source>Conversations that were kept</source>
        <translation>Gespräche, die aufgehoben wurden</translation>
    </message>
    <message>
        <source>Save…</source>
        <translation>Speichern…</translation>
    </message>
    <message>
        <source>Save the conversation as Markdown or JSON</source>
        <translation>Das Gespräch als Markdown oder JSON speichern</translation>
    </message>
    <message>
        <source>New chat</source>
        <translation>Neuer Chat</translation>
    </message>
    <message>
        <source>Begin again; this conversation is kept under Earlier</source>
        <translation>Neu beginnen; dieses Gespräch bleibt unter Frühere</translation>
    </message>
    <message>
        <source>Tuned</source>
        <translation>Angepasst</translation>
    </message>
    <message>
        <source>Nothing said yet</source>
        <translation>Noch nichts gesagt</translation>
    </message>
    <message>
        <source>Choose a model at the right, then write below.</source>
        <translation>Wählen Sie rechts ein Modell und schreiben Sie dann unten.</translation>
    </message>
    <message>
        <source>Choose a model…</source>
        <translation>Modell wählen…</translation>
    </message>
    <message>
        <source>Your message</source>
        <translation>Ihre Nachricht</translation>
    </message>
    <message>
        <source>Send</source>
        <translation>Senden</translation>
    </message>
    <message>
        <source>Send (Return)</source>
        <translation>Senden (Eingabetaste)</translation>
    </message>
    <message>
        <source>The model that answers</source>
        <translation>Das Modell, das antwortet</translation>
    </message>
    <message>
        <source>What a tuning run learned; switching overwrites scales in place and undoes exactly</source>
        <translation>Was ein Lauf gelernt hat; der Wechsel überschreibt Skalen an Ort und Stelle und ist genau umkehrbar</translation>
    </message>
    <message>
        <source>Said to the model before every conversation</source>
        <translation>Wird dem Modell vor jedem Gespräch gesagt</translation>
    </message>
    <message>
        <source>Defaults</source>
        <translation>Vorgaben</translation>
    </message>
    <message>
        <source>Temperature</source>
        <translation>Temperatur</translation>
    </message>
    <message>
        <source>Top-p</source>
        <translation>Top-p</translation>
    </message>
    <message>
        <source>Min-p</source>
        <translation>Min-p</translation>
    </message>
    <message>
        <source>Repeat penalty</source>
        <translation>Wiederholungsstrafe</translation>
    </message>
    <message>
        <source>0: always the likeliest word; higher: more varied</source>
        <translation>0: immer das wahrscheinlichste Wort; höher: abwechslungsreicher</translation>
    </message>
    <message>
        <source>Only the likeliest words that together make up this probability</source>
        <translation>Nur die wahrscheinlichsten Wörter, die zusammen diese Wahrscheinlichkeit ausmachen</translation>
    </message>
    <message>
        <source>Only words at least this likely against the likeliest</source>
        <translation>Nur Wörter, die mindestens so wahrscheinlich sind, gemessen am wahrscheinlichsten</translation>
    </message>
    <message>
        <source>Above 1: words said lately become less likely</source>
        <translation>Über 1: eben gesagte Wörter werden unwahrscheinlicher</translation>
    </message>
    <message>
        <source>Same seed, same prompt: same answer</source>
        <translation>Gleicher Startwert, gleiche Frage: gleiche Antwort</translation>
    </message>
    <message>
        <source>Longest answer, in tokens</source>
        <translation>Längste Antwort in Token</translation>
    </message>
    <message>
        <source>nothing used yet</source>
        <translation>noch nichts belegt</translation>
    </message>
    <message>
        <source>Open a scale pack</source>
        <translation>Skalenpaket öffnen</translation>
    </message>
    <message>
        <source>Scale packs (*.safetensors)</source>
        <translation>Skalenpakete (*.safetensors)</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>Scale pack</source>
        <translation>Skalenpaket</translation>
    </message>
    <message>
        <source>System prompt</source>
        <translation>Systemanweisung</translation>
    </message>
    <message>
        <source>Sampling</source>
        <translation>Wortwahl</translation>
    </message>
    <message>
        <source>Seed</source>
        <translation>Startwert</translation>
    </message>
    <message>
        <source>Longest</source>
        <translation>Längste</translation>
    </message>
    <message>
        <source>Context</source>
        <translation>Kontext</translation>
    </message>
    <message>
        <source>This run cannot be opened</source>
        <translation>Dieser Lauf kann nicht geöffnet werden</translation>
    </message>
    <message>
        <source>%1 holds no readable recipe.json. Choose another run.</source>
        <translation>%1 enthält keine lesbare recipe.json. Wählen Sie einen anderen Lauf.</translation>
    </message>
    <message>
        <source>The model is not there</source>
        <translation>Das Modell ist nicht da</translation>
    </message>
    <message>
        <source>%1 was moved or deleted. Choose it at its new place.</source>
        <translation>%1 wurde verschoben oder gelöscht. Wählen Sie es an seinem neuen Ort.</translation>
    </message>
    <message>
        <source>Choose a model</source>
        <translation>Modell wählen</translation>
    </message>
    <message>
        <source>Models (*.gguf *.safetensors)</source>
        <translation>Modelle (*.gguf *.safetensors)</translation>
    </message>
    <message>
        <source>Choose a file…</source>
        <translation>Datei wählen…</translation>
    </message>
    <message>
        <source>Reading the history</source>
        <translation>Verlauf wird gelesen</translation>
    </message>
    <message>
        <source>None: its own scales</source>
        <translation>Keins: die eigenen Skalen</translation>
    </message>
    <message>
        <source>%1 · %2</source>
        <translation>%1 · %2</translation>
    </message>
    <message>
        <source>Open a pack…</source>
        <translation>Paket öffnen…</translation>
    </message>
    <message>
        <source>Choose a scale pack first: there is nothing to compare with</source>
        <translation>Wählen Sie zuerst ein Skalenpaket: sonst gibt es nichts zu vergleichen</translation>
    </message>
    <message>
        <source>codes %1</source>
        <translation>Codes %1</translation>
    </message>
    <message>
        <source>Original</source>
        <translation>Original</translation>
    </message>
    <message>
        <source>one copy of the codes</source>
        <translation>eine Kopie der Codes</translation>
    </message>
    <message>
        <source>%1, the same</source>
        <translation>%1, dieselben</translation>
    </message>
    <message>
        <source>Write below: both answer the same prompt.</source>
        <translation>Schreiben Sie unten: beide antworten auf dieselbe Frage.</translation>
    </message>
    <message>
        <source>Write below to %1.</source>
        <translation>Schreiben Sie unten an %1.</translation>
    </message>
    <message>
        <source>Write to both models</source>
        <translation>An beide Modelle schreiben</translation>
    </message>
    <message>
        <source>Write to the model</source>
        <translation>An das Modell schreiben</translation>
    </message>
    <message>
        <source>Stop both</source>
        <translation>Beide anhalten</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>Anhalten</translation>
    </message>
    <message>
        <source>Choose a model first</source>
        <translation>Wählen Sie zuerst ein Modell</translation>
    </message>
    <message>
        <source>There is nothing to save yet</source>
        <translation>Es gibt noch nichts zu speichern</translation>
    </message>
    <message>
        <source>This is a new chat</source>
        <translation>Dies ist ein neuer Chat</translation>
    </message>
    <message>
        <source>Answering</source>
        <translation>Antwortet</translation>
    </message>
    <message>
        <source>stopped</source>
        <translation>angehalten</translation>
    </message>
    <message>
        <source>%1 of %2 tokens</source>
        <translation>%1 von %2 Token</translation>
    </message>
    <message>
        <source>No answer could be given</source>
        <translation>Es konnte keine Antwort gegeben werden</translation>
    </message>
    <message>
        <source>The conversation is not kept</source>
        <translation>Das Gespräch wird nicht aufgehoben</translation>
    </message>
    <message>
        <source>%1   %2</source>
        <translation>%1   %2</translation>
    </message>
    <message>
        <source>No conversation was kept yet</source>
        <translation>Noch wurde kein Gespräch aufgehoben</translation>
    </message>
    <message>
        <source>Save the conversation</source>
        <translation>Gespräch speichern</translation>
    </message>
    <message>
        <source>Markdown (*.md);;JSON (*.json)</source>
        <translation>Markdown (*.md);;JSON (*.json)</translation>
    </message>
    <message>
        <source>The conversation was not saved</source>
        <translation>Das Gespräch wurde nicht gespeichert</translation>
    </message>
    <message>
        <source>%1: %2. Choose another folder.</source>
        <translation>%1: %2. Wählen Sie einen anderen Ordner.</translation>
    </message>
    <message>
        <source>Beside the run a side takes %1 until it ends</source>
        <translation>Neben dem Lauf braucht eine Seite %1, bis er endet</translation>
    </message>
    <message>
        <source>Return sends it, Shift+Return begins a line</source>
        <translation>Eingabe sendet, Umschalt+Eingabe beginnt eine Zeile</translation>
    </message>
    <message>
        <source>waits until the original has answered</source>
        <translation>wartet, bis das Original geantwortet hat</translation>
    </message>
    <message>
        <source>waits for the work that is going on</source>
        <translation>wartet auf die laufende Arbeit</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::ChatTranscript</name>
    <message>
        <source>not asked</source>
        <translation>nicht gefragt</translation>
    </message>
    <message>
        <source>Conversation</source>
        <translation>Gespräch</translation>
    </message>
    <message>
        <source>Edit the prompt and ask again from here</source>
        <translation>Die Frage ändern und von hier neu stellen</translation>
    </message>
    <message>
        <source>the model</source>
        <translation>das Modell</translation>
    </message>
    <message>
        <source>the original</source>
        <translation>das Original</translation>
    </message>
    <message>
        <source>the tuned model</source>
        <translation>das angepasste Modell</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::ExportPage</name>
    <message>
        <source>Exact: the same numbers. Rounds: the check says by how much.</source>
        <translation>Genau: dieselben Zahlen. Rundet: die Prüfung misst, um wie viel.</translation>
    </message>
    <message>
        <source>Scale pack</source>
        <translation>Skalenpaket</translation>
    </message>
    <message>
        <source>Full precision, safetensors</source>
        <translation>Volle Genauigkeit, safetensors</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>Exportieren</translation>
    </message>
    <message>
        <source>Write a model as a file that other tools load. Every file is opened again and checked.</source>
        <translation>Ein Modell als Datei schreiben, die andere Programme laden. Jede Datei wird wieder geöffnet und geprüft.</translation>
    </message>
    <message>
        <source>&amp;Export</source>
        <translation>&amp;Exportieren</translation>
    </message>
    <message>
        <source>Writes the file, opens it again and compares (Ctrl+Enter)</source>
        <translation>Schreibt die Datei, öffnet sie wieder und vergleicht (Strg+Eingabe)</translation>
    </message>
    <message>
        <source>&amp;Export again</source>
        <translation>Noch einmal &amp;exportieren</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Stops; nothing half-written is left behind</source>
        <translation>Hält an; nichts halb Geschriebenes bleibt zurück</translation>
    </message>
    <message>
        <source>Chat with the file</source>
        <translation>Mit der Datei chatten</translation>
    </message>
    <message>
        <source>Talk with the file that was written</source>
        <translation>Mit der geschriebenen Datei reden</translation>
    </message>
    <message>
        <source>It is stopping</source>
        <translation>Es wird angehalten</translation>
    </message>
    <message>
        <source>Nothing to export yet</source>
        <translation>Noch nichts zu exportieren</translation>
    </message>
    <message>
        <source>Open a model or tune one: it can then be written for llama.cpp, Ollama, LM Studio, vLLM and others.</source>
        <translation>Öffnen Sie ein Modell oder passen Sie eines an: dann kann es für llama.cpp, Ollama, LM Studio, vLLM und andere geschrieben werden.</translation>
    </message>
    <message>
        <source>Go to Models</source>
        <translation>Zu den Modellen</translation>
    </message>
    <message>
        <source>Target</source>
        <translation>Ziel</translation>
    </message>
    <message>
        <source>The model or the tuned run to write</source>
        <translation>Das Modell oder der Lauf, der geschrieben wird</translation>
    </message>
    <message>
        <source>&amp;Model</source>
        <translation>&amp;Modell</translation>
    </message>
    <message>
        <source>Where the file or folder is written</source>
        <translation>Wohin die Datei oder der Ordner geschrieben wird</translation>
    </message>
    <message>
        <source>Choose where to save</source>
        <translation>Speicherort wählen</translation>
    </message>
    <message>
        <source>Sa&amp;ve as</source>
        <translation>Speichern &amp;als</translation>
    </message>
    <message>
        <source>Write an &amp;Ollama Modelfile beside it</source>
        <translation>Eine &amp;Ollama-Modelfile daneben schreiben</translation>
    </message>
    <message>
        <source>A small text file, so that "ollama create" knows the file and where answers end</source>
        <translation>Eine kleine Textdatei, damit "ollama create" die Datei kennt und weiß, wo Antworten enden</translation>
    </message>
    <message>
        <source>Looking at the model</source>
        <translation>Das Modell wird angesehen</translation>
    </message>
    <message>
        <source>It is opened, and every target says what it can hold.</source>
        <translation>Es wird geöffnet, und jedes Ziel sagt, was es aufnehmen kann.</translation>
    </message>
    <message>
        <source>Opens in</source>
        <translation>Lässt sich öffnen mit</translation>
    </message>
    <message>
        <source>After writing</source>
        <translation>Nach dem Schreiben</translation>
    </message>
    <message>
        <source>The file is opened again from disk. Logits and perplexity of a built-in text are computed from it and from the model in memory, and compared.</source>
        <translation>Die Datei wird von der Platte wieder geöffnet. Logits und Perplexität eines eingebauten Textes werden aus ihr und aus dem Modell im Speicher berechnet und verglichen.</translation>
    </message>
    <message>
        <source>The file gets its name only when it is whole.</source>
        <translation>Die Datei erhält ihren Namen erst, wenn sie vollständig ist.</translation>
    </message>
    <message>
        <source>Self-check</source>
        <translation>Selbstprüfung</translation>
    </message>
    <message>
        <source>Save report…</source>
        <translation>Bericht speichern…</translation>
    </message>
    <message>
        <source>the written file, opened again and run</source>
        <translation>die geschriebene Datei, wieder geöffnet und gerechnet</translation>
    </message>
    <message>
        <source>What changed</source>
        <translation>Was sich geändert hat</translation>
    </message>
    <message>
        <source>tuned against original</source>
        <translation>angepasst gegen Original</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>Copies the command</source>
        <translation>Kopiert den Befehl</translation>
    </message>
    <message>
        <source>%1  ·  %2</source>
        <translation>%1  ·  %2</translation>
    </message>
    <message>
        <source>tuned, %1</source>
        <translation>angepasst, %1</translation>
    </message>
    <message>
        <source>Write %1 as a file that other tools load. Every file is opened again and checked.</source>
        <translation>%1 als Datei schreiben, die andere Programme laden. Jede Datei wird wieder geöffnet und geprüft.</translation>
    </message>
    <message>
        <source>The model is still being looked at</source>
        <translation>Das Modell wird noch angesehen</translation>
    </message>
    <message>
        <source>Waiting for the running job</source>
        <translation>Wartet auf die laufende Arbeit</translation>
    </message>
    <message>
        <source>%1 is at work. What can be written is known when it ends or pauses.</source>
        <translation>%1 ist im Gange. Was geschrieben werden kann, steht fest, wenn das endet oder pausiert.</translation>
    </message>
    <message>
        <source>Looking at %1</source>
        <translation>%1 wird angesehen</translation>
    </message>
    <message>
        <source>This model cannot be exported</source>
        <translation>Dieses Modell kann nicht exportiert werden</translation>
    </message>
    <message>
        <source>Not possible</source>
        <translation>Nicht möglich</translation>
    </message>
    <message>
        <source>%1; %2</source>
        <translation>%1; %2</translation>
    </message>
    <message>
        <source>Exact</source>
        <translation>Genau</translation>
    </message>
    <message>
        <source>Rounds</source>
        <translation>Rundet</translation>
    </message>
    <message>
        <source>%1 holds this model exactly</source>
        <translation>%1 nimmt dieses Modell genau auf</translation>
    </message>
    <message>
        <source>%1 rounds this model</source>
        <translation>%1 rundet dieses Modell</translation>
    </message>
    <message>
        <source>About %1 on disk.</source>
        <translation>Etwa %1 auf der Platte.</translation>
    </message>
    <message>
        <source>%1 About %2 on disk.</source>
        <translation>%1 Etwa %2 auf der Platte.</translation>
    </message>
    <message>
        <source>Export as</source>
        <translation>Exportieren als</translation>
    </message>
    <message>
        <source>GGUF (*.gguf)</source>
        <translation>GGUF (*.gguf)</translation>
    </message>
    <message>
        <source>Scale pack (*.safetensors)</source>
        <translation>Skalenpaket (*.safetensors)</translation>
    </message>
    <message>
        <source>Name a file to write.</source>
        <translation>Nennen Sie eine Datei.</translation>
    </message>
    <message>
        <source>The original is never overwritten: choose another name.</source>
        <translation>Das Original wird nie überschrieben: wählen Sie einen anderen Namen.</translation>
    </message>
    <message>
        <source>The disk has %1 free, the file needs %2.</source>
        <translation>Die Platte hat %1 frei, die Datei braucht %2.</translation>
    </message>
    <message>
        <source>Opening the model</source>
        <translation>Modell wird geöffnet</translation>
    </message>
    <message>
        <source>Exporting %1</source>
        <translation>%1 wird exportiert</translation>
    </message>
    <message>
        <source>Stopped. Nothing was written.</source>
        <translation>Angehalten. Nichts wurde geschrieben.</translation>
    </message>
    <message>
        <source>The file was not written</source>
        <translation>Die Datei wurde nicht geschrieben</translation>
    </message>
    <message>
        <source>Check</source>
        <translation>Prüfung</translation>
    </message>
    <message>
        <source>In memory</source>
        <translation>Im Speicher</translation>
    </message>
    <message>
        <source>In the file</source>
        <translation>In der Datei</translation>
    </message>
    <message>
        <source>Difference</source>
        <translation>Unterschied</translation>
    </message>
    <message>
        <source>perplexity on your validation rows, from %1</source>
        <translation>Perplexität auf Ihren Validierungszeilen, vorher %1</translation>
    </message>
    <message>
        <source>on disk</source>
        <translation>auf der Platte</translation>
    </message>
    <message>
        <source>%1, %2. %3 in all.</source>
        <translation>%1, %2. Insgesamt %3.</translation>
    </message>
    <message>
        <source>Written and checked: the file is the model you tuned</source>
        <translation>Geschrieben und geprüft: die Datei ist das Modell, das Sie angepasst haben</translation>
    </message>
    <message>
        <source>Written and checked: the file is the model in memory</source>
        <translation>Geschrieben und geprüft: die Datei ist das Modell im Speicher</translation>
    </message>
    <message>
        <source>Written and checked: the file rounds a little</source>
        <translation>Geschrieben und geprüft: die Datei rundet ein wenig</translation>
    </message>
    <message>
        <source>Show in folder</source>
        <translation>Im Ordner zeigen</translation>
    </message>
    <message>
        <source>Save the report</source>
        <translation>Bericht speichern</translation>
    </message>
    <message>
        <source>Text (*.txt)</source>
        <translation>Text (*.txt)</translation>
    </message>
    <message>
        <source>Self-check of %1</source>
        <translation>Selbstprüfung von %1</translation>
    </message>
    <message>
        <source>The report was not saved</source>
        <translation>Der Bericht wurde nicht gespeichert</translation>
    </message>
    <message>
        <source>%1: %2</source>
        <translation>%1: %2</translation>
    </message>
    <message>
        <source>There is no model in this folder: a model is a .gguf file, or a folder with config.json and safetensors.</source>
        <translation>In diesem Ordner ist kein Modell: Ein Modell ist eine .gguf-Datei oder ein Ordner mit config.json und safetensors.</translation>
    </message>
    <message>
        <source>This cannot be exported</source>
        <translation>Das kann nicht exportiert werden</translation>
    </message>
    <message>
        <source>Choose a model first</source>
        <translation>Wählen Sie zuerst ein Modell</translation>
    </message>
    <message>
        <source>No model is chosen</source>
        <translation>Kein Modell ist gewählt</translation>
    </message>
    <message>
        <source>The model that was chosen is not there any more. Choose another one.</source>
        <translation>Das gewählte Modell ist nicht mehr da. Wählen Sie ein anderes.</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::FirstStart</name>
    <message>
        <source>Open model…</source>
        <translation>Modell öffnen…</translation>
    </message>
    <message>
        <source>Choose a GGUF file or a model folder on this machine</source>
        <translation>Eine GGUF-Datei oder einen Modellordner auf diesem Rechner wählen</translation>
    </message>
    <message>
        <source>Try it on the sample</source>
        <translation>Am Beispiel ausprobieren</translation>
    </message>
    <message>
        <source>Opens a small model and 200 sample requests, ready to tune</source>
        <translation>Öffnet ein kleines Modell und Beispielanfragen, bereit zum Anpassen</translation>
    </message>
    <message>
        <source>Bring the model you already run</source>
        <translation>Bringen Sie das Modell, das Sie schon benutzen</translation>
    </message>
    <message>
        <source>Leave with a file of the same size that is better at your task.</source>
        <translation>Gehen Sie mit einer gleich großen Datei, die Ihre Aufgabe besser kann.</translation>
    </message>
    <message>
        <source>or drop a GGUF file or a model folder anywhere in this window</source>
        <translation>oder legen Sie eine GGUF-Datei oder einen Modellordner irgendwo in dieses Fenster</translation>
    </message>
    <message>
        <source>Quantize</source>
        <translation>Quantisieren</translation>
    </message>
    <message>
        <source>or open a file that already is</source>
        <translation>oder eine Datei öffnen, die es schon ist</translation>
    </message>
    <message>
        <source>Fine-tune</source>
        <translation>Anpassen</translation>
    </message>
    <message>
        <source>on sample requests, a few minutes</source>
        <translation>an Beispielanfragen, wenige Minuten</translation>
    </message>
    <message>
        <source>Compare and export</source>
        <translation>Vergleichen und exportieren</translation>
    </message>
    <message>
        <source>the same size, checked</source>
        <translation>gleich groß, geprüft</translation>
    </message>
    <message>
        <source>First start</source>
        <translation>Erster Start</translation>
    </message>
    <message>
        <source>Scan folder…</source>
        <translation>Ordner durchsuchen…</translation>
    </message>
    <message>
        <source>Finds every model below a folder</source>
        <translation>Findet jedes Modell unter einem Ordner</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::HeatMap</name>
    <message>
        <source>Tensors by layer</source>
        <translation>Tensoren nach Schicht</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::HeatRamp</name>
    <message>
        <source>From %1 to %2</source>
        <translation>Von %1 bis %2</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::HelpPage</name>
    <message>
        <source>Help</source>
        <translation>Hilfe</translation>
    </message>
    <message>
        <source>How the main job goes, what the words mean, and the keys.</source>
        <translation>Wie die Hauptarbeit geht, was die Wörter bedeuten, und die Tasten.</translation>
    </message>
    <message>
        <source>The main job</source>
        <translation>Die Hauptarbeit</translation>
    </message>
    <message>
        <source>Words</source>
        <translation>Wörter</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>Tasten</translation>
    </message>
    <message>
        <source>About</source>
        <translation>Über</translation>
    </message>
    <message>
        <source>Help about</source>
        <translation>Hilfe zu</translation>
    </message>
    <message>
        <source>Help text</source>
        <translation>Hilfetext</translation>
    </message>
    <message>
        <source>From the model you run to one that is better at your task</source>
        <translation>Vom Modell, das Sie benutzen, zu einem, das Ihre Aufgabe besser kann</translation>
    </message>
    <message>
        <source>A quantized model is made of codes and scales. The codes are small whole numbers and most of the file; the scales say what a code is worth. Here the codes never change: only the scales learn. So the tuned file has the same type and size as the one you began with, and whatever runs that one runs this one.</source>
        <translation>Ein quantisiertes Modell besteht aus Codes und Skalen. Die Codes sind kleine ganze Zahlen und machen fast die ganze Datei aus; die Skalen sagen, was ein Code wert ist. Hier ändern sich die Codes nie: nur die Skalen lernen. So hat die angepasste Datei denselben Typ und dieselbe Größe wie die, mit der Sie begonnen haben, und was jene ausführt, führt auch diese aus.</translation>
    </message>
    <message>
        <source>1. Models</source>
        <translation>1. Modelle</translation>
    </message>
    <message>
        <source>Drop a GGUF file or a model folder anywhere in the window, or scan a folder. The pane at the right shows what the model is made of and what can be done with it.</source>
        <translation>Legen Sie eine GGUF-Datei oder einen Modellordner irgendwo in das Fenster, oder durchsuchen Sie einen Ordner. Rechts steht, woraus das Modell besteht und was damit geht.</translation>
    </message>
    <message>
        <source>2. Quantize, if it is full precision</source>
        <translation>2. Quantisieren, wenn es volle Genauigkeit hat</translation>
    </message>
    <message>
        <source>Four bits in groups of 32 with a clip search keep nearly all of the quality. Size, memory and time are shown before anything is written; with a text of your own, the expected quality too.</source>
        <translation>Vier Bit in Gruppen von 32 mit Grenzsuche erhalten fast die ganze Güte. Größe, Speicher und Zeit stehen da, bevor etwas geschrieben wird; mit einem eigenen Text auch die erwartete Güte.</translation>
    </message>
    <message>
        <source>3. Fine-tune</source>
        <translation>3. Anpassen</translation>
    </message>
    <message>
        <source>Five steps: the model, your examples, how long to learn, the plan, the run. Every row of your file is checked before the start, and what the model learns to write is highlighted. The plan counts every byte; what does not fit is refused, with what would. The run saves itself every few seconds and can always go on.</source>
        <translation>Fünf Schritte: das Modell, Ihre Beispiele, wie lange gelernt wird, der Plan, der Lauf. Jede Zeile Ihrer Datei wird vor dem Start geprüft, und was das Modell zu schreiben lernt, ist hervorgehoben. Der Plan zählt jedes Byte; was nicht passt, wird abgelehnt, mit dem, was passen würde. Der Lauf sichert sich alle paar Sekunden und kann immer weitergehen.</translation>
    </message>
    <message>
        <source>4. Chat, side by side</source>
        <translation>4. Chat, nebeneinander</translation>
    </message>
    <message>
        <source>One prompt, one seed, the original beside the tuned model. Both use the same codes; only the scales differ.</source>
        <translation>Eine Frage, ein Startwert, das Original neben dem angepassten Modell. Beide benutzen dieselben Codes; nur die Skalen unterscheiden sich.</translation>
    </message>
    <message>
        <source>5. Export</source>
        <translation>5. Exportieren</translation>
    </message>
    <message>
        <source>Choose where it shall run. Whether a format holds the model exactly is said before writing; the written file is opened again and compared.</source>
        <translation>Wählen Sie, wo es laufen soll. Ob ein Format das Modell genau aufnimmt, steht vor dem Schreiben da; die geschriebene Datei wird wieder geöffnet und verglichen.</translation>
    </message>
    <message>
        <source>Bits</source>
        <translation>Bits</translation>
    </message>
    <message>
        <source>How many values a code can have: 4 bits are 16 values. Fewer bits, smaller file, less quality.</source>
        <translation>Wie viele Werte ein Code haben kann: 4 Bit sind 16 Werte. Weniger Bits, kleinere Datei, weniger Güte.</translation>
    </message>
    <message>
        <source>Group</source>
        <translation>Gruppe</translation>
    </message>
    <message>
        <source>How many weights share one scale. Smaller groups are more precise and leave more to tune.</source>
        <translation>Wie viele Gewichte sich eine Skala teilen. Kleinere Gruppen sind genauer und lassen mehr zum Anpassen.</translation>
    </message>
    <message>
        <source>Scale</source>
        <translation>Skala</translation>
    </message>
    <message>
        <source>The size of one step of a group's codes. The only thing that is tuned here.</source>
        <translation>Die Größe eines Schritts der Codes einer Gruppe. Das Einzige, was hier angepasst wird.</translation>
    </message>
    <message>
        <source>Perplexity</source>
        <translation>Perplexität</translation>
    </message>
    <message>
        <source>How surprised a model is by a text; lower is better. The same text must be used to compare.</source>
        <translation>Wie überrascht ein Modell von einem Text ist; weniger ist besser. Zum Vergleichen muss es derselbe Text sein.</translation>
    </message>
    <message>
        <source>Validation</source>
        <translation>Validierung</translation>
    </message>
    <message>
        <source>Rows kept apart from learning, to see whether the model learns the task and not only the rows.</source>
        <translation>Zeilen, die vom Lernen ferngehalten werden, um zu sehen, ob das Modell die Aufgabe lernt und nicht nur die Zeilen.</translation>
    </message>
    <message>
        <source>Epoch</source>
        <translation>Epoche</translation>
    </message>
    <message>
        <source>One pass over all rows.</source>
        <translation>Ein Durchgang durch alle Zeilen.</translation>
    </message>
    <message>
        <source>Context</source>
        <translation>Kontext</translation>
    </message>
    <message>
        <source>How many tokens are seen at once. Longer rows are cut.</source>
        <translation>Wie viele Token auf einmal gesehen werden. Längere Zeilen werden gekürzt.</translation>
    </message>
    <message>
        <source>Token</source>
        <translation>Token</translation>
    </message>
    <message>
        <source>A piece of text as the model sees it: a word or a part of one.</source>
        <translation>Ein Stück Text, wie das Modell es sieht: ein Wort oder ein Teil davon.</translation>
    </message>
    <message>
        <source>Learning rate</source>
        <translation>Lernrate</translation>
    </message>
    <message>
        <source>How far a step goes. Too large and the loss rises; the default fits the bits.</source>
        <translation>Wie weit ein Schritt geht. Zu groß, und der Verlust steigt; die Vorgabe passt zu den Bits.</translation>
    </message>
    <message>
        <source>Scale pack</source>
        <translation>Skalenpaket</translation>
    </message>
    <message>
        <source>A task as a file of a few MB: the learned scales, to be put onto the same base.</source>
        <translation>Eine Aufgabe als Datei von wenigen MB: die gelernten Skalen, auf dieselbe Grundlage zu setzen.</translation>
    </message>
    <message>
        <source>Codes hash</source>
        <translation>Prüfsumme</translation>
    </message>
    <message>
        <source>A fingerprint of the codes. The same before and after tuning: nothing else has changed.</source>
        <translation>Ein Fingerabdruck der Codes. Vor und nach dem Anpassen derselbe: sonst hat sich nichts geändert.</translation>
    </message>
    <message>
        <source>The six places</source>
        <translation>Die sechs Orte</translation>
    </message>
    <message>
        <source>Open a model</source>
        <translation>Modell öffnen</translation>
    </message>
    <message>
        <source>New: a chat on the Chat page, else a project</source>
        <translation>Neu: ein Chat auf der Chat-Seite, sonst ein Projekt</translation>
    </message>
    <message>
        <source>The page's main action</source>
        <translation>Die Haupthandlung der Seite</translation>
    </message>
    <message>
        <source>Read again</source>
        <translation>Neu lesen</translation>
    </message>
    <message>
        <source>Between the rail and the page</source>
        <translation>Zwischen Leiste und Seite</translation>
    </message>
    <message>
        <source>The menu</source>
        <translation>Das Menü</translation>
    </message>
    <message>
        <source>Larger, smaller, normal text</source>
        <translation>Größere, kleinere, normale Schrift</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>Closes a message; never ends a run</source>
        <translation>Schließt eine Meldung; beendet nie einen Lauf</translation>
    </message>
    <message>
        <source>Arrows</source>
        <translation>Pfeile</translation>
    </message>
    <message>
        <source>Within choices, heat maps and tables</source>
        <translation>Innerhalb von Auswahlen, Wärmebildern und Tabellen</translation>
    </message>
    <message>
        <source>In a chart: +, −, arrows, 0</source>
        <translation>In einem Diagramm: +, −, Pfeile, 0</translation>
    </message>
    <message>
        <source>window</source>
        <translation>Fenster</translation>
    </message>
    <message>
        <source>charts</source>
        <translation>Diagramme</translation>
    </message>
    <message>
        <source>matrix products on the CPU</source>
        <translation>Matrixprodukte auf der CPU</translation>
    </message>
    <message>
        <source>tokenizers</source>
        <translation>Tokenizer</translation>
    </message>
    <message>
        <source>characters</source>
        <translation>Zeichen</translation>
    </message>
    <message>
        <source>JSON</source>
        <translation>JSON</translation>
    </message>
    <message>
        <source>public domain</source>
        <translation>gemeinfrei</translation>
    </message>
    <message>
        <source>history of runs</source>
        <translation>Verlauf der Läufe</translation>
    </message>
    <message>
        <source>fingerprints</source>
        <translation>Fingerabdrücke</translation>
    </message>
    <message>
        <source>command line</source>
        <translation>Befehlszeile</translation>
    </message>
    <message>
        <source>errors as values</source>
        <translation>Fehler als Werte</translation>
    </message>
    <message>
        <source>Quantizes language models, tunes only their scales, lets you talk with the result and writes it for the programs you use. Runs on this machine alone; needs no network.</source>
        <translation>Quantisiert Sprachmodelle, passt nur ihre Skalen an, lässt Sie mit dem Ergebnis reden und schreibt es für die Programme, die Sie benutzen. Läuft allein auf diesem Rechner; braucht kein Netz.</translation>
    </message>
    <message>
        <source>The method is PEQA (Kim and others, 2023): memory-efficient tuning of quantized models by their scales.</source>
        <translation>Die Methode ist PEQA (Kim und andere, 2023): speichersparendes Anpassen quantisierter Modelle durch ihre Skalen.</translation>
    </message>
    <message>
        <source>Made with</source>
        <translation>Gemacht mit</translation>
    </message>
    <message>
        <source>%1; %2</source>
        <translation>%1; %2</translation>
    </message>
    <message>
        <source>Fonts, where they are installed: Inter and Noto, under the SIL Open Font License.</source>
        <translation>Schriften, wo sie vorhanden sind: Inter und Noto, unter der SIL Open Font License.</translation>
    </message>
    <message>
        <source>Zoom, move, whole range; Ctrl with the wheel and dragging too</source>
        <translation>Vergrößern, verschieben, ganzer Bereich; auch Strg mit dem Mausrad und Ziehen</translation>
    </message>
    <message>
        <source>Code</source>
        <translation>Code</translation>
    </message>
    <message>
        <source>The small whole number that is kept of a weight. Times its scale it is the weight again, nearly.</source>
        <translation>Die kleine ganze Zahl, die von einem Gewicht bleibt. Mal ihrer Skala ist sie fast wieder das Gewicht.</translation>
    </message>
    <message>
        <source>One number for each output row of a matrix, learned in place of the scales: less to learn, and steps are faster.</source>
        <translation>Eine Zahl je Ausgabezeile einer Matrix, statt der Skalen gelernt: Es ist weniger zu lernen, und Schritte sind schneller.</translation>
    </message>
    <message>
        <source>Act order</source>
        <translation>Act order</translation>
    </message>
    <message>
        <source>GPTQ that rounds first what the text uses most.</source>
        <translation>GPTQ, das zuerst rundet, was der Text am meisten benutzt.</translation>
    </message>
    <message>
        <source>The first steps, in which the learning rate rises to its full size.</source>
        <translation>Die ersten Schritte, in denen die Lernrate auf ihre volle Größe steigt.</translation>
    </message>
    <message>
        <source>Several batches are read before the scales change: as one large batch, in less memory.</source>
        <translation>Mehrere Stapel werden gelesen, bevor sich die Skalen ändern: wie ein großer Stapel, mit weniger Speicher.</translation>
    </message>
    <message>
        <source>Gradient norm</source>
        <translation>Gradientennorm</translation>
    </message>
    <message>
        <source>How hard a step pulls at the scales. Clipping limits it, so that one odd row cannot spoil what was learned.</source>
        <translation>Wie stark ein Schritt an den Skalen zieht. Begrenzt verdirbt eine einzelne sonderbare Zeile nicht, was gelernt wurde.</translation>
    </message>
    <message>
        <source>Logit</source>
        <translation>Logit</translation>
    </message>
    <message>
        <source>The number a model gives each token before it chooses one: the larger, the likelier.</source>
        <translation>Die Zahl, die ein Modell jedem Token gibt, bevor es eines wählt: je größer, desto wahrscheinlicher.</translation>
    </message>
    <message>
        <source>Leaves out tokens that are less likely than this share of the likeliest.</source>
        <translation>Lässt Token weg, die weniger wahrscheinlich sind als dieser Anteil des wahrscheinlichsten.</translation>
    </message>
    <message>
        <source>Full screen</source>
        <translation>Vollbild</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::Job</name>
    <message>
        <source>The machine has no memory left for this. Close other programs, or choose a smaller model.</source>
        <translation>Der Rechner hat dafür keinen Speicher mehr. Schließen Sie andere Programme oder wählen Sie ein kleineres Modell.</translation>
    </message>
    <message>
        <source>The work ended unexpectedly: %1.</source>
        <translation>Die Arbeit endete unerwartet: %1.</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::LearnedText</name>
    <message>
        <source>The row as the model sees it</source>
        <translation>Die Zeile, wie das Modell sie sieht</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::LedgerBar</name>
    <message>
        <source>Memory ledger</source>
        <translation>Speicherplan</translation>
    </message>
    <message>
        <source>This run %1 of %2: %3</source>
        <translation>Dieser Lauf %1 von %2: %3</translation>
    </message>
    <message>
        <source>In use by others  %1</source>
        <translation>Von anderen belegt  %1</translation>
    </message>
    <message>
        <source>Machine ends here  %1</source>
        <translation>Hier endet der Rechner  %1</translation>
    </message>
    <message>
        <source>This run  %1</source>
        <translation>Dieser Lauf  %1</translation>
    </message>
    <message>
        <source>Stays free  %1  of %2</source>
        <translation>Bleibt frei  %1  von %2</translation>
    </message>
    <message>
        <source>This machine  %1</source>
        <translation>Dieser Rechner  %1</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::LegendRow</name>
    <message>
        <source>Legend: %1</source>
        <translation>Legende: %1</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::MainWindow</name>
    <message>
        <source>The history was damaged</source>
        <translation>Der Verlauf war beschädigt</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
    <message>
        <source>Quantize</source>
        <translation>Quantisieren</translation>
    </message>
    <message>
        <source>Fine-tune</source>
        <translation>Anpassen</translation>
    </message>
    <message>
        <source>Runs</source>
        <translation>Läufe</translation>
    </message>
    <message>
        <source>Chat</source>
        <translation>Chat</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>Exportieren</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>Help</source>
        <translation>Hilfe</translation>
    </message>
    <message>
        <source>&amp;File</source>
        <translation>&amp;Datei</translation>
    </message>
    <message>
        <source>&amp;Open model…</source>
        <translation>Modell ö&amp;ffnen…</translation>
    </message>
    <message>
        <source>Open a model</source>
        <translation>Modell öffnen</translation>
    </message>
    <message>
        <source>Models (*.gguf *.safetensors config.json);;All files (*)</source>
        <translation>Modelle (*.gguf *.safetensors config.json);;Alle Dateien (*)</translation>
    </message>
    <message>
        <source>&amp;New…</source>
        <translation>&amp;Neu…</translation>
    </message>
    <message>
        <source>New &amp;project…</source>
        <translation>Neues &amp;Projekt…</translation>
    </message>
    <message>
        <source>Open pro&amp;ject…</source>
        <translation>Pro&amp;jekt öffnen…</translation>
    </message>
    <message>
        <source>&amp;Quit</source>
        <translation>&amp;Beenden</translation>
    </message>
    <message>
        <source>&amp;Edit</source>
        <translation>&amp;Bearbeiten</translation>
    </message>
    <message>
        <source>&amp;Undo</source>
        <translation>&amp;Rückgängig</translation>
    </message>
    <message>
        <source>&amp;View</source>
        <translation>&amp;Ansicht</translation>
    </message>
    <message>
        <source>&amp;Models</source>
        <translation>&amp;Modelle</translation>
    </message>
    <message>
        <source>&amp;Quantize</source>
        <translation>&amp;Quantisieren</translation>
    </message>
    <message>
        <source>&amp;Fine-tune</source>
        <translation>&amp;Anpassen</translation>
    </message>
    <message>
        <source>&amp;Runs</source>
        <translation>&amp;Läufe</translation>
    </message>
    <message>
        <source>&amp;Chat</source>
        <translation>&amp;Chat</translation>
    </message>
    <message>
        <source>&amp;Export</source>
        <translation>&amp;Exportieren</translation>
    </message>
    <message>
        <source>&amp;Settings</source>
        <translation>&amp;Einstellungen</translation>
    </message>
    <message>
        <source>Re&amp;fresh</source>
        <translation>Neu &amp;lesen</translation>
    </message>
    <message>
        <source>Next &amp;area</source>
        <translation>Nächster &amp;Bereich</translation>
    </message>
    <message>
        <source>&amp;Larger text</source>
        <translation>&amp;Größere Schrift</translation>
    </message>
    <message>
        <source>S&amp;maller text</source>
        <translation>&amp;Kleinere Schrift</translation>
    </message>
    <message>
        <source>&amp;Normal text</source>
        <translation>&amp;Normale Schrift</translation>
    </message>
    <message>
        <source>&amp;Help</source>
        <translation>&amp;Hilfe</translation>
    </message>
    <message>
        <source>&amp;About Scalewright</source>
        <translation>&amp;Über Scalewright</translation>
    </message>
    <message>
        <source>New project…</source>
        <translation>Neues Projekt…</translation>
    </message>
    <message>
        <source>Open project…</source>
        <translation>Projekt öffnen…</translation>
    </message>
    <message>
        <source>The project was not opened</source>
        <translation>Das Projekt wurde nicht geöffnet</translation>
    </message>
    <message>
        <source>Show in folder</source>
        <translation>Im Ordner zeigen</translation>
    </message>
    <message>
        <source>Name a folder for the new project</source>
        <translation>Einen Ordner für das neue Projekt nennen</translation>
    </message>
    <message>
        <source>The project was not made</source>
        <translation>Das Projekt wurde nicht angelegt</translation>
    </message>
    <message>
        <source>Open a project's folder</source>
        <translation>Den Ordner eines Projekts öffnen</translation>
    </message>
    <message>
        <source>stopping</source>
        <translation>wird angehalten</translation>
    </message>
    <message>
        <source>%1: done</source>
        <translation>%1: fertig</translation>
    </message>
    <message>
        <source>%1: failed</source>
        <translation>%1: fehlgeschlagen</translation>
    </message>
    <message>
        <source>%1: stopped</source>
        <translation>%1: angehalten</translation>
    </message>
    <message>
        <source>Looking for interrupted runs</source>
        <translation>Unterbrochene Läufe werden gesucht</translation>
    </message>
    <message>
        <source>A run was interrupted at step %1</source>
        <translation>Ein Lauf wurde bei Schritt %1 unterbrochen</translation>
    </message>
    <message>
        <source>%1 can go on from its checkpoint.</source>
        <translation>%1 kann von seinem Sicherungspunkt weitergehen.</translation>
    </message>
    <message>
        <source>Resume</source>
        <translation>Fortsetzen</translation>
    </message>
    <message>
        <source>%1 used  ·  %2 free</source>
        <translation>%1 belegt  ·  %2 frei</translation>
    </message>
    <message>
        <source>Close Scalewright?</source>
        <translation>Scalewright schließen?</translation>
    </message>
    <message>
        <source>%1 is still running.</source>
        <translation>Die Arbeit „%1“ läuft noch.</translation>
    </message>
    <message>
        <source>It is saved before the window closes, and offered again at the next start.</source>
        <translation>Der Stand wird gesichert, bevor das Fenster schließt, und beim nächsten Start wieder angeboten.</translation>
    </message>
    <message>
        <source>It is stopped; nothing half-written is left behind.</source>
        <translation>Die Arbeit wird angehalten; nichts halb Geschriebenes bleibt zurück.</translation>
    </message>
    <message>
        <source>Stop and close</source>
        <translation>Anhalten und schließen</translation>
    </message>
    <message>
        <source>Keep working</source>
        <translation>Weiterarbeiten</translation>
    </message>
    <message>
        <source>Saving before closing</source>
        <translation>Vor dem Schließen wird gesichert</translation>
    </message>
    <message>
        <source>Open &amp;recent</source>
        <translation>&amp;Zuletzt benutzt</translation>
    </message>
    <message>
        <source>Nothing yet</source>
        <translation>Noch nichts</translation>
    </message>
    <message>
        <source>Another window works in this project</source>
        <translation>Ein anderes Fenster arbeitet in diesem Projekt</translation>
    </message>
    <message>
        <source>Both write the list of models and runs of %1, and the one that writes last wins. Close one of them, or open another project here.</source>
        <translation>Beide schreiben die Liste der Modelle und Läufe von %1, und was zuletzt geschrieben wird, gilt. Schließen Sie eines der beiden, oder öffnen Sie hier ein anderes Projekt.</translation>
    </message>
    <message>
        <source>F&amp;ull screen</source>
        <translation>V&amp;ollbild</translation>
    </message>
    <message>
        <source>%1 can go on from its checkpoint, after step %2.</source>
        <translation>%1 kann von seinem Sicherungspunkt weitergehen, nach Schritt %2.</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::ModelCatalog</name>
    <message>
        <source>Pack on %1</source>
        <translation>Paket auf %1</translation>
    </message>
    <message>
        <source>Its base model cannot be read. %1</source>
        <translation>Das Grundmodell kann nicht gelesen werden. %1</translation>
    </message>
    <message>
        <source>%1 is not there any more. Bring it back, or remove it from the list.</source>
        <translation>%1 ist nicht mehr da. Legen Sie es zurück oder nehmen Sie es aus der Liste.</translation>
    </message>
    <message>
        <source>Reading models</source>
        <translation>Modelle werden gelesen</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::ModelDetail</name>
    <message>
        <source>group %1</source>
        <translation>Gruppe %1</translation>
    </message>
    <message>
        <source>a row</source>
        <translation>je Zeile</translation>
    </message>
    <message>
        <source>Details of the model</source>
        <translation>Einzelheiten des Modells</translation>
    </message>
    <message>
        <source>More</source>
        <translation>Mehr</translation>
    </message>
    <message>
        <source>Show in folder</source>
        <translation>Im Ordner zeigen</translation>
    </message>
    <message>
        <source>Copy path</source>
        <translation>Pfad kopieren</translation>
    </message>
    <message>
        <source>Quantize…</source>
        <translation>Quantisieren…</translation>
    </message>
    <message>
        <source>Remove from list</source>
        <translation>Aus der Liste nehmen</translation>
    </message>
    <message>
        <source>Fine-tune</source>
        <translation>Anpassen</translation>
    </message>
    <message>
        <source>Chat</source>
        <translation>Chat</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>Exportieren</translation>
    </message>
    <message>
        <source>Talk with this model</source>
        <translation>Mit diesem Modell reden</translation>
    </message>
    <message>
        <source>Write it as a file for other programs</source>
        <translation>Als Datei für andere Programme schreiben</translation>
    </message>
    <message>
        <source>Tensors</source>
        <translation>Tensoren</translation>
    </message>
    <message>
        <source>Chat template</source>
        <translation>Chat-Vorlage</translation>
    </message>
    <message>
        <source>File</source>
        <translation>Datei</translation>
    </message>
    <message>
        <source>Details</source>
        <translation>Einzelheiten</translation>
    </message>
    <message>
        <source>No model is chosen</source>
        <translation>Kein Modell gewählt</translation>
    </message>
    <message>
        <source>Choose one in the table to see what it is made of.</source>
        <translation>Wählen Sie eines in der Tabelle, um zu sehen, woraus es besteht.</translation>
    </message>
    <message>
        <source>Error</source>
        <translation>Fehler</translation>
    </message>
    <message>
        <source>Bits</source>
        <translation>Bits</translation>
    </message>
    <message>
        <source>Measure</source>
        <translation>Maß</translation>
    </message>
    <message>
        <source>How much rounding to this grid costs each tensor, estimated from its scales</source>
        <translation>Was das Runden auf dieses Raster jeden Tensor kostet, geschätzt aus seinen Skalen</translation>
    </message>
    <message>
        <source>Bits per weight, scales included</source>
        <translation>Bits pro Gewicht, Skalen eingeschlossen</translation>
    </message>
    <message>
        <source>Scales of the chosen tensor</source>
        <translation>Skalen des gewählten Tensors</translation>
    </message>
    <message>
        <source>Tensors by layer</source>
        <translation>Tensoren nach Schicht</translation>
    </message>
    <message>
        <source>An example as the model sees it</source>
        <translation>Ein Beispiel, wie das Modell es sieht</translation>
    </message>
    <message>
        <source>Tensor</source>
        <translation>Tensor</translation>
    </message>
    <message>
        <source>Type</source>
        <translation>Typ</translation>
    </message>
    <message>
        <source>Shape</source>
        <translation>Form</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Größe</translation>
    </message>
    <message>
        <source>Tensors of the file</source>
        <translation>Tensoren der Datei</translation>
    </message>
    <message>
        <source>Why it cannot be used</source>
        <translation>Warum es nicht benutzt werden kann</translation>
    </message>
    <message>
        <source>Template found</source>
        <translation>Vorlage gefunden</translation>
    </message>
    <message>
        <source>No template</source>
        <translation>Keine Vorlage</translation>
    </message>
    <message>
        <source>Can be tuned</source>
        <translation>Anpassbar</translation>
    </message>
    <message>
        <source>Quantize</source>
        <translation>Quantisieren</translation>
    </message>
    <message>
        <source>Make it small first; then its scales can be tuned</source>
        <translation>Erst klein machen; dann lassen sich seine Skalen anpassen</translation>
    </message>
    <message>
        <source>Teach it your answers; only its scales learn</source>
        <translation>Ihm Ihre Antworten beibringen; nur seine Skalen lernen</translation>
    </message>
    <message>
        <source>It is still being read</source>
        <translation>Es wird noch gelesen</translation>
    </message>
    <message>
        <source>It is being read.</source>
        <translation>Es wird gelesen.</translation>
    </message>
    <message>
        <source>Family</source>
        <translation>Familie</translation>
    </message>
    <message>
        <source>Layers</source>
        <translation>Schichten</translation>
    </message>
    <message>
        <source>Width</source>
        <translation>Breite</translation>
    </message>
    <message>
        <source>Vocabulary</source>
        <translation>Wortschatz</translation>
    </message>
    <message>
        <source>Context</source>
        <translation>Kontext</translation>
    </message>
    <message>
        <source>Scales</source>
        <translation>Skalen</translation>
    </message>
    <message>
        <source>none</source>
        <translation>keine</translation>
    </message>
    <message>
        <source>Codes hash</source>
        <translation>Prüfsumme</translation>
    </message>
    <message>
        <source>Path</source>
        <translation>Pfad</translation>
    </message>
    <message>
        <source>Container</source>
        <translation>Behälter</translation>
    </message>
    <message>
        <source>%1 (%2 bytes)</source>
        <translation>%1 (%2 Bytes)</translation>
    </message>
    <message>
        <source>Bits per weight</source>
        <translation>Bits pro Gewicht</translation>
    </message>
    <message>
        <source>Tokenizer</source>
        <translation>Tokenizer</translation>
    </message>
    <message>
        <source>found</source>
        <translation>gefunden</translation>
    </message>
    <message>
        <source>none: it cannot chat</source>
        <translation>keiner: es kann nicht chatten</translation>
    </message>
    <message>
        <source>Reading the template</source>
        <translation>Die Vorlage wird gelesen</translation>
    </message>
    <message>
        <source>Reading %1</source>
        <translation>%1 wird gelesen</translation>
    </message>
    <message>
        <source>This model has no chat template. Plain "User: … Assistant: …" turns are used.</source>
        <translation>Dieses Modell hat keine Chat-Vorlage. Schlichte Wechsel "User: … Assistant: …" werden benutzt.</translation>
    </message>
    <message>
        <source>What a tune learns to write is highlighted: answers and their end. %1.</source>
        <translation>Was eine Anpassung zu schreiben lernt, ist hervorgehoben: Antworten und ihr Ende. %1.</translation>
    </message>
    <message>
        <source>blk.%1.%2: %3, error %4</source>
        <translation>blk.%1.%2: %3, Fehler %4</translation>
    </message>
    <message>
        <source>%1 bits</source>
        <translation>%1 Bit</translation>
    </message>
    <message>
        <source>Nothing is quantized: no rounding error</source>
        <translation>Nichts ist quantisiert: kein Rundungsfehler</translation>
    </message>
    <message>
        <source>Rounding error, from the scales</source>
        <translation>Rundungsfehler, aus den Skalen</translation>
    </message>
    <message>
        <source>error %1</source>
        <translation>Fehler %1</translation>
    </message>
    <message>
        <source>not quantized</source>
        <translation>nicht quantisiert</translation>
    </message>
    <message>
        <source>%1 scales</source>
        <translation>%1 Skalen</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::ModelTableModel</name>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>Parameters</source>
        <translation>Parameter</translation>
    </message>
    <message>
        <source>Bits</source>
        <translation>Bits</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Größe</translation>
    </message>
    <message>
        <source>State</source>
        <translation>Zustand</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::ModelsPage</name>
    <message>
        <source>1 model</source>
        <translation>1 Modell</translation>
    </message>
    <message>
        <source>%1 models</source>
        <translation>%1 Modelle</translation>
    </message>
    <message>
        <source>%1 in 1 folder</source>
        <translation>%1 in 1 Ordner</translation>
    </message>
    <message>
        <source>%1 in %2 folders</source>
        <translation>%1 in %2 Ordnern</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
    <message>
        <source>The model files on this machine, and what can be done with each.</source>
        <translation>Die Modelldateien auf diesem Rechner, und was mit jeder geht.</translation>
    </message>
    <message>
        <source>&amp;Scan folder…</source>
        <translation>Ordner &amp;durchsuchen…</translation>
    </message>
    <message>
        <source>Finds every model below a folder</source>
        <translation>Findet jedes Modell unter einem Ordner</translation>
    </message>
    <message>
        <source>&amp;Open model…</source>
        <translation>Modell ö&amp;ffnen…</translation>
    </message>
    <message>
        <source>Adds a GGUF file or a model folder (Ctrl+O)</source>
        <translation>Nimmt eine GGUF-Datei oder einen Modellordner auf (Strg+O)</translation>
    </message>
    <message>
        <source>No model was found in %1</source>
        <translation>In %1 wurde kein Modell gefunden</translation>
    </message>
    <message>
        <source>Looked for GGUF files and for folders with config.json and safetensors, four levels deep.</source>
        <translation>Gesucht wurden GGUF-Dateien und Ordner mit config.json und safetensors, vier Ebenen tief.</translation>
    </message>
    <message>
        <source>Choose another folder</source>
        <translation>Anderen Ordner wählen</translation>
    </message>
    <message>
        <source>Filter by name or family</source>
        <translation>Nach Name oder Familie filtern</translation>
    </message>
    <message>
        <source>Filter models</source>
        <translation>Modelle filtern</translation>
    </message>
    <message>
        <source>Shows only models whose name, folder, family or type contains this</source>
        <translation>Zeigt nur Modelle, deren Name, Ordner, Familie oder Typ dies enthält</translation>
    </message>
    <message>
        <source>All</source>
        <translation>Alle</translation>
    </message>
    <message>
        <source>Full</source>
        <translation>Volle</translation>
    </message>
    <message>
        <source>Quantized</source>
        <translation>Quantisiert</translation>
    </message>
    <message>
        <source>Tuned</source>
        <translation>Angepasst</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>Zeigen</translation>
    </message>
    <message>
        <source>Drop files or folders here to add them</source>
        <translation>Legen Sie Dateien oder Ordner hierher, um sie aufzunehmen</translation>
    </message>
    <message>
        <source>%1 of %2 models</source>
        <translation>%1 von %2 Modellen</translation>
    </message>
    <message>
        <source>%1 is incomplete</source>
        <translation>%1 ist unvollständig</translation>
    </message>
    <message>
        <source>%1 cannot be used</source>
        <translation>%1 kann nicht benutzt werden</translation>
    </message>
    <message>
        <source>Choose another file</source>
        <translation>Andere Datei wählen</translation>
    </message>
    <message>
        <source>Remove from list</source>
        <translation>Aus der Liste nehmen</translation>
    </message>
    <message>
        <source>%1 million</source>
        <translation>%1 Millionen</translation>
    </message>
    <message>
        <source>%1 billion</source>
        <translation>%1 Milliarden</translation>
    </message>
    <message>
        <source>This machine can tune models of up to %1 parameters</source>
        <translation>Dieser Rechner kann Modelle mit bis zu %1 Parametern anpassen</translation>
    </message>
    <message>
        <source>%1, %2 of memory free. %3 Nothing leaves this machine.</source>
        <translation>%1, %2 Speicher frei. %3 Nichts verlässt diesen Rechner.</translation>
    </message>
    <message>
        <source>Details</source>
        <translation>Einzelheiten</translation>
    </message>
    <message>
        <source>Open a model</source>
        <translation>Modell öffnen</translation>
    </message>
    <message>
        <source>Models (*.gguf *.safetensors config.json);;All files (*)</source>
        <translation>Modelle (*.gguf *.safetensors config.json);;Alle Dateien (*)</translation>
    </message>
    <message>
        <source>Scan a folder for models</source>
        <translation>Einen Ordner nach Modellen durchsuchen</translation>
    </message>
    <message>
        <source>The sample model is not on this machine yet</source>
        <translation>Das Beispielmodell ist noch nicht auf diesem Rechner</translation>
    </message>
    <message>
        <source>The set-up puts it at %1. Run the set-up script again, or open any model of your own.</source>
        <translation>Die Einrichtung legt es nach %1. Starten Sie sie noch einmal, oder öffnen Sie ein eigenes Modell.</translation>
    </message>
    <message>
        <source>Open model…</source>
        <translation>Modell öffnen…</translation>
    </message>
    <message>
        <source>No project could be made</source>
        <translation>Es konnte kein Projekt angelegt werden</translation>
    </message>
    <message>
        <source>%1 was removed from the list; the file stays</source>
        <translation>%1 wurde aus der Liste genommen; die Datei bleibt</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Rückgängig</translation>
    </message>
    <message>
        <source>No model that can be used</source>
        <translation>Kein brauchbares Modell</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::ProgressBar</name>
    <message>
        <source>Progress</source>
        <translation>Fortschritt</translation>
    </message>
    <message>
        <source>not known</source>
        <translation>nicht bekannt</translation>
    </message>
    <message>
        <source>%1 percent</source>
        <translation>%1 Prozent</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::Project</name>
    <message>
        <source>No project yet</source>
        <translation>Kein Projekt</translation>
    </message>
    <message>
        <source>The folder %1 cannot be made. Choose one that you may write to.</source>
        <translation>Der Ordner %1 kann nicht angelegt werden. Wählen Sie einen, in den Sie schreiben dürfen.</translation>
    </message>
    <message>
        <source>My project</source>
        <translation>Mein Projekt</translation>
    </message>
    <message>
        <source>%1 cannot be read: %2. Check its permissions.</source>
        <translation>%1 kann nicht gelesen werden: %2. Prüfen Sie die Rechte.</translation>
    </message>
    <message>
        <source>%1 cannot be written: %2. Choose a folder that you may write to, on a disk with space.</source>
        <translation>%1 kann nicht geschrieben werden: %2. Wählen Sie einen Ordner, in den Sie schreiben dürfen, auf einer Platte mit Platz.</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::QApplication</name>
    <message>
        <source>Copied</source>
        <translation>Kopiert</translation>
    </message>
    <message>
        <source>Try it in Ollama</source>
        <translation>Mit Ollama versuchen</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::QFile</name>
    <message>
        <source>The settings file could not be read and was set back. The old one is kept as %1.</source>
        <translation>Die Einstellungsdatei war nicht zu lesen und wurde zurückgesetzt. Die alte liegt als %1 bereit.</translation>
    </message>
    <message>
        <source>The settings were written by a newer version. What is known was taken over; a copy is kept as %1.</source>
        <translation>Die Einstellungen stammen von einer neueren Fassung. Bekanntes wurde übernommen; eine Kopie liegt als %1 bereit.</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::QMetaObject</name>
    <message>
        <source>The language of the window</source>
        <translation>Die Sprache des Fensters</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>Sprache</translation>
    </message>
    <message>
        <source>As the system</source>
        <translation>Wie das System</translation>
    </message>
    <message>
        <source>Used from the next start.</source>
        <translation>Gilt ab dem nächsten Start.</translation>
    </message>
    <message>
        <source>Look</source>
        <translation>Aussehen</translation>
    </message>
    <message>
        <source>&amp;Theme</source>
        <translation>&amp;Farben</translation>
    </message>
    <message>
        <source>&amp;Language</source>
        <translation>&amp;Sprache</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::QString</name>
    <message>
        <source>Layer %1</source>
        <translation>Schicht %1</translation>
    </message>
    <message>
        <source>Tensors</source>
        <translation>Tensoren</translation>
    </message>
    <message>
        <source>%1 of %2</source>
        <translation>%1 von %2</translation>
    </message>
    <message>
        <source>Mean error</source>
        <translation>Mittlerer Fehler</translation>
    </message>
    <message>
        <source>%1 of %2 layers done</source>
        <translation>%1 von %2 Schichten fertig</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::QTimer</name>
    <message>
        <source>Looking at this machine</source>
        <translation>Dieser Rechner wird angesehen</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::QToolTip</name>
    <message>
        <source>%1 to %2: %3</source>
        <translation>%1 bis %2: %3</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::QuantizePage</name>
    <message>
        <source>Perplexity on your text: %1, before %2.</source>
        <translation>Perplexität bei Ihrem Text: %1, vorher %2.</translation>
    </message>
    <message>
        <source>Quantize</source>
        <translation>Quantisieren</translation>
    </message>
    <message>
        <source>Make a full-precision model small. The codes are fixed here; the scales stay open for tuning.</source>
        <translation>Ein Modell mit voller Genauigkeit klein machen. Die Codes werden hier festgelegt; die Skalen bleiben offen.</translation>
    </message>
    <message>
        <source>&amp;Quantize</source>
        <translation>&amp;Quantisieren</translation>
    </message>
    <message>
        <source>Starts; the original file is only read (Ctrl+Enter)</source>
        <translation>Beginnt; die Originaldatei wird nur gelesen (Strg+Eingabe)</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Stops; nothing half-written is left behind</source>
        <translation>Hält an; nichts halb Geschriebenes bleibt zurück</translation>
    </message>
    <message>
        <source>Quantize another</source>
        <translation>Ein weiteres quantisieren</translation>
    </message>
    <message>
        <source>Chat with it</source>
        <translation>Damit chatten</translation>
    </message>
    <message>
        <source>Fine-tune it</source>
        <translation>Anpassen</translation>
    </message>
    <message>
        <source>No model to quantize yet</source>
        <translation>Noch kein Modell zum Quantisieren</translation>
    </message>
    <message>
        <source>Add a full-precision model: a folder with config.json and safetensors, or a GGUF in F16 or F32. Files that are quantized already can be tuned as they are.</source>
        <translation>Nehmen Sie ein Modell mit voller Genauigkeit auf: einen Ordner mit config.json und safetensors, oder eine GGUF in F16 oder F32. Schon quantisierte Dateien lassen sich anpassen, wie sie sind.</translation>
    </message>
    <message>
        <source>Go to Models</source>
        <translation>Zu den Modellen</translation>
    </message>
    <message>
        <source>The model to make small</source>
        <translation>Das Modell, das klein werden soll</translation>
    </message>
    <message>
        <source>&amp;Model</source>
        <translation>&amp;Modell</translation>
    </message>
    <message>
        <source>Bits</source>
        <translation>Bits</translation>
    </message>
    <message>
        <source>&amp;Bits</source>
        <translation>&amp;Bits</translation>
    </message>
    <message>
        <source>Row</source>
        <translation>Zeile</translation>
    </message>
    <message>
        <source>Group</source>
        <translation>Gruppe</translation>
    </message>
    <message>
        <source>&amp;Group</source>
        <translation>&amp;Gruppe</translation>
    </message>
    <message>
        <source>Round to nearest</source>
        <translation>Einfach runden</translation>
    </message>
    <message>
        <source>Instant. Fine from 5 bits upwards.</source>
        <translation>Sofort fertig. Gut ab 5 Bit.</translation>
    </message>
    <message>
        <source>Clip search</source>
        <translation>Grenzsuche</translation>
    </message>
    <message>
        <source>Recommended</source>
        <translation>Empfohlen</translation>
    </message>
    <message>
        <source>GPTQ</source>
        <translation>GPTQ</translation>
    </message>
    <message>
        <source>Methods that take more time or suit special cases</source>
        <translation>Verfahren, die mehr Zeit brauchen oder für besondere Fälle sind</translation>
    </message>
    <message>
        <source>Gives inputs that matter more room. Needs a text.</source>
        <translation>Gibt wichtigen Eingaben mehr Raum. Braucht einen Text.</translation>
    </message>
    <message>
        <source>Outliers do not spoil their group. Needs no text.</source>
        <translation>Ausreißer verderben ihre Gruppe nicht. Braucht keinen Text.</translation>
    </message>
    <message>
        <source>GPTQ that begins with the most used inputs. Needs a text.</source>
        <translation>GPTQ, das mit den meistgenutzten Eingaben beginnt. Braucht einen Text.</translation>
    </message>
    <message>
        <source>What the result is written as</source>
        <translation>Als was das Ergebnis geschrieben wird</translation>
    </message>
    <message>
        <source>GPTQ folder</source>
        <translation>GPTQ-Ordner</translation>
    </message>
    <message>
        <source>AWQ folder</source>
        <translation>AWQ-Ordner</translation>
    </message>
    <message>
        <source>compressed-tensors folder</source>
        <translation>compressed-tensors-Ordner</translation>
    </message>
    <message>
        <source>A text that says what quantizing costs in quality, and that GPTQ corrects itself by</source>
        <translation>Ein Text, der sagt, was das Quantisieren an Güte kostet, und nach dem GPTQ sich richtet</translation>
    </message>
    <message>
        <source>&amp;Text</source>
        <translation>&amp;Text</translation>
    </message>
    <message>
        <source>Where the result is written</source>
        <translation>Wohin das Ergebnis geschrieben wird</translation>
    </message>
    <message>
        <source>Choose where to save</source>
        <translation>Speicherort wählen</translation>
    </message>
    <message>
        <source>Sa&amp;ve as</source>
        <translation>Speichern &amp;als</translation>
    </message>
    <message>
        <source>Method</source>
        <translation>Verfahren</translation>
    </message>
    <message>
        <source>&amp;Write as</source>
        <translation>&amp;Schreiben als</translation>
    </message>
    <message>
        <source>per weight</source>
        <translation>pro Gewicht</translation>
    </message>
    <message>
        <source>expected perplexity</source>
        <translation>erwartete Perplexität</translation>
    </message>
    <message>
        <source>memory it needs</source>
        <translation>Speicherbedarf</translation>
    </message>
    <message>
        <source>on this machine</source>
        <translation>Dauer hier</translation>
    </message>
    <message>
        <source>Try it</source>
        <translation>Versuchen</translation>
    </message>
    <message>
        <source>Quantizes three layers at each size and measures the text: some seconds to a minute</source>
        <translation>Quantisiert drei Schichten in jeder Größe und misst den Text: einige Sekunden bis eine Minute</translation>
    </message>
    <message>
        <source>Perplexity against size</source>
        <translation>Perplexität gegen Größe</translation>
    </message>
    <message>
        <source>Choose a text, and a trial on three layers shows what each size costs in quality.</source>
        <translation>Wählen Sie einen Text, dann zeigt ein Versuch an drei Schichten, was jede Größe an Güte kostet.</translation>
    </message>
    <message>
        <source>Perplexity</source>
        <translation>Perplexität</translation>
    </message>
    <message>
        <source>Forecast</source>
        <translation>Vorhersage</translation>
    </message>
    <message>
        <source>Before anything is written</source>
        <translation>Bevor etwas geschrieben wird</translation>
    </message>
    <message>
        <source>Size on disk</source>
        <translation>Größe auf der Platte</translation>
    </message>
    <message>
        <source>Error by layer</source>
        <translation>Fehler nach Schicht</translation>
    </message>
    <message>
        <source>mean so far %1</source>
        <translation>Mittel bisher %1</translation>
    </message>
    <message>
        <source>Layers</source>
        <translation>Schichten</translation>
    </message>
    <message>
        <source>Tensors</source>
        <translation>Tensoren</translation>
    </message>
    <message>
        <source>Bars by</source>
        <translation>Balken nach</translation>
    </message>
    <message>
        <source>Save the chart as PNG, SVG or CSV</source>
        <translation>Das Diagramm als PNG, SVG oder CSV speichern</translation>
    </message>
    <message>
        <source>Save the chart</source>
        <translation>Diagramm speichern</translation>
    </message>
    <message>
        <source>quantization-error.png</source>
        <translation>quantisierungsfehler.png</translation>
    </message>
    <message>
        <source>Picture (*.png);;Drawing (*.svg);;Numbers (*.csv)</source>
        <translation>Bild (*.png);;Zeichnung (*.svg);;Zahlen (*.csv)</translation>
    </message>
    <message>
        <source>The chart was not saved</source>
        <translation>Das Diagramm wurde nicht gespeichert</translation>
    </message>
    <message>
        <source>Relative, against the full-precision weights</source>
        <translation>Relativ, gegen die Gewichte mit voller Genauigkeit</translation>
    </message>
    <message>
        <source>So far</source>
        <translation>Bisher</translation>
    </message>
    <message>
        <source>Last tensors</source>
        <translation>Letzte Tensoren</translation>
    </message>
    <message>
        <source>%1  ·  full precision, %2</source>
        <translation>%1  ·  volle Genauigkeit, %2</translation>
    </message>
    <message>
        <source>%1  ·  %2, %3</source>
        <translation>%1  ·  %2, %3</translation>
    </message>
    <message>
        <source>None</source>
        <translation>Keiner</translation>
    </message>
    <message>
        <source>Choose a file…</source>
        <translation>Datei wählen…</translation>
    </message>
    <message>
        <source>Choose a text</source>
        <translation>Text wählen</translation>
    </message>
    <message>
        <source>Texts (*.txt *.md *.jsonl);;All files (*)</source>
        <translation>Texte (*.txt *.md *.jsonl);;Alle Dateien (*)</translation>
    </message>
    <message>
        <source>Save the quantized model</source>
        <translation>Das quantisierte Modell speichern</translation>
    </message>
    <message>
        <source>GGUF (*.gguf)</source>
        <translation>GGUF (*.gguf)</translation>
    </message>
    <message>
        <source>2 is for the smallest size; tune it afterwards, or it forgets much.</source>
        <translation>2 ist für die kleinste Größe; passen Sie es danach an, sonst vergisst es viel.</translation>
    </message>
    <message>
        <source>3 loses some quality; GPTQ and tuning win much of it back.</source>
        <translation>3 verliert etwas Güte; GPTQ und Anpassen holen viel davon zurück.</translation>
    </message>
    <message>
        <source>5 is hard to tell from the original.</source>
        <translation>5 ist vom Original kaum zu unterscheiden.</translation>
    </message>
    <message>
        <source>6 is as good as the original for most purposes.</source>
        <translation>6 ist für die meisten Zwecke so gut wie das Original.</translation>
    </message>
    <message>
        <source>One scale for a whole output row: smallest, and least to tune.</source>
        <translation>Eine Skala für eine ganze Ausgabezeile: am kleinsten, und am wenigsten zum Anpassen.</translation>
    </message>
    <message>
        <source>One scale for every 32 weights: most precise, and most to tune.</source>
        <translation>Eine Skala für je 32 Gewichte: am genauesten, und am meisten zum Anpassen.</translation>
    </message>
    <message>
        <source>One scale for every %1 weights.</source>
        <translation>Eine Skala für je %1 Gewichte.</translation>
    </message>
    <message>
        <source>Already quantized: its rounding errors stay. Better take the full-precision model.</source>
        <translation>Schon quantisiert: seine Rundungsfehler bleiben. Besser das Modell mit voller Genauigkeit nehmen.</translation>
    </message>
    <message>
        <source>%1 needs a text.</source>
        <translation>%1 braucht einen Text.</translation>
    </message>
    <message>
        <source>Choose a model first</source>
        <translation>Wählen Sie zuerst ein Modell</translation>
    </message>
    <message>
        <source>%1 needs a text: choose one</source>
        <translation>%1 braucht einen Text: wählen Sie einen</translation>
    </message>
    <message>
        <source>Choose a text for the trial first</source>
        <translation>Wählen Sie zuerst einen Text für den Versuch</translation>
    </message>
    <message>
        <source>bits</source>
        <translation>Bit</translation>
    </message>
    <message>
        <source>or less, on this machine</source>
        <translation>oder weniger, auf diesem Rechner</translation>
    </message>
    <message>
        <source>time not known yet</source>
        <translation>Zeit noch nicht bekannt</translation>
    </message>
    <message>
        <source>%1 of the original</source>
        <translation>%1 des Originals</translation>
    </message>
    <message>
        <source>Needs %1 of memory; %2 is free. Close other programs.</source>
        <translation>Braucht %1 Speicher; %2 sind frei. Schließen Sie andere Programme.</translation>
    </message>
    <message>
        <source>A trial on %1</source>
        <translation>Ein Versuch an %1</translation>
    </message>
    <message>
        <source>The trial ended</source>
        <translation>Der Versuch endete</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>Anhalten</translation>
    </message>
    <message>
        <source>lower is better</source>
        <translation>weniger ist besser</translation>
    </message>
    <message>
        <source>lower is better; a trial on layers %1</source>
        <translation>weniger ist besser; Schichten %1</translation>
    </message>
    <message>
        <source>2 bits</source>
        <translation>2 Bit</translation>
    </message>
    <message>
        <source>original %1</source>
        <translation>Original %1</translation>
    </message>
    <message>
        <source>%1 bits, group %2</source>
        <translation>%1 Bit, Gruppe %2</translation>
    </message>
    <message>
        <source>%1 bits, a row</source>
        <translation>%1 Bit, je Zeile</translation>
    </message>
    <message>
        <source>expected perplexity, from %1</source>
        <translation>Perplexität, vorher %1</translation>
    </message>
    <message>
        <source>quality: choose a text</source>
        <translation>Güte: Text wählen</translation>
    </message>
    <message>
        <source>being tried</source>
        <translation>wird versucht</translation>
    </message>
    <message>
        <source>quality: try it</source>
        <translation>Güte: versuchen</translation>
    </message>
    <message>
        <source>Name a file to write.</source>
        <translation>Nennen Sie eine Datei.</translation>
    </message>
    <message>
        <source>The original is never overwritten: choose another name.</source>
        <translation>Das Original wird nie überschrieben: wählen Sie einen anderen Namen.</translation>
    </message>
    <message>
        <source>The disk has %1 free, the file needs %2.</source>
        <translation>Die Platte hat %1 frei, die Datei braucht %2.</translation>
    </message>
    <message>
        <source>Quantizing %1</source>
        <translation>%1 wird quantisiert</translation>
    </message>
    <message>
        <source>round to nearest</source>
        <translation>zur nächsten Stufe</translation>
    </message>
    <message>
        <source>clip search</source>
        <translation>Grenzsuche</translation>
    </message>
    <message>
        <source>Quantizing to %1</source>
        <translation>Wird quantisiert zu %1</translation>
    </message>
    <message>
        <source>%1, %2 bits, groups of %3, %4. The original file is only read.</source>
        <translation>%1, %2 Bit, Gruppen von %3, %4. Die Originaldatei wird nur gelesen.</translation>
    </message>
    <message>
        <source>%1, %2 bits, one scale a row, %3. The original file is only read.</source>
        <translation>%1, %2 Bit, eine Skala je Zeile, %3. Die Originaldatei wird nur gelesen.</translation>
    </message>
    <message>
        <source>Starting</source>
        <translation>Beginnt</translation>
    </message>
    <message>
        <source>Bits per weight</source>
        <translation>Bits pro Gewicht</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Speicher</translation>
    </message>
    <message>
        <source>Mean error</source>
        <translation>Mittlerer Fehler</translation>
    </message>
    <message>
        <source>Stopping</source>
        <translation>Hält an</translation>
    </message>
    <message>
        <source>It stops after the tensor it is at</source>
        <translation>Es hält nach dem jetzigen Tensor an</translation>
    </message>
    <message>
        <source>now %1</source>
        <translation>jetzt %1</translation>
    </message>
    <message>
        <source>%1 passed</source>
        <translation>%1 vergangen</translation>
    </message>
    <message>
        <source>%1 was not quantized</source>
        <translation>%1 wurde nicht quantisiert</translation>
    </message>
    <message>
        <source>Stopped. Nothing was written.</source>
        <translation>Angehalten. Nichts wurde geschrieben.</translation>
    </message>
    <message>
        <source>Quantized to %1</source>
        <translation>Quantisiert zu %1</translation>
    </message>
    <message>
        <source>on disk, from %1</source>
        <translation>auf der Platte, vorher %1</translation>
    </message>
    <message>
        <source>per weight, in %1</source>
        <translation>pro Gewicht, in %1</translation>
    </message>
    <message>
        <source>perplexity, from %1</source>
        <translation>Perplexität, vorher %1</translation>
    </message>
    <message>
        <source>perplexity: no text was chosen</source>
        <translation>Perplexität: kein Text gewählt</translation>
    </message>
    <message>
        <source>%1, %2. Largest difference of a logit: %3.</source>
        <translation>%1, %2. Größter Unterschied eines Logits: %3.</translation>
    </message>
    <message>
        <source>Written and checked: the file is the model that was measured</source>
        <translation>Geschrieben und geprüft: die Datei ist das gemessene Modell</translation>
    </message>
    <message>
        <source>Written and checked: the file rounds a little</source>
        <translation>Geschrieben und geprüft: die Datei rundet ein wenig</translation>
    </message>
    <message>
        <source>4 keeps nearly all of the quality.</source>
        <translation>4 behält fast die ganze Qualität.</translation>
    </message>
    <message>
        <source>8 changes nothing that can be measured.</source>
        <translation>8 ändert nichts Messbares.</translation>
    </message>
    <message>
        <source>Best is a full-precision model: a folder with config.json and safetensors, or a GGUF in F16 or F32. To see how it goes, take the sample: it is quantized already, and its rounding errors stay.</source>
        <translation>Am besten ist ein Modell in voller Genauigkeit: ein Ordner mit config.json und Safetensors oder ein GGUF in F16 oder F32. Um zu sehen, wie es geht, nehmen Sie das Beispiel: Es ist schon quantisiert, und seine Rundungsfehler bleiben.</translation>
    </message>
    <message>
        <source>Use the sample model</source>
        <translation>Das Beispielmodell nehmen</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::Rail</name>
    <message>
        <source>Places</source>
        <translation>Orte</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::RailHead</name>
    <message>
        <source>Project: %1</source>
        <translation>Projekt: %1</translation>
    </message>
    <message>
        <source>Project: %1. Click to change it.</source>
        <translation>Projekt: %1. Klicken, um es zu wechseln.</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::RailItem</name>
    <message>
        <source>A job runs here: %1 percent</source>
        <translation>Hier läuft eine Arbeit: %1 Prozent</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::RecipeDiffModel</name>
    <message numerus="yes">
        <source>%n step(s)</source>
        <translation><numerusform>%n Schritt</numerusform><numerusform>%n Schritte</numerusform></translation>
    </message>
    <message numerus="yes">
        <source>%n epoch(s)</source>
        <translation><numerusform>%n Epoche</numerusform><numerusform>%n Epochen</numerusform></translation>
    </message>
    <message>
        <source>Model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>Data</source>
        <translation>Daten</translation>
    </message>
    <message>
        <source>Validation</source>
        <translation>Validierung</translation>
    </message>
    <message>
        <source>Length</source>
        <translation>Länge</translation>
    </message>
    <message>
        <source>%1 steps</source>
        <translation>%1 Schritte</translation>
    </message>
    <message>
        <source>%1 epochs</source>
        <translation>%1 Epochen</translation>
    </message>
    <message>
        <source>What learns</source>
        <translation>Was lernt</translation>
    </message>
    <message>
        <source>rows</source>
        <translation>Zeilen</translation>
    </message>
    <message>
        <source>groups</source>
        <translation>Gruppen</translation>
    </message>
    <message>
        <source>Form</source>
        <translation>Form</translation>
    </message>
    <message>
        <source>raw</source>
        <translation>roh</translation>
    </message>
    <message>
        <source>relative</source>
        <translation>relativ</translation>
    </message>
    <message>
        <source>Learning rate</source>
        <translation>Lernrate</translation>
    </message>
    <message>
        <source>default</source>
        <translation>Vorgabe</translation>
    </message>
    <message>
        <source>Schedule</source>
        <translation>Verlauf</translation>
    </message>
    <message>
        <source>constant</source>
        <translation>konstant</translation>
    </message>
    <message>
        <source>linear</source>
        <translation>linear</translation>
    </message>
    <message>
        <source>cosine</source>
        <translation>Kosinus</translation>
    </message>
    <message>
        <source>Warm-up</source>
        <translation>Anlauf</translation>
    </message>
    <message>
        <source>Context × batch</source>
        <translation>Kontext × Stapel</translation>
    </message>
    <message>
        <source>Gradient clip</source>
        <translation>Gradientengrenze</translation>
    </message>
    <message>
        <source>Weight decay</source>
        <translation>Gewichtszerfall</translation>
    </message>
    <message>
        <source>Learns from</source>
        <translation>Lernt aus</translation>
    </message>
    <message>
        <source>whole text</source>
        <translation>ganzem Text</translation>
    </message>
    <message>
        <source>answers</source>
        <translation>Antworten</translation>
    </message>
    <message>
        <source>Seed</source>
        <translation>Startwert</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::RowProblemModel</name>
    <message>
        <source>Skipped</source>
        <translation>Ausgelassen</translation>
    </message>
    <message>
        <source>Longer than the context</source>
        <translation>Länger als der Kontext</translation>
    </message>
    <message>
        <source>cut to %1 tokens</source>
        <translation>auf %1 Token gekürzt</translation>
    </message>
    <message>
        <source>Cut</source>
        <translation>Gekürzt</translation>
    </message>
    <message>
        <source>Line</source>
        <translation>Zeile</translation>
    </message>
    <message>
        <source>Problem</source>
        <translation>Problem</translation>
    </message>
    <message>
        <source>Result</source>
        <translation>Ergebnis</translation>
    </message>
    <message>
        <source>%1, %2</source>
        <translation>%1, %2</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::RunTableModel</name>
    <message>
        <source>Running</source>
        <translation>Läuft</translation>
    </message>
    <message>
        <source>Paused</source>
        <translation>Pausiert</translation>
    </message>
    <message>
        <source>Stopped</source>
        <translation>Angehalten</translation>
    </message>
    <message>
        <source>Finished</source>
        <translation>Fertig</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>Fehlgeschlagen</translation>
    </message>
    <message>
        <source>Interrupted</source>
        <translation>Unterbrochen</translation>
    </message>
    <message>
        <source>%1 learns %2</source>
        <translation>%1 lernt %2</translation>
    </message>
    <message>
        <source>%1 of %2</source>
        <translation>%1 von %2</translation>
    </message>
    <message>
        <source>Run</source>
        <translation>Lauf</translation>
    </message>
    <message>
        <source>State</source>
        <translation>Zustand</translation>
    </message>
    <message>
        <source>Steps</source>
        <translation>Schritte</translation>
    </message>
    <message>
        <source>Lowest validation</source>
        <translation>Tiefste Validierung</translation>
    </message>
    <message>
        <source>Time</source>
        <translation>Zeit</translation>
    </message>
    <message>
        <source>Started</source>
        <translation>Begonnen</translation>
    </message>
    <message>
        <source>Right answers</source>
        <translation>Richtige Antworten</translation>
    </message>
    <message>
        <source>Right answers of the original → and of what it learned:</source>
        <translation>Richtige Antworten des Originals → und dessen, was er gelernt hat:</translation>
    </message>
    <message>
        <source>%1, %2: of %3 (%4)</source>
        <translation>%1, %2: von %3 (%4)</translation>
    </message>
    <message>
        <source>on learned rows</source>
        <translation>auf gelernten Zeilen</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::RunsPage</name>
    <message>
        <source>Shows only runs whose name contains this</source>
        <translation>Zeigt nur Läufe, deren Name dies enthält</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>Noch einmal</translation>
    </message>
    <message>
        <source>Runs</source>
        <translation>Läufe</translation>
    </message>
    <message>
        <source>Every run ever made here: compare, resume, annotate, report.</source>
        <translation>Jeder Lauf, der hier gemacht wurde: vergleichen, fortsetzen, Notizen, Bericht.</translation>
    </message>
    <message>
        <source>Report…</source>
        <translation>Bericht…</translation>
    </message>
    <message>
        <source>A page with the recipe, the curves and the figures of this run, as HTML or PDF</source>
        <translation>Eine Seite mit Rezept, Kurven und Zahlen dieses Laufs, als HTML oder PDF</translation>
    </message>
    <message>
        <source>Chat with it</source>
        <translation>Damit chatten</translation>
    </message>
    <message>
        <source>Loss</source>
        <translation>Verlust</translation>
    </message>
    <message>
        <source>Validation</source>
        <translation>Validierung</translation>
    </message>
    <message>
        <source>Rate</source>
        <translation>Rate</translation>
    </message>
    <message>
        <source>Curve</source>
        <translation>Kurve</translation>
    </message>
    <message>
        <source>Save the chart as PNG, SVG or CSV</source>
        <translation>Das Diagramm als PNG, SVG oder CSV speichern</translation>
    </message>
    <message>
        <source>Check runs below to compare them</source>
        <translation>Haken Sie unten Läufe an, um sie zu vergleichen</translation>
    </message>
    <message>
        <source>Step %1</source>
        <translation>Schritt %1</translation>
    </message>
    <message>
        <source>smoothed</source>
        <translation>geglättet</translation>
    </message>
    <message>
        <source>Recipes of the compared runs</source>
        <translation>Rezepte der verglichenen Läufe</translation>
    </message>
    <message>
        <source>Recipe</source>
        <translation>Rezept</translation>
    </message>
    <message>
        <source>differences in bold</source>
        <translation>Unterschiede fett</translation>
    </message>
    <message>
        <source>Filter runs</source>
        <translation>Läufe filtern</translation>
    </message>
    <message>
        <source>Resume</source>
        <translation>Fortsetzen</translation>
    </message>
    <message>
        <source>Notes…</source>
        <translation>Notizen…</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Löschen</translation>
    </message>
    <message>
        <source>No runs yet</source>
        <translation>Noch keine Läufe</translation>
    </message>
    <message>
        <source>Tune a model: its run appears here, with its curves and its recipe.</source>
        <translation>Passen Sie ein Modell an: der Lauf erscheint hier, mit Kurven und Rezept.</translation>
    </message>
    <message>
        <source>Fine-tune a model</source>
        <translation>Ein Modell anpassen</translation>
    </message>
    <message>
        <source>Renaming</source>
        <translation>Wird umbenannt</translation>
    </message>
    <message>
        <source>Reading the history</source>
        <translation>Verlauf wird gelesen</translation>
    </message>
    <message>
        <source>The history cannot be read</source>
        <translation>Der Verlauf kann nicht gelesen werden</translation>
    </message>
    <message>
        <source>%1 compared</source>
        <translation>%1 verglichen</translation>
    </message>
    <message>
        <source>differences in bold; %1 equal lines hidden</source>
        <translation>Unterschiede fett; %1 gleiche Zeilen verborgen</translation>
    </message>
    <message>
        <source>Reading curves</source>
        <translation>Kurven werden gelesen</translation>
    </message>
    <message>
        <source>The curves cannot be read</source>
        <translation>Die Kurven können nicht gelesen werden</translation>
    </message>
    <message>
        <source>Validation loss</source>
        <translation>Validierungsverlust</translation>
    </message>
    <message>
        <source>Learning rate</source>
        <translation>Lernrate</translation>
    </message>
    <message>
        <source>Choose a run in the table</source>
        <translation>Wählen Sie einen Lauf in der Tabelle</translation>
    </message>
    <message>
        <source>The folder of this run was moved or deleted</source>
        <translation>Der Ordner dieses Laufs wurde verschoben oder gelöscht</translation>
    </message>
    <message>
        <source>It is running: stop it first</source>
        <translation>Er läuft: halten Sie ihn zuerst an</translation>
    </message>
    <message>
        <source>It is running</source>
        <translation>Er läuft</translation>
    </message>
    <message>
        <source>It is finished</source>
        <translation>Er ist fertig</translation>
    </message>
    <message>
        <source>The history was not changed</source>
        <translation>Der Verlauf wurde nicht geändert</translation>
    </message>
    <message>
        <source>Deleting</source>
        <translation>Wird gelöscht</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Rückgängig</translation>
    </message>
    <message>
        <source>Undoing</source>
        <translation>Wird rückgängig gemacht</translation>
    </message>
    <message>
        <source>Notes on %1</source>
        <translation>Notizen zu %1</translation>
    </message>
    <message>
        <source>Notes</source>
        <translation>Notizen</translation>
    </message>
    <message>
        <source>Writing notes</source>
        <translation>Notizen werden geschrieben</translation>
    </message>
    <message>
        <source>Save the report</source>
        <translation>Bericht speichern</translation>
    </message>
    <message>
        <source>HTML (*.html);;PDF (*.pdf)</source>
        <translation>HTML (*.html);;PDF (*.pdf)</translation>
    </message>
    <message>
        <source>The report was not written</source>
        <translation>Der Bericht wurde nicht geschrieben</translation>
    </message>
    <message>
        <source>Writing the report</source>
        <translation>Bericht wird geschrieben</translation>
    </message>
    <message>
        <source>The report is %1</source>
        <translation>Der Bericht ist %1</translation>
    </message>
    <message>
        <source>Show in folder</source>
        <translation>Im Ordner zeigen</translation>
    </message>
    <message>
        <source>Export…</source>
        <translation>Exportieren…</translation>
    </message>
    <message>
        <source>Writes what it learned as a file for other programs</source>
        <translation>Schreibt, was er gelernt hat, als Datei für andere Programme</translation>
    </message>
    <message>
        <source>It has learned nothing yet that could be written</source>
        <translation>Er hat noch nichts gelernt, das geschrieben werden könnte</translation>
    </message>
    <message>
        <source>Rename</source>
        <translation>Umbenennen</translation>
    </message>
    <message>
        <source>Gives the run another name (F2)</source>
        <translation>Gibt dem Lauf einen anderen Namen (F2)</translation>
    </message>
    <message>
        <source>Score…</source>
        <translation>Auswerten…</translation>
    </message>
    <message>
        <source>How many answers are right, beside those of the original: on the rows held back, or on a file</source>
        <translation>Wie viele Antworten richtig sind, neben denen des Originals: auf den zurückgehaltenen Zeilen oder auf einer Datei</translation>
    </message>
    <message>
        <source>It has learned nothing yet that could be asked</source>
        <translation>Er hat noch nichts gelernt, was gefragt werden könnte</translation>
    </message>
    <message>
        <source>Delete the run?</source>
        <translation>Den Lauf löschen?</translation>
    </message>
    <message>
        <source>Delete %1?</source>
        <translation>%1 löschen?</translation>
    </message>
    <message>
        <source>Its files, %1, are in %2. Off the list alone they stay, and Models and Export go on offering what it learned.</source>
        <translation>Seine Dateien, %1, liegen in %2. Nur von der Liste genommen bleiben sie, und Modelle und Export bieten weiter an, was er gelernt hat.</translation>
    </message>
    <message>
        <source>Files to the trash</source>
        <translation>Dateien in den Papierkorb</translation>
    </message>
    <message>
        <source>Off the list</source>
        <translation>Von der Liste nehmen</translation>
    </message>
    <message>
        <source>Keep it</source>
        <translation>Behalten</translation>
    </message>
    <message>
        <source>%1 was taken off the list; its files stay</source>
        <translation>%1 wurde von der Liste genommen; seine Dateien bleiben</translation>
    </message>
    <message>
        <source>%1 and its files were deleted</source>
        <translation>%1 und seine Dateien wurden gelöscht</translation>
    </message>
    <message>
        <source>%1 was deleted; its files are in the trash</source>
        <translation>%1 wurde gelöscht; seine Dateien sind im Papierkorb</translation>
    </message>
    <message>
        <source>Not all files could be deleted</source>
        <translation>Nicht alle Dateien konnten gelöscht werden</translation>
    </message>
    <message>
        <source>%1: some could not be deleted. Close what has them open, and try again.</source>
        <translation>%1: einige konnten nicht gelöscht werden. Schließen Sie, was sie geöffnet hat, und versuchen Sie es noch einmal.</translation>
    </message>
    <message>
        <source>Delete for good?</source>
        <translation>Endgültig löschen?</translation>
    </message>
    <message>
        <source>The files of %1 cannot be put into the trash.</source>
        <translation>Die Dateien von %1 können nicht in den Papierkorb gelegt werden.</translation>
    </message>
    <message>
        <source>%1 can be deleted for good. That cannot be undone.</source>
        <translation>%1 kann endgültig gelöscht werden. Das lässt sich nicht rückgängig machen.</translation>
    </message>
    <message>
        <source>Delete for good</source>
        <translation>Endgültig löschen</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::SettingsPage</name>
    <message>
        <source>Settings</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>How it looks, what it may use, and where things lie. Nothing leaves this machine.</source>
        <translation>Wie es aussieht, was es benutzen darf und wo die Dinge liegen. Nichts verlässt diesen Rechner.</translation>
    </message>
    <message>
        <source>The settings file was not as expected</source>
        <translation>Die Einstellungsdatei war nicht wie erwartet</translation>
    </message>
    <message>
        <source>Follow system</source>
        <translation>Wie das System</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>Hell</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>Dunkel</translation>
    </message>
    <message>
        <source>Theme</source>
        <translation>Farben</translation>
    </message>
    <message>
        <source>Text size</source>
        <translation>Schriftgröße</translation>
    </message>
    <message>
        <source>&amp;Notify me when a long job ends</source>
        <translation>&amp;Melden, wenn eine lange Arbeit endet</translation>
    </message>
    <message>
        <source>By the desktop's notifications, when this window is not in front</source>
        <translation>Durch die Meldungen der Arbeitsumgebung, wenn dieses Fenster nicht vorn ist</translation>
    </message>
    <message>
        <source>While jobs run</source>
        <translation>Während gearbeitet wird</translation>
    </message>
    <message>
        <source>Automatic</source>
        <translation>Automatisch</translation>
    </message>
    <message>
        <source>CPU</source>
        <translation>CPU</translation>
    </message>
    <message>
        <source>GPU</source>
        <translation>GPU</translation>
    </message>
    <message>
        <source>Device</source>
        <translation>Gerät</translation>
    </message>
    <message>
        <source>All GPUs</source>
        <translation>Alle GPUs</translation>
    </message>
    <message>
        <source>The GPUs of this machine share the steps of a tuning run</source>
        <translation>Die GPUs dieses Rechners teilen sich die Schritte eines Anpassungslaufs</translation>
    </message>
    <message>
        <source>Beside the card</source>
        <translation>Neben der Karte</translation>
    </message>
    <message>
        <source>Weights that found no room on the card; they come from this machine's memory as they are needed</source>
        <translation>Gewichte, die auf der Karte keinen Platz fanden; sie kommen aus dem Speicher dieses Rechners, wenn sie gebraucht werden</translation>
    </message>
    <message>
        <source>An NVIDIA GPU, where this build and this machine have one</source>
        <translation>Eine NVIDIA-GPU, wo dieses Programm und dieser Rechner eine haben</translation>
    </message>
    <message>
        <source>Processor threads that jobs use</source>
        <translation>Prozessor-Threads für Arbeiten</translation>
    </message>
    <message>
        <source>Threads</source>
        <translation>Threads</translation>
    </message>
    <message>
        <source>&amp;As many as are useful</source>
        <translation>&amp;So viele, wie nützen</translation>
    </message>
    <message>
        <source>One for each physical core</source>
        <translation>Einer je Prozessorkern</translation>
    </message>
    <message>
        <source>T&amp;hreads</source>
        <translation>T&amp;hreads</translation>
    </message>
    <message>
        <source>Machine</source>
        <translation>Rechner</translation>
    </message>
    <message>
        <source>&amp;Device</source>
        <translation>&amp;Gerät</translation>
    </message>
    <message>
        <source>Folders that are scanned for models</source>
        <translation>Ordner, die nach Modellen durchsucht werden</translation>
    </message>
    <message>
        <source>Add folder…</source>
        <translation>Ordner aufnehmen…</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>Entfernen</translation>
    </message>
    <message>
        <source>Stops scanning this folder; its files stay</source>
        <translation>Durchsucht diesen Ordner nicht mehr; seine Dateien bleiben</translation>
    </message>
    <message>
        <source>Scan a folder for models</source>
        <translation>Einen Ordner nach Modellen durchsuchen</translation>
    </message>
    <message>
        <source>%1 is not scanned any more</source>
        <translation>%1 wird nicht mehr durchsucht</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Rückgängig</translation>
    </message>
    <message>
        <source>Choose a folder first</source>
        <translation>Wählen Sie zuerst einen Ordner</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>Zeigen</translation>
    </message>
    <message>
        <source>Shows the folder with history and sample in the file manager</source>
        <translation>Zeigt den Ordner mit Verlauf und Beispiel in der Dateiverwaltung</translation>
    </message>
    <message>
        <source>Folders</source>
        <translation>Ordner</translation>
    </message>
    <message>
        <source>Scanned for models</source>
        <translation>Nach Modellen durchsucht</translation>
    </message>
    <message>
        <source>Processor</source>
        <translation>Prozessor</translation>
    </message>
    <message>
        <source>Used as</source>
        <translation>Benutzt als</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Speicher</translation>
    </message>
    <message>
        <source>%1, %2 free</source>
        <translation>%1, %2 frei</translation>
    </message>
    <message>
        <source>Held by open models</source>
        <translation>Von offenen Modellen belegt</translation>
    </message>
    <message>
        <source>Project</source>
        <translation>Projekt</translation>
    </message>
    <message>
        <source>none yet</source>
        <translation>noch keins</translation>
    </message>
    <message>
        <source>History and sample</source>
        <translation>Verlauf und Beispiel</translation>
    </message>
    <message>
        <source>Free on disk</source>
        <translation>Frei auf der Platte</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::SizeBars</name>
    <message>
        <source>Size now %1, after %2</source>
        <translation>Größe jetzt %1, danach %2</translation>
    </message>
    <message>
        <source>Now</source>
        <translation>Jetzt</translation>
    </message>
    <message>
        <source>After</source>
        <translation>Danach</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::StatusBar</name>
    <message>
        <source>Status</source>
        <translation>Status</translation>
    </message>
    <message>
        <source>Ready</source>
        <translation>Bereit</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::Stepper</name>
    <message>
        <source>Steps</source>
        <translation>Schritte</translation>
    </message>
    <message>
        <source>Step %1 of %2: %3</source>
        <translation>Schritt %1 von %2: %3</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::TensorLogModel</name>
    <message>
        <source>Tensor</source>
        <translation>Tensor</translation>
    </message>
    <message>
        <source>Type</source>
        <translation>Typ</translation>
    </message>
    <message>
        <source>Error</source>
        <translation>Fehler</translation>
    </message>
    <message>
        <source>Seconds</source>
        <translation>Sek.</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::TuneDataStep</name>
    <message>
        <source>Held back to validate on, %</source>
        <translation>Zurückgehalten, %</translation>
    </message>
    <message>
        <source>These rows are never learned from; their loss says whether it learns or only remembers</source>
        <translation>Aus diesen Zeilen wird nie gelernt; ihr Verlust zeigt, ob gelernt oder nur gemerkt wird</translation>
    </message>
    <message>
        <source>Every row can be learned from</source>
        <translation>Aus jeder Zeile kann gelernt werden</translation>
    </message>
    <message>
        <source>Nothing is skipped and nothing is cut.</source>
        <translation>Nichts wird übersprungen und nichts abgeschnitten.</translation>
    </message>
    <message>
        <source>%  ·  %1 of %2 rows</source>
        <translation>%  ·  %1 von %2 Zeilen</translation>
    </message>
    <message>
        <source>learned, %1 tokens</source>
        <translation>gelernt, %1 Token</translation>
    </message>
    <message>
        <source>instructions (Alpaca)</source>
        <translation>Anweisungen (Alpaca)</translation>
    </message>
    <message>
        <source>conversations (ShareGPT)</source>
        <translation>Gespräche (ShareGPT)</translation>
    </message>
    <message>
        <source>chat messages</source>
        <translation>Chat-Nachrichten</translation>
    </message>
    <message>
        <source>prompts and completions</source>
        <translation>Fragen und Antworten</translation>
    </message>
    <message>
        <source>table (CSV)</source>
        <translation>Tabelle (CSV)</translation>
    </message>
    <message>
        <source>plain text</source>
        <translation>reiner Text</translation>
    </message>
    <message>
        <source>unknown</source>
        <translation>unbekannt</translation>
    </message>
    <message>
        <source>Choose a file…</source>
        <translation>Datei wählen…</translation>
    </message>
    <message>
        <source>JSON, JSONL, CSV, TSV or text</source>
        <translation>JSON, JSONL, CSV, TSV oder Text</translation>
    </message>
    <message>
        <source>Columns…</source>
        <translation>Spalten…</translation>
    </message>
    <message>
        <source>Which column is the prompt, which the answer</source>
        <translation>Welche Spalte die Frage ist und welche die Antwort</translation>
    </message>
    <message>
        <source>Remove this file</source>
        <translation>Diese Datei entfernen</translation>
    </message>
    <message>
        <source>Answers only</source>
        <translation>Nur Antworten</translation>
    </message>
    <message>
        <source>Whole text</source>
        <translation>Ganzer Text</translation>
    </message>
    <message>
        <source>Learn from</source>
        <translation>Lernen aus</translation>
    </message>
    <message>
        <source>File</source>
        <translation>Datei</translation>
    </message>
    <message>
        <source>No examples yet</source>
        <translation>Noch keine Beispiele</translation>
    </message>
    <message>
        <source>Drop a file here: chat messages, instructions, prompts with answers, a table or plain text.</source>
        <translation>Legen Sie eine Datei hierher: Chat-Nachrichten, Anweisungen, Fragen mit Antworten, eine Tabelle oder reinen Text.</translation>
    </message>
    <message>
        <source>Use the sample dataset</source>
        <translation>Die Beispieldaten benutzen</translation>
    </message>
    <message>
        <source>Rows with problems</source>
        <translation>Zeilen mit Problemen</translation>
    </message>
    <message>
        <source>Row checks</source>
        <translation>Prüfung der Zeilen</translation>
    </message>
    <message>
        <source>every row is read before the start</source>
        <translation>jede Zeile wird vor dem Start gelesen</translation>
    </message>
    <message>
        <source>Row before</source>
        <translation>Vorige Zeile</translation>
    </message>
    <message>
        <source>Row after</source>
        <translation>Nächste Zeile</translation>
    </message>
    <message>
        <source>What the model sees</source>
        <translation>Was das Modell sieht</translation>
    </message>
    <message>
        <source>Length of rows</source>
        <translation>Länge der Zeilen</translation>
    </message>
    <message>
        <source>tokens</source>
        <translation>Token</translation>
    </message>
    <message>
        <source>The rows are being checked</source>
        <translation>Die Zeilen werden geprüft</translation>
    </message>
    <message>
        <source>Choose examples first</source>
        <translation>Wählen Sie zuerst Beispiele</translation>
    </message>
    <message>
        <source>No row of this file can be learned from</source>
        <translation>Aus keiner Zeile dieser Datei kann gelernt werden</translation>
    </message>
    <message>
        <source>Choose examples</source>
        <translation>Beispiele wählen</translation>
    </message>
    <message>
        <source>Datasets (*.json *.jsonl *.csv *.tsv *.txt *.md);;All files (*)</source>
        <translation>Datensätze (*.json *.jsonl *.csv *.tsv *.txt *.md);;Alle Dateien (*)</translation>
    </message>
    <message>
        <source>Checking %1</source>
        <translation>%1 wird geprüft</translation>
    </message>
    <message>
        <source>These examples cannot be used</source>
        <translation>Diese Beispiele können nicht benutzt werden</translation>
    </message>
    <message>
        <source>reading every row…</source>
        <translation>jede Zeile wird gelesen…</translation>
    </message>
    <message>
        <source>%1 rows, %2, %3</source>
        <translation>%1 Zeilen, %2, %3</translation>
    </message>
    <message>
        <source>not read</source>
        <translation>nicht gelesen</translation>
    </message>
    <message>
        <source>Format recognized</source>
        <translation>Format erkannt</translation>
    </message>
    <message>
        <source>Reading</source>
        <translation>Wird gelesen</translation>
    </message>
    <message>
        <source>Not usable</source>
        <translation>Nicht brauchbar</translation>
    </message>
    <message>
        <source>%1 ready</source>
        <translation>%1 bereit</translation>
    </message>
    <message>
        <source>%1 cut</source>
        <translation>%1 gekürzt</translation>
    </message>
    <message>
        <source>%1 skipped</source>
        <translation>%1 ausgelassen</translation>
    </message>
    <message>
        <source>%1 twice</source>
        <translation>%1 doppelt</translation>
    </message>
    <message>
        <source>context %1</source>
        <translation>Kontext %1</translation>
    </message>
    <message>
        <source>tokens; median %1, longest %2</source>
        <translation>Token; Median %1, längste %2</translation>
    </message>
    <message>
        <source>%1 of %2 rows</source>
        <translation>%1 von %2 Zeilen</translation>
    </message>
    <message>
        <source>Row %1 of %2</source>
        <translation>Zeile %1 von %2</translation>
    </message>
    <message>
        <source>Rendering a row</source>
        <translation>Eine Zeile wird dargestellt</translation>
    </message>
    <message>
        <source>This row cannot be rendered</source>
        <translation>Diese Zeile kann nicht dargestellt werden</translation>
    </message>
    <message>
        <source>nothing to learn in this row</source>
        <translation>in dieser Zeile gibt es nichts zu lernen</translation>
    </message>
    <message>
        <source>read only, %1 tokens</source>
        <translation>nur gelesen, %1 Token</translation>
    </message>
    <message>
        <source>%1 of %2 tokens</source>
        <translation>%1 von %2 Token</translation>
    </message>
    <message>
        <source>Columns</source>
        <translation>Spalten</translation>
    </message>
    <message>
        <source>Prompt</source>
        <translation>Frage</translation>
    </message>
    <message>
        <source>Answer</source>
        <translation>Antwort</translation>
    </message>
    <message>
        <source>System prompt</source>
        <translation>Systemanweisung</translation>
    </message>
    <message>
        <source>none</source>
        <translation>keine</translation>
    </message>
    <message>
        <source>recognized by its name</source>
        <translation>am Namen erkannt</translation>
    </message>
    <message>
        <source>Choose examples of how it should answer. Every row is checked before anything starts.</source>
        <translation>Wählen Sie Beispiele, wie es antworten soll. Jede Zeile wird geprüft, bevor etwas beginnt.</translation>
    </message>
    <message>
        <source>No row of these files can be learned from</source>
        <translation>Aus keiner Zeile dieser Dateien kann gelernt werden</translation>
    </message>
    <message>
        <source>There is no place for the rows</source>
        <translation>Für die Zeilen ist kein Platz</translation>
    </message>
    <message>
        <source>%1 files, one run</source>
        <translation>%1 Dateien, ein Lauf</translation>
    </message>
    <message>
        <source>Add a file…</source>
        <translation>Datei hinzufügen…</translation>
    </message>
    <message>
        <source>Own file…</source>
        <translation>Eigene Datei…</translation>
    </message>
    <message>
        <source>Validates on the rows of another file; nothing of the examples is held back then</source>
        <translation>Validiert auf den Zeilen einer anderen Datei; von den Beispielen wird dann nichts zurückgehalten</translation>
    </message>
    <message>
        <source>Validated on</source>
        <translation>Validiert wird auf</translation>
    </message>
    <message>
        <source>The file to validate on cannot be used</source>
        <translation>Die Datei zum Validieren ist nicht brauchbar</translation>
    </message>
    <message>
        <source>Choose examples to validate on</source>
        <translation>Beispiele zum Validieren wählen</translation>
    </message>
    <message>
        <source>This file cannot be validated on</source>
        <translation>Auf dieser Datei kann nicht validiert werden</translation>
    </message>
    <message>
        <source>Remove the file that cannot be used</source>
        <translation>Entfernen Sie die Datei, die nicht benutzt werden kann</translation>
    </message>
    <message>
        <source>One of the files cannot be used</source>
        <translation>Eine der Dateien kann nicht benutzt werden</translation>
    </message>
    <message numerus="yes">
        <source>%n row(s)</source>
        <translation><numerusform>%n Zeile</numerusform><numerusform>%n Zeilen</numerusform></translation>
    </message>
</context>
<context>
    <name>scalewright::ui::TuneMethodStep</name>
    <message>
        <source>Learns most, takes longest.</source>
        <translation>Lernt am meisten, dauert am längsten.</translation>
    </message>
    <message numerus="yes">
        <source>the sample's own recipe: %n step(s), or choose one</source>
        <translation><numerusform>das Rezept des Beispiels: %n Schritt, oder wählen Sie</numerusform><numerusform>das Rezept des Beispiels: %n Schritte, oder wählen Sie</numerusform></translation>
    </message>
    <message numerus="yes">
        <source>own: %n step(s)</source>
        <translation><numerusform>eigen: %n Schritt</numerusform><numerusform>eigen: %n Schritte</numerusform></translation>
    </message>
    <message>
        <source>own: %1 epochs</source>
        <translation>eigen: %1 Epochen</translation>
    </message>
    <message numerus="yes">
        <source>%n epoch(s), %1 steps</source>
        <translation><numerusform>%n Epoche, %1 Schritte</numerusform><numerusform>%n Epochen, %1 Schritte</numerusform></translation>
    </message>
    <message numerus="yes">
        <source>%n epoch(s)</source>
        <translation><numerusform>%n Epoche</numerusform><numerusform>%n Epochen</numerusform></translation>
    </message>
    <message>
        <source>Quick</source>
        <translation>Schnell</translation>
    </message>
    <message>
        <source>Balanced</source>
        <translation>Ausgewogen</translation>
    </message>
    <message>
        <source>Thorough</source>
        <translation>Gründlich</translation>
    </message>
    <message>
        <source>Shows whether your data works.</source>
        <translation>Zeigt, ob Ihre Daten taugen.</translation>
    </message>
    <message>
        <source>Right for a few hundred rows.</source>
        <translation>Richtig für einige hundert Zeilen.</translation>
    </message>
    <message>
        <source>Learns most, takes longest.</source>
        <translation>Lernt am meisten, dauert am längsten.</translation>
    </message>
    <message>
        <source>Recommended</source>
        <translation>Empfohlen</translation>
    </message>
    <message>
        <source>How long to learn</source>
        <translation>Wie lange gelernt wird</translation>
    </message>
    <message>
        <source>Scales of groups</source>
        <translation>Skalen der Gruppen</translation>
    </message>
    <message>
        <source>Row multipliers</source>
        <translation>Faktoren der Zeilen</translation>
    </message>
    <message>
        <source>Every scale learns. Learns most.</source>
        <translation>Jede Skala lernt. Lernt am meisten.</translation>
    </message>
    <message>
        <source>One factor an output row: a small pack, faster steps. Fits any file type.</source>
        <translation>Ein Faktor je Ausgabezeile: ein kleines Paket, schnellere Schritte. Passt zu jedem Dateityp.</translation>
    </message>
    <message>
        <source>What learns</source>
        <translation>Was lernt</translation>
    </message>
    <message>
        <source>A question of yours</source>
        <translation>Eine Frage von Ihnen</translation>
    </message>
    <message>
        <source>A prompt of your own</source>
        <translation>Eine eigene Frage</translation>
    </message>
    <message>
        <source>Answered at each validation, so that progress can be read and not only plotted.</source>
        <translation>Wird bei jeder Validierung beantwortet, damit der Fortschritt zu lesen und nicht nur gezeichnet ist.</translation>
    </message>
    <message>
        <source>Advanced</source>
        <translation>Weiteres</translation>
    </message>
    <message>
        <source>learning rate</source>
        <translation>Lernrate</translation>
    </message>
    <message>
        <source>What to expect</source>
        <translation>Was zu erwarten ist</translation>
    </message>
    <message>
        <source>Learning rate</source>
        <translation>Lernrate</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>Shown in Runs, and the name of the pack: the small file with what was learned.</source>
        <translation>Steht unter Läufe und ist der Name des Pakets: der kleinen Datei mit dem Gelernten.</translation>
    </message>
    <message>
        <source>Epochs: how often every row is read</source>
        <translation>Epochen: wie oft jede Zeile gelesen wird</translation>
    </message>
    <message>
        <source>Tokens of a row: longer rows are cut</source>
        <translation>Token einer Zeile: längere werden gekürzt</translation>
    </message>
    <message>
        <source>Contexts full of rows that are computed at once: more is faster and takes more memory</source>
        <translation>Volle Kontexte, die auf einmal gerechnet werden: mehr ist schneller und braucht mehr Speicher</translation>
    </message>
    <message>
        <source>Batches that are read before a step corrects the scales: more is steadier, and makes fewer steps of the same rows</source>
        <translation>Stapel, die gelesen werden, bevor ein Schritt die Skalen ändert: mehr ist ruhiger und macht weniger Schritte aus denselben Zeilen</translation>
    </message>
    <message>
        <source>0: the default for the bits of this model</source>
        <translation>0: die Vorgabe für die Bits dieses Modells</translation>
    </message>
    <message>
        <source>Part of the steps in which the rate goes up</source>
        <translation>Anteil der Schritte, in denen die Rate steigt</translation>
    </message>
    <message>
        <source>Largest gradient norm; 0: none</source>
        <translation>Größte Gradientennorm; 0: keine</translation>
    </message>
    <message>
        <source>Pulls the scales back to where they were</source>
        <translation>Zieht die Skalen dorthin zurück, wo sie waren</translation>
    </message>
    <message>
        <source>Same seed, same run, to the bit</source>
        <translation>Gleicher Startwert, gleicher Lauf, bis aufs Bit</translation>
    </message>
    <message>
        <source>constant</source>
        <translation>konstant</translation>
    </message>
    <message>
        <source>cosine</source>
        <translation>Kosinus</translation>
    </message>
    <message>
        <source>linear</source>
        <translation>linear</translation>
    </message>
    <message>
        <source>How the learning rate goes down</source>
        <translation>Wie die Lernrate abnimmt</translation>
    </message>
    <message>
        <source>For rows that have none</source>
        <translation>Für Zeilen, die keine haben</translation>
    </message>
    <message>
        <source>Epochs</source>
        <translation>Epochen</translation>
    </message>
    <message>
        <source>Context</source>
        <translation>Kontext</translation>
    </message>
    <message>
        <source>Batch</source>
        <translation>Stapel</translation>
    </message>
    <message>
        <source>Accumulate</source>
        <translation>Ansammeln</translation>
    </message>
    <message>
        <source>Warm-up</source>
        <translation>Anlauf</translation>
    </message>
    <message>
        <source>Gradient clip</source>
        <translation>Gradientengrenze</translation>
    </message>
    <message>
        <source>Weight decay</source>
        <translation>Gewichtszerfall</translation>
    </message>
    <message>
        <source>Schedule</source>
        <translation>Verlauf</translation>
    </message>
    <message>
        <source>Form</source>
        <translation>Form</translation>
    </message>
    <message>
        <source>Seed</source>
        <translation>Startwert</translation>
    </message>
    <message>
        <source>System prompt</source>
        <translation>Systemanweisung</translation>
    </message>
    <message>
        <source>Give the run a name</source>
        <translation>Geben Sie dem Lauf einen Namen</translation>
    </message>
    <message>
        <source>Own</source>
        <translation>Eigenes</translation>
    </message>
    <message>
        <source>context %1, batch %2, rate %3, warm-up %4, clip %5, seed %6</source>
        <translation>Kontext %1, Stapel %2, Rate %3, Anlauf %4, Grenze %5, Startwert %6</translation>
    </message>
    <message>
        <source>default</source>
        <translation>Vorgabe</translation>
    </message>
    <message>
        <source>Planning</source>
        <translation>Wird geplant</translation>
    </message>
    <message>
        <source>This cannot be planned</source>
        <translation>Das kann nicht geplant werden</translation>
    </message>
    <message>
        <source>&lt; 1</source>
        <translation>&lt; 1</translation>
    </message>
    <message>
        <source>min</source>
        <translation>min</translation>
    </message>
    <message>
        <source>%1 epochs</source>
        <translation>%1 Epochen</translation>
    </message>
    <message>
        <source>%1 numbers learn; a pack of %2. %3</source>
        <translation>%1 Zahlen lernen; ein Paket von %2. %3</translation>
    </message>
    <message>
        <source>Fits any file type.</source>
        <translation>Passt zu jedem Dateityp.</translation>
    </message>
    <message>
        <source>Learns most.</source>
        <translation>Lernt am meisten.</translation>
    </message>
    <message>
        <source>Time</source>
        <translation>Zeit</translation>
    </message>
    <message>
        <source>Steps</source>
        <translation>Schritte</translation>
    </message>
    <message>
        <source>Tokens learned</source>
        <translation>Gelernte Token</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Speicher</translation>
    </message>
    <message>
        <source>Checkpoints</source>
        <translation>Sicherungspunkte</translation>
    </message>
    <message>
        <source>every %1 s</source>
        <translation>alle %1 s</translation>
    </message>
    <message>
        <source>Fits</source>
        <translation>Passt</translation>
    </message>
    <message>
        <source>yes, %1 stay free</source>
        <translation>ja, %1 frei</translation>
    </message>
    <message>
        <source>no: see the plan</source>
        <translation>nein: siehe Plan</translation>
    </message>
    <message>
        <source>Choose how long to learn. Everything else has a good default.</source>
        <translation>Wählen Sie, wie lange gelernt wird. Alles andere hat eine gute Vorgabe.</translation>
    </message>
    <message>
        <source>Steps in all, whatever the number of rows. Each corrects the scales once.</source>
        <translation>Schritte insgesamt, unabhängig von der Zahl der Zeilen. Jeder ändert die Skalen einmal.</translation>
    </message>
    <message>
        <source>epochs</source>
        <translation>Epochen</translation>
    </message>
    <message>
        <source>steps</source>
        <translation>Schritte</translation>
    </message>
    <message>
        <source>Counted in passes over the data, or in steps</source>
        <translation>Gezählt in Durchgängen durch die Daten oder in Schritten</translation>
    </message>
    <message>
        <source>Length counted in</source>
        <translation>Länge gezählt in</translation>
    </message>
    <message>
        <source>Length</source>
        <translation>Länge</translation>
    </message>
    <message>
        <source>relative</source>
        <translation>relativ</translation>
    </message>
    <message>
        <source>raw</source>
        <translation>roh</translation>
    </message>
    <message>
        <source>Relative: s = s0 (1 + θ), a step means the same for every model. Raw: s itself, the form of the paper.</source>
        <translation>Relativ: s = s0 (1 + θ), ein Schritt bedeutet bei jedem Modell dasselbe. Roh: s selbst, die Form der Arbeit.</translation>
    </message>
    <message>
        <source>Answered at each validation; empty: none</source>
        <translation>Wird bei jeder Validierung beantwortet; leer: keine</translation>
    </message>
    <message>
        <source>Usual: %1</source>
        <translation>Üblich: %1</translation>
    </message>
    <message>
        <source>It is a row of the file that is validated on: the model never learns from it.</source>
        <translation>Es ist eine Zeile der Datei, auf der validiert wird: das Modell lernt nie aus ihr.</translation>
    </message>
    <message>
        <source>An epoch reads every row once. A step reads some of them, short rows packed together, and then corrects the scales a little.</source>
        <translation>Eine Epoche liest jede Zeile einmal. Ein Schritt liest einige davon, kurze zusammengepackt, und ändert danach die Skalen ein wenig.</translation>
    </message>
    <message>
        <source>Memory, about</source>
        <translation>Speicher, etwa</translation>
    </message>
    <message>
        <source>Estimated for this method. It is counted again at the start, with what this program holds by then, and reserved before step 1.</source>
        <translation>Geschätzt für dieses Verfahren. Beim Start wird neu gezählt, mit dem, was dieses Programm dann hält, und vor Schritt 1 reserviert.</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::TuneModelStep</name>
    <message>
        <source>The integers are frozen</source>
        <translation>Die Ganzzahlen sind eingefroren</translation>
    </message>
    <message>
        <source>Their hash is taken before and after, and shown.</source>
        <translation>Ihre Prüfsumme wird vorher und nachher genommen und gezeigt.</translation>
    </message>
    <message>
        <source>Only the scales learn</source>
        <translation>Nur die Skalen lernen</translation>
    </message>
    <message>
        <source>A few megabytes in all, so the tuned model has the same size and the same speed.</source>
        <translation>Wenige Megabyte insgesamt; so behält das angepasste Modell Größe und Geschwindigkeit.</translation>
    </message>
    <message>
        <source>Your file is not touched</source>
        <translation>Ihre Datei bleibt unberührt</translation>
    </message>
    <message>
        <source>What is learned goes into a folder of its own, and can be written as a file of the same type.</source>
        <translation>Was gelernt wird, kommt in einen eigenen Ordner und lässt sich als Datei derselben Art schreiben.</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>A quantized model: GGUF, or a folder of safetensors (GPTQ, AWQ, compressed-tensors)</source>
        <translation>Ein quantisiertes Modell: GGUF, oder ein Ordner mit safetensors (GPTQ, AWQ, compressed-tensors)</translation>
    </message>
    <message>
        <source>Choose a file…</source>
        <translation>Datei wählen…</translation>
    </message>
    <message>
        <source>What will happen</source>
        <translation>Was geschehen wird</translation>
    </message>
    <message>
        <source>Choose a model first</source>
        <translation>Wählen Sie zuerst ein Modell</translation>
    </message>
    <message>
        <source>This model is in full precision: quantize it first</source>
        <translation>Dieses Modell hat volle Genauigkeit: quantisieren Sie es zuerst</translation>
    </message>
    <message>
        <source>This model has no tokenizer beside it</source>
        <translation>Neben diesem Modell liegt kein Tokenizer</translation>
    </message>
    <message>
        <source>Choose a model</source>
        <translation>Modell wählen</translation>
    </message>
    <message>
        <source>Models (*.gguf *.safetensors)</source>
        <translation>Modelle (*.gguf *.safetensors)</translation>
    </message>
    <message>
        <source>Reading %1</source>
        <translation>%1 wird gelesen</translation>
    </message>
    <message>
        <source>This model cannot be opened</source>
        <translation>Dieses Modell kann nicht geöffnet werden</translation>
    </message>
    <message>
        <source>Family</source>
        <translation>Familie</translation>
    </message>
    <message>
        <source>Type</source>
        <translation>Typ</translation>
    </message>
    <message>
        <source>Parameters</source>
        <translation>Parameter</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Größe</translation>
    </message>
    <message>
        <source>Layers</source>
        <translation>Schichten</translation>
    </message>
    <message>
        <source>Context</source>
        <translation>Kontext</translation>
    </message>
    <message>
        <source>Chat template</source>
        <translation>Chat-Vorlage</translation>
    </message>
    <message>
        <source>found</source>
        <translation>gefunden</translation>
    </message>
    <message>
        <source>none: plain turns are used</source>
        <translation>keine: schlichte Wechsel werden benutzt</translation>
    </message>
    <message>
        <source>Bits a weight</source>
        <translation>Bits pro Gewicht</translation>
    </message>
    <message>
        <source>This model cannot be run</source>
        <translation>Dieses Modell kann nicht ausgeführt werden</translation>
    </message>
    <message>
        <source>This model is in full precision</source>
        <translation>Dieses Modell hat volle Genauigkeit</translation>
    </message>
    <message>
        <source>Only scales learn, so it has to be quantized first. That takes a minute or two.</source>
        <translation>Nur Skalen lernen, also muss es zuerst quantisiert werden. Das dauert ein bis zwei Minuten.</translation>
    </message>
    <message>
        <source>Quantize it…</source>
        <translation>Quantisieren…</translation>
    </message>
    <message>
        <source>Choose the model that shall learn. Only its scales learn; the codes never change.</source>
        <translation>Wählen Sie das Modell, das lernen soll. Nur seine Skalen lernen; die Codes ändern sich nie.</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::TunePage</name>
    <message>
        <source>%1 learns %2.</source>
        <translation>%1 lernt %2.</translation>
    </message>
    <message>
        <source>%1 Safe to close: the next start offers it again.</source>
        <translation>%1 Schließen ist gefahrlos: der nächste Start bietet es wieder an.</translation>
    </message>
    <message>
        <source>Fine-tune</source>
        <translation>Anpassen</translation>
    </message>
    <message>
        <source>Teach the model your answers. Only its scales learn; the codes never change.</source>
        <translation>Bringen Sie dem Modell Ihre Antworten bei. Nur seine Skalen lernen; die Codes ändern sich nie.</translation>
    </message>
    <message>
        <source>Back</source>
        <translation>Zurück</translation>
    </message>
    <message>
        <source>Next</source>
        <translation>Weiter</translation>
    </message>
    <message>
        <source>Stop and keep</source>
        <translation>Anhalten und behalten</translation>
    </message>
    <message>
        <source>Ends after this step; everything learned so far is kept and can go on later</source>
        <translation>Endet nach diesem Schritt; alles bisher Gelernte bleibt und kann später weitergehen</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>Pause</translation>
    </message>
    <message>
        <source>Try it now</source>
        <translation>Jetzt ausprobieren</translation>
    </message>
    <message>
        <source>Talk to the model as it is at this step; training goes on after each answer</source>
        <translation>Mit dem Modell reden, wie es bei diesem Schritt ist; nach jeder Antwort geht das Lernen weiter</translation>
    </message>
    <message>
        <source>Chat: original | tuned</source>
        <translation>Chat: Original | angepasst</translation>
    </message>
    <message>
        <source>Export…</source>
        <translation>Exportieren…</translation>
    </message>
    <message>
        <source>New run</source>
        <translation>Neuer Lauf</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>Data</source>
        <translation>Daten</translation>
    </message>
    <message>
        <source>Method</source>
        <translation>Verfahren</translation>
    </message>
    <message>
        <source>Plan</source>
        <translation>Plan</translation>
    </message>
    <message>
        <source>Run</source>
        <translation>Lauf</translation>
    </message>
    <message>
        <source>Stopping</source>
        <translation>Hält an</translation>
    </message>
    <message>
        <source>A run is going on</source>
        <translation>Ein Lauf ist im Gange</translation>
    </message>
    <message>
        <source>One run at a time: stop it or wait until it is done, then resume the other.</source>
        <translation>Immer nur ein Lauf: halten Sie ihn an oder warten Sie, bis er fertig ist, und setzen Sie dann den anderen fort.</translation>
    </message>
    <message>
        <source>Next: Data</source>
        <translation>Weiter: Daten</translation>
    </message>
    <message>
        <source>Next: Method</source>
        <translation>Weiter: Verfahren</translation>
    </message>
    <message>
        <source>Next: Plan</source>
        <translation>Weiter: Plan</translation>
    </message>
    <message>
        <source>Start</source>
        <translation>Starten</translation>
    </message>
    <message>
        <source>Resume</source>
        <translation>Fortsetzen</translation>
    </message>
    <message>
        <source>There is no place for the run</source>
        <translation>Für den Lauf ist kein Platz</translation>
    </message>
    <message>
        <source>A model is being tuned</source>
        <translation>Ein Modell wird angepasst</translation>
    </message>
    <message>
        <source>The run stopped</source>
        <translation>Der Lauf hielt an</translation>
    </message>
    <message>
        <source>Stopped before its first step</source>
        <translation>Vor dem ersten Schritt angehalten</translation>
    </message>
    <message>
        <source>What the run learned earlier is kept, and it can go on from there.</source>
        <translation>Was der Lauf früher gelernt hat, ist erhalten; von dort kann er weitergehen.</translation>
    </message>
    <message>
        <source>Nothing was learned, and nothing was written.</source>
        <translation>Nichts wurde gelernt, und nichts wurde geschrieben.</translation>
    </message>
    <message>
        <source>Stopped, and kept</source>
        <translation>Angehalten und behalten</translation>
    </message>
    <message>
        <source>It has learned</source>
        <translation>Es hat gelernt</translation>
    </message>
    <message>
        <source>The run is done</source>
        <translation>Der Lauf ist fertig</translation>
    </message>
    <message>
        <source>The run can go on later from this very step. What it has learned so far can be tried and exported.</source>
        <translation>Der Lauf kann später von genau diesem Schritt weitergehen. Was bisher gelernt ist, lässt sich ausprobieren und exportieren.</translation>
    </message>
    <message>
        <source>The codes are unchanged and the file keeps its size. Talk to it beside the original, or export it.</source>
        <translation>Die Codes sind unverändert, und die Datei behält ihre Größe. Reden Sie mit ihm neben dem Original, oder exportieren Sie es.</translation>
    </message>
    <message>
        <source>Go on</source>
        <translation>Weitermachen</translation>
    </message>
    <message>
        <source>Tuning stopped</source>
        <translation>Das Anpassen hielt an</translation>
    </message>
    <message>
        <source>Tuning is done</source>
        <translation>Das Anpassen ist fertig</translation>
    </message>
    <message>
        <source>This run cannot go on</source>
        <translation>Dieser Lauf kann nicht weitergehen</translation>
    </message>
    <message>
        <source>%1 holds no recipe.json: the folder was moved or deleted.</source>
        <translation>%1 enthält keine recipe.json: der Ordner wurde verschoben oder gelöscht.</translation>
    </message>
    <message>
        <source>The run goes on, but</source>
        <translation>Der Lauf geht weiter, aber</translation>
    </message>
    <message>
        <source>It has learned a part of it</source>
        <translation>Es hat einen Teil davon gelernt</translation>
    </message>
    <message>
        <source>The scales of its last step are kept.</source>
        <translation>Behalten sind die Skalen des letzten Schritts.</translation>
    </message>
    <message>
        <source>The scales of its last step are kept, with a validation loss of %1. Before the first step it was %2: a lower learning rate may do better.</source>
        <translation>Behalten sind die Skalen des letzten Schritts, mit einem Validierungsverlust von %1. Vor dem ersten Schritt war er %2: eine kleinere Lernrate hilft vielleicht.</translation>
    </message>
    <message>
        <source>The scales of its last step are kept, with a validation loss of %1. At step %2 it was %3: a run of about so many steps may do better.</source>
        <translation>Behalten sind die Skalen des letzten Schritts, mit einem Validierungsverlust von %1. Bei Schritt %2 war er %3: ein Lauf von etwa so vielen Schritten hilft vielleicht.</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::TunePlanStep</name>
    <message>
        <source>Workspace</source>
        <translation>Arbeitsbereich</translation>
    </message>
    <message>
        <source>until done</source>
        <translation>bis fertig</translation>
    </message>
    <message>
        <source>a second</source>
        <translation>pro Sekunde</translation>
    </message>
    <message>
        <source>Timeline</source>
        <translation>Zeitplan</translation>
    </message>
    <message>
        <source>Leave cores for other work</source>
        <translation>Kerne für andere Arbeit lassen</translation>
    </message>
    <message>
        <source>Asks the desktop not to suspend while the run goes on</source>
        <translation>Bittet den Desktop, während des Laufs nicht in Bereitschaft zu gehen</translation>
    </message>
    <message>
        <source>A message of the desktop when the window is not in front</source>
        <translation>Eine Meldung des Desktops, wenn das Fenster nicht vorn ist</translation>
    </message>
    <message>
        <source>Computes on half of the cores: slower, and the machine stays pleasant to use</source>
        <translation>Rechnet auf der Hälfte der Kerne: langsamer, und der Rechner bleibt angenehm zu benutzen</translation>
    </message>
    <message>
        <source>Show all %1 entries</source>
        <translation>Alle %1 Einträge zeigen</translation>
    </message>
    <message>
        <source>This plan needs %1 more than the machine has free</source>
        <translation>Dieser Plan braucht %1 mehr, als auf dem Rechner frei ist</translation>
    </message>
    <message>
        <source>Nothing was started. Choose a way to make it fit, or close programs that hold memory.</source>
        <translation>Nichts wurde gestartet. Wählen Sie einen Weg, damit es passt, oder schließen Sie Programme, die Speicher halten.</translation>
    </message>
    <message>
        <source>steps, %1 of the rows</source>
        <translation>Schritte, %1 der Zeilen</translation>
    </message>
    <message numerus="yes">
        <source>steps, %n epoch(s)</source>
        <translation><numerusform>Schritte, %n Epoche</numerusform><numerusform>Schritte, %n Epochen</numerusform></translation>
    </message>
    <message>
        <source>nothing is held back to validate on</source>
        <translation>nichts wird zum Validieren zurückgehalten</translation>
    </message>
    <message numerus="yes">
        <source>a validation every %n step(s)</source>
        <translation><numerusform>eine Validierung nach jedem Schritt (%n)</numerusform><numerusform>eine Validierung alle %n Schritte</numerusform></translation>
    </message>
    <message numerus="yes">
        <source>a validation every %n step(s), with your own prompt</source>
        <translation><numerusform>eine Validierung nach jedem Schritt (%n), mit Ihrer Frage</numerusform><numerusform>eine Validierung alle %n Schritte, mit Ihrer Frage</numerusform></translation>
    </message>
    <message>
        <source>Weights, frozen</source>
        <translation>Gewichte, eingefroren</translation>
    </message>
    <message>
        <source>Scales, optimizer</source>
        <translation>Skalen, Optimierer</translation>
    </message>
    <message>
        <source>Activations</source>
        <translation>Aktivierungen</translation>
    </message>
    <message>
        <source>Logits</source>
        <translation>Logits</translation>
    </message>
    <message>
        <source>Show all entries</source>
        <translation>Alle Posten zeigen</translation>
    </message>
    <message>
        <source>Memory ledger</source>
        <translation>Speicherplan</translation>
    </message>
    <message>
        <source>%1, on %2</source>
        <translation>%1, auf %2</translation>
    </message>
    <message>
        <source>Blocks that do not fit the card and are fetched as they are needed</source>
        <translation>Blöcke, die nicht auf die Karte passen und geholt werden, wenn sie gebraucht werden</translation>
    </message>
    <message>
        <source>every byte, before the start</source>
        <translation>jedes Byte, vor dem Start</translation>
    </message>
    <message>
        <source>Make it fit</source>
        <translation>Passend machen</translation>
    </message>
    <message>
        <source>steps</source>
        <translation>Schritte</translation>
    </message>
    <message>
        <source>Edit</source>
        <translation>Ändern</translation>
    </message>
    <message>
        <source>Back to the method</source>
        <translation>Zurück zum Verfahren</translation>
    </message>
    <message>
        <source>Recipe</source>
        <translation>Rezept</translation>
    </message>
    <message>
        <source>Safety</source>
        <translation>Sicherheit</translation>
    </message>
    <message>
        <source>resumes to the bit</source>
        <translation>geht bis aufs Bit weiter</translation>
    </message>
    <message>
        <source>Keep this machine awake</source>
        <translation>Diesen Rechner wach halten</translation>
    </message>
    <message>
        <source>Notify me when it ends</source>
        <translation>Melden, wenn es endet</translation>
    </message>
    <message>
        <source>While it runs</source>
        <translation>Während es läuft</translation>
    </message>
    <message>
        <source>Hide entries</source>
        <translation>Posten verbergen</translation>
    </message>
    <message>
        <source>The memory is being planned</source>
        <translation>Der Speicher wird geplant</translation>
    </message>
    <message>
        <source>It does not fit this machine: choose one of the ways to make it fit</source>
        <translation>Es passt nicht auf diesen Rechner: wählen Sie einen der Wege, es passend zu machen</translation>
    </message>
    <message>
        <source>Planning the memory</source>
        <translation>Speicher wird geplant</translation>
    </message>
    <message>
        <source>This cannot be planned</source>
        <translation>Das kann nicht geplant werden</translation>
    </message>
    <message>
        <source>Every buffer is laid out before anything starts.</source>
        <translation>Jeder Puffer wird ausgelegt, bevor etwas beginnt.</translation>
    </message>
    <message>
        <source>It fits, and is reserved before step 1</source>
        <translation>Es passt und ist vor Schritt 1 reserviert</translation>
    </message>
    <message>
        <source>%1 will be set aside at the start. The run never asks for more.</source>
        <translation>%1 werden am Anfang beiseitegelegt. Der Lauf verlangt nie mehr.</translation>
    </message>
    <message>
        <source>It does not fit this machine</source>
        <translation>Es passt nicht auf diesen Rechner</translation>
    </message>
    <message>
        <source>until done, estimated</source>
        <translation>bis zum Ende, geschätzt</translation>
    </message>
    <message>
        <source>tokens a second</source>
        <translation>Token pro Sekunde</translation>
    </message>
    <message>
        <source>on disk for the pack</source>
        <translation>auf der Platte für das Paket</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>Data</source>
        <translation>Daten</translation>
    </message>
    <message>
        <source>%1 rows, %2 to validate</source>
        <translation>%1 Zeilen, %2 zum Validieren</translation>
    </message>
    <message>
        <source>What learns</source>
        <translation>Was lernt</translation>
    </message>
    <message>
        <source>%1 scales</source>
        <translation>%1 Skalen</translation>
    </message>
    <message>
        <source>Granularity</source>
        <translation>Feinheit</translation>
    </message>
    <message>
        <source>per row</source>
        <translation>je Zeile</translation>
    </message>
    <message>
        <source>per group</source>
        <translation>je Gruppe</translation>
    </message>
    <message>
        <source>Context × batch</source>
        <translation>Kontext × Stapel</translation>
    </message>
    <message>
        <source>Learning rate</source>
        <translation>Lernrate</translation>
    </message>
    <message>
        <source>Layers kept</source>
        <translation>Behaltene Schichten</translation>
    </message>
    <message>
        <source>Seed</source>
        <translation>Startwert</translation>
    </message>
    <message>
        <source>Checkpoint</source>
        <translation>Sicherungspunkt</translation>
    </message>
    <message>
        <source>every %1 s</source>
        <translation>alle %1 s</translation>
    </message>
    <message>
        <source>Size of one</source>
        <translation>Größe eines</translation>
    </message>
    <message>
        <source>Folder</source>
        <translation>Ordner</translation>
    </message>
    <message>
        <source>Free on disk</source>
        <translation>Frei auf der Platte</translation>
    </message>
    <message>
        <source>Check the plan. Nothing runs until you press Start, and nothing grows after.</source>
        <translation>Prüfen Sie den Plan. Nichts läuft, bevor Sie Starten drücken, und nichts wächst danach.</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::TuneRunView</name>
    <message>
        <source>%1 MB</source>
        <translation>%1 MB</translation>
    </message>
    <message>
        <source>Loss, learning rate and gradient norm</source>
        <translation>Verlust, Lernrate und Gradientennorm</translation>
    </message>
    <message>
        <source>Memory by part</source>
        <translation>Speicher nach Teilen</translation>
    </message>
    <message>
        <source>Chat, window</source>
        <translation>Chat, Fenster</translation>
    </message>
    <message>
        <source>Tokens a second</source>
        <translation>Token pro Sekunde</translation>
    </message>
    <message>
        <source>validating and saving</source>
        <translation>validiert und speichert</translation>
    </message>
    <message>
        <source>Preparing</source>
        <translation>Wird vorbereitet</translation>
    </message>
    <message>
        <source>train loss</source>
        <translation>Verlust beim Lernen</translation>
    </message>
    <message>
        <source>validation</source>
        <translation>Validierung</translation>
    </message>
    <message>
        <source>tokens a second</source>
        <translation>Token pro Sekunde</translation>
    </message>
    <message>
        <source>used</source>
        <translation>belegt</translation>
    </message>
    <message>
        <source>codes frozen</source>
        <translation>Codes eingefroren</translation>
    </message>
    <message>
        <source>train, raw</source>
        <translation>Lernen, roh</translation>
    </message>
    <message>
        <source>train, smoothed</source>
        <translation>Lernen, geglättet</translation>
    </message>
    <message>
        <source>learning rate</source>
        <translation>Lernrate</translation>
    </message>
    <message>
        <source>gradient norm</source>
        <translation>Gradientennorm</translation>
    </message>
    <message>
        <source>Step %1</source>
        <translation>Schritt %1</translation>
    </message>
    <message>
        <source>The first steps are being computed</source>
        <translation>Die ersten Schritte werden gerechnet</translation>
    </message>
    <message>
        <source>Linear</source>
        <translation>Linear</translation>
    </message>
    <message>
        <source>Log</source>
        <translation>Log</translation>
    </message>
    <message>
        <source>Scale of the loss</source>
        <translation>Skala des Verlusts</translation>
    </message>
    <message>
        <source>Show all of it</source>
        <translation>Alles zeigen</translation>
    </message>
    <message>
        <source>Save as PNG, SVG or CSV</source>
        <translation>Als PNG, SVG oder CSV speichern</translation>
    </message>
    <message>
        <source>Loss</source>
        <translation>Verlust</translation>
    </message>
    <message>
        <source>Your own prompt, at each validation</source>
        <translation>Ihre eigene Frage, bei jeder Validierung</translation>
    </message>
    <message>
        <source>Weights, frozen</source>
        <translation>Gewichte, eingefroren</translation>
    </message>
    <message>
        <source>Scales, optimizer</source>
        <translation>Skalen, Optimierer</translation>
    </message>
    <message>
        <source>Activations</source>
        <translation>Aktivierungen</translation>
    </message>
    <message>
        <source>Logits</source>
        <translation>Logits</translation>
    </message>
    <message>
        <source>Nothing reserved yet</source>
        <translation>Noch nichts reserviert</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Speicher</translation>
    </message>
    <message>
        <source>MB by part</source>
        <translation>MB nach Teil</translation>
    </message>
    <message>
        <source>No step done yet</source>
        <translation>Noch kein Schritt getan</translation>
    </message>
    <message>
        <source>Speed</source>
        <translation>Geschwindigkeit</translation>
    </message>
    <message>
        <source>reserved %1</source>
        <translation>reserviert %1</translation>
    </message>
    <message>
        <source>validation, its lowest</source>
        <translation>Validierung, ihr tiefster Wert</translation>
    </message>
    <message>
        <source>validation, lowest %1</source>
        <translation>Validierung, tiefster Wert %1</translation>
    </message>
    <message>
        <source>Step %1 of %2</source>
        <translation>Schritt %1 von %2</translation>
    </message>
    <message>
        <source>epoch %1</source>
        <translation>Epoche %1</translation>
    </message>
    <message>
        <source>step %1   %2</source>
        <translation>Schritt %1   %2</translation>
    </message>
    <message>
        <source>Stopped before its first step</source>
        <translation>Vor dem ersten Schritt angehalten</translation>
    </message>
    <message>
        <source>Stopped by an error</source>
        <translation>Durch einen Fehler angehalten</translation>
    </message>
    <message>
        <source>Stopped at step %1, everything kept</source>
        <translation>Bei Schritt %1 angehalten, alles behalten</translation>
    </message>
    <message>
        <source>Done: %1 steps</source>
        <translation>Fertig: %1 Schritte</translation>
    </message>
    <message>
        <source>%1 in all</source>
        <translation>insgesamt %1</translation>
    </message>
    <message>
        <source>codes unchanged, %1</source>
        <translation>Codes unverändert, %1</translation>
    </message>
    <message>
        <source>CODES CHANGED</source>
        <translation>CODES GEÄNDERT</translation>
    </message>
    <message>
        <source>paused</source>
        <translation>angehalten</translation>
    </message>
    <message>
        <source>now, of %1 reserved</source>
        <translation>jetzt, von %1 reserviert</translation>
    </message>
    <message>
        <source>of %1; chat, window +%2</source>
        <translation>von %1; Chat, Fenster +%2</translation>
    </message>
    <message>
        <source>What the run holds now, against what was reserved for it when it started. The plan before said about as much: this program held other things then. A chat beside the run and the window itself come on top.</source>
        <translation>Was der Lauf jetzt belegt, gegen das, was beim Start für ihn reserviert wurde. Der Plan davor nannte etwa so viel: dieses Programm hielt da anderes. Ein Chat neben dem Lauf und das Fenster selbst kommen hinzu.</translation>
    </message>
    <message>
        <source>Answered after the next step and at each validation (Return)</source>
        <translation>Wird nach dem nächsten Schritt und bei jeder Validierung beantwortet (Eingabetaste)</translation>
    </message>
    <message>
        <source>Change…</source>
        <translation>Ändern…</translation>
    </message>
    <message>
        <source>Asks another question from now on; the run goes on</source>
        <translation>Stellt von nun an eine andere Frage; der Lauf geht weiter</translation>
    </message>
    <message>
        <source>No prompt was given.</source>
        <translation>Es wurde keine Frage gestellt.</translation>
    </message>
    <message>
        <source>Ask it</source>
        <translation>Fragen</translation>
    </message>
    <message>
        <source>No step was done</source>
        <translation>Es wurde kein Schritt getan</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::ValueSlider</name>
    <message>
        <source>%1. A double click gives the default back.</source>
        <translation>%1. Ein Doppelklick stellt die Vorgabe wieder her.</translation>
    </message>
    <message>
        <source>%1, as a number</source>
        <translation>%1, als Zahl</translation>
    </message>
    <message>
        <source>Type a number</source>
        <translation>Eine Zahl eingeben</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::ChatPane</name>
    <message>
        <source>Model's own</source>
        <translation>Wie im Modell</translation>
    </message>
    <message>
        <source>Sampling as the model's file asks for</source>
        <translation>Sampling, wie es die Datei des Modells vorgibt</translation>
    </message>
    <message>
        <source>This model asks for nothing of its own: the program's defaults</source>
        <translation>Dieses Modell gibt nichts vor: die Vorgaben des Programms</translation>
    </message>
    <message>
        <source>Switched in %1 ms, codes in place</source>
        <translation>In %1 ms gewechselt, Codes bleiben</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::MakeItFit</name>
    <message>
        <source>needs %1</source>
        <translation>braucht %1</translation>
    </message>
    <message>
        <source>fits</source>
        <translation>passt</translation>
    </message>
    <message>
        <source>too big</source>
        <translation>zu groß</translation>
    </message>
    <message>
        <source>Row multipliers, batch %1, context %2</source>
        <translation>Zeilenfaktoren, Batch %1, Kontext %2</translation>
    </message>
    <message>
        <source>Tune row multipliers instead of groups</source>
        <translation>Zeilenfaktoren statt Gruppen anpassen</translation>
    </message>
    <message>
        <source>Use a context of %1</source>
        <translation>Kontext auf %1 setzen</translation>
    </message>
    <message>
        <source>Batch %1, accumulate %2</source>
        <translation>Batch %1, %2 davon sammeln</translation>
    </message>
    <message>
        <source>No prompt of your own</source>
        <translation>Ohne eigene Frage</translation>
    </message>
    <message>
        <source>One factor for each output row; the pack shrinks too</source>
        <translation>Ein Faktor je Ausgabezeile; auch das Paket wird kleiner</translation>
    </message>
    <message>
        <source>Longer rows are cut</source>
        <translation>Längere Zeilen werden abgeschnitten</translation>
    </message>
    <message>
        <source>The longest row has %1 tokens: nothing would be cut</source>
        <translation>Die längste Zeile hat %1 Token: nichts würde abgeschnitten</translation>
    </message>
    <message>
        <source>The longest row has %1 tokens: longer ones would be cut</source>
        <translation>Die längste Zeile hat %1 Token: längere würden abgeschnitten</translation>
    </message>
    <message>
        <source>The same step, computed in parts: slower, nothing lost</source>
        <translation>Derselbe Schritt, in Teilen gerechnet: langsamer, nichts geht verloren</translation>
    </message>
    <message>
        <source>Progress is plotted, but not answered at each validation</source>
        <translation>Der Fortschritt wird gezeichnet, aber nicht bei jeder Validierung beantwortet</translation>
    </message>
    <message>
        <source>&amp;Apply</source>
        <translation>&amp;Anwenden</translation>
    </message>
    <message>
        <source>Takes the chosen way into the recipe and plans again</source>
        <translation>Übernimmt den gewählten Weg ins Rezept und plant neu</translation>
    </message>
    <message>
        <source>This way alone is not enough</source>
        <translation>Dieser Weg allein reicht nicht</translation>
    </message>
    <message>
        <source>None of these is enough: take a smaller model, or close programs that hold memory</source>
        <translation>Nichts davon reicht: nehmen Sie ein kleineres Modell, oder schließen Sie Programme, die Speicher halten</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::Timeline</name>
    <message>
        <source>%1 steps in %2 epochs, a validation every %3 steps</source>
        <translation>%1 Schritte in %2 Epochen, eine Validierung alle %3 Schritte</translation>
    </message>
    <message>
        <source>Epoch %1</source>
        <translation>Epoche %1</translation>
    </message>
    <message>
        <source>%1 of the rows</source>
        <translation>%1 der Zeilen</translation>
    </message>
    <message>
        <source>step %1</source>
        <translation>Schritt %1</translation>
    </message>
    <message>
        <source>now</source>
        <translation>jetzt</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::Page</name>
    <message>
        <source>Replace it?</source>
        <translation>Ersetzen?</translation>
    </message>
    <message>
        <source>%1 is there already.</source>
        <translation>%1 gibt es schon.</translation>
    </message>
    <message>
        <source>Its files are deleted, and those of the new model take their place. That cannot be undone.</source>
        <translation>Seine Dateien werden gelöscht, und die des neuen Modells treten an ihre Stelle. Das lässt sich nicht rückgängig machen.</translation>
    </message>
    <message>
        <source>What it holds now is lost. That cannot be undone.</source>
        <translation>Was darin steht, geht verloren. Das lässt sich nicht rückgängig machen.</translation>
    </message>
    <message>
        <source>Replace</source>
        <translation>Ersetzen</translation>
    </message>
    <message>
        <source>Keep it</source>
        <translation>Behalten</translation>
    </message>
    <message>
        <source>%1 are there already.</source>
        <translation>%1 sind schon da.</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::QuantizeForm</name>
    <message>
        <source>%1 calibrates on it.</source>
        <translation>%1 richtet sich danach.</translation>
    </message>
    <message>
        <source>Shows the cost in quality.</source>
        <translation>Zeigt, was es an Güte kostet.</translation>
    </message>
    <message>
        <source>Corrects errors as it goes. Needs a text.</source>
        <translation>Gleicht Fehler unterwegs aus. Braucht einen Text.</translation>
    </message>
    <message>
        <source>More methods</source>
        <translation>Weitere Verfahren</translation>
    </message>
    <message>
        <source>AutoRound, AWQ, HQQ and others.</source>
        <translation>AutoRound, AWQ, HQQ und andere.</translation>
    </message>
    <message>
        <source>Learns which way to round. Needs a text and time.</source>
        <translation>Lernt, wohin gerundet wird. Braucht einen Text und Zeit.</translation>
    </message>
    <message>
        <source>Learns weights and scales, for 2 bits. Needs a text and time.</source>
        <translation>Lernt Gewichte und Skalen, für 2 Bit. Braucht einen Text und Zeit.</translation>
    </message>
    <message>
        <source>GGUF %1, free zero points</source>
        <translation>GGUF %1, freie Nullpunkte</translation>
    </message>
    <message>
        <source>For llama.cpp, Ollama, LM Studio.</source>
        <translation>Für llama.cpp, Ollama, LM Studio.</translation>
    </message>
    <message>
        <source>Fits a little better; the file is larger.</source>
        <translation>Passt etwas besser; die Datei ist größer.</translation>
    </message>
    <message>
        <source>For vLLM and transformers.</source>
        <translation>Für vLLM und transformers.</translation>
    </message>
    <message>
        <source>For vLLM.</source>
        <translation>Für vLLM.</translation>
    </message>
    <message>
        <source>Recommended: finds the best range for each group.</source>
        <translation>Empfohlen: findet für jede Gruppe den besten Bereich.</translation>
    </message>
    <message>
        <source>%1 bits round it a second time; a model in 16 bits as the source keeps more.</source>
        <translation>%1 Bits runden es ein zweites Mal; ein Modell mit 16 Bits als Quelle behält mehr.</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::QuantizeForecastCard</name>
    <message>
        <source>A trial on three layers shows what each size costs in quality on %1.</source>
        <translation>Ein Versuch an drei Schichten zeigt, was jede Größe bei %1 an Güte kostet.</translation>
    </message>
    <message>
        <source>%1 of the original: it grows</source>
        <translation>%1 des Originals: Es wächst</translation>
    </message>
    <message>
        <source>with measuring</source>
        <translation>mit Messung</translation>
    </message>
    <message>
        <source>%1 bits take no more room here, and keep more.</source>
        <translation>%1 Bit brauchen hier nicht mehr Platz und bewahren mehr.</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::ExportTargets</name>
    <message>
        <source>Choose a folder…</source>
        <translation>Ordner wählen…</translation>
    </message>
    <message>
        <source>Choose a model's folder or a run</source>
        <translation>Ordner eines Modells oder Lauf wählen</translation>
    </message>
    <message>
        <source>Choose a model</source>
        <translation>Modell wählen</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::QuantizeRunView</name>
    <message>
        <source>In all</source>
        <translation>Insgesamt</translation>
    </message>
    <message>
        <source>mean %1</source>
        <translation>Mittel %1</translation>
    </message>
    <message>
        <source>Relative, against the weights of the file</source>
        <translation>Relativ, gegenüber den Gewichten der Datei</translation>
    </message>
</context>
<context>
    <name>TunePlanStep</name>
    <message numerus="yes">
        <source>on %1, and %n more GPU(s)</source>
        <translation><numerusform>auf %1, und %n weitere GPU</numerusform><numerusform>auf %1, und %n weitere GPUs</numerusform></translation>
    </message>
    <message>
        <source>on %1</source>
        <translation>auf %1</translation>
    </message>
    <message>
        <source>%1 on the card and %2 of this machine's memory will be set aside at the start. The run never asks for more.</source>
        <translation>%1 auf der Karte und %2 vom Speicher dieses Rechners werden am Anfang belegt. Der Lauf verlangt nie mehr.</translation>
    </message>
    <message>
        <source>This plan needs %1 more than the card has free</source>
        <translation>Dieser Plan braucht %1 mehr, als auf der Karte frei ist</translation>
    </message>
    <message>
        <source>%1, in this machine's memory</source>
        <translation>%1, im Speicher dieses Rechners</translation>
    </message>
</context>
<context>
    <name>ExportReasons</name>
    <message>
        <source>Holds whole zero points only; Q4_1 and Q5_1 have others. Choose GGUF.</source>
        <translation>Fasst nur ganze Nullpunkte; Q4_1 und Q5_1 haben andere. Wählen Sie GGUF.</translation>
    </message>
    <message>
        <source>Has plain scales only; K types have scales of scales. Choose GGUF.</source>
        <translation>Hat nur einfache Skalen; K-Typen haben Skalen von Skalen. Wählen Sie GGUF.</translation>
    </message>
    <message>
        <source>Holds quantized weights only. Quantize the model first.</source>
        <translation>Fasst nur quantisierte Gewichte. Quantisieren Sie das Modell zuerst.</translation>
    </message>
    <message>
        <source>Has the same bits and groups everywhere; this model mixes them. Choose GGUF.</source>
        <translation>Hat überall gleiche Bits und Gruppen; dieses Modell mischt sie. Wählen Sie GGUF.</translation>
    </message>
    <message>
        <source>Has too few bits for the numbers of this model. Choose GGUF.</source>
        <translation>Hat zu wenige Bits für die Zahlen dieses Modells. Wählen Sie GGUF.</translation>
    </message>
    <message>
        <source>Packs weights in portions that its rows do not fill. Choose GGUF.</source>
        <translation>Packt Gewichte in Portionen, die seine Zeilen nicht füllen. Wählen Sie GGUF.</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::TunePage</name>
    <message>
        <source>%1, paused</source>
        <translation>%1, pausiert</translation>
    </message>
    <message>
        <source>Of %1 rows that it never learned from, it answers %2 exactly; the original answered %3.</source>
        <translation>Von %1 Zeilen, aus denen es nie lernte, beantwortet es %2 genau; das Original beantwortete %3.</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::TuneDataStep</name>
    <message>
        <source>Say which column is the prompt and which the answer</source>
        <translation>Sagen Sie, welche Spalte die Frage und welche die Antwort ist</translation>
    </message>
    <message>
        <source>the first %1 skipped</source>
        <translation>die ersten %1 übersprungen</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::DataFileRow</name>
    <message>
        <source>Column: %1</source>
        <translation>Spalte: %1</translation>
    </message>
    <message>
        <source>Choose a column</source>
        <translation>Spalte wählen</translation>
    </message>
    <message>
        <source>Which column is which?</source>
        <translation>Welche Spalte ist welche?</translation>
    </message>
    <message>
        <source>Columns unknown</source>
        <translation>Spalten unbekannt</translation>
    </message>
    <message>
        <source>none: the texts are learned whole</source>
        <translation>keine: die Texte werden ganz gelernt</translation>
    </message>
    <message>
        <source>Which column is the prompt, which the answer, or which is the text</source>
        <translation>Welche Spalte die Frage ist, welche die Antwort, oder welche der Text</translation>
    </message>
    <message>
        <source>Text</source>
        <translation>Text</translation>
    </message>
    <message>
        <source>Learned whole; the other columns are not read.</source>
        <translation>Wird als Ganzes gelernt; die anderen Spalten werden nicht gelesen.</translation>
    </message>
    <message>
        <source>Prompts and answers</source>
        <translation>Fragen und Antworten</translation>
    </message>
    <message>
        <source>Plain texts</source>
        <translation>Reine Texte</translation>
    </message>
    <message>
        <source>What the rows are</source>
        <translation>Was die Zeilen sind</translation>
    </message>
    <message>
        <source>is read when this is done: %1</source>
        <translation>wird gelesen, wenn dies fertig ist: %1</translation>
    </message>
    <message>
        <source>Waiting</source>
        <translation>Wartet</translation>
    </message>
    <message numerus="yes">
        <source>%n row(s), %1, %2</source>
        <translation><numerusform>%n Zeile, %1, %2</numerusform><numerusform>%n Zeilen, %1, %2</numerusform></translation>
    </message>
</context>
<context>
    <name>scalewright::ui::TuneRunView</name>
    <message>
        <source>Paused at step %1 of %2</source>
        <translation>Pausiert bei Schritt %1 von %2</translation>
    </message>
    <message>
        <source>now, of %1 reserved; beside it %2</source>
        <translation>jetzt, von %1 reserviert; daneben %2</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::TunePlanStep</name>
    <message>
        <source>About %1 will be set aside: counted again at the start, with what this program holds by then. The run never asks for more.</source>
        <translation>Etwa %1 werden belegt: beim Start neu gezählt, mit dem, was dieses Programm dann hält. Der Lauf verlangt nie mehr.</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::TuneMethodStep</name>
    <message>
        <source>%1 (default)</source>
        <translation>%1 (Vorgabe)</translation>
    </message>
    <message>
        <source>Tokens of a row: longer rows are cut. The model takes up to %1.</source>
        <translation>Token einer Zeile: längere werden abgeschnitten. Das Modell nimmt bis zu %1.</translation>
    </message>
    <message>
        <source>It is a row of your data that is learned from, so a right answer proves little.</source>
        <translation>Es ist eine Zeile Ihrer Daten, aus der gelernt wird: eine richtige Antwort beweist wenig.</translation>
    </message>
    <message>
        <source>It is a row of your data that is held back: the model never learns from it.</source>
        <translation>Es ist eine Zeile Ihrer Daten, die zurückgehalten wird: das Modell lernt nie aus ihr.</translation>
    </message>
    <message>
        <source>Reset to defaults</source>
        <translation>Auf Vorgaben zurücksetzen</translation>
    </message>
    <message>
        <source>Everything here as the program would choose it; the system prompt stays</source>
        <translation>Alles hier so, wie das Programm es wählen würde; die Systemanweisung bleibt</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::RunTableModel</name>
    <message>
        <source>%1 → %2</source>
        <translation>%1 → %2</translation>
    </message>
    <message>
        <source>Nothing was asked yet: Score… does it</source>
        <translation>Noch wurde nichts gefragt: „Auswerten…“ tut es</translation>
    </message>
</context>
<context>
    <name>TuneJob</name>
    <message>
        <source>paused at step %1</source>
        <translation>pausiert bei Schritt %1</translation>
    </message>
    <message>
        <source>answering held-out rows</source>
        <translation>beantwortet zurückgehaltene Zeilen</translation>
    </message>
    <message>
        <source>answering them as the original</source>
        <translation>beantwortet sie wie das Original</translation>
    </message>
</context>
<context>
    <name>scalewright::ui::ScoreDialog</name>
    <message>
        <source>Score %1</source>
        <translation>Trefferquote von %1</translation>
    </message>
    <message>
        <source>Other rows…</source>
        <translation>Andere Zeilen…</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Score</source>
        <translation>Auswerten</translation>
    </message>
    <message>
        <source>Rows</source>
        <translation>Zeilen</translation>
    </message>
    <message>
        <source>Rows with the answers that are expected. The model should not have learned from them</source>
        <translation>Zeilen mit den erwarteten Antworten. Das Modell sollte nicht aus ihnen gelernt haben</translation>
    </message>
    <message>
        <source>The rows that this run held back</source>
        <translation>Die Zeilen, die dieser Lauf zurückgehalten hat</translation>
    </message>
    <message>
        <source>The rows that this run validated on</source>
        <translation>Die Zeilen, auf denen dieser Lauf validiert hat</translation>
    </message>
    <message>
        <source>Choose a file of rows</source>
        <translation>Wählen Sie eine Datei mit Zeilen</translation>
    </message>
    <message>
        <source>Choose a file…</source>
        <translation>Datei wählen…</translation>
    </message>
    <message>
        <source>Exact</source>
        <translation>Genau</translation>
    </message>
    <message>
        <source>Last number</source>
        <translation>Letzte Zahl</translation>
    </message>
    <message>
        <source>Pattern</source>
        <translation>Muster</translation>
    </message>
    <message>
        <source>What counts as right</source>
        <translation>Was als richtig zählt</translation>
    </message>
    <message>
        <source>A regular expression with one group: what the group holds of its last match is compared</source>
        <translation>Ein regulärer Ausdruck mit einer Gruppe: verglichen wird, was die Gruppe an seiner letzten Fundstelle enthält</translation>
    </message>
    <message>
        <source>A regular expression with one group in round brackets.</source>
        <translation>Ein regulärer Ausdruck mit einer Gruppe in runden Klammern.</translation>
    </message>
    <message>
        <source>Only so many rows, from the first</source>
        <translation>Nur so viele Zeilen, von der ersten an</translation>
    </message>
    <message>
        <source>all</source>
        <translation>alle</translation>
    </message>
    <message>
        <source>The tuned model and the original answer each of them, greedily; that takes a while.</source>
        <translation>Das angepasste Modell und das Original beantworten jede von ihnen, jeweils mit dem wahrscheinlichsten Wort; das dauert eine Weile.</translation>
    </message>
    <message>
        <source>Rows at most</source>
        <translation>Höchstens so viele Zeilen</translation>
    </message>
    <message>
        <source>Closing this window stops it.</source>
        <translation>Wenn Sie dieses Fenster schließen, wird es abgebrochen.</translation>
    </message>
    <message>
        <source>Answers</source>
        <translation>Antworten</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>Anhalten</translation>
    </message>
    <message>
        <source>The whole answer, word for word; white space at its ends does not count.</source>
        <translation>Die ganze Antwort, Wort für Wort; Leerraum an ihren Enden zählt nicht.</translation>
    </message>
    <message>
        <source>The last number of the answer, however it is written: for sums, prices and counts.</source>
        <translation>Die letzte Zahl der Antwort, wie auch immer geschrieben: für Summen, Preise und Anzahlen.</translation>
    </message>
    <message>
        <source>What the group of the pattern holds where it matches last.</source>
        <translation>Was die Gruppe des Musters an seiner letzten Fundstelle enthält.</translation>
    </message>
    <message>
        <source>Choose a file of rows first</source>
        <translation>Wählen Sie zuerst eine Datei mit Zeilen</translation>
    </message>
    <message>
        <source>Choose rows to score on</source>
        <translation>Zeilen zum Auswerten wählen</translation>
    </message>
    <message>
        <source>Datasets (*.json *.jsonl *.csv *.tsv);;All files (*)</source>
        <translation>Datensätze (*.json *.jsonl *.csv *.tsv);;Alle Dateien (*)</translation>
    </message>
    <message>
        <source>Waiting for the work that is going on</source>
        <translation>Wartet auf die Arbeit, die gerade läuft</translation>
    </message>
    <message>
        <source>Reading the model and the rows</source>
        <translation>Modell und Zeilen werden gelesen</translation>
    </message>
    <message>
        <source>Scoring %1</source>
        <translation>%1 wird ausgewertet</translation>
    </message>
    <message>
        <source>Stopping</source>
        <translation>Hält an</translation>
    </message>
    <message>
        <source>It stops after the word it is at</source>
        <translation>Es hält nach dem Wort an, bei dem es ist</translation>
    </message>
    <message>
        <source>The rows could not be scored</source>
        <translation>Die Zeilen konnten nicht ausgewertet werden</translation>
    </message>
    <message>
        <source>Scored, but</source>
        <translation>Ausgewertet, aber</translation>
    </message>
    <message>
        <source>right word for word</source>
        <translation>Wort für Wort richtig</translation>
    </message>
    <message>
        <source>with the right number</source>
        <translation>mit der richtigen Zahl</translation>
    </message>
    <message>
        <source>right by the pattern</source>
        <translation>nach dem Muster richtig</translation>
    </message>
    <message>
        <source>%1: %2 of %3 rows %4</source>
        <translation>%1: %2 von %3 Zeilen %4</translation>
    </message>
    <message>
        <source>Tuned</source>
        <translation>Angepasst</translation>
    </message>
    <message>
        <source>Original</source>
        <translation>Original</translation>
    </message>
    <message>
        <source>They are right in the same rows.</source>
        <translation>Sie liegen in denselben Zeilen richtig.</translation>
    </message>
    <message>
        <source>Stopped</source>
        <translation>Angehalten</translation>
    </message>
    <message>
        <source>What was answered until then is not kept.</source>
        <translation>Was bis dahin beantwortet war, ist nicht aufgehoben.</translation>
    </message>
    <message>
        <source>Question</source>
        <translation>Frage</translation>
    </message>
    <message>
        <source>Neither is right in any row.</source>
        <translation>Keine der beiden ist in irgendeiner Zeile richtig.</translation>
    </message>
    <message>
        <source>They differ in %1 rows: %2 right by the tuned model alone, %3 by the original alone.</source>
        <translation>Sie unterscheiden sich in %1 Zeilen: %2 nur vom angepassten Modell richtig, %3 nur vom Original.</translation>
    </message>
    <message>
        <source>Expected</source>
        <translation>Erwartet</translation>
    </message>
    <message>
        <source>It learned from these rows</source>
        <translation>Aus diesen Zeilen hat er gelernt</translation>
    </message>
    <message>
        <source>The figures will say how much of them it remembers, not how it answers new questions: ask those with rows that it never saw.</source>
        <translation>Die Zahlen werden sagen, wie viel davon behalten wurde, nicht wie er neue Fragen beantwortet: dafür nehmen Sie Zeilen, die er nie sah.</translation>
    </message>
    <message>
        <source>It learned from these rows: the figures say how much of them it remembers, not how it answers new questions.</source>
        <translation>Aus diesen Zeilen hat er gelernt: die Zahlen sagen, wie viel davon behalten wurde, nicht wie er neue Fragen beantwortet.</translation>
    </message>
</context>
<context>
    <name>ScoreWork</name>
    <message>
        <source>tuned</source>
        <translation>angepasst</translation>
    </message>
    <message>
        <source>original</source>
        <translation>Original</translation>
    </message>
    <message>
        <source>%1: it is not known which of its columns hold the questions and the answers. Name them in the file as those that the run learned from, or "prompt" and "completion".</source>
        <translation>%1: welche Spalten die Fragen und die Antworten halten, ist nicht bekannt. Nennen Sie sie in der Datei wie jene, aus denen der Lauf gelernt hat, oder „prompt“ und „completion“.</translation>
    </message>
</context>
</TS>
