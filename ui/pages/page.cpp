#include "ui/pages/page.h"

#include <QScrollArea>
#include <QVBoxLayout>
#include <algorithm>

#include "ui/widgets/banner.h"
#include "ui/widgets/layout.h"
#include "ui/widgets/page_header.h"

namespace scalewright::ui {
namespace {

// The body asks its scroll area for no more than it needs at least at its present width: what can shrink (charts, tables)
// shrinks before anything scrolls.
class BodyLayout : public QVBoxLayout {
 public:
  bool hasHeightForWidth() const override { return m_asking && QVBoxLayout::hasHeightForWidth(); }
  QSize minimumSize() const override {
    const QSize least = QVBoxLayout::minimumSize();
    if (!parentWidget()) return least;
    m_asking = true;
    const int height = QVBoxLayout::minimumHeightForWidth(std::max(parentWidget()->width(), least.width()));
    m_asking = false;
    return {least.width(), std::max(least.height(), height)};
  }

 private:
  mutable bool m_asking = false;
};

}  // namespace

Page::Page(AppContext& app, Place place, const QString& title, const QString& purpose, QWidget* parent)
    : QWidget(parent), m_app(app), m_place(place), m_header(new PageHeader), m_banner(new Banner), m_body(new BodyLayout) {
  setObjectName(QStringLiteral("page"));
  setAttribute(Qt::WA_StyledBackground);
  m_header->setTitle(title);
  m_header->setPurpose(purpose);
  setAccessibleName(title);
  setAccessibleDescription(purpose);
  setScaledSpacing(m_body, 12);
  setScaledMargins(m_body, 24, 0, 24, 18);
  auto* inner = wrap(m_body);
  inner->setObjectName(QStringLiteral("scrollBody"));
  // Where a window is too small even for panes below each other, the body scrolls and the header stays.
  auto* scroll = new QScrollArea;
  scroll->setWidgetResizable(true);
  scroll->setFrameShape(QFrame::NoFrame);
  scroll->setFocusPolicy(Qt::NoFocus);
  scroll->setWidget(inner);
  scroll->viewport()->setAutoFillBackground(false);
  inner->setAutoFillBackground(false);
  auto* head = vbox({m_header, m_banner}, 14, {24, 18, 24, 0});
  setLayout(vbox({head, grow(scroll)}, 14));
}
QString Page::title() const { return m_header->title(); }

void Page::showError(const QString& title, const QString& text) {
  m_banner->show(Tone::Danger, title, text);
  m_banner->setFocus(Qt::OtherFocusReason);
}
void Page::send(Place to, const QString& what, const QVariantMap& values) { emit message(PageMessage{to, what, values}); }

}  // namespace scalewright::ui
