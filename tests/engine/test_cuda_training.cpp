// PEQA steps of a small model on the emulated card follow those on the processor: staged from the host's memory, and
// in memory that the card reads itself.

#include <QtTest>
#include <cmath>

#include "engine/backend/cuda_backend.h"
#include "engine/backend/cuda_memory.h"
#include "engine/core/memory_source.h"
#include "engine/model/session.h"
#include "tests/testkit/emulated_products.h"
#include "tests/testkit/golden_model.h"
#include "tests/testkit/random_model.h"
#include "tests/testkit/simt/simt.h"

using namespace scalewright;
using namespace scalewright::testkit;

namespace {

class TestCudaTraining : public QObject {
  Q_OBJECT

  struct Run {
    std::vector<double> losses;
    std::vector<float> values, logits;
  };
  // Steps of relative AdamW from the model's own scales, then a prompt and three tokens one by one.
  static Run run(Backend& backend, const RandomKind& kind, bool variant, Granularity granularity, int steps,
                 Precision precision = Precision::Exact) {
    const std::shared_ptr<Model> model = random_model(kind, variant, 5);
    const TrainableLayout layout = trainable_layout(*model, granularity);
    const size_t n = layout.total;
    std::vector<float> start(n), values(n), theta(n, 0.0f), gradient(n), m(n, 0.0f), v(n, 0.0f);
    initial_scales(*model, layout, start.data());
    values = start;
    Run r;
    {
      PlannedGraph planned = PlannedGraph::make(model, backend, {2, 9, granularity, 1, 16, precision});
      for (int step = 1; step <= steps; ++step) {
        const Batch batch = random_batch(*model, 2, 9, static_cast<unsigned>(step % 4));
        std::fill(gradient.begin(), gradient.end(), 0.0f);
        const double counted = static_cast<double>(batch.counted());
        const auto sums =
            planned.graph->forward_backward(batch, values.data(), static_cast<float>(1.0 / counted), gradient.data());
        r.losses.push_back(sums.nll / counted);
        for (size_t i = 0; i < n; ++i) gradient[i] *= start[i];
        AdamStep adam;
        adam.learning_rate = 5e-3f;
        adam.step = step;
        backend.adamw(adam, gradient.data(), theta.data(), m.data(), v.data(), static_cast<int64_t>(n));
        for (size_t i = 0; i < n; ++i) values[i] = start[i] * (1.0f + theta[i]);
      }
    }
    r.values = values;
    auto session = need(Session::create(model, backend, {.context = 32, .chunk = 4}));
    const std::vector<int32_t> prompt{3, 7, 1, 0, 22, 9, 4, 4, 15, 30, 2};
    if (!session->append(prompt)) qFatal("the prompt was refused");
    for (const int32_t id : {5, 6, 7})
      if (!session->append(std::vector<int32_t>{id})) qFatal("a token was refused");
    r.logits.assign(session->logits().begin(), session->logits().end());
    return r;
  }

 private slots:
  void cleanup() {
    use_memory_source(nullptr);
    simt::defer(false);
  }

  void follows_the_processor_data() {
    QTest::addColumn<int>("kind");
    QTest::addColumn<bool>("variant");
    QTest::addColumn<bool>("by_row");
    QTest::addColumn<bool>("card_memory");
    QTest::addColumn<int>("steps");
    QTest::newRow("Q4_1, staged") << 0 << false << false << false << 4;
    QTest::newRow("Q4_K, in the card's memory") << 3 << false << false << true << 20;
    QTest::newRow("W3 g64, every switch, in the card's memory") << 8 << true << false << true << 5;
    QTest::newRow("Q6_K by row, in the card's memory") << 7 << false << true << true << 4;
  }
  void follows_the_processor() {
    QFETCH(int, kind);
    QFETCH(bool, variant);
    QFETCH(bool, by_row);
    QFETCH(bool, card_memory);
    QFETCH(int, steps);
    const RandomKind& k = random_kinds()[static_cast<size_t>(kind)];
    const Granularity granularity = by_row ? Granularity::Row : Granularity::Group;
    const auto processor = need(make_backend({.threads = 1, .device = "cpu"}));
    const Run expected = run(*processor, k, variant, granularity, steps);
    std::string why;
    const auto card = cuda_emulated::make_cuda_backend(nullptr, why);
    QVERIFY2(card, why.c_str());
    if (card_memory) use_memory_source(&cuda_emulated::card_memory());
    simt::defer(true);  // a host that does not wait for the card reads old numbers
    const Run got = run(*card, k, variant, granularity, steps);
    QCOMPARE(got.losses.size(), expected.losses.size());
    double loss_off = 0.0;
    for (size_t i = 0; i < got.losses.size(); ++i)
      loss_off = std::max(loss_off, std::abs(got.losses[i] - expected.losses[i]) / expected.losses[i]);
    const double values_off = relative_distance(got.values.data(), expected.values.data(), got.values.size());
    const double logits_off = relative_distance(got.logits.data(), expected.logits.data(), got.logits.size());
    qInfo("%s: losses %.4f to %.4f, off by %.1e; scales %.1e; logits %.1e", k.name, got.losses.front(),
          got.losses.back(), loss_off, values_off, logits_off);
    if (steps >= 20) QVERIFY(expected.losses.back() < expected.losses.front());
    QVERIFY(loss_off <= 1e-3);
    // Adam divides by the size of a gradient: where that is noise, two correct runs step apart by a few rates.
    QVERIFY(values_off <= 1e-3);
    QVERIFY(logits_off <= 1e-4);
  }

  // As cards tune: factors rounded to bf16, sums in fp32.
  void rounded_products_follow_too_data() {
    QTest::addColumn<int>("kind");
    QTest::addColumn<bool>("by_row");
    QTest::newRow("Q4_1") << 0 << false;
    QTest::newRow("Q4_K") << 3 << false;
    QTest::newRow("Q6_K by row") << 7 << true;
  }
  void rounded_products_follow_too() {
    QFETCH(int, kind);
    QFETCH(bool, by_row);
    const RandomKind& k = random_kinds()[static_cast<size_t>(kind)];
    const Granularity granularity = by_row ? Granularity::Row : Granularity::Group;
    const auto processor = need(make_backend({.threads = 1, .device = "cpu"}));
    const Run expected = run(*processor, k, false, granularity, 20);
    std::string why;
    const auto card = cuda_emulated::make_cuda_backend(std::make_unique<EmulatedProducts>(), why);
    QVERIFY2(card, why.c_str());
    QCOMPARE(card->tuning_precision(), Precision::Fast);
    use_memory_source(&cuda_emulated::card_memory());
    simt::defer(true);
    const Run got = run(*card, k, false, granularity, 20, Precision::Fast);
    double loss_off = 0.0;
    for (size_t i = 0; i < got.losses.size(); ++i)
      loss_off = std::max(loss_off, std::abs(got.losses[i] - expected.losses[i]) / expected.losses[i]);
    qInfo("%s: losses %.4f to %.4f, off by %.1e", k.name, got.losses.front(), got.losses.back(), loss_off);
    // Weights are off by 2^-9 at the most, and the same ones in every step: so is a loss that falls to a half in 20 steps.
    QVERIFY(loss_off <= 2e-3);
    QVERIFY(loss_off > 1e-7);  // they were rounded
  }
};

}  // namespace

QTEST_APPLESS_MAIN(TestCudaTraining)
#include "test_cuda_training.moc"
