#include "ui/pages/export_page.h"

#include <QFileInfo>
#include <QLabel>

#include "engine/core/system.h"
#include "ui/jobs/app_context.h"
#include "ui/jobs/engine_words.h"
#include "ui/main_window.h"
#include "ui/pages/export_result.h"
#include "ui/pages/export_targets.h"
#include "ui/settings/format.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/desktop.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/layout.h"
#include "ui/widgets/page_header.h"
#include "ui/widgets/page_stack.h"
#include "ui/widgets/progress_bar.h"
#include "ui/widgets/toast.h"

namespace scalewright::ui {
namespace {

// What lies at the model's path by now: another file there is another model.
QString fileOf(const ModelEntry& entry) {
  const QFileInfo file(entry.run() ? entry.path + QStringLiteral("/tuned.safetensors") : entry.path);
  return QStringLiteral("%1\n%2").arg(entry.path).arg(file.lastModified().toMSecsSinceEpoch());
}

}  // namespace

ExportPage::ExportPage(AppContext& app, QWidget* parent)
    : Page(app, Place::Export, tr("Export"), tr("Write a model as a file that other tools load. Every file is opened again and checked."), parent) {
  m_start = new Button(Button::Primary, tr("&Export"), QStringLiteral("export"));
  m_start->setHint(tr("Writes the file, opens it again and compares (Ctrl+Enter)"));
  m_again = new Button(Button::Primary, tr("&Export again"), QStringLiteral("export"));
  m_cancel = new Button(Button::Default, tr("Cancel"), QStringLiteral("stop"));
  m_cancel->setHint(tr("Stops; nothing half-written is left behind"));
  m_chat = new Button(Button::Default, tr("Chat with the file"), QStringLiteral("chat"));
  m_chat->setHint(tr("Talk with the file that was written"));
  for (Button* button : {m_start, m_again, m_cancel, m_chat}) header()->addAction(button);
  connect(m_start, &Button::clicked, this, &ExportPage::start);
  connect(m_again, &Button::clicked, this, &ExportPage::start);
  connect(m_cancel, &Button::clicked, this, [this] {
    if (m_job) m_job->cancel();
    m_cancel->setRefusal(tr("It is stopping"));
  });
  connect(m_chat, &Button::clicked, this, [this] { send(Place::Chat, page_messages::kUseModel, {{QStringLiteral("path"), m_written}}); });

  m_stack = new PageStack;
  auto* empty = new EmptyState(QStringLiteral("export"), tr("Nothing to export yet"), tr("Open a model or tune one: it can then be written for llama.cpp, Ollama, LM Studio, vLLM and others."),
                               tr("Go to Models"));
  connect(empty, &EmptyState::actionClicked, this, [this] { send(Place::Models, page_messages::kRefresh); });
  auto* emptyCard = new Card;
  emptyCard->add({grow(empty)});
  m_stack->addWidget(emptyCard);
  m_targets = new ExportTargets(app);
  // Messages belong to the side where the result is: the targets keep their place.
  m_beside = wrap(vbox({banner(), grow(buildSide())}, 14));
  m_panes = hbox({m_targets, grow(m_beside)}, 16);
  setScaledWidth(m_targets, 416);
  m_stack->addWidget(wrap(m_panes));
  body()->addWidget(m_stack, 1);
  connect(m_targets, &ExportTargets::modelChosen, this, [this] { check(true); });
  connect(m_targets, &ExportTargets::targetChosen, this, &ExportPage::targetChosen);
  connect(&app.catalog(), &ModelCatalog::changed, this, &ExportPage::modelsChanged);
  connect(&app.catalog(), &ModelCatalog::added, this, &ExportPage::modelAdded);
  connect(&app.catalog(), &ModelCatalog::nothingFound, this, [this](const QString& folder) { modelAdded(folder, tr("There is no model in this folder: a model is a .gguf file, or a folder with config.json and safetensors.")); });
  modelsChanged();
  showView(m_view);
}

QWidget* ExportPage::buildSide() {
  m_side = new PageStack;
  m_checking = new EmptyState(QStringLiteral("export"), tr("Looking at the model"), tr("It is opened, and every target says what it can hold."));
  auto* checkingCard = new Card;
  checkingCard->add({grow(m_checking)});
  m_side->addWidget(checkingCard);

  m_readyTitle = label({}, FontRole::CardTitle, Ink::Text, true);
  m_readyText = label({}, FontRole::Body, Ink::Text2, true);
  m_opens = label({}, FontRole::Body, Ink::Text, true);
  auto* ready = new Card;
  ready->setBodyMargins(16, 16, 16, 16);
  ready->add({m_readyTitle, m_readyText, horizontalLine(), label(tr("Opens in"), FontRole::Strong), m_opens, horizontalLine(), label(tr("After writing"), FontRole::Strong),
              label(tr("The file is opened again from disk. Logits and perplexity of a built-in text are computed from it and from the model in memory, and compared."), FontRole::Body, Ink::Text2, true),
              fill()});
  setScaledSpacing(ready->body(), 10);
  m_side->addWidget(ready);

  m_runStep = label({}, FontRole::CardTitle);
  m_runStep->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
  m_runLeft = label({}, FontRole::Strong);
  m_progress = new ProgressBar(8);
  auto* running = new Card;
  running->setBodyMargins(16, 14, 16, 14);
  running->add({hbox({grow(m_runStep), m_runLeft}), m_progress, label(tr("The file gets its name only when it is whole."), FontRole::Help, Ink::Text3)});
  running->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  m_side->addWidget(wrap(vbox({running, fill()})));

  m_result = new ExportResult(app().settings());
  connect(m_result, &ExportResult::copied, this, [this] {
    if (auto* window = qobject_cast<MainWindow*>(this->window())) window->toast()->show(tr("Copied"));
  });
  connect(m_result, &ExportResult::failed, this, [this](const QString& title, const QString& text) { showError(title, text); });
  m_side->addWidget(m_result);
  return m_side;
}

void ExportPage::showView(View view) {
  m_view = view;
  m_stack->setCurrentIndex(view == View::Empty ? 0 : 1);
  m_side->setCurrentIndex(view == View::Ready ? 1 : view == View::Running ? 2 : view == View::Done ? 3 : 0);
  m_targets->setEnabled(view != View::Running);
  switch (view) {
    case View::Empty: header()->setActions({}); break;
    case View::Checking:
    case View::Ready: header()->setActions({m_start}); break;
    case View::Running: header()->setActions({m_cancel}); break;
    case View::Done: header()->setActions({m_chat, m_again}); break;
  }
}

void ExportPage::activate() {
  if (app().catalog().table().entries().isEmpty()) app().catalog().refresh();  // the first page that is shown: nobody read it yet
  modelsChanged();
  check(true);
}
QWidget* ExportPage::firstField() const { return m_targets->firstField(); }
void ExportPage::primary() {
  if (m_view == View::Ready || m_view == View::Done) start();
}
void ExportPage::setNarrow(bool narrow) {
  m_panes->setDirection(narrow ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
  m_narrow = narrow;
  fitPanes();
}
void ExportPage::resizeEvent(QResizeEvent* event) {
  Page::resizeEvent(event);
  fitPanes();
}
void ExportPage::fitPanes() {
  m_narrow ? releaseWidth(m_targets) : setScaledWidth(m_targets, width() > px(1500) ? 480 : 416);
}

void ExportPage::receive(const PageMessage& message) {
  if (message.what != page_messages::kUseModel || m_view == View::Running) return;
  if (!m_targets->chooseModel(message.values.value(QStringLiteral("path")).toString())) return;
  forgetCheck();
  check();
}

void ExportPage::modelsChanged() {
  m_targets->fillModels();
  if (m_view == View::Running) return;
  check();
  if (!m_targets->hasModels()) showView(View::Empty);
}

// A file or folder that was chosen here has been read.
void ExportPage::modelAdded(const QString& path, const QString& problem) {
  if (path != m_targets->awaited() || problem.isEmpty()) return;
  m_targets->forget();
  showError(tr("This cannot be exported"), tr("%1: %2").arg(path, problem));
}

// Nothing that was worked out for a model, nor what was written from it, is shown beside another.
void ExportPage::forgetCheck() {
  if (m_checkJob) m_checkJob->cancel();
  m_checkJob.reset();
  ++m_checkNumber;
  m_choices = {};
  m_targets->clearChoices();
  if (!m_checked.isEmpty()) banner()->dismiss();
  m_checked.clear();
}

// What the chosen model can be written as. `again`: also where the last look at it failed.
void ExportPage::check(bool again) {
  if (m_view == View::Running) return;
  const ModelEntry* entry = m_targets->model();
  const bool known = m_checkJob || !m_choices.targets.empty();
  if (entry && fileOf(*entry) == m_checked && (known || !again)) return;
  forgetCheck();
  header()->setPurpose(entry ? tr("Write %1 as a file that other tools load. Every file is opened again and checked.").arg(entry->name)
                             : tr("Write a model as a file that other tools load. Every file is opened again and checked."));
  if (!entry) {
    m_start->setRefusal(tr("Choose a model first"));
    m_checking->setText(tr("No model is chosen"), tr("The model that was chosen is not there any more. Choose another one."));
    return showView(View::Checking);
  }
  m_start->setRefusal(tr("The model is still being looked at"));
  if (!isVisible()) return showView(View::Checking);  // activate() looks
  m_checked = fileOf(*entry);
  const bool waits = app().jobs().busy();
  m_checking->setText(waits ? tr("Waiting for the running job") : tr("Looking at the model"),
                      waits ? tr("%1 is at work. What can be written is known when it ends or pauses.").arg(app().jobs().current()->title()) : tr("It is opened, and every target says what it can hold."));
  showView(View::Checking);
  const QString path = entry->path;
  const int number = ++m_checkNumber;
  EngineHost* engine = &app().engine();
  m_checkJob = app().jobs().run<ExportChoices>(
      tr("Looking at %1").arg(entry->name), Place::Export, [engine, path](JobContext& context) { return checkExports(*engine, path.toStdString(), context); }, this,
      [this, number](Result<ExportChoices> choices) {
        if (number != m_checkNumber) return;  // a later look replaced this one
        m_checkJob.reset();
        if (!choices) {
          m_checking->setText(tr("This model cannot be exported"), inWords(choices.error()));
          m_start->setRefusal(inWords(choices.error()));
          return;
        }
        if (choices->targets.size() < std::size(kExportTargets)) return;  // stopped
        m_choices = std::move(*choices);
        showView(View::Ready);
        m_targets->showChoices(m_choices);
      });
}

void ExportPage::targetChosen() {
  const TargetCheck* chosen = m_targets->chosen();
  if (!chosen || m_view == View::Running) return;
  for (Button* button : {m_start, m_again}) button->setRefusal(chosen->check ? QString() : inWords(chosen->refusal));
  if (!chosen->check) return;
  const ExportCheck& check = *chosen->check;
  m_readyTitle->setText(check.exact ? tr("%1 holds this model exactly").arg(m_targets->title()) : tr("%1 rounds this model").arg(m_targets->title()));
  m_readyText->setText(check.explanation.empty() ? tr("About %1 on disk.").arg(bytesText(check.bytes))
                                                 : tr("%1 About %2 on disk.").arg(inWords(check.explanation), bytesText(check.bytes)));
  QStringList opens;
  for (const std::string& name : check.opens_in) opens << QString::fromStdString(name);
  m_opens->setText(opens.join(QStringLiteral(", ")));
  if (m_view != View::Done) return;
  banner()->dismiss();
  showView(View::Ready);
}

void ExportPage::refuseOutput(const QString& why) {
  m_targets->refuseOutput(why);
  scrollTo(m_targets->outputField());
}

void ExportPage::start() {
  const ModelEntry* entry = m_targets->model();
  const TargetCheck* chosen = m_targets->chosen();
  if (!entry || m_job || !chosen || !chosen->check) return;
  if (fileOf(*entry) != m_checked) return check();
  const QString name = entry->name, checked = m_checked, path = m_targets->output();
  if (path.isEmpty()) return refuseOutput(tr("Name a file to write."));
  if (belongsTo(path, entry->path) || belongsTo(path, entry->basePath)) return refuseOutput(tr("The original is never overwritten: choose another name."));
  ExportOrder order;
  order.model = entry->path.toStdString();
  order.base = entry->basePath.toStdString();
  order.output = QFileInfo(path).absoluteFilePath().toStdString();
  order.target = chosen->target;
  const QString modelfile = m_targets->modelfile();
  order.modelfile = !modelfile.isEmpty();
  if (const auto good = checkOutput(order); !good) return refuseOutput(inWords(good.error()));
  const quint64 freeBytes = free_disk_bytes(QFileInfo(path).absolutePath().toStdString());
  const quint64 needed = chosen->check->bytes;
  if (needed > freeBytes) return refuseOutput(tr("The disk has %1 free, the file needs %2.").arg(bytesText(freeBytes), bytesText(needed)));
  m_targets->refuseOutput({});
  const QStringList written = order.modelfile ? QStringList{path, modelfile} : QStringList{path};
  if (!mayReplace(written, m_targets->agreed())) return (QFileInfo::exists(path) ? m_targets->outputField() : m_targets->modelfileField())->setFocus(Qt::OtherFocusReason);
  if (m_checked != checked) return;  // the model went while the question stood
  m_targets->forgetAgreed();
  banner()->dismiss();

  m_targets->keepModel();
  m_written = QString::fromStdString(order.output.string());
  m_pack = order.target == ExportTarget::Pack;
  m_runStep->setText(tr("Opening the model"));
  m_runLeft->clear();
  m_progress->setFraction(0);
  m_cancel->setRefusal({});
  showView(View::Running);
  scrollToTop();
  EngineHost* engine = &app().engine();
  auto job = std::make_shared<WorkJob<ExportOutcome>>(
      tr("Exporting %1").arg(name), Place::Export, [engine, order](JobContext& context) { return runExport(*engine, order, context); }, this,
      [this](Result<ExportOutcome> outcome) { finished(std::move(outcome)); });
  connect(job.get(), &Job::progressed, this, [this, raw = job.get()] {
    m_progress->setFraction(raw->fraction());
    m_runStep->setText(headingText(raw->step()));
    m_runLeft->setText(timeLeftText(raw->secondsLeft()));
  });
  m_job = job;
  app().jobs().start(job);
}

void ExportPage::finished(Result<ExportOutcome> outcome) {
  const bool stopped = m_job && m_job->cancelling();
  m_job.reset();
  if (!outcome) {
    showView(View::Ready);
    if (!stopped) return showError(tr("The file was not written"), inWords(outcome.error()));
    if (auto* window = qobject_cast<MainWindow*>(this->window())) window->toast()->show(tr("Stopped. Nothing was written."));
    return;
  }
  m_result->setOutcome(*outcome, m_choices, m_written);
  showView(View::Done);
  scrollToTop();
  const ExportReport& report = outcome->report;
  const ModelEntry* entry = m_targets->model();
  const QString written = tr("%1, %2. %3 in all.").arg(QFileInfo(m_written).fileName(), bytesText(report.bytes), durationText(report.seconds));
  const QString exactly = entry && entry->run() ? tr("Written and checked: the file is the model you tuned") : tr("Written and checked: the file is the model in memory");
  banner()->show(report.exact ? Tone::Ok : Tone::Warn, report.exact ? exactly : tr("Written and checked: the file rounds a little"),
                 report.exact || report.explanation.empty() ? written : written + QLatin1Char(' ') + inWords(report.explanation));
  connect(banner()->addAction(tr("Show in folder"), false, QStringLiteral("folder")), &Button::clicked, this, [this] { Desktop::showInFolder(m_written); });
  m_chat->setVisible(!m_pack);
  if (!m_pack) app().catalog().add({m_written});
}

}  // namespace scalewright::ui
