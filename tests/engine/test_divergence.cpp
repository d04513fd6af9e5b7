// How far a changed model is from what it was, against the whole of its logits.

#include <QTemporaryDir>
#include <QtTest>
#include <cmath>

#include "engine/eval/divergence.h"
#include "engine/model/session.h"
#include "tests/engine/tiny_model.h"

using namespace scalewright;
namespace fs = std::filesystem;

class TestDivergence : public QObject {
  Q_OBJECT

 private:
  QTemporaryDir folder_;
  std::shared_ptr<Model> model_;
  std::unique_ptr<Backend> backend_;
  std::vector<int32_t> ids_;

  // log p of every token after each of ids_, in windows of `context`.
  std::vector<std::vector<double>> log_p(int64_t context) {
    std::vector<std::vector<double>> rows;
    const auto total = static_cast<int64_t>(ids_.size());
    const auto vocabulary = static_cast<size_t>(model_->config.vocabulary);
    for (int64_t begin = 0; begin < total; begin += context) {
      auto session = Session::create(model_, *backend_, {.context = context});
      if (!session) return {};
      const auto window = std::span(ids_).subspan(static_cast<size_t>(begin), static_cast<size_t>(std::min(context, total - begin)));
      if (!(*session)->append(window, [&](int64_t, int64_t count, const float* logits) {
            for (int64_t i = 0; i < count; ++i) {
              const std::span row(logits + static_cast<size_t>(i) * vocabulary, vocabulary);
              double sum = 0.0;
              for (const float logit : row) sum += std::exp(static_cast<double>(logit));
              std::vector<double>& made = rows.emplace_back();
              for (const float logit : row) made.push_back(static_cast<double>(logit) - std::log(sum));
            }
          }))
        return {};
    }
    return rows;
  }

 private slots:
  void initTestCase() {
    const fs::path root = fs::path(folder_.path().toStdString()) / "llama";
    if (!scalewright_tests::make_tiny_model("llama", root)) QSKIP("the golden set is not here");
    Observer observer;
    auto model = load_model(root, observer);
    QVERIFY2(model.has_value(), model ? "" : model.error().message.c_str());
    model_ = *model;
    auto backend = make_backend({.threads = 1});
    QVERIFY(backend.has_value());
    backend_ = std::move(*backend);
    ids_ = model_->tokenizer->encode_ids("The mill by the river was old when the town was young, and it turned.", {});
    QVERIFY(ids_.size() > 20);
  }

  void nothingChanged() {
    const auto expected = Expectations::of(model_, *backend_, ids_, 16, {});
    QVERIFY(expected.has_value());
    const auto same = expected->divergence(model_, *backend_, {});
    QVERIFY(same.has_value());
    QVERIFY2(std::abs(*same) < 1e-9, qPrintable(QString::number(*same)));
  }

  // Of a model whose last norm is turned up a little: at most what all tokens of the vocabulary give, and nearly that.
  void againstAllLogits() {
    const auto expected = Expectations::of(model_, *backend_, ids_, 16, {});
    QVERIFY(expected.has_value());
    const auto before = log_p(16);
    QCOMPARE(before.size(), ids_.size());
    for (float& weight : model_->weights.output_norm) weight *= 1.3f;
    const auto after = log_p(16);
    const auto divergence = expected->divergence(model_, *backend_, {});
    for (float& weight : model_->weights.output_norm) weight /= 1.3f;
    QVERIFY(divergence.has_value());
    double whole = 0.0;
    for (size_t t = 0; t < before.size(); ++t)
      for (size_t id = 0; id < before[t].size(); ++id) whole += std::exp(before[t][id]) * (before[t][id] - after[t][id]);
    whole /= static_cast<double>(before.size());
    QVERIFY2(whole > 1e-4, qPrintable(QString::number(whole)));
    QVERIFY2(*divergence <= whole * (1 + 1e-6) && *divergence > 0.5 * whole, qPrintable(QStringLiteral("%1 of %2").arg(*divergence).arg(whole)));
  }
};

QTEST_MAIN(TestDivergence)
#include "test_divergence.moc"
