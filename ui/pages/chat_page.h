#pragma once
// Chat: talk to a model, or to original and tuned side by side on the same prompt and seed, from one copy of the codes.

#include <memory>

#include "ui/jobs/chat_engine.h"
#include "ui/models/chat_log.h"
#include "ui/pages/page.h"

class QComboBox;
class QLabel;
class QLineEdit;
class QPlainTextEdit;
class QSpinBox;

namespace scalewright::ui {

class Button;
class Chip;
class ChatTranscript;
class EmptyState;
class ProgressBar;
class Segmented;
class ValueSlider;

class ChatPage : public Page {
  Q_OBJECT
 public:
  explicit ChatPage(AppContext& app, QWidget* parent = nullptr);
  void activate() override;
  void receive(const PageMessage& message) override;
  void primary() override { send(); }
  void setNarrow(bool narrow) override;
  void saveState() override;
  QWidget* firstField() const override;

 private:
  QWidget* buildConversation();
  QWidget* buildPane();
  void setModel(const QString& path);
  void chooseModel();
  void listModels();
  struct PackChoice { QString name, path; quint64 bytes = 0; };
  void listPacks();
  void fillPacks(const QList<PackChoice>& packs);
  void newChat();
  void showHistory();
  void saveChat();
  void send();
  void stop();
  void ask(int turn, QList<int> sides);
  void onEvents(std::vector<ChatEvent> events);
  void onDone(Result<ChatOutcome> result);
  void showHead();
  void keep();
  SamplingOptions sampling() const;
  bool busy() const { return m_job && !m_job->finished(); }
  ChatStore store() const;

  std::shared_ptr<ChatEngine> m_engine = std::make_shared<ChatEngine>();
  std::shared_ptr<Job> m_job;
  ChatLog m_log;
  int m_turn = -1;              // being answered
  QList<int> m_sides;           // of it
  QString m_codes;

  Segmented* m_mode;
  Button *m_save, *m_new, *m_history, *m_send;
  QLabel *m_leftName, *m_leftCodes, *m_rightName, *m_rightCodes;
  Chip *m_leftChip, *m_rightChip;
  QWidget *m_rightHead, *m_head;
  ChatTranscript* m_transcript;
  EmptyState* m_empty;
  QLineEdit* m_input;
  QWidget* m_pane;
  QComboBox *m_model, *m_pack;
  QLabel* m_packFacts;
  QPlainTextEdit* m_system;
  ValueSlider *m_temperature, *m_topP, *m_minP, *m_penalty;
  QSpinBox *m_seed, *m_longest;
  ProgressBar* m_contextBar;
  QLabel* m_contextText;
};

}  // namespace scalewright::ui
