#pragma once
// Turns of a conversation: a prompt across the whole width, below it the answer, or two answers side by side, aligned turn by turn.
// While the longer of two is read, the other stays in sight.

#include <QScrollArea>
#include <array>

#include "ui/models/chat_log.h"

class QVBoxLayout;

namespace scalewright::ui {

class AnswerView;
class Button;
class SightLayout;

class ChatTranscript : public QScrollArea {
  Q_OBJECT
 public:
  explicit ChatTranscript(QWidget* parent = nullptr);
  void setLog(const ChatLog& log);
  void addTurn(const QString& prompt, const ChatLog& log, bool streaming);
  AnswerView* answer(int turn, int side) const;  // null: that side has none
  int turns() const { return static_cast<int>(m_turns.size()); }
  void clear();

 signals:
  void editClicked(int turn);
  void regenerateClicked(int turn, int side);

 protected:
  void resizeEvent(QResizeEvent* event) override;

 private:
  struct Turn {
    QWidget* box;
    SightLayout* pair;
    std::array<AnswerView*, 2> answers;
  };
  void look();            // what is seen is another
  QVBoxLayout* m_column;
  QList<Turn> m_turns;
  bool m_follow = true;   // the end, as it grows
};

}  // namespace scalewright::ui
