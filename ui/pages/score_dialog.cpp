#include "ui/pages/score_dialog.h"

#include <QCloseEvent>
#include <QFileInfo>
#include <QLabel>
#include <QLineEdit>
#include <QScreen>
#include <QSpinBox>
#include <QStackedLayout>
#include <QStandardItemModel>
#include <algorithm>
#include <cmath>

#include "ui/jobs/app_context.h"
#include "ui/jobs/engine_words.h"
#include "ui/models/cell_roles.h"
#include "ui/settings/format.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/button.h"
#include "ui/widgets/combo.h"
#include "ui/widgets/file_dialogs.h"
#include "ui/widgets/form_field.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/layout.h"
#include "ui/widgets/metric.h"
#include "ui/widgets/number_boxes.h"
#include "ui/widgets/progress_bar.h"
#include "ui/widgets/segmented.h"
#include "ui/widgets/table.h"

namespace scalewright::ui {
namespace {

constexpr AnswerMatch kMatches[] = {AnswerMatch::Exact, AnswerMatch::Number, AnswerMatch::Pattern};

// The recipe of a run as the history has it; one that cannot be read holds nothing back.
TuneRecipe recipeOf(const RunRow& run) {
  const auto recipe = recipe_from_json(run.recipe_json);
  return recipe ? *recipe : TuneRecipe();
}

QStandardItem* cell(const QString& text) {
  auto* item = new QStandardItem(text.simplified());
  item->setEditable(false);
  item->setToolTip(text);
  return item;
}

QStandardItem* answerCell(const ScoredRow& row) {
  auto* item = cell(QString::fromStdString(row.answer));
  item->setData(row.matched ? QStringLiteral("check") : QStringLiteral("close"), IconRole);
  item->setData(int(row.matched ? Tone::Ok : Tone::Danger), IconToneRole);
  return item;
}

}  // namespace

ScoreDialog::ScoreDialog(AppContext& app, const RunRow& run, QWidget* parent) : QDialog(parent), m_app(app), m_run(run) {
  setAttribute(Qt::WA_DeleteOnClose);
  setWindowTitle(tr("Score %1").arg(QString::fromStdString(run.name)));
  m_trouble = new Banner;
  m_views = new QStackedLayout;
  for (QWidget* view : {buildForm(recipeOf(run)), buildWork(), buildAnswers()}) m_views->addWidget(view);
  m_again = new Button(Button::Default, tr("Other rows…"), QStringLiteral("left"));
  m_close = new Button(Button::Default, tr("Close"));
  m_start = new Button(Button::Primary, tr("Score"), QStringLiteral("check"));
  m_start->setDefault(true);
  auto* column = vbox({m_trouble}, 12, QMargins(20, 18, 20, 16));
  column->addLayout(m_views, 1);
  addItems(column, {hbox({m_again, fill(), m_close, m_start}, 8)});
  setLayout(column);
  // In a large window long answers get more room; none is larger than the screen.
  const QSize usual(px(760), px(440));
  resize((parent ? usual.expandedTo(parent->window()->size() * 0.6).boundedTo(parent->window()->size()) : usual).boundedTo(screen()->availableSize() * 0.92));
  connect(m_start, &QPushButton::clicked, this, &ScoreDialog::start);
  connect(m_close, &QPushButton::clicked, this, &ScoreDialog::reject);
  connect(m_again, &QPushButton::clicked, this, [this] { showView(Form); });
  showRule();
  showView(Form);
}

QWidget* ScoreDialog::buildForm(const TuneRecipe& recipe) {
  m_rows = new Combo;
  m_rows->setAccessibleName(tr("Rows"));
  m_rows->setToolTip(tr("Rows with the answers that are expected. The model should not have learned from them"));
  if (hasHeldOutRows(recipe)) m_rows->addItem(recipe.validation.empty() ? tr("The rows that this run held back") : tr("The rows that this run validated on"), QString());
  for (const QString& path : m_app.project().datasets())
    if (QFileInfo::exists(path)) m_rows->addItem(QFileInfo(path).fileName(), path);
  m_rows->setPlaceholderText(tr("Choose a file of rows"));
  m_rows->setCurrentIndex(hasHeldOutRows(recipe) ? 0 : -1);
  auto* choose = new Button(Button::Default, tr("Choose a file…"), QStringLiteral("folder"));
  connect(choose, &QPushButton::clicked, this, &ScoreDialog::chooseFile);
  auto* rows = wrap(hbox({grow(m_rows), choose}, 8));
  rows->setFocusProxy(m_rows);
  m_match = new Segmented({tr("Exact"), tr("Last number"), tr("Pattern")});
  m_match->setName(tr("What counts as right"));
  auto* match = wrap(hbox({m_match, fill()}, 0));
  m_matchField = new FormField(tr("What counts as right"), match);
  m_pattern = new QLineEdit;
  m_pattern->setPlaceholderText(QStringLiteral("#### (.+)"));
  m_pattern->setToolTip(tr("A regular expression with one group: what the group holds of its last match is compared"));
  m_patternField = new FormField(tr("Pattern"), m_pattern, tr("A regular expression with one group in round brackets."));
  m_limit = wholeBox(0, 1'000'000, tr("Only so many rows, from the first"));
  m_limit->setSpecialValueText(tr("all"));
  setScaledWidth(m_limit, 110);
  m_rowsField = new FormField(tr("Rows"), rows, tr("The tuned model and the original answer each of them, greedily; that takes a while."));
  auto* limit = wrap(hbox({m_limit, fill()}, 0));
  limit->setFocusProxy(m_limit);
  connect(m_match, &Segmented::chosen, this, &ScoreDialog::showRule);
  connect(m_pattern, &QLineEdit::textEdited, this, [this] { m_patternField->setError({}); });
  connect(m_rows, &QComboBox::activated, this, &ScoreDialog::showRule);
  return wrap(vbox({m_rowsField, m_matchField, m_patternField, new FormField(tr("Rows at most"), limit), fill()}, 14));
}

QWidget* ScoreDialog::buildWork() {
  m_step = label({}, FontRole::CardTitle);
  m_left = label({}, FontRole::Body, Ink::Text2);
  m_bar = new ProgressBar(8);
  return wrap(vbox({fill(), hbox({m_step, fill(), m_left}, 10), m_bar, label(tr("Closing this window stops it."), FontRole::Help, Ink::Text3), fill(2)}, 10));
}

QWidget* ScoreDialog::buildAnswers() {
  m_tuned = new Metric;
  m_original = new Metric;
  m_verdict = label({}, FontRole::Body, Ink::Text2, true);
  m_list = new QStandardItemModel(0, 4, this);
  m_table = new TableView(34);
  m_table->setModel(m_list);
  m_table->setSelectionMode(QAbstractItemView::SingleSelection);
  m_table->setAccessibleName(tr("Answers"));
  auto* table = new QFrame;
  table->setObjectName(QStringLiteral("card"));
  table->setLayout(vbox({grow(m_table)}, 0, QMargins(1, 1, 1, 1)));
  return wrap(vbox({hbox({grow(m_tuned), grow(m_original)}, 16), m_verdict, grow(table)}, 12));
}

void ScoreDialog::showView(View view) {
  m_views->setCurrentIndex(view);
  m_again->setVisible(view == Answers);
  // While it works its place stays empty, so that a click too many on "Stop" does not begin anew.
  QSizePolicy place = m_start->sizePolicy();
  place.setRetainSizeWhenHidden(view == Working);
  m_start->setSizePolicy(place);
  m_start->setVisible(view == Form);
  m_close->setText(view == Working ? tr("Stop") : tr("Close"));
  m_close->setIconName(view == Working ? QStringLiteral("stop") : QString());
  m_close->setRefusal({});
  if (view == Form) m_rows->setFocus();
}

void ScoreDialog::showRule() {
  m_trouble->dismiss();  // it was of what was chosen before
  const QStringList help = {tr("The whole answer, word for word; white space at its ends does not count."),
                            tr("The last number of the answer, however it is written: for sums, prices and counts."),
                            tr("What the group of the pattern holds where it matches last.")};
  m_matchField->setHelp(help[m_match->current()]);
  m_patternField->setVisible(kMatches[m_match->current()] == AnswerMatch::Pattern);
  m_start->setRefusal(m_rows->currentIndex() < 0 ? tr("Choose a file of rows first") : QString());
  if (learnedFrom(recipeOf(m_run), m_rows->currentData().toString().toStdString()))
    m_trouble->show(Tone::Warn, tr("It learned from these rows"), tr("The figures will say how much of them it remembers, not how it answers new questions: ask those with rows that it never saw."));
}

void ScoreDialog::chooseFile() {
  const QString path = askToOpen(this, m_app.settings(), Purpose::Data, tr("Choose rows to score on"), tr("Datasets (*.json *.jsonl *.csv *.tsv);;All files (*)"));
  if (path.isEmpty()) return;
  int index = m_rows->findData(path);
  if (index < 0) {
    m_rows->addItem(QFileInfo(path).fileName(), path);
    index = m_rows->count() - 1;
  }
  m_rows->setCurrentIndex(index);
  showRule();
}

void ScoreDialog::start() {
  if (!m_start->isEnabled()) return;
  const AnswerMatch match = kMatches[m_match->current()];
  auto rule = AnswerRule::create(match, match == AnswerMatch::Pattern ? m_pattern->text().toStdString() : std::string());
  if (!rule) {
    m_patternField->setError(inWords(rule.error()));
    return m_pattern->setFocus();
  }
  m_trouble->dismiss();
  ScoreOrder order{.run = m_run.folder, .data = m_rows->currentData().toString().toStdString(), .rule = std::move(*rule), .limit = m_limit->value()};
  m_step->setText(m_app.jobs().busy() ? tr("Waiting for the work that is going on") : tr("Reading the model and the rows"));
  m_left->clear();
  m_bar->setFraction(-1.0);
  auto job = std::make_shared<WorkJob<ScoreOutcome>>(
      tr("Scoring %1").arg(QString::fromStdString(m_run.name)), Place::Runs,
      [engine = &m_app.engine(), order = std::move(order)](JobContext& context) { return scoreRun(*engine, order, context); }, this,
      [this](Result<ScoreOutcome> outcome) { onDone(std::move(outcome)); });
  connect(job.get(), &Job::progressed, this, [this] {
    if (!m_job || m_job->cancelling()) return;
    m_step->setText(headingText(m_job->step()));
    m_left->setText(timeLeftText(m_job->secondsLeft()));
    m_bar->setFraction(m_job->fraction());
  });
  m_job = job;
  showView(Working);
  m_app.jobs().start(job);
}

// While it works the first Escape stops it; what it has asked by then is of no use. What has not begun yet is only let go.
void ScoreDialog::reject() {
  if (!m_job) return QDialog::reject();
  if (m_job->cancelling()) return;
  m_job->cancel();
  if (m_job->state() == Job::State::Waiting) return QDialog::reject();
  m_step->setText(tr("Stopping"));
  m_left->clear();
  m_close->setRefusal(tr("It stops after the word it is at"));
}

void ScoreDialog::closeEvent(QCloseEvent* event) {
  m_closing = m_job != nullptr;
  QDialog::closeEvent(event);
}

void ScoreDialog::onDone(Result<ScoreOutcome> outcome) {
  const bool stopped = m_job->state() == Job::State::Cancelled || (outcome && outcome->rows.empty());
  QStringList warnings;
  for (const QString& warning : m_job->warnings()) warnings << inWords(warning.toStdString());
  m_job.reset();
  if (stopped && std::exchange(m_closing, false)) return QDialog::reject();
  if (stopped || !outcome) {
    showView(Form);
    if (stopped) m_trouble->show(Tone::Info, tr("Stopped"), tr("What was answered until then is not kept."));
    else m_trouble->show(Tone::Danger, tr("The rows could not be scored"), inWords(outcome.error()));
    return;
  }
  showOutcome(*outcome, kMatches[m_match->current()]);
  showView(Answers);
  if (outcome->learned) warnings.prepend(tr("It learned from these rows: the figures say how much of them it remembers, not how it answers new questions."));
  if (!warnings.isEmpty()) m_trouble->show(Tone::Warn, tr("Scored, but"), warnings.join(QLatin1Char(' ')));
  emit scored();
}

void ScoreDialog::showOutcome(const ScoreOutcome& outcome, AnswerMatch match) {
  const QStringList right = {tr("right word for word"), tr("with the right number"), tr("right by the pattern")};
  const auto figure = [&](Metric* metric, const ScoreReport& report, const QString& who) {
    metric->setFigure(percentText(report.matched), {}, tr("%1: %2 of %3 rows %4").arg(who, countText(std::llround(report.matched * double(report.rows))), countText(report.rows), right[int(match)]));
  };
  figure(m_tuned, outcome.tuned, tr("Tuned"));
  figure(m_original, outcome.original, tr("Original"));
  const ScoreDifference& difference = outcome.difference;
  m_verdict->setText(difference.differing() == 0
                         ? outcome.tuned.matched == 0.0 ? tr("Neither is right in any row.") : tr("They are right in the same rows.")
                         : tr("They differ in %1 rows: %2 right by the tuned model alone, %3 by the original alone.").arg(countText(difference.differing()), countText(difference.first_alone), countText(difference.second_alone)));
  m_list->clear();
  m_list->setHorizontalHeaderLabels({tr("Question"), tr("Expected"), tr("Tuned"), tr("Original")});
  // Of the same rows: one may be missing where the other was too long.
  const auto &tuned = outcome.tuned.answers, &original = outcome.original.answers;
  for (size_t a = 0, b = 0; a < tuned.size() && b < original.size();) {
    if (tuned[a].row != original[b].row) {
      ++(tuned[a].row < original[b].row ? a : b);
      continue;
    }
    m_list->appendRow({cell(QString::fromStdString(tuned[a].prompt)), cell(QString::fromStdString(tuned[a].expected)), answerCell(tuned[a]), answerCell(original[b])});
    ++a, ++b;
  }
  const double wider = std::max(0.75, double(width()) / px(760));
  m_table->setColumns({int(200 * wider), int(150 * wider), int(190 * wider), int(190 * wider)}, 2);
}

}  // namespace scalewright::ui
