#include "ui/pages/first_start.h"

#include <QPainter>
#include <array>

#include "ui/widgets/button.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/flow_layout.h"
#include "ui/widgets/labels.h"

namespace scalewright::ui {

ScalesPicture::ScalesPicture(QWidget* parent) : QWidget(parent) {
  setScaledWidth(this, 430);
  setScaledHeight(this, 118);
}

void ScalesPicture::paintEvent(QPaintEvent*) {
  // How many of five codes each column shows, and how far each group's scale stands from its rest.
  static constexpr std::array<int, 26> heights{4, 3, 5, 3, 2, 4, 1, 3, 4, 2, 4, 5, 3, 5, 1, 4, 2, 4, 3, 3, 2, 2, 2, 5, 2, 1};
  static constexpr std::array<int, 7> moves{10, -6, -6, 10, 4, -6, 10};
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const double k = theme().u(), cell = width() / double(heights.size());
  painter.setPen(Qt::NoPen);
  for (size_t i = 0; i < heights.size(); ++i)
    for (int row = 0; row < 5; ++row) {
      painter.setBrush(color(row >= heights[i] ? &ThemeTokens::press : &ThemeTokens::memoryWeights));
      painter.drawRoundedRect(QRectF(double(i) * cell + 1, (58 + row * 12) * k, cell - 3 * k, 9 * k), 2, 2);
    }
  for (size_t group = 0; group < moves.size(); ++group) {
    const double left = double(group * 4) * cell, columns = double(std::min<size_t>(4, heights.size() - group * 4));
    painter.setPen(QPen(color(&ThemeTokens::border), 1));
    painter.drawLine(QPointF(left + 1, 30 * k), QPointF(left + columns * cell - 3, 30 * k));
    painter.setPen(QPen(color(&ThemeTokens::accent), 3 * k, Qt::SolidLine, Qt::RoundCap));
    const double y = (30 + moves[group]) * k;
    painter.drawLine(QPointF(left + 3, y), QPointF(left + columns * cell - 5, y));
  }
}

FirstStart::FirstStart(QWidget* parent) : QWidget(parent) {
  auto* open = new Button(Button::Default, tr("Open model…"), QStringLiteral("folder"));
  open->setHint(tr("Choose a GGUF file or a model folder on this machine"));
  auto* scan = new Button(Button::Default, tr("Scan folder…"), QStringLiteral("search"));
  scan->setHint(tr("Finds every model below a folder"));
  m_sample = new Button(Button::Primary, tr("Try it on the sample"), QStringLiteral("play"));
  m_sample->setHint(tr("Opens a small model and 200 sample requests, ready to tune"));
  connect(open, &Button::clicked, this, &FirstStart::openClicked);
  connect(scan, &Button::clicked, this, &FirstStart::scanClicked);
  connect(m_sample, &Button::clicked, this, &FirstStart::sampleClicked);

  auto words = [](const QString& text, FontRole role, Ink ink) {
    auto* result = label(text, role, ink, true);
    result->setAlignment(Qt::AlignHCenter);
    return result;
  };
  auto step = [](const QString& number, const QString& title, const QString& line) {
    return wrap(hbox({new Chip(number, Tone::Accent), vbox({label(title, FontRole::Strong), label(line, FontRole::Help, Ink::Text3)}, 1)}, 10));
  };
  setLayout(vbox({fill(), flow({new ScalesPicture}, 0, Qt::AlignHCenter), gap(16), words(tr("Bring the model you already run"), FontRole::Display, Ink::Text),
                  words(tr("Leave with a file of the same size that is better at your task."), FontRole::Body, Ink::Text2), gap(12),
                  flow({scan, open, m_sample}, 10, Qt::AlignHCenter), gap(4),
                  words(tr("or drop a GGUF file or a model folder anywhere in this window"), FontRole::Help, Ink::Text3), gap(20),
                  flow({step(QStringLiteral("1"), tr("Quantize"), tr("or open a file that already is")),
                        step(QStringLiteral("2"), tr("Fine-tune"), tr("on sample requests, a few minutes")),
                        step(QStringLiteral("3"), tr("Compare and export"), tr("the same size, checked"))}, 26, Qt::AlignHCenter),
                  fill()}, 6, {24, 24, 24, 24}));
  setAccessibleName(tr("First start"));
}

void FirstStart::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  QPen pen(color(&ThemeTokens::control), 1.4);
  pen.setDashPattern({5, 4});
  painter.setPen(pen);
  painter.setBrush(color(&ThemeTokens::card));
  painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), px(12), px(12));
}

}  // namespace scalewright::ui
