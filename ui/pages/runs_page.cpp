#include "ui/pages/runs_page.h"

#include <QDialog>
#include <QDialogButtonBox>
#include <QDir>
#include <QDirIterator>
#include <QFileInfo>
#include <QLineEdit>
#include <QMessageBox>
#include <QPlainTextEdit>
#include <QPushButton>
#include <chrono>
#include <cmath>
#include <utility>

#include "engine/tune/run_folder.h"
#include "ui/jobs/app_context.h"
#include "ui/jobs/engine_words.h"
#include "ui/main_window.h"
#include "ui/models/run_report.h"
#include "ui/pages/run_charts.h"
#include "ui/pages/score_dialog.h"
#include "ui/settings/format.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/chart.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/desktop.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/file_dialogs.h"
#include "ui/widgets/flow_layout.h"
#include "ui/widgets/icons.h"
#include "ui/widgets/layout.h"
#include "ui/widgets/page_header.h"
#include "ui/widgets/segmented.h"
#include "ui/widgets/table.h"
#include "ui/widgets/toast.h"

namespace scalewright::ui {
namespace {

struct History {
  std::vector<RunRow> runs;
  RunTableModel::Scores scores;
  QHash<qint64, double> seconds;
  std::string warning;
};

constexpr auto kRefresh = std::chrono::seconds(2);  // while a run goes on
constexpr qsizetype kFewPoints = 20;  // so many are shown one by one: a line alone says nothing of what was measured

quint64 bytesOf(const QString& folder) {
  quint64 bytes = 0;
  for (QDirIterator it(folder, QDir::Files | QDir::Hidden, QDirIterator::Subdirectories); it.hasNext();) bytes += quint64(it.nextFileInfo().size());
  return bytes;
}

}  // namespace

RunsPage::RunsPage(AppContext& app, QWidget* parent) : Page(app, Place::Runs, tr("Runs"), tr("Every run ever made here: compare, resume, annotate, report."), parent) {
  m_report = new Button(Button::Default, tr("Report…"), QStringLiteral("file"));
  m_report->setHint(tr("A page with the recipe, the curves and the figures of this run, as HTML or PDF"));
  m_chat = new Button(Button::Primary, tr("Chat with it"), QStringLiteral("chat"));
  m_export = new Button(Button::Default, tr("Export…"), QStringLiteral("export"));
  m_export->setHint(tr("Writes what it learned as a file for other programs"));
  header()->setActions({m_report, m_export, m_chat});

  m_what = new Segmented({tr("Loss"), tr("Validation"), tr("Rate")});
  m_what->setName(tr("Curve"));
  m_saveChart = new Button(Button::Icon, tr("Save the chart as PNG, SVG or CSV"), QStringLiteral("save"));
  m_chart = new Chart;
  m_chart->setEmptyText(tr("Check runs below to compare them"));
  m_chart->setBoxTitle([](double x) { return RunsPage::tr("Step %1").arg(std::lround(x)); });
  m_chartCard = new Card(tr("Loss"), tr("smoothed"));
  m_chartCard->addTool(m_what);
  m_chartCard->addTool(m_saveChart);
  m_chartCard->add({grow(m_chart)});
  m_recipeTable = new TableView(28);
  m_recipeTable->setModel(&m_recipes);
  m_recipeTable->setSelectionMode(QAbstractItemView::NoSelection);
  m_recipeTable->setFitted(1);
  m_recipeTable->setAccessibleName(tr("Recipes of the compared runs"));
  m_recipeCard = new Card(tr("Recipe"), tr("differences in bold"));
  m_recipeCard->setBodyMargins(0, 0, 0, 8);
  m_recipeCard->add({grow(m_recipeTable)});

  m_filter = new QLineEdit;
  m_filter->setPlaceholderText(tr("Filter runs"));
  m_filter->setToolTip(tr("Shows only runs whose name contains this"));
  m_filter->addAction(icon(QStringLiteral("search"), &ThemeTokens::text3), QLineEdit::LeadingPosition);
  m_filter->setClearButtonEnabled(true);
  m_filter->setAccessibleName(tr("Filter runs"));
  setScaledWidth(m_filter, 220);
  m_compared = new Chip;
  m_resume = new Button(Button::Quiet, tr("Resume"), QStringLiteral("play"));
  m_score = new Button(Button::Quiet, tr("Score…"), QStringLiteral("check"));
  m_score->setHint(tr("How many answers are right, beside those of the original: on the rows held back, or on a file"));
  m_rename = new Button(Button::Quiet, tr("Rename"), QStringLiteral("edit"));
  m_rename->setHint(tr("Gives the run another name (F2)"));
  m_notes = new Button(Button::Quiet, tr("Notes…"), QStringLiteral("note"));
  m_delete = new Button(Button::Quiet, tr("Delete"), QStringLiteral("trash"));
  m_proxy.setSourceModel(&m_runs);
  m_proxy.setFilterCaseSensitivity(Qt::CaseInsensitive);
  m_proxy.setFilterKeyColumn(RunTableModel::Name);
  m_proxy.setSortRole(SortRole);
  m_table = new TableView(46);
  m_table->setModel(&m_proxy);
  m_table->setSortingEnabled(true);
  m_table->sortByColumn(RunTableModel::Started, Qt::DescendingOrder);
  m_table->setColumns({340, 100, 110, 120, 120, 100, 120}, RunTableModel::Name);
  m_table->setFitted();
  m_table->setAccessibleName(tr("Runs"));
  m_tableCard = new Card;
  m_tableCard->setBodyMargins(0, 0, 0, 0);
  setScaledSpacing(m_tableCard->body(), 0);
  auto* tools = flow({wrap(hbox({m_filter, m_compared}, 8)), wrap(flow({m_resume, m_score, m_rename, m_notes, m_delete}))}, 8, Qt::AlignJustify);
  setScaledMargins(tools, 12, 8, 12, 8);
  m_tableCard->add({wrap(tools), horizontalLine(), grow(m_table)});

  m_top = hbox({grow(m_chartCard, 59), grow(m_recipeCard, 41)}, 16);
  m_content = wrap(vbox({grow(wrap(m_top), 48), grow(m_tableCard, 52)}, 16));
  m_empty = new EmptyState(QStringLiteral("runs"), tr("No runs yet"), tr("Tune a model: its run appears here, with its curves and its recipe."), tr("Fine-tune a model"));
  m_empty->hide();
  body()->addWidget(m_empty, 1);
  body()->addWidget(m_content, 1);

  connect(&m_recipes, &QAbstractItemModel::modelReset, m_recipeTable, [this] {
    QList<int> widths{110};
    for (int column = 1; column < m_recipes.columnCount(); ++column) widths.append(100);
    m_recipeTable->setColumns(widths, static_cast<int>(widths.size()) - 1);
  });
  connect(m_empty, &EmptyState::actionClicked, this, [this] { send(Place::Tune, page_messages::kRefresh); });
  connect(m_what, &Segmented::chosen, this, &RunsPage::showCurves);
  connect(m_saveChart, &QPushButton::clicked, this, [this] { m_chart->saveAs(QStringLiteral("runs"), this->app().settings()); });
  connect(m_filter, &QLineEdit::textChanged, &m_proxy, &QSortFilterProxyModel::setFilterFixedString);
  connect(m_table->selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this] {
    showActions();
    // While no more than the selected run is drawn, the curves go with the selection; checked runs stay.
    const RunRow* run = selected();
    if (!run || m_followed == 0 || run->id == m_followed || m_runs.compared() != QList<qint64>{m_followed}) return;
    m_runs.setCompared(std::exchange(m_followed, run->id), false);
    m_runs.setCompared(run->id, true);
  });
  connect(m_table, &TableView::deletePressed, this, &RunsPage::remove);
  connect(&m_runs, &RunTableModel::comparedChanged, this, &RunsPage::readCurves);
  connect(&m_runs, &RunTableModel::renamed, this, [this](qint64 id, const QString& name) {
    change(tr("Renaming"), [id, name = name.toStdString()](RunStore& store) { return store.rename(id, name); });
  });
  connect(m_resume, &QPushButton::clicked, this, &RunsPage::resume);
  connect(m_rename, &QPushButton::clicked, this, [this] { m_table->edit(m_table->currentIndex().siblingAtColumn(RunTableModel::Name)); });
  connect(m_score, &QPushButton::clicked, this, &RunsPage::score);
  connect(m_notes, &QPushButton::clicked, this, &RunsPage::editNotes);
  connect(m_delete, &QPushButton::clicked, this, &RunsPage::remove);
  connect(m_report, &QPushButton::clicked, this, &RunsPage::report);
  connect(m_chat, &QPushButton::clicked, this, &RunsPage::primary);
  connect(m_export, &QPushButton::clicked, this, [this] {
    if (const RunRow* run = selected()) send(Place::Export, page_messages::kUseModel, {{"path", QString::fromStdString(run->folder)}});
  });
  // The row goes along with the run that goes on; its state and its curves follow every now and then.
  m_refresh.setSingleShot(true);
  m_refresh.setInterval(kRefresh);
  connect(&m_refresh, &QTimer::timeout, this, [this] {
    if (isVisible()) read();
  });
  connect(&app.jobs(), &JobQueue::jobProgressed, this, [this](Job* job) {
    if (job->place() != Place::Tune || !isVisible()) return;
    if (const auto active = this->app().engine().activeTune(); active.control) m_runs.setStep(QString::fromStdString(active.run.string()), job->fraction());
    if (!m_refresh.isActive()) m_refresh.start();
  });
  connect(&app.jobs(), &JobQueue::jobDone, this, [this](Job* job) {
    if (job->place() == Place::Tune && isVisible()) read();
  });
  m_table->restoreState(QStringLiteral("runs/table"), app.settings());
  showActions();
}

QWidget* RunsPage::firstField() const { return m_table; }
void RunsPage::activate() { read(); }
void RunsPage::saveState() { m_table->saveState(QStringLiteral("runs/table"), app().settings()); }
// Below each other both keep a height that can be read, and the page scrolls.
void RunsPage::setNarrow(bool narrow) {
  m_top->setDirection(narrow ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
  setScaledMinimum(m_chart, 0, narrow ? 170 : 60);
  setScaledMinimum(m_recipeTable, 0, narrow ? 150 : 60);
  setScaledMinimum(m_tableCard, 0, narrow ? 240 : 60);
}

void RunsPage::receive(const PageMessage& message) {
  if (message.what == page_messages::kShowRun) {
    m_wanted = message.values.value(QStringLiteral("path")).toString();
    read();
  }
}

const RunRow* RunsPage::selected() const {
  const QModelIndex index = m_table->currentIndex();
  return index.isValid() ? m_runs.run(m_proxy.mapToSource(index).row()) : nullptr;
}

void RunsPage::read() {
  app().jobs().run<History>(
      tr("Reading the history"), Place::None,
      [active = app().engine().activeTune().run](JobContext&) -> Result<History> {
        History history;
        SW_ASSIGN(const auto store, RunStore::open(RunStore::default_file(), &history.warning));
        SW_ASSIGN(history.runs, store->runs());
        for (RunRow& run : history.runs)
          if (run.folder != active.string()) run.state = present_state(run);
        for (const RunRow& run : history.runs) {
          SW_ASSIGN(history.scores[run.id], runScores(*store, run.id));
          history.seconds[run.id] = workedSeconds(run);
        }
        return history;
      },
      this,
      [this](Result<History> history) {
        if (!history) {
          showError(tr("The history cannot be read"), inWords(history.error()));
          connect(banner()->addAction(tr("Try again")), &QPushButton::clicked, this, [this] {
            banner()->dismiss();
            read();
          });
          return;
        }
        if (!history->warning.empty()) banner()->show(Tone::Warn, tr("The history was damaged"), inWords(history->warning));
        const RunRow* before = selected();
        const qint64 keep = before ? before->id : 0;
        const bool first = m_runs.rowCount() == 0;
        m_runs.setRuns(std::move(history->runs), history->scores, history->seconds);
        const bool none = m_runs.rowCount() == 0;
        m_empty->setVisible(none);
        m_content->setVisible(!none);
        int row = m_runs.rowOf(keep);
        for (int i = 0; i < m_runs.rowCount(); ++i)
          if (!m_wanted.isEmpty() && QString::fromStdString(m_runs.run(i)->folder) == m_wanted) row = i;
        m_wanted.clear();
        if (row < 0 && !none) row = 0;
        if (row >= 0) m_table->setCurrentIndex(m_proxy.mapFromSource(m_runs.index(row, 0)));
        if (first && !none && m_runs.compared().isEmpty()) {
          m_followed = m_runs.run(row)->id;
          m_runs.setCompared(m_followed, true);
        } else readCurves();
        showActions();
        // A run of another window does not say when it goes on or ends.
        for (int i = 0; i < m_runs.rowCount(); ++i)
          if (m_runs.run(i)->state == "running" || m_runs.run(i)->state == "paused") m_refresh.start();
      },
      Lane::Quick);
}

void RunsPage::readCurves() {
  const QList<qint64> ids = m_runs.compared();
  m_compared->setState(tr("%1 compared").arg(ids.size()), Tone::Accent);
  m_compared->setVisible(!ids.isEmpty());
  std::vector<RunRow> rows;
  for (const qint64 id : ids) rows.push_back(*m_runs.run(m_runs.rowOf(id)));
  m_recipes.setRuns(rows);
  m_recipeCard->setHint(ids.size() > 1 ? tr("differences in bold; %1 equal lines hidden").arg(m_recipes.hiddenRows()) : QString());
  app().jobs().run<QHash<qint64, RunCurves>>(
      tr("Reading curves"), Place::None,
      [rows](JobContext&) -> Result<QHash<qint64, RunCurves>> {
        SW_ASSIGN(const auto store, RunStore::open(RunStore::default_file()));
        QHash<qint64, RunCurves> all;
        for (const RunRow& run : rows) {
          SW_ASSIGN(all[run.id], readRunCurves(*store, run.id, run.steps));
        }
        return all;
      },
      this,
      [this](Result<QHash<qint64, RunCurves>> curves) {
        if (!curves) return showError(tr("The curves cannot be read"), inWords(curves.error()));
        m_curves = std::move(*curves);
        showCurves();
      },
      Lane::Quick);
}

void RunsPage::showCurves() {
  const int what = m_what->current();
  const QStringList titles = {tr("Loss"), tr("Validation loss"), tr("Learning rate")};
  m_chartCard->setTitle(titles[what]);
  m_chartCard->setHint(what == 0 ? tr("smoothed") : QString());
  m_chart->clearSeries();
  int style = 0;
  for (const qint64 id : m_runs.compared()) {
    const RunRow* run = m_runs.run(m_runs.rowOf(id));
    SeriesStyle series = ChartTheme::runStyle(style++, run ? QString::fromStdString(run->name) : QString());
    const RunCurves c = m_curves.value(id);
    series.circles = what == 1 || c.steps.size() <= kFewPoints;
    const int number = m_chart->addSeries(series);
    if (what == 1) m_chart->setData(number, c.validationSteps, c.validation);
    else m_chart->setData(number, c.steps, what == 0 ? c.smoothed : c.rate);
  }
}

void RunsPage::showActions() {
  const RunRow* run = selected();
  const QString none = run ? QString() : tr("Choose a run in the table");
  const bool there = run && QFileInfo::exists(QString::fromStdString(run->folder));
  const QString gone = run && !there ? tr("The folder of this run was moved or deleted") : none;
  const bool active = run && (run->state == "running" || run->state == "paused");
  m_chat->setRefusal(gone);
  const bool learned = there && QFileInfo::exists(QString::fromStdString(run->folder) + QStringLiteral("/tuned.safetensors"));
  m_export->setRefusal(!gone.isEmpty() ? gone : active ? tr("It is running: stop it first") : !learned ? tr("It has learned nothing yet that could be written") : QString());
  m_score->setRefusal(!gone.isEmpty() ? gone : active ? tr("It is running: stop it first") : !learned ? tr("It has learned nothing yet that could be asked") : QString());
  m_report->setRefusal(none);
  m_notes->setRefusal(none);
  m_rename->setRefusal(none);
  m_delete->setRefusal(active ? tr("It is running: stop it first") : none);
  m_resume->setRefusal(!gone.isEmpty() ? gone : active ? tr("It is running") : run && run->step >= run->steps ? tr("It is finished") : QString());
}

void RunsPage::primary() {
  if (const RunRow* run = selected()) send(Place::Chat, page_messages::kCompare, {{"path", QString::fromStdString(run->folder)}});
}

void RunsPage::resume() {
  if (const RunRow* run = selected()) send(Place::Tune, page_messages::kResumeRun, {{"path", QString::fromStdString(run->folder)}});
}

void RunsPage::change(const QString& title, std::function<Result<void>(RunStore&)> work) {
  app().jobs().run<bool>(
      title, Place::None,
      [work = std::move(work)](JobContext&) -> Result<bool> {
        SW_ASSIGN(const auto store, RunStore::open(RunStore::default_file()));
        SW_TRY(work(*store));
        return true;
      },
      this,
      [this](Result<bool> done) {
        if (!done) showError(tr("The history was not changed"), inWords(done.error()));
        read();
      },
      Lane::Quick);
}

// The entry in the history alone, or the files of the run too: what stays and where is said before.
void RunsPage::remove() {
  const RunRow* run = selected();
  if (!run || run->state == "running" || run->state == "paused") return;
  const qint64 id = run->id;
  const QString name = QString::fromStdString(run->name), folder = QString::fromStdString(run->folder);
  if (!QFileInfo::exists(folder)) return removeEntry(id, name);
  QMessageBox ask(QMessageBox::Question, tr("Delete the run?"), tr("Delete %1?").arg(name), QMessageBox::NoButton, this);
  ask.setInformativeText(tr("Its files, %1, are in %2. Off the list alone they stay, and Models and Export go on offering what it learned.").arg(bytesText(bytesOf(folder)), folderText(folder)));
  const bool own = holds_only_a_run(folder.toStdString());
  QPushButton* files = own ? ask.addButton(tr("Files to the trash"), QMessageBox::DestructiveRole) : nullptr;
  QPushButton* entry = ask.addButton(tr("Off the list"), QMessageBox::AcceptRole);
  QPushButton* keep = ask.addButton(tr("Keep it"), QMessageBox::RejectRole);
  ask.setDefaultButton(keep);
  ask.setEscapeButton(keep);
  ask.exec();
  if (ask.clickedButton() == entry) removeEntry(id, name);
  else if (files && ask.clickedButton() == files) removeFiles(id, name, folder, false);
}

// Undone by the toast or Ctrl+Z.
void RunsPage::removeEntry(qint64 id, const QString& name) {
  m_deleted = id;
  change(tr("Deleting"), [id](RunStore& store) { return store.set_deleted(id, true); });
  if (auto* window = qobject_cast<MainWindow*>(this->window())) window->toast()->show(tr("%1 was taken off the list; its files stay").arg(name), tr("Undo"), [this] { undo(); });
}

void RunsPage::removeFiles(qint64 id, const QString& name, const QString& folder, bool forGood) {
  app().jobs().run<bool>(
      tr("Deleting"), Place::None,
      [id, folder, forGood](JobContext&) -> Result<bool> {
        if (!(forGood ? QDir(folder).removeRecursively() : QFile::moveToTrash(folder))) return false;
        SW_ASSIGN(const auto store, RunStore::open(RunStore::default_file()));
        SW_TRY(store->set_deleted(id, true));
        return true;
      },
      this,
      [this, id, name, folder, forGood](Result<bool> done) {
        read();
        app().catalog().refresh();
        if (!done) return showError(tr("The history was not changed"), inWords(done.error()));
        if (*done) {
          if (auto* window = qobject_cast<MainWindow*>(this->window())) window->toast()->show(forGood ? tr("%1 and its files were deleted").arg(name) : tr("%1 was deleted; its files are in the trash").arg(name));
          return;
        }
        if (forGood) return showError(tr("Not all files could be deleted"), tr("%1: some could not be deleted. Close what has them open, and try again.").arg(folder));
        QMessageBox ask(QMessageBox::Warning, tr("Delete for good?"), tr("The files of %1 cannot be put into the trash.").arg(name), QMessageBox::NoButton, this);
        ask.setInformativeText(tr("%1 can be deleted for good. That cannot be undone.").arg(folderText(folder)));
        QPushButton* remove = ask.addButton(tr("Delete for good"), QMessageBox::DestructiveRole);
        QPushButton* keep = ask.addButton(tr("Keep it"), QMessageBox::RejectRole);
        ask.setDefaultButton(keep);
        ask.setEscapeButton(keep);
        ask.exec();
        if (ask.clickedButton() == remove) removeFiles(id, name, folder, true);
      },
      Lane::Quick);
}

bool RunsPage::undo() {
  if (m_deleted == 0) return false;
  change(tr("Undoing"), [id = std::exchange(m_deleted, 0)](RunStore& store) { return store.set_deleted(id, false); });
  return true;
}

void RunsPage::score() {
  const RunRow* run = selected();
  if (!run) return;
  auto* dialog = new ScoreDialog(app(), *run, this);
  connect(dialog, &ScoreDialog::scored, this, &RunsPage::read);
  dialog->show();
}

void RunsPage::editNotes() {
  const RunRow* run = selected();
  if (!run) return;
  QDialog dialog(this);
  dialog.setWindowTitle(tr("Notes on %1").arg(QString::fromStdString(run->name)));
  auto* edit = new QPlainTextEdit(QString::fromStdString(run->notes));
  edit->setAccessibleName(tr("Notes"));
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Save | QDialogButtonBox::Cancel);
  dialog.setLayout(vbox({grow(edit), buttons}, 12, QMargins(16, 16, 16, 16)));
  dialog.resize(px(480), px(280));
  connect(buttons, &QDialogButtonBox::accepted, &dialog, &QDialog::accept);
  connect(buttons, &QDialogButtonBox::rejected, &dialog, &QDialog::reject);
  if (dialog.exec() == QDialog::Accepted)
    change(tr("Writing notes"), [id = run->id, text = edit->toPlainText().toStdString()](RunStore& store) { return store.set_notes(id, text); });
}

void RunsPage::report() {
  const RunRow* run = selected();
  if (!run) return;
  const QString path = askToSave(this, app().settings(), Purpose::Report, tr("Save the report"), fileNameText(QString::fromStdString(run->name)) + QStringLiteral(".html"), tr("HTML (*.html);;PDF (*.pdf)"));
  if (path.isEmpty()) return;
  app().jobs().run<RunCurves>(
      tr("Reading curves"), Place::None,
      [id = run->id, steps = run->steps](JobContext&) -> Result<RunCurves> {
        SW_ASSIGN(const auto store, RunStore::open(RunStore::default_file()));
        return readRunCurves(*store, id, steps);
      },
      this,
      [this, path, run = *run](Result<RunCurves> curves) {
        if (!curves) return showError(tr("The report was not written"), inWords(curves.error()));
        writeReport(path, run, *curves);
      },
      Lane::Quick);
}

// The charts are drawn here; packing and writing them takes longer and goes on elsewhere.
void RunsPage::writeReport(const QString& path, const RunRow& run, const RunCurves& curves) {
  app().jobs().run<bool>(
      tr("Writing the report"), Place::None,
      [path, run, answers = curves.answers, scores = curves.scores, charts = drawRunCharts(curves)](JobContext&) -> Result<bool> {
        QString error;
        if (!writeRunReport(path, run, answers, scores, charts, &error)) return fail(ErrorCode::Io, error.toStdString());
        return true;
      },
      this,
      [this, path](Result<bool> written) {
        if (!written) return showError(tr("The report was not written"), inWords(written.error()));
        if (auto* window = qobject_cast<MainWindow*>(this->window())) window->toast()->show(tr("The report is %1").arg(folderText(path)), tr("Show in folder"), [path] { Desktop::showInFolder(path); }, QStringLiteral("folder"));
      },
      Lane::Quick);
}

}  // namespace scalewright::ui
