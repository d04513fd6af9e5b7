// What "auto" stands for: times, given or measured, to a choice in words; and that they are remembered.

#include <QTemporaryDir>
#include <QtTest>
#include <set>

#include "engine/backend/cuda_backend.h"
#include "engine/backend/cuda_memory.h"
#include "engine/backend/device_times.h"
#include "engine/backend/forwarding_backend.h"
#include "engine/core/file.h"

using namespace scalewright;

namespace {

DeviceTimes times(double chat, double tuning) {
  return {{1.0, 1.0}, {1.0 / chat, 1.0 / tuning}};
}

}  // namespace

class TestDeviceTimes : public QObject {
  Q_OBJECT

 private slots:
  void the_faster_one_is_chosen() {
    const DeviceChoice fast = choose_device("A card", times(7.14, 25.3));
    QVERIFY(fast.card);
    QCOMPARE(fast.why, std::string("A card is used: measured here, it answers 7.1 times and tunes 25 times as fast as "
                                   "the processor."));
    for (const auto& [chat, tuning] : {std::pair{0.8, 3.0}, std::pair{3.0, 0.9}, std::pair{1.0, 2.0}}) {
      const DeviceChoice slow = choose_device("A card", times(chat, tuning));
      QVERIFY(!slow.card);
      QVERIFY2(slow.why.starts_with("A card is not used: measured here, it answers "), slow.why.c_str());
    }
    const DeviceChoice unknown = choose_device("A card", {});
    QVERIFY(!unknown.card && unknown.why.find("could not be measured") != std::string::npos);
    QVERIFY(!choose_device("A card", {{1.0, 1.0}, {NAN, 0.1}}).card);
  }

  void times_are_remembered() {
    QTemporaryDir folder;
    const std::filesystem::path file = std::filesystem::path(folder.path().toStdString()) / "devices.json";
    int measured = 0;
    const auto measure = [&](double chat) {
      return [&measured, chat] {
        ++measured;
        return times(chat, 2.0);
      };
    };
    QCOMPARE(known_device_times(file, "card 1", measure(4.0)).card.chat, 0.25);
    QCOMPARE(known_device_times(file, "card 1", measure(8.0)).card.chat, 0.25);
    QCOMPARE(measured, 1);
    // Another card, driver or version is another key.
    QCOMPARE(known_device_times(file, "card 2", measure(8.0)).card.chat, 0.125);
    QCOMPARE(known_device_times(file, "card 1", measure(8.0)).card.chat, 0.25);
    QCOMPARE(measured, 2);
    // What failed is not remembered, and a broken file is begun anew.
    known_device_times(file, "card 3", [] { return DeviceTimes{}; });
    QCOMPARE(known_device_times(file, "card 3", measure(2.0)).card.chat, 0.5);
    QVERIFY(write_text_file(file, "{\"card 1\": [").has_value());
    QCOMPARE(known_device_times(file, "card 1", measure(2.0)).card.chat, 0.5);
    QCOMPARE(known_device_times("/nowhere/devices.json", "card 1", measure(2.0)).card.chat, 0.5);
    QCOMPARE(measured, 5);
  }

  void a_trial_that_never_ended_is_not_begun_again() {
    QTemporaryDir folder;
    const std::filesystem::path marker = std::filesystem::path(folder.path().toStdString()) / "card-on-trial";
    QVERIFY(FirstTrial::begin(marker, "card 1"));
    QVERIFY(!FirstTrial::begin(marker, "card 1"));  // as after a crash
    QVERIFY(FirstTrial::begin(marker, "card 2"));   // another card, driver or version
    FirstTrial::end(marker);
    QVERIFY(FirstTrial::begin(marker, "card 2"));
    FirstTrial::end(marker);
    FirstTrial::end(marker);
    QVERIFY(FirstTrial::begin("/nowhere/card-on-trial", "card 1"));
  }

  void work_is_timed() {
    const WorkSize small{.width = 64, .matrices = 2, .rows = 12, .repeats = 1};
    const auto processor = make_backend({.threads = 1, .device = "cpu"});
    QVERIFY(processor.has_value());
    const WorkTimes here = time_work(**processor, host_memory(), small);
    QVERIFY(here.chat > 0.0 && here.tuning > 0.0);
    std::string why;
    const auto card = cuda_emulated::make_cuda_backend(nullptr, why);
    const WorkTimes there = time_work(*card, cuda_emulated::card_memory(), small);
    QVERIFY(there.chat > here.chat);  // an emulated card is none to choose
    QVERIFY(!choose_device("An emulated card", {here, there}).card);
    QCOMPARE(cuda_emulated::card_use(0).held_bytes, uint64_t{0});
  }

  // What is timed for tuning is what tuning runs.
  void tuning_is_timed_in_its_precision() {
    class Rounding final : public ForwardingBackend {
     public:
      using ForwardingBackend::ForwardingBackend;
      Precision tuning_precision() const override { return Precision::Fast; }
      void linear(const float* x, int64_t ldx, int64_t T, const WeightView& w, const float* bias, float* y, int64_t ldy,
                  Precision precision) override {
        (T == 1 ? chat : tuning).insert(precision);
        ForwardingBackend::linear(x, ldx, T, w, bias, y, ldy, precision);
      }
      void linear_backward(const float* x, int64_t ldx, int64_t T, std::span<const LinearGradient> parts, int64_t lddy,
                           float* dx, int64_t lddx, Precision precision) override {
        tuning.insert(precision);
        scales += parts.front().dscale != nullptr && dx != nullptr;
        ForwardingBackend::linear_backward(x, ldx, T, parts, lddy, dx, lddx, precision);
      }
      std::set<Precision> chat, tuning;
      int scales = 0;
    };
    const auto processor = make_backend({.threads = 1, .device = "cpu"});
    Rounding rounding(**processor);
    time_work(rounding, host_memory(), {.width = 64, .matrices = 2, .rows = 12, .repeats = 1});
    QCOMPARE(rounding.chat, std::set{Precision::Exact});
    QCOMPARE(rounding.tuning, std::set{Precision::Fast});
    QVERIFY(rounding.scales > 0);
  }

  // On this machine: the words fit the device that is taken.
  void auto_says_why() {
    const auto backend = make_backend({});
    QVERIFY(backend.has_value());
    const bool card = (*backend)->description().starts_with("CUDA");
    QCOMPARE(card, why_this_device().find(" is used: measured") != std::string::npos);
    if (!why_no_gpu().empty()) QCOMPARE(why_this_device(), why_no_gpu());
    qInfo("%s", why_this_device().c_str());
  }
};

QTEST_APPLESS_MAIN(TestDeviceTimes)
#include "test_device_times.moc"
