#include "ui/widgets/page_stack.h"

#include <QApplication>
#include <QVBoxLayout>

namespace scalewright::ui {
namespace {

// What the Tab key would reach first within `page`; null: nothing.
QWidget* firstStop(QWidget* page) {
  for (QWidget* next = page->nextInFocusChain(); next && next != page; next = next->nextInFocusChain())
    if (page->isAncestorOf(next) && (next->focusPolicy() & Qt::TabFocus) && next->isEnabled() && next->isVisibleTo(page)) return next;
  return nullptr;
}

}  // namespace

PageStack::PageStack(QWidget* parent) : QWidget(parent), m_layout(new QVBoxLayout) {
  setObjectName(QStringLiteral("clear"));
  m_layout->setContentsMargins(0, 0, 0, 0);
  setLayout(m_layout);
}

int PageStack::addWidget(QWidget* page) {
  const int index = int(m_pages.size());
  page->setVisible(false);
  m_layout->addWidget(page, 1);
  m_pages << page;
  if (index == 0) setCurrentIndex(0);
  return index;
}

void PageStack::setCurrentIndex(int index) {
  if (index == m_current || index < 0 || index >= m_pages.size()) return;
  QWidget *before = currentWidget(), *next = m_pages[index];
  QWidget* focus = QApplication::focusWidget();
  const bool within = before && focus && (focus == before || before->isAncestorOf(focus));
  m_current = index;
  if (before) before->hide();
  next->show();
  if (!within) return;
  if (QWidget* stop = next->focusWidget() ? next->focusWidget() : firstStop(next)) stop->setFocus(Qt::OtherFocusReason);
}

}  // namespace scalewright::ui
