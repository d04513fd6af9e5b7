// Logits of a whole GGUF model against transformers on its dequantized weights: of the sample model, recorded in
// tests/golden/sample, or of another: sample_logits.py MODEL.gguf FOLDER, then SCALEWRIGHT_SAMPLE_LOGITS=FOLDER and
// SCALEWRIGHT_SAMPLE_MODEL=MODEL.gguf.

#include "engine/chat/generator.h"
#include "engine/core/system.h"
#include "engine/model/session.h"
#include "tests/testkit/golden_model.h"

using namespace scalewright;
using namespace scalewright::testkit;

class TestSampleLogits : public QObject {
  Q_OBJECT
 private slots:
  void against_transformers();
  void largest_logits_of_answers();
};

void TestSampleLogits::against_transformers() {
  const char* given_logits = std::getenv("SCALEWRIGHT_SAMPLE_LOGITS");
  const fs::path folder = given_logits ? fs::path(given_logits) : golden_folder() / "sample";
  if (!fs::exists(folder / "logits.npy"))
    QSKIP("this golden folder has no logits of the sample model: make them with tests/interop/sample_logits.py");
  const char* given = std::getenv("SCALEWRIGHT_SAMPLE_MODEL");
  const fs::path path = given ? fs::path(given) : sample_model_path();
  if (!fs::exists(path))
    QSKIP("the sample model is not here: run installer/get-sample.sh, or set SCALEWRIGHT_SAMPLE_MODEL");
  const auto model = open_model(path);
  const auto ids = need(npy_as_int32(need(read_npy(folder / "input_ids.npy"))));
  const auto columns = need(npy_as_int32(need(read_npy(folder / "columns.npy"))));
  const auto reference = need(npy_as_float(need(read_npy(folder / "logits.npy"))));
  const double largest = need(npy_as_float(need(read_npy(folder / "largest.npy")))).at(0);
  QCOMPARE(reference.size(), ids.size() * columns.size());
  const size_t V = static_cast<size_t>(model->config.vocabulary);
  const auto off_by = [&](size_t token, const float* logits) {
    double off = 0.0;
    for (size_t c = 0; c < columns.size(); ++c)
      off = std::max(off, std::abs(static_cast<double>(logits[columns[c]]) - reference[token * columns.size() + c]));
    return off;
  };

  for (const NamedBackend& device : test_backends()) {
    if (device.name == "reference") continue;  // minutes
    auto session = need(Session::create(model, *device.backend, {.context = static_cast<int64_t>(ids.size())}));
    double off = 0.0;
    QVERIFY(session->append(ids, [&](int64_t first, int64_t rows, const float* logits) {
      for (int64_t row = 0; row < rows; ++row)
        off = std::max(off, off_by(static_cast<size_t>(first + row), logits + static_cast<size_t>(row) * V));
    }));
    qInfo("%s: largest difference %.2e, largest logit %.2f: ratio %.1e", device.name.c_str(), off, largest,
          off / largest);
    QVERIFY(off <= 1e-3 * largest);
    // One token at a time through the cache.
    session->rewind(static_cast<int64_t>(ids.size()) / 2);
    for (size_t t = ids.size() / 2; t < ids.size(); ++t)
      QVERIFY(session->append(std::span(ids).subspan(t, 1)).has_value());
    QVERIFY(off_by(ids.size() - 1, session->logits().data()) <= 1e-3 * largest);
  }
}

// On real hidden states: what a search for the largest logits finds, against all logits, over some answers.
void TestSampleLogits::largest_logits_of_answers() {
  const char* given = std::getenv("SCALEWRIGHT_SAMPLE_MODEL");
  const fs::path path = given ? fs::path(given) : sample_model_path();
  if (!fs::exists(path))
    QSKIP("the sample model is not here: run installer/get-sample.sh, or set SCALEWRIGHT_SAMPLE_MODEL");
  const auto model = open_model(path);
  const size_t V = static_cast<size_t>(model->config.vocabulary), k = 40;
  std::vector<float> values(k);
  std::vector<int32_t> found(k), order(V);
  for (const NamedBackend& device : test_backends()) {
    auto session = need(
        Session::create(model, *device.backend, {.context = 512, .precision = Precision::Fast, .kv = KvType::F16}));
    if (!session->head_waits()) continue;
    uint64_t read = 0;
    int64_t states = 0, searches = 0;
    for (const char* prompt :
         {"The history of the city begins", "def fibonacci(n):", "Photosynthesis is", "Es war einmal"}) {
      session->rewind(0);
      QVERIFY(session->append(model->tokenizer->encode_ids(prompt, {})));
      Sampler sampler({.temperature = 1.0, .seed = 7});
      for (int t = 0; t < 150; ++t, ++states) {
        // Not where the search pauses, after one that read too much: then all logits are there.
        const bool searched = session->largest_logits(static_cast<int>(k), values.data(), found.data());
        read += session->head_bytes();
        searches += searched;
        const std::span<const float> logits = session->logits();
        for (size_t i = 0; i < V; ++i) order[i] = static_cast<int32_t>(i);
        std::partial_sort(order.begin(), order.begin() + k, order.end(), [&](int32_t a, int32_t b) {
          return logits[a] > logits[b] || (logits[a] == logits[b] && a < b);
        });
        for (size_t i = 0; i < k && searched; ++i) {
          QCOMPARE(found[i], order[i]);
          QCOMPARE(values[i], logits[found[i]]);
        }
        const int32_t next = sampler.pick(logits, {});
        QVERIFY(session->append(std::span(&next, 1)));
      }
    }
    const double part =
        static_cast<double>(read) / static_cast<double>(states) / static_cast<double>(model->weights.head().bytes());
    qInfo("%s: the %zu largest of %lld tokens at %.0f %% of the head's bytes", device.name.c_str(), k,
          static_cast<long long>(states), 100 * part);
    QVERIFY(part < 0.9);
    QVERIFY(searches > states / 2);
  }
}

QTEST_APPLESS_MAIN(TestSampleLogits)
#include "test_sample_logits.moc"
