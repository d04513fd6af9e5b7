// Several devices that share the steps of a run: the same losses and scales as one device with all rows, also after a
// stop, and clean ends. Processors here, and cards in emulation.

#include <QtTest>
#include <atomic>
#include <thread>

#include "engine/backend/companions.h"
#include "engine/backend/cuda_backend.h"
#include "engine/backend/cuda_memory.h"
#include "engine/backend/forwarding_backend.h"
#include "engine/tune/checkpoint.h"
#include "engine/tune/replica_team.h"
#include "tests/testkit/simt/simt.h"
#include "tests/testkit/tune_fixture.h"

using namespace scalewright;
using namespace scalewright::testkit;

namespace {

constexpr uint64_t kLarge = uint64_t{1} << 32;
constexpr double kTolerance = 1e-5;  // of sums in another order

std::unique_ptr<Backend> processor() {
  return std::move(*make_backend({.threads = 1, .device = "cpu"}));
}
std::unique_ptr<Backend> card(int number) {
  std::string why;
  auto made = cuda_emulated::make_cuda_backend(nullptr, why, number);
  if (!made) qFatal("%s", why.c_str());
  return made;
}

// A device that knows others.
class First final : public ForwardingBackend {
 public:
  explicit First(std::unique_ptr<Backend> device) : ForwardingBackend(*device), device_(std::move(device)) {}
  const Companions* companions() const override { return &others; }
  Companions others;

 private:
  std::unique_ptr<Backend> device_;
};

// Fails at one of its updates.
class Failing final : public ForwardingBackend {
 public:
  Failing(std::unique_ptr<Backend> device, int updates)
      : ForwardingBackend(*device), device_(std::move(device)), left_(updates) {}
  void adamw(const AdamStep& s, const float* gradient, float* parameter, float* m, float* v, int64_t n) override {
    if (left_-- == 0) throw std::runtime_error("its fan fell off");
    ForwardingBackend::adamw(s, gradient, parameter, m, v, n);
  }

 private:
  std::unique_ptr<Backend> device_;
  int left_;
};

std::unique_ptr<First> processors(int count) {
  auto first = std::make_unique<First>(processor());
  for (int i = 1; i < count; ++i)
    first->others.devices.push_back({"processor " + std::to_string(i),
                                     [] { return std::optional<DeviceMemory>(); },
                                     []() -> Result<std::unique_ptr<Backend>> { return processor(); }});
  return first;
}
std::unique_ptr<First> cards(int count) {
  simt::set_cards(count);
  use_memory_source(&cuda_emulated::card_memory());
  auto first = std::make_unique<First>(card(0));
  for (int i = 1; i < count; ++i) {
    const std::string name = "an emulated card (cuda:" + std::to_string(i) + ")";
    first->others.devices.push_back(
        {name,
         [i, name] {
           const cuda_emulated::CardUse use = cuda_emulated::card_use(i);
           return DeviceMemory{name, use.total_bytes, use.available_bytes, use.held_bytes, 0};
         },
         [i]() -> Result<std::unique_ptr<Backend>> { return card(i); }});
  }
  return first;
}

// Cancels after a number of steps.
class Stopping final : public KeepingObserver {
 public:
  explicit Stopping(int64_t after) : after_(after) {}
  void step(const StepRecord& r) override {
    KeepingObserver::step(r);
    if (r.step == after_) source.request_stop();
  }
  std::stop_source source;

 private:
  int64_t after_;
};

struct Outcomes {
  std::vector<double> losses, norms, validation;
  std::vector<float> scales;  // as factors of those before
};

double largest_off(const std::vector<double>& got, const std::vector<double>& expected) {
  if (got.size() != expected.size()) return INFINITY;
  double off = 0.0;
  for (size_t i = 0; i < got.size(); ++i) off = std::max(off, std::abs(got[i] - expected[i]) / std::abs(expected[i]));
  return off;
}

}  // namespace

class TestReplicas : public QObject {
  Q_OBJECT

  QTemporaryDir folder_;
  fs::path run_folder(const char* name) const { return fs::path(folder_.path().toStdString()) / name; }
  TuneRecipe recipe(int64_t batch, int64_t accumulate, int64_t steps = 20) const {
    TuneRecipe r = small_recipe(tunable_models().front(), folder_.path().toStdString(), steps);
    r.batch = batch;
    r.accumulate = accumulate;
    r.context = 32;
    return r;
  }
  static std::shared_ptr<Model> model() {
    KeepingObserver observer;
    return need(load_model(tunable_models().front(), observer));
  }
  static Result<TuneReport> tune(Backend& backend, const TuneRecipe& recipe, const fs::path& run, bool resume = false,
                                 TuneObserver* observer = nullptr, std::stop_token stop = {}) {
    KeepingObserver quiet;
    TuneControl control;
    return Trainer::run(model(), backend, recipe, run, resume, observer ? *observer : quiet, control, stop);
  }
  static Outcomes outcomes(const TuneReport& report, const fs::path& run) {
    Outcomes o{report.losses, report.gradient_norms, {}, {}};
    for (const ValidationRecord& v : report.validation) o.validation.push_back(v.loss);
    const Checkpoint last = need(read_checkpoint(checkpoint_path(run)));
    o.scales.resize(last.trainable);
    need(read_arrays(checkpoint_path(run), last, {o.scales.data(), nullptr, nullptr}));
    for (float& s : o.scales) s += 1.0f;
    return o;
  }
  static void compare(const Outcomes& got, const Outcomes& expected) {
    const double losses = largest_off(got.losses, expected.losses), norms = largest_off(got.norms, expected.norms),
                 validation = largest_off(got.validation, expected.validation),
                 scales = relative_distance(got.scales.data(), expected.scales.data(), got.scales.size());
    qInfo("losses %.4f to %.4f, off by %.1e; gradients %.1e; validation %.1e; scales %.1e", expected.losses.front(),
          expected.losses.back(), losses, norms, validation, scales);
    QVERIFY(expected.losses.back() < expected.losses.front());
    QVERIFY(losses <= kTolerance);
    QVERIFY(validation <= kTolerance);
    QVERIFY(scales <= kTolerance);
  }

 private slots:
  void init() {
    for (int i = 0; i < 2; ++i) {
      simt::card(i).total_bytes = kLarge;
      simt::card(i).other_bytes = 0;
    }
  }
  void cleanup() {
    simt::defer(false);
    simt::set_cards(1);
    simt::enter(0);
    use_memory_source(nullptr);
  }

  void rows_are_shared() {
    const auto shares = [](int64_t batch, int64_t accumulate, int devices) {
      TuneRecipe r;
      r.batch = batch;
      r.accumulate = accumulate;
      return share_rows(r, *processors(devices));
    };
    for (const auto& [batch, accumulate, devices, used, at_once] :
         {std::tuple(1, 1, 1, 1, 1), std::tuple(4, 2, 1, 1, 4), std::tuple(4, 1, 2, 2, 2), std::tuple(1, 4, 2, 2, 1),
          std::tuple(4, 2, 2, 2, 4), std::tuple(3, 1, 2, 2, 2), std::tuple(1, 1, 2, 1, 1), std::tuple(2, 3, 4, 4, 2)}) {
      const RowShares s = shares(batch, accumulate, devices);
      QCOMPARE(s.devices, used);
      QCOMPARE(s.rows_at_once, int64_t{at_once});
      QCOMPARE(s.begin(0), int64_t{0});
      QCOMPARE(s.begin(s.devices), int64_t{batch} * accumulate);
      for (int i = 0; i < s.devices; ++i) QVERIFY(s.begin(i + 1) > s.begin(i));  // nobody stands idle
    }
    std::vector<Batch> step(2);
    int32_t next = 0;
    for (Batch& b : step) {
      b.rows = 3;
      b.context = 2;
      for (auto member : {&Batch::ids, &Batch::targets, &Batch::segments, &Batch::positions})
        for (int i = 0; i < 6; ++i) (b.*member).push_back(next++);
    }
    const std::vector<Batch> pieces = take_rows(step, 2, 3, 2);
    QCOMPARE(pieces.size(), size_t{2});
    QCOMPARE(pieces[0].rows, int64_t{2});
    QCOMPARE(pieces[1].rows, int64_t{1});
    QCOMPARE(pieces[0].ids, (std::vector<int32_t>{4, 5, 24, 25}));
    QCOMPARE(pieces[0].positions, (std::vector<int32_t>{22, 23, 42, 43}));
    QCOMPARE(pieces[1].targets, (std::vector<int32_t>{32, 33}));
  }

  void processors_do_what_one_does_data() {
    QTest::addColumn<int>("devices");
    QTest::addColumn<int>("batch");
    QTest::addColumn<int>("accumulate");
    QTest::newRow("rows of a batch") << 2 << 4 << 1;
    QTest::newRow("batches of a row") << 2 << 1 << 4;
    QTest::newRow("unequal shares") << 3 << 2 << 2;
  }
  void processors_do_what_one_does() {
    QFETCH(int, devices);
    QFETCH(int, batch);
    QFETCH(int, accumulate);
    const TuneRecipe r = recipe(batch, accumulate);
    const auto team = processors(devices), one = processors(1);
    const Outcomes expected = outcomes(need(tune(*one, r, run_folder("one"))), run_folder("one"));
    compare(outcomes(need(tune(*team, r, run_folder("team"))), run_folder("team")), expected);
  }

  void cards_do_what_one_does() {
    const TuneRecipe r = recipe(2, 1);
    Outcomes expected;
    {
      const auto one = cards(1);
      expected = outcomes(need(tune(*one, r, run_folder("card"))), run_folder("card"));
    }
    const auto team = cards(2);
    simt::defer(true);  // a host or a card that does not wait reads old numbers
    const uint64_t before = simt::card(1).held_bytes;
    compare(outcomes(need(tune(*team, r, run_folder("cards"))), run_folder("cards")), expected);
    QVERIFY(simt::card(1).most_held_bytes > before);
    QCOMPARE(simt::card(1).held_bytes, before);  // all given back
  }

  // A stop between two steps, and on from there, is the same run to the bit; with fewer devices, but for the order of sums.
  void a_stopped_run_goes_on() {
    const TuneRecipe r = recipe(4, 1);
    const auto team = processors(2), one = processors(1);
    const Outcomes expected = outcomes(need(tune(*team, r, run_folder("whole"))), run_folder("whole"));
    for (const char* name : {"again", "alone"}) {
      Stopping stopping(7);
      const TuneReport first = need(tune(*team, r, run_folder(name), false, &stopping, stopping.source.get_token()));
      QVERIFY(first.outcome == Outcome::Cancelled);
      QCOMPARE(first.losses.size(), size_t{7});
    }
    const Outcomes again = outcomes(need(tune(*team, r, run_folder("again"), true)), run_folder("again"));
    QCOMPARE(again.losses, expected.losses);
    QCOMPARE(again.scales, expected.scales);
    KeepingObserver observer;
    compare(outcomes(need(tune(*one, r, run_folder("alone"), true, &observer)), run_folder("alone")), expected);
    QVERIFY(std::any_of(observer.warnings.begin(), observer.warnings.end(), [](const std::string& w) {
      return w.find(", with 1 more and goes on on ") != std::string::npos;
    }));
  }

  void a_device_that_fails_ends_the_run() {
    const TuneRecipe r = recipe(2, 1);
    const auto team = processors(2);
    team->others.devices[0].open = []() -> Result<std::unique_ptr<Backend>> {
      return std::make_unique<Failing>(processor(), 3);
    };
    const auto failed = tune(*team, r, run_folder("failing"));
    QVERIFY(!failed && failed.error().code == ErrorCode::Device);
    QCOMPARE(failed.error().message, std::string("processor 1: its fan fell off. The last checkpoint is kept."));
    QVERIFY(read_checkpoint(checkpoint_path(run_folder("failing"))).has_value());
    // And one that does not open is named before anything runs.
    team->others.devices[0].open = []() -> Result<std::unique_ptr<Backend>> {
      return fail(ErrorCode::Device, "it is in use");
    };
    const auto refused = tune(*team, r, run_folder("refused"));
    QVERIFY(!refused);
    QCOMPARE(refused.error().message, std::string("processor 1: it is in use"));
    QVERIFY(!fs::exists(run_folder("refused")));
    // With its fan back on, the first one goes on.
    QCOMPARE(need(tune(*processors(2), r, run_folder("failing"), true)).losses.size(), size_t{20});
  }

  void devices_that_drift_apart_are_noticed() {
    class Wrong final : public DeviceSums {
     public:
      std::string name() const override { return "wrong"; }
      Result<void> add_up(std::span<float* const> numbers, int64_t n) override {
        (void)make_host_sums()->add_up(numbers, n);
        if (calls_++ == 2) numbers[1][n / 2] += 1e-3f;
        return {};
      }

     private:
      int calls_ = 0;
    };
    const auto team = processors(2);
    team->others.make_sums = [](int, int64_t) { return std::make_unique<Wrong>(); };
    const auto failed = tune(*team, recipe(2, 1), run_folder("drift"));
    QVERIFY(!failed && failed.error().code == ErrorCode::Device);
    QVERIFY2(failed.error().message.starts_with("Step 3: the devices no longer hold the same scales (device 2 differs)"),
             failed.error().message.c_str());
  }

  void a_step_with_too_few_rows_says_so() {
    KeepingObserver observer;
    const auto team = processors(2);
    need(tune(*team, recipe(1, 1, 2), run_folder("few"), false, &observer));
    QVERIFY(std::any_of(observer.warnings.begin(), observer.warnings.end(), [](const std::string& w) {
      return w == "A step has 1 row, so only as many of the 2 devices work. Choose a larger batch, or accumulate more, "
                  "to use all.";
    }));
  }

  // The ledger counts each card, the run keeps to it, and a card that is full is named.
  void each_card_is_planned() {
    const auto team = cards(2);
    TuneRecipe r = recipe(4, 1, 2);
    r.validation_split = 0.0;
    const auto open = model();
    const TunePlan plan = need(Trainer::plan(*open, *team, r));
    QVERIFY(plan.ledger.fits);
    QCOMPARE(plan.devices, 2);
    QCOMPARE(plan.ledger.more_devices.size(), size_t{1});
    const DeviceLedger& second = plan.ledger.more_devices.front();
    QCOMPARE(second.name, std::string("an emulated card (cuda:1)"));
    uint64_t sum = 0;
    for (const MemoryItem& item : second.items) sum += item.bytes;
    QCOMPARE(sum, second.total_bytes);
    simt::card(1).most_held_bytes = simt::card(1).held_bytes;
    need(tune(*team, r, run_folder("planned")));
    qInfo("%llu bytes at the most, %llu planned", static_cast<unsigned long long>(simt::card(1).most_held_bytes),
          static_cast<unsigned long long>(second.total_bytes));
    QVERIFY(simt::card(1).most_held_bytes <= second.total_bytes);
    QVERIFY(simt::card(1).most_held_bytes >= second.total_bytes * 95 / 100);

    simt::card(1).other_bytes = kLarge - second.total_bytes / 2;
    const auto refused = tune(*team, r, run_folder("full"));
    QVERIFY(!refused && refused.error().code == ErrorCode::OutOfMemory);
    QVERIFY2(refused.error().message.find("are free on an emulated card (cuda:1)") != std::string::npos,
             refused.error().message.c_str());
  }

  // A kernel of one card must not reach into another's memory: the emulation sees it.
  void cards_keep_to_their_own_memory() {
    simt::set_cards(2);
    use_memory_source(&cuda_emulated::card_memory());
    const auto first = card(0);
    const AlignedBytes here(64 * sizeof(float), MemoryUse::Work);
    const auto second = card(1);
    auto* x = reinterpret_cast<float*>(here.data());
    QVERIFY_THROWS_EXCEPTION(simt::Error, second->zero(x, 64));
    first->zero(x, 64);
    QCOMPARE(cuda_emulated::card_use(1).held_bytes, uint64_t{0});
  }
};

QTEST_APPLESS_MAIN(TestReplicas)
#include "test_replicas.moc"
