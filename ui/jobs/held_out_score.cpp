#include "ui/jobs/held_out_score.h"

#include <QCoreApplication>
#include <chrono>
#include <ctime>

#include "engine/eval/evaluate.h"
#include "engine/tune/held_out.h"
#include "ui/jobs/engine_words.h"
#include "ui/models/run_scores.h"

namespace scalewright::ui {
namespace {

constexpr size_t kLongestAnswer = 160;  // bytes: a longer one is hardly ever word for word the same

QString words(const char* text) { return QCoreApplication::translate("TuneJob", text); }

// Stops after its time; what was asked until then counts.
class Watch : public Observer {
 public:
  Watch(Observer& observer, const QString& words, std::stop_source& stop) : m_observer(observer), m_words(words.toStdString()), m_stop(stop) {
    m_observer.progress({.step = m_words, .fraction = 1.0, .seconds_left = -1.0});
  }
  void progress(const Progress& progress) override {
    m_observer.progress({.step = m_words + ": " + inWords(progress.step).toStdString(), .fraction = 1.0, .seconds_left = progress.seconds_left});
    const double passed = std::chrono::duration<double>(std::chrono::steady_clock::now() - m_began).count();
    if (passed > kScoreSeconds) m_stop.request_stop();
  }

 private:
  Observer& m_observer;
  std::string m_words;
  std::stop_source& m_stop;
  std::chrono::steady_clock::time_point m_began = std::chrono::steady_clock::now();
};

Result<ScoreReport> ask(const OpenModel& open, Backend& backend, const Dataset& rows, int64_t limit, const QString& words, Observer& observer, const std::stop_token& stop) {
  std::stop_source ended;
  const std::stop_callback asked(stop, [&ended] { ended.request_stop(); });
  Watch watch(observer, words, ended);
  return score(open.model, backend, rows, {.limit = limit, .max_tokens = 128, .want_loss = false}, watch, ended.get_token());
}

}  // namespace

Result<HeldOutScore> scoreHeldOut(OpenModel& open, Backend& backend, const TuneRecipe& recipe, RunStore* store, int64_t run, Observer& observer, std::stop_token stop) {
  HeldOutScore result;
  const auto restore = [&open] { restore_scales(*open.model, open.layout, open.baseScales); };
  auto rows = held_out_rows(*open.model, recipe, kLongestAnswer);
  if (!rows || rows->examples.empty() || stop.stop_requested()) {
    restore();
    if (!rows) return tl::unexpected(rows.error());
    return result;
  }
  auto after = ask(open, backend, *rows, kScoredRows, words("answering held-out rows"), observer, stop);
  restore();
  if (!after) return tl::unexpected(after.error());
  if (after->rows == 0) return result;
  SW_ASSIGN(const ScoreReport before, ask(open, backend, *rows, after->rows, words("answering them as the original"), observer, stop));
  if (before.rows == 0) return result;
  result.rows = before.rows;
  result.before = before.exact_match;
  // Of the same rows, where the original was slower.
  int64_t exact = 0;
  for (int64_t i = 0; i < result.rows; ++i) exact += after->answers[static_cast<size_t>(i)].exact;
  result.after = static_cast<double>(exact) / static_cast<double>(result.rows);
  if (store != nullptr && run != 0) {
    SW_TRY(keepScore(*store, run, {.before = result.before, .after = result.after, .rows = std::to_string(result.rows) + " held-out rows", .when = std::time(nullptr)}));
  }
  return result;
}

}  // namespace scalewright::ui
