// GGUF files that the program writes against what llama.cpp computes from them, recorded by llama_cpp_logits.py. The files are
// written again here and must be the same to the byte, or the record says nothing about them.

#include <QCryptographicHash>
#include <QTemporaryDir>

#include "engine/core/file.h"
#include "engine/export/exporter.h"
#include "engine/model/session.h"
#include "engine/quant/quantize_job.h"
#include "tests/testkit/golden_model.h"

using namespace scalewright;
using namespace scalewright::testkit;

class TestLlamaCppLogits : public QObject {
  Q_OBJECT

 private slots:
  void against_llama_cpp_data() {
    const fs::path record = golden_folder() / "llama_cpp" / "files.json";
    if (!fs::exists(record)) QSKIP("this golden folder has no logits of llama.cpp: make them with tests/interop/llama_cpp_logits.py");
    QTest::addColumn<QString>("name");
    const nlohmann::json files = read_json(record);
    for (const auto& [name, file] : files.items()) QTest::newRow(name.c_str()) << QString::fromStdString(name);
  }
  void against_llama_cpp();
};

void TestLlamaCppLogits::against_llama_cpp() {
  QFETCH(QString, name);
  const fs::path folder = golden_folder() / "llama_cpp";
  const auto record = read_json(folder / "files.json")[name.toStdString()];
  const bool whole = name.endsWith(".whole");
  const fs::path source = golden_folder() / "formats" / "gguf" / (name.section('.', 0, 0).toStdString() + ".gguf");
  QTemporaryDir temporary;
  const fs::path root = temporary.path().toStdString(), written = root / "out.gguf";
  const auto backend = need(make_backend({.threads = 1, .device = "cpu"}));
  QuantizeObserver quiet;
  if (whole) {
    need(write_model(*open_model(source), ExportTarget::Safetensors, root / "folder", "", quiet, {}));
    need(write_model(*open_model(root / "folder"), ExportTarget::Gguf, written, "", quiet, {}));
  } else {
    QuantizeRequest request;
    request.input = source;
    request.spec = {.bits = 4, .group = 32, .symmetric = true};
    request.method = QuantMethod::Rtn;
    const QuantizeReport report = need(quantize_model(request, *backend, quiet, {}));
    need(write_model(*report.model, ExportTarget::Gguf, written, "", quiet, {}));
  }
  const std::string bytes = need(read_text_file(written));
  const QByteArray hash = QCryptographicHash::hash(QByteArrayView(bytes.data(), static_cast<qsizetype>(bytes.size())), QCryptographicHash::Sha256);
  QVERIFY2(hash.toHex().toStdString() == record["sha256"].get<std::string>(),
           "the file is another than the one that llama.cpp read: record its logits again with llama_cpp_logits.py");

  const auto model = open_model(written);
  const auto reference = need(npy_as_float(need(read_npy(folder / (name.toStdString() + ".npy")))));
  const std::vector<int32_t> ids = record["ids"];
  const size_t V = static_cast<size_t>(model->config.vocabulary);
  QVERIFY(!reference.empty() && reference.size() % V == 0 && reference.size() <= ids.size() * V);
  auto session = need(Session::create(model, *backend, {.context = static_cast<int64_t>(ids.size())}));
  double off = 0.0, largest = 0.0;
  QVERIFY(session->append(ids, [&](int64_t first, int64_t rows, const float* logits) {
    for (size_t i = 0; i < static_cast<size_t>(rows) * V; ++i) {
      const size_t at = static_cast<size_t>(first) * V + i;
      if (at >= reference.size()) break;  // rows that are not recorded
      const double wanted = reference[at];
      off = std::max(off, std::abs(static_cast<double>(logits[i]) - wanted));
      largest = std::max(largest, std::abs(wanted));
    }
  }));
  qInfo("%s: largest difference %.1e of the largest logit", qPrintable(name), off / largest);
  // llama.cpp rounds activations to halves before F16 weights and to 8 bits before Q4_0.
  QVERIFY(off <= (whole ? 2e-3 : 4e-2) * largest);
}

QTEST_APPLESS_MAIN(TestLlamaCppLogits)
#include "test_llama_cpp_logits.moc"
