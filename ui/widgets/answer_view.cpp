#include "ui/widgets/answer_view.h"

#include <QAbstractTextDocumentLayout>
#include <QClipboard>
#include <QGuiApplication>
#include <QJsonDocument>
#include <QScrollBar>
#include <QTextBlock>
#include <QTextFrame>
#include <QWheelEvent>

#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/layout.h"

namespace scalewright::ui {
namespace {

// A line of an answer ends where the model ended it; Markdown would join it with the next.
QString withLineBreaks(const QString& text) {
  QStringList lines = text.split('\n');
  bool fenced = false;
  for (int i = 0; i + 1 < lines.size(); ++i) {
    const QString line = lines[i].trimmed();
    if (line.startsWith(QLatin1String("```")) || line.startsWith(QLatin1String("~~~"))) fenced = !fenced;
    else if (!fenced && !line.isEmpty() && !line.startsWith('|') && !lines[i + 1].trimmed().isEmpty()) lines[i] += QStringLiteral("  ");
  }
  return lines.join('\n');
}

}  // namespace

FlowText::FlowText(QWidget* parent) : QTextBrowser(parent) {
  setFrameShape(QFrame::NoFrame);
  setOpenLinks(false);
  setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  viewport()->setAutoFillBackground(false);
  document()->setDocumentMargin(0);
  setFontRole(this, FontRole::Body);
  connect(&theme(), &Theme::changed, this, [this] { setAnswer(m_text, m_streaming); });
}

void FlowText::setAnswer(const QString& text, bool streaming) {
  m_text = text;
  m_streaming = streaming;
  const QString trimmed = text.trimmed();
  const bool json = trimmed.startsWith('{') || trimmed.startsWith('[');
  m_mono = json;
  setStyleProperty(this, "sunken", json);
  document()->setDocumentMargin(json ? px(10) : 0);
  if (json) {
    setFontRole(this, FontRole::Mono);
    setPlainText(streaming ? text + QStringLiteral("\u258D") : trimmed);
  } else {
    setFontRole(this, FontRole::Body);
    // HTML in an answer is text, not markup.
    document()->setMarkdown(withLineBreaks(streaming ? text + QStringLiteral("\u258D") : text),
                            QTextDocument::MarkdownFeatures(QTextDocument::MarkdownDialectGitHub | QTextDocument::MarkdownNoHTML));
    restyle();
  }
  fit();
}

// Code gets the mono font on the sunken ground.
void FlowText::restyle() {
  for (QTextBlock block = document()->begin(); block.isValid(); block = block.next()) {
    const bool code = block.blockFormat().hasProperty(QTextFormat::BlockCodeFence) || block.blockFormat().hasProperty(QTextFormat::BlockCodeLanguage);
    QTextCursor cursor(block);
    if (code) {
      QTextBlockFormat format = block.blockFormat();
      format.setBackground(color(&ThemeTokens::sunken));
      cursor.setBlockFormat(format);
      cursor.select(QTextCursor::BlockUnderCursor);
      QTextCharFormat mono;
      mono.setFont(theme().font(FontRole::Mono));
      cursor.mergeCharFormat(mono);
    }
  }
}

// Being polished by the style sheet gives the widget its font anew, and the document with it.
void FlowText::changeEvent(QEvent* event) {
  QTextBrowser::changeEvent(event);
  if (event->type() != QEvent::FontChange && event->type() != QEvent::StyleChange) return;
  const QFont font = theme().font(m_mono ? FontRole::Mono : FontRole::Body);
  if (document()->defaultFont() != font) {
    document()->setDefaultFont(font);
    fit();
  }
}

void FlowText::fit() {
  document()->setTextWidth(viewport()->width());
  const int height = static_cast<int>(std::ceil(document()->documentLayout()->documentSize().height())) + 2;
  if (height != this->height()) setFixedHeight(height);
}

QSize FlowText::sizeHint() const { return {px(240), height()}; }
QSize FlowText::minimumSizeHint() const { return {px(80), height()}; }

void FlowText::resizeEvent(QResizeEvent* event) {
  QTextBrowser::resizeEvent(event);
  fit();
}

void FlowText::wheelEvent(QWheelEvent* event) { event->ignore(); }

QVariant FlowText::loadResource(int, const QUrl&) { return {}; }

AnswerView::AnswerView(const QString& whose, QWidget* parent) : QWidget(parent) {
  m_view = new FlowText;
  m_view->setAccessibleName(tr("Answer of %1").arg(whose));
  m_facts = label({}, FontRole::Help, Ink::Text2, true);
  m_copy = new Button(Button::Icon, tr("Copy"), QStringLiteral("copy"));
  m_again = new Button(Button::Icon, tr("Answer again"), QStringLiteral("refresh"));
  m_copy->setAccessibleName(tr("Copy the answer of %1").arg(whose));
  m_again->setAccessibleName(tr("Let %1 answer again").arg(whose));
  m_copy->hide();
  m_again->hide();
  auto* column = vbox({m_view, hbox({grow(m_facts), m_copy, m_again}, 4), fill()}, 6);
  column->setContentsMargins(0, 0, 0, 0);
  setLayout(column);
  begin();
  connect(m_copy, &QPushButton::clicked, this, [this] { QGuiApplication::clipboard()->setText(m_text); });
  connect(m_again, &QPushButton::clicked, this, &AnswerView::regenerateClicked);
}

void AnswerView::show() {
  const int height = m_view->height();
  m_view->setAnswer(m_text, m_streaming);
  m_copy->setVisible(!m_streaming);
  m_again->setVisible(!m_streaming);
  if (m_view->height() == height) return;
  // All around it makes room before it is painted: else what stands below is painted over it.
  for (QWidget* around = this; around && around->layout() && !around->isWindow(); around = around->parentWidget()) around->layout()->activate();
}

void AnswerView::wait(const QString& why) { m_facts->setText(why); }
void AnswerView::begin() { m_facts->setText(tr("reading the prompt…")); }

void AnswerView::append(const QString& text, int tokens) {
  m_text += text;
  m_pieces += tokens;
  m_facts->setText(tr("%n token(s) so far", nullptr, m_pieces));
  show();
}

void AnswerView::finish(const QString& facts) {
  m_streaming = false;
  m_facts->setText(facts);
  show();
}

void AnswerView::fail(const QString& message) {
  m_streaming = false;
  setInk(m_facts, Ink::Danger);
  m_facts->setText(message);
  show();
}

void AnswerView::restart() {
  m_text.clear();
  m_pieces = 0;
  m_streaming = true;
  setInk(m_facts, Ink::Text2);
  begin();
  show();
}

void AnswerView::setText(const QString& text, const QString& facts) {
  m_text = text;
  finish(facts);
}

}  // namespace scalewright::ui
