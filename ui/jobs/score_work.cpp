#include "ui/jobs/score_work.h"

#include <QCoreApplication>
#include <ctime>
#include <limits>

#include "engine/core/file.h"
#include "engine/tune/held_out.h"
#include "engine/tune/run_store.h"
#include "ui/jobs/engine_words.h"
#include "ui/models/run_scores.h"

namespace scalewright::ui {
namespace {

QString words(const char* text) { return QCoreApplication::translate("ScoreWork", text); }

// One of two rounds over the same rows: the first half of the work, or the second.
class Round : public Observer {
 public:
  Round(JobContext& context, const QString& who, bool second) : m_context(context), m_who(who), m_second(second) {}
  void progress(const Progress& progress) override {
    const double whole = progress.fraction > 0 && progress.fraction < 1 ? progress.seconds_left / (1.0 - progress.fraction) : 0.0;
    m_context.progress({.step = (m_who + ": " + inWords(progress.step)).toStdString(),
                        .fraction = 0.5 * progress.fraction + (m_second ? 0.5 : 0.0),
                        .seconds_left = m_second ? progress.seconds_left : progress.seconds_left + whole});
  }
  void warning(std::string_view text) override {
    if (!m_second) m_context.warning(text);  // the rows are the same
  }

 private:
  JobContext& m_context;
  QString m_who;
  bool m_second;
};

// With the columns that the run was told of, where the file has them.
Result<Dataset> rowsOf(const std::filesystem::path& file, const TuneRecipe& recipe) {
  if (!recipe.columns.empty())
    if (auto named = import_dataset(file, {.columns = recipe.columns})) return named;
  auto rows = import_dataset(file, {});
  if (rows || rows.error().code != ErrorCode::InvalidArgument) return rows;
  return fail(ErrorCode::InvalidArgument, words("%1: it is not known which of its columns hold the questions and the answers. Name them in the file as those that the run learned from, or \"prompt\" and \"completion\".").arg(QString::fromStdString(file.filename().string())).toStdString());
}

Result<void> keep(const std::filesystem::path& run, const AnswerRule& rule, const ScoreOutcome& outcome) {
  SW_ASSIGN(const auto store, RunStore::open(RunStore::default_file()));
  SW_ASSIGN(const auto runs, store->runs());
  for (const RunRow& row : runs) {
    if (row.folder != run.string()) continue;
    SW_TRY(keepScore(*store, row.id, {.match = rule.match(), .pattern = rule.pattern(), .before = outcome.original.matched, .after = outcome.tuned.matched, .rows = outcome.rows, .when = std::time(nullptr)}));
  }
  return {};
}

}  // namespace

bool hasHeldOutRows(const TuneRecipe& recipe) { return !recipe.validation.empty() || recipe.validation_split > 0.0; }
bool learnedFrom(const TuneRecipe& recipe, const std::filesystem::path& file) {
  std::error_code error;
  return !file.empty() && std::filesystem::equivalent(file, recipe.data, error);
}

Result<ScoreOutcome> scoreRun(EngineHost& engine, const ScoreOrder& order, JobContext& context) {
  SW_ASSIGN(const std::string text, read_text_file(order.run / "recipe.json"));
  SW_ASSIGN(const TuneRecipe recipe, recipe_from_json(text));
  SW_ASSIGN(const std::shared_ptr<Backend> backend, engine.backend());
  SW_ASSIGN(const std::shared_ptr<OpenModel> open, engine.open(order.run, context));
  const auto restore = [&] { return engine.applyPack(*open, {}); };
  const bool own = order.data.empty();
  auto rows = own ? held_out_rows_of_run(*open->model, order.run, std::numeric_limits<size_t>::max()) : rowsOf(order.data, recipe);
  const ScoreOptions options{.limit = order.limit, .max_tokens = 0, .want_loss = false, .rule = order.rule};
  ScoreOutcome outcome;
  const auto ask = [&](const QString& who, bool second) -> Result<ScoreReport> {
    if (!rows) return tl::unexpected(rows.error());
    Round round(context, who, second);
    return score(open->model, *backend, *rows, options, round, context.stop());
  };
  Result<ScoreReport> tuned = ask(words("tuned"), false);
  SW_TRY(restore());
  if (!tuned) return tl::unexpected(tuned.error());
  if (context.stopRequested()) return outcome;
  SW_ASSIGN(outcome.original, ask(words("original"), true));
  if (context.stopRequested()) return ScoreOutcome();
  outcome.tuned = std::move(*tuned);
  outcome.difference = score_difference(outcome.tuned, outcome.original);
  outcome.learned = learnedFrom(recipe, order.data);
  outcome.rows = std::to_string(outcome.tuned.rows) + (own ? " held-out rows" : (outcome.learned ? kLearnedRows : " rows of ") + order.data.filename().string());
  if (const auto kept = keep(order.run, order.rule, outcome); !kept) context.warning(kept.error().message);
  return outcome;
}

}  // namespace scalewright::ui
