#include "ui/pages/quantize_page.h"

#include <QButtonGroup>
#include <QComboBox>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QLineEdit>
#include <QLocale>
#include <QStackedWidget>
#include <QStandardItemModel>
#include <QTimer>
#include <QVBoxLayout>
#include <cmath>
#include <limits>

#include "engine/core/system.h"
#include "ui/jobs/app_context.h"
#include "ui/main_window.h"
#include "ui/settings/format.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/bar_chart.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/chart.h"
#include "ui/widgets/combo.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/facts_grid.h"
#include "ui/widgets/form_field.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/layout.h"
#include "ui/widgets/metric.h"
#include "ui/widgets/option_card.h"
#include "ui/widgets/page_header.h"
#include "ui/widgets/progress_bar.h"
#include "ui/widgets/segmented.h"
#include "ui/widgets/size_bars.h"
#include "ui/widgets/table.h"
#include "ui/widgets/toast.h"

namespace scalewright::ui {
namespace {

constexpr int kBits[] = {2, 3, 4, 5, 6, 8};
constexpr int kGroups[] = {32, 64, 128, 256, 0};
constexpr int kPathRole = Qt::UserRole;
// What the fourth card can be; the first three have cards of their own.
constexpr QuantMethod kOthers[] = {QuantMethod::AutoRound, QuantMethod::Block, QuantMethod::Awq, QuantMethod::Hqq, QuantMethod::GptqActOrder};

int indexOf(const int* values, int count, int value) {
  for (int i = 0; i < count; ++i)
    if (values[i] == value) return i;
  return 0;
}

}  // namespace

QuantizePage::QuantizePage(AppContext& app, QWidget* parent)
    : Page(app, Place::Quantize, tr("Quantize"), tr("Make a full-precision model small. The codes are fixed here; the scales stay open for tuning."), parent) {
  m_startButton = new Button(Button::Primary, tr("&Quantize"), QStringLiteral("play"));
  m_startButton->setHint(tr("Starts; the original file is only read (Ctrl+Enter)"));
  m_cancelButton = new Button(Button::Default, tr("Cancel"), QStringLiteral("stop"));
  m_cancelButton->setHint(tr("Stops; nothing half-written is left behind"));
  m_againButton = new Button(Button::Default, tr("Quantize another"), QStringLiteral("quantize"));
  m_chatButton = new Button(Button::Default, tr("Chat with it"), QStringLiteral("chat"));
  m_tuneButton = new Button(Button::Primary, tr("Fine-tune it"), QStringLiteral("tune"));
  for (Button* button : {m_startButton, m_cancelButton, m_againButton, m_chatButton, m_tuneButton}) header()->addAction(button);
  connect(m_startButton, &Button::clicked, this, &QuantizePage::start);
  connect(m_cancelButton, &Button::clicked, this, &QuantizePage::cancel);
  connect(m_againButton, &Button::clicked, this, [this] { showView(View::Form); });
  connect(m_chatButton, &Button::clicked, this, [this] { send(Place::Chat, page_messages::kUseModel, {{QStringLiteral("path"), m_written}}); });
  connect(m_tuneButton, &Button::clicked, this, [this] { send(Place::Tune, page_messages::kUseModel, {{QStringLiteral("path"), m_written}}); });

  m_forecastTimer = new QTimer(this);
  m_forecastTimer->setSingleShot(true);
  m_forecastTimer->setInterval(60);
  connect(m_forecastTimer, &QTimer::timeout, this, &QuantizePage::askForecast);

  m_stack = new QStackedWidget;
  m_stack->setObjectName(QStringLiteral("clear"));
  const QString sample = QString::fromStdString(sample_model_path().string());
  const bool withSample = QFileInfo::exists(sample);
  m_empty = new EmptyState(QStringLiteral("quantize"), tr("No model to quantize yet"),
                           withSample ? tr("Best is a full-precision model: a folder with config.json and safetensors, or a GGUF in F16 or F32. To see how it goes, take the sample: it is quantized already, and its rounding errors stay.")
                                      : tr("Add a full-precision model: a folder with config.json and safetensors, or a GGUF in F16 or F32. Files that are quantized already can be tuned as they are."),
                           withSample ? tr("Use the sample model") : tr("Go to Models"));
  connect(m_empty, &EmptyState::actionClicked, this, [this, sample, withSample] { withSample ? this->app().catalog().add({sample}) : send(Place::Models, page_messages::kRefresh); });
  auto* emptyCard = new Card;
  emptyCard->add({grow(m_empty)});
  m_stack->addWidget(emptyCard);
  m_formPane = buildForm();
  m_formPanes = hbox({m_formPane, grow(buildForecast())}, 16);
  setScaledWidth(m_formPane, 470);
  m_stack->addWidget(wrap(m_formPanes));
  m_stack->addWidget(wrap(vbox({}, 0)));  // the run, made when the first one starts
  body()->addWidget(m_stack, 1);

  connect(&app.catalog(), &ModelCatalog::changed, this, &QuantizePage::fillModels);
  connect(&app.project(), &Project::changed, this, &QuantizePage::fillTexts);
  fillTexts();
  fillModels();
}

QWidget* QuantizePage::buildForm() {
  m_model = new Combo;
  m_model->setToolTip(tr("The model to make small"));
  setFontRole(m_model, FontRole::Label);
  m_modelField = new FormField(tr("&Model"), m_model);
  connect(m_model, &QComboBox::currentIndexChanged, this, [this] {
    m_outputByHand = false;
    m_agreed.clear();
    chosen();
  });

  m_bits = new Segmented({QStringLiteral("2"), QStringLiteral("3"), QStringLiteral("4"), QStringLiteral("5"), QStringLiteral("6"), QStringLiteral("8")},
                         indexOf(kBits, 6, app().settings().value(QStringLiteral("page/quantize/bits"), 4).toInt()), true);
  m_bits->setName(tr("Bits"));
  m_bitsField = new FormField(tr("&Bits"), m_bits);
  m_group = new Segmented({QStringLiteral("32"), QStringLiteral("64"), QStringLiteral("128"), QStringLiteral("256"), tr("Row")},
                          indexOf(kGroups, 5, app().settings().value(QStringLiteral("page/quantize/group"), 32).toInt()), true);
  m_group->setName(tr("Group"));
  m_groupField = new FormField(tr("&Group"), m_group);
  connect(m_bits, &Segmented::chosen, this, &QuantizePage::chosen);
  connect(m_group, &Segmented::chosen, this, &QuantizePage::chosen);

  m_rtn = new OptionCard(tr("Round to nearest"), tr("Instant. Fine from 5 bits upwards."));
  m_clip = new OptionCard(tr("Clip search"), tr("Finds the best range for each group."));
  m_clip->setChip(tr("Recommended"), Tone::Accent);
  m_gptq = new OptionCard(tr("GPTQ"), tr("Corrects errors as it goes. Needs a text; best at 3 bits."));
  m_other = new OptionCard(QString(), QString());
  m_others = new QComboBox;
  m_others->setToolTip(tr("Methods that take more time or suit special cases"));
  m_others->setAccessibleName(tr("Other methods"));
  setFontRole(m_others, FontRole::Label);
  for (QuantMethod other : kOthers) m_others->addItem(QString::fromUtf8(display_name(other)), QString::fromUtf8(to_string(other)));
  m_others->setCurrentIndex(std::max(0, m_others->findData(app().settings().value(QStringLiteral("page/quantize/other")).toString())));
  showOther();
  connect(m_others, &QComboBox::activated, this, [this] {
    showOther();
    m_other->setChecked(true);
    chosen();
  });
  auto* methods = new QButtonGroup(this);
  int id = 0;
  for (OptionCard* card : {m_rtn, m_clip, m_gptq, m_other}) methods->addButton(card, id++);
  const int wanted = app().settings().value(QStringLiteral("page/quantize/method"), 1).toInt();
  methods->button(wanted >= 0 && wanted < 4 ? wanted : 1)->setChecked(true);
  connect(methods, &QButtonGroup::idToggled, this, [this](int, bool on) {
    if (on) chosen();
  });

  m_container = new Combo;
  m_container->setToolTip(tr("What the result is written as"));
  setFontRole(m_container, FontRole::Label);
  m_container->addItem(QStringLiteral("GGUF"));
  m_container->addItem(tr("GPTQ folder"));
  m_container->addItem(tr("AWQ folder"));
  m_container->addItem(tr("compressed-tensors folder"));
  connect(m_container, &QComboBox::currentIndexChanged, this, [this] {
    m_outputByHand = false;
    chosen();
  });
  m_text = new Combo;
  m_text->setToolTip(tr("A text that says what quantizing costs in quality, and that GPTQ corrects itself by"));
  setFontRole(m_text, FontRole::Label);
  m_textField = new FormField(tr("&Text for the trial"), m_text);
  connect(m_text, &QComboBox::activated, this, [this](int index) {
    if (index == m_text->count() - 1) browseText();
    chosen();
  });
  m_output = new QLineEdit;
  m_output->setToolTip(tr("Where the result is written"));
  connect(m_output, &QLineEdit::textEdited, this, [this] {
    m_outputByHand = true;
    m_outputField->setError({});
  });
  auto* browse = new Button(Button::Square, tr("Choose where to save"), QStringLiteral("folder"));
  connect(browse, &Button::clicked, this, &QuantizePage::browseOutput);
  auto* outputRow = wrap(hbox({grow(m_output), browse}, 6));
  outputRow->setFocusProxy(m_output);
  m_outputField = new FormField(tr("Sa&ve as"), outputRow);

  auto* card = new Card;
  card->setBodyMargins(16, 12, 16, 12);
  auto* method = label(tr("Method"), FontRole::Strong);
  card->add({m_modelField, m_bitsField, m_groupField, vbox({hbox({method, fill(), m_others}), m_rtn, m_clip, m_gptq, m_other}, 6),
             hbox({grow(new FormField(tr("&Write as"), m_container)), grow(m_textField)}, 12), m_outputField, fill()});
  setScaledSpacing(card->body(), 11);
  return card;
}

QWidget* QuantizePage::buildForecast() {
  m_bitsMetric = new Metric(tr("per weight"));
  m_pplMetric = new Metric(tr("expected perplexity"));
  m_memoryMetric = new Metric(tr("memory while it runs"));
  m_timeMetric = new Metric(tr("on this machine"));
  m_sizes = new SizeBars;
  m_sizeShare = label({}, FontRole::Help, Ink::Text3);
  m_trialWords = label({}, FontRole::Help, Ink::Text3);
  m_trialWords->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
  m_forecastNote = label({}, FontRole::Help, Ink::Text3, true);
  m_trialButton = new Button(Button::Quiet, tr("Try it"), QStringLiteral("play"));
  m_trialButton->setHint(tr("Quantizes three layers at each size and measures the text: some seconds to a minute"));
  connect(m_trialButton, &Button::clicked, this, [this] { m_trialJob && !m_trialJob->finished() ? m_trialJob->cancel() : startTrial(); });
  m_trialChart = new Chart;
  m_trialChart->setAccessibleName(tr("Perplexity against size"));
  m_trialChart->setLegendVisible(false);
  m_trialChart->setEmptyText(tr("Choose a text, and a trial on three layers shows what each size costs in quality."));
  m_trialChart->setXFormat([](double megabytes) { return bytesText(quint64(std::max(0.0, megabytes) * 1e6)); });
  m_trialChart->setYFormat([](double v) { return QLocale().toString(v, 'g', 3); });
  m_trialChart->setBoxFormat([](double v) { return QLocale().toString(v, 'f', 2); });
  m_trialChart->addSeries({.name = tr("Perplexity"), .token = &ThemeTokens::accent, .width = 2, .circles = true, .inLegend = false});
  m_trialChart->addLine(Qt::Horizontal, std::numeric_limits<double>::quiet_NaN(), &ThemeTokens::seriesValidation);

  auto* card = new Card(tr("Forecast"), tr("Before anything is written"));
  card->setBodyMargins(16, 8, 16, 10);
  card->add({hbox({grow(m_bitsMetric, 4), grow(m_pplMetric, 6), grow(m_memoryMetric, 5), grow(m_timeMetric, 4)}, 12), m_forecastNote, horizontalLine(),
             hbox({label(tr("Size on disk"), FontRole::Strong), fill(), m_sizeShare}), m_sizes, horizontalLine(),
             hbox({label(tr("Perplexity against size"), FontRole::Strong), grow(m_trialWords), m_trialButton}), grow(m_trialChart)});
  setScaledSpacing(card->body(), 10);
  return card;
}

void QuantizePage::makeRun() {
  if (m_runPanes) return;
  m_stack->widget(2)->layout()->addWidget(buildRun());
  setNarrow(m_narrow);
}

QWidget* QuantizePage::buildRun() {
  m_doneLayers = label({}, FontRole::CardTitle);
  m_now = label({}, FontRole::Body, Ink::Text2);
  m_now->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
  m_left = label({}, FontRole::Strong);
  m_passed = label({}, FontRole::Help, Ink::Text3);
  m_rate = label({}, FontRole::Help, Ink::Text3);
  m_progress = new ProgressBar(8);
  m_progressCard = new Card;
  m_progressCard->setBodyMargins(16, 14, 16, 14);
  m_progressCard->add({hbox({m_doneLayers, grow(m_now), m_left}), m_progress, hbox({m_passed, fill(), m_rate})});

  m_resultSize = new Metric;
  m_resultBits = new Metric;
  m_resultPpl = new Metric;
  m_resultCard = new Card;
  m_resultCard->setBodyMargins(16, 14, 16, 14);
  m_resultCard->add({hbox({grow(m_resultSize), grow(m_resultBits), grow(m_resultPpl)}, 12)});

  m_bars = new BarChart;
  m_bars->setAccessibleName(tr("Error by layer"));
  m_bars->setFormat([](double v) { return percentText(v, v < 0.0995 && v != 0 ? 2 : 0); });
  m_bars->setMeanWords(tr("mean so far %1"));
  m_barsBy = new Segmented({tr("Layers"), tr("Tensors")}, 0);
  m_barsBy->setName(tr("Bars by"));
  connect(m_barsBy, &Segmented::chosen, this, &QuantizePage::refreshBars);
  auto* save = new Button(Button::Icon, tr("Save the chart as PNG, SVG or CSV"), QStringLiteral("save"));
  connect(save, &Button::clicked, this, [this] {
    const QString path = QFileDialog::getSaveFileName(this, tr("Save the chart"), tr("quantization-error.png"), tr("Picture (*.png);;Drawing (*.svg);;Numbers (*.csv)"));
    QString error;
    if (!path.isEmpty() && !m_bars->save(path, &error)) showError(tr("The chart was not saved"), error);
  });
  auto* chart = new Card(tr("Error by layer"), tr("Relative, against the full-precision weights"));
  chart->addTool(m_barsBy);
  chart->addTool(save);
  chart->add({grow(m_bars)});

  m_soFar = new FactsGrid(1, 7);
  auto* facts = new Card(tr("So far"));
  facts->add({m_soFar});
  facts->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  m_logTable = new TableView(30);
  m_logTable->setModel(&m_log);
  m_logTable->setColumns({140, 58, 78, 84}, 0);
  m_logTable->setSelectionMode(QAbstractItemView::NoSelection);
  m_logTable->setFocusPolicy(Qt::NoFocus);
  m_logTable->setAccessibleName(tr("Last tensors"));
  auto* log = new Card(tr("Last tensors"));
  log->setBodyMargins(0, 4, 0, 8);
  log->add({grow(m_logTable)});
  m_sidePane = wrap(vbox({facts, grow(log)}, 16));
  setScaledWidth(m_sidePane, 356);
  m_runPanes = hbox({grow(vbox({m_progressCard, m_resultCard, grow(chart)}, 16)), m_sidePane}, 16);
  return wrap(m_runPanes);
}

void QuantizePage::showView(View view) {
  m_view = view;
  m_stack->setCurrentIndex(view == View::Empty ? 0 : view == View::Form ? 1 : 2);
  if (m_runPanes) {
    m_progressCard->setVisible(view == View::Running);
    m_resultCard->setVisible(view == View::Done);
  }
  switch (view) {
    case View::Empty: header()->setActions({}); break;
    case View::Form: header()->setActions({m_startButton}); break;
    case View::Running: header()->setActions({m_cancelButton}); break;
    case View::Done: header()->setActions({m_againButton, m_chatButton, m_tuneButton}); break;
  }
  if (view == View::Empty || view == View::Form) {
    header()->setTitle(tr("Quantize"));
    header()->setPurpose(tr("Make a full-precision model small. The codes are fixed here; the scales stay open for tuning."));
    chosen();
  }
}

void QuantizePage::activate() {
  if (app().catalog().table().entries().isEmpty()) app().catalog().refresh();
  fillTexts();
  fillModels();
}
QWidget* QuantizePage::firstField() const { return m_view == View::Form ? static_cast<QWidget*>(m_model) : m_view == View::Running ? static_cast<QWidget*>(m_cancelButton) : m_tuneButton; }
void QuantizePage::primary() {
  if (m_view == View::Form) start();
  if (m_view == View::Done) m_tuneButton->click();
}
void QuantizePage::setNarrow(bool narrow) {
  m_formPanes->setDirection(narrow ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
  if (m_runPanes) m_runPanes->setDirection(narrow ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
  m_narrow = narrow;
  fitPanes();
}
void QuantizePage::resizeEvent(QResizeEvent* event) {
  Page::resizeEvent(event);
  fitPanes();
}
void QuantizePage::fitPanes() {
  m_narrow ? releaseWidth(m_formPane) : setScaledWidth(m_formPane, 470);
  if (!m_runPanes) return;
  m_narrow ? releaseWidth(m_sidePane) : setScaledWidth(m_sidePane, width() > px(1500) ? 420 : 356);
}
void QuantizePage::saveState() {
  Settings& settings = app().settings();
  settings.setValue(QStringLiteral("page/quantize/bits"), bits());
  settings.setValue(QStringLiteral("page/quantize/group"), group());
  settings.setValue(QStringLiteral("page/quantize/method"), m_rtn->isChecked() ? 0 : m_clip->isChecked() ? 1 : m_gptq->isChecked() ? 2 : 3);
  settings.setValue(QStringLiteral("page/quantize/other"), m_others->currentData());
  settings.setValue(QStringLiteral("page/quantize/text"), textPath());
}

void QuantizePage::receive(const PageMessage& message) {
  if (message.what != page_messages::kUseModel || m_view == View::Running) return;
  const QString path = message.values.value(QStringLiteral("path")).toString();
  const ModelEntry* entry = app().catalog().table().find(path);
  const int index = m_model->findData(entry && entry->run() ? entry->basePath : path, kPathRole);
  if (index >= 0) m_model->setCurrentIndex(index);
  if (m_view != View::Empty) showView(View::Form);
}

int QuantizePage::bits() const { return kBits[std::clamp(m_bits->current(), 0, 5)]; }
int QuantizePage::group() const { return kGroups[std::clamp(m_group->current(), 0, 4)]; }
QuantMethod QuantizePage::method() const {
  if (m_other->isChecked()) return kOthers[std::clamp(m_others->currentIndex(), 0, int(std::size(kOthers)) - 1)];
  return m_rtn->isChecked() ? QuantMethod::Rtn : m_gptq->isChecked() ? QuantMethod::Gptq : QuantMethod::Clip;
}
void QuantizePage::showOther() {
  static const char* lines[] = {QT_TR_NOOP("Learns layer by layer which way to round. Needs a text and time."), QT_TR_NOOP("Learns weights and scales layer by layer; for 2 bits. Needs a text and time."),
                                QT_TR_NOOP("Gives inputs that matter more room. Needs a text."), QT_TR_NOOP("Outliers do not spoil their group. Needs no text."),
                                QT_TR_NOOP("GPTQ that begins with the most used inputs. Needs a text.")};
  const int index = std::clamp(m_others->currentIndex(), 0, int(std::size(kOthers)) - 1);
  m_other->setText(m_others->itemText(index));
  m_other->setAccessibleName(m_others->itemText(index));
  m_other->setLine(tr(lines[index]));
}
ExportTarget QuantizePage::target() const {
  switch (m_container->currentIndex()) {
    case 1: return ExportTarget::Gptq;
    case 2: return ExportTarget::Awq;
    case 3: return ExportTarget::CompressedTensors;
    default: return ExportTarget::Gguf;
  }
}
const ModelEntry* QuantizePage::model() const { return app().catalog().table().find(m_model->currentData(kPathRole).toString()); }
QString QuantizePage::outputPath() const {
  const QString path = m_output->text().trimmed();
  return path.startsWith(QLatin1String("~/")) ? QDir::homePath() + path.mid(1) : path;
}
QString QuantizePage::textPath() const { return m_text->currentData(kPathRole).toString(); }

QuantizeRequest QuantizePage::request() const {
  QuantizeRequest request;
  request.input = m_model->currentData(kPathRole).toString().toStdString();
  request.spec = {bits(), group(), false};
  request.method = method();
  if (needs_calibration(method())) request.calibration = textPath().toStdString();
  return request;
}

void QuantizePage::fillModels() {
  const QString current = m_model->currentData(kPathRole).toString();
  const QSignalBlocker block(m_model);
  m_model->clear();
  QList<ModelEntry> full, quantized;
  for (const ModelEntry& entry : app().catalog().table().entries()) {
    if (entry.state == ModelState::FullPrecision) full << entry;
    if (entry.state == ModelState::Quantized) quantized << entry;
  }
  QStringList names, paths;
  for (const ModelEntry& entry : full + quantized) {
    names << entry.name;
    paths << entry.path;
  }
  names = distinctNames(names, paths);
  for (const ModelEntry& entry : full) m_model->addItem(tr("%1  ·  full precision, %2").arg(names[m_model->count()], bytesText(entry.bytes)), entry.path);
  for (const ModelEntry& entry : quantized) m_model->addItem(tr("%1  ·  %2, %3").arg(names[m_model->count()], entry.type, bytesText(entry.bytes)), entry.path);
  const int index = m_model->findData(current, kPathRole);
  if (index >= 0) m_model->setCurrentIndex(index);
  if (m_view == View::Empty || m_view == View::Form) {
    const View view = m_model->count() == 0 ? View::Empty : View::Form;
    if (view != m_view || current != m_model->currentData(kPathRole).toString())
      showView(view);
    else
      chosen();
  }
}

void QuantizePage::fillTexts() {
  const QString current = m_text->count() ? textPath() : app().settings().value(QStringLiteral("page/quantize/text")).toString();
  const QSignalBlocker block(m_text);
  m_text->clear();
  m_text->addItem(tr("None"), QString());
  QStringList known;
  for (const QString& dataset : app().project().datasets())
    if (dataset.endsWith(QLatin1String(".txt"))) known << dataset;
  if (!current.isEmpty() && !known.contains(current)) known.prepend(current);
  for (const QString& path : known)
    if (QFileInfo::exists(path)) m_text->addItem(QFileInfo(path).fileName(), path);
  m_text->addItem(tr("Choose a file…"), QString());
  const int index = m_text->findData(current, kPathRole);
  if (index > 0) m_text->setCurrentIndex(index);
}

void QuantizePage::browseText() {
  const QString path = QFileDialog::getOpenFileName(this, tr("Choose a text"), {}, tr("Texts (*.txt *.md *.jsonl);;All files (*)"));
  const QSignalBlocker block(m_text);
  if (path.isEmpty()) {
    m_text->setCurrentIndex(0);
    return;
  }
  m_text->insertItem(1, QFileInfo(path).fileName(), path);
  m_text->setCurrentIndex(1);
  app().project().addDataset(path);
}

void QuantizePage::browseOutput() {
  const bool file = target() == ExportTarget::Gguf;
  const QString path = QFileDialog::getSaveFileName(this, tr("Save the quantized model"), outputPath(), file ? tr("GGUF (*.gguf)") : QString());
  if (path.isEmpty()) return;
  m_output->setText(path);
  m_agreed = path;  // the dialog asked
  m_outputByHand = true;
}

void QuantizePage::suggestOutput() {
  if (m_outputByHand) return;
  const ModelEntry* entry = model();
  if (!entry) return;
  QString name = entry->name;
  if (name.endsWith(QLatin1String(".gguf"))) name.chop(5);
  const QString suffix = target() == ExportTarget::Gguf ? QString::fromStdString(m_forecast.container.empty() ? "W" + std::to_string(bits()) : m_forecast.container) + QStringLiteral(".gguf")
                         : target() == ExportTarget::Gptq ? QStringLiteral("GPTQ-%1bit").arg(bits())
                         : target() == ExportTarget::Awq  ? QStringLiteral("AWQ-%1bit").arg(bits())
                                                          : QStringLiteral("W%1A16").arg(bits());
  const QString path = QDir(QFileInfo(entry->path).absolutePath()).filePath(QStringLiteral("%1.%2").arg(name, suffix));
  m_output->setText(folderText(path));
  m_output->setToolTip(path);
}

void QuantizePage::chosen() {
  const ModelEntry* entry = model();
  static const char* bitWords[] = {QT_TR_NOOP("2 is for the smallest size; tune it afterwards, or it forgets much."), QT_TR_NOOP("3 loses some quality; GPTQ and tuning win much of it back."),
                                   QT_TR_NOOP("4 keeps nearly all of the quality."),          QT_TR_NOOP("5 is hard to tell from the original."),
                                   QT_TR_NOOP("6 is as good as the original for most purposes."),                    QT_TR_NOOP("8 changes nothing that can be measured.")};
  m_bitsField->setHelp(tr(bitWords[std::clamp(m_bits->current(), 0, 5)]));
  m_groupField->setHelp(group() == 0    ? tr("One scale for a whole output row: smallest, and least to tune.")
                        : group() == 32 ? tr("One scale for every 32 weights: most precise, and most to tune.")
                                        : tr("One scale for every %1 weights.").arg(group()));
  m_modelField->setHelp(entry && entry->state == ModelState::Quantized ? tr("Already quantized: its rounding errors stay. Better take the full-precision model.") : QString());
  const bool needsText = needs_calibration(method()) && textPath().isEmpty();
  const QString name = QString::fromUtf8(display_name(method()));
  m_textField->setError(needsText ? tr("%1 needs a text.").arg(name) : QString());
  QString refusal;
  if (!entry) refusal = tr("Choose a model first");
  else if (needsText) refusal = tr("%1 needs a text: choose one").arg(name);
  else if (app().jobs().busy()) refusal = {};
  m_startButton->setRefusal(refusal);
  m_forecastTimer->start();
  const QString key = QStringLiteral("%1|%2|%3|%4").arg(m_model->currentData(kPathRole).toString(), textPath()).arg(group()).arg(method() == QuantMethod::Rtn ? 0 : 1);
  if (key != m_trialKey) {
    m_trialKey = key;
    if (m_trialJob) m_trialJob->cancel();
    m_trial = {};
  }
  m_trialButton->setRefusal(!entry ? tr("Choose a model first") : textPath().isEmpty() ? tr("Choose a text for the trial first") : QString());
  showTrial();
}

void QuantizePage::askForecast() {
  const ModelEntry* entry = model();
  if (!entry || !entry->summary) return;
  const int number = ++m_forecastNumber;
  const auto summary = entry->summary;
  QuantizeRequest base = request();
  if (needs_calibration(base.method) && base.calibration.empty()) base.method = QuantMethod::Clip;
  using Both = std::pair<QuantizeForecast, QMap<int, quint64>>;
  app().jobs().run<Both>(
      tr("Forecast"), Place::None,
      [summary, base](JobContext&) -> Result<Both> {
        Both both;
        SW_ASSIGN(both.first, forecast_quantize(*summary, base));
        for (int bits : kBits) {
          QuantizeRequest other = base;
          other.spec.bits = bits;
          if (const auto forecast = forecast_quantize(*summary, other)) both.second.insert(bits, forecast->file_bytes);
        }
        return both;
      },
      this,
      [this, number](Result<Both> both) {
        if (number != m_forecastNumber) return;
        if (!both) {
          m_startButton->setRefusal(QString::fromStdString(both.error().message));
          m_forecastNote->setText(QString::fromStdString(both.error().message));
          return;
        }
        m_sizesByBits = both->second;
        showForecast(both->first);
      },
      Lane::Quick);
}

void QuantizePage::showForecast(const QuantizeForecast& forecast) {
  m_forecast = forecast;
  const ModelEntry* entry = model();
  if (!entry) return;
  m_bitsMetric->setFigure(numberText(forecast.bits_per_weight, 2), tr("bits"), tr("per weight"));
  const QStringList memory = bytesText(forecast.memory_bytes).split(QLatin1Char(' '));
  m_memoryMetric->setFigure(memory.value(0), memory.value(1), tr("memory while it runs"));
  if (forecast.seconds > 0) {
    const QString words = durationText(std::max(1.0, std::round(forecast.seconds)));
    m_timeMetric->setFigure(words.section(QLatin1Char(' '), 0, 0), words.section(QLatin1Char(' '), 1), forecast.seconds < 1 ? tr("or less, on this machine") : tr("on this machine"));
  } else {
    m_timeMetric->setFigure(QStringLiteral("–"), {}, tr("time not known yet"));
  }
  m_forecastNote->setText(QString::fromStdString(forecast.explanation));
  m_forecastNote->setVisible(!forecast.explanation.empty());
  m_sizes->setBytes(entry->bytes, forecast.file_bytes);
  m_sizeShare->setText(entry->bytes ? tr("%1 of the original").arg(percentText(double(forecast.file_bytes) / double(entry->bytes), 0)) : QString());
  const QString container = QString::fromStdString(forecast.container);
  m_container->setItemText(0, container.isEmpty() ? QStringLiteral("GGUF") : QStringLiteral("GGUF %1").arg(container));
  // AWQ holds four bits in groups; what cannot be written is not offered.
  if (auto* items = qobject_cast<QStandardItemModel*>(m_container->model())) {
    items->item(1)->setEnabled(bits() != 5 && bits() != 6);
    items->item(2)->setEnabled(bits() == 4 && group() != 0);
    items->item(3)->setEnabled(bits() == 4 || bits() == 8);
    if (!items->item(m_container->currentIndex())->isEnabled()) m_container->setCurrentIndex(0);
  }
  const MemoryStatus machine = memory_status();
  if (forecast.memory_bytes > machine.available_bytes)
    m_startButton->setRefusal(tr("Needs %1 of memory; %2 is free. Close other programs.").arg(bytesText(forecast.memory_bytes), bytesText(machine.available_bytes)));
  suggestOutput();
  showTrial();
}

void QuantizePage::startTrial() {
  const ModelEntry* entry = model();
  if (!entry || textPath().isEmpty()) return;
  TrialRequest trial;
  trial.model = entry->path.toStdString();
  trial.text = textPath().toStdString();
  trial.group = group();
  trial.method = method();
  m_trial = {};
  const QString key = m_trialKey;
  EngineHost* engine = &app().engine();
  const EventStream<TrialPoint> points([this, key](std::vector<TrialPoint> batch) {
    if (key != m_trialKey) return;
    m_trial.points.insert(m_trial.points.end(), batch.begin(), batch.end());
    showTrial();
  });
  auto job = std::make_shared<WorkJob<TrialReport>>(
      tr("A trial on %1").arg(entry->name), Place::Quantize, [engine, trial, points](JobContext& context) { return runTrial(*engine, trial, points, context); }, this,
      [this, key](Result<TrialReport> report) {
        const bool stopped = m_trialJob && m_trialJob->cancelling();
        m_trialJob.reset();
        if (key != m_trialKey) return;
        if (report)
          m_trial = *report;
        else if (!stopped)
          showError(tr("The trial ended"), QString::fromStdString(report.error().message));
        showTrial();
      });
  job->listen(points);
  connect(job.get(), &Job::progressed, this, &QuantizePage::showTrial);
  m_trialJob = job;
  app().jobs().start(job);
  showTrial();
}

void QuantizePage::showTrial() {
  const bool running = m_trialJob && !m_trialJob->finished();
  m_trialButton->setText(running ? tr("Stop") : tr("Try it"));
  m_trialButton->setIconName(running ? QStringLiteral("stop") : QStringLiteral("play"));
  QStringList layers;
  for (int layer : m_trial.layers) layers << QString::number(layer);
  m_trialWords->setText(running ? m_trialJob->step() : layers.isEmpty() ? tr("lower is better") : tr("lower is better; a trial on layers %1").arg(layers.join(QStringLiteral(", "))));
  QList<double> x, y;
  QList<QPair<QPointF, QString>> names;
  double expected = 0, marked = std::numeric_limits<double>::quiet_NaN();
  for (const TrialPoint& point : m_trial.points) {
    if (!m_sizesByBits.contains(point.bits) || !std::isfinite(point.perplexity)) continue;
    x << double(m_sizesByBits.value(point.bits)) / 1e6;
    y << point.perplexity;
    names << qMakePair(QPointF(x.last(), y.last()), point.bits == 2 ? tr("2 bits") : QString::number(point.bits));
    if (point.bits == bits()) {
      expected = point.perplexity;
      marked = x.last();
    }
  }
  m_trialChart->setData(0, x, y);
  // Two bits by rounding alone go through the roof; a logarithmic axis keeps the rest readable.
  double low = 1e300, high = 0;
  for (double v : y) {
    low = std::min(low, v);
    high = std::max(high, v);
  }
  m_trialChart->setLogarithmic(y.size() > 1 && high > 8 * low);
  m_trialChart->setLine(0, m_trial.original > 0 ? m_trial.original : std::numeric_limits<double>::quiet_NaN(),
                        m_trial.original > 0 ? tr("original %1").arg(QLocale().toString(m_trial.original, 'f', 1)) : QString());
  m_trialChart->setPointLabels(names);
  m_trialChart->setMarked(marked);
  if (x.size() > 1) m_trialChart->setXRange(x.first() * 0.9, x.last() * 1.07);
  m_trialChart->setBoxTitle([this](double at) {
    for (auto it = m_sizesByBits.constBegin(); it != m_sizesByBits.constEnd(); ++it)
      if (std::abs(double(it.value()) / 1e6 - at) < 1e-6)
        return group() ? tr("%1 bits, group %2").arg(it.key()).arg(group()) : tr("%1 bits, a row").arg(it.key());
    return bytesText(quint64(at * 1e6));
  });
  if (expected > 0)
    m_pplMetric->setFigure(QLocale().toString(expected, 'f', expected < 100 ? 1 : 0), QString(),
                           m_trial.original > 0 ? tr("expected perplexity, from %1").arg(QLocale().toString(m_trial.original, 'f', 1)) : tr("expected perplexity"));
  else
    m_pplMetric->setFigure(QStringLiteral("–"), {}, textPath().isEmpty() ? tr("quality: choose a text") : running ? tr("being tried") : tr("quality: try it"));
}

void QuantizePage::refuseOutput(const QString& why) {
  m_outputField->setError(why);
  scrollTo(m_outputField);
}

void QuantizePage::start() {
  const ModelEntry* entry = model();
  if (!entry || !m_startButton->isEnabled()) return;
  const QString output = outputPath();
  if (output.isEmpty()) return refuseOutput(tr("Name a file to write."));
  if (belongsTo(output, entry->path)) return refuseOutput(tr("The original is never overwritten: choose another name."));
  if (!QFileInfo(QFileInfo(output).absolutePath()).isWritable()) return refuseOutput(tr("This folder cannot be written to. Choose another."));
  const quint64 freeBytes = free_disk_bytes(QFileInfo(output).absolutePath().toStdString());
  if (m_forecast.file_bytes > freeBytes)
    return refuseOutput(tr("The disk has %1 free, the file needs %2.").arg(bytesText(freeBytes), bytesText(m_forecast.file_bytes)));
  m_outputField->setError({});
  if (!mayReplace(output, m_agreed)) return m_output->setFocus(Qt::OtherFocusReason);
  m_agreed = output;
  banner()->dismiss();
  if (m_trialJob) m_trialJob->cancel();

  QuantizeOrder order;
  order.request = request();
  order.target = target();
  order.output = output.toStdString();
  order.text = textPath().toStdString();
  m_running = entry->name;
  m_originalBytes = entry->bytes;
  m_runningLayers = entry->summary ? entry->summary->layers : 0;
  m_runningContainer = target() == ExportTarget::Gguf ? (m_forecast.container.empty() ? QStringLiteral("GGUF") : QString::fromStdString(m_forecast.container)) : m_container->currentText();
  m_written = output;
  makeRun();
  m_log.clear();
  m_log.setType(m_runningContainer.section(QLatin1Char(' '), 0, 0));
  refreshBars();

  EngineHost* engine = &app().engine();
  const EventStream<QuantizedTensor> tensors([this](std::vector<QuantizedTensor> batch) { takeTensors(batch); });
  auto job = std::make_shared<WorkJob<QuantizeOutcome>>(
      tr("Quantizing %1").arg(m_running), Place::Quantize, [engine, order, tensors](JobContext& context) { return runQuantize(*engine, order, tensors, context); }, this,
      [this](Result<QuantizeOutcome> outcome) { finished(std::move(outcome)); });
  job->listen(tensors);
  connect(job.get(), &Job::progressed, this, &QuantizePage::jobProgressed);
  m_job = job;
  const QString methodWords = method() == QuantMethod::Rtn ? tr("round to nearest") : method() == QuantMethod::Clip ? tr("clip search") : QString::fromUtf8(display_name(method()));
  header()->setTitle(tr("Quantizing to %1").arg(m_runningContainer));
  header()->setPurpose(group() ? tr("%1, %2 bits, groups of %3, %4. The original file is only read.").arg(m_running).arg(bits()).arg(group()).arg(methodWords)
                               : tr("%1, %2 bits, one scale a row, %3. The original file is only read.").arg(m_running).arg(bits()).arg(methodWords));
  m_cancelButton->setRefusal({});
  m_cancelButton->setText(tr("Cancel"));
  showView(View::Running);
  m_progress->setFraction(0);
  m_doneLayers->setText(tr("Starting"));
  m_now->clear();
  m_left->clear();
  m_passed->clear();
  m_rate->clear();
  m_soFar->setFacts({{tr("Bits per weight"), numberText(m_forecast.bits_per_weight, 2)}, {tr("Tensors"), QStringLiteral("0")}, {tr("Memory"), bytesText(resident_bytes())},
                     {tr("Mean error"), QStringLiteral("–")}});
  app().jobs().start(job);
}

void QuantizePage::cancel() {
  if (!m_job) return;
  m_cancelButton->setText(tr("Stopping"));
  m_cancelButton->setRefusal(tr("It stops after the tensor it is at"));
  m_job->cancel();
}

void QuantizePage::takeTensors(const std::vector<QuantizedTensor>& batch) {
  m_log.add(batch);
  refreshBars();
}

void QuantizePage::refreshBars() {
  const auto& tensors = m_log.tensors();
  QList<double> values;
  QStringList names;
  int count = 0;
  double sum = 0;
  for (const QuantizedTensor& tensor : tensors) sum += tensor.error;
  if (m_barsBy->current() == 1) {
    for (const QuantizedTensor& tensor : tensors) {
      values << tensor.error;
      names << QString::fromStdString(tensor.name);
    }
    count = tensors.isEmpty() ? 0 : tensors.last().total;
  } else {
    QMap<int, QPair<double, int>> byLayer;
    for (const QuantizedTensor& tensor : tensors) {
      const int layer = QString::fromStdString(tensor.name).section(QLatin1Char('.'), 1, 1).toInt();
      auto& entry = byLayer[layer];
      entry.first += tensor.error;
      ++entry.second;
    }
    const int perLayer = m_runningLayers > 0 && !tensors.isEmpty() ? std::max(1, tensors.last().total / m_runningLayers) : 1;
    for (auto it = byLayer.constBegin(); it != byLayer.constEnd(); ++it) {
      if (it->second < perLayer) continue;  // the one at work is not drawn before it is whole
      values << it->first / it->second;
      names << tr("Layer %1").arg(it.key());
    }
    count = std::max(m_runningLayers, int(values.size()));
  }
  m_bars->setBars(values, count, names);
  m_soFar->setValue(tr("Tensors"), tensors.isEmpty() ? QStringLiteral("0") : tr("%1 of %2").arg(tensors.size()).arg(tensors.last().total));
  m_soFar->setValue(tr("Mean error"), tensors.isEmpty() ? QStringLiteral("–") : percentText(sum / double(tensors.size()), 2));
  if (!tensors.isEmpty() && m_runningLayers > 0)
    m_doneLayers->setText(tr("%1 of %2 layers done").arg(tensors.size() * m_runningLayers / std::max(1, tensors.last().total)).arg(m_runningLayers));
}

void QuantizePage::jobProgressed() {
  if (!m_job) return;
  m_progress->setFraction(m_job->fraction());
  m_now->setText(tr("now %1").arg(m_job->step()));
  m_left->setText(timeLeftText(m_job->secondsLeft()));
  m_passed->setText(tr("%1 passed").arg(durationText(std::floor(m_job->secondsPassed()))));
  m_soFar->setValue(tr("Memory"), bytesText(resident_bytes()));
}

void QuantizePage::finished(Result<QuantizeOutcome> outcome) {
  const bool stopped = m_job && m_job->cancelling();
  m_job.reset();
  if (!outcome || outcome->cancelled) {
    m_written.clear();
    showView(m_model->count() ? View::Form : View::Empty);
    if (!outcome && !stopped) return showError(tr("%1 was not quantized").arg(m_running), QString::fromStdString(outcome.error().message));
    if (auto* window = qobject_cast<MainWindow*>(this->window())) window->toast()->show(tr("Stopped. Nothing was written."));
    return;
  }
  header()->setTitle(tr("Quantized to %1").arg(m_runningContainer));
  header()->setPurpose(folderText(m_written));
  const QStringList size = bytesText(outcome->bytes).split(QLatin1Char(' '));
  m_resultSize->setFigure(size.value(0), size.value(1), tr("on disk, from %1").arg(bytesText(m_originalBytes)));
  m_resultBits->setFigure(numberText(outcome->bitsPerWeight, 2), tr("bits"), tr("per weight, in %1").arg(durationText(outcome->seconds)));
  if (outcome->after > 0)
    m_resultPpl->setFigure(numberText(outcome->after, 2), {}, tr("perplexity, from %1").arg(numberText(outcome->before, 2)));
  else
    m_resultPpl->setFigure(QStringLiteral("–"), {}, tr("perplexity: no text was chosen"));
  showView(View::Done);
  QString text = tr("%1, %2. Largest difference of a logit: %3.").arg(QFileInfo(m_written).fileName(), bytesText(outcome->bytes), QLocale().toString(outcome->check.largest_logit_difference, 'g', 3));
  for (const std::string& warning : outcome->warnings) text += QLatin1Char(' ') + QString::fromStdString(warning);
  banner()->show(outcome->check.exact ? Tone::Ok : Tone::Warn, outcome->check.exact ? tr("Written and checked: the file is the model that was measured") : tr("Written and checked: the file rounds a little"),
                 outcome->check.exact ? text : text + QLatin1Char(' ') + QString::fromStdString(outcome->check.explanation));
  app().catalog().add({m_written});
}

}  // namespace scalewright::ui
