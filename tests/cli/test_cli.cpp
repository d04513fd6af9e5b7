// The command line as a person meets it: exit codes, refusals that leave everything as it was, one JSON object, runs
// that go on by their folder alone. Runs the program itself, on golden files, with a history of its own.

#include <QProcess>
#include <QtTest>
#include <csignal>

#include "engine/core/file.h"
#include "engine/core/npy.h"
#include "engine/core/system.h"
#include "tests/testkit/tune_fixture.h"

using namespace scalewright;
using testkit::need;
namespace fs = std::filesystem;

namespace {

struct Answer {
  int code = -1;
  QByteArray out, err;
  nlohmann::json json() const { return nlohmann::json::parse(out.toStdString(), nullptr, false); }
  bool says(const char* text) const { return out.contains(text) || err.contains(text); }
};

}  // namespace

class TestCli : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;
  QString model_, data_;
  QString path(const char* name) const { return folder_.filePath(QString::fromUtf8(name)); }
  std::string text(const QString& file) const { return need(read_text_file(file.toStdString())); }

  void prepare(QProcess& process) const {
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(QStringLiteral("XDG_DATA_HOME"), path("history"));
    process.setProcessEnvironment(environment);
    process.setProgram(QStringLiteral(SCALEWRIGHT_CLI));
  }
  Answer run(const QStringList& words, const QString& out_file = {}, const QByteArray& input = {}) const {
    QProcess process;
    prepare(process);
    process.setArguments(words);
    if (!out_file.isEmpty()) process.setStandardOutputFile(out_file);
    process.start();
    process.write(input);
    process.closeWriteChannel();
    process.waitForFinished(-1);
    return {process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -1, process.readAllStandardOutput(), process.readAllStandardError()};
  }
  QStringList tune_words(const QString& run_folder, int steps, const QString& split = "0.1") const {
    return {"tune", model_, "--data", data_, "-o", run_folder, "--steps", QString::number(steps), "--context", "64", "--threads", "1", "--validation-split", split};
  }

 private slots:
  void initTestCase() {
    const auto models = testkit::tunable_models();
    if (models.empty()) QSKIP("the golden set is not here");
    model_ = path("model.gguf");
    fs::copy_file(models.front(), model_.toStdString());
    data_ = path("rows.jsonl");
    testkit::write_rows(data_.toStdString(), 40);
  }

  void wrong_usage() {
    for (const QStringList& words : {QStringList{"frobnicate"}, QStringList{}, QStringList{"generate", model_}, QStringList{"tune", model_, "-o", path("r")},
                                     QStringList{"tune", model_, "--data", data_, "-o", path("r"), "--steps", "0"}, QStringList{"inspect"}}) {
      const Answer answer = run(words);
      QVERIFY2(answer.code == 2, qPrintable(words.join(' ')));
      QVERIFY2(answer.out.isEmpty() && !answer.err.isEmpty(), qPrintable(words.join(' ')));
      const Answer json = run(words + QStringList{"--json"});
      QCOMPARE(json.code, 2);
      QVERIFY2(json.json().is_object() && json.json().contains("error"), json.out.constData());
    }
    QVERIFY(run({"frobnicate"}).says("frobnicate"));
    QVERIFY(!run({"tune", model_, "--data", data_, "-o", path("r"), "--clip", "-1"}).says("1797"));
    QCOMPARE(run({"--help"}).code, 0);
    QVERIFY(!fs::exists(path("r").toStdString()));
  }

  // Options that do nothing for a verb are taken, so that a script can give them to all, but its help does not offer them.
  void help_shows_what_acts() {
    const auto shows = [&](const char* verb, const char* option) { return run({verb, "--help"}).out.contains(option); };
    for (const char* verb : {"inspect", "runs", "tokenize", "render"})
      for (const char* option : {"--seed", "--isa", "--device", "--threads"}) QVERIFY2(!shows(verb, option), verb);
    for (const char* verb : {"eval", "score", "export", "apply", "logits"}) QVERIFY2(!shows(verb, "--seed") && shows(verb, "--device") && shows(verb, "--threads"), verb);
    for (const char* verb : {"tune", "plan", "quantize", "generate", "chat", "bench", "bench-train", "demo"}) QVERIFY2(shows(verb, "--seed") && shows(verb, "--isa"), verb);
    QVERIFY(!shows("chat", "--json") && shows("generate", "--json"));
    QCOMPARE(run({"inspect", model_, "--seed", "3", "--device", "cpu", "--threads", "1", "--isa", "scalar"}).code, 0);
    QCOMPARE(run({"inspect", model_, "--seed", "three"}).code, 2);
  }

  // Data that cannot be learned from say why, and what to do.
  void data_that_cannot_be_learned() {
    const auto plan = [&](const char* name, const std::string& content, const QStringList& more = {"--context", "64"}) {
      std::ofstream(path(name).toStdString(), std::ios::binary) << content;
      return run(QStringList{"plan", model_, "--data", path(name), "--steps", "3", "--threads", "1", "--json"} + more);
    };
    const auto refuses = [&](const Answer& answer, const char* words) { QVERIFY2(answer.code == 1 && answer.says(words), answer.err.constData()); };
    const std::string row = R"({"prompt": "a", "completion": "b"})";
    refuses(plan("rows_here.jsonl", row, {"--data-format", "csv"}), "rows_here.jsonl: these rows are JSON, not a table");
    refuses(plan("half.jsonl", R"({"prompt": {"a": 1}, "completion": [{"role": "assistant", "content": "b"}]})"), R"("prompt" is an object, not text)");
    QCOMPARE(plan("number.jsonl", R"({"prompt": 1, "completion": [{"role": "assistant", "content": "b"}]})").code, 0);
    for (const std::string& wide : {std::string("\0p\0,\0q\0\n", 8), std::string("p\0,\0q\0\n\0", 8)}) refuses(plan("wide.csv", wide), "this text is UTF-16");
    refuses(plan("bytes.csv", std::string("\1\0\0\0\2\0\0\0", 8)), "it holds zero bytes");
    refuses(plan("long.jsonl", R"({"prompt": ")" + std::string(4000, 'x') + R"(", "completion": "b"})"), "or cut long rows at their beginning (--truncate start)");
    // Of a model that puts no token before a text.
    std::ofstream(path("letter.txt").toStdString()) << "a";
    const QString plain = QString::fromStdString(testkit::tunable_models().back().string());
    refuses(run({"plan", plain, "--data", path("letter.txt"), "--steps", "3", "--context", "8", "--threads", "1"}), "there is nothing to learn. A text needs at least two tokens");
  }

  void a_warm_up_longer_than_the_run() {
    const QStringList words = QStringList{"plan"} + tune_words(path("never"), 3).mid(1) + QStringList{"--warmup"};
    QVERIFY2(run(words + QStringList{"1000"}).err.contains("The warm-up of 1000 steps is longer than the run of 3"), "warning");
    for (const char* fitting : {"3", "0.5", "0"}) QVERIFY2(!run(words + QStringList{fitting}).err.contains("warm-up"), fitting);
  }

  // Several examples share a row: what a step reads is said.
  void how_examples_become_steps() {
    const Answer planned = run(QStringList{"plan"} + tune_words(path("never"), 3).mid(1));
    QVERIFY2(planned.out.contains("3 steps over 36 examples (") && planned.out.contains(", which share rows of 64 tokens: "), planned.out.constData());
    for (const char* words : {"examples that fit share a row", "A finished run is not lengthened"}) QVERIFY2(run({"tune", "--help"}).out.simplified().contains(words), words);
  }

  // What is measured of rows is said.
  void perplexity_of_conversations() {
    const QStringList words = {"eval", model_, "--context", "64", "--threads", "1", "--text"};
    const Answer rows = run(words + QStringList{data_});
    QVERIFY2(rows.code == 0 && rows.out.contains("40 conversations, questions and answers, as the chat template writes them"), rows.out.constData());
    QCOMPARE(run(words + QStringList{data_, "--json"}).json()["conversations"].get<int>(), 40);
    QVERIFY(write_text_file(path("prose.txt").toStdString(), "a red box and a blue box\n"));
    const Answer prose = run(words + QStringList{path("prose.txt")});
    QVERIFY2(prose.code == 0 && !prose.out.contains("conversation"), prose.out.constData());
  }

  void failures() {
    QCOMPARE(run({"runs", path("nowhere")}).code, 1);
    QCOMPARE(run({"inspect", path("nowhere.gguf"), "--json"}).code, 1);
    if (fs::exists("/dev/full")) QCOMPARE(run({"inspect", model_}, QStringLiteral("/dev/full")).code, 1);
    QCOMPARE(run({"inspect", model_}).code, 0);
  }

  // What one meets who gives the wrong thing: where it is, and what to do.
  void wrong_things() {
    const auto says = [&](const QStringList& words, int code, const char* text) {
      const Answer answer = run(words);
      QVERIFY2(answer.code == code && answer.err.contains(text), (words.join(' ').toUtf8() + ": " + QByteArray::number(answer.code) + " " + answer.err).constData());
    };
    says(tune_words(path("endless"), 1) + QStringList{"--steps", "99999999999999999999"}, 2, "--steps");
    QVERIFY(!fs::exists(path("endless").toStdString()));
    says({"inspect", model_, "--threads", "-1"}, 2, "--threads: \"-1\" is no whole number from 0 to 1024");
    says({"inspect", model_, "--seed", "three"}, 2, "--seed: \"three\" is no whole number from 0 to 18446744073709551615");
    for (const char* seed : {"-1", "18446744073709551616"}) says({"plan", model_, "--data", data_, "--seed", seed}, 2, "--seed");
    QCOMPARE(run({"inspect", model_, "--seed", "18446744073709551615"}).code, 0);
    for (const char* steps : {"abc", "1e3"}) says({"plan", model_, "--data", data_, "--steps", steps}, 2, "is no whole number from 1 to");
    for (const char* limit : {"-5", "999999999999999999999", "much", "1.5GBs"}) says({"plan", model_, "--data", data_, "--memory-limit", limit}, 2, "is no size; write bytes, or a number with its unit, as 800MB or 1.5GB");
    for (const char* limit : {"1.5GB", "1.5 gb", "1500MB", "1500000000"}) {
      const Answer planned = run({"plan", model_, "--data", data_, "--steps", "1", "--context", "64", "--threads", "1", "--json", "--memory-limit", limit});
      QVERIFY2(planned.code == 0, planned.err.constData());
      QCOMPARE(planned.json()["limit_bytes"].get<uint64_t>(), uint64_t{1500000000});
    }
    says({"generate", model_, "--prompt", ""}, 2, "the prompt is empty");
    says({"bench", model_, "-p", "0", "-n", "0"}, 2, "nothing to measure");
    says({"export", model_, "--to", "gguf", "-o", path("a.bin")}, 1, "a.bin.gguf");
    says({"plan", model_, "--data", data_, "--epochs", "1e12"}, 1, "choose more than 0 and at most a million");
    const int64_t shape[] = {2, 2};
    const std::vector<int32_t> ids = {1, 2, 3, 1 << 24};
    QVERIFY(write_npy(path("big.npy").toStdString(), std::span<const int32_t>(ids), shape));
    says({"logits", model_, "--ids", path("big.npy"), "-o", path("out.npy")}, 1, "big.npy: id 16777216 (row 1, token 1) is not in the vocabulary of the model");
    says({"inspect", ""}, 1, "The model has no name");
    says({"runs", data_}, 1, "this is a file");
    says({"render", model_, "--messages", data_}, 1, "rows.jsonl");
    says({"generate", model_, "--prompt", "a", "--context", "99999999999"}, 2, "--context");
    says({"demo", "--model", model_, "-o", data_}, 1, "this folder cannot be made");
  }

  // Interrupted at its first work, the main job ends as such, and with JSON says so.
  void an_interrupted_demo() {
    const fs::path sample = sample_model_path();
    if (!fs::exists(sample)) QSKIP("the sample model is not here; the set-up fetches it");
    QProcess process;
    prepare(process);
    process.setArguments({"demo", "--model", QString::fromStdString(sample.string()), "-o", path("demo"), "--json"});
    process.setReadChannel(QProcess::StandardError);
    process.start();
    QByteArray said;
    while (!said.contains("layer 1") && process.waitForReadyRead(60000)) said += process.readAllStandardError();
    ::kill(static_cast<pid_t>(process.processId()), SIGINT);
    QVERIFY(process.waitForFinished(60000));
    QCOMPARE(process.exitStatus(), QProcess::NormalExit);
    QCOMPARE(process.exitCode(), 130);
    QVERIFY(nlohmann::json::parse(process.readAllStandardOutput().toStdString(), nullptr, false).is_object());
  }

  // What is no model is refused in the same words, whatever was to be done with it.
  void no_model() {
    const auto make = [&](const char* name, const std::string& content) {
      const QString file = path(name);
      fs::create_directories(fs::path(file.toStdString()).parent_path());
      std::ofstream(file.toStdString(), std::ios::binary) << content;
      return file;
    };
    make("plain_folder/a.txt", "a");
    make("ggufs/inner.gguf", text(model_));
    const std::vector<std::pair<QString, const char*>> cases = {{make("words.gguf", "these are words, not weights"), "this is no model: it does not begin with 'GGUF'"},
                                                                {make("void.gguf", ""), "this is no model: the file is empty"},
                                                                {make("begun.gguf", text(model_).substr(0, 20)), "The download is incomplete"},
                                                                {make("half.gguf", text(model_).substr(0, 5000)), "the download is incomplete"},
                                                                {make("one.safetensors", "12345678901"), "Give the folder that holds it"},
                                                                {path("plain_folder"), "this is no model: the folder has no config.json. A model is"},
                                                                {path("ggufs"), "inner.gguf"},
                                                                {path("nowhere"), "there is no such file or folder"}};
    const QString ids = path("ids.npy");
    for (const auto& [file, words] : cases) {
      QByteArray first;
      for (const QStringList& verb : {QStringList{"inspect", file}, QStringList{"quantize", file, "-o", path("no.gguf"), "--method", "rtn"}, QStringList{"tune", file, "--data", data_, "-o", path("no_run_here")},
                                      QStringList{"plan", file, "--data", data_}, QStringList{"chat", file}, QStringList{"generate", file, "--prompt", "a"}, QStringList{"eval", file, "--text", data_},
                                      QStringList{"score", file, "--data", data_}, QStringList{"eval", model_, "--text", data_, "--compare", file}, QStringList{"export", file, "--to", "gguf", "-o", path("no.gguf")},
                                      QStringList{"apply", file, "--pack", path("p.safetensors"), "-o", path("no.gguf")}, QStringList{"bench", file}, QStringList{"bench-train", file}}) {
        const Answer answer = run(verb);
        QVERIFY2(answer.code == 1 && answer.says(words), (verb.join(' ').toUtf8() + ": " + answer.err).constData());
        if (first.isEmpty()) first = answer.err;
        QCOMPARE(answer.err, first);
      }
    }
    QVERIFY(!fs::exists(path("no.gguf").toStdString()) && !fs::exists(path("no_run_here").toStdString()));
    QVERIFY(run({"tokenize", path("words.gguf"), "--text", "a"}).says("this is no model: it does not begin with 'GGUF'"));
  }

  void never_replaces_its_input() {
    const std::string before = text(model_);
    const Answer same = run({"quantize", model_, "-o", model_, "--method", "rtn"});
    QCOMPARE(same.code, 1);
    QVERIFY2(same.says("model being read"), same.err.constData());
    QCOMPARE(run({"export", model_, "--to", "gguf", "-o", model_}).code, 1);
    QCOMPARE(run({"apply", model_, "--pack", path("no.safetensors"), "-o", model_}).code, 1);
    QCOMPARE(text(model_), before);
  }

  void refuses_before_the_work() {
    for (const QStringList& words : {QStringList{"--bits", "8", "--group", "32"}, QStringList{"--type", "q9_9"}, QStringList{"--bits", "4", "--group", "32", "--type", "q4_0"}}) {
      const Answer answer = run(QStringList{"quantize", model_, "-o", path("q.gguf"), "--method", "rtn"} + words);
      QVERIFY2(answer.code == 1 && !answer.says("layer"), qPrintable(words.join(' ')));
      QVERIFY(!fs::exists(path("q.gguf").toStdString()));
    }
    QVERIFY(run({"quantize", model_, "-o", path("q.gguf"), "--bits", "8", "--group", "32"}).says("--symmetric"));
    QCOMPARE(run({"quantize", model_, "-o", path("q.bin")}).code, 1);
    QCOMPARE(run({"quantize", model_, "-o", path("no/q.gguf")}).code, 1);
  }

  // Rows that no block of GGUF divides: nothing would be quantized, or some matrices would not be.
  void rows_that_no_block_divides() {
    const fs::path families = testkit::golden_folder() / "families";
    const auto quantize = [&](const char* family, const QStringList& more) {
      return run(QStringList{"quantize", QString::fromStdString((families / family).string()), "--method", "rtn", "--bits", "4"} + more);
    };
    const Answer none = quantize("smollm", {"-o", path("odd.gguf")});
    QVERIFY2(none.code == 1 && none.says("the rows of this model (72) are no multiple of that, so nothing would be quantized. Write a folder"), none.err.constData());
    QVERIFY(!fs::exists(path("odd.gguf").toStdString()));
    const Answer folder = quantize("smollm", {"-o", path("odd"), "--group", "0"});
    QVERIFY2(folder.code == 0 && !folder.says("rounded to F16"), folder.err.constData());
    const Answer some = quantize("gemma", {"-o", path("some.gguf")});
    QVERIFY2(some.code == 0 && some.says(" matrices are no multiple of 32"), some.err.constData());
  }

  void an_output_that_is_there_stays() {
    std::ofstream(path("there.gguf").toStdString()) << "mine";
    for (const QStringList& words : {QStringList{"quantize", model_, "--method", "rtn", "--symmetric"}, QStringList{"export", model_, "--to", "gguf"}}) {
      const Answer refused = run(words + QStringList{"-o", path("there.gguf")});
      QVERIFY2(refused.code == 1 && refused.says("--force"), refused.err.constData());
      QCOMPARE(text(path("there.gguf")), std::string("mine"));
      QCOMPARE(run(words + QStringList{"-o", path("there.gguf"), "--force"}).code, 0);
      std::ofstream(path("there.gguf").toStdString()) << "mine";
    }
    const Answer bare = run({"export", model_, "--to", "gguf", "-o", path("bare")});
    QVERIFY2(bare.code == 1 && bare.says("bare.gguf"), bare.err.constData());
  }

  void a_budget_that_nothing_meets() {
    for (const char* budget : {"1KB", "1.5"}) {
      const Answer answer = run({"quantize", model_, "-o", path("tiny.gguf"), "--calibration", data_, "--budget", budget});
      QVERIFY2(answer.code == 1 && answer.says("The smallest") && !answer.says("about"), answer.err.constData());
    }
  }

  void the_word_that_is_wrong_is_named() {
    QVERIFY(run({"tune", model_, "--stepz", "3"}).says("--stepz"));
    QVERIFY(run({"quantize", model_, "--bitz", "3"}).says("--bitz"));
  }

  // Left to itself a .gguf gets the smallest type of its bits; what is said holds.
  void the_smallest_type_unless_told() {
    const auto container = [&](const QStringList& words) { return run(QStringList{"quantize", model_, "-o", path("usual.gguf"), "--force", "--method", "rtn", "--json"} + words).json()["container"].get<std::string>(); };
    QCOMPARE(container({}), std::string("Q4_0"));
    QCOMPARE(container({"--bits", "5"}), std::string("Q5_0"));
    QCOMPARE(container({"--group", "32"}), std::string("Q5_0"));
  }

  void bits_of_the_written_file() {
    const Answer answer = run({"quantize", model_, "-o", path("written.gguf"), "--method", "rtn", "--bits", "4", "--group", "32", "--json"});
    QVERIFY2(answer.code == 0, answer.err.constData());
    const Answer inspected = run({"inspect", path("written.gguf"), "--json"});
    for (const char* key : {"bits_per_weight", "file_bytes"}) QCOMPARE(answer.json()[key].get<double>(), inspected.json()[key].get<double>());
    QCOMPARE(answer.json()["larger"].get<std::string>().empty(), fs::file_size(path("written.gguf").toStdString()) <= fs::file_size(model_.toStdString()));
  }

  // Before the work: what it will come to, and what would be smaller where it grows or wins nothing.
  void size_before_the_work() {
    const auto quantize = [&](const QStringList& words) { return run(QStringList{"quantize", model_, "-o", path("size.gguf"), "--force", "--method", "rtn", "--group", "32", "--json"} + words); };
    const Answer larger = quantize({"--bits", "6"});
    QVERIFY2(larger.code == 0, larger.err.constData());
    const std::string advice = larger.json()["forecast"]["advice"].get<std::string>();
    QVERIFY2(advice.starts_with("The result will be larger") && advice.find("--bits ") != std::string::npos, advice.c_str());
    QVERIFY2(larger.err.indexOf("will be larger") >= 0 && larger.err.indexOf("will be larger") < larger.err.indexOf("layer 1"), larger.err.constData());
    const QByteArray line = run({"quantize", model_, "-o", path("size.gguf"), "--force", "--method", "rtn", "--bits", "4"}).out;
    QVERIFY2(line.contains(", of which the embedding") && line.contains(" takes "), line.constData());
    const Answer same = quantize({"--bits", "3", "--symmetric"});
    QVERIFY2(same.says("3 bits come to the same size as --bits 4"), same.err.constData());
    const Answer free = quantize({"--bits", "3"});
    QVERIFY2(free.says("3 bits come to the same size as --bits 4 --symmetric"), free.err.constData());
    QVERIFY(quantize({"--bits", "4", "--symmetric"}).json()["forecast"]["advice"].get<std::string>().empty());
    for (const QStringList& words : {QStringList{"--bits", "4"}, QStringList{"--bits", "4", "--symmetric"}, QStringList{"--bits", "2"}, QStringList{"--bits", "4", "--type", "q8_0"}}) {
      const nlohmann::json answer = quantize(words).json();
      for (const char* key : {"file_bytes", "bits_per_weight"}) {
        const double told = answer["forecast"][key].get<double>(), came = answer[key].get<double>();
        QVERIFY2(std::abs(told - came) <= 0.005 * came, qPrintable(QStringLiteral("%1 %2: %3, %4").arg(words.join(' '), QString::fromUtf8(key)).arg(told).arg(came)));
      }
    }
  }

  void what_a_file_is_without_its_hash() {
    auto all = run({"inspect", model_, "--json"}).json(), quick = run({"inspect", model_, "--no-hash", "--json"}).json();
    QCOMPARE(all["codes_hash"].get<std::string>().size(), size_t{32});
    QVERIFY(quick["codes_hash"].get<std::string>().empty());
    all.erase("codes_hash");
    quick.erase("codes_hash");
    QVERIFY(all == quick);
    const std::string shown = run({"inspect", model_}).out.toStdString(), short_form = run({"inspect", model_, "--no-hash"}).out.toStdString();
    QVERIFY(shown.starts_with(short_form) && shown.substr(short_form.size()).starts_with("codes hash"));
  }

  void a_refused_run_leaves_nothing() {
    for (const QStringList& more : {QStringList{"--data", path("nowhere.jsonl")}, QStringList{"--data", data_, "--memory-limit", "1MB"}}) {
      QCOMPARE(run(QStringList{"tune", model_, "-o", path("refused/run"), "--steps", "2", "--threads", "1"} + more).code, 1);
      QVERIFY(!fs::exists(path("refused").toStdString()));
    }
    QCOMPARE(run({"runs", "--json"}).json()["runs"].size(), size_t{0});
  }

  // As in the window: rows in the order given, a file that is named twice once.
  void several_files_in_one_run() {
    const QString first = path("first.jsonl"), second = path("second.csv");
    testkit::write_rows(first.toStdString(), 12);
    QVERIFY(write_text_file(second.toStdString(), "prompt,completion\nthe word red,red it is\nthe word blue,blue it is\n"));
    const QStringList words = {"tune", model_, "--data", first, "--data", second, "--data", path("./first.jsonl"), "--steps", "2", "--context", "64", "--threads", "1", "--json"};
    const QString folder = path("several");
    const Answer planned = run(QStringList{"plan"} + words.mid(1));
    QVERIFY2(planned.code == 0, planned.err.constData());
    QCOMPARE(planned.json()["rows"].get<int>(), 14);
    QVERIFY(!fs::exists(folder.toStdString()));
    const Answer answer = run(words + QStringList{"-o", folder});
    QVERIFY2(answer.code == 0, answer.err.constData());
    const auto recipe = nlohmann::json::parse(text(folder + "/recipe.json"));
    const fs::path merged = recipe["data"].get<std::string>();
    QCOMPARE(merged.parent_path(), fs::path((folder + "/data").toStdString()));
    QVERIFY2(merged.filename().string().starts_with("first-and-1-more-"), merged.c_str());
    const std::string rows = need(read_text_file(merged));
    QCOMPARE(int(std::ranges::count(rows, '\n')), 14);
    QVERIFY(rows.rfind("the word blue") > rows.rfind("the word red"));
    QVERIFY(rows.rfind("the word red") > rows.size() / 2);
    // It goes on without them.
    QVERIFY(fs::remove(first.toStdString()) && fs::remove(second.toStdString()));
    QCOMPARE(run({"tune", "--resume", "-o", folder}).code, 0);
    // Refused, it leaves nothing behind.
    QVERIFY(write_text_file(path("plain.txt").toStdString(), "a text\n"));
    const Answer mixed = run({"tune", model_, "--data", data_, "--data", path("plain.txt"), "-o", path("mixed"), "--steps", "2"});
    QVERIFY2(mixed.code == 1 && mixed.says("plain.txt"), mixed.err.constData());
    QVERIFY(!fs::exists(path("mixed").toStdString()));
    testkit::write_rows(first.toStdString(), 12);
    QCOMPARE(run({"tune", model_, "--data", data_, "--data", first, "-o", path("small"), "--steps", "2", "--memory-limit", "1MB"}).code, 1);
    QVERIFY(!fs::exists(path("small").toStdString()));
  }

  // The first and the last step saw other rows: what is compared is the held-out loss, else means.
  void compares_like_with_like() {
    Answer answer = run(tune_words(path("held-out"), 3) + QStringList{"--json"});
    QVERIFY2(answer.code == 0, answer.err.constData());
    nlohmann::json report = answer.json();
    QCOMPARE(report["loss_change"]["of"].get<std::string>(), std::string("validation"));
    QCOMPARE(report["loss_change"]["first"].get<double>(), report["validation"].front()["loss"].get<double>());
    QCOMPARE(report["loss_change"]["last"].get<double>(), report["validation"].back()["loss"].get<double>());
    QVERIFY(run(tune_words(path("held-out"), 3)).out.contains("held-out loss "));
    const QStringList words = tune_words(path("training"), 10, "0");
    answer = run(words + QStringList{"--json"});
    QVERIFY2(answer.code == 0, answer.err.constData());
    report = answer.json();
    QCOMPARE(report["loss_change"]["of"].get<std::string>(), std::string("training"));
    QCOMPARE(report["loss_change"]["steps"].get<int>(), 2);
    const auto losses = report["losses"].get<std::vector<double>>();
    QCOMPARE(report["loss_change"]["last"].get<double>(), (losses[8] + losses[9]) / 2);
    QVERIFY(run(words).out.contains("(means of the first and the last 2 steps)"));
  }

  void score_by_a_rule() {
    const QStringList words = {"score", model_, "--data", data_, "--limit", "3", "--max-tokens", "12", "--threads", "1"};
    const nlohmann::json exact = run(words + QStringList{"--json"}).json();
    QCOMPARE(exact["match"].get<std::string>(), std::string("exact"));
    QVERIFY(exact["pattern"].is_null() && exact["exact_match"] == exact["matched"]);
    QVERIFY(run(words).out.startsWith("exact match "));
    const Answer by_pattern = run(words + QStringList{"--pattern", "(\\S+)", "--json"});
    QVERIFY2(by_pattern.code == 0, by_pattern.err.constData());
    const nlohmann::json report = by_pattern.json();
    QCOMPARE(report["match"].get<std::string>(), std::string("pattern"));
    QCOMPARE(report["pattern"].get<std::string>(), std::string("(\\S+)"));
    QVERIFY(report.contains("matched") && report["answers"][0].contains("value") && report["answers"][0]["expected_value"].is_string());
    QVERIFY(run(words + QStringList{"--pattern", "(\\S+)"}).out.startsWith("same by the pattern (\\S+) "));
    // Rows without numbers are no sums.
    const QString sums = path("sums.jsonl");
    QVERIFY(write_text_file(sums.toStdString(), "{\"prompt\": \"one and one\", \"completion\": \"1 + 1 = 2\\n#### 2\"}\n"));
    const Answer by_number = run({"score", model_, "--data", sums, "--match", "number", "--max-tokens", "8"});
    QVERIFY2(by_number.code == 0 && by_number.out.startsWith("same last number "), by_number.err.constData());
    QVERIFY2(by_number.err.contains("--max-tokens"), by_number.err.constData());
    for (const QStringList& wrong : {QStringList{"--match", "pattern"}, QStringList{"--match", "number", "--pattern", "(a)"}, QStringList{"--match", "roughly"}}) QCOMPARE(run(words + wrong).code, 2);
    const Answer no_group = run(words + QStringList{"--pattern", "abc"});
    QVERIFY2(no_group.code == 2 && no_group.says("capture group"), no_group.err.constData());
    const Answer open_bracket = run(words + QStringList{"--pattern", "("});
    QVERIFY2(open_bracket.code == 2 && open_bracket.says("the round bracket at character 1 is never closed"), open_bracket.err.constData());
    // Every answer with what was asked; the JSON has both.
    const QByteArray shown = run(words + QStringList{"--show"}).out;
    QCOMPARE(exact["answers"][0]["prompt"].get<std::string>(), std::string("the word a"));
    QVERIFY2(shown.contains("  the word a\n       answer: "), shown.constData());
  }

  // The same rows with two models: each beside the other as it is alone.
  void beside_another_model() {
    const QString folder = path("beside");
    QVERIFY(run(tune_words(folder, 6) + QStringList{"--learning-rate", "0.02"}).code == 0);
    QVERIFY(write_text_file(path("plain.text").toStdString(), text(data_)));
    const QStringList eval = {"--text", path("plain.text"), "--context", "64", "--threads", "1"};
    const nlohmann::json tuned = run(QStringList{"eval", folder, "--json"} + eval).json(), base = run(QStringList{"eval", model_, "--json"} + eval).json();
    QVERIFY(tuned["perplexity"] != base["perplexity"]);
    for (const QString& other : {model_, QStringLiteral("original")}) {
      const Answer answer = run(QStringList{"eval", folder, "--compare", other, "--json"} + eval);
      QVERIFY2(answer.code == 0, answer.err.constData());
      const nlohmann::json both = answer.json();
      QVERIFY(both["perplexity"] == tuned["perplexity"] && both["compare"]["perplexity"] == base["perplexity"]);
      QCOMPARE(both["compare"]["model"].get<std::string>(), other.toStdString());
    }
    const QByteArray table = run(QStringList{"eval", folder, "--compare", "original"} + eval).out;
    QVERIFY2(table.contains("beside") && table.contains("original") && table.contains("\nperplexity "), table.constData());

    const QStringList score = {"--data", data_, "--limit", "6", "--max-tokens", "6", "--threads", "1", "--pattern", "(\\S)"};
    const Answer answer = run(QStringList{"score", folder, "--compare", "original", "--json"} + score);
    QVERIFY2(answer.code == 0, answer.err.constData());
    const nlohmann::json both = answer.json(), alone = run(QStringList{"score", folder, "--json"} + score).json(), other = run(QStringList{"score", model_, "--json"} + score).json();
    QVERIFY(both["answers"] == alone["answers"] && both["compare"]["answers"] == other["answers"] && both["compare"]["loss"] == other["loss"]);
    int differing = 0;
    for (size_t i = 0; i < 6; ++i) differing += alone["answers"][i]["matched"] != other["answers"][i]["matched"];
    QCOMPARE(both["difference"]["rows"].get<int>(), 6);
    QCOMPARE(both["difference"]["differing"].get<int>(), differing);
    QVERIFY(run(QStringList{"score", folder, "--compare", model_} + score).out.contains("They differ in " + QByteArray::number(differing) + " of 6 rows: "));

    // Refused before anything is measured.
    for (const char* verb : {"eval", "score"}) {
      const QStringList words = QStringList{verb, model_} + (verb == std::string("eval") ? eval : score);
      const Answer no_run = run(words + QStringList{"--compare", "original"}), nothing = run(words + QStringList{"--compare", path("nowhere.gguf")});
      QVERIFY2(no_run.code == 1 && no_run.says("is no run"), no_run.err.constData());
      QVERIFY2(nothing.code == 1 && nothing.says("nowhere.gguf") && !nothing.says("row 1") && !nothing.says("window 1"), nothing.err.constData());
    }
  }

  void a_learning_rate_far_too_high() {
    QVERIFY(run(tune_words(path("fast"), 1) + QStringList{"--learning-rate", "1"}).err.contains("is usual for this model"));
    QVERIFY(!run(tune_words(path("usual"), 1) + QStringList{"--learning-rate", "0.005"}).err.contains("is usual"));
    for (const char* verb : {"tune", "plan"}) {
      const Answer absurd = run(QStringList{verb} + tune_words(path("absurd"), 1).mid(1) + QStringList{"--learning-rate", "100"});
      QVERIFY2(absurd.code != 0 && absurd.says("is usual"), absurd.err.constData());
    }
    QVERIFY(!fs::exists(path("absurd").toStdString()));
    const auto planned = run(QStringList{"plan"} + tune_words(path("absurd"), 1).mid(1) + QStringList{"--learning-rate", "1", "--json"}).json();
    QVERIFY(!planned["warnings"].empty() && planned["usual_learning_rate"].get<double>() > 0);
  }

  void goes_on_by_its_folder_alone() {
    const QString folder = path("run");
    Answer answer = run(tune_words(folder, 4) + QStringList{"--learning-rate", "0.001", "--json"});
    QVERIFY2(answer.code == 0, answer.err.constData());
    const auto losses = answer.json()["losses"];
    answer = run({"tune", "--resume", "-o", folder, "--json"});
    QVERIFY2(answer.code == 0, answer.err.constData());
    QVERIFY(answer.json()["losses"] == losses);
    answer = run({"tune", "--resume", "-o", folder, "--learning-rate", "0.5"});
    QCOMPARE(answer.code, 1);
    QVERIFY2(answer.says("learning_rate"), answer.err.constData());
    QCOMPARE(run({"tune", "--resume", "-o", path("no_run")}).code, 1);
    QVERIFY2(answer.says("learning_rate was 0.001 and is 0.5") && !answer.says("finished run"), answer.err.constData());
    answer = run({"tune", "--resume", "-o", folder, "--steps", "6"});
    QVERIFY2(answer.code == 1 && answer.says("steps was 4 and is 6") && answer.says("export the finished run and tune what was written"), answer.err.constData());
    answer = run({"tune", "--resume", "-o", folder, "--json"});
    QVERIFY2(answer.says("finished already, after 4 steps") && answer.json()["finished_before"].get<bool>(), answer.err.constData());
    answer = run(tune_words(path("default_rate"), 1));
    QVERIFY2(answer.code == 0 && !answer.says("finished already"), answer.err.constData());
    answer = run({"tune", "--resume", "-o", path("default_rate"), "--learning-rate", "0.5"});
    QVERIFY2(answer.code == 1 && answer.says("learning_rate was 0.00"), answer.err.constData());
    QCOMPARE(run({"plan", "--resume", "-o", folder}).code, 0);
    answer = run({"inspect", folder, "--json"});
    QCOMPARE(answer.code, 0);
    QCOMPARE(answer.json()["run"].get<std::string>(), folder.toStdString());
    answer = run({"quantize", folder, "-o", path("q.gguf")});
    QCOMPARE(answer.code, 1);
    QVERIFY2(answer.says("folder of a run"), answer.err.constData());
    for (const QStringList& words : {QStringList{"tune", folder, "--data", data_, "-o", path("of_run")}, QStringList{"apply", folder, "--pack", folder + "/tuned.safetensors", "-o", path("q.gguf")}})
      QVERIFY2(run(words).says("folder of a run"), qPrintable(words.join(' ')));
    QVERIFY(run({"inspect", folder + "/tuned.safetensors"}).says("it is a scale pack"));
    for (const QStringList& words : {QStringList{"apply", model_, "-o", path("q.gguf")}, QStringList{"chat", model_}}) {
      answer = run(words + QStringList{"--pack", folder});
      QVERIFY2(answer.code == 1 && answer.says("/run/tuned.safetensors"), answer.err.constData());
    }
    // Copied elsewhere it is a run still, though the history does not know it there.
    fs::create_directories(path("copies").toStdString());
    fs::copy(folder.toStdString(), path("copies/one").toStdString(), fs::copy_options::recursive);
    answer = run({"runs", path("copies")});
    QVERIFY2(answer.code == 0 && answer.out.contains("not in the history  " + path("copies/one").toUtf8()) && !answer.says("No runs"), answer.out.constData());
    QCOMPARE(run({"runs", path("copies"), "--json"}).json()["not_in_history"].size(), size_t{1});
    QVERIFY(run({"runs", folder, "--json"}).json()["not_in_history"].empty());
    const std::string before = text(model_);
    QCOMPARE(run({"export", folder, "--to", "gguf", "-o", model_}).code, 1);
    QCOMPARE(text(model_), before);
    QVERIFY2(run({"export", folder, "--to", "gguf", "-o", path("tuned.gguf")}).code == 0, "export");
    QVERIFY(text(path("tuned.gguf")).find(", tuned: run") != std::string::npos && text(model_).find(", tuned: ") == std::string::npos);
    // What was written before is replaced only when that is asked for.
    const QString pack = path("task.safetensors"), gptq = path("gptq");
    for (const QStringList& words : {QStringList{"export", folder, "--to", "pack", "-o", pack}, QStringList{"export", folder, "--to", "safetensors", "-o", gptq},
                                     QStringList{"apply", model_, "--pack", pack, "-o", path("applied.gguf")}}) {
      QVERIFY2(run(words).code == 0, qPrintable(words.join(' ')));
      const fs::path file = fs::is_directory(words.last().toStdString()) ? fs::path(words.last().toStdString()) / "config.json" : fs::path(words.last().toStdString());
      const auto written = fs::last_write_time(file);
      answer = run(words);
      QVERIFY2(answer.code == 1 && answer.says("--force"), answer.err.constData());
      QVERIFY(fs::last_write_time(file) == written);
      QVERIFY2(run(words + QStringList{"--force"}).code == 0, qPrintable(words.join(' ')));
      QVERIFY(fs::last_write_time(file) != written);
    }
    QVERIFY(text(path("applied.gguf")).find(", tuned: task") != std::string::npos);
  }

  // A second run in the same folder moves the first aside, with its place in the history.
  void an_earlier_run_stays_in_the_history() {
    const QString folder = path("again");
    for (const int steps : {2, 3, 4}) QCOMPARE(run(tune_words(folder, steps)).code, 0);
    const nlohmann::json runs = run({"runs", folder, "--json"}).json()["runs"];
    std::map<std::string, int> steps;
    for (const auto& each : runs) steps[each["folder"].get<std::string>()] = each["steps"].get<int>();
    const std::string here = fs::weakly_canonical(folder.toStdString()).string();
    const std::map<std::string, int> expected = {{here, 4}, {here + "/earlier-1", 2}, {here + "/earlier-2", 3}};
    QVERIFY2(steps == expected, runs.dump(1).c_str());
    QVERIFY(run({"runs"}).out.contains("earlier-1"));
    // Resumed from its own beginning it is the same run.
    QCOMPARE(run({"tune", "--resume", "-o", folder}).code, 0);
    QCOMPARE(run({"runs", folder, "--json"}).json()["runs"].size(), size_t{3});
  }

  // Words with a slash are for the program: no model answers them.
  void words_of_the_chat() {
    QProcess process;
    prepare(process);
    process.setArguments({"chat", model_, "--max-tokens", "4", "--threads", "1"});
    process.start();
    process.write("/help\n/frobnicate\n/new\n/quit\n");
    process.closeWriteChannel();
    QVERIFY(process.waitForFinished(60000));
    const QByteArray out = process.readAllStandardOutput();
    QCOMPARE(process.exitCode(), 0);
    QVERIFY2(out.contains("/new begins a new conversation") && out.contains("/frobnicate is not known here") && out.contains("A new conversation"), out.constData());
    QVERIFY2(!out.contains("tokens/s"), out.constData());
  }

  // Ctrl+C while the model answers stops the answer; at the prompt it ends the conversation.
  void an_answer_that_is_stopped() {
    const fs::path sample = sample_model_path();
    if (!fs::exists(sample)) QSKIP("the sample model is not here; the set-up fetches it");
    QProcess process;
    prepare(process);
    process.setArguments({"chat", QString::fromStdString(sample.string()), "--max-tokens", "4000", "--temperature", "0"});
    process.start();
    QByteArray said;
    const auto wait_for = [&](const char* words, qsizetype from) {
      while (said.indexOf(words, from) < 0 && process.waitForReadyRead(60000)) said += process.readAllStandardOutput();
      return said.indexOf(words, from) >= 0;
    };
    QVERIFY2(wait_for("you> ", 0) && said.contains("Ctrl+C stops an answer"), said.constData());
    process.write("Count from 1 to 1000.\n");
    QVERIFY2(wait_for("3", said.size()), said.constData());
    const qsizetype before = said.size();
    ::kill(static_cast<pid_t>(process.processId()), SIGINT);
    QVERIFY2(wait_for("you> ", before) && said.indexOf("(stopped; ", before) >= 0, said.constData());
    QVERIFY(!process.readAllStandardError().contains("Stopping"));
    ::kill(static_cast<pid_t>(process.processId()), SIGINT);
    QVERIFY(process.waitForFinished(60000));
    QVERIFY(process.exitStatus() == QProcess::NormalExit && process.exitCode() == 130);
  }

  // What another program writes is the prompt, as if it stood behind --prompt.
  void a_prompt_from_standard_input() {
    const QStringList words = {"generate", model_, "--temperature", "0", "--max-tokens", "6", "--threads", "1", "--json"};
    const auto answer = [&](const QStringList& more, const QByteArray& input = {}) {
      const Answer given = run(words + more, {}, input);
      return given.code == 0 ? given.json()["text"].get<std::string>() + " of " + given.json()["prompt_tokens"].dump() : given.err.toStdString();
    };
    const std::string wanted = answer({"--prompt", "a red\nbox"});
    QVERIFY2(wanted.find(" of ") != std::string::npos, wanted.c_str());
    QCOMPARE(answer({}, "a red\nbox\n"), wanted);
    QCOMPARE(answer({}, "a red\nbox"), wanted);
    QCOMPARE(answer({"--prompt", "-"}, "a red\nbox\r\n"), wanted);
    QCOMPARE(answer({"--prompt", "a red\nbox"}, "something else"), wanted);
    QCOMPARE(answer({"--raw"}, "a red box\n"), answer({"--raw", "--prompt", "a red box"}));
    for (const QStringList& more : {QStringList{}, QStringList{"--prompt", "-"}, QStringList{"--prompt", ""}}) {
      const Answer empty = run(words + more, {}, more.size() == 2 && more[1].isEmpty() ? "unread" : "\n");
      QVERIFY2(empty.code == 2 && empty.says("standard input"), empty.err.constData());
    }
  }

  void rows_that_are_learned_and_validated_on() {
    const Answer answer = run({"tune", model_, "--data", data_, "--validation", data_, "-o", path("both"), "--steps", "1", "--context", "64", "--threads", "1"});
    QVERIFY2(answer.code == 0 && answer.says("rows to validate on are learned from too"), answer.err.constData());
  }

  // An answer that repeats itself is said sooner, and is the same.
  void guessing_ahead() {
    const QStringList words = {"generate", model_, "--raw", "--temperature", "0", "--max-tokens", "40", "--threads", "1", "--json", "--prompt", "red box red box red box red box"};
    const auto plain = run(words + QStringList{"--guess-ahead", "0"}).json(), usual = run(words).json();
    QVERIFY(usual["tokens"] == plain["tokens"] && usual["text"] == plain["text"]);
    QCOMPARE(plain["guessed_tokens"].get<int>(), 0);
    QVERIFY2(usual["guessed_tokens"].get<int>() > 0 && usual["right_guesses"].get<int>() <= usual["guessed_tokens"].get<int>(), usual.dump().c_str());
    QCOMPARE(run(words + QStringList{"--guess-ahead", "4"}).code, 2);
    for (const char* rows : {"1", "4"}) {
      const auto speed = run({"bench", model_, "-p", "4", "-n", "6", "-r", "1", "--rows", rows, "--threads", "1", "--json"}).json();
      QVERIFY2(speed["decode_tokens_per_second"].get<double>() > 0.0 && speed["rows"].get<int>() == atoi(rows), speed.dump().c_str());
    }
  }

  // Says what the context is, what the model was made for, and the option that gives more; a chat goes on.
  void a_prompt_that_is_too_long() {
    const int made_for = run({"inspect", model_, "--no-hash", "--json"}).json()["context_length"].get<int>();
    const QString prompt = QStringLiteral("a long prompt of many words ").repeated(4);
    const QStringList words = {"generate", model_, "--raw", "--max-tokens", "3", "--threads", "1", "--prompt"};
    const Answer answer = run(words + QStringList{prompt, "--context", "16"});
    QVERIFY2(answer.code == 1 && answer.says("but the context holds 16. The model was made for") && answer.says("--context "), answer.err.constData());
    QVERIFY2(answer.err.contains("made for " + QByteArray::number(made_for) + ": give it more with --context "), answer.err.constData());
    const QByteArray told = answer.err.mid(answer.err.indexOf("more with --context ") + 20);
    QCOMPARE(run(words + QStringList{prompt, "--context", QString::fromUtf8(told.left(told.indexOf('.')))}).code, 0);
    const Answer beyond = run(words + QStringList{QStringLiteral("a ").repeated(made_for + 8)});
    QVERIFY2(beyond.code == 1 && beyond.says("shorten it; --context "), beyond.err.constData());

    QProcess process;
    prepare(process);
    process.setArguments({"chat", model_, "--max-tokens", "2", "--threads", "1", "--context", "48"});
    process.start();
    process.write((QStringLiteral("many words ").repeated(40) + "\nhi\n/quit\n").toUtf8());
    process.closeWriteChannel();
    QVERIFY(process.waitForFinished(60000));
    const QByteArray out = process.readAllStandardOutput();
    QVERIFY2(process.exitCode() == 0 && out.contains("but the context holds 48") && out.contains("/new begins") && out.count("of 48 tokens used") == 1, out.constData());
  }

  void a_killed_run_is_interrupted() {
    const QString folder = path("killed");
    QProcess process;
    prepare(process);
    process.setArguments(tune_words(folder, 100000));
    process.start();
    const auto state = [&] {
      const nlohmann::json all = run({"runs", folder, "--json"}).json();
      return all.contains("runs") && !all["runs"].empty() ? all["runs"][0]["state"].get<std::string>() : std::string();
    };
    while (state() != "running" && process.state() != QProcess::NotRunning) QTest::qWait(50);
    QVERIFY(process.state() == QProcess::Running);
    process.kill();
    process.waitForFinished(-1);
    QCOMPARE(state(), std::string("interrupted"));
  }

  // Last, for its runs stand in the history: a second demo in the same folder moves the first one's run aside, and deletes nothing.
  void a_demo_twice() {
    const QStringList words = {"demo", "--quick", "--model", model_, "-o", path("twice"), "--threads", "1", "--json"};
    const Answer first = run(words);
    QVERIFY2(first.code == 0 && first.json().contains("export"), first.err.constData());
    const std::string pack = text(path("twice/run/tuned.safetensors"));
    QVERIFY(write_text_file(path("twice/run/notes.txt").toStdString(), "mine"));
    const Answer second = run(words + QStringList{"--seed", "2"});
    QVERIFY2(second.code == 0, second.err.constData());
    QCOMPARE(text(path("twice/run/notes.txt")), std::string("mine"));
    QVERIFY(text(path("twice/run/earlier-1/tuned.safetensors")) == pack);
    QVERIFY(text(path("twice/run/tuned.safetensors")) != pack);
  }
};

QTEST_GUILESS_MAIN(TestCli)
#include "test_cli.moc"
