// What the engine says arrives in the language of the window: the sentences known to ui/jobs are those that the engine really says,
// taken here from the engine itself.

#include <QDir>
#include <QElapsedTimer>
#include <QFile>
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QTest>

#include "engine/data/dataset.h"
#include "engine/export/output_check.h"
#include "engine/quant/quantize_job.h"
#include "engine/tune/recipe.h"
#include "engine/tune/run_preparation.h"
#include "ui/jobs/engine_words.h"
#include "ui/jobs/model_catalog.h"
#include "ui/jobs/quantize_work.h"
#include "ui/settings/language.h"

using namespace scalewright;
using namespace scalewright::ui;

class TestEngineWords : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() { QVERIFY(m_folder.isValid()); }
  void init() { m_german = std::make_unique<Language>("de"); }

  void outputs() {
    const std::string folder = m_folder.path().toStdString();
    QVERIFY(QDir(m_folder.path()).mkpath("model"));
    QVERIFY(write("model/config.json", "{}") && write("one.gguf", "x") && write("notes/a.txt", "x"));
    const std::vector<KeptPath> kept = {{folder + "/one.gguf", "the model being read"}, {folder + "/model", "the calibration text"}};
    for (const char* name : {"one.gguf", "model/config.json"}) german(check_output(folder + "/" + name, kept));
    german(check_output(folder, kept));
    german(check_output(folder + "/m-00001-of-00002.gguf", {{(write("m-00002-of-00002.gguf", "x"), folder + "/m-00002-of-00002.gguf"), "the model being read"}}));
    german(try_output({}, false));
    german(try_output(folder + "/no/such.gguf", false));
    german(try_output(folder + "/model", false));
    german(try_output(folder + "/q.safetensors", true));
    german(try_output(folder + "/notes", true));
    QVERIFY(write("project/config.json", "{}") && write("project/package.json", "{}"));
    german(try_output(folder + "/project", true));
    known("out.gguf: the file ends inside its header; the download is incomplete. What was written cannot be opened again and was not kept.");
    known("out.gguf: the model needs about 9 MB, but 1 MB are free; close other programs or choose a smaller model. What was written is kept, but it was not compared with the model in memory.");
    // Names stay as they are, also where they look like a place to fill in.
    const auto odd = try_output(folder + "/%1 no; such: thing/a.gguf", false);
    QVERIFY(!odd);
    QVERIFY2(inWords(odd.error()).contains(m_folder.path() + "/%1 no; such: thing"), qPrintable(inWords(odd.error())));
    QVERIFY2(inWords(odd.error()).contains("es gibt keinen Ordner"), qPrintable(inWords(odd.error())));
  }

  void quantizing() {
    const ModelSummary odd = summaryOf(64, 72), even = summaryOf(64, 64), narrow = summaryOf(36, 64);
    QuantizeRequest request;
    for (const ExportTarget target : {ExportTarget::Gptq, ExportTarget::Awq, ExportTarget::CompressedTensors}) {
      request.spec = {.bits = 5, .group = 32, .symmetric = true};
      german(checkHolds(even, request, target));
      request.spec.bits = 4;
      german(checkHolds(odd, request, target));
      if (target != ExportTarget::CompressedTensors) german(checkHolds(narrow, request, target));
    }
    request.spec = {.bits = 4, .group = 64, .symmetric = true};
    german(checkHolds(summaryOf(64, 96), request, ExportTarget::Gptq));
    request.spec = {.bits = 8, .group = 32, .symmetric = false};
    german(checkHolds(even, request, ExportTarget::Gguf));
    request.spec.symmetric = true;
    german(checkHolds(odd, request, ExportTarget::Gguf));
    request.method = QuantMethod::Gptq;
    german(check_quantize_request(request));
    // What the forecast says of each container.
    request.method = QuantMethod::Rtn;
    for (const ModelSummary* model : {&odd, &even})
      for (const int bits : {2, 3, 4, 5, 6, 8})
        for (const int group : {0, 32, 64, 256})
          for (const bool symmetric : {false, true}) {
            request.spec = {.bits = bits, .group = group, .symmetric = symmetric};
            const auto forecast = forecast_quantize(*model, request);
            QVERIFY(forecast.has_value());
            known(forecast->explanation);
          }
  }

  void data_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<QByteArray>("content");
    QTest::newRow("empty") << "a.jsonl" << QByteArray();
    QTest::newRow("empty rows") << "a.jsonl" << QByteArray("{\"prompt\": \"\", \"completion\": \"\"}\n");
    QTest::newRow("no json") << "a.jsonl" << QByteArray("this is no json\n");
    QTest::newRow("a comma") << "a.jsonl" << QByteArray("{\"prompt\": \"a\", \"completion\": \"b\"},\n");
    QTest::newRow("unknown form") << "a.jsonl" << QByteArray("{\"question\": \"a\", \"reply\": \"b\"}\n");
    QTest::newRow("no answer") << "a.jsonl" << QByteArray("{\"prompt\": \"a\", \"completion\": \"\"}\n");
    QTest::newRow("no output") << "a.jsonl" << QByteArray("{\"instruction\": \"a\", \"output\": \"\"}\n");
    QTest::newRow("a role") << "a.jsonl" << QByteArray("{\"messages\": [{\"role\": \"judge\", \"content\": \"a\"}]}\n");
    QTest::newRow("nobody answers") << "a.jsonl" << QByteArray("{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}\n");
    QTest::newRow("columns") << "a.csv" << QByteArray("one,two\n1,2\n");
    QTest::newRow("fields") << "a.csv" << QByteArray("prompt,completion\na,b,c\n");
    QTest::newRow("utf-16") << "a.txt" << QByteArray("\xFF\xFE" "a\0b\0", 6);
    QTest::newRow("zeros") << "a.txt" << QByteArray("ab\0cd", 5);
    QTest::newRow("parquet") << "a.jsonl" << QByteArray("PAR1abc");
    QTest::newRow("zip") << "a.jsonl" << QByteArray("PK\x03\x04zzzzzz");
  }
  void data() {
    QFETCH(QString, name);
    QFETCH(QByteArray, content);
    QVERIFY(write(name, content));
    german(import_dataset((m_folder.path() + "/" + name).toStdString(), {}));
  }
  void rowsThatAreNoTable() {
    QVERIFY(write("rows.jsonl", "{\"prompt\": \"a\", \"completion\": \"b\"}\n"));
    german(import_dataset((m_folder.path() + "/rows.jsonl").toStdString(), {.format = DatasetFormat::Csv}));
  }
  void noSuchFiles() {
    german(import_dataset((m_folder.path() + "/absent.jsonl").toStdString(), {}));
    german(import_dataset(m_folder.path().toStdString(), {}));
    german(summarize_model((m_folder.path() + "/absent.gguf").toStdString()));
    QVERIFY(QDir(m_folder.path()).mkpath("empty"));
    german(summarize_model((m_folder.path() + "/empty").toStdString()));
    QVERIFY(write("cut.gguf", QByteArray("GGUF\x03\0\0\0\x05", 9)));
    german(summarize_model((m_folder.path() + "/cut.gguf").toStdString()));
    // Half-downloaded is told from damaged in every language.
    QVERIFY(write("half.gguf", QByteArray("GGUF\x03\0\0\0\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x40\0\0\0\0\0\0\0general.architecture_of_it", 58)));
    const ModelEntry half = readModelEntry(m_folder.path() + "/half.gguf");
    QVERIFY2(half.state == ModelState::Incomplete, qPrintable(half.problem));
    QVERIFY2(half.problem.contains("der Download ist unvollständig"), qPrintable(half.problem));
  }

  void aPlanThatDoesNotFit() {
    MemoryLedger ledger;
    ledger.total_bytes = 1'230'000'000;
    ledger.limit_bytes = ledger.available_bytes = 573'000'000;
    ledger.remedies = {"batch 1 with accumulate 4 (the same step) needs 410 MB: fits", "context 256 needs 1.10 GB: does not fit",
                       "one factor a row instead of a scale a group needs 400 MB: fits", "one factor a row with batch 1 and context 32 needs 300 MB: fits", "no sample prompt needs 500 MB: fits"};
    const Error error = out_of_memory(ledger);
    known(error.message);
    const QString words = inWords(error);
    QVERIFY2(words.startsWith("Das Anpassen braucht so 1,23 GB, und 573 MB sind frei auf diesem Rechner."), qPrintable(words));
    QVERIFY2(words.contains("Kontext 256 braucht 1,10 GB: passt nicht; ein Faktor je Zeile"), qPrintable(words));
    QVERIFY2(!words.contains("needs") && !words.contains("fits"), qPrintable(words));
  }

  void englishAndUnknownStay() {
    const std::string unknown = "model.gguf: something that nobody said before, 12 times.";
    QCOMPARE(inWords(unknown), QString::fromStdString(unknown));
    QVERIFY(!isKnown(unknown));
    // Long text that is not known costs no time either.
    std::string report;
    for (int i = 0; i < 40; ++i) report += "a: b; c. D: ";
    QElapsedTimer clock;
    clock.start();
    QCOMPARE(inWords(report), QString::fromStdString(report));
    QVERIFY2(clock.elapsed() < 500, qPrintable(QString::number(clock.elapsed())));
    m_german.reset();
    const Language english("en");
    const auto refused = try_output({}, false);
    QCOMPARE(inWords(refused.error()), QString::fromStdString(refused.error().message));
  }

 private:
  bool write(const QString& name, const QByteArray& content) {
    QDir().mkpath(QFileInfo(m_folder.path() + "/" + name).path());
    QFile file(m_folder.path() + "/" + name);
    return file.open(QIODevice::WriteOnly) && file.write(content) == content.size();
  }
  static ModelSummary summaryOf(int64_t rows, int64_t cols) {
    ModelSummary model;
    model.parameters = rows * cols;
    model.tensors.push_back({.name = "blk.0.attn_q.weight", .type = "F32", .shape = {rows, cols}, .bits = 32, .group = 0, .bytes = uint64_t(rows * cols * 4)});
    return model;
  }
  static void known(const std::string& text) {
    QVERIFY2(isKnown(text), text.c_str());
    QVERIFY2(inWords(text) != QString::fromStdString(text), text.c_str());
  }
  template <class T>
  static void german(const Result<T>& refused) {
    QVERIFY(!refused.has_value());
    known(refused.error().message);
    static const QRegularExpression english("\\b(the|is|and|Choose|none|needs|file)\\b(?![.:/])");
    QVERIFY2(!inWords(refused.error()).contains(english), qPrintable(inWords(refused.error())));
  }
  QTemporaryDir m_folder;
  std::unique_ptr<Language> m_german;
};

QTEST_MAIN(TestEngineWords)
#include "test_engine_words.moc"
