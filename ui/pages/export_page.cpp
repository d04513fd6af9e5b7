#include "ui/pages/export_page.h"

#include <QApplication>
#include <QButtonGroup>
#include <QCheckBox>
#include <QClipboard>
#include <QComboBox>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QRegularExpression>
#include <QSaveFile>
#include <QStackedWidget>
#include <QStandardItemModel>
#include <QVBoxLayout>
#include <cmath>

#include "engine/core/system.h"
#include "ui/jobs/app_context.h"
#include "ui/main_window.h"
#include "ui/models/cell_roles.h"
#include "ui/settings/format.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/combo.h"
#include "ui/widgets/desktop.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/form_field.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/layout.h"
#include "ui/widgets/metric.h"
#include "ui/widgets/option_card.h"
#include "ui/widgets/page_header.h"
#include "ui/widgets/progress_bar.h"
#include "ui/widgets/table.h"
#include "ui/widgets/toast.h"

namespace scalewright::ui {
namespace {

QString targetTitle(ExportTarget target) {
  switch (target) {
    case ExportTarget::Gguf: return QStringLiteral("GGUF");
    case ExportTarget::Pack: return ExportPage::tr("Scale pack");
    case ExportTarget::Safetensors: return ExportPage::tr("Full precision, safetensors");
    case ExportTarget::Gptq: return QStringLiteral("GPTQ");
    case ExportTarget::Awq: return QStringLiteral("AWQ");
    case ExportTarget::CompressedTensors: return QStringLiteral("compressed-tensors");
  }
  return {};
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

  m_stack = new QStackedWidget;
  m_stack->setObjectName(QStringLiteral("clear"));
  auto* empty = new EmptyState(QStringLiteral("export"), tr("Nothing to export yet"), tr("Open a model or tune one: it can then be written for llama.cpp, Ollama, LM Studio, vLLM and others."),
                               tr("Go to Models"));
  connect(empty, &EmptyState::actionClicked, this, [this] { send(Place::Models, page_messages::kRefresh); });
  auto* emptyCard = new Card;
  emptyCard->add({grow(empty)});
  m_stack->addWidget(emptyCard);
  // Messages belong to the side where the result is: the targets keep their place.
  auto* side = wrap(vbox({banner(), grow(buildSide())}, 14));
  setScaledMaximumWidth(side, 900);
  m_panes = hbox({buildTargets(), grow(side)}, 16);
  setScaledWidth(m_targetCard, 416);
  m_stack->addWidget(wrap(m_panes));
  body()->addWidget(m_stack, 1);
  connect(&app.catalog(), &ModelCatalog::changed, this, &ExportPage::fillModels);
  fillModels();
}

QWidget* ExportPage::buildTargets() {
  m_targetCard = new Card(tr("Target"));
  m_model = new Combo;
  m_model->setToolTip(tr("The model or the tuned run to write"));
  setFontRole(m_model, FontRole::Label);
  connect(m_model, &QComboBox::currentIndexChanged, this, [this] {
    m_outputByHand = false;
    m_agreed.clear();
    check();
  });
  auto* explain = label(tr("Exact: the same numbers as in memory. Where a format must round, the self-check measures by how much."), FontRole::Help, Ink::Text3, true);
  m_targetCard->add({new FormField(tr("&Model"), m_model), explain});
  setScaledSpacing(m_targetCard->body(), 6);
  m_group = new QButtonGroup(this);
  for (int i = 0; i < int(std::size(kExportTargets)); ++i) {
    auto* card = new OptionCard(targetTitle(kExportTargets[i]), QString());
    card->setChipAtRight(true);
    card->setOneLine(true);
    m_group->addButton(card, i);
    m_cards << card;
    m_targetCard->body()->addWidget(card);
  }
  m_cards.first()->setChecked(true);
  connect(m_group, &QButtonGroup::idToggled, this, [this](int, bool on) {
    if (!on) return;
    m_outputByHand = false;
    targetChosen();
  });
  m_output = new QLineEdit;
  m_output->setToolTip(tr("Where the file or folder is written"));
  connect(m_output, &QLineEdit::textEdited, this, [this] {
    m_outputByHand = true;
    m_outputField->setError({});
  });
  auto* browseButton = new Button(Button::Square, tr("Choose where to save"), QStringLiteral("folder"));
  connect(browseButton, &Button::clicked, this, &ExportPage::browse);
  auto* row = wrap(hbox({grow(m_output), browseButton}, 6));
  row->setFocusProxy(m_output);
  m_outputField = new FormField(tr("Sa&ve as"), row);
  m_modelfile = new QCheckBox(tr("Write an &Ollama Modelfile beside it"));
  m_modelfile->setToolTip(tr("A small text file, so that \"ollama create\" knows the file and where answers end"));
  m_modelfile->setChecked(true);
  m_targetCard->add({m_outputField, m_modelfile, fill()});
  return m_targetCard;
}

QWidget* ExportPage::buildSide() {
  m_side = new QStackedWidget;
  m_side->setObjectName(QStringLiteral("clear"));

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

  m_rows = new QStandardItemModel(0, 4, this);
  m_table = new TableView(34);
  m_table->setModel(m_rows);
  m_table->setSelectionMode(QAbstractItemView::NoSelection);
  m_table->setAccessibleName(tr("Self-check"));
  m_table->setFocusPolicy(Qt::TabFocus);
  auto* save = new Button(Button::Quiet, tr("Save report…"), QStringLiteral("save"));
  connect(save, &Button::clicked, this, &ExportPage::saveReport);
  auto* check = new Card(tr("Self-check"), tr("the written file, opened again and run"));
  check->addTool(save);
  check->setBodyMargins(0, 4, 0, 0);
  check->add({m_table});
  check->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  m_before = new Metric;
  m_after = new Metric;
  m_changed = new Card(tr("What changed"), tr("tuned against original"));
  m_changed->add({hbox({grow(m_after), grow(m_before)}, 12)});
  m_changed->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  m_command = new ElidedLabel({}, FontRole::Mono);
  m_command->setTextInteractionFlags(Qt::TextSelectableByMouse);
  auto* copy = new Button(Button::Default, tr("Copy"), QStringLiteral("copy"));
  copy->setHint(tr("Copies the command"));
  connect(copy, &Button::clicked, this, [this] {
    QApplication::clipboard()->setText(m_command->fullText());
    if (auto* window = qobject_cast<MainWindow*>(this->window())) window->toast()->show(tr("Copied"));
  });
  m_ollama = new Card;
  m_ollama->add({hbox({grow(vbox({label(tr("Try it in Ollama"), FontRole::Strong), m_command}, 5)), copy}, 12)});
  m_ollama->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  m_side->addWidget(wrap(vbox({check, m_changed, m_ollama, fill()}, 14)));
  return m_side;
}

void ExportPage::showView(View view) {
  m_view = view;
  m_stack->setCurrentIndex(view == View::Empty ? 0 : 1);
  m_side->setCurrentIndex(view == View::Checking ? 0 : view == View::Ready ? 1 : view == View::Running ? 2 : view == View::Done ? 3 : 0);
  const bool locked = view == View::Running;
  m_targetCard->setEnabled(!locked);
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
  fillModels();
  if (m_checkedPath.isEmpty()) check();
}
QWidget* ExportPage::firstField() const { return m_model; }
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
void ExportPage::fitPanes() { m_narrow ? releaseWidth(m_targetCard) : setScaledWidth(m_targetCard, width() > px(1500) ? 480 : 416); }

void ExportPage::receive(const PageMessage& message) {
  if (message.what != page_messages::kUseModel || m_view == View::Running) return;
  const QString path = message.values.value(QStringLiteral("path")).toString();
  const int index = m_model->findData(path);
  if (index >= 0) {
    m_model->setCurrentIndex(index);
    banner()->dismiss();
    m_checkedPath.clear();
    check();
  } else {
    // Made a moment ago: it comes with the next reading.
    setProperty("wanted", path);
    app().catalog().add({path});
  }
}

const ModelEntry* ExportPage::model() const { return app().catalog().table().find(m_model->currentData().toString()); }
ExportTarget ExportPage::target() const { return kExportTargets[std::clamp(m_group->checkedId(), 0, int(std::size(kExportTargets)) - 1)]; }
QString ExportPage::output() const {
  QString path = m_output->text().trimmed();
  if (path.startsWith(QLatin1String("~/"))) path = QDir::homePath() + path.mid(1);
  return path;
}

void ExportPage::fillModels() {
  const QString wanted = property("wanted").toString();
  const QString current = m_model->currentData().toString();
  const QSignalBlocker block(m_model);
  m_model->clear();
  for (const bool tuned : {true, false})
    for (const ModelEntry& entry : app().catalog().table().entries())
      if (entry.usable() && entry.run() == tuned) m_model->addItem(tr("%1  ·  %2").arg(entry.name, entry.run() ? tr("tuned, %1").arg(entry.type) : entry.type), entry.path);
  int index = m_model->findData(wanted);
  if (index >= 0) setProperty("wanted", QVariant());
  if (index < 0) index = m_model->findData(current);
  if (index >= 0) m_model->setCurrentIndex(index);
  if (m_view == View::Running) return;
  if (m_model->count() == 0)
    showView(View::Empty);
  else if (m_view == View::Empty || m_model->currentData().toString() != current)
    isVisible() || !wanted.isEmpty() ? check() : showView(View::Checking);
}

void ExportPage::check() {
  const ModelEntry* entry = model();
  if (!entry || m_view == View::Running) return;
  if (entry->path == m_checkedPath && m_view != View::Empty) return;
  if (!isVisible()) {
    m_checkedPath.clear();
    showView(View::Checking);
    return;
  }
  m_checkedPath = entry->path;
  header()->setPurpose(tr("Write %1 as a file that other tools load. Every file is opened again and checked.").arg(entry->name));
  if (m_checkJob) m_checkJob->cancel();
  for (OptionCard* card : m_cards) {
    card->setEnabled(false);
    card->setChip({}, Tone::Neutral);
    card->setLine(QString());
  }
  m_start->setRefusal(tr("The model is still being looked at"));
  const bool waits = app().jobs().busy();
  m_checking->setText(waits ? tr("Waiting for the running job") : tr("Looking at the model"),
                      waits ? tr("%1 is at work. What can be written is known when it ends or pauses.").arg(app().jobs().current()->title()) : tr("It is opened, and every target says what it can hold."));
  showView(View::Checking);
  const QString path = entry->path;
  const int number = ++m_checkNumber;
  EngineHost* engine = &app().engine();
  m_checkJob = app().jobs().run<ExportChoices>(
      tr("Looking at %1").arg(entry->name), Place::Export, [engine, path](JobContext& context) { return checkExports(*engine, path.toStdString(), context); }, this,
      [this, path, number](Result<ExportChoices> choices) {
        if (number != m_checkNumber || path != m_checkedPath) return;  // a later look replaced this one
        m_checkJob.reset();
        if (!choices) {
          m_checkedPath.clear();
          m_checking->setText(tr("This model cannot be exported"), QString::fromStdString(choices.error().message));
          m_start->setRefusal(QString::fromStdString(choices.error().message));
          return;
        }
        if (choices->targets.size() < std::size(kExportTargets)) return;  // stopped
        m_choices = std::move(*choices);
        showChoices();
      });
}

void ExportPage::showChoices() {
  int first = -1;
  for (int i = 0; i < m_cards.size(); ++i) {
    const TargetCheck& entry = m_choices.targets[size_t(i)];
    OptionCard* card = m_cards[i];
    card->setEnabled(entry.check.has_value());
    if (!entry.check) {
      card->setText(targetTitle(entry.target));
      card->setLine(QString::fromStdString(entry.refusal));
      card->setToolTip(QString::fromStdString(entry.refusal));
      card->setChip(tr("Not possible"), Tone::Neutral);
      continue;
    }
    if (first < 0) first = i;
    const ExportCheck& check = *entry.check;
    QStringList opens;
    for (const std::string& name : check.opens_in) opens << QString::fromStdString(name);
    const QString container = QString::fromStdString(check.container);
    card->setText(entry.target == ExportTarget::Gguf && !container.isEmpty() ? QStringLiteral("GGUF %1").arg(container)
                  : entry.target == ExportTarget::Gptq || entry.target == ExportTarget::Awq ? (container.isEmpty() ? targetTitle(entry.target) : container)
                                                                                           : targetTitle(entry.target));
    card->setLine(tr("%1; %2").arg(opens.join(QStringLiteral(", ")), bytesText(check.bytes)));
    card->setToolTip(QString::fromStdString(check.explanation));
    card->setChip(check.exact ? tr("Exact") : tr("Rounds"), check.exact ? Tone::Ok : entry.target == ExportTarget::Safetensors ? Tone::Info : Tone::Warn);
  }
  const int current = m_group->checkedId();
  if (first >= 0 && (current < 0 || !m_cards[current]->isEnabled())) m_cards[first]->setChecked(true);
  showView(View::Ready);
  targetChosen();
}

void ExportPage::targetChosen() {
  const int index = m_group->checkedId();
  if (index < 0 || size_t(index) >= m_choices.targets.size() || m_view == View::Running) return;
  const TargetCheck& entry = m_choices.targets[size_t(index)];
  m_modelfile->setVisible(entry.target == ExportTarget::Gguf);
  m_start->setRefusal(entry.check ? QString() : QString::fromStdString(entry.refusal));
  m_again->setRefusal(entry.check ? QString() : QString::fromStdString(entry.refusal));
  if (!entry.check) return;
  m_readyTitle->setText(entry.check->exact ? tr("%1 holds this model exactly").arg(m_cards[index]->text()) : tr("%1 rounds this model").arg(m_cards[index]->text()));
  m_readyText->setText(entry.check->explanation.empty() ? tr("About %1 on disk.").arg(bytesText(entry.check->bytes))
                                                       : tr("%1 About %2 on disk.").arg(QString::fromStdString(entry.check->explanation), bytesText(entry.check->bytes)));
  QStringList opens;
  for (const std::string& name : entry.check->opens_in) opens << QString::fromStdString(name);
  m_opens->setText(opens.join(QStringLiteral(", ")));
  if (m_view == View::Done) {
    banner()->dismiss();
    showView(View::Ready);
  }
  suggestOutput();
}

void ExportPage::suggestOutput() {
  const ModelEntry* entry = model();
  if (m_outputByHand || !entry) return;
  QString name = entry->name;
  if (name.endsWith(QLatin1String(".gguf"))) name.chop(5);
  const int index = std::max(0, m_group->checkedId());
  const auto& check = m_choices.targets[size_t(index)].check;
  const QString type = check ? QString::fromStdString(check->container).section(QLatin1Char(','), 0, 0) : QString();
  QString suffix;
  switch (target()) {
    case ExportTarget::Gguf: suffix = (type.isEmpty() || name.endsWith(type) ? QString() : QLatin1Char('.') + QString(type).replace(QLatin1Char(' '), QLatin1Char('-'))) + QStringLiteral(".gguf"); break;
    case ExportTarget::Pack: suffix = QStringLiteral(".pack.safetensors"); break;
    case ExportTarget::Safetensors: suffix = QStringLiteral("-F16"); break;
    case ExportTarget::Gptq: suffix = QStringLiteral("-GPTQ"); break;
    case ExportTarget::Awq: suffix = QStringLiteral("-AWQ"); break;
    case ExportTarget::CompressedTensors: suffix = QStringLiteral("-compressed-tensors"); break;
  }
  const QString folder = app().settings().value(QStringLiteral("page/export/folder"), app().project().isOpen() ? app().project().folder() : QFileInfo(entry->path).absolutePath()).toString();
  QString path = QDir(folder).filePath(name + suffix);
  if (QFileInfo(path).absoluteFilePath() == QFileInfo(entry->path).absoluteFilePath()) path = QDir(folder).filePath(name + QStringLiteral("-copy") + suffix);
  m_output->setText(folderText(path));
  m_output->setToolTip(path);
  m_outputField->setError({});
}

void ExportPage::browse() {
  const bool gguf = target() == ExportTarget::Gguf, pack = target() == ExportTarget::Pack;
  const QString path = QFileDialog::getSaveFileName(this, tr("Export as"), output(), gguf ? tr("GGUF (*.gguf)") : pack ? tr("Scale pack (*.safetensors)") : QString());
  if (path.isEmpty()) return;
  m_output->setText(path);
  m_agreed = path;  // the dialog asked
  m_outputByHand = true;
  app().settings().setValue(QStringLiteral("page/export/folder"), QFileInfo(path).absolutePath());
}

void ExportPage::refuseOutput(const QString& why) {
  m_outputField->setError(why);
  scrollTo(m_outputField);
}

void ExportPage::start() {
  const ModelEntry* entry = model();
  const int index = m_group->checkedId();
  if (!entry || index < 0 || m_job || size_t(index) >= m_choices.targets.size() || !m_choices.targets[size_t(index)].check) return;
  QString path = output();
  if (path.isEmpty()) return refuseOutput(tr("Name a file to write."));
  const QFileInfo info(path);
  if (belongsTo(path, entry->path) || belongsTo(path, entry->basePath))
    return refuseOutput(tr("The original is never overwritten: choose another name."));
  if (!QFileInfo(info.absolutePath()).isWritable()) return refuseOutput(tr("This folder cannot be written to. Choose another."));
  const quint64 freeBytes = free_disk_bytes(info.absolutePath().toStdString());
  const quint64 needed = m_choices.targets[size_t(index)].check->bytes;
  if (needed > freeBytes) return refuseOutput(tr("The disk has %1 free, the file needs %2.").arg(bytesText(freeBytes), bytesText(needed)));
  m_outputField->setError({});
  if (!mayReplace(path, m_agreed)) return m_output->setFocus(Qt::OtherFocusReason);
  m_agreed = path;
  banner()->dismiss();

  ExportOrder order;
  order.model = entry->path.toStdString();
  order.output = info.absoluteFilePath().toStdString();
  order.target = target();
  order.modelfile = order.target == ExportTarget::Gguf && m_modelfile->isChecked();
  m_written = info.absoluteFilePath();
  m_runStep->setText(tr("Opening the model"));
  m_runLeft->clear();
  m_progress->setFraction(0);
  m_cancel->setRefusal({});
  showView(View::Running);
  EngineHost* engine = &app().engine();
  auto job = std::make_shared<WorkJob<ExportOutcome>>(
      tr("Exporting %1").arg(entry->name), Place::Export, [engine, order](JobContext& context) { return runExport(*engine, order, context); }, this,
      [this](Result<ExportOutcome> outcome) { finished(std::move(outcome)); });
  connect(job.get(), &Job::progressed, this, [this, raw = job.get()] {
    m_progress->setFraction(raw->fraction());
    m_runStep->setText(raw->step());
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
    if (stopped) {
      if (auto* window = qobject_cast<MainWindow*>(this->window())) window->toast()->show(tr("Stopped. Nothing was written."));
    } else {
      showError(tr("The file was not written"), QString::fromStdString(outcome.error().message));
    }
    return;
  }
  m_outcome = std::move(*outcome);
  const ExportReport& report = m_outcome.report;
  m_rows->clear();
  m_rows->setHorizontalHeaderLabels({tr("Check"), tr("In memory"), tr("In the file"), tr("Difference")});
  for (int column = 1; column < 4; ++column) m_rows->horizontalHeaderItem(column)->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
  for (const CheckRow& row : m_outcome.rows) {
    QList<QStandardItem*> items;
    for (const std::string& text : {row.what, row.memory, row.file, row.difference}) {
      auto* item = new QStandardItem(QString::fromStdString(text));
      item->setEditable(false);
      if (!items.isEmpty()) {
        item->setData(true, MonoRole);
        item->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
      }
      items << item;
    }
    items[0]->setData(row.good ? QStringLiteral("check") : QStringLiteral("warn"), IconRole);
    items[0]->setData(row.good ? int(Tone::Ok) : int(Tone::Warn), IconToneRole);
    m_rows->appendRow(items);
  }
  m_table->setColumns({220, 120, 120, 120}, 0);
  m_table->setFixedHeight(px(30) + m_rows->rowCount() * px(34) + 4);
  m_table->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  m_changed->setVisible(m_choices.validationBest > 0);
  if (m_choices.validationBest > 0) {
    m_after->setFigure(numberText(m_choices.validationBest, 2), {}, tr("perplexity on your validation rows, from %1").arg(numberText(m_choices.validationFirst, 2)));
    const QStringList size = bytesText(report.bytes).split(QLatin1Char(' '));
    m_before->setFigure(size.value(0), size.value(1), tr("on disk"));
  }
  m_ollama->setVisible(!m_outcome.modelfile.empty());
  if (!m_outcome.modelfile.empty()) {
    static const QRegularExpression type(QStringLiteral("\\.(I?Q\\d\\w*|B?F\\d+)$"), QRegularExpression::CaseInsensitiveOption);
    const QString name = QFileInfo(m_written).completeBaseName().remove(type).toLower().replace(QRegularExpression(QStringLiteral("[^a-z0-9._-]")), QStringLiteral("-"));
    m_command->setFullText(QStringLiteral("ollama create %1 -f %2").arg(name, QString::fromStdString(m_outcome.modelfile.filename().string())));
  }
  showView(View::Done);
  const ModelEntry* entry = model();
  const QString written = tr("%1, %2. %3 in all.").arg(QFileInfo(m_written).fileName(), bytesText(report.bytes), durationText(report.seconds));
  banner()->show(report.exact ? Tone::Ok : Tone::Warn,
                 report.exact ? (entry && entry->run() ? tr("Written and checked: the file is the model you tuned") : tr("Written and checked: the file is the model in memory")) : tr("Written and checked: the file rounds a little"),
                 report.exact || report.explanation.empty() ? written : written + QLatin1Char(' ') + QString::fromStdString(report.explanation));
  connect(banner()->addAction(tr("Show in folder"), false, QStringLiteral("folder")), &Button::clicked, this, [this] { Desktop::showInFolder(m_written); });
  m_chat->setVisible(target() != ExportTarget::Pack);
  if (target() != ExportTarget::Pack) app().catalog().add({m_written});
}

void ExportPage::saveReport() {
  const QString path = QFileDialog::getSaveFileName(this, tr("Save the report"), QFileInfo(m_written).completeBaseName() + QStringLiteral("-check.txt"), tr("Text (*.txt)"));
  if (path.isEmpty()) return;
  QString text = tr("Self-check of %1").arg(m_written) + QLatin1Char('\n');
  for (const CheckRow& row : m_outcome.rows)
    text += QStringLiteral("%1\t%2\t%3\t%4\n").arg(QString::fromStdString(row.what), QString::fromStdString(row.memory), QString::fromStdString(row.file), QString::fromStdString(row.difference));
  QSaveFile file(path);
  if (!file.open(QIODevice::WriteOnly) || file.write(text.toUtf8()) < 0 || !file.commit()) showError(tr("The report was not saved"), tr("%1: %2").arg(path, file.errorString()));
}

}  // namespace scalewright::ui
