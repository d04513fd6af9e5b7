#include "ui/pages/chat_page.h"

#include <QFileInfo>
#include <QKeyEvent>
#include <QPointer>
#include <utility>

#include "engine/core/system.h"
#include "engine/tune/recipe.h"
#include "ui/jobs/app_context.h"
#include "ui/jobs/engine_words.h"
#include "ui/pages/chat_head.h"
#include "ui/pages/chat_history.h"
#include "ui/pages/chat_pane.h"
#include "ui/settings/format.h"
#include "ui/widgets/answer_view.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/chat_transcript.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/file_dialogs.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/layout.h"
#include "ui/widgets/message_field.h"
#include "ui/widgets/page_header.h"
#include "ui/widgets/segmented.h"

namespace scalewright::ui {
namespace {

constexpr int kBoth = 760;  // look pixels of a page that conversation and pane need beside each other
const QString kPrecisionKey = QStringLiteral("page/chat/arithmetic");

}  // namespace

ChatPage::ChatPage(AppContext& app, QWidget* parent)
    : Page(app, Place::Chat, tr("Chat"), tr("Ask the model, or the original and the tuned one side by side."), parent) {
  m_mode = new Segmented({tr("One model"), tr("Side by side")});
  m_mode->setName(tr("Answers"));
  m_mode->setToolTip(tr("Side by side shows the original and the tuned answer to the same prompt"));
  m_history = new Button(Button::Default, tr("Earlier…"), QStringLiteral("clock"));
  m_history->setHint(tr("Conversations that were kept"));
  m_save = new Button(Button::Default, tr("Save…"), QStringLiteral("save"));
  m_save->setHint(tr("Save the conversation as Markdown or JSON"));
  m_new = new Button(Button::Default, tr("New chat"), QStringLiteral("plus"));
  m_new->setHint(tr("Begin again; this conversation is kept under Earlier"));
  m_fold = new Button(Button::Icon, tr("Model and sampling"), QStringLiteral("tune"));
  m_fold->setCheckable(true);
  for (QWidget* action : std::initializer_list<QWidget*>{m_mode, m_history, m_save, m_new, m_fold}) header()->addAction(action);
  header()->setActions({m_mode, m_history, m_save, m_new});
  connect(m_fold, &QPushButton::toggled, this, &ChatPage::showPane);
  m_pane = new ChatPane;
  m_pane->setPrecision(app.settings().value(kPrecisionKey).toString() == QLatin1String("fast") ? Precision::Fast : Precision::Exact);
  m_conversation = buildConversation();
  body()->addLayout(hbox({grow(m_conversation), m_pane}, 16), 1);

  connect(m_mode, &Segmented::chosen, this, [this](int index) {
    if (busy()) return m_mode->setCurrent(m_log.sideBySide ? 1 : 0);  // the answer that comes keeps its place
    m_log.sideBySide = index == 1;
    m_transcript->setLog(m_log);
    showHead();
  });
  connect(m_pane, &ChatPane::modelChosen, this, [this](const QString& path) { setModel(path); });
  connect(m_pane, &ChatPane::modelWanted, this, &ChatPage::chooseModel);
  connect(m_pane, &ChatPane::packChosen, this, &ChatPage::setPack);
  connect(m_pane, &ChatPane::precisionChosen, this,
          [this] { this->app().settings().setValue(kPrecisionKey, m_pane->precision() == Precision::Fast ? QStringLiteral("fast") : QStringLiteral("exact")); });
  connect(m_pane, &ChatPane::packWanted, this, [this] {
    const QString path = askToOpen(this, this->app().settings(), Purpose::Model, tr("Open a scale pack"), tr("Scale packs (*.safetensors)"));
    path.isEmpty() ? listPacks() : setPack(path);
  });
  connect(&app.jobs(), &JobQueue::jobDone, this, [this](Job* job) {
    if (job->place() == Place::Tune && adoptTune()) showHead();
  });
  connect(m_history, &QPushButton::clicked, this, &ChatPage::showHistory);
  connect(m_save, &QPushButton::clicked, this, &ChatPage::saveChat);
  connect(m_new, &QPushButton::clicked, this, &ChatPage::newChat);
  connect(m_send, &QPushButton::clicked, this, [this] { busy() ? stop() : send(); });
  connect(m_input, &MessageField::returnPressed, this, &ChatPage::send);
  connect(m_transcript, &ChatTranscript::editClicked, this, [this](int turn) {
    if (busy()) return;
    m_input->setText(m_log.turns[turn].prompt);
    m_log.turns.resize(turn);
    m_transcript->setLog(m_log);
    m_input->setFocus();
    showHead();
  });
  connect(m_transcript, &ChatTranscript::regenerateClicked, this, [this](int turn, int side) {
    if (busy()) return;
    m_log.turns.resize(turn + 1);  // what came after answered something else
    m_log.turns[turn].answers[static_cast<size_t>(side)] = {};
    m_pane->nextSeed();
    m_transcript->setLog(m_log);
    if (AnswerView* view = m_transcript->answer(turn, side)) view->restart();
    ask(turn, {side});
  });
  connect(&app.catalog(), &ModelCatalog::changed, this, [this] {
    if (QFileInfo::exists(m_missing)) forgetMissing();
    if (isVisible()) offerModel();
  });
  showHead();
}

QWidget* ChatPage::buildConversation() {
  auto* card = new Card;
  card->setBodyMargins(0, 0, 0, 0);
  m_head = new ChatHead;
  m_transcript = new ChatTranscript;
  m_empty = new EmptyState(QStringLiteral("chat"), tr("Nothing said yet"), tr("Choose a model at the right, then write below."), tr("Choose a model…"));
  connect(m_empty, &EmptyState::actionClicked, this, &ChatPage::chooseModel);
  auto* stack = new QWidget;
  stack->setLayout(vbox({grow(m_transcript), grow(m_empty)}, 0));

  m_input = new MessageField;
  m_input->setAccessibleName(tr("Your message"));
  m_input->setToolTip(tr("Return sends it, Shift+Return begins a line"));
  m_send = new Button(Button::Primary, tr("Send"), QStringLiteral("send"));
  m_send->setHint(tr("Send (Return)"));
  card->body()->setSpacing(0);
  card->add({m_head, horizontalLine(), grow(stack), horizontalLine(), wrap(hbox({grow(m_input), m_send}, 8, QMargins(12, 10, 12, 10)))});
  return card;
}

QWidget* ChatPage::firstField() const { return m_input; }

ChatStore ChatPage::store() const { return ChatStore(QString::fromStdString((data_folder() / "chats").string())); }

void ChatPage::activate() {
  if (QFileInfo::exists(m_missing)) forgetMissing();
  listModels();
  listPacks();
  offerModel();
}

// Until the person chooses or writes: the one chosen on the Models page, the one talked to last, or the only one that can talk.
void ChatPage::offerModel() {
  if (busy() || !m_log.turns.isEmpty() || (!m_log.modelPath.isEmpty() && m_offered.isEmpty())) return;
  ModelCatalog& catalog = app().catalog();
  QString path = catalog.offered([](const ModelEntry& entry) { return entry.summary && entry.summary->has_tokenizer; });
  const QString last = app().settings().value(QStringLiteral("page/chat/model")).toString();
  if ((path.isEmpty() || path != catalog.chosen()) && !last.isEmpty() && QFileInfo::exists(last)) path = last;
  if (path.isEmpty() || path == m_offered) return;
  setModel(path);
  m_offered = path;
}

void ChatPage::saveState() {
  keep();
  app().settings().setValue(QStringLiteral("page/chat/model"), m_log.modelPath);
}

// Where there is no room for both, the pane is called up by a button.
void ChatPage::setNarrow(bool narrow) {
  m_narrow = narrow;
  header()->setActions(narrow ? QList<QWidget*>{m_mode, m_history, m_save, m_new, m_fold} : QList<QWidget*>{m_mode, m_history, m_save, m_new});
  showPane();
}

void ChatPage::showPane() {
  const bool shown = !m_narrow || m_fold->isChecked(), covers = m_narrow && shown && width() < px(kBoth);
  m_pane->setVisible(shown);
  covers ? releaseWidth(m_pane) : setScaledWidth(m_pane, ChatPane::kWidth);
  m_conversation->setVisible(!covers);
}

void ChatPage::resizeEvent(QResizeEvent* event) {
  Page::resizeEvent(event);
  showPane();
}

void ChatPage::receive(const PageMessage& message) {
  const QString path = message.values.value(QStringLiteral("path")).toString();
  if (message.what == page_messages::kUseModel || message.what == page_messages::kCompare) {
    if (!setModel(path, true)) return;  // what is said stays where the model is gone
    if (message.what == page_messages::kCompare) {
      m_log.sideBySide = true;
      m_mode->setCurrent(1);
    }
    m_transcript->setLog(m_log);
    showHead();
  }
}

// A run folder means its base with its pack.
bool ChatPage::setModel(const QString& path, bool anew) {
  QString base = path, packPath, packName;
  if (is_run_folder(path.toStdString())) {
    QFile file(path + QStringLiteral("/recipe.json"));
    const auto recipe = file.open(QIODevice::ReadOnly) ? recipe_from_json(file.readAll().toStdString()) : fail(ErrorCode::Io, {});
    if (!recipe) {
      showError(tr("This run cannot be opened"), tr("%1 holds no readable recipe.json. Choose another run.").arg(path));
      return false;
    }
    base = QString::fromStdString(recipe->model.string());
    const QString pack = path + QStringLiteral("/tuned.safetensors");
    if (QFileInfo::exists(pack)) {
      packPath = pack;
      const ModelEntry* entry = app().catalog().table().find(path);
      packName = entry && entry->run() ? entry->name : QFileInfo(path).fileName();
    }
  }
  if (!QFileInfo::exists(base)) {
    showError(tr("The model is not there"), tr("%1 was moved or deleted. Choose it at its new place.").arg(base));
    connect(banner()->addAction(tr("Choose another model")), &QPushButton::clicked, this, &ChatPage::chooseModel);
    m_missing = base;
    listModels();
    return false;
  }
  if (busy()) stop();
  m_offered.clear();
  forgetMissing();
  const bool another = base != m_log.modelPath;  // what was said was said by another model
  if (anew || another) newChat();
  if (another) m_pane->showSwitched(-1);
  m_codes.clear();
  m_tuneRun.clear();
  m_log.packPath = packPath;
  m_log.packName = packName;
  m_log.modelPath = base;
  m_log.modelName = QFileInfo(base).isDir() ? QFileInfo(base).fileName() : QFileInfo(base).completeBaseName();
  app().jobs().run<ModelSampling>(
      tr("Reading %1").arg(m_log.modelName), Place::None, [path = base.toStdString()](JobContext&) { return readModelSampling(path); }, this,
      [this, base](Result<ModelSampling> sampling) {
        if (base == m_log.modelPath) m_pane->setModelSampling(sampling ? *sampling : ModelSampling{});
      },
      Lane::Quick);
  app().settings().addRecentModel(base);
  listModels();
  listPacks();
  showHead();
  if (isVisible()) m_input->setFocus();  // it could not have it before there was a model
  return true;
}

// The model that was told to be gone is back, or another took its place.
void ChatPage::forgetMissing() {
  if (!std::exchange(m_missing, {}).isEmpty()) banner()->dismiss();
}

void ChatPage::chooseModel() {
  const QString path = askToOpen(this, app().settings(), Purpose::Model, tr("Choose a model"), tr("Models (*.gguf *.safetensors)"));
  if (!path.isEmpty()) setModel(path.endsWith(QLatin1String(".safetensors")) ? QFileInfo(path).path() : path);
  else listModels();
}

void ChatPage::listModels() {
  m_pane->setModels(app().catalog().known(m_log.modelPath), m_log.modelPath);
}

// The history is read off the UI thread; until it arrives the choice that is in force stands there.
void ChatPage::listPacks() {
  fillPacks({});
  if (m_log.modelPath.isEmpty()) return;
  const std::string model = m_log.modelPath.toStdString();
  app().jobs().run<std::vector<PackEntry>>(
      tr("Reading the history"), Place::None, [model](JobContext&) { return packsOf(model); }, this,
      [this, model](Result<std::vector<PackEntry>> packs) { if (packs && m_log.modelPath.toStdString() == model) fillPacks(*packs); }, Lane::Quick);
}

void ChatPage::fillPacks(const std::vector<PackEntry>& packs) {
  if (inTune()) return m_pane->setPacks({}, tunedBy(), tr("%1, now").arg(packNameOf(tunedBy())), false);
  // The name that the run bears now.
  for (const PackEntry& pack : packs)
    if (pack.path == m_log.packPath && pack.name != m_log.packName) {
      m_log.packName = pack.name;
      showHead();
    }
  m_pane->setPacks(packs, m_log.packPath, m_log.packName, !m_log.modelPath.isEmpty());
}

void ChatPage::setPack(const QString& path) {
  if (busy()) return listPacks();
  m_offered.clear();
  m_log.packPath = path;
  m_log.packName = packNameOf(path);
  if (path.isEmpty()) m_log.sideBySide = false;
  m_tuneRun.clear();
  listPacks();
  m_transcript->setLog(m_log);
  showHead();
}

// A run that was talked to while it went on has ended: what it learned is its pack from now on, never the original under its name.
bool ChatPage::adoptTune() {
  if (m_tuneRun.isEmpty() || app().engine().activeTune().control) return false;
  const QString pack = std::exchange(m_tuneRun, {}) + QStringLiteral("/tuned.safetensors");
  if (m_log.packPath.isEmpty() && QFileInfo::exists(pack)) {
    m_log.packPath = pack;
    m_log.packName = packNameOf(pack);
  }
  listPacks();
  return true;
}

bool ChatPage::inTune() const {
  const auto tune = app().engine().activeTune();
  return tune.control && QString::fromStdString(tune.model.string()) == m_log.modelPath;
}

QString ChatPage::tunedBy() const {
  return inTune() ? QString::fromStdString(app().engine().activeTune().run.string()) + QStringLiteral("/tuned.safetensors") : m_log.packPath;
}

// Whether the scales in the model's own file were learned.
bool ChatPage::learned() const {
  const ModelEntry* entry = app().catalog().table().find(m_log.modelPath);
  return entry && entry->summary && entry->summary->tuned;
}

void ChatPage::showHead() {
  const bool pack = !m_log.packPath.isEmpty();
  const bool inTune = this->inTune();
  if (inTune) m_tuneRun = QString::fromStdString(app().engine().activeTune().run.string());
  const bool canCompare = pack || inTune;
  m_mode->setChoiceEnabled(1, canCompare, tr("Choose a scale pack first: there is nothing to compare with"));
  if (!canCompare && m_log.sideBySide) m_log.sideBySide = false;
  m_mode->setCurrent(m_log.sideBySide ? 1 : 0);
  // Alone answers the tuned one where there is one; what was said before stays with the model that said it.
  if (const int single = canCompare ? 1 : 0; single != m_log.single && !busy()) {
    m_log.single = single;
    m_transcript->setLog(m_log);
  }
  const bool both = m_log.sideBySide;
  const QString running = inTune ? tr("%1, now").arg(QFileInfo(m_tuneRun).fileName()) : QString();
  m_head->setAnswering(m_log.modelName, inTune ? running : pack ? m_log.packName : QString(), both, learned(), m_codes);
  showMemory();
  const bool ready = !m_log.modelPath.isEmpty();
  m_head->setVisible(ready);
  const bool empty = m_log.turns.isEmpty();
  m_empty->setVisible(empty);
  m_transcript->setVisible(!empty);
  if (ready) m_empty->setText(tr("Nothing said yet"), both ? tr("Write below: both answer the same prompt.") : tr("Write below to %1.").arg(m_log.modelName));
  if (m_empty->button()) m_empty->button()->setVisible(!ready);
  m_input->setPlaceholderText(both ? tr("Write to both models") : tr("Write to the model"));
  m_input->setEnabled(ready);
  m_send->setText(busy() ? (m_sides.size() > 1 ? tr("Stop both") : tr("Stop")) : tr("Send"));
  m_send->setIconName(busy() ? QStringLiteral("stop") : QStringLiteral("send"));
  m_send->setRefusal(ready ? QString() : tr("Choose a model first"));
  m_save->setRefusal(empty ? tr("There is nothing to save yet") : QString());
  m_new->setRefusal(empty ? tr("This is a new chat") : QString());
}

void ChatPage::showMemory() {
  if (!inTune()) return m_pane->setMemoryNote({});
  const auto open = app().engine().opened(m_log.modelPath.toStdString());
  if (open) m_pane->setMemoryNote(tr("Beside the run a side takes %1 until it ends").arg(bytesText(ChatEngine::besideRun(*(*open)->model))));
}

void ChatPage::send() {
  const QString prompt = m_input->text().trimmed();
  if (prompt.isEmpty() || busy() || m_log.modelPath.isEmpty()) return;
  m_input->clear();
  adoptTune();
  showHead();  // side by side only where there still are two
  m_log.systemPrompt = m_pane->systemPrompt();
  m_log.turns.append(ChatTurnLog{prompt, {}});
  m_transcript->addTurn(prompt, m_log, true);
  ask(static_cast<int>(m_log.turns.size()) - 1, m_log.sideBySide ? QList<int>{0, 1} : QList<int>{m_log.single});
}

void ChatPage::keyPressEvent(QKeyEvent* event) {
  if (event->key() == Qt::Key_Escape && busy()) return stop();
  Page::keyPressEvent(event);
}

void ChatPage::stop() {
  if (m_job) m_job->cancel();
}

void ChatPage::ask(int turn, QList<int> sides) {
  m_missing.clear();
  banner()->dismiss();
  m_turn = turn;
  m_used = 0;
  m_sides = sides;
  m_by = tunedBy();
  ChatRequest request;
  request.model = m_log.modelPath.toStdString();
  request.pack = m_by.toStdString();
  request.sides.assign(sides.begin(), sides.end());
  for (const int side : sides) request.messages[side] = m_log.messages(side, turn, m_by);
  request.sampling = m_pane->sampling();
  request.precision = m_pane->precision();
  const EventStream<ChatEvent> events([this, guard = QPointer<ChatPage>(this)](std::vector<ChatEvent> list) {
    if (guard) onEvents(std::move(list));
  });
  const auto tune = app().engine().activeTune();
  const bool inside = tune.control != nullptr && tune.model == request.model;
  // One after the other answers, on one copy of the codes; and both after what the engine is at.
  for (const int side : sides)
    if (AnswerView* view = m_transcript->answer(turn, side)) {
      if (side != sides.front()) view->wait(tr("waits until the original has answered"));
      else if (app().jobs().busy() && !inside) view->wait(tr("waits for the work that is going on"));
    }
  auto job = std::make_shared<WorkJob<ChatOutcome>>(
      tr("Answering"), Place::Chat,
      [engine = m_engine, host = &app().engine(), request, events](JobContext& context) { return engine->answer(*host, request, events, context); }, this,
      [this](Result<ChatOutcome> result) { onDone(std::move(result)); });
  job->listen(events);
  m_job = job;
  if (inside) app().jobs().startInside(job, tune.control);
  else app().jobs().start(job);
  showHead();
}

void ChatPage::onEvents(std::vector<ChatEvent> events) {
  // Pieces of one side are joined, so that the text is laid out once a delivery.
  std::array<QString, 2> text;
  std::array<int, 2> tokens{};
  for (const ChatEvent& event : events) {
    AnswerView* view = m_transcript->answer(m_turn, event.side);
    if (!view) continue;
    const auto side = static_cast<size_t>(event.side);
    m_used = std::max(m_used, event.used);
    m_pane->showContext(m_used, event.context);
    if (event.begun) {
      view->begin();
      continue;
    }
    if (!event.finished) {
      text[side] += event.text;
      ++tokens[side];
      continue;
    }
    if (!text[side].isEmpty()) view->append(std::exchange(text[side], {}), std::exchange(tokens[side], 0));
    view->finish(event.facts);
    if (m_turn < m_log.turns.size()) m_log.turns[m_turn].answers[side] = {view->text(), event.facts, true, side == 1 ? m_by : QString()};
  }
  for (int side = 0; side < 2; ++side)
    if (!text[static_cast<size_t>(side)].isEmpty())
      if (AnswerView* view = m_transcript->answer(m_turn, side)) view->append(text[static_cast<size_t>(side)], tokens[static_cast<size_t>(side)]);
}

void ChatPage::onDone(Result<ChatOutcome> result) {
  for (const int side : m_sides) {
    AnswerView* view = m_transcript->answer(m_turn, side);
    if (!view || !view->streaming()) continue;
    if (result || (m_job && m_job->wasCancelled())) view->finish(tr("stopped"));  // before it began, too
    else view->fail(tr("No answer could be given"));  // why stands above
    if (m_turn < m_log.turns.size() && !view->text().isEmpty()) m_log.turns[m_turn].answers[static_cast<size_t>(side)] = {view->text(), tr("stopped"), true, side == 1 ? m_by : QString()};
  }
  if (result) {
    m_codes = result->codesHash;
    m_log.modelName = result->modelName;
    if (result->packMilliseconds >= 0) m_pane->showSwitched(result->packMilliseconds);
    if (result->context > 0) m_pane->showContext(result->tokensUsed, result->context);
  } else if (m_job && m_job->state() == Job::State::Failed) {
    showError(tr("No answer could be given"), inWords(result.error()));
    if (!QFileInfo::exists(m_log.modelPath)) {
      m_missing = m_log.modelPath;
      connect(banner()->addAction(tr("Choose another model")), &QPushButton::clicked, this, &ChatPage::chooseModel);
    }
  }
  m_job.reset();
  m_turn = -1;
  keep();
  showHead();
  m_input->setFocus();
}

void ChatPage::keep() {
  QString error;
  if (!store().save(&m_log, &error)) showError(tr("The conversation is not kept"), error);
}

void ChatPage::newChat() {
  if (busy()) stop();
  keep();
  m_offered.clear();
  m_log.turns.clear();
  m_log.id.clear();
  m_transcript->clear();
  m_pane->showContext(0, 0);
  showHead();
}

void ChatPage::showHistory() {
  showKeptChats(m_history, store(), [this](const ChatLog& log) {
    if (busy()) return;
    keep();
    m_log = log;
    forgetMissing();
    m_pane->setSystemPrompt(log.systemPrompt);
    m_transcript->setLog(m_log);
    listModels();
    listPacks();
    showHead();
  });
}

void ChatPage::saveChat() {
  if (const QString problem = saveChatAs(this, app().settings(), m_log); !problem.isEmpty()) showError(tr("The conversation was not saved"), problem);
}

}  // namespace scalewright::ui
