#include "ui/jobs/held_out_score.h"

#include <QCoreApplication>
#include <chrono>
#include <ctime>

#include "engine/eval/evaluate.h"
#include "engine/tune/held_out.h"

namespace scalewright::ui {
namespace {

constexpr size_t kLongestAnswer = 160;  // bytes: a longer one is hardly ever word for word the same

QString words(const char* text) { return QCoreApplication::translate("TuneJob", text); }

// Stops after its time; what was asked until then counts.
class Watch : public Observer {
 public:
  Watch(JobContext& context, QString words, std::stop_source& stop) : m_context(context), m_words(std::move(words)), m_stop(stop) {}
  void progress(const Progress& progress) override {
    m_context.progress({.step = m_words.toStdString(), .fraction = 1.0, .seconds_left = progress.seconds_left});
    const double passed = std::chrono::duration<double>(std::chrono::steady_clock::now() - m_began).count();
    if (passed > kScoreSeconds) m_stop.request_stop();
  }

 private:
  JobContext& m_context;
  QString m_words;
  std::stop_source& m_stop;
  std::chrono::steady_clock::time_point m_began = std::chrono::steady_clock::now();
};

Result<ScoreReport> ask(const OpenModel& open, Backend& backend, const Dataset& rows, int64_t limit, const QString& words, JobContext& context) {
  std::stop_source stop;
  const std::stop_callback asked(context.stop(), [&stop] { stop.request_stop(); });
  Watch watch(context, words, stop);
  return score(open.model, backend, rows, {.limit = limit, .max_tokens = 128, .want_loss = false}, watch, stop.get_token());
}

}  // namespace

Result<HeldOutScore> scoreHeldOut(OpenModel& open, Backend& backend, const TuneRecipe& recipe, RunStore* store, int64_t run, JobContext& context) {
  HeldOutScore result;
  const auto restore = [&open] { restore_scales(*open.model, open.layout, open.baseScales); };
  auto rows = held_out_rows(*open.model, recipe, kLongestAnswer);
  if (!rows || rows->examples.empty() || context.stop().stop_requested()) {
    restore();
    if (!rows) return tl::unexpected(rows.error());
    return result;
  }
  auto after = ask(open, backend, *rows, kScoredRows, words("answering held-out rows"), context);
  restore();
  if (!after) return tl::unexpected(after.error());
  if (after->rows == 0) return result;
  SW_ASSIGN(const ScoreReport before, ask(open, backend, *rows, after->rows, words("answering them as the original"), context));
  if (before.rows == 0) return result;
  result.rows = before.rows;
  result.before = before.exact_match;
  // Of the same rows, where the original was slower.
  int64_t exact = 0;
  for (int64_t i = 0; i < result.rows; ++i) exact += after->answers[static_cast<size_t>(i)].exact;
  result.after = static_cast<double>(exact) / static_cast<double>(result.rows);
  if (store != nullptr && run != 0) {
    const std::string text = std::to_string(result.rows) + " held-out rows";
    SW_TRY(store->add_evaluation({.run = run, .when = std::time(nullptr), .kind = kExactBefore, .subject = "original", .text = text, .value = result.before}));
    SW_TRY(store->add_evaluation({.run = run, .when = std::time(nullptr), .kind = kExactAfter, .subject = "tuned", .text = text, .value = result.after}));
  }
  return result;
}

}  // namespace scalewright::ui
