#include "ui/widgets/tooltips.h"

#include <QAbstractItemView>
#include <QHelpEvent>
#include <QTextLayout>
#include <QToolTip>

#include "ui/widgets/combo.h"

namespace scalewright::ui {
namespace {

constexpr int kLetters = 64, kMostLines = 24;

// The lines of one paragraph.
QStringList linesOf(const QString& paragraph, const QFont& font, double width) {
  QTextLayout layout(paragraph, font);
  QTextOption option;
  option.setWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
  layout.setTextOption(option);
  layout.beginLayout();
  QStringList lines;
  for (QTextLine line = layout.createLine(); line.isValid(); line = layout.createLine()) {
    line.setLineWidth(width);
    lines << paragraph.mid(line.textStart(), line.textLength()).trimmed();
  }
  layout.endLayout();
  return lines.isEmpty() ? QStringList{QString()} : lines;
}

}  // namespace

QString wrappedTip(const QString& text) {
  const QFont font = QToolTip::font();
  const double width = QFontMetricsF(font).averageCharWidth() * kLetters;
  QStringList lines;
  for (const QString& paragraph : text.split(QLatin1Char('\n'))) {
    lines << linesOf(paragraph, font, width);
    if (lines.size() <= kMostLines) continue;
    lines.resize(kMostLines);
    lines << QStringLiteral("…");
    break;
  }
  const QString wrapped = lines.join(QLatin1Char('\n'));
  return Qt::mightBeRichText(wrapped) ? Qt::convertFromPlainText(wrapped) : wrapped;  // what a model or a file says is no markup
}

void showTip(const QPoint& global, const QString& text, QWidget* on) { QToolTip::showText(global, wrappedTip(text), on); }

bool showWrapped(QObject* watched, QEvent* event) {
  auto* widget = event->type() == QEvent::ToolTip ? qobject_cast<QWidget*>(watched) : nullptr;
  if (!widget || qobject_cast<Combo*>(widget)) return false;
  const auto* help = static_cast<QHelpEvent*>(event);
  QString text = widget->toolTip();
  if (const auto* view = qobject_cast<QAbstractItemView*>(widget->parentWidget()); view && view->viewport() == widget) {
    const QModelIndex index = view->indexAt(help->pos());
    if (index.isValid()) text = index.data(Qt::ToolTipRole).toString();
  }
  if (text.isEmpty()) return false;  // another may have one: Qt asks the widgets around
  showTip(help->globalPos(), text, widget);
  return true;
}

}  // namespace scalewright::ui
