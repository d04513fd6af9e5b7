#include <QtTest>
#include <atomic>
#include <chrono>
#include <ctime>
#include <thread>
#include <vector>

#include "kernels/cpu/thread_pool.h"

using scalewright::kernels::cpu::ThreadPool;

class TestThreadPool : public QObject {
  Q_OBJECT
 private slots:
  void every_thread_once();
  void ranges();
  void pieces();
  void barrier();
  void idle_pool_sleeps();
};

void TestThreadPool::every_thread_once() {
  for (const int threads : {1, 2, 3, 5}) {
    ThreadPool pool(threads);
    QCOMPARE(pool.threads(), threads);
    std::vector<int> calls(static_cast<size_t>(threads));
    for (int round = 0; round < 500; ++round) {
      pool.run([&](int index) { ++calls[static_cast<size_t>(index)]; });
      if (round % 100 == 50) std::this_thread::sleep_for(std::chrono::milliseconds(2));  // long enough to fall asleep
    }
    for (const int count : calls) QCOMPARE(count, 500);
  }
}

void TestThreadPool::ranges() {
  ThreadPool pool(3);
  for (const int64_t count : {0, 1, 2, 7, 16, 100, 1001}) {
    for (const int64_t grain : {1, 4, 16, 2000}) {
      std::vector<std::atomic<int>> seen(static_cast<size_t>(count));
      std::atomic<int> crooked{0};
      pool.parallel_ranges(count, grain, [&](int64_t begin, int64_t end) {
        if (begin % grain != 0 || (end % grain != 0 && end != count) || begin >= end) ++crooked;
        for (int64_t i = begin; i < end; ++i) ++seen[static_cast<size_t>(i)];
      });
      QCOMPARE(crooked.load(), 0);
      for (const auto& times : seen) QCOMPARE(times.load(), 1);
    }
  }
  std::atomic<int> calls{0}, wrong{0};
  pool.parallel_ranges(12, 4, [&](int index, int64_t begin, int64_t end) {
    ++calls;
    if (index < 0 || index > 2 || end - begin != 4) ++wrong;
  });
  QCOMPARE(calls.load(), 3);
  QCOMPARE(wrong.load(), 0);
}

void TestThreadPool::pieces() {
  for (const int threads : {1, 2, 4}) {
    ThreadPool pool(threads);
    for (int round = 0; round < 300; ++round) {  // many short ones, so that workers come late, in time and not at all
      const int64_t count = round % 40, grain = 1 + round % 5;
      std::vector<std::atomic<int>> seen(static_cast<size_t>(count));
      std::atomic<int> crooked{0};
      pool.parallel_pieces(count, grain, [&](int index, int64_t begin, int64_t end) {
        if (index < 0 || index >= threads || begin % grain != 0 || begin >= end || end > count) ++crooked;
        for (int64_t i = begin; i < end; ++i) ++seen[static_cast<size_t>(i)];
      });
      QCOMPARE(crooked.load(), 0);
      for (const auto& times : seen) QCOMPARE(times.load(), 1);
      if (round % 50 == 49) {  // a run for everyone in between, after a sleep
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        std::atomic<int> calls{0};
        pool.run([&](int) { ++calls; });
        QCOMPARE(calls.load(), threads);
      }
    }
  }
  // Long pieces are shared: the second thread takes some while the first is busy.
  ThreadPool pool(2);
  std::atomic<int> by_worker{0};
  pool.parallel_pieces(20, 1, [&](int index, int64_t, int64_t) {
    if (index == 1) ++by_worker;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  });
  QVERIFY(by_worker > 0);
}

void TestThreadPool::barrier() {
  constexpr int kThreads = 3;
  ThreadPool pool(kThreads);
  int written[kThreads] = {};
  std::atomic<int> wrong{0};
  pool.run([&](int index) {
    for (int step = 1; step <= 300; ++step) {
      written[index] = step;
      pool.barrier();
      for (const int value : written) {
        if (value != step) ++wrong;
      }
      pool.barrier();
    }
  });
  QCOMPARE(wrong.load(), 0);
}

void TestThreadPool::idle_pool_sleeps() {
  ThreadPool pool(2);
  pool.run([](int) {});
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const std::clock_t before = std::clock();  // processor time of all threads
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const double used = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
  QVERIFY2(used < 0.02, qPrintable(QString("an idle pool used %1 s of 0.2 s").arg(used)));
}

QTEST_APPLESS_MAIN(TestThreadPool)
#include "test_thread_pool.moc"
