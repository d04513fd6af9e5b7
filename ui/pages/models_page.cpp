#include "ui/pages/models_page.h"

#include <QAction>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QVBoxLayout>

#include "engine/core/system.h"
#include "ui/jobs/app_context.h"
#include "ui/main_window.h"
#include "ui/pages/first_start.h"
#include "ui/pages/model_detail.h"
#include "ui/settings/format.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/button.h"
#include "ui/widgets/desktop.h"
#include "ui/widgets/file_dialogs.h"
#include "ui/widgets/icons.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/layout.h"
#include "ui/widgets/page_header.h"
#include "ui/widgets/page_stack.h"
#include "ui/widgets/segmented.h"
#include "ui/widgets/table.h"
#include "ui/widgets/toast.h"

namespace scalewright::ui {
namespace {

QString countWords(int models, int folders) {
  if (models == 0) return ModelsPage::tr("No model that can be used");
  const QString first = models == 1 ? ModelsPage::tr("1 model") : ModelsPage::tr("%1 models").arg(models);
  return folders == 1 ? ModelsPage::tr("%1 in 1 folder").arg(first) : ModelsPage::tr("%1 in %2 folders").arg(first).arg(folders);
}

}  // namespace


ModelsPage::ModelsPage(AppContext& app, QWidget* parent)
    : Page(app, Place::Models, tr("Models"), tr("The model files on this machine, and what can be done with each."), parent) {
  m_scan = new Button(Button::Default, tr("&Scan folder…"), QStringLiteral("folder"));
  m_scan->setHint(tr("Finds every model below a folder"));
  m_open = new Button(Button::Primary, tr("&Open model…"), QStringLiteral("plus"));
  m_open->setHint(tr("Adds a GGUF file or a model folder (Ctrl+O)"));
  header()->addAction(m_scan);
  header()->addAction(m_open);
  connect(m_scan, &Button::clicked, this, &ModelsPage::scanFolder);
  connect(m_open, &Button::clicked, this, &ModelsPage::openModel);

  m_first = new FirstStart;
  connect(m_first, &FirstStart::openClicked, this, &ModelsPage::openModel);
  connect(m_first, &FirstStart::scanClicked, this, &ModelsPage::scanFolder);
  connect(m_first, &FirstStart::sampleClicked, this, &ModelsPage::startSample);
  m_machine = new Banner;
  m_detail = new ModelDetail(app);
  connect(m_detail, &ModelDetail::tuneRequested, this, [this](const QString& path) { send(Place::Tune, page_messages::kUseModel, {{QStringLiteral("path"), path}}); });
  connect(m_detail, &ModelDetail::chatRequested, this, [this](const QString& path) {
    const ModelEntry* entry = this->app().catalog().table().find(path);
    send(Place::Chat, entry && entry->run() ? page_messages::kCompare : page_messages::kUseModel, {{QStringLiteral("path"), path}});
  });
  connect(m_detail, &ModelDetail::exportRequested, this, [this](const QString& path) { send(Place::Export, page_messages::kUseModel, {{QStringLiteral("path"), path}}); });
  connect(m_detail, &ModelDetail::quantizeRequested, this, [this](const QString& path) { send(Place::Quantize, page_messages::kUseModel, {{QStringLiteral("path"), path}}); });
  connect(m_detail, &ModelDetail::removeRequested, this, &ModelsPage::removePath);
  connect(m_detail, &ModelDetail::showFolderRequested, this, [](const QString& path) { Desktop::showInFolder(path); });

  auto* list = buildTable();
  m_panes = hbox({grow(list), m_detail}, 16);
  setScaledWidth(m_detail, 412);
  m_stack = new PageStack;
  m_stack->addWidget(wrap(vbox({grow(m_first), m_machine}, 14)));
  m_stack->addWidget(wrap(m_panes));
  body()->addWidget(m_stack, 1);

  ModelCatalog& catalog = app.catalog();
  connect(&catalog, &ModelCatalog::changed, this, &ModelsPage::catalogChanged);
  connect(&catalog, &ModelCatalog::added, this, [this](const QString& path, const QString& problem) {
    m_select = path;
    catalogChanged();
    if (problem.isEmpty())
      banner()->dismiss();  // of one that was tried before
    else if (const ModelEntry* entry = this->app().catalog().table().find(path)) showProblem(*entry);
  });
  connect(&catalog, &ModelCatalog::nothingFound, this, [this](const QString& folder) {
    m_toldPath.clear();
    banner()->show(Tone::Warn, tr("No model was found in %1").arg(folderText(folder)),
                   tr("Looked for GGUF files and for folders with config.json and safetensors, four levels deep."));
    connect(banner()->addAction(tr("Choose another folder")), &Button::clicked, this, &ModelsPage::scanFolder);
  });
  connect(banner(), &Banner::dismissed, this, [this] {
    m_toldPath.clear();
    currentChanged();
  });
  showMachine();
  catalogChanged();
}

QWidget* ModelsPage::buildTable() {
  m_search = new QLineEdit;
  m_search->setPlaceholderText(tr("Filter by name or family"));
  m_search->setAccessibleName(tr("Filter models"));
  m_search->setToolTip(tr("Shows only models whose name, folder, family or type contains this"));
  m_search->addAction(icon(QStringLiteral("search"), &ThemeTokens::text3), QLineEdit::LeadingPosition);
  m_search->setClearButtonEnabled(true);
  connect(m_search, &QLineEdit::textChanged, this, [this](const QString& text) {
    m_filter.setText(text);
    catalogChanged();
  });
  m_kind = new Segmented({tr("All"), tr("Full"), tr("Quantized"), tr("Tuned")}, 0);
  m_kind->setName(tr("Show"));
  connect(m_kind, &Segmented::chosen, this, [this](int kind) {
    m_filter.setKind(ModelFilterModel::Kind(kind));
    catalogChanged();
  });

  m_filter.setSourceModel(&app().catalog().table());
  m_table = new TableView(46);
  m_table->setModel(&m_filter);
  m_table->setColumns({220, 60, 50, 70, 90}, 0);
  m_table->setFitted();
  m_table->setSortingEnabled(true);
  m_table->horizontalHeader()->setSortIndicatorShown(true);
  m_table->horizontalHeader()->setSortIndicator(-1, Qt::AscendingOrder);
  m_table->setAccessibleName(tr("Models"));
  m_table->restoreState(QStringLiteral("models/table"), app().settings());
  connect(m_table->selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this] {
    currentChanged();
    if (const ModelEntry* entry = currentEntry(); entry && entry->usable() && !m_selecting) app().catalog().choose(entry->path);
  });
  connect(m_table, &TableView::activatedRow, this, [this] {
    if (const ModelEntry* entry = currentEntry(); entry && entry->usable())
      send(entry->state == ModelState::FullPrecision ? Place::Quantize : Place::Tune, page_messages::kUseModel, {{QStringLiteral("path"), entry->path}});
  });
  connect(m_table, &TableView::deletePressed, this, &ModelsPage::removeCurrent);

  m_count = label({}, FontRole::Help, Ink::Text3);
  auto* drop = label(tr("Drop files or folders here to add them"), FontRole::Help, Ink::Text3);
  auto* frame = new QFrame;
  frame->setObjectName(QStringLiteral("card"));
  frame->setLayout(vbox({hbox({grow(m_search), m_kind}, 8, {12, 12, 12, 10}), horizontalLine(), grow(m_table), horizontalLine(),
                         hbox({m_count, fill(), drop}, 8, {14, 8, 14, 9})}, 0));
  setScaledMinimum(frame, 420, 300);
  return frame;
}

void ModelsPage::activate() { app().catalog().refresh(); }
void ModelsPage::refresh() {
  banner()->dismiss();
  app().catalog().refresh();
}
void ModelsPage::primary() { m_stack->currentIndex() == 0 ? startSample() : openModel(); }
QWidget* ModelsPage::firstField() const { return m_stack->currentIndex() == 0 ? static_cast<QWidget*>(m_first->sampleButton()) : m_table; }
void ModelsPage::saveState() { m_table->saveState(QStringLiteral("models/table"), app().settings()); }

void ModelsPage::setNarrow(bool narrow) {
  m_narrow = narrow;
  m_panes->setDirection(narrow ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
  fitPanes();
}
void ModelsPage::resizeEvent(QResizeEvent* event) {
  Page::resizeEvent(event);
  fitPanes();
}
void ModelsPage::fitPanes() {
  m_detail->setMinimumHeight(m_narrow ? px(620) : 0);
  m_narrow ? releaseWidth(m_detail) : setScaledWidth(m_detail, width() > px(1500) ? 560 : 412);
}

void ModelsPage::receive(const PageMessage& message) {
  if (message.what == page_messages::kOpenFile) app().catalog().add(message.values.value(QStringLiteral("paths")).toStringList());
  if (message.what == page_messages::kRefresh) refresh();
  if (message.what == page_messages::kUseModel) {
    m_select = message.values.value(QStringLiteral("path")).toString();
    catalogChanged();
  }
}

const ModelEntry* ModelsPage::currentEntry() const {
  const QModelIndex index = m_table->currentIndex();
  return index.isValid() ? &app().catalog().table().entry(m_filter.mapToSource(index).row()) : nullptr;
}

void ModelsPage::catalogChanged() {
  const ModelTableModel& table = app().catalog().table();
  const bool empty = table.rowCount() == 0;
  m_stack->setCurrentIndex(empty ? 0 : 1);
  // The first start has them in its middle: none changes its place when the last model goes.
  header()->setActions(empty ? QList<QWidget*>{} : QList<QWidget*>{m_scan, m_open});
  const int shown = m_filter.rowCount(), all = table.rowCount();
  m_count->setText(shown == all ? countWords(app().catalog().usableCount(), app().catalog().folderCount()) : tr("%1 of %2 models").arg(shown).arg(all));
  m_selecting = true;
  if (!m_select.isEmpty()) {
    const int row = table.rowOf(m_select);
    if (row >= 0) {
      const QModelIndex index = m_filter.mapFromSource(table.index(row, 0));
      if (index.isValid()) {
        m_table->setCurrentIndex(index);
        m_table->scrollTo(index);
        m_select.clear();
      }
    }
  }
  if (!m_table->currentIndex().isValid() && shown > 0) m_table->setCurrentIndex(m_filter.index(0, 0));
  m_selecting = false;
  currentChanged();
}

void ModelsPage::currentChanged() {
  const ModelEntry* entry = currentEntry();
  m_detail->setProblemTold(entry && entry->path == m_toldPath);
  entry ? m_detail->showEntry(*entry) : m_detail->showNothing();
}

void ModelsPage::showProblem(const ModelEntry& entry) {
  banner()->show(Tone::Danger, entry.state == ModelState::Incomplete ? tr("%1 is incomplete").arg(entry.name) : tr("%1 cannot be used").arg(entry.name), entry.problem);
  connect(banner()->addAction(tr("Choose another file")), &Button::clicked, this, &ModelsPage::openModel);
  connect(banner()->addAction(tr("Remove from list"), true), &Button::clicked, this, [this, path = entry.path] {
    banner()->dismiss();
    removePath(path);
  });
  m_toldPath = entry.path;
  currentChanged();
}

void ModelsPage::showMachine() {
  const MemoryStatus memory = memory_status();
  // What tuning needs a parameter, roughly: codes, scales with their optimizer, activations. Rounded down to usual sizes.
  const double possible = double(memory.available_bytes) / 2.4e9;
  double size = 0.1;
  for (double known : {0.1, 0.3, 0.5, 1.0, 1.5, 3.0, 7.0, 13.0, 30.0, 70.0})
    if (known <= possible) size = known;
  const QString words = size < 1 ? tr("%1 million").arg(int(size * 1000)) : tr("%1 billion").arg(QLocale().toString(size, 'g', 2));
  m_machine->show(Tone::Info, tr("This machine can tune models of up to %1 parameters").arg(words),
                  tr("%1, %2 of memory free. %3 Nothing leaves this machine.").arg(app().engine().deviceText(), bytesText(memory.available_bytes), app().engine().deviceReason()),
                  false);
  connect(m_machine->addAction(tr("Details"), true), &Button::clicked, this, [this] { send(Place::Settings, page_messages::kRefresh); });
}

void ModelsPage::openModel() {
  const QStringList files = askToOpenMany(this, app().settings(), Purpose::Model, tr("Open a model"), tr("Models (*.gguf *.safetensors config.json);;All files (*)"));
  if (files.isEmpty()) return;
  banner()->dismiss();
  app().catalog().add(files);
}

void ModelsPage::scanFolder() {
  const QString folder = askForFolder(this, app().settings(), Purpose::Model, tr("Scan a folder for models"));
  if (folder.isEmpty()) return;
  banner()->dismiss();
  app().catalog().add({folder});
}

void ModelsPage::startSample() {
  const auto model = sample_model_path();
  const auto dataset = sample_dataset_path(false);
  std::error_code error;
  if (!std::filesystem::exists(model, error)) {
    m_toldPath.clear();
    banner()->show(Tone::Warn, tr("The sample model is not on this machine yet"),
                   tr("The set-up puts it at %1. Run the set-up script again, or open any model of your own.").arg(folderText(QString::fromStdString(model.string()))));
    connect(banner()->addAction(tr("Open model…")), &Button::clicked, this, &ModelsPage::openModel);
    return;
  }
  QString problem;
  if (!app().project().ensureOpen(&problem)) return showError(tr("No project could be made"), problem);
  const QString path = QString::fromStdString(model.string());
  app().catalog().add({path});
  app().project().addDataset(QString::fromStdString(dataset.string()));
  send(Place::Tune, page_messages::kSample, {{QStringLiteral("path"), path}, {QStringLiteral("data"), QString::fromStdString(dataset.string())}});
}

void ModelsPage::removeCurrent() {
  if (const ModelEntry* entry = currentEntry()) removePath(entry->path);
}
void ModelsPage::removePath(const QString& path) {
  const ModelEntry* entry = app().catalog().table().find(path);
  if (!entry) return;
  const QString name = entry->name;
  m_removed = path;
  app().catalog().remove(path);
  if (auto* window = qobject_cast<MainWindow*>(this->window()))
    window->toast()->show(tr("%1 was removed from the list; the file stays").arg(name), tr("Undo"), [this] { undo(); });
}
bool ModelsPage::undo() {
  if (m_removed.isEmpty()) return false;
  m_select = m_removed;
  app().catalog().restore(m_removed);
  app().catalog().refresh();
  m_removed.clear();
  return true;
}

}  // namespace scalewright::ui
