// Every model of ours under Qt's own tester, and what the table of models shows.

#include <QAbstractItemModelTester>
#include <QSignalSpy>
#include <QSortFilterProxyModel>
#include <QTest>
#include <cmath>

#include "ui/models/cell_roles.h"
#include "ui/models/chat_log.h"
#include "ui/models/model_table_model.h"
#include "ui/models/recipe_diff_model.h"
#include "ui/models/row_problem_model.h"
#include "ui/models/run_table_model.h"
#include "ui/models/smoothing.h"
#include "ui/models/tensor_log_model.h"
#include "ui/settings/format.h"
#include "ui/settings/language.h"

using namespace scalewright::ui;

namespace {

ModelEntry entry(const QString& path, ModelState state, double bits, quint64 bytes) {
  ModelEntry e;
  e.path = path;
  e.name = path.section('/', -1);
  e.detail = path.section('/', 0, -2);
  e.family = "llama";
  e.state = state;
  e.bits = bits;
  e.bytes = bytes;
  e.parameters = 135'000'000;
  return e;
}

}  // namespace

class TestUiModels : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() { QLocale::setDefault(QLocale::c()); }

  void tableOfModels() {
    ModelTableModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    ModelFilterModel filter;
    filter.setSourceModel(&model);
    QAbstractItemModelTester filterTester(&filter, QAbstractItemModelTester::FailureReportingMode::QtTest);

    model.upsert(entry("/m/b.Q4_1.gguf", ModelState::Quantized, 4.99, 85'600'000));
    model.upsert(entry("/m/full", ModelState::FullPrecision, 16, 269'000'000));
    model.upsert(entry("/runs/orders", ModelState::Tuned, 4.99, 85'600'000));
    QCOMPARE(filter.rowCount(), 3);
    QCOMPARE(model.index(0, ModelTableModel::Size).data().toString(), "85.6 MB");
    QCOMPARE(model.index(1, ModelTableModel::Bits).data().toString(), "16");
    QCOMPARE(model.index(2, ModelTableModel::State).data(ChipRole).toInt(), 1);

    filter.setKind(ModelFilterModel::Full);
    QCOMPARE(filter.rowCount(), 1);
    filter.setKind(ModelFilterModel::All);
    filter.setText("ORDERS");
    QCOMPARE(filter.rowCount(), 1);
    filter.setText("");
    filter.sort(ModelTableModel::Size, Qt::DescendingOrder);
    QCOMPARE(filter.index(0, 0).data().toString(), "full");

    auto changed = entry("/m/b.Q4_1.gguf", ModelState::Incomplete, 0, 10);
    changed.problem = "cut";
    model.upsert(changed);
    QCOMPARE(model.rowCount(), 3);
    QCOMPARE(model.index(0, ModelTableModel::Bits).data().toString(), QStringLiteral("–"));
    QCOMPARE(model.index(0, 0).data(Qt::ToolTipRole).toString(), "cut");
    model.remove("/m/full");
    model.remove("/m/none");
    QCOMPARE(filter.rowCount(), 2);
    model.clear();
    QCOMPARE(filter.rowCount(), 0);
  }

  // Each model remembers what it said itself, and nothing of another.
  void eachSideHasItsOwnHistory() {
    ChatLog log;
    log.packPath = "/runs/b/tuned.safetensors";
    log.turns = {{"one", {ChatAnswer{}, ChatAnswer{"by a", {}, true, "/runs/a/tuned.safetensors"}}},
                 {"two", {ChatAnswer{"original", {}, true, {}}, ChatAnswer{"by b", {}, true, log.packPath}}},
                 {"three", {}}};
    const auto original = log.messages(0, 2, log.packPath), tuned = log.messages(1, 2, log.packPath);
    QCOMPARE(int(original.size()), 3);
    QCOMPARE(original[1].content, std::string("original"));
    QCOMPARE(int(tuned.size()), 3);
    QCOMPARE(tuned[1].content, std::string("by b"));
    ChatLog again;
    QVERIFY(ChatLog::fromJson(log.toJson(), &again));
    QCOMPARE(again.turns[0].answers[1].pack, log.turns[0].answers[1].pack);
    // A conversation of the first version kept a tuned answer at the original's place.
    ChatLog old;
    QVERIFY(ChatLog::fromJson(R"({"version":1,"model":"m","pack":"/runs/a/tuned.safetensors","side_by_side":false,"turns":[{"prompt":"p","answers":[{"text":"t","facts":""},null]}]})", &old));
    QVERIFY(!old.turns[0].answers[0].given && old.turns[0].answers[1].text == "t");
  }

  void logOfTensors() {
    TensorLogModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    model.setType("Q4_1");
    model.add({});
    model.add({{"blk.0.attn_q", 0.05, 0.1, 1, 4}, {"blk.0.attn_k", 0.06, 0.2, 2, 4}});
    model.add({{"blk.0.attn_v", 0.07, 0.3, 3, 4}});
    QCOMPARE(model.index(0, 0).data().toString(), "blk.0.attn_v");
    QCOMPARE(model.index(2, 0).data().toString(), "blk.0.attn_q");
    QCOMPARE(model.index(0, TensorLogModel::ErrorColumn).data().toString(), "7.00 %");
    model.clear();
    QCOMPARE(model.rowCount(), 0);
  }

  void tableOfRuns() {
    RunTableModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    QSortFilterProxyModel proxy;
    proxy.setSourceModel(&model);
    QAbstractItemModelTester proxyTester(&proxy, QAbstractItemModelTester::FailureReportingMode::QtTest);
    model.setRuns({run(1, "quick", 2), run(2, "thorough", 3)}, {{2, {{.before = 0.05, .after = 0.95}}}}, {{2, 90.0}});
    QCOMPARE(model.rowCount(), 2);
    QCOMPARE(model.index(1, RunTableModel::RightAnswers).data().toString(), QString("%1 → %2").arg(percentText(0.05, 0), percentText(0.95, 0)));
    QCOMPARE(model.index(1, RunTableModel::Time).data().toString(), durationText(90.0));
    QCOMPARE(model.index(0, 0).data().toString(), "quick");
    QVERIFY(model.index(0, 0).data(SubTextRole).toString().contains("orders.jsonl"));
    QSignalSpy compared(&model, &RunTableModel::comparedChanged), renamed(&model, &RunTableModel::renamed);
    QVERIFY(model.setData(model.index(1, 0), Qt::Checked, Qt::CheckStateRole));
    QCOMPARE(model.compared(), QList<qint64>({2}));
    QCOMPARE(model.index(1, 0).data(MarkRole).toInt(), 0);
    QVERIFY(model.setData(model.index(0, 0), "brief", Qt::EditRole));
    QCOMPARE(compared.count(), 1);
    QCOMPARE(renamed.count(), 1);
    // The row of a run that goes on goes along.
    model.setStep(QString::fromStdString(model.run(0)->folder), 0.5);
    QCOMPARE(int(model.run(0)->step), int(model.run(0)->steps / 2));
    // A run that is gone is no longer compared.
    model.setRuns({run(1, "quick", 2)}, {});
    QVERIFY(model.compared().isEmpty());
    model.setRuns({}, {});
    QCOMPARE(proxy.rowCount(), 0);
  }

  void recipesSideBySide() {
    RecipeDiffModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    model.setRuns({run(1, "quick", 2)});
    QCOMPARE(model.columnCount(), 2);
    const int all = model.rowCount();
    QVERIFY(all > 5);
    // Two runs: what is equal is hidden, what differs stays and is strong.
    model.setRuns({run(1, "quick", 2), run(2, "thorough", 3)});
    QCOMPARE(model.columnCount(), 3);
    QVERIFY(model.rowCount() >= 1 && model.rowCount() < all);
    QVERIFY(model.hiddenRows() > 0);
    bool strong = false;
    for (int row = 0; row < model.rowCount(); ++row) strong = strong || model.index(row, 1).data(StrongRole).toBool() || model.index(row, 2).data(StrongRole).toBool();
    QVERIFY(strong);
    model.setRuns({});
    QCOMPARE(model.rowCount(), 0);
    // One of a thing is one.
    const Language english("en");
    scalewright::RunRow one;
    scalewright::TuneRecipe recipe;
    recipe.epochs = 1;
    one.recipe_json = scalewright::recipe_to_json(recipe);
    const auto says = [&](const QString& words) {
      model.setRuns({one});
      for (int row = 0; row < model.rowCount(); ++row)
        if (model.index(row, 1).data().toString() == words) return true;
      return false;
    };
    QVERIFY(says("1 epoch"));
    recipe.steps = 1;
    one.recipe_json = scalewright::recipe_to_json(recipe);
    QVERIFY(says("1 step"));
  }

  void rowsWithProblems() {
    RowProblemModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    scalewright::Dataset dataset;
    dataset.problems.push_back({"a.jsonl", 7, "messages[1].role", "“assitant” is no role"});
    scalewright::EncodedDataset encoded;
    encoded.problems.push_back({"a.jsonl", 9, "", "the template refuses it", 8});
    scalewright::EncodedExample longRow;
    longRow.line = 11;
    longRow.row = 10;
    longRow.cut = true;
    encoded.examples.push_back(longRow);
    model.setRows(dataset, encoded, 512);
    QCOMPARE(model.rowCount(), 3);
    QCOMPARE(model.index(0, 0).data().toString(), "7");
    QCOMPARE(model.index(0, 1).data(SubTextRole).toString(), "messages[1].role");
    QCOMPARE(model.rowOfDataset(0), 0);  // left out of it
    QCOMPARE(model.rowOfDataset(1), 8);
    QCOMPARE(model.rowOfDataset(2), 10);
    model.clear();
    QCOMPARE(model.rowCount(), 0);
  }

  void smoothingFollowsAndStaysFinite() {
    Smoother few(40), many(10'000);
    QCOMPARE(few.add(2.5), 2.5);
    QCOMPARE(many.add(2.5), 2.5);
    double quick = 0, slow = 0;
    for (int i = 0; i < 10; ++i) {
      quick = few.add(0.0);
      slow = many.add(0.0);
    }
    QVERIFY(quick < 0.1);   // a short run is followed
    QVERIFY(slow > quick);  // a long one is calm
    QVERIFY(std::isfinite(few.add(std::nan(""))));
  }

 private:
  static scalewright::RunRow run(qint64 id, const char* name, double epochs) {
    scalewright::TuneRecipe recipe;
    recipe.model = "/m/small.Q4_1.gguf";
    recipe.data = "/d/orders.jsonl";
    recipe.epochs = epochs;
    scalewright::RunRow row;
    row.id = id;
    row.name = name;
    row.folder = std::string("/runs/") + name;
    row.model = "/m/small.Q4_1.gguf";
    row.data = "/d/orders.jsonl";
    row.state = "finished";
    row.recipe_json = scalewright::recipe_to_json(recipe);
    row.step = row.steps = 10;
    row.started = 1'700'000'000;
    row.ended = row.started + 60;
    return row;
  }
};

QTEST_GUILESS_MAIN(TestUiModels)
#include "test_ui_models.moc"
