#include "ui/pages/make_it_fit.h"

#include <QButtonGroup>
#include <QPainter>

#include "ui/settings/format.h"
#include "ui/widgets/button.h"
#include "ui/widgets/icons.h"
#include "ui/widgets/option_card.h"

namespace scalewright::ui {
namespace {

// One way as a row: radio, words and what they mean, bytes, and whether it fits.
class Way : public QAbstractButton {
 public:
  Way(const QString& words, const QString& meaning, quint64 bytes, bool fits) : m_meaning(meaning), m_needs(MakeItFit::tr("needs %1").arg(bytesText(bytes))), m_fits(fits) {
    setText(words);
    setCheckable(true);
    setAutoExclusive(true);
    setFocusPolicy(Qt::StrongFocus);
    setAttribute(Qt::WA_Hover);
    setToolTip(meaning);
    setAccessibleName(QStringLiteral("%1: %2, %3").arg(words, m_needs, verdict()));
    setAccessibleDescription(meaning);
    setScaledHeight(this, 47);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  }
  QSize sizeHint() const override { return {px(420), px(47)}; }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const ThemeTokens& t = theme().tokens();
    if (underMouse()) painter.fillRect(rect(), t.hover);
    painter.setPen(QPen(t.border, 1));
    painter.drawLine(QPointF(0, 0.5), QPointF(width(), 0.5));
    paintRadio(&painter, QRectF(px(16), (height() - px(16)) / 2.0, px(16), px(16)), isChecked(), isEnabled());
    const QFont strong = theme().font(FontRole::Strong), help = theme().font(FontRole::Help), mono = theme().font(FontRole::Mono);
    const double left = px(40), right = width() - px(16);
    const double wordsWidth = QFontMetricsF(help).horizontalAdvance(verdict()), iconAt = right - wordsWidth - px(20);
    painter.setFont(help);
    painter.setPen(m_fits ? t.ok : t.danger);
    painter.drawText(QRectF(right - wordsWidth, 0, wordsWidth + 2, height()), Qt::AlignVCenter, verdict());
    painter.drawPixmap(QPointF(iconAt, (height() - px(14)) / 2.0), iconPixmap(m_fits ? QStringLiteral("check") : QStringLiteral("close"), m_fits ? t.ok : t.danger, px(14), devicePixelRatioF()));
    painter.setFont(mono);
    painter.setPen(t.text);
    const double needs = QFontMetricsF(mono).horizontalAdvance(m_needs);
    painter.drawText(QRectF(iconAt - px(10) - needs, 0, needs + 2, height()), Qt::AlignVCenter, m_needs);
    const double room = iconAt - px(22) - needs - left;
    painter.setFont(strong);
    painter.drawText(QRectF(left, px(6), room, px(18)), Qt::AlignVCenter, QFontMetrics(strong).elidedText(text(), Qt::ElideRight, int(room)));
    painter.setFont(help);
    painter.setPen(t.text3);
    painter.drawText(QRectF(left, px(24), room, px(17)), Qt::AlignVCenter, QFontMetrics(help).elidedText(m_meaning, Qt::ElideRight, int(room)));
  }

 private:
  QString verdict() const { return m_fits ? MakeItFit::tr("fits") : MakeItFit::tr("too big"); }
  QString m_meaning, m_needs;
  bool m_fits;
};

QString wordsOf(const MemoryRemedy& way, const TuneRecipe& now) {
  if (way.granularity != now.granularity && (way.context != now.context || way.batch != now.batch))
    return MakeItFit::tr("Row multipliers, batch %1, context %2").arg(way.batch).arg(countText(way.context));
  if (way.granularity != now.granularity) return MakeItFit::tr("Tune row multipliers instead of groups");
  if (way.context != now.context) return MakeItFit::tr("Use a context of %1").arg(countText(way.context));
  if (way.batch != now.batch) return MakeItFit::tr("Batch %1, accumulate %2").arg(way.batch).arg(way.accumulate);
  return MakeItFit::tr("No prompt of your own");
}

QString meaningOf(const MemoryRemedy& way, const TuneRecipe& now, qint64 longestRow) {
  if (way.granularity != now.granularity) return MakeItFit::tr("One factor for each output row; the pack shrinks too");
  if (way.context != now.context)
    return longestRow <= 0 ? MakeItFit::tr("Longer rows are cut") : longestRow <= way.context ? MakeItFit::tr("The longest row has %1 tokens: nothing would be cut").arg(countText(longestRow))
                                                                                           : MakeItFit::tr("The longest row has %1 tokens: longer ones would be cut").arg(countText(longestRow));
  if (way.batch != now.batch) return MakeItFit::tr("The same step, computed in parts: slower, nothing lost");
  return MakeItFit::tr("Progress is plotted, but not answered at each validation");
}

}  // namespace

MakeItFit::MakeItFit(QWidget* parent) : Card(tr("Make it fit"), {}, parent), m_group(new QButtonGroup(this)) {
  m_apply = new Button(Button::Primary, tr("&Apply"));
  m_apply->setHint(tr("Takes the chosen way into the recipe and plans again"));
  addTool(m_apply);
  setBodyMargins(0, 6, 0, 0);
  setScaledSpacing(body(), 0);
  connect(m_group, &QButtonGroup::idToggled, this, [this](int id, bool on) {
    if (on && id >= 0 && size_t(id) < m_ways.size()) m_apply->setRefusal(m_ways[size_t(id)].fits ? QString() : tr("This way alone is not enough"));
  });
  connect(m_apply, &QPushButton::clicked, this, [this] {
    const int id = m_group->checkedId();
    if (id >= 0 && size_t(id) < m_ways.size()) emit applied(m_ways[size_t(id)]);
  });
}

void MakeItFit::setWays(const std::vector<MemoryRemedy>& ways, const TuneRecipe& now, qint64 longestRow) {
  for (QAbstractButton* button : m_group->buttons()) m_group->removeButton(button);
  clearLayout(body());
  m_ways = ways;
  // Of contexts only the largest that fits is worth a line; what does not fit stays to be seen.
  std::erase_if(m_ways, [&](const MemoryRemedy& way) { return !way.fits && way.context < now.context && way.granularity == now.granularity; });
  int first = -1;
  for (size_t i = 0; i < m_ways.size(); ++i) {
    auto* row = new Way(wordsOf(m_ways[i], now), meaningOf(m_ways[i], now, longestRow), m_ways[i].bytes, m_ways[i].fits);
    m_group->addButton(row, int(i));
    body()->addWidget(row);
    if (first < 0 && m_ways[i].fits) first = int(i);
  }
  m_apply->setRefusal(first < 0 ? tr("None of these is enough: take a smaller model, or close programs that hold memory") : QString());
  if (first >= 0) m_group->button(first)->setChecked(true);
}

}  // namespace scalewright::ui
