#pragma once
// The right side of Chat: which model and scale pack answer, the system prompt, sampling with the model's own defaults, and how
// much of the context is used.

#include <QScrollArea>

#include "engine/chat/generator.h"
#include "ui/jobs/chat_engine.h"
#include "ui/jobs/model_sampling.h"

class QComboBox;
class QLabel;
class QPlainTextEdit;
class QSpinBox;

namespace scalewright::ui {

class Button;
class ProgressBar;
class Segmented;
class ValueSlider;

class ChatPane : public QScrollArea {
  Q_OBJECT
 public:
  static constexpr int kWidth = 250;  // look pixels, beside the conversation
  explicit ChatPane(QWidget* parent = nullptr);

  void setModels(const QStringList& paths, const QString& current);
  void setPacks(const std::vector<PackEntry>& packs, const QString& current, const QString& currentName, bool enabled);
  void setSystemPrompt(const QString& text);
  QString systemPrompt() const;
  void setModelSampling(const ModelSampling& sampling);  // what "Model's own" gives back; taken over at once
  SamplingOptions sampling() const;
  void setPrecision(Precision precision);
  Precision precision() const;
  void nextSeed();
  void showSwitched(double milliseconds);
  void showContext(qint64 used, qint64 total);           // total 0: nothing yet
  void setMemoryNote(const QString& words);              // under the context; empty: none

 signals:
  void modelChosen(const QString& path);
  void modelWanted();                                    // a file, by a dialog
  void packChosen(const QString& path);                  // empty: the original
  void packWanted();
  void precisionChosen();

 private:
  void reset();

  ModelSampling m_own;
  QComboBox *m_model, *m_pack;
  QLabel *m_packFacts, *m_contextText, *m_memoryNote;
  QPlainTextEdit* m_system;
  Button* m_defaults;
  ValueSlider *m_temperature, *m_topP, *m_minP, *m_penalty;
  Segmented* m_precision;
  QSpinBox *m_seed, *m_longest;
  ProgressBar* m_contextBar;
};

}  // namespace scalewright::ui
