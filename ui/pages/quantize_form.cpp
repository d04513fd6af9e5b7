#include "ui/pages/quantize_form.h"

#include <QButtonGroup>
#include <QComboBox>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QGridLayout>
#include <QLineEdit>
#include <QListView>
#include <QMenu>
#include <QStandardItemModel>

#include "engine/format/gguf_blocks.h"
#include "ui/jobs/app_context.h"
#include "ui/jobs/quantize_work.h"
#include "ui/settings/format.h"
#include "ui/widgets/button.h"
#include "ui/widgets/combo.h"
#include "ui/widgets/file_dialogs.h"
#include "ui/widgets/form_field.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/option_card.h"
#include "ui/widgets/path_edit.h"
#include "ui/widgets/segmented.h"

namespace scalewright::ui {
namespace {

constexpr int kBits[] = {2, 3, 4, 5, 6, 8};
constexpr int kGroups[] = {32, 64, 128, 256, 0};
constexpr int kPathRole = Qt::UserRole;
// In the order of the combo box.
enum Container { GgufSmall, GgufFree, GptqFolder, AwqFolder, CompressedFolder };
// What the fourth card can be; the first three have cards of their own.
struct OtherMethod {
  QuantMethod method;
  const char* line;
};
constexpr OtherMethod kOthers[] = {
    {QuantMethod::AutoRound, QT_TR_NOOP("Learns which way to round. Needs a text and time.")},
    {QuantMethod::Block, QT_TR_NOOP("Learns weights and scales, for 2 bits. Needs a text and time.")},
    {QuantMethod::Awq, QT_TR_NOOP("Gives inputs that matter more room. Needs a text.")},
    {QuantMethod::Hqq, QT_TR_NOOP("Outliers do not spoil their group. Needs no text.")},
    {QuantMethod::GptqActOrder, QT_TR_NOOP("GPTQ that begins with the most used inputs. Needs a text.")}};

template <size_t N>
int indexOf(const int (&values)[N], int value) {
  for (size_t i = 0; i < N; ++i)
    if (values[i] == value) return int(i);
  return 0;
}

}  // namespace

QuantizeForm::QuantizeForm(AppContext& app, QWidget* parent) : Card({}, {}, parent), m_app(app) {
  Settings& settings = app.settings();
  m_model = new Combo;
  m_model->setToolTip(tr("The model to make small"));
  setFontRole(m_model, FontRole::Label);
  m_modelField = new FormField(tr("&Model"), m_model);
  connect(m_model, &QComboBox::activated, this, [this] { m_modelByHand = true; });
  connect(m_model, &QComboBox::currentIndexChanged, this, [this] {
    m_outputByHand = false;
    m_agreed.clear();
    choose();
  });

  m_bits = new Segmented({QStringLiteral("2"), QStringLiteral("3"), QStringLiteral("4"), QStringLiteral("5"), QStringLiteral("6"), QStringLiteral("8")},
                         indexOf(kBits, settings.value(QStringLiteral("page/quantize/bits"), 4).toInt()), true);
  m_bits->setName(tr("Bits"));
  m_bitsField = new FormField(tr("&Bits"), m_bits);
  m_group = new Segmented({QStringLiteral("32"), QStringLiteral("64"), QStringLiteral("128"), QStringLiteral("256"), tr("Row")},
                          indexOf(kGroups, settings.value(QStringLiteral("page/quantize/group"), 32).toInt()), true);
  m_group->setName(tr("Group"));
  m_groupField = new FormField(tr("&Group"), m_group);
  connect(m_bits, &Segmented::chosen, this, &QuantizeForm::choose);
  connect(m_group, &Segmented::chosen, this, &QuantizeForm::choose);

  m_rtn = new OptionCard(tr("Round to nearest"), tr("Instant. Fine from 5 bits upwards."));
  m_clip = new OptionCard(tr("Clip search"), tr("Recommended: finds the best range for each group."));
  m_gptq = new OptionCard(tr("GPTQ"), tr("Corrects errors as it goes. Needs a text."));
  m_other = new OptionCard(QString(), QString());
  m_other->setOpensList(true);
  m_other->setToolTip(tr("Methods that take more time or suit special cases"));
  const QString wantedOther = settings.value(QStringLiteral("page/quantize/other")).toString();
  for (int i = 0; i < int(std::size(kOthers)); ++i)
    if (wantedOther == QString::fromUtf8(to_string(kOthers[i].method))) m_otherMethod = i;
  auto* methods = new QButtonGroup(this);
  auto* grid = new QGridLayout;
  grid->setContentsMargins(0, 0, 0, 0);
  setScaledSpacing(grid, 6);
  int id = 0;
  for (OptionCard* card : {m_rtn, m_clip, m_gptq, m_other}) {
    QSizePolicy policy(QSizePolicy::Preferred, QSizePolicy::Preferred);  // both of a row equally high
    policy.setHeightForWidth(true);
    card->setSizePolicy(policy);
    grid->addWidget(card, id / 2, id % 2);
    methods->addButton(card, id++);
  }
  grid->setColumnStretch(0, 1);
  grid->setColumnStretch(1, 1);
  const int wanted = settings.value(QStringLiteral("page/quantize/method"), 1).toInt();
  methods->button(wanted >= 0 && wanted < 4 ? wanted : 1)->setChecked(true);
  showMethod();
  connect(methods, &QButtonGroup::idToggled, this, [this](int, bool on) {
    if (!on) return;
    showMethod();
    choose();
  });
  connect(m_other, &QAbstractButton::clicked, this, &QuantizeForm::openMethods);

  m_container = new Combo;
  m_container->setToolTip(tr("What the result is written as"));
  setFontRole(m_container, FontRole::Label);
  m_container->addItems({QStringLiteral("GGUF"), QStringLiteral("GGUF"), tr("GPTQ folder"), tr("AWQ folder"), tr("compressed-tensors folder")});
  m_container->setCurrentIndex(std::clamp(settings.value(QStringLiteral("page/quantize/container"), 0).toInt(), 0, m_container->count() - 1));
  m_containerField = new FormField(tr("&Write as"), m_container);
  connect(m_container, &QComboBox::activated, this, [this] {
    m_outputByHand = false;
    choose();
  });
  m_text = new Combo;
  m_text->setToolTip(tr("A text that says what quantizing costs in quality, and that GPTQ corrects itself by"));
  setFontRole(m_text, FontRole::Label);
  m_textField = new FormField(tr("&Text"), m_text);
  connect(m_text, &QComboBox::activated, this, [this](int index) {
    if (index == m_text->count() - 1) browseText();
    choose();
  });
  m_output = new PathEdit;
  m_output->setToolTip(tr("Where the result is written"));
  connect(m_output, &QLineEdit::textEdited, this, [this] {
    m_outputByHand = true;
    m_outputField->setError({});
  });
  auto* browse = new Button(Button::Square, tr("Choose where to save"), QStringLiteral("folder"));
  connect(browse, &Button::clicked, this, &QuantizeForm::browseOutput);
  auto* outputRow = wrap(hbox({grow(m_output), browse}, 6));
  outputRow->setFocusProxy(m_output);
  m_outputField = new FormField(tr("Sa&ve as"), outputRow);

  setBodyMargins(16, 12, 16, 12);
  auto* containers = hbox({}, 12);
  containers->addWidget(m_containerField, 1, Qt::AlignTop);
  containers->addWidget(m_textField, 1, Qt::AlignTop);
  add({m_modelField, m_bitsField, m_groupField, vbox({label(tr("Method"), FontRole::Strong), grid}, 6), containers, m_outputField, fill()});
  setScaledSpacing(body(), 11);
}

QWidget* QuantizeForm::firstField() const { return m_model; }
QWidget* QuantizeForm::outputField() const { return m_outputField; }
bool QuantizeForm::hasModels() const { return m_model->count() > 0; }
int QuantizeForm::bits() const { return kBits[std::clamp(m_bits->current(), 0, 5)]; }
int QuantizeForm::group() const { return kGroups[std::clamp(m_group->current(), 0, 4)]; }
QuantMethod QuantizeForm::method() const {
  if (m_other->isChecked()) return kOthers[m_otherMethod].method;
  return m_rtn->isChecked() ? QuantMethod::Rtn : m_gptq->isChecked() ? QuantMethod::Gptq : QuantMethod::Clip;
}
QString QuantizeForm::methodWords() const {
  return method() == QuantMethod::Rtn ? tr("round to nearest") : method() == QuantMethod::Clip ? tr("clip search") : QString::fromUtf8(display_name(method()));
}
ExportTarget QuantizeForm::target() const {
  switch (m_container->currentIndex()) {
    case GptqFolder: return ExportTarget::Gptq;
    case AwqFolder: return ExportTarget::Awq;
    case CompressedFolder: return ExportTarget::CompressedTensors;
    default: return ExportTarget::Gguf;
  }
}
bool QuantizeForm::freeZeros() const { return m_container->currentIndex() == GgufFree; }
const ModelEntry* QuantizeForm::model() const { return m_app.catalog().table().find(m_model->currentData(kPathRole).toString()); }
QString QuantizeForm::textPath() const { return m_text->currentData(kPathRole).toString(); }
QString QuantizeForm::outputPath() const {
  const QString path = m_output->text().trimmed();
  return path.startsWith(QLatin1String("~/")) ? QDir::homePath() + path.mid(1) : path;
}
void QuantizeForm::refuseOutput(const QString& why) { m_outputField->setError(why); }
void QuantizeForm::refuseContainer(const QString& why) { m_containerField->setError(why); }

QuantizeRequest QuantizeForm::request() const {
  QuantizeRequest request;
  request.input = m_model->currentData(kPathRole).toString().toStdString();
  request.spec = {bits(), group(), false};
  request.method = method();
  if (needs_calibration(method())) request.calibration = textPath().toStdString();
  const ModelEntry* entry = model();
  if (entry && entry->summary && target() == ExportTarget::Gguf) request.spec.symmetric = !freeZeros() && symmetricIsSmaller(*entry->summary, request);
  return request;
}

QString QuantizeForm::refusal() const {
  if (!model()) return tr("Choose a model first");
  if (needs_calibration(method()) && textPath().isEmpty()) return tr("%1 needs a text: choose one").arg(QString::fromUtf8(display_name(method())));
  return {};
}

void QuantizeForm::saveState() {
  Settings& settings = m_app.settings();
  settings.setValue(QStringLiteral("page/quantize/bits"), bits());
  settings.setValue(QStringLiteral("page/quantize/group"), group());
  settings.setValue(QStringLiteral("page/quantize/method"), m_rtn->isChecked() ? 0 : m_clip->isChecked() ? 1 : m_gptq->isChecked() ? 2 : 3);
  settings.setValue(QStringLiteral("page/quantize/other"), QString::fromUtf8(to_string(kOthers[m_otherMethod].method)));
  settings.setValue(QStringLiteral("page/quantize/container"), m_container->currentIndex());
  settings.setValue(QStringLiteral("page/quantize/text"), textPath());
}

void QuantizeForm::chooseModel(const QString& path) {
  const int index = m_model->findData(path, kPathRole);
  if (index < 0) return;
  m_modelByHand = true;
  m_model->setCurrentIndex(index);
}

void QuantizeForm::fillModels() {
  const QString current = m_model->currentData(kPathRole).toString();
  const QSignalBlocker block(m_model);
  m_model->clear();
  QList<ModelEntry> full, quantized;
  for (const ModelEntry& entry : m_app.catalog().table().entries()) {
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
  // Until the person chooses: what was chosen on the Models page, or the first.
  const bool anyFull = !full.isEmpty();
  const QString offered = m_app.catalog().offered([&](const ModelEntry& entry) { return entry.state == (anyFull ? ModelState::FullPrecision : ModelState::Quantized); });
  const int index = m_model->findData(m_modelByHand || offered.isEmpty() ? current : offered, kPathRole);
  if (index >= 0) m_model->setCurrentIndex(index);
  if (m_model->currentData(kPathRole).toString() != current) m_outputByHand = false;
  choose();
}

void QuantizeForm::fillTexts() {
  const QString current = m_text->count() ? textPath() : m_app.settings().value(QStringLiteral("page/quantize/text")).toString();
  const QSignalBlocker block(m_text);
  m_text->clear();
  m_text->addItem(tr("None"), QString());
  QStringList known;
  for (const QString& dataset : m_app.project().datasets())
    if (dataset.endsWith(QLatin1String(".txt"))) known << dataset;
  if (!current.isEmpty() && !known.contains(current)) known.prepend(current);
  for (const QString& path : known)
    if (QFileInfo::exists(path)) m_text->addItem(QFileInfo(path).fileName(), path);
  m_text->addItem(tr("Choose a file…"), QString());
  const int index = m_text->findData(current, kPathRole);
  if (index > 0) m_text->setCurrentIndex(index);
}

void QuantizeForm::browseText() {
  const QString path = askToOpen(this, m_app.settings(), Purpose::Text, tr("Choose a text"), tr("Texts (*.txt *.md *.jsonl);;All files (*)"));
  const QSignalBlocker block(m_text);
  if (path.isEmpty()) {
    m_text->setCurrentIndex(0);
    return;
  }
  m_text->insertItem(1, QFileInfo(path).fileName(), path);
  m_text->setCurrentIndex(1);
  m_app.project().addDataset(path);
}

void QuantizeForm::browseOutput() {
  const QString path = QFileDialog::getSaveFileName(this, tr("Save the quantized model"), outputPath(), target() == ExportTarget::Gguf ? tr("GGUF (*.gguf)") : QString());
  if (path.isEmpty()) return;
  m_output->setText(path);
  m_agreed = path;  // the dialog asked
  m_outputByHand = true;
}

// The fourth card is whichever of the other methods was chosen from its list.
void QuantizeForm::openMethods() {
  auto* menu = new QMenu(this);
  menu->setAttribute(Qt::WA_DeleteOnClose);
  for (int i = 0; i < int(std::size(kOthers)); ++i) {
    QAction* action = menu->addAction(QStringLiteral("%1\t%2").arg(QString::fromUtf8(display_name(kOthers[i].method)), tr(kOthers[i].line)));
    action->setCheckable(true);
    action->setChecked(i == m_otherMethod);
    connect(action, &QAction::triggered, this, [this, i] {
      m_otherMethod = i;
      m_other->setChecked(true);
      showMethod();
      choose();
    });
  }
  menu->popup(m_other->mapToGlobal(QPoint(0, m_other->height() + px(2))));
}

void QuantizeForm::showMethod() {
  const bool other = m_other->isChecked();
  const QString title = other ? QString::fromUtf8(display_name(kOthers[m_otherMethod].method)) : tr("More methods");
  m_other->setText(title);
  m_other->setAccessibleName(title);
  m_other->setLine(other ? tr(kOthers[m_otherMethod].line) : tr("AutoRound, AWQ, HQQ and others."));
}

// The types of GGUF that hold the integers, and what cannot be written is not offered.
void QuantizeForm::showContainers() {
  const ModelEntry* entry = model();
  QString small, free;
  if (entry && entry->summary) {
    QuantizeRequest request = this->request();
    if (needs_calibration(request.method) && request.calibration.empty()) request.method = QuantMethod::Clip;
    request.spec.symmetric = symmetricIsSmaller(*entry->summary, request);
    if (const auto forecast = forecast_quantize(*entry->summary, request)) small = QString::fromStdString(forecast->container);
    request.spec.symmetric = false;
    if (const auto forecast = forecast_quantize(*entry->summary, request)) free = QString::fromStdString(forecast->container);
  }
  const bool two = !free.isEmpty() && free != small;
  m_container->setItemText(GgufSmall, small.isEmpty() ? QStringLiteral("GGUF") : QStringLiteral("GGUF %1").arg(small));
  m_container->setItemText(GgufFree, free.isEmpty() ? QStringLiteral("GGUF") : tr("GGUF %1, free zero points").arg(free));
  if (auto* view = qobject_cast<QListView*>(m_container->view())) view->setRowHidden(GgufFree, !two);
  if (auto* items = qobject_cast<QStandardItemModel*>(m_container->model())) {
    items->item(GgufFree)->setEnabled(two);
    items->item(GptqFolder)->setEnabled(bits() != 5 && bits() != 6);
    items->item(AwqFolder)->setEnabled(bits() == 4 && group() != 0);
    items->item(CompressedFolder)->setEnabled(bits() == 4 || bits() == 8);
    if (!items->item(m_container->currentIndex())->isEnabled()) {
      m_container->setCurrentIndex(GgufSmall);
      m_outputByHand = false;
    }
  }
  const QString words[] = {tr("For llama.cpp, Ollama, LM Studio."), tr("Fits a little better; the file is larger."), tr("For vLLM and transformers."), tr("For vLLM and transformers."), tr("For vLLM.")};
  m_containerField->setHelp(words[std::clamp(m_container->currentIndex(), 0, 4)]);
}

QString QuantizeForm::containerName() const {
  const QString text = m_container->currentText();
  return target() == ExportTarget::Gguf && text.contains(QLatin1Char(' ')) ? text.section(QLatin1Char(' '), 1, 1).remove(QLatin1Char(',')) : text;
}

QString QuantizeForm::resultName() const { return QString::fromStdString(stored_type_name(containerName().toStdString(), bits())); }

void QuantizeForm::suggestOutput() {
  const ModelEntry* entry = model();
  if (m_outputByHand || !entry) return;
  QString name = entry->name;
  if (name.endsWith(QLatin1String(".gguf"))) name.chop(5);
  QString suffix;
  switch (target()) {
    case ExportTarget::Gptq: suffix = QStringLiteral("GPTQ-%1bit").arg(bits()); break;
    case ExportTarget::Awq: suffix = QStringLiteral("AWQ-%1bit").arg(bits()); break;
    case ExportTarget::CompressedTensors: suffix = QStringLiteral("W%1A16").arg(bits()); break;
    default: suffix = (containerName() == QLatin1String("GGUF") ? QStringLiteral("W%1").arg(bits()) : resultName().replace(QLatin1String(" in "), QLatin1String("-"))) + QStringLiteral(".gguf");
  }
  const QString path = QDir(QFileInfo(entry->path).absolutePath()).filePath(QStringLiteral("%1.%2").arg(name, suffix));
  m_output->setText(folderText(path));
  m_output->setToolTip(path);
  m_outputField->setError({});
}

void QuantizeForm::choose() {
  static const char* bitWords[] = {QT_TR_NOOP("2 is for the smallest size; tune it afterwards, or it forgets much."), QT_TR_NOOP("3 loses some quality; GPTQ and tuning win much of it back."),
                                   QT_TR_NOOP("4 keeps nearly all of the quality."), QT_TR_NOOP("5 is hard to tell from the original."),
                                   QT_TR_NOOP("6 is as good as the original for most purposes."), QT_TR_NOOP("8 changes nothing that can be measured.")};
  const ModelEntry* entry = model();
  const bool again = entry && entry->state == ModelState::Quantized;  // the words of the bits hold for a source in 16 bits
  m_bitsField->setHelp(again ? tr("%1 bits round it a second time; a model in 16 bits as the source keeps more.").arg(bits()) : tr(bitWords[std::clamp(m_bits->current(), 0, 5)]));
  m_groupField->setHelp(group() == 0    ? tr("One scale for a whole output row: smallest, and least to tune.")
                        : group() == 32 ? tr("One scale for every 32 weights: most precise, and most to tune.")
                                        : tr("One scale for every %1 weights.").arg(group()));
  m_modelField->setHelp(again ? tr("Already quantized: its rounding errors stay. Better take the full-precision model.") : QString());
  m_textField->setHelp(needs_calibration(method()) ? tr("%1 calibrates on it.").arg(QString::fromUtf8(display_name(method()))) : tr("Shows the cost in quality."));
  m_textField->setError(entry && needs_calibration(method()) && textPath().isEmpty() ? tr("%1 needs a text.").arg(QString::fromUtf8(display_name(method()))) : QString());
  m_containerField->setError({});
  showContainers();
  suggestOutput();
  emit changed();
}

}  // namespace scalewright::ui
