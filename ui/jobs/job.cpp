#include "ui/jobs/job.h"

#include <chrono>
#include <cmath>
#include <exception>
#include <new>

#include "ui/jobs/engine_words.h"

namespace scalewright::ui {
namespace {

qint64 milliseconds() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

void JobContext::progress(const Progress& progress) {
  const std::lock_guard lock(m_mutex);
  m_pending.progress = progress;
}
void JobContext::warning(std::string_view text) {
  const std::lock_guard lock(m_mutex);
  m_pending.warnings.emplace_back(text);
}
void JobContext::post(std::function<void()> work) {
  const std::lock_guard lock(m_mutex);
  m_pending.posted.push_back(std::move(work));
}
JobContext::Pending JobContext::take() {
  const std::lock_guard lock(m_mutex);
  return std::exchange(m_pending, {});
}

Job::~Job() = default;

double Job::secondsPassed() const {
  if (m_startedAt == 0) return 0.0;
  return double((m_endedAt ? m_endedAt : milliseconds()) - m_startedAt) / 1000.0;
}

void Job::cancel() {
  if (finished() || m_source.stop_requested()) return;
  m_source.request_stop();
  emit progressed();
}

// The boundary where exceptions of libraries end: no exception crosses a thread.
void Job::execute() {
  Verdict verdict{State::Failed, {}};
  try {
    if (m_source.stop_requested())
      verdict.state = State::Cancelled;
    else
      verdict = work(m_context);
  } catch (const std::bad_alloc&) {
    verdict = {State::Failed, Error{ErrorCode::OutOfMemory, tr("The machine has no memory left for this. Close other programs, or choose a smaller model.").toStdString()}};
  } catch (const std::exception& exception) {
    verdict = {State::Failed, Error{ErrorCode::Io, tr("The work ended unexpectedly: %1.").arg(QString::fromUtf8(exception.what())).toStdString()}};
  }
  QMetaObject::invokeMethod(this, [this, verdict = std::move(verdict)]() mutable { finish(std::move(verdict)); }, Qt::QueuedConnection);
}

void Job::abandon() {
  QMetaObject::invokeMethod(this, [this] { if (!finished()) finish({State::Cancelled, {}}); }, Qt::QueuedConnection);
}

void Job::begin() {
  m_state = State::Running;
  m_startedAt = milliseconds();
  emit started();
}

void Job::pump() {
  JobContext::Pending pending = m_context.take();
  for (const auto& drain : m_drains) drain();
  for (const std::string& text : pending.warnings) {
    m_warnings << QString::fromStdString(text);
    emit warned(m_warnings.last());
  }
  for (const auto& work : pending.posted) work();
  if (pending.progress) {
    m_step = inWords(pending.progress->step);
    m_fraction = pending.progress->fraction;
    const double left = pending.progress->seconds_left;
    // Smoothed towards the new estimate, so that the words do not jump; large changes are believed at once.
    m_secondsLeft = left < 0 || m_secondsLeft < 0 || std::abs(left - m_secondsLeft) > 0.5 * m_secondsLeft ? left : 0.7 * m_secondsLeft + 0.3 * left;
    emit progressed();
  }
}

void Job::finish(Verdict verdict) {
  pump();
  m_endedAt = milliseconds();
  m_state = verdict.state;
  if (m_state == State::Failed) {
    m_error = inWords(verdict.error);
    m_errorCode = verdict.error.code;
  }
  deliver();
  emit done();
}

}  // namespace scalewright::ui
