#pragma once
// The only bridge from the window to the engine: one engine thread where jobs run one after another, and one light thread
// for quick reads (summaries, previews), so that a running tune does not keep the Models page waiting.

#include <QList>
#include <QObject>
#include <QTimer>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "ui/jobs/job.h"

namespace scalewright {
class TuneControl;
}

namespace scalewright::ui {

enum class Lane { Engine, Quick };

class JobQueue : public QObject {
  Q_OBJECT
 public:
  explicit JobQueue(QObject* parent = nullptr);
  ~JobQueue() override;  // cancels everything and waits

  // Starts when the lane is free. The queue shares the job until it is done.
  void start(std::shared_ptr<Job> job, Lane lane = Lane::Engine);
  // Runs a job within a running tune, between two of its steps, on the tune's thread (chat while training).
  void startInside(std::shared_ptr<Job> job, std::shared_ptr<TuneControl> tune);
  // The tune makes no more steps: what it has not begun gets in line behind it.
  void leaveTune(const TuneControl* tune);
  // In one go: makes and starts a WorkJob.
  template <class T>
  std::shared_ptr<Job> run(const QString& title, Place place, std::function<Result<T>(JobContext&)> work, QObject* guard,
                           std::function<void(Result<T>)> done, Lane lane = Lane::Engine) {
    auto job = std::make_shared<WorkJob<T>>(title, place, std::move(work), guard, std::move(done));
    start(job, lane);
    return job;
  }

  Job* current() const;                       // running on the engine thread, or null
  QList<Job*> waiting() const;                // for the engine thread, first in line first
  bool busy() const { return current() != nullptr; }
  void cancelAll();
  // Runs the event loop until nothing runs, or the time is over; for closing and for tests.
  bool waitForAll(int milliseconds);
  static constexpr int kTick = 100;           // milliseconds between deliveries

 signals:
  void jobStarted(scalewright::ui::Job* job);
  void jobProgressed(scalewright::ui::Job* job);
  void jobDone(scalewright::ui::Job* job);    // job->state() says how
  void idle();                                // nothing runs or waits on the engine thread

 private:
  struct Worker;
  struct Ticket;
  struct Inside {
    const TuneControl* tune = nullptr;
    std::weak_ptr<Ticket> ticket;
  };
  static void carryOut(Job* job);             // job's thread
  static void letFall(Job* job);              // any thread
  void watch(const std::shared_ptr<Job>& job, bool engine);
  void tick();
  void over(Job* job);
  std::unique_ptr<Worker> m_engine, m_quick;
  QList<std::shared_ptr<Job>> m_jobs;         // not done yet, all lanes, in order
  QList<Job*> m_engineJobs;
  QList<Inside> m_inside;                     // posted to tunes
  QTimer m_timer;
};

}  // namespace scalewright::ui
