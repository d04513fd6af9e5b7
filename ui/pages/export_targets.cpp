#include "ui/pages/export_targets.h"

#include <QButtonGroup>
#include <QCheckBox>
#include <QComboBox>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QLineEdit>
#include <utility>

#include "ui/jobs/app_context.h"
#include "ui/jobs/engine_words.h"
#include "ui/jobs/export_reasons.h"
#include "ui/settings/format.h"
#include "ui/widgets/button.h"
#include "ui/widgets/combo.h"
#include "ui/widgets/file_dialogs.h"
#include "ui/widgets/form_field.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/option_card.h"
#include "ui/widgets/path_edit.h"

namespace scalewright::ui {
namespace {

// What stands for a dialog in the list of models.
const QString kFile = QStringLiteral("?file"), kFolder = QStringLiteral("?folder");

QString targetTitle(ExportTarget target) {
  switch (target) {
    case ExportTarget::Gguf: return QStringLiteral("GGUF");
    case ExportTarget::Pack: return ExportTargets::tr("Scale pack");
    case ExportTarget::Safetensors: return ExportTargets::tr("Full precision, safetensors");
    case ExportTarget::Gptq: return QStringLiteral("GPTQ");
    case ExportTarget::Awq: return QStringLiteral("AWQ");
    case ExportTarget::CompressedTensors: return QStringLiteral("compressed-tensors");
  }
  return {};
}

}  // namespace

ExportTargets::ExportTargets(AppContext& app, QWidget* parent) : Card({}, {}, parent), m_app(app) {
  m_model = new Combo;
  m_model->setToolTip(tr("The model or the tuned run to write"));
  m_model->setPlaceholderText(tr("Choose a model"));
  setFontRole(m_model, FontRole::Label);
  connect(m_model, &QComboBox::activated, this, [this](int index) {
    const QString path = m_model->itemData(index).toString();
    if (path == kFile || path == kFolder) return browseModel(path == kFolder);
    takeModel(path);
    m_chosenAt = QDateTime::currentDateTime();
    emit modelChosen();
  });
  auto* explain = label(tr("Exact: the same numbers. Rounds: the check says by how much."), FontRole::Help, Ink::Text3, true);
  add({new FormField(tr("&Model"), m_model), explain, gap(2)});
  setAccessibleName(tr("Target"));
  setScaledSpacing(body(), 4);
  m_group = new QButtonGroup(this);
  for (int i = 0; i < int(std::size(kExportTargets)); ++i) {
    auto* card = new OptionCard(targetTitle(kExportTargets[i]), QString());
    card->setChipAtRight(true);
    card->setRoomForLine(true);
    m_group->addButton(card, i);
    m_cards << card;
    body()->addWidget(card);
  }
  m_cards.first()->setChecked(true);
  connect(m_group, &QButtonGroup::idToggled, this, [this](int, bool on) {
    if (!on || !chosen()) return;
    m_outputByHand = false;
    suggestOutput();
    emit targetChosen();
  });
  m_output = new PathEdit;
  m_output->setToolTip(tr("Where the file or folder is written"));
  connect(m_output, &QLineEdit::textEdited, this, [this] {
    m_outputByHand = true;
    m_outputField->setError({});
  });
  auto* browseButton = new Button(Button::Square, tr("Choose where to save"), QStringLiteral("folder"));
  connect(browseButton, &Button::clicked, this, &ExportTargets::browse);
  auto* row = wrap(hbox({grow(m_output), browseButton}, 6));
  row->setFocusProxy(m_output);
  m_outputField = new FormField(tr("Sa&ve as"), row);
  m_modelfile = new QCheckBox(tr("Write an &Ollama Modelfile beside it"));
  m_modelfile->setToolTip(tr("A small text file, so that \"ollama create\" knows the file and where answers end"));
  m_modelfile->setChecked(true);
  add({gap(2), m_outputField, m_modelfile, fill()});
}

QWidget* ExportTargets::firstField() const { return m_model; }
QWidget* ExportTargets::outputField() const { return m_outputField; }
QWidget* ExportTargets::modelfileField() const { return m_modelfile; }
const ModelEntry* ExportTargets::model() const {
  const ModelEntry* entry = m_app.catalog().table().find(m_current);
  return entry && entry->usable() ? entry : nullptr;
}
bool ExportTargets::hasModels() const { return m_model->findData(kFile) > 0; }
ExportTarget ExportTargets::target() const { return kExportTargets[std::clamp(m_group->checkedId(), 0, int(std::size(kExportTargets)) - 1)]; }
const TargetCheck* ExportTargets::chosen() const {
  const int index = m_group->checkedId();
  return index >= 0 && size_t(index) < m_choices.targets.size() ? &m_choices.targets[size_t(index)] : nullptr;
}
QString ExportTargets::title() const { return m_cards.value(m_group->checkedId(), m_cards.first())->text(); }
void ExportTargets::refuseOutput(const QString& why) { m_outputField->setError(why); }
QString ExportTargets::output() const {
  const QString path = m_output->text().trimmed();
  return path.startsWith(QLatin1String("~/")) ? QDir::homePath() + path.mid(1) : path;
}
QString ExportTargets::modelfile() const {
  return target() == ExportTarget::Gguf && m_modelfile->isChecked() ? QString::fromStdString(ollamaModelfileOf(output().toStdString()).string()) : QString();
}

void ExportTargets::keepModel() { m_chosenAt = QDateTime::currentDateTime(); }

bool ExportTargets::chooseModel(const QString& path) {
  m_chosenAt = QDateTime::currentDateTime();
  const int index = m_model->findData(path);
  if (index >= 0) {
    m_wanted.clear();
    m_model->setCurrentIndex(index);
    takeModel(path);
    return true;
  }
  // Made or found a moment ago: it comes with the next reading.
  m_wanted = path;
  m_app.catalog().add({path});
  return false;
}

void ExportTargets::takeModel(const QString& path) {
  m_current = path;
  m_outputByHand = false;
  m_agreed.clear();
}

void ExportTargets::browseModel(bool folder) {
  QString path = folder ? askForFolder(this, m_app.settings(), Purpose::Model, tr("Choose a model's folder or a run"))
                        : askToOpen(this, m_app.settings(), Purpose::Model, tr("Choose a model"), tr("Models (*.gguf *.safetensors)"));
  if (path.endsWith(QLatin1String(".safetensors"))) path = QFileInfo(path).path();
  m_model->setCurrentIndex(m_model->findData(m_current));
  if (!path.isEmpty() && chooseModel(path)) emit modelChosen();
}

void ExportTargets::fillModels() {
  QStringList names, paths;
  for (const bool tuned : {true, false})
    for (const ModelEntry& entry : m_app.catalog().table().entries())
      if (entry.usable() && entry.run() == tuned) {
        names << tr("%1  ·  %2").arg(entry.name, entry.run() ? tr("tuned, %1").arg(entry.type) : entry.type);
        paths << entry.path;
      }
  names = distinctNames(names, paths);
  m_model->clear();
  for (qsizetype i = 0; i < paths.size(); ++i) m_model->addItem(names[i], paths[i]);
  m_model->addItem(tr("Choose a file…"), kFile);
  m_model->addItem(tr("Choose a folder…"), kFolder);
  // A run that ended since the last look is what a person comes for.
  QDateTime newest = m_newestRun;
  QString run;
  for (const QString& path : paths) {
    const ModelEntry* entry = m_app.catalog().table().find(path);
    if (!entry || !entry->run()) continue;
    const QDateTime learned = QFileInfo(path + QStringLiteral("/tuned.safetensors")).lastModified();
    if (learned.isValid() && (!newest.isValid() || learned > newest) && (!m_chosenAt.isValid() || learned > m_chosenAt)) {
      newest = learned;
      run = path;
    }
  }
  m_newestRun = newest;
  if (!run.isEmpty()) takeModel(run);
  if (paths.contains(m_wanted)) takeModel(std::exchange(m_wanted, {}));
  // Until the person chooses or a run ends: what was chosen on the Models page, or the first.
  const QString offered = m_app.catalog().offered([](const ModelEntry&) { return true; });
  if (run.isEmpty() && !m_chosenAt.isValid() && offered != m_offered && paths.contains(offered)) takeModel(offered);
  m_offered = offered;
  // The first while nothing was chosen yet. What is gone leaves nothing chosen until it is back or the person chooses.
  if (m_current.isEmpty() || paths.isEmpty()) takeModel(paths.value(0));
  m_model->setCurrentIndex(m_current.isEmpty() ? -1 : m_model->findData(m_current));
  if (!model()) m_outputByHand = false;
}

void ExportTargets::clearChoices() {
  m_choices = {};
  for (int i = 0; i < m_cards.size(); ++i) {
    m_cards[i]->setEnabled(false);
    m_cards[i]->setText(targetTitle(kExportTargets[i]));
    m_cards[i]->setChip({}, Tone::Neutral);
    m_cards[i]->setLine(QString());
    m_cards[i]->setToolTip(QString());
  }
  if (m_outputByHand) return;
  m_output->clear();
  m_output->setToolTip(tr("Where the file or folder is written"));
  m_outputField->setError({});
}

void ExportTargets::showChoices(const ExportChoices& choices) {
  m_choices = choices;
  int first = -1;
  for (int i = 0; i < m_cards.size(); ++i) {
    const TargetCheck& entry = m_choices.targets[size_t(i)];
    OptionCard* card = m_cards[i];
    card->setEnabled(entry.check.has_value());
    if (!entry.check) {
      card->setText(targetTitle(entry.target));
      card->setLine(plainReason(entry.target, entry.refusal));
      card->setToolTip(inWords(entry.refusal));
      card->setChip(tr("Not possible"), Tone::Neutral);
      continue;
    }
    if (first < 0) first = i;
    const ExportCheck& check = *entry.check;
    QStringList opens;
    for (const std::string& name : check.opens_in) opens << QString::fromStdString(name);
    const QString container = QString::fromStdString(check.container);
    const bool named = entry.target == ExportTarget::Gptq || entry.target == ExportTarget::Awq;
    card->setText(container.isEmpty() ? targetTitle(entry.target) : entry.target == ExportTarget::Gguf ? QStringLiteral("GGUF %1").arg(container) : named ? inWords(check.container) : targetTitle(entry.target));
    card->setLine(tr("%1; %2").arg(opens.join(QStringLiteral(", ")), bytesText(check.bytes)));
    card->setToolTip(inWords(check.explanation));
    card->setChip(check.exact ? tr("Exact") : tr("Rounds"), check.exact ? Tone::Ok : entry.target == ExportTarget::Safetensors ? Tone::Info : Tone::Warn);
  }
  const int current = m_group->checkedId();
  {
    const QSignalBlocker block(m_group);
    if (first >= 0 && (current < 0 || !m_cards[current]->isEnabled())) m_cards[first]->setChecked(true);
  }
  suggestOutput();
  emit targetChosen();
}

void ExportTargets::suggestOutput() {
  m_modelfile->setVisible(target() == ExportTarget::Gguf);
  const ModelEntry* entry = model();
  const TargetCheck* check = chosen();
  if (m_outputByHand || !entry || !check) return;
  QString name = entry->run() ? fileNameText(entry->name) : entry->name;
  if (name.endsWith(QLatin1String(".gguf"))) name.chop(5);
  const QString type = check->check ? QString::fromStdString(check->check->container).section(QLatin1Char(','), 0, 0) : QString();
  QString suffix;
  switch (target()) {
    case ExportTarget::Gguf: suffix = (type.isEmpty() || name.endsWith(type) ? QString() : QLatin1Char('.') + QString(type).replace(QLatin1Char(' '), QLatin1Char('-'))) + QStringLiteral(".gguf"); break;
    case ExportTarget::Pack: suffix = QStringLiteral(".pack.safetensors"); break;
    case ExportTarget::Safetensors: suffix = QStringLiteral("-F16"); break;
    case ExportTarget::Gptq: suffix = QStringLiteral("-GPTQ"); break;
    case ExportTarget::Awq: suffix = QStringLiteral("-AWQ"); break;
    case ExportTarget::CompressedTensors: suffix = QStringLiteral("-compressed-tensors"); break;
  }
  const QString home = m_app.project().isOpen() ? m_app.project().folder() : QFileInfo(entry->path).absolutePath();
  const QDir folder(m_app.settings().value(QStringLiteral("page/export/folder"), home).toString());
  QString path = folder.filePath(name + suffix);
  if (QFileInfo(path).absoluteFilePath() == QFileInfo(entry->path).absoluteFilePath()) path = folder.filePath(name + QStringLiteral("-copy") + suffix);
  m_output->setText(folderText(path));
  m_output->setToolTip(path);
  m_outputField->setError({});
}

void ExportTargets::browse() {
  const bool gguf = target() == ExportTarget::Gguf, pack = target() == ExportTarget::Pack;
  const QString path = QFileDialog::getSaveFileName(this, tr("Export as"), output(), gguf ? tr("GGUF (*.gguf)") : pack ? tr("Scale pack (*.safetensors)") : QString());
  if (path.isEmpty()) return;
  m_output->setText(path);
  m_agreed = path;  // the dialog asked
  m_outputByHand = true;
  m_app.settings().setValue(QStringLiteral("page/export/folder"), QFileInfo(path).absolutePath());
}

}  // namespace scalewright::ui
