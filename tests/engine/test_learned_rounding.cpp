// Learned rounding: the gradient of a block against differences of its error, in every family; the loop against its start
// on text that it did not see; AWQ's scaled block against the block before.

#include <QTemporaryDir>
#include <QtTest>
#include <cmath>
#include <cstring>
#include <random>

#include "engine/model/model_reader.h"
#include "engine/quant/awq.h"
#include "engine/quant/block_gradient.h"
#include "engine/quant/grid.h"
#include "engine/quant/layer_weights.h"
#include "engine/quant/learned_linear.h"
#include "engine/quant/learned_rounding.h"
#include "kernels/cpu/thread_pool.h"
#include "tests/engine/tiny_model.h"

using namespace scalewright;
namespace fs = std::filesystem;

class TestLearnedRounding : public QObject {
  Q_OBJECT

  QTemporaryDir folder_;
  std::unique_ptr<Backend> backend_;

  // The first layer of a family as a stage: dense F32.
  std::shared_ptr<Model> stage(const char* family, int layer = 0) {
    const fs::path path = fs::path(folder_.path().toStdString()) / family;
    if (!fs::exists(path) && !scalewright_tests::make_tiny_model(family, path)) return nullptr;
    auto reader = ModelReader::open(path);
    if (!reader) return nullptr;
    std::shared_ptr<Model> model = (*reader)->skeleton();
    if (!(*reader)->read_rest(model->weights)) return nullptr;
    auto read = (*reader)->read_layer(layer);
    if (!read) return nullptr;
    kernels::cpu::ThreadPool pool(1);
    for (const auto& site : quant::by_site(*read)) {
      for (Linear* linear : site) {
        std::vector<float> w;
        if (!quant::dense_weights(*linear, family, pool, w)) return nullptr;
        linear->weight = quant::dense_matrix(linear->weight.rows(), linear->weight.cols(), w);
      }
    }
    model->config.layers = 1;
    if (!model->config.layer_has_window.empty())
      model->config.layer_has_window = {model->config.layer_has_window[static_cast<size_t>(layer)]};
    model->weights.layers.resize(1);
    model->weights.layers[0] = std::move(*read);
    return model;
  }
  static std::vector<float> random_numbers(int64_t n, uint32_t seed, float size = 1.0f) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> values(static_cast<size_t>(n));
    for (float& value : values) value = size * normal(random);
    return values;
  }
  static std::span<float> numbers(Linear& linear) {
    return {reinterpret_cast<float*>(linear.weight.dense().data.data()),
            static_cast<size_t>(linear.weight.rows() * linear.weight.cols())};
  }

 private slots:
  void initTestCase() {
    if (!stage("llama")) QSKIP("the golden set is not here");
    backend_ = std::move(*make_backend({.threads = 2}));
  }

  void gradient() {
    int checked = 0;
    for (const char* family :
         {"llama", "llama3", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3", "phi3", "smollm"}) {
      for (const int layer : {0, 1}) {
        const auto model = stage(family, layer);
        if (!model) continue;
        const std::vector<int64_t> lengths = {13, 1, 20};
        const int64_t T = 34, D = model->config.width;
        const auto x = random_numbers(T * D, 1), target = random_numbers(T * D, 2, 2.0f);
        auto block = quant::BlockGradient::create(model, *backend_, T);
        QVERIFY2(block.has_value(), block ? "" : block.error().message.c_str());
        std::vector<std::vector<float>> gradients;
        const double error = (*block)->error_and_gradient(lengths, x.data(), target.data(), gradients);
        QVERIFY(std::abs((*block)->error(lengths, x.data(), target.data()) / error - 1.0) < 1e-6);
        const auto linears = model->weights.linears();
        QCOMPARE(gradients.size(), linears.size());
        for (size_t i = 0; i < linears.size(); ++i) {
          const auto w = numbers(*linears[i]);
          const std::vector<float> kept(w.begin(), w.end());
          // Along the gradient itself, so that the difference is far above what rounding does to it.
          double norm = 0.0, size = 0.0;
          for (size_t k = 0; k < w.size(); ++k) {
            norm += static_cast<double>(gradients[i][k]) * gradients[i][k];
            size += static_cast<double>(kept[k]) * kept[k];
          }
          QVERIFY2(norm > 0.0, (std::string(family) + " " + linears[i]->name).c_str());
          const double step = 3e-3 * std::sqrt(size / norm);
          double sides[2];
          for (const int side : {0, 1}) {
            for (size_t k = 0; k < w.size(); ++k)
              w[k] = static_cast<float>(kept[k] + (side ? step : -step) * gradients[i][k]);
            sides[side] = (*block)->error(lengths, x.data(), target.data());
          }
          std::copy(kept.begin(), kept.end(), w.begin());
          const double slope = (sides[1] - sides[0]) / (2 * step);
          QVERIFY2(std::abs(slope / norm - 1.0) < 0.01,
                   (std::string(family) + " " + linears[i]->name + ": " + std::to_string(slope / norm)).c_str());
          ++checked;
        }
      }
    }
    QVERIFY(checked > 30);
  }

  // Both ways of learning make the output of a block better than their start, also on samples that they never saw.
  void learning() {
    for (const int bits : {2, 3}) {
      for (const bool bounded : {true, false}) {
        const auto model = stage("llama");
        const int64_t D = model->config.width, samples = 96, length = 24;
        quant::BlockText text;
        text.lengths.assign(samples, length);
        // Inputs of a few directions, as those of a model are.
        std::vector<float> x(static_cast<size_t>(samples * length * D), 0.0f);
        const auto directions = random_numbers(12 * D, 3), amounts = random_numbers(samples * length * 12, 4);
        for (int64_t t = 0; t < samples * length; ++t)
          for (int64_t d = 0; d < 12; ++d)
            for (int64_t k = 0; k < D; ++k) x[t * D + k] += amounts[t * 12 + d] * directions[d * D + k];
        std::vector<float> target = x;
        {
          auto run = quant::BlockGradient::create(model, *backend_, length);
          QVERIFY(run.has_value());
          for (int64_t s = 0; s < samples; ++s) {
            const std::vector<int64_t> one = {length};
            std::vector<float> zero(static_cast<size_t>(length * D), 0.0f);
            (*run)->error(one, x.data() + s * length * D, zero.data());
            const float* out = (*run)->output();
            std::copy(out, out + length * D, target.begin() + s * length * D);
          }
        }
        text.input = x.data();
        text.target = target.data();
        const QuantSpec spec{bits, 32, false};
        std::vector<std::vector<float>> weights;
        std::vector<QuantizedArrays> arrays;
        std::vector<QuantSpec> specs;
        for (Linear* linear : model->weights.linears()) {
          const auto w = numbers(*linear);
          arrays.push_back(quantize_clip(w, linear->weight.rows(), linear->weight.cols(), spec, {}));
          weights.emplace_back(w.begin(), w.end());
          specs.push_back(spec);
        }
        quant::LearnSettings settings = quant::learn_settings(bounded ? QuantMethod::AutoRound : QuantMethod::Block);
        settings.tokens = 256;
        settings.aside = 480;
        const auto begun = arrays;
        double fraction = 0.0;
        const auto report = quant::learn_rounding(model, *backend_, text, specs, {weights, begun}, arrays, settings, {},
                                                  [&](double share) { fraction = share; });
        QVERIFY2(report.has_value(), report ? "" : report.error().message.c_str());
        QCOMPARE(fraction, 1.0);
        QVERIFY(std::abs(report->start / report->before - 1.0) < 1e-6);  // here both are the clip search's
        QVERIFY2(report->after < 0.6 * report->before,
                 qPrintable(QStringLiteral("%1 bits: %2 of %3").arg(bits).arg(report->after).arg(report->before)));
        qInfo("%d bits, %s: error %.4g to %.4g", bits, bounded ? "rounding" : "free", report->before, report->after);
        for (size_t i = 0; i < arrays.size(); ++i) {
          for (const uint8_t code : arrays[i].codes) QVERIFY(code < 1 << bits);
          for (const int16_t zero : arrays[i].zeros) QVERIFY(zero >= 0 && zero < 1 << bits);
          for (const float scale : arrays[i].scales) QCOMPARE(quant::nearest_half(scale), scale);
        }
      }
    }
  }

  // Where rounding stays and only the range of each group learns, it comes near the range that a search finds.
  void ranges_learn() {
    const int64_t rows = 24, cols = 128;
    for (const bool symmetric : {false, true}) {
      for (const bool bounded : {false, true}) {
        const QuantSpec spec{4, 32, symmetric};
        auto w = random_numbers(rows * cols, 7, 0.1f);
        for (size_t i = 0; i < w.size(); ++i) w[i] += 0.05f * static_cast<float>(i / 32 % 3);  // zero points of many kinds
        auto narrow = quantize_clip(w, rows, cols, spec, {});
        const double best = std::pow(relative_error(w, narrow, rows, cols, spec), 2);
        for (size_t g = 0; g < narrow.scales.size(); ++g) {
          const quant::Grid grid{quant::nearest_half(0.6 * narrow.scales[g]), narrow.zeros[g]};
          narrow.scales[g] = grid.scale;
          quant::encode_group(w.data() + g * 32, 32, grid, spec.bits, narrow.codes.data() + g * 32);
        }
        const double before = std::pow(relative_error(w, narrow, rows, cols, spec), 2);
        Linear linear;
        linear.weight = quant::dense_matrix(rows, cols, w);
        kernels::cpu::ThreadPool pool(1);
        quant::LearnedLinear learned(linear, spec, narrow, w, bounded);
        const int steps = 300;
        for (int step = 0; step < steps; ++step) {
          learned.put(pool);
          std::vector<float> gradient(w.size());
          for (size_t i = 0; i < w.size(); ++i) gradient[i] = numbers(linear)[i] - w[i];
          learned.move(gradient, 0.0f, 0.01f * (1.0f - static_cast<float>(step) / steps), pool);
        }
        const auto arrays = learned.arrays(pool);
        const double after = std::pow(relative_error(w, arrays, rows, cols, spec), 2);
        // A search among fifty ranges is luckier with the few numbers of a group than a gradient can be.
        QVERIFY2(before > 8 * best && after < 2 * best,
                 qPrintable(QStringLiteral("%1, learned %2, searched %3").arg(before).arg(after).arg(best)));
        // What stands in the matrix is what the arrays say.
        learned.put(pool);
        for (size_t i = 0; i < w.size(); ++i)
          QCOMPARE(numbers(linear)[i], arrays.scales[i / 32] * static_cast<float>(arrays.codes[i] - arrays.zeros[i / 32]));
      }
    }
  }

  // AWQ changes the numbers of a layer, not what it computes.
  void awq_is_the_same_function() {
    for (const char* family : {"llama", "qwen2", "qwen3", "gemma2", "gemma3", "phi3"}) {
      const auto model = stage(family);
      if (!model) continue;
      const int64_t T = 24, D = model->config.width;
      const auto x = random_numbers(T * D, 5);
      const std::vector<int64_t> lengths = {T};
      std::vector<float> before(static_cast<size_t>(T * D)), zero(before.size(), 0.0f);
      {
        auto block = quant::BlockGradient::create(model, *backend_, T);
        QVERIFY(block.has_value());
        (*block)->error(lengths, x.data(), zero.data());
        std::copy((*block)->output(), (*block)->output() + T * D, before.begin());
      }
      Layer& layer = model->weights.layers[0];
      std::array<std::vector<double>, quant::kSites> hessians;
      const auto sites = quant::by_site(layer);
      for (size_t site = 0; site < quant::kSites; ++site) {
        const int64_t cols = sites[site].front()->weight.cols();
        hessians[site].assign(static_cast<size_t>(cols * cols), 0.0);
        for (int64_t k = 0; k < cols; ++k) hessians[site][static_cast<size_t>(k * cols + k)] = k % 9 == 2 ? 80.0 : 1.0;
      }
      const std::vector<float> up(numbers(layer.down).begin(), numbers(layer.down).end());
      quant::awq_scale_layer(layer, model->config, hessians, [](const Linear&) { return QuantSpec{3, 32, false}; }, 2);
      QVERIFY2(!std::equal(up.begin(), up.end(), numbers(layer.down).begin()), family);
      auto block = quant::BlockGradient::create(model, *backend_, T);
      QVERIFY(block.has_value());
      (*block)->error(lengths, x.data(), zero.data());
      float largest = 0.0f, difference = 0.0f;
      for (size_t i = 0; i < before.size(); ++i) {
        largest = std::max(largest, std::abs(before[i]));
        difference = std::max(difference, std::abs(before[i] - (*block)->output()[i]));
      }
      QVERIFY2(difference < 1e-4f * largest,
               qPrintable(QStringLiteral("%1: %2 of %3").arg(family).arg(difference).arg(largest)));
    }
  }
};

QTEST_APPLESS_MAIN(TestLearnedRounding)
#include "test_learned_rounding.moc"
