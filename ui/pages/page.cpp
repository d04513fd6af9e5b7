#include "ui/pages/page.h"

#include <QDir>
#include <QFileInfo>
#include <QMessageBox>
#include <QPushButton>
#include <QScrollArea>
#include <QScrollBar>
#include <QTimer>
#include <QVBoxLayout>
#include <algorithm>

#include "ui/widgets/banner.h"
#include "ui/widgets/layout.h"
#include "ui/widgets/page_header.h"
#include "ui/widgets/theme.h"

namespace scalewright::ui {
namespace {

// The body asks its scroll area for no more than it needs at least at its present width: what can shrink (charts, tables)
// shrinks before anything scrolls.
class BodyLayout : public QVBoxLayout {
 public:
  bool hasHeightForWidth() const override { return m_asking && QVBoxLayout::hasHeightForWidth(); }
  QSize minimumSize() const override {
    const QSize least = QVBoxLayout::minimumSize();
    if (!parentWidget() || !QVBoxLayout::hasHeightForWidth()) return least;
    m_asking = true;
    const int height = QVBoxLayout::minimumHeightForWidth(std::max(parentWidget()->width(), least.width()));
    m_asking = false;
    return {least.width(), height};
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
  auto* scroll = m_scroll = new QScrollArea;
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

void Page::scrollToTop() { m_scroll->verticalScrollBar()->setValue(0); }
void Page::scrollTo(QWidget* widget) {
  // Words that came below a field have their place only after the layout.
  QTimer::singleShot(0, widget, [this, widget] {
    m_scroll->widget()->layout()->activate();
    m_scroll->ensureWidgetVisible(widget, 0, px(12));
  });
}

void Page::showError(const QString& title, const QString& text) {
  m_banner->show(Tone::Danger, title, text);
  m_banner->setFocus(Qt::OtherFocusReason);
}
bool Page::mayReplace(QStringList paths, const QString& agreed) {
  paths.removeIf([&agreed](const QString& path) {
    const QFileInfo info(path);
    if (!info.exists() || (info.isDir() && QDir(path).isEmpty())) return true;
    return !agreed.isEmpty() && info.absoluteFilePath() == QFileInfo(agreed).absoluteFilePath();
  });
  if (paths.isEmpty()) return true;
  QStringList names;
  for (const QString& path : paths) names << QFileInfo(path).fileName();
  const QString there = names.size() == 1 ? tr("%1 is there already.").arg(names[0]) : tr("%1 are there already.").arg(QLocale().createSeparatedList(names));
  QMessageBox ask(QMessageBox::Warning, tr("Replace it?"), there, QMessageBox::NoButton, this);
  ask.setInformativeText(QFileInfo(paths[0]).isDir() ? tr("Its files are deleted, and those of the new model take their place. That cannot be undone.") : tr("What it holds now is lost. That cannot be undone."));
  QPushButton* replace = ask.addButton(tr("Replace"), QMessageBox::DestructiveRole);
  QPushButton* keep = ask.addButton(tr("Keep it"), QMessageBox::RejectRole);
  ask.setDefaultButton(keep);
  ask.setEscapeButton(keep);
  ask.exec();
  return ask.clickedButton() == replace;
}

bool Page::belongsTo(const QString& path, const QString& model) {
  if (model.isEmpty()) return false;
  const QFileInfo target(path), owner(model);
  if (target.absoluteFilePath() == owner.absoluteFilePath()) return true;
  const QString file = target.canonicalFilePath(), whole = owner.canonicalFilePath();
  if (file.isEmpty() || whole.isEmpty()) return false;
  return file == whole || (owner.isDir() && target.isFile() && file.startsWith(whole + QLatin1Char('/')));
}

void Page::send(Place to, const QString& what, const QVariantMap& values) { emit message(PageMessage{to, what, values}); }

}  // namespace scalewright::ui
