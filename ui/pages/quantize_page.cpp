#include "ui/pages/quantize_page.h"

#include <QFileInfo>
#include <QLocale>

#include "engine/core/system.h"
#include "ui/jobs/app_context.h"
#include "ui/jobs/engine_words.h"
#include "ui/main_window.h"
#include "ui/pages/quantize_forecast_card.h"
#include "ui/pages/quantize_form.h"
#include "ui/pages/quantize_run_view.h"
#include "ui/settings/format.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/layout.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/page_header.h"
#include "ui/widgets/page_stack.h"
#include "ui/widgets/tab_order.h"
#include "ui/widgets/toast.h"

namespace scalewright::ui {

QuantizePage::QuantizePage(AppContext& app, QWidget* parent)
    : Page(app, Place::Quantize, tr("Quantize"), tr("Make a full-precision model small. The codes are fixed here; the scales stay open for tuning."), parent) {
  m_startButton = new Button(Button::Primary, tr("&Quantize"), QStringLiteral("play"));
  m_startButton->setHint(tr("Starts; the original file is only read (Ctrl+Enter)"));
  m_cancelButton = new Button(Button::Default, tr("Cancel"), QStringLiteral("stop"));
  m_cancelButton->setHint(tr("Stops; nothing half-written is left behind"));
  m_againButton = new Button(Button::Default, tr("Quantize another"), QStringLiteral("quantize"));
  m_chatButton = new Button(Button::Default, tr("Chat with it"), QStringLiteral("chat"));
  m_tuneButton = new Button(Button::Primary, tr("Fine-tune it"), QStringLiteral("tune"));
  m_why = new ElidedLabel({}, FontRole::Help, Ink::Danger);
  m_why->setSizePolicy(QSizePolicy::Maximum, QSizePolicy::Fixed);  // as wide as its words, where there is room
  header()->addAction(m_why);
  for (Button* button : {m_startButton, m_cancelButton, m_againButton, m_chatButton, m_tuneButton}) header()->addAction(button);
  connect(m_startButton, &Button::clicked, this, &QuantizePage::start);
  connect(m_cancelButton, &Button::clicked, this, &QuantizePage::cancel);
  connect(m_againButton, &Button::clicked, this, [this] { showView(View::Form); });
  connect(m_chatButton, &Button::clicked, this, [this] { send(Place::Chat, page_messages::kUseModel, {{QStringLiteral("path"), m_written}}); });
  connect(m_tuneButton, &Button::clicked, this, [this] { send(Place::Tune, page_messages::kUseModel, {{QStringLiteral("path"), m_written}}); });

  m_stack = new PageStack;
  m_stack->addWidget(buildEmpty());
  m_form = new QuantizeForm(app);
  m_forecast = new QuantizeForecastCard(app);
  m_formPanes = hbox({m_form, grow(m_forecast)}, 16);
  setScaledWidth(m_form, 470);
  m_stack->addWidget(wrap(m_formPanes));
  m_stack->addWidget(wrap(vbox({}, 0)));  // the run, made when the first one starts
  body()->addWidget(m_stack, 1);

  connect(m_form, &QuantizeForm::changed, this, &QuantizePage::chosen);
  connect(m_forecast, &QuantizeForecastCard::known, this, [this](const QString& refusal) {
    const QString own = m_form->refusal();
    refuseStart(own.isEmpty() ? refusal : own);
  });
  connect(m_forecast, &QuantizeForecastCard::containerRefused, m_form, &QuantizeForm::refuseContainer);
  connect(m_forecast, &QuantizeForecastCard::trialFailed, this, [this](const QString& why) { showError(tr("The trial ended"), why); });
  connect(&app.catalog(), &ModelCatalog::changed, m_form, &QuantizeForm::fillModels);
  connect(&app.project(), &Project::changed, m_form, &QuantizeForm::fillTexts);
  m_form->fillTexts();
  m_form->fillModels();
  showView(m_form->hasModels() ? View::Form : View::Empty);
}

QWidget* QuantizePage::buildEmpty() {
  const QString sample = QString::fromStdString(sample_model_path().string());
  const bool withSample = QFileInfo::exists(sample);
  auto* empty = new EmptyState(QStringLiteral("quantize"), tr("No model to quantize yet"),
                               withSample ? tr("Best is a full-precision model: a folder with config.json and safetensors, or a GGUF in F16 or F32. To see how it goes, take the sample: it is quantized already, and its rounding errors stay.")
                                          : tr("Add a full-precision model: a folder with config.json and safetensors, or a GGUF in F16 or F32. Files that are quantized already can be tuned as they are."),
                               withSample ? tr("Use the sample model") : tr("Go to Models"));
  connect(empty, &EmptyState::actionClicked, this, [this, sample, withSample] { withSample ? app().catalog().add({sample}) : send(Place::Models, page_messages::kRefresh); });
  auto* card = new Card;
  card->add({grow(empty)});
  return card;
}

QuantizeRunView* QuantizePage::run() {
  if (!m_run) {
    m_run = new QuantizeRunView(app().settings());
    m_stack->widget(2)->layout()->addWidget(m_run);
    m_run->setNarrow(m_narrow);
    connect(m_run, &QuantizeRunView::failed, this, [this](const QString& title, const QString& text) { showError(title, text); });
    orderTabs(this);
  }
  return m_run;
}

void QuantizePage::showView(View view) {
  m_view = view;
  m_stack->setCurrentIndex(view == View::Empty ? 0 : view == View::Form ? 1 : 2);
  switch (view) {
    case View::Empty: header()->setActions({}); break;
    case View::Form: header()->setActions({m_why, m_startButton}); break;
    case View::Running: header()->setActions({m_cancelButton}); break;
    case View::Done: header()->setActions({m_againButton, m_chatButton, m_tuneButton}); break;
  }
  if (view != View::Empty && view != View::Form) return;
  header()->setTitle(tr("Quantize"));
  header()->setPurpose(tr("Make a full-precision model small. The codes are fixed here; the scales stay open for tuning."));
  chosen();
}

void QuantizePage::activate() {
  if (app().catalog().table().entries().isEmpty()) app().catalog().refresh();
  m_form->fillTexts();
  m_form->fillModels();
}
QWidget* QuantizePage::firstField() const {
  return m_view == View::Form ? m_form->firstField() : m_view == View::Running ? static_cast<QWidget*>(m_cancelButton) : m_tuneButton;
}
void QuantizePage::primary() {
  if (m_view == View::Form) start();
  if (m_view == View::Done) m_tuneButton->click();
}
void QuantizePage::setNarrow(bool narrow) {
  m_narrow = narrow;
  m_formPanes->setDirection(narrow ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
  narrow ? releaseWidth(m_form) : setScaledWidth(m_form, 470);
  if (m_run) m_run->setNarrow(narrow);
}
void QuantizePage::saveState() { m_form->saveState(); }

void QuantizePage::receive(const PageMessage& message) {
  if (message.what != page_messages::kUseModel || m_view == View::Running) return;
  const QString path = message.values.value(QStringLiteral("path")).toString();
  const ModelEntry* entry = app().catalog().table().find(path);
  m_form->chooseModel(entry && entry->run() ? entry->basePath : path);
  if (m_view != View::Empty) showView(View::Form);
}

void QuantizePage::chosen() {
  if (m_view != View::Empty && m_view != View::Form) return;
  const View view = m_form->hasModels() ? View::Form : View::Empty;
  if (view != m_view) return showView(view);
  const ModelEntry* entry = m_form->model();
  refuseStart(m_form->refusal());
  m_forecast->setOrder({.path = entry ? entry->path : QString(),
                        .name = entry ? entry->name : QString(),
                        .text = m_form->textPath(),
                        .bytes = entry ? entry->bytes : 0,
                        .summary = entry ? entry->summary : nullptr,
                        .request = m_form->request(),
                        .target = m_form->target(),
                        .freeZeros = m_form->freeZeros()});
}

// A button that is grey says why beside it, not only to the pointer.
void QuantizePage::refuseStart(const QString& why) {
  m_startButton->setRefusal(why);
  m_why->setFullText(why);
}

void QuantizePage::refuseOutput(const QString& why) {
  m_form->refuseOutput(why);
  scrollTo(m_form->outputField());
}

void QuantizePage::start() {
  const ModelEntry* entry = m_form->model();
  if (!entry || !m_startButton->isEnabled()) return;
  const QString output = m_form->outputPath();
  if (output.isEmpty()) return refuseOutput(tr("Name a file to write."));
  if (belongsTo(output, entry->path)) return refuseOutput(tr("The original is never overwritten: choose another name."));
  QuantizeOrder order;
  order.request = m_form->request();
  order.target = m_form->target();
  order.output = QFileInfo(output).absoluteFilePath().toStdString();
  order.text = m_form->textPath().toStdString();
  if (const auto good = checkOutput(order); !good) return refuseOutput(inWords(good.error()));
  const quint64 freeBytes = free_disk_bytes(QFileInfo(output).absolutePath().toStdString());
  const quint64 needed = m_forecast->forecast().file_bytes;
  if (needed > freeBytes) return refuseOutput(tr("The disk has %1 free, the file needs %2.").arg(bytesText(freeBytes), bytesText(needed)));
  m_form->refuseOutput({});
  if (entry->summary)
    if (const auto holds = checkHolds(*entry->summary, order.request, order.target); !holds) return m_form->refuseContainer(inWords(holds.error()));
  if (!mayReplace({output}, m_form->agreed())) return m_form->outputField()->setFocus(Qt::OtherFocusReason);
  m_form->forgetAgreed();
  banner()->dismiss();
  m_forecast->stopTrial();

  m_running = entry->name;
  m_originalBytes = entry->bytes;
  m_runningContainer = m_form->resultName();
  m_written = QString::fromStdString(order.output.string());
  run()->begin(entry->summary ? entry->summary->layers : 0, !entry->summary || !entry->summary->quantized, m_form->containerName(), m_forecast->forecast().bits_per_weight);

  EngineHost* engine = &app().engine();
  const EventStream<QuantizedTensor> tensors([this](std::vector<QuantizedTensor> batch) { run()->take(batch); });
  auto job = std::make_shared<WorkJob<QuantizeOutcome>>(
      tr("Quantizing %1").arg(m_running), Place::Quantize, [engine, order, tensors](JobContext& context) { return runQuantize(*engine, order, tensors, context); }, this,
      [this](Result<QuantizeOutcome> outcome) { finished(std::move(outcome)); });
  job->listen(tensors);
  connect(job.get(), &Job::progressed, this, [this] {
    if (m_job) run()->progress(*m_job);
  });
  m_job = job;
  const QuantSpec& spec = order.request.spec;
  header()->setTitle(tr("Quantizing to %1").arg(m_runningContainer));
  header()->setPurpose(spec.group ? tr("%1, %2 bits, groups of %3, %4. The original file is only read.").arg(m_running).arg(spec.bits).arg(spec.group).arg(m_form->methodWords())
                                  : tr("%1, %2 bits, one scale a row, %3. The original file is only read.").arg(m_running).arg(spec.bits).arg(m_form->methodWords()));
  m_cancelButton->setRefusal({});
  m_cancelButton->setText(tr("Cancel"));
  showView(View::Running);
  app().jobs().start(job);
}

void QuantizePage::cancel() {
  if (!m_job) return;
  m_cancelButton->setText(tr("Stopping"));
  m_cancelButton->setRefusal(tr("It stops after the tensor it is at"));
  m_job->cancel();
}

void QuantizePage::finished(Result<QuantizeOutcome> outcome) {
  const bool stopped = m_job && m_job->cancelling();
  m_job.reset();
  if (!outcome || outcome->cancelled) {
    m_written.clear();
    showView(m_form->hasModels() ? View::Form : View::Empty);
    if (!outcome && !stopped) return showError(tr("%1 was not quantized").arg(m_running), inWords(outcome.error()));
    if (auto* window = qobject_cast<MainWindow*>(this->window())) window->toast()->show(tr("Stopped. Nothing was written."));
    return;
  }
  header()->setTitle(tr("Quantized to %1").arg(m_runningContainer));
  header()->setPurpose(folderText(m_written));
  run()->finish(*outcome, m_originalBytes);
  showView(View::Done);
  QString text = tr("%1, %2. Largest difference of a logit: %3.").arg(QFileInfo(m_written).fileName(), bytesText(outcome->bytes), QLocale().toString(outcome->check.largest_logit_difference, 'g', 3));
  if (outcome->after > 0) text += QLatin1Char(' ') + tr("Perplexity on your text: %1, before %2.").arg(numberText(outcome->after, 2), numberText(outcome->before, 2));
  for (const std::string& warning : outcome->warnings) text += QLatin1Char(' ') + inWords(warning);
  const bool exact = outcome->check.exact;
  banner()->show(exact ? Tone::Ok : Tone::Warn, exact ? tr("Written and checked: the file is the model that was measured") : tr("Written and checked: the file rounds a little"),
                 exact ? text : text + QLatin1Char(' ') + inWords(outcome->check.explanation));
  app().catalog().add({m_written});
}

}  // namespace scalewright::ui
