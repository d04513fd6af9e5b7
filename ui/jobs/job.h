#pragma once
// Work off the UI thread. A job takes its parameters by value, reports through its JobContext, stops through a stop token,
// and delivers a typed Result on the UI thread. Cancelling is no failure.

#include <QObject>
#include <QPointer>
#include <QString>
#include <QStringList>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/observer.h"

namespace scalewright::ui {

// Where in the window a job belongs: the rail shows its progress there, the status bar leads there.
enum class Place { None = -1, Models, Quantize, Tune, Runs, Chat, Export, Settings, Help };

class Job;
class JobQueue;

// What running work may use. Lives on the job's thread; all of it may be called from any thread.
class JobContext : public Observer {
 public:
  explicit JobContext(std::stop_token stop) : m_stop(std::move(stop)) {}
  void progress(const Progress& progress) override;
  void warning(std::string_view text) override;
  std::stop_token stop() const { return m_stop; }
  bool stopRequested() const { return m_stop.stop_requested(); }
  // Runs `work` on the UI thread with the next delivery, at most about ten times a second; never blocks.
  // For streams of events use an EventStream, which delivers them in one piece.
  void post(std::function<void()> work);

 private:
  friend class Job;
  struct Pending {
    std::optional<Progress> progress;
    std::vector<std::string> warnings;
    std::vector<std::function<void()>> posted;
  };
  Pending take();
  std::stop_token m_stop;
  std::mutex m_mutex;
  Pending m_pending;
};

// Events from a job's thread to the UI thread: pushed one by one, received in batches about ten times a second.
// Make one before the job, push from its work (copies share one buffer), receive on the UI thread.
template <class T>
class EventStream {
 public:
  using Receiver = std::function<void(std::vector<T>)>;
  explicit EventStream(Receiver receiver) : m_shared(std::make_shared<Shared>()) { m_shared->receiver = std::move(receiver); }
  void push(T event) const {
    const std::lock_guard lock(m_shared->mutex);
    m_shared->events.push_back(std::move(event));
  }
  void drain() const {  // UI thread
    std::vector<T> events;
    {
      const std::lock_guard lock(m_shared->mutex);
      events.swap(m_shared->events);
    }
    if (!events.empty() && m_shared->receiver) m_shared->receiver(std::move(events));
  }

 private:
  struct Shared {
    std::mutex mutex;
    std::vector<T> events;
    Receiver receiver;
  };
  std::shared_ptr<Shared> m_shared;
};

class Job : public QObject {
  Q_OBJECT
 public:
  enum class State { Waiting, Running, Succeeded, Cancelled, Failed };
  Q_ENUM(State)

  Job(QString title, Place place) : m_title(std::move(title)), m_place(place) {}
  ~Job() override;

  QString title() const { return m_title; }
  Place place() const { return m_place; }
  State state() const { return m_state; }
  bool finished() const { return m_state >= State::Succeeded; }
  bool wasCancelled() const { return m_source.stop_requested(); }  // also where it was done all the same
  bool cancelling() const { return m_source.stop_requested() && !finished(); }
  QString step() const { return m_step; }
  double fraction() const { return m_fraction; }        // < 0: not known
  double secondsLeft() const { return m_secondsLeft; }  // < 0: not known; smoothed
  double secondsPassed() const;
  QString error() const { return m_error; }             // what, where, what to do; after Failed
  ErrorCode errorCode() const { return m_errorCode; }
  QStringList warnings() const { return m_warnings; }
  // Asks the work to stop; it ends as Cancelled with everything saved that it saves.
  void cancel();
  // Delivered together with progress; call before the job is started.
  template <class T>
  void listen(const EventStream<T>& stream) {
    m_drains.push_back([stream] { stream.drain(); });
  }

 signals:
  void started();
  void progressed();  // step(), fraction(), secondsLeft() changed; at most about ten times a second
  void warned(const QString& text);
  void done();        // once, after the typed callback; finished() is true

 protected:
  struct Verdict { State state; Error error; };
  virtual Verdict work(JobContext& context) = 0;  // job's thread
  virtual void deliver() = 0;                     // UI thread, before done()

 private:
  friend class JobQueue;
  void execute();             // job's thread
  void abandon();             // any thread: it will never be executed
  void begin();               // UI thread
  void pump();                // UI thread: progress, events
  void finish(Verdict verdict);

  QString m_title;
  Place m_place;
  State m_state = State::Waiting;
  QString m_step, m_error;
  ErrorCode m_errorCode = ErrorCode::Io;
  QStringList m_warnings;
  double m_fraction = -1.0, m_secondsLeft = -1.0;
  qint64 m_startedAt = 0, m_endedAt = 0;  // milliseconds of a steady clock
  std::stop_source m_source;
  JobContext m_context{m_source.get_token()};
  std::vector<std::function<void()>> m_drains;
};

// A job from a function: work(context) on the job's thread gives Result<T>; done(result) on the UI thread, unless `guard` was
// deleted before. Work that was asked to stop may return any error; the job then counts as cancelled.
template <class T>
class WorkJob : public Job {
 public:
  using Work = std::function<Result<T>(JobContext&)>;
  using Done = std::function<void(Result<T>)>;
  WorkJob(QString title, Place place, Work work, QObject* guard, Done done)
      : Job(std::move(title), place), m_work(std::move(work)), m_guarded(guard != nullptr), m_guard(guard), m_done(std::move(done)) {}

 protected:
  Verdict work(JobContext& context) override {
    m_result.emplace(m_work(context));
    m_work = nullptr;  // what it held (models, files) is let go on this thread
    if (*m_result) return {context.stopRequested() && cancelledCounts() ? State::Cancelled : State::Succeeded, {}};
    return {context.stopRequested() ? State::Cancelled : State::Failed, m_result->error()};
  }
  void deliver() override {
    // Cancelled before it began there is no result; who waits for it is told all the same.
    if (m_done && (!m_guarded || m_guard)) m_done(m_result ? std::move(*m_result) : Result<T>(fail(ErrorCode::InvalidArgument, "It was cancelled before it began.")));
    m_result.reset();
    m_done = nullptr;
  }
  virtual bool cancelledCounts() const { return false; }

 private:
  Work m_work;
  bool m_guarded;
  QPointer<QObject> m_guard;
  Done m_done;
  std::optional<Result<T>> m_result;
};

}  // namespace scalewright::ui
