#include "ui/pages/settings_page.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDir>
#include <QLabel>
#include <QListWidget>
#include <QSpinBox>
#include <QStandardPaths>
#include <QVBoxLayout>
#include <cmath>

#include "engine/core/system.h"
#include "ui/jobs/app_context.h"
#include "ui/main_window.h"
#include "ui/settings/format.h"
#include "ui/settings/language.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/combo.h"
#include "ui/widgets/desktop.h"
#include "ui/widgets/facts_grid.h"
#include "ui/widgets/file_dialogs.h"
#include "ui/widgets/form_field.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/layout.h"
#include "ui/widgets/segmented.h"
#include "ui/widgets/toast.h"
#include "ui/widgets/value_slider.h"

namespace scalewright::ui {
namespace {

constexpr const char* kDevices[] = {"auto", "cpu", "cuda", "cuda:all"};  // as they are offered

// A settings row: label at the left, control flush right.
QHBoxLayout* settingsRow(const QString& text, QWidget* control) {
  auto* name = label(text, FontRole::Body, Ink::Text2);
  name->setBuddy(control);
  return hbox({name, ui::fill(), control}, 12);
}

}  // namespace

SettingsPage::SettingsPage(AppContext& app, QWidget* parent)
    : Page(app, Place::Settings, tr("Settings"), tr("How it looks, what it may use, and where things lie. Nothing leaves this machine."), parent) {
  auto* left = vbox({buildLook(), buildJobs(), ui::fill()}, 16);
  auto* right = vbox({buildMachine(), buildFolders(), ui::fill()}, 16);
  m_panes = hbox({grow(left), grow(right)}, 16);
  auto* panes = wrap(m_panes);
  setScaledMaximumWidth(panes, 1180);
  body()->addWidget(panes);
  body()->addStretch(1);
  connect(&app.settings(), &Settings::changed, this, [this] { showSettings(); });
  showSettings();
}

QWidget* SettingsPage::buildLook() {
  Settings& settings = app().settings();
  m_theme = new Segmented({tr("Follow system"), tr("Light"), tr("Dark")}, 0);
  m_theme->setName(tr("Theme"));
  connect(m_theme, &Segmented::chosen, this, [&settings](int index) { settings.setThemeMode(index == 1 ? ThemeMode::Light : index == 2 ? ThemeMode::Dark : ThemeMode::System); });
  m_scale = new ValueSlider(tr("Text size"), 0.8, 2.0, 0.05, 2, 1.0);
  // Applied when the person pauses, not at every step of the drag.
  connect(m_scale, &ValueSlider::valueChanged, this, [this](double value) {
    QMetaObject::invokeMethod(this, [this, value] { if (std::abs(m_scale->value() - value) < 1e-9) app().settings().setFontScale(value); }, Qt::QueuedConnection);
  });
  m_language = new Combo;
  m_language->setToolTip(tr("The language of the window"));
  m_language->setAccessibleName(tr("Language"));
  m_language->setSizeAdjustPolicy(QComboBox::AdjustToContents);
  m_language->setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
  m_language->addItem(tr("As the system"), QString());
  for (const QString& code : Language::available()) m_language->addItem(Language::nameOf(code), code);
  m_languageNote = label(tr("Used from the next start."), FontRole::Help, Ink::Text3);
  m_languageNote->hide();
  connect(m_language, &QComboBox::activated, this, [this](int index) {
    app().settings().setLanguage(m_language->itemData(index).toString());
    m_languageNote->show();
  });
  auto* card = new Card(tr("Look"));
  card->add({settingsRow(tr("&Theme"), m_theme), horizontalLine(), m_scale, horizontalLine(), settingsRow(tr("&Language"), m_language), m_languageNote});
  setScaledSpacing(card->body(), 12);
  return card;
}

QWidget* SettingsPage::buildJobs() {
  m_notify = new QCheckBox(tr("&Notify me when a long job ends"));
  m_notify->setToolTip(tr("By the desktop's notifications, when this window is not in front"));
  connect(m_notify, &QCheckBox::toggled, this, [this](bool on) { app().settings().setNotifyWhenDone(on); });
  auto* card = new Card(tr("While jobs run"));
  card->add({m_notify});
  return card;
}

QWidget* SettingsPage::buildMachine() {
  m_machineFacts = new FactsGrid(1, 7);
  m_reason = label({}, FontRole::Help, Ink::Text3, true);
  m_device = new Segmented({tr("Automatic"), tr("CPU"), tr("GPU")}, 0);
  m_device->setName(tr("Device"));
  m_device->setChoiceHint(2, tr("An NVIDIA GPU, where this build and this machine have one"));
  connect(m_device, &Segmented::chosen, this, [this](int index) {
    app().settings().setDevice(QString::fromLatin1(kDevices[index]));
  });
  m_threads = new QSpinBox;
  m_threads->setRange(1, std::max(1, processor_count()));
  m_threads->setToolTip(tr("Processor threads that jobs use"));
  m_threads->setAccessibleName(tr("Threads"));
  m_allThreads = new QCheckBox(tr("&As many as are useful"));
  m_allThreads->setToolTip(tr("One for each physical core"));
  connect(m_allThreads, &QCheckBox::toggled, this, [this](bool all) {
    m_threads->setEnabled(!all);
    app().settings().setThreads(all ? 0 : m_threads->value());
  });
  connect(m_threads, &QSpinBox::valueChanged, this, [this](int value) {
    if (!m_allThreads->isChecked()) app().settings().setThreads(value);
  });
  auto* threads = label(tr("T&hreads"), FontRole::Body, Ink::Text2);
  threads->setBuddy(m_threads);
  auto* card = new Card(tr("Machine"));
  card->add({m_machineFacts, horizontalLine(), settingsRow(tr("&Device"), m_device), m_reason, hbox({threads, ui::fill(), m_allThreads, m_threads}, 12)});
  setScaledSpacing(card->body(), 12);
  return card;
}

QWidget* SettingsPage::buildFolders() {
  m_folderFacts = new FactsGrid(1, 7);
  m_folders = new QListWidget;
  m_folders->setAccessibleName(tr("Folders that are scanned for models"));
  m_folders->setToolTip(tr("Folders that are scanned for models"));
  m_folders->setTextElideMode(Qt::ElideMiddle);
  m_folders->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setScaledHeight(m_folders, 80);
  auto* add = new Button(Button::Quiet, tr("Add folder…"), QStringLiteral("plus"));
  m_removeFolder = new Button(Button::Quiet, tr("Remove"), QStringLiteral("close"));
  m_removeFolder->setHint(tr("Stops scanning this folder; its files stay"));
  connect(add, &Button::clicked, this, [this] {
    const QString folder = askForFolder(this, app().settings(), Purpose::Model, tr("Scan a folder for models"));
    if (!folder.isEmpty()) app().catalog().add({folder});
  });
  connect(m_removeFolder, &Button::clicked, this, [this] {
    QListWidgetItem* item = m_folders->currentItem();
    if (!item) return;
    const QString folder = item->data(Qt::UserRole).toString();
    QStringList folders = app().settings().modelFolders();
    folders.removeAll(folder);
    app().settings().setModelFolders(folders);
    app().catalog().refresh();
    if (auto* window = qobject_cast<MainWindow*>(this->window()))
      window->toast()->show(tr("%1 is not scanned any more").arg(folderText(folder)), tr("Undo"), [this, folder] { app().catalog().add({folder}); });
  });
  connect(m_folders, &QListWidget::currentRowChanged, this, [this](int row) { m_removeFolder->setRefusal(row < 0 ? tr("Choose a folder first") : QString()); });
  auto* show = new Button(Button::Quiet, tr("Show"), QStringLiteral("folder"));
  show->setHint(tr("Shows the folder with history and sample in the file manager"));
  connect(show, &Button::clicked, this, [] { Desktop::showInFolder(QString::fromStdString(data_folder().string())); });
  auto* card = new Card(tr("Folders"));
  card->addTool(show);
  auto* frame = sunkenFrame(vbox({m_folders}, 0, {6, 6, 6, 6}));
  card->add({m_folderFacts, horizontalLine(), hbox({label(tr("Scanned for models"), FontRole::Strong), ui::fill(), add, m_removeFolder}, 4), frame});
  setScaledSpacing(card->body(), 10);
  return card;
}

void SettingsPage::activate() {
  showSettings();
  askDevice();
}
QWidget* SettingsPage::firstField() const { return m_language; }
void SettingsPage::setNarrow(bool narrow) { m_panes->setDirection(narrow ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight); }

void SettingsPage::showSettings() {
  Settings& settings = app().settings();
  m_theme->setCurrent(settings.themeMode() == ThemeMode::Light ? 1 : settings.themeMode() == ThemeMode::Dark ? 2 : 0);
  if (std::abs(m_scale->value() - settings.fontScale()) > 0.024) m_scale->setValue(settings.fontScale());
  m_language->setCurrentIndex(std::max(0, m_language->findData(settings.language())));
  const auto device = std::find(std::begin(kDevices), std::end(kDevices), settings.device()) - std::begin(kDevices);
  // All cards are a choice where there are several; and what was chosen stays to be seen.
  if (!m_severalCards && (app().engine().cards() > 1 || settings.device() == QLatin1String("cuda:all"))) {
    m_severalCards = true;
    // Later: the choice that was clicked goes with the others.
    QMetaObject::invokeMethod(this, [this] {
      m_device->setChoices({tr("Automatic"), tr("CPU"), tr("GPU"), tr("All GPUs")}, m_device->current());
      m_device->setName(tr("Device"));
      m_device->setChoiceHint(3, tr("The GPUs of this machine share the steps of a tuning run"));
      showSettings();
    }, Qt::QueuedConnection);
  }
  m_device->setCurrent(int(device));
  {
    const QSignalBlocker blockThreads(m_threads), blockAll(m_allThreads);
    m_allThreads->setChecked(settings.threads() == 0);
    m_threads->setEnabled(settings.threads() != 0);
    m_threads->setValue(settings.threads() == 0 ? m_threads->maximum() : settings.threads());
  }
  {
    const QSignalBlocker block(m_notify);
    m_notify->setChecked(settings.notifyWhenDone());
  }
  const EngineHost& engine = app().engine();
  const MemoryStatus memory = memory_status();
  QList<FactsGrid::Fact> facts = {{tr("Processor"), QString::fromStdString(cpu_name())},
                                  {tr("Used as"), engine.deviceText()},
                                  {tr("Memory"), tr("%1, %2 free").arg(bytesText(memory.total_bytes), bytesText(memory.available_bytes))}};
  if (const auto card = engine.deviceMemory())
    facts.append({tr("Memory of the card"), tr("%1, %2 free").arg(bytesText(card->total_bytes), bytesText(card->left_bytes())), QString::fromStdString(card->name)});
  if (const auto card = engine.deviceMemory(); card && card->offloaded_bytes > 0)
    facts.append({tr("Beside the card"), bytesText(card->offloaded_bytes), tr("Weights that found no room on the card; they come from this machine's memory as they are needed")});
  facts.append({tr("Held by open models"), bytesText(engine.heldBytes())});
  m_machineFacts->setFacts(facts);
  m_reason->setText(engine.deviceReason());
  // What is chosen can be left, also where it cannot be used.
  const bool card = engine.noGpu().isEmpty() || settings.device().startsWith(QLatin1String("cuda"));
  m_device->setChoiceEnabled(2, card, engine.noGpu());
  if (card) m_device->setChoiceHint(2, tr("An NVIDIA GPU, where this build and this machine have one"));
  const QString history = QString::fromStdString(data_folder().string());
  m_folderFacts->setFacts({{tr("Project"), app().project().isOpen() ? folderText(app().project().folder()) : tr("none yet"), app().project().folder()},
                           {tr("History and sample"), folderText(history), history},
                           {tr("Settings"), folderText(settings.file()), settings.file()},
                           {tr("Free on disk"), bytesText(free_disk_bytes(history.toStdString()))}});
  QStringList shown;
  for (int i = 0; i < m_folders->count(); ++i) shown << m_folders->item(i)->data(Qt::UserRole).toString();
  if (shown != settings.modelFolders()) {
    m_folders->clear();
    for (const QString& folder : settings.modelFolders()) {
      auto* item = new QListWidgetItem(folderText(folder), m_folders);
      item->setData(Qt::UserRole, folder);
      item->setToolTip(folder);
    }
  }
  m_removeFolder->setRefusal(m_folders->currentRow() < 0 ? tr("Choose a folder first") : QString());
}

// Whether there is a card, and what is faster: measured the first time, off the UI thread.
void SettingsPage::askDevice() {
  app().jobs().run<bool>(
      tr("Looking at the device"), Place::None,
      [engine = &app().engine()](JobContext&) -> Result<bool> {
        engine->askDevice();
        return true;
      },
      this, [this](Result<bool>) { showSettings(); }, Lane::Quick);
}

}  // namespace scalewright::ui
