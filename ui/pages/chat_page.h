#pragma once
// Chat: talk to a model, or to original and tuned side by side on the same prompt and seed, from one copy of the codes.

#include <memory>

#include "ui/jobs/chat_engine.h"
#include "ui/models/chat_log.h"
#include "ui/pages/chat_pane.h"
#include "ui/pages/page.h"

namespace scalewright::ui {

class Button;
class ChatHead;
class ChatTranscript;
class EmptyState;
class MessageField;
class Segmented;

class ChatPage : public Page {
  Q_OBJECT
 public:
  explicit ChatPage(AppContext& app, QWidget* parent = nullptr);
  void activate() override;
  void receive(const PageMessage& message) override;
  void primary() override { send(); }
  bool newItem() override { return newChat(), true; }
  void setNarrow(bool narrow) override;
  void saveState() override;
  QWidget* firstField() const override;

 protected:
  void keyPressEvent(QKeyEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  QWidget* buildConversation();
  void showPane();  // beside the conversation, or in its place where the page is too narrow for both
  bool setModel(const QString& path, bool anew = false);  // False: it is not there, nothing changed. `anew`: begins a conversation
  void forgetMissing();
  void chooseModel();
  void offerModel();
  void listModels();
  void listPacks();
  void fillPacks(const std::vector<PackEntry>& packs);
  void setPack(const QString& path);
  bool adoptTune();
  void newChat();
  void showHistory();
  void saveChat();
  void send();
  void stop();
  void ask(int turn, QList<int> sides);
  void onEvents(std::vector<ChatEvent> events);
  void onDone(Result<ChatOutcome> result);
  bool learned() const;
  void showHead();
  void showMemory();            // what an answer beside a run takes, before it is taken
  void keep();
  bool inTune() const;          // the model of this chat is being tuned now: the tuned side is the model at this step
  QString tunedBy() const;      // the pack that the tuned side answers with; empty: there is none
  bool busy() const { return m_job && !m_job->finished(); }
  ChatStore store() const;

  std::shared_ptr<ChatEngine> m_engine = std::make_shared<ChatEngine>();
  std::shared_ptr<Job> m_job;
  ChatLog m_log;
  int m_turn = -1;              // being answered
  int64_t m_used = 0;           // tokens of the context that it has taken so far, by the side that took more
  QString m_by;                 // the pack it is answered with
  QList<int> m_sides;           // of it
  QString m_codes;
  QString m_offered;            // the model, while it was not the person who chose it

  Segmented* m_mode;
  Button *m_save, *m_new, *m_history, *m_send, *m_fold;
  bool m_narrow = false;
  ChatHead* m_head;
  ChatTranscript* m_transcript;
  EmptyState* m_empty;
  MessageField* m_input;
  ChatPane* m_pane;
  QWidget* m_conversation;
  QString m_missing;            // the model that the banner says is not there; empty: it says nothing such
  QString m_tuneRun;            // the run that answers now as it goes on; empty: none
};

}  // namespace scalewright::ui
