// Every model of ours under Qt's own tester, and what the table of models shows.

#include <QAbstractItemModelTester>
#include <QTest>

#include "ui/models/cell_roles.h"
#include "ui/models/model_table_model.h"
#include "ui/models/tensor_log_model.h"

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
};

QTEST_GUILESS_MAIN(TestUiModels)
#include "test_ui_models.moc"
