// Packing: every sample once an epoch, whole, alone in its segment; the same order for the same seed; resumable
// anywhere.

#include <QtTest>
#include <map>
#include <random>
#include <set>

#include "engine/data/batch_stream.h"

using namespace scalewright;

namespace {

// Sample i: ids i * 1000 + position, so that each token names its sample.
std::shared_ptr<const EncodedDataset> samples(const std::vector<int>& lengths) {
  auto data = std::make_shared<EncodedDataset>();
  for (size_t i = 0; i < lengths.size(); ++i) {
    EncodedExample example;
    for (int t = 0; t < lengths[i]; ++t) {
      example.ids.push_back(static_cast<int32_t>(i * 1000) + t);
      example.learned.push_back(t > 0 && t % 2 == 1);
    }
    data->examples.push_back(example);
  }
  return data;
}

std::vector<int> random_lengths(int count, int longest, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<int> lengths;
  for (int i = 0; i < count; ++i)
    lengths.push_back(2 + static_cast<int>(random() % static_cast<unsigned>(longest - 1)));
  return lengths;
}

bool same(const Batch& a, const Batch& b) {
  return a.ids == b.ids && a.targets == b.targets && a.segments == b.segments && a.positions == b.positions;
}

}  // namespace

class TestBatchStream : public QObject {
  Q_OBJECT
 private slots:
  void every_sample_once_an_epoch_data();
  void every_sample_once_an_epoch();
  void seed_and_epoch_decide();
  void goes_on_from_a_cursor();
  void wastes_little();
  void targets_stop_at_seams();
  void cuts_what_is_too_long();
  void leaves_out_what_teaches_nothing();
  void file_order_without_shuffle();
};

void TestBatchStream::every_sample_once_an_epoch_data() {
  QTest::addColumn<int>("batch");
  QTest::addColumn<bool>("shuffle");
  for (const int batch : {1, 3}) {
    QTest::addRow("B=%d in file order", batch) << batch << false;
    QTest::addRow("B=%d shuffled", batch) << batch << true;
  }
}

void TestBatchStream::every_sample_once_an_epoch() {
  QFETCH(int, batch);
  QFETCH(bool, shuffle);
  const std::vector<int> lengths = random_lengths(101, 40, 7);
  constexpr int64_t kContext = 64;
  BatchStream stream(samples(lengths), batch, kContext, 5, shuffle);
  for (int64_t epoch = 0; epoch < 3; ++epoch) {
    std::set<int> seen;
    const int64_t batches = stream.batches_per_epoch();
    for (int64_t i = 0; i < batches; ++i) {
      QCOMPARE(stream.cursor(), (BatchCursor{epoch, i}));
      Batch b;
      stream.next(b);
      QCOMPARE(b.rows, int64_t{batch});
      QCOMPARE(b.context, kContext);
      QCOMPARE(static_cast<int64_t>(b.ids.size()), batch * kContext);
      for (int64_t row = 0; row < batch; ++row) {
        int next_segment = 0;
        for (int64_t t = 0; t < kContext;) {
          const auto at = static_cast<size_t>(row * kContext + t);
          if (b.segments[at] < 0) {  // padding to the end of the row
            for (int64_t rest = t; rest < kContext; ++rest) {
              const auto cell = static_cast<size_t>(row * kContext + rest);
              QCOMPARE(b.segments[cell], -1);
              QCOMPARE(b.targets[cell], -100);
            }
            break;
          }
          const int sample = b.ids[at] / 1000;
          QVERIFY2(seen.insert(sample).second, "a sample came twice");
          const int length = lengths[static_cast<size_t>(sample)];
          QVERIFY(t + length <= kContext);
          for (int p = 0; p < length; ++p) {
            const size_t cell = at + static_cast<size_t>(p);
            QCOMPARE(b.ids[cell], sample * 1000 + p);
            QCOMPARE(b.positions[cell], p);
            QCOMPARE(b.segments[cell], next_segment);
            QCOMPARE(b.targets[cell], p + 1 < length && (p + 1) % 2 == 1 ? b.ids[cell] + 1 : -100);
          }
          ++next_segment;
          t += length;
        }
      }
    }
    QCOMPARE(seen.size(), lengths.size());
    QCOMPARE(stream.cursor(), (BatchCursor{epoch + 1, 0}));
  }
}

void TestBatchStream::seed_and_epoch_decide() {
  const auto data = samples(random_lengths(60, 30, 3));
  const auto epoch_of = [&](uint64_t seed, int64_t epoch) {
    BatchStream stream(data, 2, 64, seed, true);
    stream.seek({epoch, 0});
    std::vector<int32_t> ids;
    Batch b;
    for (int64_t n = stream.batches_per_epoch(); n > 0; --n) {
      stream.next(b);
      ids.insert(ids.end(), b.ids.begin(), b.ids.end());
    }
    return ids;
  };
  QVERIFY(epoch_of(1, 0) == epoch_of(1, 0));
  QVERIFY(epoch_of(1, 1) == epoch_of(1, 1));
  QVERIFY(epoch_of(1, 0) != epoch_of(1, 1));
  QVERIFY(epoch_of(1, 0) != epoch_of(2, 0));
}

void TestBatchStream::goes_on_from_a_cursor() {
  const auto data = samples(random_lengths(50, 30, 11));
  BatchStream whole(data, 2, 48, 9, true);
  std::vector<std::pair<BatchCursor, Batch>> batches;
  for (int i = 0; i < 40; ++i) {
    const BatchCursor at = whole.cursor();
    Batch b;
    whole.next(b);
    batches.emplace_back(at, b);
  }
  QVERIFY(batches.back().first.epoch >= 2);
  BatchStream again(data, 2, 48, 9, true);
  for (auto it = batches.rbegin(); it != batches.rend(); ++it) {
    again.seek(it->first);
    Batch b;
    again.next(b);
    QVERIFY(same(b, it->second));
  }
}

void TestBatchStream::wastes_little() {
  const std::vector<int> lengths = random_lengths(2000, 60, 1);
  BatchStream stream(samples(lengths), 1, 512, 1, true);
  int64_t tokens = 0;
  for (const int length : lengths) tokens += length;
  const auto filled = static_cast<double>(tokens) / static_cast<double>(stream.batches_per_epoch() * 512);
  QVERIFY2(filled > 0.98, qPrintable(QString::number(filled)));
}

void TestBatchStream::targets_stop_at_seams() {
  auto data = std::make_shared<EncodedDataset>();
  for (int i = 0; i < 2; ++i)
    data->examples.push_back({.ids = {10 * i + 1, 10 * i + 2, 10 * i + 3}, .learned = {1, 1, 1}});
  BatchStream stream(data, 1, 8, 1, false);
  Batch b;
  stream.next(b);
  // The first token of a sample is never predicted, even where the mask asks for it: nothing stands before it.
  QCOMPARE(b.targets, (std::vector<int32_t>{2, 3, -100, 12, 13, -100, -100, -100}));
  QCOMPARE(b.positions, (std::vector<int32_t>{0, 1, 2, 0, 1, 2, 0, 0}));
  QCOMPARE(b.segments, (std::vector<int32_t>{0, 0, 0, 1, 1, 1, -1, -1}));
  QCOMPARE(b.counted(), int64_t{4});
}

void TestBatchStream::cuts_what_is_too_long() {
  BatchStream stream(samples({100}), 1, 16, 1, false);
  QCOMPARE(stream.batches_per_epoch(), int64_t{1});
  Batch b;
  stream.next(b);
  for (int t = 0; t < 16; ++t) QCOMPARE(b.ids[static_cast<size_t>(t)], t);
  QCOMPARE(b.targets.back(), -100);
}

void TestBatchStream::leaves_out_what_teaches_nothing() {
  auto data = std::make_shared<EncodedDataset>();
  data->examples.push_back({.ids = {1, 2, 3}, .learned = {1, 0, 0}});
  data->examples.push_back({.ids = {4, 5, 6}, .learned = {0, 0, 1}});
  data->examples.push_back({.ids = {}, .learned = {}});
  BatchStream stream(data, 1, 4, 1, true);
  QCOMPARE(stream.batches_per_epoch(), int64_t{1});
  Batch b;
  stream.next(b);
  QCOMPARE(b.ids, (std::vector<int32_t>{4, 5, 6, 0}));
}

void TestBatchStream::file_order_without_shuffle() {
  BatchStream stream(samples({30, 30, 30, 4}), 1, 40, 77, false);
  std::vector<int> order;
  Batch b;
  for (int i = 0; i < 3; ++i) {
    stream.next(b);
    order.push_back(b.ids[0] / 1000);
  }
  QCOMPARE(order, (std::vector<int>{0, 1, 2}));
}

QTEST_APPLESS_MAIN(TestBatchStream)
#include "test_batch_stream.moc"
