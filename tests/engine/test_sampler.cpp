// The sampler: each cut by itself, determinism by seed, and the distribution that it draws from.

#include <QtTest>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "engine/chat/generator.h"

using namespace scalewright;

namespace {

SamplingOptions open_options() {
  SamplingOptions options;
  options.temperature = 1.0;
  options.top_k = 0;
  options.top_p = 1.0;
  options.min_p = 0.0;
  return options;
}

std::map<int32_t, int> draw(const SamplingOptions& options, const std::vector<float>& logits, int count,
                            const std::vector<int32_t>& history = {}) {
  Sampler sampler(options);
  std::map<int32_t, int> counts;
  for (int i = 0; i < count; ++i) ++counts[sampler.pick(logits, history)];
  return counts;
}

std::vector<float> logs(std::initializer_list<double> probabilities) {
  std::vector<float> out;
  for (double p : probabilities) out.push_back(static_cast<float>(std::log(p)));
  return out;
}

}  // namespace

class TestSampler : public QObject {
  Q_OBJECT

 private slots:
  void greedy() {
    SamplingOptions options = open_options();
    options.temperature = 0.0;
    Sampler sampler(options);
    QCOMPARE(sampler.pick(std::vector<float>{0.0f, 3.0f, 3.0f, 1.0f}, {}), 1);  // the first of equals
    const float nan = std::numeric_limits<float>::quiet_NaN();
    QCOMPARE(sampler.pick(std::vector<float>{nan, -1.0f, nan, -2.0f}, {}), 1);
    QCOMPARE(sampler.pick(std::vector<float>{nan, nan}, {}), 0);
  }

  void distribution() {
    const auto logits = logs({0.5, 0.3, 0.15, 0.05});
    const auto counts = draw(open_options(), logits, 40000);
    const double expected[] = {0.5, 0.3, 0.15, 0.05};
    for (int id = 0; id < 4; ++id)
      QVERIFY(std::abs(counts.at(id) / 40000.0 - expected[id]) < 0.012);  // over four deviations
    SamplingOptions cold = open_options();
    cold.temperature = 0.5;  // probabilities squared and normalized
    const auto squared = draw(cold, logits, 40000);
    const double total = 0.25 + 0.09 + 0.0225 + 0.0025;
    QVERIFY(std::abs(squared.at(0) / 40000.0 - 0.25 / total) < 0.012);
    QVERIFY(std::abs(squared.at(1) / 40000.0 - 0.09 / total) < 0.012);
  }

  void cuts() {
    const auto logits = logs({0.05, 0.5, 0.15, 0.3});
    SamplingOptions options = open_options();
    options.top_k = 2;
    auto counts = draw(options, logits, 2000);
    QCOMPARE(counts.size(), size_t{2});
    QVERIFY(counts.contains(1) && counts.contains(3));
    options = open_options();
    options.top_p = 0.79;  // 0.5 + 0.3 reaches it
    QCOMPARE(draw(options, logits, 2000).size(), size_t{2});
    options.top_p = 0.81;
    QCOMPARE(draw(options, logits, 2000).size(), size_t{3});
    options = open_options();
    options.min_p = 0.25;  // of the largest: 0.125 and more stay
    QCOMPARE(draw(options, logits, 2000).size(), size_t{3});
    options.min_p = 0.31;
    QCOMPARE(draw(options, logits, 2000).size(), size_t{2});
    options = open_options();
    options.top_k = 1;
    QCOMPARE(draw(options, logits, 100).size(), size_t{1});
  }

  void repeat_penalty() {
    SamplingOptions options = open_options();
    options.temperature = 0.0;
    options.repeat_penalty = 2.0;
    Sampler sampler(options);
    const std::vector<float> logits = {4.0f, 3.0f, -1.0f};
    QCOMPARE(sampler.pick(logits, {}), 0);
    QCOMPARE(sampler.pick(logits, std::vector<int32_t>{0, 0}), 1);                         // 4 becomes 2, once
    QCOMPARE(sampler.pick(logits, std::vector<int32_t>{0, 1}), 0);                         // both halved
    QCOMPARE(sampler.pick(std::vector<float>{-1.0f, -1.5f}, std::vector<int32_t>{0}), 1);  // -1 becomes -2
    options.repeat_window = 1;
    Sampler narrow(options);
    QCOMPARE(narrow.pick(logits, std::vector<int32_t>{0, 2}), 0);  // 0 is too long ago
    QCOMPARE(narrow.pick(logits, std::vector<int32_t>{2, -5, 99}), 0);
  }

  void seeds() {
    std::vector<float> logits(1000);
    for (size_t i = 0; i < logits.size(); ++i) logits[i] = static_cast<float>(std::sin(static_cast<double>(i)));
    SamplingOptions options;
    const auto sequence = [&](uint64_t seed) {
      options.seed = seed;
      Sampler sampler(options);
      std::vector<int32_t> ids;
      for (int i = 0; i < 50; ++i) ids.push_back(sampler.pick(logits, ids));
      return ids;
    };
    QVERIFY(sequence(1) == sequence(1));
    QVERIFY(sequence(1) != sequence(2));
  }

  // The heap of the k best gives what sorting everything would.
  void top_k_against_sorting() {
    std::vector<float> logits(5000);
    uint64_t state = 7;
    for (float& logit : logits) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      logit = static_cast<float>(static_cast<double>(state >> 40) / 1e6);
    }
    SamplingOptions options = open_options();
    options.temperature = 100.0;
    options.top_k = 40;
    std::vector<int32_t> order(logits.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int32_t>(i);
    std::sort(order.begin(), order.end(),
              [&](int32_t a, int32_t b) { return logits[a] > logits[b] || (logits[a] == logits[b] && a < b); });
    const auto counts = draw(options, logits, 20000);
    QCOMPARE(counts.size(), size_t{40});
    for (int i = 0; i < 40; ++i) QVERIFY(counts.contains(order[i]));
  }

  // The largest logits alone give the token that all of them give, where they are said to be enough.
  void candidates_are_enough() {
    std::vector<float> logits(500);
    for (size_t i = 0; i < logits.size(); ++i) logits[i] = static_cast<float>((i * 7919) % 113) / 10.0f;
    std::vector<Sampler::Candidate> order;
    for (size_t i = 0; i < logits.size(); ++i) order.emplace_back(logits[i], static_cast<int32_t>(i));
    std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    for (const double temperature : {0.0, 0.7, 1.5})
      for (const double top_p : {1.0, 0.8}) {
        SamplingOptions options{.temperature = temperature, .top_k = 40, .top_p = top_p, .min_p = 0.02, .seed = 11};
        Sampler all(options), few(options);
        const int count = few.candidates_wanted(500);
        QCOMPARE(count, temperature > 0.0 ? 40 : 1);
        for (int i = 0; i < 50; ++i)
          QCOMPARE(few.pick_from(std::span(order).first(static_cast<size_t>(count))), all.pick(logits, {}));
      }
    QCOMPARE(Sampler({.top_k = 0}).candidates_wanted(500), 0);
    QCOMPARE(Sampler({.top_k = 40}).candidates_wanted(30), 30);
    QCOMPARE(Sampler({.repeat_penalty = 1.1}).candidates_wanted(500), 0);
    QCOMPARE(Sampler({.temperature = 0.0, .repeat_penalty = 1.1}).candidates_wanted(500), 0);
  }
};

QTEST_APPLESS_MAIN(TestSampler)
#include "test_sampler.moc"
