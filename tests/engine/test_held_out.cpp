// The rows that a run never learned from, found again from its folder.

#include <QtTest>

#include "engine/core/file.h"
#include "engine/tune/held_out.h"
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

std::vector<int64_t> lines_of(const Dataset& rows) {
  std::vector<int64_t> lines;
  for (const Example& row : rows.examples) lines.push_back(row.line);
  return lines;
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
    QCOMPARE(lines_of(rows), lines_of(named));
    QCOMPARE(rows.examples.size(), file ? size_t{30} : size_t{2000});
    QCOMPARE(rows.examples.front().messages.front().role, std::string("system"));
    QVERIFY(need(held_out_rows_of_run(*model, run, 2)).examples.empty());
    write_rows(file ? recipe.validation : recipe.data, 25, 3);
    const auto changed = held_out_rows_of_run(*model, run, kAnyLength);
    QVERIFY(!changed && changed.error().message.find("its data have changed") != std::string::npos);
  }
};

QTEST_APPLESS_MAIN(TestHeldOut)
#include "test_held_out.moc"
