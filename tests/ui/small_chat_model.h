#pragma once
// A small model that can be talked to, as a person has it: a quantized GGUF with tokenizer and chat template, made from the
// golden `llama`; and the pieces that tests of the main job share.

#include <QDragEnterEvent>
#include <QDropEvent>
#include <QLineEdit>
#include <QMimeData>
#include <QPushButton>
#include <QRadioButton>
#include <QTextStream>

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

// A button that can be seen, by its words without mnemonics.
inline QPushButton* buttonOf(QWidget* in, const QString& words) {
  for (QPushButton* button : in->findChildren<QPushButton*>())
    if (button->isVisible() && button->text().remove(QLatin1Char('&')) == words) return button;
  return nullptr;
}

// Presses what a person would press; fails with what stands in the way.
#define CLICK(in, words)                                                                       \
  do {                                                                                         \
    QTRY_VERIFY2_WITH_TIMEOUT(buttonOf(in, words), words, 60000);                              \
    QTRY_VERIFY2_WITH_TIMEOUT(buttonOf(in, words) && buttonOf(in, words)->isEnabled(),         \
                              qPrintable(buttonOf(in, words) ? buttonOf(in, words)->toolTip() : QStringLiteral(words)), 60000); \
    QTest::mouseClick(buttonOf(in, words), Qt::LeftButton);                                    \
  } while (false)

// Lets the event loop run until `ready`, for work whose length is the machine's.
template <class Ready>
bool waitUntil(Ready ready, int seconds = 120) {
  QElapsedTimer clock;
  clock.start();
  while (!ready()) {
    if (clock.elapsed() > qint64(seconds) * 1000) return false;
    QTest::qWait(20);
  }
  return true;
}

// A file dropped on a widget, as the desktop would.
inline void dropFile(QWidget* on, const QString& file) {
  QMimeData data;
  data.setUrls({QUrl::fromLocalFile(file)});
  QDragEnterEvent enter(QPoint(50, 50), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
  QApplication::sendEvent(on, &enter);
  QDropEvent drop(QPointF(50, 50), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
  QApplication::sendEvent(on, &drop);
}

// Rows for tuning: prompts with answers.
inline bool writeRows(const QString& path, int rows) {
  QFile file(path);
  if (!file.open(QIODevice::WriteOnly)) return false;
  for (int i = 0; i < rows; ++i)
    file.write(QStringLiteral("{\"prompt\": \"say %1\", \"completion\": \"it is %1\"}\n").arg(i % 17).toUtf8());
  return true;
}

}  // namespace scalewright::ui
