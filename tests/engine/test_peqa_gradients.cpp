// Loss, logits and scale gradients against the float64 oracle of golden/peqa, for every backend of this machine and
// every choice of what is kept and what is recomputed; finite differences where the oracle has no case (K-quants, Min).

#include <random>

#include "tests/testkit/golden_model.h"
#include "tests/testkit/random_model.h"

using namespace scalewright;
using namespace scalewright::testkit;

class TestPeqaGradients : public QObject {
  Q_OBJECT
 private slots:
  void initTestCase();
  void golden_data();
  void golden();
  void row_factors_data() { golden_data(); }
  void row_factors();
  void finite_differences_data();
  void finite_differences();
  void memory_is_what_was_planned();
  void dense_layers_below_cost_nothing_and_change_nothing();
  void batches_without_an_answer();

 private:
  std::vector<NamedBackend> backends_;
  std::map<std::string, PeqaCase> cases_;
};

void TestPeqaGradients::initTestCase() {
  backends_ = test_backends();
  QVERIFY(!backends_.empty());
  for (const std::string& name : peqa_cases("eval.input_ids")) cases_.emplace(name, PeqaCase::open(name));
  QVERIFY2(!cases_.empty(), "no PEQA cases in the golden folder");
}

void TestPeqaGradients::golden_data() {
  QTest::addColumn<QString>("name");
  QTest::addColumn<int>("backend");
  for (const auto& [name, unused] : cases_) {
    for (size_t i = 0; i < backends_.size(); ++i) {
      QTest::addRow("%s %s", name.c_str(), backends_[i].name.c_str())
          << QString::fromStdString(name) << static_cast<int>(i);
    }
  }
}

void TestPeqaGradients::golden() {
  QFETCH(QString, name);
  QFETCH(int, backend);
  const PeqaCase& c = cases_.at(name.toStdString());
  Backend& device = *backends_[static_cast<size_t>(backend)].backend;
  const Batch batch = c.batch("eval");
  const TrainableLayout layout = trainable_layout(*c.model, Granularity::Group);
  std::vector<float> values(layout.total), gradient(layout.total);
  initial_scales(*c.model, layout, values.data());
  const double expected = c.doubles("loss")[0];
  const double counted = static_cast<double>(batch.counted());

  // What is kept, and how many rows of logits go at once, must not matter.
  const std::pair<int, int64_t> choices[] = {{0, 128}, {1, 3}, {2, 1}};
  for (const auto& [kept, chunk] : choices) {
    const TrainShape shape{batch.rows, batch.context, Granularity::Group, kept, chunk};
    PlannedGraph planned = PlannedGraph::make(c.model, device, shape);
    std::fill(gradient.begin(), gradient.end(), 0.0f);
    const TrainGraph::Sums sums =
        planned.graph->forward_backward(batch, values.data(), static_cast<float>(1.0 / counted), gradient.data());
    QCOMPARE(sums.counted, batch.counted());
    const double loss = sums.nll / counted;
    QVERIFY2(std::abs(loss - expected) <= 1e-5 * expected,
             qPrintable(QString("loss %1, expected %2").arg(loss, 0, 'g', 9).arg(expected, 0, 'g', 9)));
    double worst = 0.0;
    for (const TrainableEntry& entry : layout.entries) {
      const std::vector<double> reference = c.doubles(c.hf_of.at(entry.name) + ".grad");
      QCOMPARE(reference.size(), entry.count);
      const double distance = relative_distance(gradient.data() + entry.offset, reference.data(), entry.count);
      worst = std::max(worst, distance);
      QVERIFY2(distance <= 1e-4,
               qPrintable(QString("%1, %2 layers kept: %3").arg(entry.name.c_str()).arg(kept).arg(distance)));
    }
    qInfo("kept %d: loss off by %.1e, gradients at most %.1e", kept, std::abs(loss - expected) / expected, worst);
    // Gradients add up.
    planned.graph->forward_backward(batch, values.data(), static_cast<float>(1.0 / counted), gradient.data());
    const std::vector<double> once = c.doubles(c.hf_of.at(layout.entries[0].name) + ".grad");
    std::vector<double> twice(once);
    for (double& g : twice) g *= 2.0;
    QVERIFY(relative_distance(gradient.data() + layout.entries[0].offset, twice.data(), twice.size()) <= 1e-4);
    QVERIFY(std::abs(planned.graph->forward(batch, values.data()).nll - sums.nll) <= 1e-6 * std::abs(sums.nll));

    if (c.file->find("logits")) {
      const std::vector<double> reference = c.doubles("logits");
      std::vector<float> logits(reference.size());
      planned.graph->logits(batch, values.data(), logits.data());
      const double off = largest_difference(logits.data(), reference.data(), logits.size());
      QVERIFY2(off <= 2e-4, qPrintable(QString("logits differ by %1").arg(off)));
    }
  }
}

// One factor a row: its gradient at 1 is sum_g s[n, g] * dloss/ds[n, g].
void TestPeqaGradients::row_factors() {
  QFETCH(QString, name);
  QFETCH(int, backend);
  const PeqaCase& c = cases_.at(name.toStdString());
  Backend& device = *backends_[static_cast<size_t>(backend)].backend;
  const Batch batch = c.batch("eval");
  const TrainableLayout groups = trainable_layout(*c.model, Granularity::Group);
  const TrainableLayout rows = trainable_layout(*c.model, Granularity::Row);
  std::vector<float> scales(groups.total), ones(rows.total), gradient(rows.total, 0.0f);
  initial_scales(*c.model, groups, scales.data());
  initial_scales(*c.model, rows, ones.data());
  const TrainShape shape{batch.rows, batch.context, Granularity::Row, 1, 64};
  PlannedGraph planned = PlannedGraph::make(c.model, device, shape);
  planned.graph->forward_backward(batch, ones.data(), 1.0f / static_cast<float>(batch.counted()), gradient.data());
  double worst = 0.0;
  for (size_t e = 0; e < rows.entries.size(); ++e) {
    const TrainableEntry& row = rows.entries[e];
    const TrainableEntry& group = groups.entries[e];
    const std::vector<double> by_group = c.doubles(c.hf_of.at(row.name) + ".grad");
    std::vector<double> reference(row.count, 0.0);
    for (size_t i = 0; i < by_group.size(); ++i) {
      reference[i / static_cast<size_t>(group.groups)] += by_group[i] * static_cast<double>(scales[group.offset + i]);
    }
    const double distance = relative_distance(gradient.data() + row.offset, reference.data(), row.count);
    worst = std::max(worst, distance);
    QVERIFY2(distance <= 1e-4, qPrintable(QString("%1: %2").arg(row.name.c_str()).arg(distance)));
  }
  qInfo("row factors off by at most %.1e", worst);
}

void TestPeqaGradients::finite_differences_data() {
  QTest::addColumn<int>("kind");
  QTest::addColumn<bool>("row");
  QTest::addColumn<bool>("variant");
  for (size_t k = 0; k < random_kinds().size(); ++k) {
    for (const bool row : {false, true}) {
      for (const bool variant : {false, true}) {
        QTest::addRow("%s %s%s", random_kinds()[k].name, row ? "row" : "group", variant ? " gemma-like" : "")
            << static_cast<int>(k) << row << variant;
      }
    }
  }
}

// Directional derivatives of each linear's scales by differences of the loss. `variant` has biases, post norms, head
// norms, soft caps, windows, act-order inputs and adjacent rotary pairs; the plain form has none.
void TestPeqaGradients::finite_differences() {
  QFETCH(int, kind);
  QFETCH(bool, row);
  QFETCH(bool, variant);
  const auto model = random_model(random_kinds()[static_cast<size_t>(kind)], variant, 5);
  const Granularity granularity = row ? Granularity::Row : Granularity::Group;
  const TrainableLayout layout = trainable_layout(*model, granularity);
  const Batch batch = random_batch(*model, 2, 9, 77);
  std::vector<float> values(layout.total), moved(layout.total), gradient(layout.total, 0.0f);
  initial_scales(*model, layout, values.data());
  std::mt19937 random(3);
  // Away from the start, so that a factor of 1 or an untouched master cannot hide a mistake.
  for (float& v : values) v *= 1.0f + 0.1f * (static_cast<float>(random() % 1000) / 1000.0f - 0.5f);

  const TrainShape shape{2, 9, granularity, 1, 5};
  for (size_t device = 0; device < backends_.size(); ++device) {
    PlannedGraph planned = PlannedGraph::make(model, *backends_[device].backend, shape);
    std::vector<float> own(layout.total, 0.0f);
    planned.graph->forward_backward(batch, values.data(), 1.0f, own.data());
    if (device == 0) {
      double worst = 0.0;
      gradient = own;
      for (size_t e = 0; e < layout.entries.size(); ++e) {
        if ((e + static_cast<size_t>(kind)) % 3 != 0) continue;  // each linear in some kinds: every case takes seconds
        const TrainableEntry& entry = layout.entries[e];
        // Along the gradient in relative steps; four points cancel the third order.
        std::vector<double> direction(entry.count);
        double expected = 0.0, largest = 0.0;
        for (size_t i = 0; i < entry.count; ++i) {
          const double s = values[entry.offset + i];
          direction[i] = s * s * static_cast<double>(gradient[entry.offset + i]);
          if (s != 0.0) largest = std::max(largest, std::abs(direction[i] / s));
        }
        QVERIFY2(largest > 0.0, entry.name.c_str());
        for (size_t i = 0; i < entry.count; ++i) {
          direction[i] /= largest;
          expected += direction[i] * static_cast<double>(gradient[entry.offset + i]);
        }
        const auto loss = [&](double h) {
          moved = values;
          for (size_t i = 0; i < entry.count; ++i)
            moved[entry.offset + i] = static_cast<float>(values[entry.offset + i] + h * direction[i]);
          return planned.graph->forward(batch, moved.data()).nll;
        };
        const double h = 0.004;
        const double measured = (8.0 * (loss(h) - loss(-h)) - (loss(2 * h) - loss(-2 * h))) / (12.0 * h);
        worst = std::max(worst, std::abs(measured - expected) / std::abs(expected));
        QVERIFY2(std::abs(measured - expected) <= 5e-3 * std::abs(expected) + 1e-3,
                 qPrintable(QString("%1: measured %2, gradient %3")
                                .arg(entry.name.c_str())
                                .arg(measured, 0, 'g', 7)
                                .arg(expected, 0, 'g', 7)));
      }
      qInfo("differences off by at most %.1e", worst);
    } else {
      for (const TrainableEntry& entry : layout.entries) {
        const double distance =
            relative_distance(own.data() + entry.offset, gradient.data() + entry.offset, entry.count);
        QVERIFY2(
            distance <= 1e-4,
            qPrintable(QString("%1 on %2: %3").arg(entry.name.c_str(), backends_[device].name.c_str()).arg(distance)));
      }
    }
  }
}

// The arena is used to its last byte and no further, and how much is kept changes no bit of the result.
void TestPeqaGradients::memory_is_what_was_planned() {
  const auto model = random_model(random_kinds()[0], true, 5);
  Backend& device = *backends_.back().backend;
  const TrainableLayout layout = trainable_layout(*model, Granularity::Group);
  std::vector<float> values(layout.total), before;
  initial_scales(*model, layout, values.data());
  for (int kept = 0; kept <= 3; ++kept) {
    const TrainShape shape{2, 9, Granularity::Group, kept, 5};
    uint64_t bytes = 0;
    for (const MemoryItem& item : TrainGraph::plan(*model, device, shape)) bytes += item.bytes;
    AlignedBytes arena(bytes + 64);
    std::fill_n(arena.data() + bytes, 64, uint8_t{0xA5});
    auto graph = TrainGraph::create(model, device, shape, arena.data(), bytes);
    QVERIFY(graph.has_value());
    for (int again = 0; again < 2; ++again) {
      std::vector<float> gradient(layout.total, 0.0f);
      (*graph)->forward_backward(random_batch(*model, 2, 9, 1), values.data(), 1.0f, gradient.data());
      if (before.empty()) before = gradient;
      QVERIFY(gradient == before);
    }
    for (int i = 0; i < 64; ++i) QCOMPARE(arena.data()[bytes + static_cast<size_t>(i)], uint8_t{0xA5});
    const auto small = TrainGraph::create(model, device, shape, arena.data(), bytes - 1);
    QVERIFY(!small.has_value());
    QCOMPARE(small.error().code, ErrorCode::OutOfMemory);
  }
}

// The same numbers in a dense matrix, act-order undone.
static Matrix undone(const QuantizedMatrix& from) {
  DenseMatrix m;
  m.rows = from.rows();
  m.cols = from.cols();
  m.data = AlignedBytes(static_cast<size_t>(m.rows * m.cols) * sizeof(float));
  auto* out = reinterpret_cast<float*>(m.data.data());
  std::vector<float> stored(static_cast<size_t>(m.rows * m.cols));
  from.dequantize(stored);
  for (int64_t i = 0; i < m.rows; ++i) {
    for (int64_t j = 0; j < m.cols; ++j) {
      const int64_t to = from.column_order().empty() ? j : from.column_order()[static_cast<size_t>(j)];
      out[i * m.cols + to] = stored[static_cast<size_t>(i * m.cols + j)];
    }
  }
  return m;
}

// Files mix types. What is dense does not learn, and the gradients of what does are the same.
void TestPeqaGradients::dense_layers_below_cost_nothing_and_change_nothing() {
  const Batch batch = random_batch(*random_model(random_kinds()[0], true, 5), 2, 9, 77);
  for (const int dense : {3, 6, 7, 9, 17}) {  // of 18: layers of 7, 4 (fused) and 7
    for (const Granularity granularity : {Granularity::Group, Granularity::Row}) {
      const auto full = random_model(random_kinds()[0], true, 5), mixed = random_model(random_kinds()[0], true, 5);
      const std::vector<Linear*> linears = mixed->weights.linears();
      for (int i = 0; i < dense; ++i)
        linears[static_cast<size_t>(i)]->weight = undone(linears[static_cast<size_t>(i)]->weight.quant());
      const TrainableLayout all = trainable_layout(*full, granularity), some = trainable_layout(*mixed, granularity);
      QCOMPARE(some.entries.size() + static_cast<size_t>(dense), all.entries.size());
      for (const NamedBackend& device : backends_) {
        for (const int kept : {0, 1, 3}) {
          const TrainShape shape{2, 9, granularity, kept, 5};
          PlannedGraph a = PlannedGraph::make(full, *device.backend, shape),
                       b = PlannedGraph::make(mixed, *device.backend, shape);
          QVERIFY(b.arena.size() <= a.arena.size());
          std::vector<float> values_a(all.total), values_b(some.total), ga(all.total, 0.0f), gb(some.total, 0.0f);
          initial_scales(*full, all, values_a.data());
          initial_scales(*mixed, some, values_b.data());
          const auto sums_a = a.graph->forward_backward(batch, values_a.data(), 1.0f, ga.data());
          const auto sums_b = b.graph->forward_backward(batch, values_b.data(), 1.0f, gb.data());
          QVERIFY(std::abs(sums_a.nll - sums_b.nll) <= 1e-5 * sums_a.nll);
          for (size_t e = 0; e < some.entries.size(); ++e) {
            const TrainableEntry& mine = some.entries[e];
            const TrainableEntry& theirs = all.entries[e + static_cast<size_t>(dense)];
            QCOMPARE(mine.name, theirs.name);
            const double distance = relative_distance(gb.data() + mine.offset, ga.data() + theirs.offset, mine.count);
            QVERIFY2(distance <= 1e-4, qPrintable(QString("%1, %2 dense, %3: %4")
                                                      .arg(mine.name.c_str())
                                                      .arg(dense)
                                                      .arg(device.name.c_str())
                                                      .arg(distance)));
          }
        }
      }
    }
  }
}

void TestPeqaGradients::batches_without_an_answer() {
  const auto model = random_model(random_kinds()[0], false, 5);
  Backend& device = *backends_.back().backend;
  PlannedGraph planned = PlannedGraph::make(model, device, {2, 9, Granularity::Group, 1, 5});
  const TrainableLayout layout = trainable_layout(*model, Granularity::Group);
  std::vector<float> values(layout.total), gradient(layout.total, 3.0f);
  initial_scales(*model, layout, values.data());
  const Batch good = random_batch(*model, 2, 9, 1);
  Batch nothing = good, beyond = good, target = good;
  std::fill(nothing.targets.begin(), nothing.targets.end(), -100);
  const auto none = planned.graph->forward_backward(nothing, values.data(), 1.0f, gradient.data());
  QCOMPARE(none.counted, 0);
  QCOMPARE(none.nll, 0.0);
  // An id that the model does not have must not be read: the sum is NaN, which stops training.
  beyond.ids[0] = 61;
  target.targets[0] = 61;
  QVERIFY(std::isnan(planned.graph->forward_backward(beyond, values.data(), 1.0f, gradient.data()).nll));
  QVERIFY(std::isnan(planned.graph->forward(target, values.data()).nll));
  Batch large = random_batch(*model, 3, 9, 1);
  QVERIFY(std::isnan(planned.graph->forward(large, values.data()).nll));
  QVERIFY(std::all_of(gradient.begin(), gradient.end(), [](float g) { return g == 3.0f; }));
}

QTEST_APPLESS_MAIN(TestPeqaGradients)
#include "test_peqa_gradients.moc"
