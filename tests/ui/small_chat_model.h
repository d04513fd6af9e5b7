#pragma once
// A small model that can be talked to, as a person has it: a quantized GGUF with tokenizer and chat template, made from the
// golden `llama`.

#include "engine/export/exporter.h"
#include "engine/quant/quantize_job.h"
#include "tests/engine/tiny_model.h"
#include "tests/ui/ui_fixture.h"

namespace scalewright::ui {

// The folder of a full-precision model with tokenizer and template; empty where the golden set is not here.
inline QString makeChatFolder(const QString& folder) {
  const std::filesystem::path path = folder.toStdString();
  if (!scalewright_tests::make_tiny_model("llama", path)) return {};
  // Rows of the sample take more tokens than the golden context when every byte is one.
  QFile config(folder + QStringLiteral("/config.json"));
  if (!config.open(QIODevice::ReadOnly)) return {};
  QByteArray text = config.readAll();
  config.close();
  text.replace("\"max_position_embeddings\": 128", "\"max_position_embeddings\": 512");
  if (!config.open(QIODevice::WriteOnly | QIODevice::Truncate)) return {};
  config.write(text);
  std::ofstream(path / "tokenizer_config.json")
      << R"({"bos_token": "<s>", "eos_token": "</s>", "add_bos_token": false, "chat_template": "{% for message in messages %}<s>{{ message['role'] }}: {{ message['content'] }}</s>{% endfor %}{% if add_generation_prompt %}<s>assistant: {% endif %}"})";
  return folder;
}

// Quantized to 4 bits as GGUF at `file`; false where it could not be made.
inline bool makeChatGguf(const QString& folder, const QString& file) {
  auto backend = make_backend({});
  if (!backend) return false;
  QuantizeObserver observer;
  QuantizeRequest request;
  request.input = folder.toStdString();
  request.spec = {.bits = 4, .group = 32, .symmetric = false};
  auto report = quantize_model(request, **backend, observer, {});
  if (!report || !report->model) return false;
  QDir().mkpath(QFileInfo(file).absolutePath());
  return write_model(*report->model, ExportTarget::Gguf, file.toStdString(), {}, observer, {}).has_value();
}

// That file as the sample model of a test's homes.
class SmallSample {
 public:
  // False where the golden sets are not here.
  bool make() {
    const QString folder = makeChatFolder(m_made.filePath("small"));
    m_gguf = m_made.filePath("small.Q4_1.gguf");
    return !folder.isEmpty() && makeChatGguf(folder, m_gguf);
  }
  QString gguf() const { return m_gguf; }
  // The person's copy in `home`, found as the sample until forget(). Its path; empty: it could not be copied.
  QString giveTo(const Home& home) const {
    const QString path = home.path("home/models/small.Q4_1.gguf");
    QDir().mkpath(QFileInfo(path).absolutePath());
    if (!QFile::copy(m_gguf, path)) return {};
    qputenv("SCALEWRIGHT_SAMPLE_MODEL", path.toLocal8Bit());
    return path;
  }
  static void forget() { qunsetenv("SCALEWRIGHT_SAMPLE_MODEL"); }

 private:
  QTemporaryDir m_made;
  QString m_gguf;
};

// What most tests of the window stand on: the small model as the sample, a home of its own for each function, and no warning of Qt.
// initTestCase(), init() and cleanup() of a test call these.
class SampleTest {
 protected:
  void makeSample() {
    qInstallMessageHandler(collectWarnings);
    if (!m_sample.make()) QSKIP("The golden sets are not here.");
  }
  void enterHome() {
    m_home = std::make_unique<Home>();
    m_model = m_sample.giveTo(*m_home);
    QVERIFY(!m_model.isEmpty());
  }
  void leaveHome() {
    SmallSample::forget();
    QLocale::setDefault(QLocale(QLocale::English));  // numbers as before a test in another language
    QVERIFY2(qtWarnings().isEmpty(), qPrintable(qtWarnings().join('\n')));
  }

  SmallSample m_sample;
  std::unique_ptr<Home> m_home;
  QString m_model;  // the person's copy in it
};

}  // namespace scalewright::ui
