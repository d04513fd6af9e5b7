#pragma once
// A choice that needs a sentence: radio, title, line, chip; several in one QButtonGroup or OptionGroup.

#include <QAbstractButton>

#include "ui/widgets/theme.h"

class QVBoxLayout;

namespace scalewright::ui {

class OptionCard : public QAbstractButton {
  Q_OBJECT
 public:
  OptionCard(const QString& title, const QString& line, QWidget* parent = nullptr);
  void setLine(const QString& line);
  QString line() const { return m_line; }
  void setChip(const QString& text, Tone tone);  // after the title, or at the right edge; beside the big number where the title leaves no room
  void setChipAtRight(bool right);
  void setRoomForLine(bool on);  // its sentence comes later and changes: as high as with one line until then
  void setOpensList(bool on);    // a mark at the right: a press offers more
  void setMetric(const QString& number, const QString& unit, const QString& below);  // preset cards: a big number
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;
  bool hasHeightForWidth() const override { return true; }
  int heightForWidth(int width) const override;

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void enterEvent(QEnterEvent* event) override { QAbstractButton::enterEvent(event); update(); }
  void leaveEvent(QEvent* event) override { QAbstractButton::leaveEvent(event); update(); }

 private:
  int textLeft() const;
  int belowHeight(int width) const;
  int padding() const;  // above and below
  QString m_line, m_chip, m_metric, m_unit, m_below;
  Tone m_tone = Tone::Neutral;
  bool m_chipRight = false, m_roomForLine = false, m_opensList = false;
};

// Paints a radio mark of 16 look pixels.
void paintRadio(QPainter* painter, const QRectF& rect, bool on, bool enabled);

}  // namespace scalewright::ui
