#include "ui/widgets/chat_transcript.h"

#include <QScrollBar>
#include <QVBoxLayout>

#include "ui/widgets/answer_view.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/layout.h"
#include "ui/widgets/sight_layout.h"

namespace scalewright::ui {
namespace {

constexpr int kMargin = 10;  // look pixels above the first turn and below the last, and around what stays in sight

}  // namespace

ChatTranscript::ChatTranscript(QWidget* parent) : QScrollArea(parent) {
  setFrameShape(QFrame::NoFrame);
  setWidgetResizable(true);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setAccessibleName(tr("Conversation"));
  m_column = vbox({}, 12, QMargins(16, kMargin, 16, kMargin));
  m_column->addStretch(1);
  auto* inner = wrap(m_column);
  setWidget(inner);
  viewport()->setAutoFillBackground(false);
  inner->setAutoFillBackground(false);
  // Stays at the end while it grows, unless the person scrolled up to read.
  QScrollBar* bar = verticalScrollBar();
  connect(bar, &QScrollBar::rangeChanged, this, [this, bar](int, int end) {
    if (m_follow) bar->setValue(end);
  });
  connect(bar, &QScrollBar::valueChanged, this, [this, bar](int value) {
    m_follow = bar->maximum() - value < px(60);
    look();
  });
}

void ChatTranscript::resizeEvent(QResizeEvent* event) {
  QScrollArea::resizeEvent(event);
  look();
}

void ChatTranscript::look() {
  for (const Turn& turn : m_turns) turn.pair->look();
}

void ChatTranscript::clear() {
  for (const Turn& turn : m_turns) delete turn.box;
  m_turns.clear();
}

void ChatTranscript::setLog(const ChatLog& log) {
  clear();
  m_follow = true;
  for (const ChatTurnLog& turn : log.turns) {
    addTurn(turn.prompt, log, false);
    for (size_t side = 0; side < 2; ++side)
      if (AnswerView* view = m_turns.back().answers[side]) {
        const ChatAnswer& answer = turn.answers[side];
        const ChatAnswer& other = turn.answers[1 - side];
        // An answer bears the name of who gave it wherever that is not the model in the head.
        const auto facts = [](const QString& who, const QString& said) { return said.isEmpty() ? who : QStringLiteral("%1: %2").arg(who, said); };
        if (answer.given) view->setText(answer.text, side == 1 && !answer.pack.isEmpty() && answer.pack != log.packPath && !log.packPath.isEmpty() ? facts(packNameOf(answer.pack), answer.facts) : answer.facts);
        else if (!log.sideBySide && other.given) view->setText(other.text, facts(side == 1 ? tr("the original") : other.pack.isEmpty() ? tr("the tuned model") : packNameOf(other.pack), other.facts));
        else view->setText({}, tr("not asked"));
      }
  }
}

void ChatTranscript::addTurn(const QString& prompt, const ChatLog& log, bool streaming) {
  const int number = turns();
  auto* text = label(prompt, FontRole::Body, Ink::Text, true);
  text->setTextFormat(Qt::PlainText);
  text->setTextInteractionFlags(Qt::TextSelectableByMouse);
  auto* edit = new Button(Button::Icon, tr("Edit the prompt and ask again from here"), QStringLiteral("edit"));
  auto* row = new QFrame;
  row->setObjectName(QStringLiteral("promptRow"));
  row->setLayout(hbox({grow(text), edit}, 8, QMargins(12, 4, 6, 4)));
  connect(edit, &QPushButton::clicked, this, [this, number] { emit editClicked(number); });

  Turn turn{nullptr, nullptr, {nullptr, nullptr}};
  turn.pair = new SightLayout([this, row] {
    const int above = row->parentWidget()->mapTo(viewport(), QPoint()).y();
    return Sight{px(kMargin) - above, viewport()->height() - 2 * px(kMargin)};
  });
  setScaledSpacing(turn.pair, 16);
  for (int side = 0; side < 2; ++side) {
    if (!log.sideBySide && side != log.single) continue;
    const QString whose = !log.sideBySide ? tr("the model") : side == 0 ? tr("the original") : tr("the tuned model");
    auto* view = new AnswerView(whose);
    if (log.sideBySide) view->setMinimumWidth(px(80));  // both equally wide, whatever they say below
    if (log.sideBySide && side == 1) addItems(turn.pair, {verticalLine()});
    addItems(turn.pair, {grow(view)});
    connect(view, &AnswerView::regenerateClicked, this, [this, number, side] { emit regenerateClicked(number, side); });
    turn.answers[static_cast<size_t>(side)] = view;
  }
  turn.box = wrap(vbox({row, turn.pair}, 10));
  m_column->insertWidget(m_column->count() - 1, turn.box);
  m_turns.append(turn);
  if (!streaming) return;
  m_follow = true;
  verticalScrollBar()->setValue(verticalScrollBar()->maximum());
}

AnswerView* ChatTranscript::answer(int turn, int side) const {
  if (turn < 0 || turn >= turns() || side < 0 || side > 1) return nullptr;
  return m_turns[turn].answers[static_cast<size_t>(side)];
}

}  // namespace scalewright::ui
