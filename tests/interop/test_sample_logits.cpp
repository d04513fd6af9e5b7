// Logits of a whole GGUF model against transformers on its dequantized weights. The reference is large and made on
// demand: sample_logits.py MODEL.gguf FOLDER, then SCALEWRIGHT_SAMPLE_LOGITS=FOLDER (and
// SCALEWRIGHT_SAMPLE_MODEL=MODEL.gguf where the model is not the sample of the set-up).

#include "engine/core/system.h"
#include "engine/model/session.h"
#include "tests/testkit/golden_model.h"

using namespace scalewright;
using namespace scalewright::testkit;

class TestSampleLogits : public QObject {
  Q_OBJECT
 private slots:
  void against_transformers();
};

void TestSampleLogits::against_transformers() {
  const char* folder = std::getenv("SCALEWRIGHT_SAMPLE_LOGITS");
  if (!folder) QSKIP("SCALEWRIGHT_SAMPLE_LOGITS is not set: make the reference with tests/interop/sample_logits.py");
  const char* given = std::getenv("SCALEWRIGHT_SAMPLE_MODEL");
  const fs::path path = given ? fs::path(given) : sample_model_path();
  if (!fs::exists(path)) QSKIP("the sample model is not here: run the set-up, or set SCALEWRIGHT_SAMPLE_MODEL");
  const auto model = open_model(path);
  const std::vector<int32_t> ids = need(npy_as_int32(need(read_npy(fs::path(folder) / "input_ids.npy"))));
  const std::vector<float> reference = need(npy_as_float(need(read_npy(fs::path(folder) / "logits.npy"))));
  const size_t V = static_cast<size_t>(model->config.vocabulary);
  QCOMPARE(reference.size(), ids.size() * V);
  double largest = 0.0;
  for (const float x : reference) largest = std::max(largest, std::abs(static_cast<double>(x)));

  for (const NamedBackend& device : test_backends()) {
    if (device.name == "reference") continue;  // minutes
    auto session = need(Session::create(model, *device.backend, {.context = static_cast<int64_t>(ids.size())}));
    double off = 0.0;
    QVERIFY(session
                ->append(ids,
                         [&](int64_t first, int64_t rows, const float* logits) {
                           off = std::max(off,
                                          largest_difference(logits, reference.data() + static_cast<size_t>(first) * V,
                                                             static_cast<size_t>(rows) * V));
                         })
                .has_value());
    qInfo("%s: largest difference %.2e, largest logit %.2f: ratio %.1e", device.name.c_str(), off, largest,
          off / largest);
    QVERIFY(off <= 1e-3 * largest);
    // One token at a time through the cache.
    session->rewind(static_cast<int64_t>(ids.size()) / 2);
    for (size_t t = ids.size() / 2; t < ids.size(); ++t)
      QVERIFY(session->append(std::span(ids).subspan(t, 1)).has_value());
    QVERIFY(largest_difference(session->logits().data(), reference.data() + (ids.size() - 1) * V, V) <= 1e-3 * largest);
  }
}

QTEST_APPLESS_MAIN(TestSampleLogits)
#include "test_sample_logits.moc"
