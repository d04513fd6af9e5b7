#pragma once
// A state in one or two words; never clickable.

#include <QWidget>

#include "ui/widgets/theme.h"

namespace scalewright::ui {

class Chip : public QWidget {
  Q_OBJECT
 public:
  explicit Chip(const QString& text = {}, Tone tone = Tone::Neutral, QWidget* parent = nullptr);
  void setState(const QString& text, Tone tone);
  QString text() const { return m_text; }
  Tone tone() const { return m_tone; }
  void setOnSelection(bool on);  // on accent_soft ground the chip takes the card's colour
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return sizeHint(); }

  static QSizeF sizeFor(const QString& text);
  // Paints a chip with its left edge at `left`, centred on `middle`; used by table cells too. Returns its rectangle.
  static QRectF paint(QPainter* painter, QPointF leftMiddle, const QString& text, Tone tone, bool onSelection);

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  QString m_text;
  Tone m_tone;
  bool m_onSelection = false;
};

}  // namespace scalewright::ui
