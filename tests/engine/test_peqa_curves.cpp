// Twenty steps of the golden recipe, raw and relative scales, through the engine's own gradients and AdamW: losses,
// gradient norms and final scales follow the float64 run within ten times what the case says that fp32 costs.

#include "tests/testkit/golden_model.h"

using namespace scalewright;
using namespace scalewright::testkit;

class TestPeqaCurves : public QObject {
  Q_OBJECT
 private slots:
  void initTestCase();
  void twenty_steps_data();
  void twenty_steps();

 private:
  std::vector<NamedBackend> backends_;
  std::map<std::string, PeqaCase> cases_;
};

void TestPeqaCurves::initTestCase() {
  backends_ = test_backends();
  for (const std::string& name : peqa_cases("train.input_ids")) cases_.emplace(name, PeqaCase::open(name));
  QVERIFY2(!cases_.empty(), "no PEQA curves in the golden folder");
}

void TestPeqaCurves::twenty_steps_data() {
  QTest::addColumn<QString>("name");
  QTest::addColumn<bool>("relative");
  QTest::addColumn<int>("backend");
  for (const auto& [name, unused] : cases_) {
    for (const bool relative : {false, true}) {
      for (size_t i = 0; i < backends_.size(); ++i) {
        QTest::addRow("%s %s %s", name.c_str(), relative ? "relative" : "raw", backends_[i].name.c_str())
            << QString::fromStdString(name) << relative << static_cast<int>(i);
      }
    }
  }
}

void TestPeqaCurves::twenty_steps() {
  QFETCH(QString, name);
  QFETCH(bool, relative);
  QFETCH(int, backend);
  const PeqaCase& c = cases_.at(name.toStdString());
  Backend& device = *backends_[static_cast<size_t>(backend)].backend;
  const std::string form = relative ? "rel" : "raw";
  const auto& recipe = c.about["recipe"];
  const auto& allowed = c.about[form]["float32_compute_deviates"];
  const std::vector<double> losses = c.doubles(form + ".losses"), norms = c.doubles(form + ".grad_norms");
  const auto ids = need(c.file->read_as<int32_t>("train.input_ids", "I32"));
  const auto mask = need(c.file->read_as<uint8_t>("train.mask", "U8"));
  const auto dims = c.shape("train.input_ids");
  const int64_t rows = dims[1], context = dims[2];

  const TrainableLayout layout = trainable_layout(*c.model, Granularity::Group);
  const size_t n = layout.total;
  std::vector<float> start(n), values(n), theta(n, 0.0f), gradient(n), m(n, 0.0f), v(n, 0.0f);
  initial_scales(*c.model, layout, start.data());
  values = start;
  PlannedGraph planned = PlannedGraph::make(c.model, device, {rows, context, Granularity::Group, 1, 16});

  double loss_off = 0.0, norm_off = 0.0;
  for (size_t step = 0; step < losses.size(); ++step) {
    const Batch batch = masked_batch(ids.data() + static_cast<int64_t>(step) * rows * context,
                                     mask.data() + static_cast<int64_t>(step) * rows * context, rows, context);
    std::fill(gradient.begin(), gradient.end(), 0.0f);
    const double counted = static_cast<double>(batch.counted());
    const auto sums =
        planned.graph->forward_backward(batch, values.data(), static_cast<float>(1.0 / counted), gradient.data());
    double squares = 0.0;
    for (size_t i = 0; i < n; ++i) {
      if (relative) gradient[i] *= start[i];
      squares += static_cast<double>(gradient[i]) * static_cast<double>(gradient[i]);
    }
    const double norm = std::sqrt(squares);
    loss_off = std::max(loss_off, std::abs(sums.nll / counted - losses[step]));
    norm_off = std::max(norm_off, std::abs(norm - norms[step]) / norms[step]);
    AdamStep adam;
    adam.learning_rate = recipe[relative ? "lr_relative" : "lr_raw"].get<float>();
    adam.step = static_cast<int64_t>(step) + 1;
    adam.gradient_scale = static_cast<float>(std::min(1.0, 0.3 / (norm + 1e-6)));
    device.adamw(adam, gradient.data(), relative ? theta.data() : values.data(), m.data(), v.data(),
                 static_cast<int64_t>(n));
    for (size_t i = 0; relative && i < n; ++i) values[i] = start[i] * (1.0f + theta[i]);
  }
  double mean = 0.0;
  for (const TrainableEntry& entry : layout.entries) {
    const auto final = need(c.file->read_as<float>(c.hf_of.at(entry.name) + "." + form + "_final", "F32"));
    for (size_t i = 0; i < entry.count; ++i) {
      mean += std::abs((static_cast<double>(values[entry.offset + i]) - static_cast<double>(final[i])) /
                       static_cast<double>(start[entry.offset + i]));
    }
  }
  mean /= static_cast<double>(n);
  const auto ratio = [&](double off, const char* key) { return off / allowed[key].get<double>(); };
  qInfo("loss off %.2e (%.1f x fp32), norm %.2e (%.1f x), scales mean %.2e (%.1f x)", loss_off,
        ratio(loss_off, "loss_max"), norm_off, ratio(norm_off, "grad_norm_max_relative"), mean,
        ratio(mean, "final_scale_relative_to_s0_mean"));
  QVERIFY(ratio(loss_off, "loss_max") <= 10.0);
  QVERIFY(ratio(norm_off, "grad_norm_max_relative") <= 10.0);
  QVERIFY(ratio(mean, "final_scale_relative_to_s0_mean") <= 10.0);
}

QTEST_APPLESS_MAIN(TestPeqaCurves)
#include "test_peqa_curves.moc"
