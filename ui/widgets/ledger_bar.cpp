#include "ui/widgets/ledger_bar.h"

#include <QHelpEvent>
#include <QPainter>
#include <QPainterPath>
#include <QResizeEvent>
#include <algorithm>
#include <numeric>

#include "ui/settings/format.h"
#include "ui/widgets/theme.h"
#include "ui/widgets/tooltips.h"

namespace scalewright::ui {
namespace {

constexpr int kHeight = 178, kWordsHeight = 44;  // look pixels; of the whole, and of a row of words

}  // namespace

LedgerBar::LedgerBar(QWidget* parent) : QWidget(parent) {
  setScaledHeight(this, kHeight);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  setAccessibleName(tr("Memory ledger"));
  connect(&theme(), &Theme::changed, this, &LedgerBar::fitHeight);
}

void LedgerBar::setLedger(const LedgerView& ledger) {
  m_machine = ledger.memory;
  m_others = std::min(ledger.others, m_machine);
  m_where = ledger.where;
  m_parts = ledger.parts;
  QStringList words;
  for (const LedgerPart& part : m_parts) words << QStringLiteral("%1 %2").arg(part.name, bytesText(part.bytes));
  setAccessibleDescription(tr("This run %1 of %2: %3").arg(bytesText(total()), bytesText(m_machine), words.join(QStringLiteral(", "))));
  fitHeight();
  update();
}
quint64 LedgerBar::total() const {
  quint64 sum = 0;
  for (const LedgerPart& part : m_parts) sum += part.bytes;
  return sum;
}
QSize LedgerBar::sizeHint() const { return {px(640), minimumHeight()}; }
QSize LedgerBar::minimumSizeHint() const { return {px(320), minimumHeight()}; }

QList<double> LedgerBar::wordWidths() const {
  const QFontMetricsF label(theme().font(FontRole::Help)), mono(theme().font(FontRole::Mono));
  QList<double> widths;
  for (const LedgerPart& part : m_parts) widths << px(16) + std::max(label.horizontalAdvance(part.name), mono.horizontalAdvance(bytesText(part.bytes))) + 2;
  return widths;
}
bool LedgerBar::oneRow() const {
  const QList<double> widths = wordWidths();
  return std::accumulate(widths.begin(), widths.end(), 0.0) <= width();
}
void LedgerBar::fitHeight() { setScaledHeight(this, oneRow() ? kHeight : kHeight + kWordsHeight); }
void LedgerBar::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  if (event->size().width() != event->oldSize().width()) fitHeight();
}

void LedgerBar::paintEvent(QPaintEvent*) {
  if (m_machine == 0 || m_parts.isEmpty()) return;
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const ThemeTokens& t = theme().tokens();
  const double W = width();
  const quint64 run = total();
  const bool over = m_others + run > m_machine;
  const double span = over ? double(m_others + run) * 1.02 : double(m_machine);
  auto X = [&](double bytes) { return bytes / span * W; };
  const QFont label = theme().font(FontRole::Help), strong = theme().font(FontRole::HelpStrong), mono = theme().font(FontRole::Mono);

  // The machine.
  const double top = px(24), height = px(26), machineEnd = X(m_machine);
  QPainterPath machine;
  machine.addRoundedRect(QRectF(0, top, machineEnd, height), px(6), px(6));
  painter.fillPath(machine, t.sunken);
  painter.save();
  painter.setClipPath(machine);
  painter.fillRect(QRectF(0, top, X(m_others), height), t.press);
  painter.restore();
  const double x0 = X(m_others), x1 = std::max(X(m_others + run), x0 + px(6));
  painter.setPen(Qt::NoPen);
  if (over) {
    painter.fillRect(QRectF(x0, top, machineEnd - x0, height), t.accent);
    const QRectF excess(machineEnd, top, x1 - machineEnd, height);
    painter.fillRect(excess, t.dangerSoft);
    painter.fillRect(excess, QBrush(t.danger, Qt::BDiagPattern));
    painter.setPen(QPen(t.danger, 1));
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(QRectF(x0, top - 1, x1 - x0, height + 2));
  } else {
    painter.setBrush(t.accent);
    painter.drawRoundedRect(QRectF(x0, top - px(2), x1 - x0, height + px(4)), px(3), px(3));
  }
  painter.setBrush(Qt::NoBrush);
  painter.setPen(QPen(t.control, 1));
  painter.drawRoundedRect(QRectF(0.5, top + 0.5, machineEnd - 1, height - 1), px(6), px(6));
  if (over) {
    painter.setPen(QPen(t.danger, 2));
    painter.drawLine(QPointF(machineEnd, top - px(8)), QPointF(machineEnd, top + height + px(6)));
  }

  // Words above it; a word without room is left out, the tooltip has them all.
  const QFontMetrics lm(label), bm(strong);
  const QString others = tr("In use by others  %1").arg(bytesText(m_others));
  const double line = px(18);
  double taken = 0;
  if (over) {
    const QString ends = (m_where.isEmpty() ? tr("Machine ends here  %1") : tr("The card ends here  %1")).arg(bytesText(m_machine));
    const QString more = QStringLiteral("+%1").arg(bytesText(m_others + run - m_machine));
    painter.setFont(strong);
    painter.setPen(t.danger);
    painter.drawText(QRectF(0, 0, machineEnd - px(6), line), Qt::AlignRight, ends);
    painter.drawText(QRectF(machineEnd + px(6), 0, W - machineEnd, line), Qt::AlignLeft, more);
    taken = machineEnd - px(12) - bm.horizontalAdvance(ends);
  } else {
    const QString mine = tr("This run  %1").arg(bytesText(run));
    const QString free = tr("Stays free  %1  of %2").arg(bytesText(m_machine - m_others - run), bytesText(m_machine));
    const double mineWidth = bm.horizontalAdvance(mine), freeWidth = lm.horizontalAdvance(free);
    const double mineLeft = std::clamp(x0, 0.0, std::max(0.0, W - mineWidth));
    painter.setFont(strong);
    painter.setPen(t.accentText);
    painter.drawText(QRectF(mineLeft, px(2), mineWidth + 2, line), Qt::AlignLeft, mine);
    painter.setFont(label);
    painter.setPen(t.text2);
    if (mineLeft + mineWidth + px(12) < W - freeWidth) painter.drawText(QRectF(0, px(2), W, line), Qt::AlignRight, free);
    taken = mineLeft;
  }
  painter.setFont(label);
  painter.setPen(t.text2);
  if (lm.horizontalAdvance(others) + px(12) < taken) painter.drawText(QRectF(0, px(2), taken, line), Qt::AlignLeft, others);

  // The flare, and the parts below.
  const double y0 = top + height + px(2), y1 = px(82);
  const QPolygonF flare{{x0, y0}, {x1, y0}, {W, y1}, {0, y1}};
  painter.setPen(Qt::NoPen);
  painter.setBrush(over ? t.dangerSoft : t.accentSoft);
  painter.drawPolygon(flare);
  painter.setPen(QPen(over ? t.dangerLine : t.accentLine, 1));
  painter.drawLine(flare[0], flare[3]);
  painter.drawLine(flare[1], flare[2]);
  double x = 0;
  painter.setPen(Qt::NoPen);
  for (const LedgerPart& part : m_parts) {
    const double w = run ? double(part.bytes) / double(run) * W : 0;
    painter.setBrush(color(part.token));
    painter.drawRoundedRect(QRectF(x, y1, std::max(w - px(2), 1.0), px(40)), px(3), px(3));
    x += w;
  }
  // Columns as wide as their words where all fit, else even ones in two rows.
  const QList<double> widths = wordWidths();
  const double sum = std::accumulate(widths.begin(), widths.end(), 0.0);
  const bool one = sum <= W;
  const int columns = one ? int(m_parts.size()) : int(m_parts.size() + 1) / 2;
  const double spare = m_parts.size() > 1 ? (W - sum) / double(m_parts.size() - 1) : 0;
  double next = 0;
  for (int i = 0; i < m_parts.size(); ++i) {
    const double cell = one ? widths[i] + px(6) : W / double(columns), down = (i / columns) * px(kWordsHeight);
    const double left = one ? next : (i % columns) * cell;
    next += widths[i] + std::min<double>(spare, px(44));
    painter.setPen(Qt::NoPen);
    painter.setBrush(color(m_parts[i].token));
    painter.drawRoundedRect(QRectF(left, px(137) + down, px(10), px(10)), px(3), px(3));
    painter.setFont(label);
    painter.setPen(t.text2);
    painter.drawText(QRectF(left + px(16), px(132) + down, cell - px(18), px(20)), Qt::AlignVCenter, lm.elidedText(m_parts[i].name, Qt::ElideRight, int(cell - px(20))));
    painter.setFont(mono);
    painter.setPen(t.text);
    painter.drawText(QRectF(left + px(16), px(152) + down, cell - px(18), px(20)), Qt::AlignVCenter, bytesText(m_parts[i].bytes));
  }
}

bool LedgerBar::event(QEvent* event) {
  if (event->type() == QEvent::ToolTip && !m_parts.isEmpty()) {
    QStringList lines;
    for (const LedgerPart& part : m_parts) lines << QStringLiteral("%1: %2").arg(part.name, bytesText(part.bytes));
    lines << tr("This run  %1").arg(bytesText(total())) << tr("In use by others  %1").arg(bytesText(m_others)) << (m_where.isEmpty() ? tr("This machine  %1").arg(bytesText(m_machine)) : QStringLiteral("%1  %2").arg(m_where, bytesText(m_machine)));
    showTip(static_cast<QHelpEvent*>(event)->globalPos(), lines.join(QLatin1Char('\n')), this);
    return true;
  }
  return QWidget::event(event);
}

}  // namespace scalewright::ui
