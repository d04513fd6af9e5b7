// The rows that a run never learned from, found again from its folder.

#include <QtTest>

#include "engine/core/file.h"
#include "engine/tune/held_out.h"
#include "engine/tune/tuning_data.h"
#include "tests/testkit/tune_fixture.h"

using namespace scalewright;
using namespace scalewright::testkit;

namespace {

constexpr size_t kAnyLength = std::numeric_limits<size_t>::max();

// Bytes that this process read, by whatever call.
uint64_t bytes_read() {
  std::ifstream in("/proc/self/io");
  std::string name;
  uint64_t value = 0;
  in >> name >> value;  // "rchar:"
  return value;
}

std::vector<std::string> questions_of(const Dataset& rows) {
  std::vector<std::string> questions;
  for (const Example& row : rows.examples) questions.push_back(row.messages.front().content);
  return questions;
}

}  // namespace

class TestHeldOut : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;
  fs::path root_, model_;

 private slots:
  void initTestCase() {
    const auto models = tunable_models();
    if (models.empty()) QSKIP("the golden set is not here");
    model_ = models.front();
    root_ = folder_.path().toStdString();
  }

  // Of a split and of a file: the rows that the recipe names, read once, and refused where the data are others now.
  void of_a_run_data() {
    QTest::addColumn<bool>("file");
    QTest::newRow("held back") << false;
    QTest::newRow("a file of their own") << true;
  }
  void of_a_run() {
    QFETCH(bool, file);
    const fs::path own = root_ / (file ? "file" : "split"), run = own / "run";
    fs::create_directories(own);
    write_rows(own / "rows.jsonl", 20000);
    TuneRecipe recipe = small_recipe(model_, own, 1);
    recipe.system_prompt = "Say it.";
    if (file) {
      write_rows(own / "held.jsonl", 30, 7);
      recipe.validation = own / "held.jsonl";
      recipe.validation_split = 0.0;
    }
    const auto model = open_model(model_);
    recipe.validate_every = 1000;
    need(tune(model, recipe, run));
    const uint64_t before = bytes_read();
    const Dataset rows = need(held_out_rows_of_run(*model, run, kAnyLength));
    const uint64_t read = bytes_read() - before, data = fs::file_size(own / "rows.jsonl");
    QVERIFY2(read >= data && read < 2 * data, qPrintable(QStringLiteral("%1 bytes of %2 read").arg(read).arg(data)));
    const Dataset named = need(held_out_rows(*model, recipe, kAnyLength));
    QCOMPARE(questions_of(rows), questions_of(named));
    QCOMPARE(rows.examples.size(), file ? size_t{30} : size_t{2000});
    QCOMPARE(rows.examples.front().messages.front().role, std::string("system"));
    QVERIFY(need(held_out_rows_of_run(*model, run, 2)).examples.empty());
    write_rows(file ? recipe.validation : recipe.data, 25, 3);
    const auto changed = held_out_rows_of_run(*model, run, kAnyLength);
    QVERIFY(!changed && changed.error().message.find("its data have changed") != std::string::npos);
  }

  // An array in one line: a row's line says nothing of which row it is.
  void rows_of_one_line() {
    const fs::path own = root_ / "line";
    fs::create_directories(own);
    TuneRecipe recipe = small_recipe(model_, own, 1);
    recipe.data = own / "rows.json";
    nlohmann::json array = nlohmann::json::array();
    for (int i = 0; i < 40; ++i)
      array.push_back({{"prompt", "number " + std::to_string(i)}, {"completion", std::to_string(i)}});
    need(write_text_file(recipe.data, array.dump()));
    const auto model = open_model(model_);
    Observer nobody;
    Dataset of_the_run;
    const TuningData data = need(load_tuning_data(*model, recipe, nobody, &of_the_run));
    QCOMPARE(data.train->examples.size(), size_t{36});
    std::vector<std::string> questions;
    for (const EncodedExample& row : data.validation->examples)
      questions.push_back("number " + std::to_string(row.row - 1));
    QCOMPARE(questions.size(), size_t{4});
    QCOMPARE(questions_of(of_the_run), questions);
    QCOMPARE(questions_of(need(held_out_rows(*model, recipe, kAnyLength))), questions);
  }
};

QTEST_APPLESS_MAIN(TestHeldOut)
#include "test_held_out.moc"
