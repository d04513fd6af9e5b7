#include "ui/jobs/engine_words.h"

#include <QCoreApplication>
#include <QLocale>
#include <QRegularExpression>
#include <algorithm>
#include <cstring>
#include <vector>

namespace scalewright::ui {
namespace {

// As the engine says them; %1 .. stand for its names and numbers, which may be sentences of this list themselves. A sentence that
// the engine changes is changed here too: test_engine_words holds the two together.
constexpr const char* kSentences[] = {
    QT_TR_NOOP("%1; nothing was written. Choose another name for the output."),
    QT_TR_NOOP("this is %1, and writing would replace it"),
    QT_TR_NOOP("this folder holds %1 (%2), and writing would replace it"),
    QT_TR_NOOP("this is a part of %1 (%2), and writing would replace it"),
    QT_TR_NOOP("this is a part of %1, which is in several files, and writing would replace it"),
    QT_TR_NOOP("the model being read"),
    QT_TR_NOOP("the calibration text"),
    QT_TR_NOOP("the text of the trial"),
    QT_TR_NOOP("the model that was tuned"),
    QT_TR_NOOP("The output has no name; give a file or a folder."),
    QT_TR_NOOP("there is no folder %1 to write into. Make it first, or choose another one."),
    QT_TR_NOOP("this is a folder; give the name of a file in it."),
    QT_TR_NOOP("the model would become a folder, and this is the name of a %1 file. Write a name that ends in .gguf, or a folder's name without an ending."),
    QT_TR_NOOP("something else than a model is here already; choose another folder."),
    QT_TR_NOOP("beside a model this folder holds %1, which would be deleted with it; choose another folder, or move it elsewhere first."),
    QT_TR_NOOP("the folder cannot be made: %1."),
    QT_TR_NOOP("the folder cannot be replaced: %1."),
    QT_TR_NOOP("cannot write the file: a folder of this name exists."),
    QT_TR_NOOP("cannot write the file: the folder does not exist; create it first."),
    QT_TR_NOOP("cannot write the file: %1."),
    QT_TR_NOOP("cannot write the file to the disk: %1."),
    QT_TR_NOOP("cannot open the file: %1."),
    QT_TR_NOOP("cannot read the file: %1."),
    QT_TR_NOOP("there is no such file"),
    QT_TR_NOOP("this user may not access it"),
    QT_TR_NOOP("the disk is full; free some space and try again"),
    QT_TR_NOOP("the disk is read-only; choose another folder"),
    QT_TR_NOOP("it is a folder"),
    QT_TR_NOOP("a part of its path is not a folder"),
    QT_TR_NOOP("Writing the model was cancelled; nothing was left behind."),
    QT_TR_NOOP("What was written cannot be opened again and was not kept."),
    QT_TR_NOOP("What was written is kept, but it was not compared with the model in memory."),
    QT_TR_NOOP("A %1 folder holds codes of %2 bits, not of %3. Choose other bits, or write a .gguf file."),
    QT_TR_NOOP("'%1' is %2 x %3: %4, as a %5 folder needs. %6"),
    QT_TR_NOOP("its %1 inputs are no multiple of the groups of %2"),
    QT_TR_NOOP("2, 3, 4 and 8"),
    QT_TR_NOOP("2, 4 and 8"),
    QT_TR_NOOP("that does not fill whole words"),
    QT_TR_NOOP("Choose groups of %1, or write a .gguf file."),
    QT_TR_NOOP("Choose one scale a row (group 0), or write a .gguf file."),
    QT_TR_NOOP("Write a .gguf file."),
    QT_TR_NOOP("%1-bit integers with %2 in %3 (rows of %4) fit no GGUF type. %5"),
    QT_TR_NOOP("the zero point in the middle"),
    QT_TR_NOOP("free zero points"),
    QT_TR_NOOP("whole rows"),
    QT_TR_NOOP("groups of %1"),
    QT_TR_NOOP("Choose fewer bits, or write a folder."),
    QT_TR_NOOP("With symmetric zero points (--symmetric) they fit, or write a folder, which holds both."),
    QT_TR_NOOP("%1 needs calibration text. Name a text file or a dataset, or use the method clip or hqq."),
    QT_TR_NOOP("%1: %2 MB."),
    QT_TR_NOOP("A %1 folder holds %2-bit codes as they are"),
    QT_TR_NOOP("GGUF blocks hold 32 inputs, and %1 is no multiple of that"),
    QT_TR_NOOP("GGUF blocks hold 32 inputs, and the rows of this model (%1) are no multiple of that, so nothing would be quantized. Write a folder with one scale a row (group 0)."),
    QT_TR_NOOP("symmetric %1-bit codes fit %2 exactly"),
    QT_TR_NOOP("symmetric 2-bit codes fit Q2_0 exactly, which is new: older builds of llama.cpp reject it"),
    QT_TR_NOOP("symmetric 3-bit codes with one scale a row fit Q3_K exactly"),
    QT_TR_NOOP("2-bit codes in groups fit no 2-bit type of GGUF; Q4_0 holds them exactly"),
    QT_TR_NOOP("3-bit codes fit no 3-bit type of GGUF; Q4_0 holds them exactly"),
    QT_TR_NOOP("%1-bit codes with one scale a row fit %2 exactly"),
    QT_TR_NOOP("4-bit codes with free zero points fit Q5_0 exactly (Q4_1 holds the zero points only rounded)"),
    QT_TR_NOOP("5-bit codes with free zero points need six bits and a sign: Q8_0 holds them exactly"),
    QT_TR_NOOP("6-bit codes are held exactly by Q8_0"),
    QT_TR_NOOP("8-bit codes with free zero points need nine bits, which no GGUF type has; symmetric ones fit Q8_0, and a GPTQ folder holds both"),
    QT_TR_NOOP("%1-bit codes fit no GGUF type"),
    QT_TR_NOOP("there is no such file or folder. Check the path; a model is a .gguf file or a folder of safetensors."),
    QT_TR_NOOP("open the folder that holds this file and its config.json instead."),
    QT_TR_NOOP("the model needs about %1 MB, but %2 MB are free; close other programs or choose a smaller model."),
    QT_TR_NOOP("there is not enough memory to open this model."),
    QT_TR_NOOP("opening the model was cancelled."),
    QT_TR_NOOP("tensor '%1' ends at byte %2, but the file has %3: the download is incomplete."),
    QT_TR_NOOP("the file ends inside %1; the download is incomplete (byte %2 of %3)."),
    QT_TR_NOOP("the file ends inside its header; the download is incomplete."),
    QT_TR_NOOP("this is not a safetensors file: it is too short."),
    QT_TR_NOOP("this is not a GGUF file: it is too short (byte %1 of %2)."),
    QT_TR_NOOP("this is not a GGUF file: it does not begin with 'GGUF' (byte %1 of %2)."),
    QT_TR_NOOP("there is no config.json; this folder holds no Hugging Face model."),
    QT_TR_NOOP("there is no .safetensors file here."),
    QT_TR_NOOP("there is no .safetensors file here; pickled weights (.bin, .pt) can run code and are not opened: save the model as safetensors."),
    QT_TR_NOOP("the architecture '%1' is not supported; %2 are."),
    QT_TR_NOOP("this is one of %1 parts of a model; join them first (llama-gguf-split --merge)."),
    QT_TR_NOOP("mixtures of experts are not supported."),
    QT_TR_NOOP("this GGUF file was written for a big-endian machine, which is not read here. Convert the model anew, or download its little-endian file."),
    QT_TR_NOOP("GGUF version %1 is not read; versions 2 and 3 are. Convert the model anew."),
    QT_TR_NOOP("%1 has no quantized matrices, so there are no scales to learn. Quantize it first."),
    QT_TR_NOOP("No dataset is given; choose a file of examples to learn from."),
    QT_TR_NOOP("conversations and plain texts cannot be learned in one run. Remove one of the two."),
    QT_TR_NOOP("the file is empty. A dataset needs at least one example."),
    QT_TR_NOOP("the table has a header (%1) and no rows below it. A dataset needs at least one example."),
    QT_TR_NOOP("every row is empty. A dataset needs at least one example."),
    QT_TR_NOOP("none of its %1 rows can be used. The first problem, in line %2, %3: %4"),
    QT_TR_NOOP("none of its %1 rows can be used. The first problem, in line %2: %3"),
    QT_TR_NOOP("The form of the row is not known: it has %1. Known are messages, conversations, instruction with output, prompt with completion, and text; other names can be mapped (--columns prompt=NAME,completion=NAME on the command line)."),
    QT_TR_NOOP("The row is one message of a conversation, not the whole of it. Put all its messages into one list called messages."),
    QT_TR_NOOP("none of its columns (%1) is known as a prompt or an answer. Say which are: map \"prompt\" and \"completion\" (or \"text\") to column names (on the command line: --columns prompt=NAME,completion=NAME)."),
    QT_TR_NOOP("there is no column \"%1\" for the %2. The columns are %3."),
    QT_TR_NOOP("The row is not valid JSON. %1"),
    QT_TR_NOOP("The comma behind it belongs to an array: remove it."),
    QT_TR_NOOP("Its closing brace is missing."),
    QT_TR_NOOP("JSON wants double quotes."),
    QT_TR_NOOP("Check quotes, commas and braces."),
    QT_TR_NOOP("The row has no \"%1\" (it has %2)."),
    QT_TR_NOOP("The answer is empty, so there is nothing to learn."),
    QT_TR_NOOP("The answer is empty, so there is nothing to learn from it."),
    QT_TR_NOOP("The prompt is empty."),
    QT_TR_NOOP("The instruction is empty."),
    QT_TR_NOOP("No message is by the assistant, so there is nothing to learn."),
    QT_TR_NOOP("\"%1\" is no known role. Use system, user, assistant or tool."),
    QT_TR_NOOP("The message has no \"%1\". It is user, assistant or system."),
    QT_TR_NOOP("The row is %1, not an object with named fields."),
    QT_TR_NOOP("The row has %1 fields, but the header has %2. A field that holds the separator must be quoted."),
    QT_TR_NOOP("Byte %1 of the row is not valid UTF-8. Save the file as UTF-8."),
    QT_TR_NOOP("this text is UTF-16. Save it as UTF-8 and open it again."),
    QT_TR_NOOP("Parquet files cannot be read here. Export the table as JSONL or CSV."),
    QT_TR_NOOP("this file is compressed. Unpack it and open what is inside."),
    QT_TR_NOOP("this is not text (it holds zero bytes). A dataset is JSON, JSONL, CSV or plain text in UTF-8."),
    QT_TR_NOOP("%1 is a folder. Choose the file with the examples."),
    QT_TR_NOOP("no row has an answer to learn within the context of %1 tokens (%2 rows were too long). Choose a longer context, or check the rows."),
    QT_TR_NOOP("no row has anything left to learn within %1 tokens. Choose a longer context."),
    QT_TR_NOOP("no row has anything left to learn within %1 tokens. Choose a longer context, or cut long rows at their beginning (--truncate start)."),
    QT_TR_NOOP("there is nothing to learn. A text needs at least two tokens, a conversation an answer."),
    QT_TR_NOOP("these rows are JSON, not a table. Name their form, or leave it to be found."),
    QT_TR_NOOP("The model's chat template refuses the conversation: %1"),
    QT_TR_NOOP("Tuning as asked needs %1, and %2 are free on %3. What would change it: %4."),
    QT_TR_NOOP("Tuning as asked needs %1, and %2 are allowed. What would change it: %3."),
    QT_TR_NOOP("Tuning as asked needs %1, and %2 are free on %3. Nothing makes it fit: %4 still needs %5. Close other programs that hold memory, or choose a smaller model."),
    QT_TR_NOOP("Tuning as asked needs %1, and %2 are allowed. Nothing makes it fit: %3 still needs %4. Allow more memory, or choose a smaller model."),
    QT_TR_NOOP("this machine"),
    QT_TR_NOOP("%1 needs %2: fits"),
    QT_TR_NOOP("%1 needs %2: does not fit"),
    QT_TR_NOOP("batch %1 with accumulate %2 (the same step)"),
    QT_TR_NOOP("context %1"),
    QT_TR_NOOP("one factor a row instead of a scale a group"),
    QT_TR_NOOP("one factor a row with batch %1 and context %2"),
    QT_TR_NOOP("no sample prompt"),
    QT_TR_NOOP("The system does not give the %1 that tuning needs. Close other programs, or choose a smaller context or batch."),
    QT_TR_NOOP("There is not enough memory for tuning. Close other programs, or choose a smaller context or batch."),
    QT_TR_NOOP("the run needs %1 on this disk for its checkpoints and its scale pack, and %2 are free. Free some space, or choose another folder."),
    QT_TR_NOOP("this run is going on in another window or terminal. Stop it there, or choose another folder."),
    QT_TR_NOOP("the run cannot go on: %1"),
    QT_TR_NOOP("the data have changed since it began. Put the files back as they were, or start a new run."),
    QT_TR_NOOP("the model of this run is not at %1 any more. Put it back there; the run holds only its learned scales."),
    QT_TR_NOOP("The sample prompt has %1 tokens; choose one of fewer than %2, or none."),
    QT_TR_NOOP("The history could not be written: %1 The run itself is not affected."),
    QT_TR_NOOP("The history was damaged. It is kept as %1, and a new one was begun; the folders of your runs are not affected."),
    QT_TR_NOOP("the history is damaged. The next run keeps it under another name and begins a new one; the folders of your runs are not affected."),
    QT_TR_NOOP("The folder held an earlier run; its files are now in %1."),
    QT_TR_NOOP("The checkpoint of step %1 could not be written: %2 Training goes on; it is tried again."),
    QT_TR_NOOP("weights"),
    QT_TR_NOOP("weights that are not on the card"),
    QT_TR_NOOP("norms"),
    QT_TR_NOOP("norms, and room for blocks that come from the machine's memory"),
    QT_TR_NOOP("other models and chats of this program"),
    QT_TR_NOOP("room to add up the gradients of all cards"),
    QT_TR_NOOP("learned scales, activations, logits and workspace, as on the first card"),
    QT_TR_NOOP("There is no card %1 that can be used; there is %2."),
    QT_TR_NOOP("The cards could not add up their gradients (%1). Go on with one card, the device \"cuda\"."),
    QT_TR_NOOP("The learning rate is %1; %2 is usual for this model, and far above it a model gets worse instead of better."),
    QT_TR_NOOP("The learning rate is %1, and 0.001 to 0.005 is usual; choose at most %2, or leave it out for the default."),
    QT_TR_NOOP("A step has %1 row, so only as many of the %2 devices work. Choose a larger batch, or accumulate more, to use all."),
    QT_TR_NOOP("A step has %1 rows, so only as many of the %2 devices work. Choose a larger batch, or accumulate more, to use all."),
    QT_TR_NOOP("The warm-up of %1 steps is longer than the run of %2, so the learning rate rises until the last step. Give fewer steps to warm up, or a fraction of them."),
    QT_TR_NOOP("%1 learned scales, their gradients and AdamW moments"),
    QT_TR_NOOP("scales before tuning"),
    QT_TR_NOOP("losses and rates of the steps, and the report of them"),
    QT_TR_NOOP("batches"),
    QT_TR_NOOP("dataset"),
    QT_TR_NOOP("answer to the sample prompt"),
    QT_TR_NOOP("program and tokenizer"),
    QT_TR_NOOP("rest of the last page"),
    QT_TR_NOOP("inputs of %1 layers"),
    QT_TR_NOOP("activations kept for %1 of %2 layers"),
    QT_TR_NOOP("activations of the layer under way"),
    QT_TR_NOOP("gradients of the layer under way"),
    QT_TR_NOOP("tokens and positions of a step"),
    QT_TR_NOOP("logits of %1 tokens"),
    QT_TR_NOOP("workspace of the kernels"),
    QT_TR_NOOP("held for a moment while files were read, free again"),
    QT_TR_NOOP("reading the data and planning the memory"),
    QT_TR_NOOP("reading the calibration text"),
    QT_TR_NOOP("comparing with the model in memory"),
    QT_TR_NOOP("validation %1 of %2"),
    QT_TR_NOOP("row %1 of %2"),
    QT_TR_NOOP("%1: its data have changed since it learned from them, so which rows it never saw cannot be told. Put the files back as they were, or score a file of other rows."),
    QT_TR_NOOP("%1, %2 bits, groups of %3"),
    QT_TR_NOOP("step %1 of %2"),
    QT_TR_NOOP("%1 of %2 rows to validate on are learned from too; their loss says little of other rows."),
    QT_TR_NOOP("%1 held-out rows"),
    QT_TR_NOOP("%1 rows of %2"),
    QT_TR_NOOP("%1 rows that it learned from, in %2"),
    QT_TR_NOOP("The pattern \"%1\" is not valid."),
    QT_TR_NOOP("The pattern \"%1\" is not valid at character %2."),
    QT_TR_NOOP("In the pattern \"%1\" the round bracket at character %2 is never closed."),
    QT_TR_NOOP("One that is meant itself is written \\(."),
    QT_TR_NOOP("A round bracket ends there that never began; one that is meant itself is written \\)."),
    QT_TR_NOOP("A square bracket is never closed; one that is meant itself is written \\[."),
    QT_TR_NOOP("A sign with a meaning of its own, such as * or +, has nothing before it there; one that is meant itself has a backslash before it."),
    QT_TR_NOOP("The backslash means nothing there; one that is meant itself is written twice."),
    QT_TR_NOOP("No such class of characters is known; \\p{L} are the letters."),
    QT_TR_NOOP("Curly brackets say how often something stands, as in {2,5}; one that is meant itself is written \\{."),
    QT_TR_NOOP("It refers to a group that it does not have."),
    QT_TR_NOOP("A range in square brackets runs backwards, as z-a does."),
    QT_TR_NOOP("What stands behind (?<= needs a largest length, as {0,50} instead of *."),
    QT_TR_NOOP("It cannot be read as a regular expression."),
    QT_TR_NOOP("Answers cannot be compared by it."),
    QT_TR_NOOP("The pattern \"%1\" has %2 capture groups, but one is needed: round brackets around what is to be compared, as in \"#### (.+)\". Brackets that only group are written (?:...)."),
    QT_TR_NOOP("no expected answer has a number in it. Compare the answers exactly, or by a pattern."),
    QT_TR_NOOP("no row has a question and an answer to compare with. Plain text cannot be scored; use eval."),
    QT_TR_NOOP("%1: %2 of %3 expected answers have no number in them; no answer to them counts as right."),
    QT_TR_NOOP("reading %1"),
    QT_TR_NOOP("writing %1"),
    QT_TR_NOOP("CPU, %1 threads, %2"),
    QT_TR_NOOP("CPU, 1 thread, %1"),
    QT_TR_NOOP("No GPU is used: %1."),
    QT_TR_NOOP("this program was built without CUDA"),
    QT_TR_NOOP("no NVIDIA driver is installed"),
    QT_TR_NOOP("the NVIDIA driver finds no card"),
    QT_TR_NOOP("the NVIDIA driver does not answer (%1)"),
    QT_TR_NOOP("the NVIDIA driver is too old for this program (%1)"),
    QT_TR_NOOP("%1 is used: measured here, it answers %2 times and tunes %3 times as fast as the processor."),
    QT_TR_NOOP("%1 is not used: measured here, it answers %2 times and tunes %3 times as fast as the processor. Choose the device cuda to use it."),
    QT_TR_NOOP("%1 is not used: its speed could not be measured. Choose the device cuda to use it."),
    QT_TR_NOOP("%1 is not used, because it failed its check: %2."),
    QT_TR_NOOP("%1 Choose the device \"cpu\" or \"auto\" to compute on the processor."),
    QT_TR_NOOP("Quantized weights are written as numbers rounded to F16."),
    QT_TR_NOOP("Codes, scales and zero points are exact; the quantized embedding is rounded to F16, which this format wants there."),
    QT_TR_NOOP("The pack holds the scales alone; it needs the model that it was made from."),
    QT_TR_NOOP("the model has no quantized linears, so it has no scales to pack."),
    QT_TR_NOOP("'%1' is not quantized; quantize the model first, or export full precision."),
    QT_TR_NOOP("'%1' has the nested scales of a GGUF K type, which this format does not have; export GGUF instead."),
    QT_TR_NOOP("The offsets of '%1' are no whole multiples of its scales (as in Q4_1 and Q5_1), so its weights are not s (q - z). GGUF holds them exactly, and safetensors holds the weights in full; for this format quantize the model anew, best from full precision."),
    QT_TR_NOOP("zero points from %1 to %2 do not fit %3 bits."),
    QT_TR_NOOP("%1-bit codes do not fit, and these need all of their bits; %2 bits do. Export GGUF instead, or quantize the model anew."),
    QT_TR_NOOP("'%1' has %2 rows, no multiple of 8."),
    QT_TR_NOOP("'%1' has rows of %2 inputs, no multiple of its groups of %3."),
    QT_TR_NOOP("'%1' has %2 bits, the others %3; the format has one setting for all. Export GGUF instead."),
};

struct Sentence {
  const char* text;
  QRegularExpression pattern;
  std::vector<int> places;  // of its captures: 1 for %1
};

const std::vector<Sentence>& sentences() {
  static const std::vector<Sentence> all = [] {
    std::vector<Sentence> made;
    static const QRegularExpression place(QStringLiteral("%(\\d)"));
    for (const char* text : kSentences) {
      const QString whole = QString::fromUtf8(text);
      Sentence sentence{text, {}, {}};
      QString pattern;
      qsizetype from = 0;
      for (auto it = place.globalMatch(whole); it.hasNext();) {
        const QRegularExpressionMatch found = it.next();
        // What a sentence begins with may hold its colon too.
        pattern += QRegularExpression::escape(whole.mid(from, found.capturedStart() - from)) + (found.capturedStart() == 0 ? QStringLiteral("(.+)") : QStringLiteral("(.+?)"));
        sentence.places.push_back(found.captured(1).toInt());
        from = found.capturedEnd();
      }
      pattern += QRegularExpression::escape(whole.mid(from));
      sentence.pattern.setPattern(QRegularExpression::anchoredPattern(pattern));
      sentence.pattern.setPatternOptions(QRegularExpression::DotMatchesEverythingOption);
      made.push_back(std::move(sentence));
    }
    // Who says more is asked first: "this is a part of %1" before "this is %1".
    std::stable_sort(made.begin(), made.end(), [](const Sentence& a, const Sentence& b) { return std::strlen(a.text) > std::strlen(b.text); });
    return made;
  }();
  return all;
}

QString told(const QString& text, bool* known);

// A name or number in a sentence: another sentence, several of them, a figure, or itself.
QString part(const QString& text) {
  static const QRegularExpression figure(QStringLiteral("^\\d+\\.\\d+( [kMGT]?B)?$"));
  if (figure.match(text).hasMatch()) return QString(text).replace(QLatin1Char('.'), QLocale().decimalPoint());
  bool known = false;
  QStringList pieces = text.split(QStringLiteral("; "));
  bool all = pieces.size() > 1;
  for (qsizetype i = 0; all && i < pieces.size(); ++i) pieces[i] = told(pieces[i], &all);
  return all ? pieces.join(QStringLiteral("; ")) : told(text, &known);
}

// One sentence of the list, with or without its full stop.
QString sentence(const QString& text, bool* known) {
  for (const Sentence& one : sentences()) {
    const QRegularExpressionMatch found = one.pattern.match(text);
    if (!found.hasMatch()) continue;
    *known = true;
    const QString there = QCoreApplication::translate("EngineWords", one.text);
    QStringList values(9);
    for (size_t i = 0; i < one.places.size(); ++i) values[one.places[i] - 1] = part(found.captured(int(i) + 1));
    // Not arg() one after the other: a file's name may hold a %1.
    QString filled;
    for (qsizetype i = 0; i < there.size(); ++i) {
      const bool place = there[i] == QLatin1Char('%') && i + 1 < there.size() && there[i + 1] >= QLatin1Char('1') && there[i + 1] <= QLatin1Char('9');
      filled += place ? values[there[++i].unicode() - u'1'] : QString(there[i]);
    }
    return filled;
  }
  *known = false;
  if (!text.endsWith(QLatin1Char('.')) || text.endsWith(QLatin1String(".."))) return text;
  const QString words = sentence(text.chopped(1), known);
  return *known ? words + QLatin1Char('.') : text;
}

// One sentence or several, all of them known.
QString sentencesOf(const QString& text, bool* known) {
  const QString one = sentence(text, known);
  if (*known) return one;
  static const QRegularExpression between(QStringLiteral("(?<=\\.) (?=[A-Z])"));
  QStringList each = text.split(between);
  bool all = each.size() > 1;
  for (qsizetype i = 0; all && i < each.size(); ++i) each[i] = sentence(each[i], &all);
  *known = all;
  return all ? each.join(QLatin1Char(' ')) : text;
}

QString told(const QString& text, bool* known) {
  const QString whole = sentencesOf(text, known);
  if (*known) return whole;
  // "model.gguf: what is wrong with it"
  for (qsizetype at = text.indexOf(QLatin1String(": ")); at > 0; at = text.indexOf(QLatin1String(": "), at + 1)) {
    const QString words = sentencesOf(text.mid(at + 2), known);
    if (*known) return text.left(at + 2) + words;
  }
  return text;
}

}  // namespace

QString inWords(const std::string& engineText) {
  // Without a translation the engine's own words are the best there are.
  if (QCoreApplication::translate("EngineWords", kSentences[0]) == QLatin1String(kSentences[0])) return QString::fromStdString(engineText);
  bool known = false;
  return told(QString::fromStdString(engineText), &known);
}

bool isKnown(const std::string& engineText) {
  bool known = false;
  told(QString::fromStdString(engineText), &known);
  return known;
}

}  // namespace scalewright::ui
