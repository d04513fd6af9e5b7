// Several samples in a row: positions restart, attention stays inside, padding counts for nothing.

#include "tests/testkit/golden_model.h"
#include "tests/testkit/random_model.h"

using namespace scalewright;
using namespace scalewright::testkit;

class TestPacked : public QObject {
  Q_OBJECT
 private slots:
  void initTestCase();
  void golden();
  void packing_changes_nothing();

 private:
  std::vector<NamedBackend> backends_;
};

void TestPacked::initTestCase() {
  backends_ = test_backends();
}

void TestPacked::golden() {
  const std::vector<std::string> cases = peqa_cases("packed.input_ids");
  QVERIFY2(!cases.empty(), "no packed case in the golden folder");
  for (const std::string& name : cases) {
    const PeqaCase c = PeqaCase::open(name);
    Batch batch = c.batch("packed");
    batch.segments = need(c.file->read_as<int32_t>("packed.segments", "I32"));
    batch.positions = need(c.file->read_as<int32_t>("packed.positions", "I32"));
    const TrainableLayout layout = trainable_layout(*c.model, Granularity::Group);
    std::vector<float> values(layout.total), gradient(layout.total);
    initial_scales(*c.model, layout, values.data());
    const double counted = static_cast<double>(batch.counted()), expected = c.doubles("loss")[0];
    const std::vector<double> reference = c.doubles("logits");
    const int64_t V = c.model->config.vocabulary;
    for (const NamedBackend& device : backends_) {
      PlannedGraph planned =
          PlannedGraph::make(c.model, *device.backend, {batch.rows, batch.context, Granularity::Group, 1, 7});
      std::fill(gradient.begin(), gradient.end(), 0.0f);
      const auto sums =
          planned.graph->forward_backward(batch, values.data(), static_cast<float>(1.0 / counted), gradient.data());
      QVERIFY(std::abs(sums.nll / counted - expected) <= 1e-5 * expected);
      double worst = 0.0;
      for (const TrainableEntry& entry : layout.entries) {
        const auto grad = c.doubles(c.hf_of.at(entry.name) + ".grad");
        const double distance = relative_distance(gradient.data() + entry.offset, grad.data(), entry.count);
        worst = std::max(worst, distance);
        QVERIFY2(distance <= 1e-4, qPrintable(QString("%1: %2").arg(entry.name.c_str()).arg(distance)));
      }
      std::vector<float> logits(batch.ids.size() * static_cast<size_t>(V));
      planned.graph->logits(batch, values.data(), logits.data());
      size_t at = 0;
      double off = 0.0;
      for (size_t t = 0; t < batch.ids.size(); ++t) {
        if (batch.segments[t] < 0) continue;
        off = std::max(off, largest_difference(logits.data() + t * V, reference.data() + at, static_cast<size_t>(V)));
        at += static_cast<size_t>(V);
      }
      QCOMPARE(at, reference.size());
      QVERIFY2(off <= 2e-4, qPrintable(QString("logits differ by %1").arg(off)));
      qInfo("%s: loss off %.1e, gradients %.1e, logits %.1e", device.name.c_str(),
            std::abs(sums.nll / counted - expected) / expected, worst, off);
    }
  }
}

// The same samples one a row and packed in one row, in a model with windows, local RoPE and every norm: same sums.
void TestPacked::packing_changes_nothing() {
  const auto model = random_model(random_kinds()[0], true, 9);
  const int64_t lengths[] = {7, 1, 11};
  Batch apart, packed;
  apart.rows = 3;
  apart.context = 12;
  packed.rows = 1;
  packed.context = 24;
  std::mt19937 random(4);
  for (int s = 0; s < 3; ++s) {
    for (int64_t t = 0; t < apart.context; ++t) {
      const bool padding = t >= lengths[s];
      const auto id = static_cast<int32_t>(random() % 61), target = static_cast<int32_t>(random() % 61);
      for (Batch* batch : {&apart, &packed}) {
        if (padding && batch == &packed) continue;
        batch->ids.push_back(id);
        batch->targets.push_back(padding || t % 3 == 1 ? -100 : target);
        batch->segments.push_back(padding ? -1 : s);
        batch->positions.push_back(padding ? 0 : static_cast<int32_t>(t));
      }
    }
  }
  while (packed.ids.size() < 24) {
    packed.ids.push_back(5);
    packed.targets.push_back(-100);
    packed.segments.push_back(-1);
    packed.positions.push_back(0);
  }
  const TrainableLayout layout = trainable_layout(*model, Granularity::Group);
  std::vector<float> values(layout.total), one(layout.total, 0.0f), other(layout.total, 0.0f);
  initial_scales(*model, layout, values.data());
  for (const NamedBackend& device : backends_) {
    PlannedGraph a = PlannedGraph::make(model, *device.backend, {3, 12, Granularity::Group, 0, 4});
    PlannedGraph b = PlannedGraph::make(model, *device.backend, {1, 24, Granularity::Group, 3, 100});
    std::fill(one.begin(), one.end(), 0.0f);
    std::fill(other.begin(), other.end(), 0.0f);
    const auto sums_a = a.graph->forward_backward(apart, values.data(), 1.0f, one.data());
    const auto sums_b = b.graph->forward_backward(packed, values.data(), 1.0f, other.data());
    QCOMPARE(sums_a.counted, sums_b.counted);
    QVERIFY(sums_a.counted > 10);
    QVERIFY(std::abs(sums_a.nll - sums_b.nll) <= 1e-5 * sums_a.nll);
    QVERIFY(relative_distance(one.data(), other.data(), one.size()) <= 1e-5);
  }
}

QTEST_APPLESS_MAIN(TestPacked)
#include "test_packed.moc"
