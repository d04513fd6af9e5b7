#include "ui/widgets/status_bar.h"

#include <QFrame>
#include <QHBoxLayout>
#include <QMouseEvent>
#include <QPainter>

#include "ui/widgets/labels.h"
#include "ui/widgets/layout.h"

namespace scalewright::ui {

class StatusDot : public QWidget {
 public:
  StatusDot() {
    setScaledWidth(this, 8);
    setScaledHeight(this, 8);
  }
  void setToken(Token token) {
    m_token = token;
    update();
  }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(color(m_token));
    painter.drawEllipse(rect());
  }

 private:
  Token m_token = &ThemeTokens::ok;
};

StatusBar::StatusBar(QWidget* parent) : QWidget(parent) {
  setObjectName(QStringLiteral("statusBar"));
  setAttribute(Qt::WA_StyledBackground);
  setScaledHeight(this, 28);
  m_dot = new StatusDot;
  m_job = new ElidedLabel({}, FontRole::Help, Ink::Text2);
  m_step = new ElidedLabel({}, FontRole::Help, Ink::Text2);
  m_job->setSizePolicy(QSizePolicy::Maximum, QSizePolicy::Fixed);
  m_step->setSizePolicy(QSizePolicy::Maximum, QSizePolicy::Fixed);
  m_left = label({}, FontRole::Help, Ink::Text2);
  m_device = label({}, FontRole::Help, Ink::Text2);
  m_memory = label({}, FontRole::Help, Ink::Text2);
  m_line1 = verticalLine(12);
  m_line2 = verticalLine(12);
  setLayout(hbox({m_dot, m_job, m_line1, m_step, m_line2, m_left, fill(), new IconLabel(QStringLiteral("cpu"), &ThemeTokens::text3, 14),
                  m_device, verticalLine(12), m_memory}, 8, {14, 0, 14, 0}));
  setAccessibleName(tr("Status"));
  setReady();
}

void StatusBar::setReady(const QString& word) {
  m_busy = false;
  m_dot->setToken(&ThemeTokens::ok);
  m_job->setFullText(word.isEmpty() ? tr("Ready") : word);
  for (QWidget* widget : std::initializer_list<QWidget*>{m_line1, m_step, m_line2, m_left}) widget->hide();
  setAccessibleDescription(m_job->fullText());
  unsetCursor();
}
void StatusBar::setJob(const QString& title, const QString& step, const QString& timeLeft) {
  m_busy = true;
  m_dot->setToken(&ThemeTokens::accent);
  if (m_job->fullText() != title) m_job->setFullText(title);
  if (m_step->fullText() != step) m_step->setFullText(step);
  m_left->setText(timeLeft);
  m_line1->setVisible(!step.isEmpty());
  m_step->setVisible(!step.isEmpty());
  m_line2->setVisible(!timeLeft.isEmpty());
  m_left->setVisible(!timeLeft.isEmpty());
  setAccessibleDescription(QStringLiteral("%1, %2, %3").arg(title, step, timeLeft));
  setCursor(Qt::PointingHandCursor);
}
void StatusBar::setMachine(const QString& device, const QString& memory) {
  if (m_device->text() != device) m_device->setText(device);
  if (m_memory->text() != memory) m_memory->setText(memory);
}
QString StatusBar::jobText() const { return m_job->fullText(); }

void StatusBar::mouseReleaseEvent(QMouseEvent* event) {
  if (m_busy && event->button() == Qt::LeftButton) emit jobClicked();
}

}  // namespace scalewright::ui
