#pragma once
// Above a conversation: who answers, original and tuned, and that both have one copy of the codes.

#include <QWidget>

class QLabel;

namespace scalewright::ui {

class Chip;
class ElidedLabel;

class ChatHead : public QWidget {
  Q_OBJECT
 public:
  explicit ChatHead(QWidget* parent = nullptr);
  // `tuned` is empty where only the original answers; `both`: side by side, else the tuned one where there is one. `learned`: the
  // scales in the original's own file were.
  void setAnswering(const QString& original, const QString& tuned, bool both, bool learned, const QString& codesHash);

 protected:
  void resizeEvent(QResizeEvent* event) override;

 private:
  ElidedLabel *m_leftName, *m_rightName;
  QLabel *m_leftCodes, *m_rightCodes;
  Chip* m_leftChip;
  QWidget *m_line, *m_right, *m_lock;
};

}  // namespace scalewright::ui
