// The bridge to the engine: order, typed results, coalesced progress, cancel, failure, jobs inside a running tune.

#include <QSignalSpy>
#include <QTest>
#include <QThread>
#include <atomic>
#include <thread>

#include "engine/tune/trainer.h"
#include "ui/jobs/job_queue.h"

using namespace scalewright;
using namespace scalewright::ui;

namespace {

template <class T>
std::shared_ptr<WorkJob<T>> makeJob(typename WorkJob<T>::Work work, QObject* guard, typename WorkJob<T>::Done done) {
  return std::make_shared<WorkJob<T>>("test", Place::None, std::move(work), guard, std::move(done));
}
void sleepMs(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

}  // namespace

class TestJobQueue : public QObject {
  Q_OBJECT

 private slots:
  void resultsArriveInOrderOnThisThread() {
    JobQueue queue;
    QList<int> got;
    QThread* here = QThread::currentThread();
    for (int i = 0; i < 5; ++i)
      queue.run<int>("n", Place::None, [i, here](JobContext&) -> Result<int> { return QThread::currentThread() == here ? -1 : i; }, this, [&](Result<int> r) {
        QCOMPARE(QThread::currentThread(), here);
        got << *r;
      });
    QVERIFY(queue.waitForAll(5000));
    QCOMPARE(got, QList<int>({0, 1, 2, 3, 4}));
  }

  void progressIsCoalesced() {
    JobQueue queue;
    auto job = makeJob<int>(
        [](JobContext& context) -> Result<int> {
          for (int i = 0; i <= 50'000; ++i) context.progress({"step", i / 50'000.0, 1.0});
          sleepMs(250);
          context.progress({"end", 1.0, 0.0});
          return 1;
        },
        this, [](Result<int>) {});
    QSignalSpy spy(job.get(), &Job::progressed);
    queue.start(job);
    QVERIFY(queue.waitForAll(10000));
    QVERIFY2(spy.count() >= 1 && spy.count() <= 12, qPrintable(QString::number(spy.count())));
    QCOMPARE(job->step(), "end");
    QCOMPARE(job->fraction(), 1.0);
  }

  void eventsAreCompleteAndInOrder() {
    JobQueue queue;
    std::vector<int> got;
    int batches = 0;
    const EventStream<int> events([&](std::vector<int> batch) {
      ++batches;
      got.insert(got.end(), batch.begin(), batch.end());
    });
    auto job = makeJob<int>(
        [events](JobContext&) -> Result<int> {
          for (int i = 0; i < 10'000; ++i) {
            events.push(i);
            if (i % 1000 == 0) sleepMs(20);
          }
          return 0;
        },
        this, [&](Result<int>) { QCOMPARE(got.size(), size_t(10'000)); });  // all before the result
    job->listen(events);
    queue.start(job);
    QVERIFY(queue.waitForAll(10000));
    QCOMPARE(got.size(), size_t(10'000));
    QVERIFY(std::is_sorted(got.begin(), got.end()));
    QVERIFY2(batches < 30, qPrintable(QString::number(batches)));
  }

  void cancelStopsAndIsNoFailure() {
    JobQueue queue;
    std::atomic<bool> running = false;
    auto job = makeJob<int>(
        [&](JobContext& context) -> Result<int> {
          running = true;
          while (!context.stopRequested()) sleepMs(5);
          return fail(ErrorCode::Io, "stopped half way");
        },
        this, [](Result<int>) {});
    QSignalSpy done(job.get(), &Job::done);
    queue.start(job);
    QTRY_VERIFY(running);
    QVERIFY(queue.busy() || job->state() == Job::State::Waiting);
    job->cancel();
    QVERIFY(queue.waitForAll(5000));
    QCOMPARE(done.count(), 1);
    QCOMPARE(job->state(), Job::State::Cancelled);
    QVERIFY(job->error().isEmpty());
  }

  void aWaitingJobThatIsCancelledNeverWorks() {
    JobQueue queue;
    std::atomic<bool> release = false, worked = false;
    queue.run<int>("first", Place::None, [&](JobContext&) -> Result<int> { while (!release) sleepMs(2); return 0; }, this, nullptr);
    auto second = makeJob<int>([&](JobContext&) -> Result<int> { worked = true; return 0; }, this, [](Result<int>) {});
    queue.start(second);
    QCOMPARE(queue.waiting().size() >= 1, true);
    second->cancel();
    release = true;
    QVERIFY(queue.waitForAll(5000));
    QVERIFY(!worked);
    QCOMPARE(second->state(), Job::State::Cancelled);
  }

  void failuresArriveAsMessages() {
    JobQueue queue;
    QString message;
    auto failing = makeJob<int>([](JobContext&) -> Result<int> { return fail(ErrorCode::Format, "a.gguf: cut; fetch it again"); }, this, [&](Result<int> r) { message = QString::fromStdString(r.error().message); });
    auto throwing = makeJob<int>([](JobContext&) -> Result<int> { throw std::runtime_error("library trouble"); }, this, [](Result<int>) {});
    queue.start(failing);
    queue.start(throwing);
    QVERIFY(queue.waitForAll(5000));
    QCOMPARE(failing->state(), Job::State::Failed);
    QCOMPARE(failing->error(), "a.gguf: cut; fetch it again");
    QCOMPARE(failing->errorCode(), ErrorCode::Format);
    QCOMPARE(message, failing->error());
    QCOMPARE(throwing->state(), Job::State::Failed);
    QVERIFY(throwing->error().contains("library trouble"));
  }

  void aReceiverThatIsGoneIsNotCalled() {
    JobQueue queue;
    bool called = false;
    auto* guard = new QObject;
    queue.run<int>("n", Place::None, [](JobContext&) -> Result<int> { sleepMs(50); return 1; }, guard, [&](Result<int>) { called = true; });
    delete guard;
    QVERIFY(queue.waitForAll(5000));
    QVERIFY(!called);
  }

  void quickReadsDoNotWaitForTheEngine() {
    JobQueue queue;
    std::atomic<bool> release = false;
    bool read = false;
    queue.run<int>("long", Place::Tune, [&](JobContext&) -> Result<int> { while (!release) sleepMs(2); return 0; }, this, nullptr);
    QTRY_VERIFY(queue.busy());  // a busy machine may begin it later than the quick one
    queue.run<int>("quick", Place::None, [](JobContext&) -> Result<int> { return 1; }, this, [&](Result<int>) { read = true; }, Lane::Quick);
    QTRY_VERIFY_WITH_TIMEOUT(read, 3000);
    QVERIFY(queue.busy());
    QCOMPARE(queue.current()->title(), "long");
    release = true;
    QVERIFY(queue.waitForAll(5000));
  }

  void destroyingTheQueueStopsEverything() {
    std::atomic<bool> stopped = false;
    {
      JobQueue queue;
      queue.run<int>("endless", Place::None, [&](JobContext& context) -> Result<int> {
        while (!context.stopRequested()) sleepMs(2);
        stopped = true;
        return 0;
      }, this, nullptr);
      QTest::qWait(30);
    }
    QVERIFY(stopped);
    QTest::qWait(30);  // deliveries of dead jobs find nobody
  }

  void aTuneThatEndsLetsItsWorkFall() {
    JobQueue queue;
    auto control = std::make_shared<TuneControl>();
    auto job = makeJob<int>([](JobContext&) -> Result<int> { return 1; }, this, [](Result<int>) {});
    queue.startInside(job, control);
    control.reset();  // the tune is over without another step
    QVERIFY(queue.waitForAll(3000));
    QCOMPARE(job->state(), Job::State::Cancelled);
  }

  // Asked after the last step of a tune, which still has work of its own: answered behind it, not cancelled without a word.
  void whatATuneHasNotBegunGetsInLine() {
    JobQueue queue;
    auto control = std::make_shared<TuneControl>(), another = std::make_shared<TuneControl>();
    std::atomic<bool> over = false;
    QStringList order;
    const auto tune = queue.run<int>("tune", Place::Tune, [&](JobContext&) -> Result<int> {
      while (!over) sleepMs(5);
      return 1;
    }, this, [&](Result<int>) { order << "tune"; });
    const auto chat = [&](const QString& name) {
      return makeJob<int>([](JobContext&) -> Result<int> { return 2; }, this, [&order, name](Result<int> r) { order << (r ? name : "cancelled"); });
    };
    QTRY_COMPARE(queue.current(), tune.get());
    auto late = chat("late"), elsewhere = chat("elsewhere");
    queue.startInside(late, control);
    queue.startInside(elsewhere, another);
    queue.leaveTune(control.get());
    QCOMPARE(queue.waiting(), QList<Job*>{late.get()});
    QCOMPARE(elsewhere->state(), Job::State::Waiting);
    control.reset();  // whose work was taken over
    over = true;
    QTRY_COMPARE(order, QStringList({"tune", "late"}));
    QCOMPARE(late->state(), Job::State::Succeeded);
    another.reset();
    QVERIFY(queue.waitForAll(3000));
    QCOMPARE(order.last(), "cancelled");
  }
};

QTEST_GUILESS_MAIN(TestJobQueue)
#include "test_job_queue.moc"
