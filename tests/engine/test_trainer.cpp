// The trainer against a loop written by hand, to the bit; stopping, pausing, posted work, divergence, and everything it
// refuses.

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <QtTest>
#include <chrono>
#include <csignal>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "engine/core/file.h"
#include "engine/core/json.h"
#include "engine/data/batch_stream.h"
#include "engine/model/session.h"
#include "engine/tune/run_folder.h"
#include "engine/tune/scale_pack.h"
#include "engine/tune/tune_report.h"
#include "tests/testkit/tune_fixture.h"

using namespace scalewright;
using namespace scalewright::testkit;

namespace {

std::mutex disk_mutex;
std::function<void()> at_disk;  // done once, before the disk takes the next file

}  // namespace

// Stands for the library's in this program.
extern "C" int fsync(int descriptor) {
  struct stat status {};
  if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode)) {
    std::unique_lock lock(disk_mutex);
    const auto work = std::exchange(at_disk, {});
    lock.unlock();
    if (work) work();
  }
  return static_cast<int>(::syscall(SYS_fsync, descriptor));
}

namespace {

struct HandMade {
  std::vector<double> losses, norms;
  std::vector<float> values;
};

// Tuning as method.md says it, with nothing of the trainer's.
HandMade tune_by_hand(std::shared_ptr<Model> model, Backend& backend, const TuneRecipe& recipe,
                      const TrainShape& shape) {
  const Dataset dataset = need(import_dataset(recipe.data, {.format = recipe.data_format, .columns = {}, .limit = 0}));
  EncodedDataset encoded = need(encode_dataset(dataset, *model, {.context = recipe.context}));
  auto parts = split_dataset(std::move(encoded), recipe.validation_split, recipe.seed);
  BatchStream stream(std::make_shared<const EncodedDataset>(parts.first), recipe.batch, recipe.context, recipe.seed,
                     true);

  const TrainableLayout layout = trainable_layout(*model, recipe.granularity);
  std::vector<float> start(layout.total), gradient(layout.total), m(layout.total), v(layout.total), theta(layout.total);
  initial_scales(*model, layout, start.data());
  const bool relative = recipe.parametrization == Parametrization::Relative;
  HandMade result{.losses = {}, .norms = {}, .values = start};
  if (!relative) theta = start;

  size_t bytes = 0;
  for (const MemoryItem& item : TrainGraph::plan(*model, backend, shape)) bytes += item.bytes;
  AlignedBytes arena(bytes);
  auto graph = need(TrainGraph::create(model, backend, shape, arena.data(), bytes));
  for (int64_t step = 0; step < recipe.steps; ++step) {
    std::vector<Batch> batches(static_cast<size_t>(recipe.accumulate));
    int64_t counted = 0;
    for (Batch& batch : batches) {
      stream.next(batch);
      counted += batch.counted();
    }
    std::fill(gradient.begin(), gradient.end(), 0.0f);
    double nll = 0.0, squares = 0.0;
    for (const Batch& batch : batches) {
      nll +=
          graph->forward_backward(batch, result.values.data(), 1.0f / static_cast<float>(counted), gradient.data()).nll;
    }
    for (size_t i = 0; i < layout.total; ++i) {
      if (relative) gradient[i] *= start[i];
      squares += static_cast<double>(gradient[i]) * gradient[i];
    }
    const double norm = std::sqrt(squares);
    backend.adamw(
        {.learning_rate = static_cast<float>(learning_rate_at(recipe, recipe.learning_rate, step, recipe.steps)),
         .weight_decay = static_cast<float>(recipe.weight_decay),
         .step = step + 1,
         .gradient_scale = static_cast<float>(std::min(1.0, recipe.clip / (norm + 1e-6)))},
        gradient.data(), theta.data(), m.data(), v.data(), static_cast<int64_t>(layout.total));
    for (size_t i = 0; i < layout.total; ++i) result.values[i] = relative ? start[i] * (1.0f + theta[i]) : theta[i];
    result.losses.push_back(nll / static_cast<double>(counted));
    result.norms.push_back(norm);
  }
  return result;
}

std::vector<std::vector<uint16_t>> scales_of(const Model& model) {
  return snapshot_scales(model, trainable_layout(model, Granularity::Group));
}

std::vector<fs::path> leftovers(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().filename().string().find(".part-") != std::string::npos) found.push_back(entry.path());
  }
  return found;
}

}  // namespace

class TestTrainer : public QObject {
  Q_OBJECT
 private slots:
  void initTestCase();
  void init() { folder_ = std::make_unique<QTemporaryDir>(); }
  void equals_a_loop_by_hand_data();
  void equals_a_loop_by_hand();
  void learns();
  void leaves_a_whole_folder();
  void opens_as_a_run();
  void stops_and_goes_on();
  void pauses_and_serves();
  void serves_what_is_posted_late();
  void samples_do_not_change_the_run();
  void time_left_counts_validations();
  void stops_when_the_loss_is_no_number();
  void refuses_a_limit_too_small();
  void refuses_bad_input();
  void refuses_to_resume_something_else();
  void keeps_an_earlier_run();
  void one_program_at_a_time();
  void full_disk_leaves_nothing_half_written();
  void only_what_is_saved_is_said_to_be();
  void saves_batches();
  void plan_is_what_run_does();

 private:
  fs::path path(const char* name) const { return fs::path(folder_->path().toStdString()) / name; }
  TuneRecipe recipe(int64_t steps) const {
    return small_recipe(models_.front(), fs::path(folder_->path().toStdString()), steps);
  }
  std::shared_ptr<Model> open() const { return open_model(models_.front()); }
  std::vector<fs::path> models_;
  std::unique_ptr<QTemporaryDir> folder_;
};

void TestTrainer::initTestCase() {
  models_ = tunable_models();
  QVERIFY2(!models_.empty(), "no GGUF files in the golden folder");
}

void TestTrainer::equals_a_loop_by_hand_data() {
  QTest::addColumn<QString>("model");
  QTest::addColumn<bool>("relative");
  QTest::addColumn<bool>("row");
  QTest::addColumn<int>("batch");
  QTest::addColumn<int>("accumulate");
  for (const fs::path& model : models_) {
    for (const bool relative : {true, false}) {
      for (const bool row : {false, true}) {
        QTest::addRow("%s %s %s", model.stem().c_str(), relative ? "relative" : "raw", row ? "row" : "group")
            << QString::fromStdString(model.string()) << relative << row << (relative ? 1 : 2) << (row ? 3 : 1);
      }
    }
  }
}

void TestTrainer::equals_a_loop_by_hand() {
  QFETCH(QString, model);
  QFETCH(bool, relative);
  QFETCH(bool, row);
  QFETCH(int, batch);
  QFETCH(int, accumulate);
  TuneRecipe r = small_recipe(model.toStdString(), fs::path(folder_->path().toStdString()), 6);
  r.parametrization = relative ? Parametrization::Relative : Parametrization::Raw;
  r.granularity = row ? Granularity::Row : Granularity::Group;
  r.batch = batch;
  r.accumulate = accumulate;
  r.learning_rate = relative || row ? 5e-3 : 1e-5;
  r.weight_decay = 0.01;
  KeepingObserver heard;
  auto tuned = open_model(r.model);
  const TuneReport report = need(tune(tuned, r, path("run"), false, &heard));
  QCOMPARE(heard.plans.size(), size_t{1});

  auto fresh = open_model(r.model);
  auto backend = make_backend({.threads = 1, .isa = Isa::Auto, .device = "cpu"});
  const std::unique_ptr<Backend> device = backend ? std::move(*backend) : make_reference_backend();
  const HandMade expected = tune_by_hand(fresh, *device, r,
                                         {.batch = r.batch,
                                          .context = r.context,
                                          .granularity = r.granularity,
                                          .kept_layers = heard.plans[0].kept_layers,
                                          .loss_chunk = 128});
  QCOMPARE(report.losses, expected.losses);
  for (size_t i = 0; i < expected.norms.size(); ++i) {
    QVERIFY(std::abs(report.gradient_norms[i] / expected.norms[i] - 1.0) < 1e-12);  // sums of doubles in another order
  }
  // What the records hold is those values, rounded once.
  const TrainableLayout layout = trainable_layout(*fresh, r.granularity);
  std::vector<float> rounded = expected.values;
  for (float& value : rounded) value = row ? value : kernels::half_to_float(kernels::float_to_half(value));
  store_scales(*fresh, layout, rounded.data(), snapshot_scales(*fresh, layout));
  QVERIFY(scales_of(*fresh) == scales_of(*tuned));
  QCOMPARE(report.codes_hash_before, report.codes_hash_after);
  QCOMPARE(report.codes_hash_after, fresh->codes_hash());
}

void TestTrainer::learns() {
  TuneRecipe r = recipe(40);
  r.learning_rate = 2e-2;
  r.schedule = Schedule::Constant;
  const TuneReport report = need(tune(open(), r, path("run")));
  QVERIFY2(report.losses.back() < 0.9 * report.losses.front(),
           qPrintable(QString("%1 -> %2").arg(report.losses.front()).arg(report.losses.back())));
  QVERIFY(report.validation.size() >= 2);
  QCOMPARE(report.validation.front().step, int64_t{0});
  QCOMPARE(report.validation.back().step, int64_t{40});
  QVERIFY(report.validation.back().loss < report.validation.front().loss);
}

void TestTrainer::leaves_a_whole_folder() {
  KeepingObserver heard;
  TuneRecipe r = recipe(5);
  r.checkpoint_every = 0.0;
  const TuneReport report = need(tune(open(), r, path("run"), false, &heard));
  for (const char* name : {"checkpoint.bin", "recipe.json", "report.json", "tuned.safetensors"}) {
    QVERIFY2(fs::exists(path("run") / name), name);
  }
  QVERIFY(leftovers(path("run")).empty());
  QCOMPARE(heard.steps.size(), size_t{5});
  for (size_t i = 0; i < heard.steps.size(); ++i) {
    const StepRecord& s = heard.steps[i];
    QCOMPARE(s.step, static_cast<int64_t>(i + 1));
    QCOMPARE(s.steps, int64_t{5});
    QCOMPARE(s.loss, report.losses[i]);
    QCOMPARE(s.gradient_norm, report.gradient_norms[i]);
    QCOMPARE(s.learning_rate, report.learning_rates[i]);
    QVERIFY(s.tokens > 0 && s.tokens <= r.context && s.seconds > 0.0 && s.resident_bytes > 0 &&
            s.tokens_per_second > 0.0);
  }
  QVERIFY(heard.steps.back().epoch > heard.steps.front().epoch);
  QCOMPARE(heard.checkpoints.back(), int64_t{5});
  const TuneReport read = need(report_from_json(need(read_text_file(path("run") / "report.json"))));
  QCOMPARE(read.losses, report.losses);
  QCOMPARE(read.steps, int64_t{5});
  QCOMPARE(read.tokens, report.tokens);
  QCOMPARE(report.tokens, heard.steps[0].tokens + heard.steps[1].tokens + heard.steps[2].tokens +
                              heard.steps[3].tokens + heard.steps[4].tokens);
  const ScalePackInfo pack = need(scale_pack_info(path("run") / "tuned.safetensors"));
  QCOMPARE(pack.codes_hash, report.codes_hash_after);
  QCOMPARE(pack.name, std::string("run"));
}

void TestTrainer::opens_as_a_run() {
  for (const bool relative : {true, false}) {
    TuneRecipe r = recipe(5);
    r.parametrization = relative ? Parametrization::Relative : Parametrization::Raw;
    r.learning_rate = 0.0;
    const fs::path run = path(relative ? "a" : "b");
    auto model = open();
    const auto before = scales_of(*model);
    need(tune(model, r, run));
    QVERIFY(scales_of(*model) != before);
    Observer quiet;
    QVERIFY(is_run_folder(run));
    QVERIFY(!is_run_folder(models_.front()) && !is_run_folder(run.parent_path()));
    const OpenRun opened = need(open_run(run, quiet));
    QVERIFY(scales_of(*opened.model) == scales_of(*model));
    QVERIFY(opened.base_scales == before);
    fs::remove(run / "checkpoint.bin");  // a run that somebody sent by mail
    QVERIFY(scales_of(*need(open_model_or_run(run, quiet))) == scales_of(*model));
    QVERIFY(scales_of(*need(open_model_or_run(models_.front(), quiet))) == before);
  }
}

void TestTrainer::stops_and_goes_on() {
  TuneRecipe r = recipe(12);
  const TuneReport whole = need(tune(open(), r, path("whole")));

  struct Stopper : KeepingObserver {
    std::stop_source source;
    int64_t at = 0;
    void step(const StepRecord& s) override {
      KeepingObserver::step(s);
      if (s.step == at) source.request_stop();
    }
  };
  std::vector<double> losses;
  for (const int64_t at : {3, 4, 9}) {
    Stopper stopper;
    stopper.at = at;
    auto model = open();
    const auto before = scales_of(*model);
    const TuneReport part = need(tune(model, r, path("parts"), at != 3, &stopper, nullptr, stopper.source.get_token()));
    QCOMPARE(part.outcome, Outcome::Cancelled);
    QCOMPARE(part.steps, at);
    QVERIFY(fs::exists(path("parts") / "tuned.safetensors"));
    QVERIFY(scales_of(*model) != before);
  }
  KeepingObserver heard;
  auto model = open();
  const TuneReport last = need(tune(model, r, path("parts"), true, &heard));
  QCOMPARE(last.outcome, Outcome::Finished);
  QCOMPARE(heard.steps.size(), size_t{3});
  QCOMPARE(heard.plans[0].done_steps, int64_t{9});
  QCOMPARE(last.losses, whole.losses);
  QCOMPARE(last.gradient_norms, whole.gradient_norms);
  QCOMPARE(last.tokens, whole.tokens);
  QCOMPARE(last.validation.size(), whole.validation.size());
  for (size_t i = 0; i < whole.validation.size(); ++i) {
    QCOMPARE(last.validation[i].step, whole.validation[i].step);
    QCOMPARE(last.validation[i].loss, whole.validation[i].loss);
  }
  QCOMPARE(need(read_text_file(path("parts") / "tuned.safetensors")).substr(4096),
           need(read_text_file(path("whole") / "tuned.safetensors")).substr(4096));
  // A finished run that is resumed is still finished.
  const TuneReport again = need(tune(open(), r, path("parts"), true));
  QCOMPARE(again.losses, whole.losses);
  QCOMPARE(again.outcome, Outcome::Finished);
}

void TestTrainer::pauses_and_serves() {
  TuneRecipe r = recipe(8);
  const TuneReport plain = need(tune(open(), r, path("plain")));
  auto model = open();
  const auto base = scales_of(*model);
  TuneControl control;
  struct Pauser : KeepingObserver {
    TuneControl* control = nullptr;
    void step(const StepRecord& s) override {
      KeepingObserver::step(s);
      if (s.step == 4) control->pause();
    }
  } observer;
  observer.control = &control;
  std::vector<std::vector<uint16_t>> seen;
  std::thread window([&] {
    while (!control.is_paused()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    control.post([&](Model& m) { seen = scales_of(m); });
    control.post([&](Model&) { throw std::runtime_error("of the poster"); });
    control.post([&](Model&) { control.resume(); });
  });
  const TuneReport report = need(tune(model, r, path("run"), false, &observer, &control));
  window.join();
  QCOMPARE(report.losses, plain.losses);  // neither the pause nor the work changes anything
  QCOMPARE(observer.pauses, (std::vector<bool>{true, false}));
  QVERIFY(!seen.empty() && seen != base && seen != scales_of(*model));
  QCOMPARE(observer.warnings.size(), size_t{1});
}

void TestTrainer::serves_what_is_posted_late() {
  auto model = open();
  TuneControl control;
  struct Late : KeepingObserver {
    TuneControl* control = nullptr;
    std::vector<std::vector<uint16_t>> seen;
    void step(const StepRecord& s) override {
      if (s.step == s.steps) control->post([this](Model& m) { seen = scales_of(m); });
    }
  } observer;
  observer.control = &control;
  need(tune(model, recipe(3), path("run"), false, &observer, &control));
  QVERIFY(observer.seen == scales_of(*model));

  // A stop while paused ends the pause.
  std::stop_source stop;
  control.pause();
  std::thread window([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    stop.request_stop();
  });
  const TuneReport report = need(tune(open(), recipe(3), path("second"), false, nullptr, &control, stop.get_token()));
  window.join();
  QCOMPARE(report.outcome, Outcome::Cancelled);
  QCOMPARE(report.steps, int64_t{0});
}

void TestTrainer::samples_do_not_change_the_run() {
  TuneRecipe r = recipe(6);
  const TuneReport plain = need(tune(open(), r, path("plain")));
  r.sample_prompt = "the word abc";
  r.validate_every = 2;
  KeepingObserver heard;
  const TuneReport with = need(tune(open(), r, path("with"), false, &heard));
  QCOMPARE(with.losses, plain.losses);
  QCOMPARE(with.samples.size(), size_t{4});
  for (size_t i = 0; i < 4; ++i) {
    QCOMPARE(with.samples[i].step, static_cast<int64_t>(2 * i));
    QCOMPARE(with.samples[i].prompt, r.sample_prompt);
  }
  QCOMPARE(heard.samples.size(), size_t{4});
}

void TestTrainer::time_left_counts_validations() {
  using Clock = std::chrono::steady_clock;
  struct Watch : TuneObserver {
    std::vector<StepRecord> steps;
    Clock::time_point at;
    double shortest = 1e9;  // seconds from a step to the end of the pass due after it
    void step(const StepRecord& record) override {
      steps.push_back(record);
      at = Clock::now();
    }
    void sample(const SampleRecord&) override {
      if (!steps.empty()) shortest = std::min(shortest, std::chrono::duration<double>(Clock::now() - at).count());
    }
  } watch;
  TuneRecipe r = recipe(4);
  r.sample_prompt = "the word abc";
  r.validate_every = 1;
  need(tune(open(), r, path("watched"), false, &watch));
  QCOMPARE(watch.steps.size(), size_t{4});
  // After the third step: its own pass, a step, and the pass of that one.
  const double left = watch.steps[2].seconds_left;
  QVERIFY2(left > 1.8 * watch.shortest, qPrintable(QString("%1 s of passes of %2 s").arg(left).arg(watch.shortest)));
}

void TestTrainer::stops_when_the_loss_is_no_number() {
  TuneRecipe r = recipe(30);
  r.learning_rate = kLargestLearningRate;
  r.weight_decay = 900.0;
  r.schedule = Schedule::Constant;
  r.warmup = 0.0;
  r.checkpoint_every = 0.0;
  r.validation_split = 0.0;
  KeepingObserver heard;
  auto model = open();
  const auto before = scales_of(*model);
  const auto report = tune(model, r, path("run"), false, &heard);
  QVERIFY(!report);
  const std::string& text = report.error().message;
  QVERIFY2(
      text.find("no number that can be used") != std::string::npos && text.find("learning rate") != std::string::npos,
      text.c_str());
  QVERIFY2(text.find("Step " + std::to_string(heard.steps.size() + 1)) != std::string::npos, text.c_str());
  QVERIFY(scales_of(*model) == before);
  // What is kept has a finite loss: it can be opened, and its scales are numbers.
  Observer quiet;
  const OpenRun kept = need(open_run(path("run"), quiet));
  for (const auto& halves : scales_of(*kept.model)) {
    for (const uint16_t half : halves) QVERIFY((half & 0x7c00u) != 0x7c00u);
  }
}

void TestTrainer::refuses_a_limit_too_small() {
  TuneRecipe r = recipe(3);
  r.context = 256;
  r.batch = 4;
  r.memory_limit = 1 << 20;
  const auto report = tune(open(), r, path("run"));
  QVERIFY(!report);
  QCOMPARE(report.error().code, ErrorCode::OutOfMemory);
  const std::string& message = report.error().message;
  QVERIFY2(message.find("Nothing makes it fit: batch 1 with accumulate 4 (the same step) and context 32 still needs ") != std::string::npos,
           message.c_str());
  QVERIFY2(message.ends_with("Allow more memory, or choose a smaller model."), message.c_str());
  QVERIFY(!fs::exists(path("run")));

  // Between what the smallest change needs and what the whole recipe needs lies a limit that some remedy meets. Both are
  // what the plan adds up; what opening the model took for a moment is no part of it, and depends on the build.
  auto model = open();
  const auto backend = make_reference_backend();
  const auto needed = [&](int64_t context, int64_t batch) {
    r.context = context;
    r.batch = batch;
    const TunePlan plan = need(Trainer::plan(*model, *backend, r));
    uint64_t total = 0;
    for (const MemoryItem& item : plan.ledger.items)
      if (!item.name.starts_with("held for a moment")) total += item.bytes;
    return total;
  };
  const uint64_t small = needed(32, 1), large = needed(512, 8);
  QVERIFY(small + (uint64_t{8} << 20) < large);
  r.memory_limit = small + (large - small) / 2;
  const TunePlan plan = need(Trainer::plan(*model, *backend, r));
  QVERIFY(!plan.ledger.fits);
  QVERIFY(!plan.ledger.remedies.empty() && !plan.ledger.least);
  for (const std::string& line : plan.ledger.remedies) QVERIFY2(line.ends_with(": fits"), line.c_str());
}

void TestTrainer::refuses_bad_input() {
  struct Case {
    const char* words;
    std::function<void(TuneRecipe&)> change;
  };
  const fs::path empty = path("empty.jsonl");
  std::ofstream(empty).close();
  const fs::path folder = fs::path(folder_->path().toStdString());
  const std::vector<Case> cases = {
      {"context", [](TuneRecipe& r) { r.context = 1; }},
      {"nowhere", [&](TuneRecipe& r) { r.data = folder / "nowhere.jsonl"; }},
      {"empty", [&](TuneRecipe& r) { r.data = empty; }},
      {"dataset", [&](TuneRecipe& r) { r.data = fs::path(); }},
      {"sample prompt", [&](TuneRecipe& r) { r.sample_prompt = std::string(20000, 'x'); }},
      {"batches", [&](TuneRecipe& r) { r.save_batches = folder / "no" / "batches.safetensors"; }},
  };
  for (const Case& c : cases) {
    TuneRecipe r = recipe(3);
    c.change(r);
    const fs::path run = path("refused");
    const auto report = tune(open(), r, run);
    QVERIFY2(!report, c.words);
    QVERIFY2(report.error().message.find(c.words) != std::string::npos, report.error().message.c_str());
    QVERIFY2(leftovers(folder).empty(), c.words);
    QVERIFY2(!fs::exists(run), c.words);
  }
  const fs::path file = path("a_file");
  std::ofstream(file) << "x";
  for (const fs::path& run : {file, file / "run"}) {
    const auto report = tune(open(), recipe(3), run);
    QVERIFY(!report);
    QCOMPARE(report.error().code, ErrorCode::Io);
    QVERIFY2(report.error().message.find("a_file") != std::string::npos, report.error().message.c_str());
  }
  auto model = open();
  for (Linear* linear : model->weights.linears()) linear->weight = Matrix(DenseMatrix{});
  const auto report = tune(model, recipe(3), path("dense"));
  QVERIFY(!report);
  QCOMPARE(report.error().code, ErrorCode::Unsupported);
}

void TestTrainer::refuses_to_resume_something_else() {
  TuneRecipe r = recipe(4);
  need(tune(open(), r, path("run")));
  const auto refused = [&](const TuneRecipe& changed, std::shared_ptr<Model> model, const char* words) {
    const auto report = tune(std::move(model), changed, path("run"), true);
    if (report) return false;
    if (report.error().message.find(words) == std::string::npos) qWarning("%s", report.error().message.c_str());
    return report.error().message.find(words) != std::string::npos;
  };
  TuneRecipe other = r;
  other.learning_rate = 0.1;
  QVERIFY(refused(other, open(), "learning_rate"));
  other = r;
  other.data = path("others.jsonl");
  write_rows(other.data, 40, 3);
  QVERIFY(refused(other, open(), "data"));
  auto scaled = open();
  const TrainableLayout layout = trainable_layout(*scaled, Granularity::Group);
  std::vector<float> values(layout.total);
  initial_scales(*scaled, layout, values.data());
  for (float& value : values) value *= 1.25f;
  store_scales(*scaled, layout, values.data(), snapshot_scales(*scaled, layout));
  QVERIFY(refused(r, scaled, "scales"));
  if (models_.size() > 1) QVERIFY(refused(r, open_model(models_.back()), ""));
  // A damaged checkpoint: every byte of it counts.
  const fs::path checkpoint = path("run") / "checkpoint.bin";
  const std::string good = need(read_text_file(checkpoint));
  for (const size_t at : {size_t{0}, size_t{9}, size_t{30}, good.size() / 2, good.size() - 1}) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    need(write_text_file(checkpoint, bad));
    const auto report = tune(open(), r, path("run"), true);
    QVERIFY2(!report, qPrintable(QString::number(at)));
  }
  for (const size_t size : {size_t{0}, size_t{15}, size_t{100}, good.size() - 1}) {
    need(write_text_file(checkpoint, good.substr(0, size)));
    QVERIFY(!tune(open(), r, path("run"), true));
  }
  need(write_text_file(checkpoint, good));
  QVERIFY(tune(open(), r, path("run"), true));
}

void TestTrainer::keeps_an_earlier_run() {
  need(tune(open(), recipe(2), path("run")));
  const std::string first = need(read_text_file(path("run") / "report.json"));
  KeepingObserver heard;
  need(tune(open(), recipe(3), path("run"), false, &heard));
  QCOMPARE(need(read_text_file(path("run") / "earlier-1" / "report.json")), first);
  QVERIFY(is_run_folder(path("run") / "earlier-1"));
  // What may go as a whole: a run alone, and not what lies beside it.
  QVERIFY(holds_only_a_run(path("run") / "earlier-1") && !holds_only_a_run(path("run")));
  need(write_text_file(path("run") / "earlier-1" / "notes.txt", "mine"));
  QVERIFY(!holds_only_a_run(path("run") / "earlier-1"));
  QVERIFY(!heard.warnings.empty());
  // One that is refused leaves what is there as it is.
  TuneRecipe nothing = recipe(2);
  nothing.data = path("nowhere.jsonl");
  QVERIFY(!tune(open(), nothing, path("run")));
  QVERIFY(!tune(open(), nothing, path("new") / "inner"));
  QVERIFY(is_run_folder(path("run")) && !fs::exists(path("run") / "earlier-2") && !fs::exists(path("new")));
  // A resume before anything was saved begins at the first step.
  QCOMPARE(need(tune(open(), recipe(2), path("fresh"), true)).steps, int64_t{2});
}

void TestTrainer::one_program_at_a_time() {
  struct Second : KeepingObserver {
    TuneRecipe recipe;
    fs::path run;
    std::shared_ptr<Model> model;
    std::string refusal;
    bool goes_on = false;
    void step(const StepRecord& s) override {
      if (s.step != 2) return;
      goes_on = run_goes_on(run);
      const auto report = tune(model, recipe, run, true);
      refusal = report ? "" : report.error().message;
    }
  } observer;
  observer.recipe = recipe(3);
  observer.run = path("run");
  observer.model = open();
  need(tune(open(), recipe(3), path("run"), false, &observer));
  QVERIFY(observer.goes_on && !run_goes_on(path("run")) && !run_goes_on(path("nowhere")));
  QVERIFY2(observer.refusal.find("going on") != std::string::npos, observer.refusal.c_str());
}

// A limit on file size stands for a full disk: a write fails in the middle.
void TestTrainer::full_disk_leaves_nothing_half_written() {
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  const auto restore = [&] { setrlimit(RLIMIT_FSIZE, &before); };

  TuneRecipe r = recipe(3);
  small.rlim_cur = 3000;  // recipe.json fits, the checkpoint does not
  setrlimit(RLIMIT_FSIZE, &small);
  const auto refused = tune(open(), r, path("first"));
  restore();
  QVERIFY(!refused);
  QCOMPARE(refused.error().code, ErrorCode::Io);
  QVERIFY2(refused.error().message.find("checkpoint.bin") != std::string::npos, refused.error().message.c_str());
  QVERIFY(leftovers(path("first")).empty());
  QVERIFY(!fs::exists(path("first") / "checkpoint.bin"));

  // Later on a checkpoint that cannot be written is a warning; the last good one stays.
  struct Filler : KeepingObserver {
    rlimit limit{};
    void step(const StepRecord& s) override {
      KeepingObserver::step(s);
      if (s.step == 2) setrlimit(RLIMIT_FSIZE, &limit);
    }
  } filler;
  filler.limit = small;
  r.steps = 6;
  r.checkpoint_every = 0.0;
  const auto failed = tune(open(), r, path("second"), false, &filler);
  restore();
  QVERIFY(!failed);
  QCOMPARE(filler.steps.size(), size_t{6});
  QVERIFY(!filler.warnings.empty());
  QVERIFY(leftovers(path("second")).empty());
  const TuneReport resumed = need(tune(open(), r, path("second"), true));
  QCOMPARE(resumed.losses, need(tune(open(), r, path("third"))).losses);
}

// A folder in the way refuses a checkpoint its name at the very end, on the thread that waits for the disk.
void TestTrainer::only_what_is_saved_is_said_to_be() {
  struct Blocker : KeepingObserver {
    fs::path file;
    std::vector<int64_t> untrue;  // said to be saved without being there
    void step(const StepRecord& s) override {
      KeepingObserver::step(s);
      if (s.step != 5) return;
      const std::lock_guard lock(disk_mutex);
      at_disk = [this] {
        std::this_thread::sleep_for(std::chrono::milliseconds(300));  // the next checkpoint is due before
        fs::remove(file);
        fs::create_directories(file / "in the way");
      };
    }
    void warning(std::string_view text) override {
      KeepingObserver::warning(text);
      fs::remove_all(file);
    }
    void checkpointed(int64_t step) override {
      KeepingObserver::checkpointed(step);
      if (!fs::is_regular_file(file)) untrue.push_back(step);
    }
  } blocker;
  blocker.file = path("run") / "checkpoint.bin";
  TuneRecipe r = recipe(12);
  r.checkpoint_every = 0.0;
  const TuneReport report = need(tune(open(), r, path("run"), false, &blocker));
  QCOMPARE(blocker.warnings.size(), size_t{1});
  QVERIFY2(blocker.warnings[0].find("it is a folder") != std::string::npos, blocker.warnings[0].c_str());
  QVERIFY2(blocker.untrue.empty(), qPrintable(QString("step %1").arg(blocker.untrue.empty() ? 0 : blocker.untrue[0])));
  QCOMPARE(blocker.checkpoints.back(), r.steps);
  QCOMPARE(need(tune(open(), r, path("run"), true)).losses, report.losses);
}

void TestTrainer::saves_batches() {
  TuneRecipe r = recipe(5);
  r.batch = 2;
  r.accumulate = 2;
  r.save_batches = path("batches.safetensors");
  KeepingObserver heard;
  auto model = open();
  const TuneReport report = need(tune(model, r, path("run"), false, &heard));
  const SafetensorsFile file = need(SafetensorsFile::open(r.save_batches));
  QCOMPARE(file.tensors().size(), size_t{15});
  // Replayed from the file alone, the first step has the run's first loss.
  const auto ids = need(file.read_as<int32_t>("ids.0", "I32")),
             targets = need(file.read_as<int32_t>("targets.0", "I32"));
  const auto segments = need(file.read_as<int32_t>("segments.0", "I32"));
  QCOMPARE(file.find("ids.0")->shape, (std::vector<int64_t>{4, 64}));
  Batch batch{.rows = 4, .context = 64, .ids = ids, .targets = targets, .segments = segments, .positions = {}};
  for (size_t i = 0; i < segments.size(); ++i) {
    const bool same = i % 64 != 0 && segments[i] == segments[i - 1];
    batch.positions.push_back(same ? batch.positions[i - 1] + 1 : 0);
  }
  auto fresh = open();
  const auto backend = make_reference_backend();
  const TrainShape shape{.batch = 4, .context = 64};
  size_t bytes = 0;
  for (const MemoryItem& item : TrainGraph::plan(*fresh, *backend, shape)) bytes += item.bytes;
  AlignedBytes arena(bytes);
  auto graph = need(TrainGraph::create(fresh, *backend, shape, arena.data(), bytes));
  const TrainableLayout layout = trainable_layout(*fresh, Granularity::Group);
  std::vector<float> values(layout.total);
  initial_scales(*fresh, layout, values.data());
  const TrainGraph::Sums sums = graph->forward(batch, values.data());
  QVERIFY(std::abs(sums.nll / static_cast<double>(sums.counted) - report.losses[0]) < 1e-4);
}

void TestTrainer::plan_is_what_run_does() {
  TuneRecipe r = recipe(0);
  r.epochs = 2.0;
  auto model = open();
  auto backend = make_backend({.threads = 1, .isa = Isa::Auto, .device = "cpu"});
  const std::unique_ptr<Backend> device = backend ? std::move(*backend) : make_reference_backend();
  const TunePlan plan = need(Trainer::plan(*model, *device, r));
  KeepingObserver heard;
  TuneControl control;
  const TuneReport report = need(Trainer::run(model, *device, r, path("run"), false, heard, control, {}));
  QCOMPARE(report.steps, plan.steps);
  QCOMPARE(plan.steps, 2 * plan.batches_per_epoch);
  QCOMPARE(report.trainable, plan.trainable);
  QCOMPARE(heard.plans[0].kept_layers, plan.kept_layers);
  QCOMPARE(report.learning_rates.front(), learning_rate_at(r, plan.learning_rate, 0, plan.steps));
  QCOMPARE(plan.rows + plan.validation_rows, int64_t{40});
  QVERIFY(plan.ledger.fits);
  uint64_t sum = 0;
  for (const MemoryItem& item : plan.ledger.items) sum += item.bytes;
  QCOMPARE(sum, plan.ledger.total_bytes);
  QVERIFY(nlohmann::json::parse(plan_to_json(plan))["fits"].get<bool>());
  const double checkpoint = static_cast<double>(fs::file_size(path("run") / "checkpoint.bin"));
  QVERIFY(std::abs(checkpoint / static_cast<double>(plan.checkpoint_bytes) - 1.0) < 0.2);
}

QTEST_GUILESS_MAIN(TestTrainer)
#include "test_trainer.moc"
