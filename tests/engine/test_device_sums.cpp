// Numbers of several devices added up: by the host always, by NCCL on the cards that are here (one is enough).

#include <QtTest>
#include <vector>

#include "engine/backend/companions.h"
#include "engine/core/memory_source.h"
#ifdef SCALEWRIGHT_HAS_CUDA
#include "kernels/cuda/card_sums.h"
#endif

using namespace scalewright;

namespace {

float number(int device, int64_t i) {
  return static_cast<float>((i * 37 + device * 11) % 1000) / 8.0f - 60.0f;  // sums of a few are exact
}

}  // namespace

class TestDeviceSums : public QObject {
  Q_OBJECT

  // `memory[d]` [n]: where device d has its numbers. Twice, since what is left of the first time may not matter.
  template <class AddUp>
  static void check(const std::vector<float*>& memory, int64_t n, const AddUp& add_up) {
    for (int round = 0; round < 2; ++round) {
      for (size_t d = 0; d < memory.size(); ++d)
        for (int64_t i = 0; i < n; ++i) memory[d][i] = number(static_cast<int>(d) + round, i);
      add_up(memory);
      for (int64_t i = 0; i < n; ++i) {
        float sum = 0.0f;
        for (size_t d = 0; d < memory.size(); ++d) sum += number(static_cast<int>(d) + round, i);
        for (const float* one : memory)
          if (one[i] != sum) QFAIL(qPrintable(QString("number %1 is %2, not %3").arg(i).arg(one[i]).arg(sum)));
      }
    }
  }

 private slots:
  void host() {
    const auto sums = make_host_sums();
    for (const int64_t n : {1, 1000, 100003}) {
      std::vector<std::vector<float>> numbers(3, std::vector<float>(static_cast<size_t>(n)));
      check({numbers[0].data(), numbers[1].data(), numbers[2].data()}, n, [&](const std::vector<float*>& memory) {
        QVERIFY(sums->add_up(memory, n).has_value());
      });
    }
  }

  // On one card its sum is what it holds; the library, the copies and the streams are the same as for many.
  void one_card() {
#ifdef SCALEWRIGHT_HAS_CUDA
    auto backend = make_backend({.device = "cuda"});
    if (!backend) QSKIP(backend.error().message.c_str());
    const int card = std::stoi((*backend)->device().substr(5));
    constexpr int64_t kMost = 1000003;
    std::string why;
    const auto sums = kernels::open_nccl({&card, 1}, kMost, why);
    if (!sums && why.find("does not start") == std::string::npos) QSKIP(why.c_str());
    QVERIFY2(sums, why.c_str());
    qInfo("%s on %s", sums->name().c_str(), (*backend)->description().c_str());
    void* memory = memory_source().allocate(kMost * sizeof(float), MemoryUse::Work);
    QVERIFY((*backend)->in_device_memory(memory));
    for (const int64_t n : {int64_t{1}, int64_t{1000}, kMost})
      check({static_cast<float*>(memory)}, n, [&](const std::vector<float*>& numbers) {
        const std::string error = sums->add_up(numbers, static_cast<size_t>(n));
        QVERIFY2(error.empty(), error.c_str());
      });
    float* one = static_cast<float*>(memory);
    QVERIFY(!sums->add_up({&one, 1}, kMost + 1).empty());
    memory_source().release(memory);
#else
    QSKIP("this program was built without CUDA");
#endif
  }

  void all_cards() {
    auto backend = make_backend({.device = "cuda:all"});
    if (!backend) QSKIP(backend.error().message.c_str());
    const Companions* others = (*backend)->companions();
    if (!others) QSKIP("there is one card here");
    constexpr int64_t kMost = 1000003;
    const int count = static_cast<int>(others->devices.size());
    const auto sums = others->make_sums(count, kMost);
    if (!sums) QSKIP("NCCL is not here");
    std::vector<float*> numbers;
    std::vector<std::unique_ptr<Backend>> opened;
    for (int d = 0; d <= count; ++d) {
      if (d > 0) {
        auto made = others->devices[static_cast<size_t>(d) - 1].open();  // this thread enters the card
        QVERIFY2(made, made ? "" : made.error().message.c_str());
        opened.push_back(std::move(*made));
      }
      numbers.push_back(static_cast<float*>(memory_source().allocate(kMost * sizeof(float), MemoryUse::Work)));
    }
    check(numbers, kMost, [&](const std::vector<float*>& memory) { QVERIFY(sums->add_up(memory, kMost).has_value()); });
    for (float* memory : numbers) memory_source().release(memory);
  }
};

QTEST_APPLESS_MAIN(TestDeviceSums)
#include "test_device_sums.moc"
