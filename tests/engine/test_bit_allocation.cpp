// Bits by layer: the integer program against trying everything; a whole model under a budget.

#include <QTemporaryDir>
#include <QtTest>
#include <cmath>
#include <fstream>
#include <random>
#include <set>

#include "engine/eval/evaluate.h"
#include "engine/export/exporter.h"
#include "engine/quant/bit_allocation.h"
#include "engine/quant/gram.h"
#include "engine/quant/quantize_job.h"
#include "engine/quant/sensitivity.h"
#include "engine/quant/tap_backend.h"
#include "kernels/cpu/thread_pool.h"
#include "tests/engine/tiny_model.h"

using namespace scalewright;
namespace fs = std::filesystem;

namespace {

// Remembers the memory that the backend was given.
struct WatchedBackend : quant::TapBackend {
  using TapBackend::TapBackend;
  void* workspace = nullptr;
  void set_workspace(void* data, size_t bytes) override {
    workspace = data;
    TapBackend::set_workspace(data, bytes);
  }
};

}  // namespace

class TestBitAllocation : public QObject {
  Q_OBJECT

 private slots:
  void against_trying_everything() {
    std::mt19937 random(7);
    for (int round = 0; round < 300; ++round) {
      const int items = 1 + static_cast<int>(random() % 6);
      std::vector<std::vector<quant::BitOption>> options(static_cast<size_t>(items));
      for (auto& item : options) {
        const int count = 1 + static_cast<int>(random() % 4);
        for (int o = 0; o < count; ++o)
          item.push_back({static_cast<int64_t>(1 + random() % 50), static_cast<double>(random() % 1000) / 10.0});
      }
      const int64_t budget = static_cast<int64_t>(random() % 200);
      double best = INFINITY;
      std::vector<size_t> at(options.size(), 0);
      for (;;) {
        int64_t bytes = 0;
        double loss = 0.0;
        for (size_t i = 0; i < at.size(); ++i) bytes += options[i][at[i]].bytes, loss += options[i][at[i]].loss;
        if (bytes <= budget) best = std::min(best, loss);
        size_t i = 0;
        while (i < at.size() && ++at[i] == options[i].size()) at[i++] = 0;
        if (i == at.size()) break;
      }
      const auto chosen = quant::allocate_bits(options, budget);
      QCOMPARE(chosen.has_value(), std::isfinite(best));
      if (!chosen) {
        QVERIFY(chosen.error().message.find("larger budget") != std::string::npos);
        continue;
      }
      int64_t bytes = 0;
      double loss = 0.0;
      for (size_t i = 0; i < at.size(); ++i) {
        bytes += options[i][static_cast<size_t>((*chosen)[i])].bytes;
        loss += options[i][static_cast<size_t>((*chosen)[i])].loss;
      }
      QVERIFY(bytes <= budget);
      QVERIFY2(std::abs(loss - best) < 1e-9, qPrintable(QStringLiteral("%1 instead of %2").arg(loss).arg(best)));
    }
  }

  // Tokens that the loss does not feel count nothing, however large they are; the backend keeps no memory that is gone.
  void sensitivities() {
    QTemporaryDir folder;
    const fs::path root = folder.path().toStdString();
    if (!scalewright_tests::make_tiny_model("llama", root / "llama")) QSKIP("the golden set is not here");
    const auto inner = std::move(*make_backend({.threads = 1}));
    WatchedBackend backend(*inner);
    QuantizeRequest request;
    request.input = root / "llama";
    request.method = QuantMethod::Rtn;
    request.spec = {.bits = 8, .group = 32, .symmetric = true};
    QuantizeObserver observer;
    const auto model = quantize_model(request, backend, observer, {});
    QVERIFY(model.has_value());
    quant::CalibrationText text;
    for (int s = 0; s < 3; ++s) {
      std::vector<int32_t> ids;
      for (int t = 0; t < 10 + s; ++t) ids.push_back(30 + (7 * t + s) % 60);
      text.tokens += 10 + s;
      text.longest = 10 + s;
      text.samples.push_back(std::move(ids));
    }
    const auto found = quant::output_sensitivities(model->model, backend, text, 2, {});
    QVERIFY2(found.has_value(), found ? "" : found.error().message.c_str());
    QVERIFY(backend.workspace == nullptr);
    QCOMPARE(found->text.samples.size(), size_t{2});
    QCOMPARE(found->text.tokens, int64_t{21});
    const size_t linears = model->model->weights.linears().size();
    QCOMPARE(found->outputs.size(), linears);
    QCOMPARE(found->tokens.size(), linears);
    for (size_t i = 0; i < linears; ++i) {
      double sum = 0.0;
      QCOMPARE(found->tokens[i].size(), size_t{21});
      for (const float token : found->tokens[i]) {
        QVERIFY(token >= 0.0f);
        sum += token;
      }
      QVERIFY(std::abs(sum / 21 - 1.0) < 1e-4);
      QCOMPARE(found->tokens[i][9], 0.0f);   // nothing is predicted from the last token of a sample
      QCOMPARE(found->tokens[i][20], 0.0f);
    }
    // A huge token with weight 0 adds nothing to the statistics.
    kernels::cpu::ThreadPool pool(1);
    for (const bool full : {true, false}) {
      quant::InputStatistics with(4, full, {1.0f, 0.0f, 1.0f}), without(4, full, {1.0f, 1.0f});
      const std::vector<float> a = {1, 2, 3, 4, 1e4, 1e4, 1e4, 1e4, 2, 1, 0, 1}, b = {1, 2, 3, 4, 2, 1, 0, 1};
      with.add(a.data(), 4, 1, pool);
      with.add(a.data() + 4, 4, 2, pool);
      without.add(b.data(), 4, 2, pool);
      const auto x = with.mean_square(), y = without.mean_square();
      for (size_t k = 0; k < 4; ++k) QVERIFY(std::abs(3 * x[k] - 2 * y[k]) < 1e-5f);
    }
  }

  // The budget is kept in the written file, matrices differ in bits, and the loss is below that of the smallest setting.
  void a_model_under_a_budget() {
    QTemporaryDir folder;
    const fs::path root = folder.path().toStdString();
    if (!scalewright_tests::make_tiny_model("llama", root / "llama")) QSKIP("the golden set is not here");
    const fs::path text = root / "calibration.txt";
    {
      std::ofstream out(text);
      for (int i = 0; i < 120; ++i)
        out << "The river runs past the old mill and the " << i << " houses of the town, where people trade wool.\n";
    }
    const auto backend = std::move(*make_backend({.threads = 2}));
    QuantizeRequest request;
    request.input = root / "llama";
    request.method = QuantMethod::Clip;
    request.spec.group = 32;
    request.calibration = text;
    request.calibration_samples = 40;
    request.calibration_context = 48;
    const auto weights_of = [](const Model& model) {
      double bits = 0.0, weights = 0.0;
      for (const Linear* linear : model.weights.linears()) {
        const double n = static_cast<double>(linear->weight.rows()) * static_cast<double>(linear->weight.cols());
        bits += linear->weight.quant().bits_per_weight() * n;
        weights += n;
      }
      return std::pair(bits / weights, weights);
    };
    const auto loss_of = [&](const std::shared_ptr<Model>& model) {
      Observer observer;
      const auto report = perplexity(model, *backend, text, {.context = 64, .max_tokens = 2000}, observer, {});
      return report ? report->nll : 1e9;
    };
    QuantizeObserver observer;
    // In codes and scales: between two and three bits for all.
    const double budget = 2.5 + 18.5 / 32.0;
    request.budget = {.bits_per_weight = budget, .gguf = false};
    const auto mixed = quantize_model(request, *backend, observer, {});
    QVERIFY2(mixed.has_value(), mixed ? "" : mixed.error().message.c_str());
    std::set<int> bits;
    for (const LayerError& layer : mixed->layers) bits.insert(layer.spec.bits);
    QVERIFY(bits.size() > 1);
    QVERIFY2(weights_of(*mixed->model).first <= budget + 1e-9, "the budget");
    request.budget = {};
    request.spec.bits = 2;
    const auto same = quantize_model(request, *backend, observer, {});
    QVERIFY(same.has_value());
    const double a = loss_of(mixed->model), b = loss_of(same->model);
    qInfo("loss with bits by layer %.4f, with two bits for all %.4f", a, b);
    QVERIFY(a < b);

    // As a GGUF file: what is written keeps to the size, and is exact.
    request.budget = {.bits_per_weight = 5.2, .gguf = true};
    request.method = QuantMethod::Rtn;
    const auto gguf = quantize_model(request, *backend, observer, {});
    QVERIFY2(gguf.has_value(), gguf ? "" : gguf.error().message.c_str());
    const auto written = write_model(*gguf->model, ExportTarget::Gguf, root / "mixed.gguf", "", observer, {});
    QVERIFY2(written.has_value(), written ? "" : written.error().message.c_str());
    QVERIFY(written->exact);
    const auto summary = summarize_model(root / "mixed.gguf");
    QVERIFY(summary.has_value());
    double bytes = 0.0, weights = 0.0;
    std::set<std::string> types;
    for (const TensorSummary& tensor : summary->tensors) {
      if (!tensor.name.starts_with("blk.")) continue;
      bytes += static_cast<double>(tensor.bytes);
      weights += static_cast<double>(tensor.shape[0] * tensor.shape[1]);
      types.insert(tensor.type);
    }
    QVERIFY2(8 * bytes / weights <= 5.2, qPrintable(QString::number(8 * bytes / weights)));
    QVERIFY(types.size() > 1);

    request.budget = {.bits_per_weight = 1.0, .gguf = true};
    const auto none = quantize_model(request, *backend, observer, {});
    QVERIFY(!none.has_value() && none.error().message.find("larger budget") != std::string::npos);
    request.calibration.clear();
    QVERIFY(!quantize_model(request, *backend, observer, {}).has_value());
  }
};

QTEST_APPLESS_MAIN(TestBitAllocation)
#include "test_bit_allocation.moc"
