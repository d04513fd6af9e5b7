#include "ui/jobs/job_queue.h"

#include <QCoreApplication>
#include <QElapsedTimer>
#include <QEventLoop>

#include "engine/tune/trainer.h"

namespace scalewright::ui {

struct JobQueue::Worker {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::deque<std::function<void()>> work;
  std::jthread thread;

  Worker()
      : thread([this](std::stop_token stop) {
          for (;;) {
            std::function<void()> next;
            {
              std::unique_lock lock(mutex);
              if (!wake.wait(lock, stop, [this] { return !work.empty(); })) return;
              next = std::move(work.front());
              work.pop_front();
            }
            next();
          }
        }) {}
  void push(std::function<void()> next) {
    {
      const std::lock_guard lock(mutex);
      work.push_back(std::move(next));
    }
    wake.notify_one();
  }
};

void JobQueue::carryOut(Job* job) {
  QMetaObject::invokeMethod(job, [job] { if (job->state() == Job::State::Waiting) job->begin(); }, Qt::QueuedConnection);
  job->execute();
}
void JobQueue::letFall(Job* job) { job->abandon(); }

JobQueue::JobQueue(QObject* parent) : QObject(parent), m_engine(std::make_unique<Worker>()), m_quick(std::make_unique<Worker>()) {
  m_timer.setInterval(kTick);
  connect(&m_timer, &QTimer::timeout, this, &JobQueue::tick);
}

JobQueue::~JobQueue() {
  cancelAll();
  // Threads end after the job they are in; their last deliveries find the jobs still alive in m_jobs.
  m_engine.reset();
  m_quick.reset();
}

void JobQueue::watch(const std::shared_ptr<Job>& job, bool engine) {
  m_jobs << job;
  if (engine) m_engineJobs << job.get();
  Job* raw = job.get();
  connect(raw, &Job::started, this, [this, raw] { emit jobStarted(raw); });
  connect(raw, &Job::progressed, this, [this, raw] { emit jobProgressed(raw); });
  connect(raw, &Job::done, this, [this, raw] { over(raw); });
  if (!m_timer.isActive()) m_timer.start();
}

void JobQueue::start(std::shared_ptr<Job> job, Lane lane) {
  watch(job, lane == Lane::Engine);
  Worker& worker = lane == Lane::Engine ? *m_engine : *m_quick;
  // The queue owns the job until it is done; a reference held by the worker could be the last and delete it there.
  worker.push([raw = job.get()] { carryOut(raw); });
}

// Who takes it carries the job out, once. A tune that ends without a word lets it fall: then the job counts as cancelled.
struct JobQueue::Ticket {
  explicit Ticket(Job* j) : job(j) {}
  ~Ticket() {
    if (take()) letFall(job);
  }
  bool take() { return !taken.exchange(true); }
  Job* job;
  std::atomic<bool> taken = false;
};

void JobQueue::startInside(std::shared_ptr<Job> job, std::shared_ptr<TuneControl> tune) {
  watch(job, false);
  auto ticket = std::make_shared<Ticket>(job.get());
  m_inside << Inside{tune.get(), ticket};
  tune->post([ticket](Model&) {
    if (ticket->take()) carryOut(ticket->job);
  });
}

void JobQueue::leaveTune(const TuneControl* tune) {
  for (const Inside& inside : std::exchange(m_inside, {})) {
    const auto ticket = inside.ticket.lock();
    if (!ticket) continue;
    if (inside.tune != tune) {
      m_inside << inside;
    } else if (ticket->take()) {
      m_engineJobs << ticket->job;
      m_engine->push([job = ticket->job] { carryOut(job); });
    }
  }
}

Job* JobQueue::current() const {
  for (Job* job : m_engineJobs)
    if (job->state() == Job::State::Running) return job;
  return nullptr;
}
QList<Job*> JobQueue::waiting() const {
  QList<Job*> list;
  for (Job* job : m_engineJobs)
    if (job->state() == Job::State::Waiting) list << job;
  return list;
}

void JobQueue::cancelAll() {
  for (const auto& job : m_jobs) job->cancel();
}

void JobQueue::tick() {
  const auto jobs = m_jobs;  // a receiver may start or end others
  for (const auto& job : jobs)
    if (job->state() == Job::State::Running) job->pump();
}

void JobQueue::over(Job* job) {
  std::shared_ptr<Job> keep;
  for (int i = 0; i < m_jobs.size(); ++i)
    if (m_jobs[i].get() == job) {
      keep = m_jobs.takeAt(i);
      break;
    }
  const bool engine = m_engineJobs.removeAll(job) > 0;
  if (m_jobs.isEmpty()) m_timer.stop();
  emit jobDone(job);
  if (engine && m_engineJobs.isEmpty()) emit idle();
  // The last reference goes with the event loop: slots of done() may still look at the job.
  QMetaObject::invokeMethod(this, [keep] {}, Qt::QueuedConnection);
}

bool JobQueue::waitForAll(int milliseconds) {
  QElapsedTimer clock;
  clock.start();
  while (!m_jobs.isEmpty() && clock.elapsed() < milliseconds) QCoreApplication::processEvents(QEventLoop::AllEvents | QEventLoop::WaitForMoreEvents, 50);
  return m_jobs.isEmpty();
}

}  // namespace scalewright::ui
