// The history: what goes in comes out, two programs at once, a damaged file, a folder that cannot be written.

#include <sqlite3.h>
#include <unistd.h>

#include <QTemporaryDir>
#include <QtTest>
#include <cmath>
#include <fstream>
#include <functional>
#include <limits>
#include <thread>

#include "engine/tune/recording_observer.h"
#include "engine/tune/run_folder.h"
#include "engine/tune/run_store.h"

using namespace scalewright;

namespace {

namespace fs = std::filesystem;

template <class T>
T need(Result<T> result) {
  if (!result) qFatal("%s", result.error().message.c_str());
  return std::move(*result);
}
void need(const Result<void>& result) {
  if (!result) qFatal("%s", result.error().message.c_str());
}

StepRecord step_record(int64_t step) {
  StepRecord s;
  s.step = step;
  s.steps = 100;
  s.epoch = 0.1 * static_cast<double>(step);
  s.loss = 3.0 / static_cast<double>(step + 1);
  s.gradient_norm = 0.25;
  s.learning_rate = 1e-3;
  s.tokens = 512;
  s.seconds = 0.5;
  s.tokens_per_second = 1024;
  s.resident_bytes = uint64_t{1} << 33;
  s.seconds_left = 12.5;
  return s;
}

// The connections that are opened while it lives, however deep in the program.
class Handles {
 public:
  Handles() { sqlite3_auto_extension(reinterpret_cast<void (*)()>(&Handles::opened)); }
  ~Handles() {
    sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(&Handles::opened));
    last_ = nullptr;
    watch_ = {};
  }
  Handles(const Handles&) = delete;
  Handles& operator=(const Handles&) = delete;
  sqlite3* last() const { return last_; }
  void at_each_statement(std::function<void(const char*)> watch) const { watch_ = std::move(watch); }

 private:
  static int opened(sqlite3* db, char**, const sqlite3_api_routines*) {
    last_ = db;
    if (watch_) sqlite3_trace_v2(db, SQLITE_TRACE_STMT, &Handles::traced, nullptr);
    return SQLITE_OK;
  }
  static int traced(unsigned, void*, void*, void* sql) {
    watch_(static_cast<const char*>(sql));
    return 0;
  }
  static inline sqlite3* last_ = nullptr;
  static inline std::function<void(const char*)> watch_;
};

}  // namespace

class TestRunStore : public QObject {
  Q_OBJECT
 private slots:
  void init() { folder_ = std::make_unique<QTemporaryDir>(); }
  void keeps_a_run();
  void takes_over_the_same_folder();
  void deletes_and_undoes();
  void two_at_once();
  void loses_nothing_while_it_cannot_be_written();
  void a_failed_commit_ends_its_transaction();
  void looks_for_damage_once();
  void moves_a_damaged_file_aside();
  void says_what_cannot_be_written();
  void refuses_a_newer_file();
  void records_a_run();
  void says_what_is_still_going_on();

 private:
  fs::path file() const { return fs::path(folder_->path().toStdString()) / "sub" / "history.sqlite"; }
  std::unique_ptr<QTemporaryDir> folder_;
};

void TestRunStore::keeps_a_run() {
  RunRow row;
  row.folder = "/runs/a";
  row.name = "a \"quoted\" name \xc3\xa9";
  row.model = "m.gguf";
  row.data = "d.jsonl";
  row.state = "running";
  row.notes = "first";
  row.recipe_json = "{\n}";
  row.started = 1000;
  row.steps = 100;
  row.last_loss = std::numeric_limits<double>::quiet_NaN();
  row.best_validation = 2.5;
  row.peak_bytes = uint64_t{5} << 32;
  {
    auto store = need(RunStore::open(file()));
    row.id = need(store->begin(row));
    std::vector<StepRecord> steps;
    for (int64_t i = 1; i <= 50; ++i) steps.push_back(step_record(i));
    need(store->add_steps(row.id, steps));
    steps.resize(1);
    steps[0].loss = 42.0;
    need(store->add_steps(row.id, steps));  // replaces
    need(store->add_validation(row.id, {10, 1.5}));
    need(store->add_sample(row.id, {10, "prompt", "answer"}));
    need(store->add_evaluation({row.id, 0, "perplexity", "wiki.txt", "context 512", 17.96}));
  }
  const auto store = need(RunStore::open(file()));
  const auto runs = need(store->runs());
  QCOMPARE(runs.size(), size_t{1});
  const RunRow& r = runs[0];
  QCOMPARE(r.id, row.id);
  QCOMPARE(r.folder, row.folder);
  QCOMPARE(r.name, row.name);
  QCOMPARE(r.state, row.state);
  QCOMPARE(r.notes, row.notes);
  QCOMPARE(r.recipe_json, row.recipe_json);
  QCOMPARE(r.started, row.started);
  QVERIFY(std::isnan(r.last_loss));
  QCOMPARE(r.best_validation, 1.5);  // of its validations
  QCOMPARE(r.peak_bytes, row.peak_bytes);
  const auto steps = need(store->steps(r.id));
  QCOMPARE(steps.size(), size_t{50});
  QCOMPARE(steps[0].loss, 42.0);
  QCOMPARE(steps[49].step, int64_t{50});
  QCOMPARE(steps[49].loss, step_record(50).loss);
  QCOMPARE(steps[49].resident_bytes, uint64_t{1} << 33);
  QCOMPARE(steps[49].seconds_left, 12.5);
  QCOMPARE(need(store->validations(r.id)).at(0).loss, 1.5);
  QCOMPARE(need(store->samples(r.id)).at(0).answer, std::string("answer"));
  const auto evaluations = need(store->evaluations(r.id));
  QCOMPARE(evaluations.size(), size_t{1});
  QCOMPARE(evaluations[0].value, 17.96);
  QCOMPARE(evaluations[0].text, std::string("context 512"));
  QVERIFY(evaluations[0].when > 0);
}

void TestRunStore::takes_over_the_same_folder() {
  auto store = need(RunStore::open(file()));
  RunRow row;
  row.folder = "/runs/a";
  row.name = "first";
  row.started = 1000;
  const int64_t id = need(store->begin(row));
  need(store->rename(id, "mine"));
  need(store->set_notes(id, "a note"));
  need(store->add_steps(id, {step_record(1), step_record(2), step_record(3)}));
  row.name = "second";
  row.started = 2000;
  QCOMPARE(need(store->begin(row)), id);
  const RunRow r = need(store->runs()).at(0);
  QCOMPARE(r.name, std::string("mine"));
  QCOMPARE(r.notes, std::string("a note"));
  QCOMPARE(r.started, int64_t{1000});
  need(store->forget_after(id, 2));
  QCOMPARE(need(store->steps(id)).size(), size_t{2});
  need(store->forget_after(id, -1));
  QCOMPARE(need(store->steps(id)).size(), size_t{0});
}

void TestRunStore::deletes_and_undoes() {
  auto store = need(RunStore::open(file()));
  std::vector<int64_t> ids;
  for (int i = 0; i < 3; ++i) {
    RunRow row;
    row.folder = "/runs/" + std::to_string(i);
    row.started = 1000 + i;
    ids.push_back(need(store->begin(row)));
  }
  QCOMPARE(need(store->runs()).front().id, ids[2]);  // newest first
  need(store->set_deleted(ids[2], true));
  QCOMPARE(need(store->runs()).size(), size_t{2});
  need(store->set_deleted(ids[2], false));
  QCOMPARE(need(store->runs()).front().id, ids[2]);
}

void TestRunStore::two_at_once() {
  auto first = need(RunStore::open(file())), second = need(RunStore::open(file()));
  RunRow row;
  row.folder = "/runs/a";
  const int64_t a = need(first->begin(row));
  row.folder = "/runs/b";
  const int64_t b = need(second->begin(row));
  const auto fill = [](RunStore& store, int64_t run) {
    for (int64_t i = 1; i <= 100; ++i) need(store.add_steps(run, {step_record(i)}));
  };
  std::thread other([&] { fill(*second, b); });
  fill(*first, a);
  other.join();
  QCOMPARE(need(first->steps(b)).size(), size_t{100});
  QCOMPARE(need(second->steps(a)).size(), size_t{100});
}

// Another program holds the database for a while: what came in the meantime is written afterwards.
void TestRunStore::loses_nothing_while_it_cannot_be_written() {
  const Handles handles;
  const auto store = need(RunStore::open(file()));
  sqlite3_busy_timeout(handles.last(), 1);
  struct Warnings : TuneObserver {
    int count = 0;
    void warning(std::string_view) override { ++count; }
  } heard;
  sqlite3* other = nullptr;
  QCOMPARE(sqlite3_open(file().c_str(), &other), SQLITE_OK);
  RecordingObserver observer(*store, TuneRecipe(), "runs/x", "", heard);
  TunePlan plan;
  plan.steps = 3;
  observer.planned(plan);
  QCOMPARE(sqlite3_exec(other, "begin immediate", nullptr, nullptr, nullptr), SQLITE_OK);
  for (int64_t i = 1; i <= 2; ++i) {
    observer.step(step_record(i));
    observer.validation({i, 0.5});
    observer.sample({i, "p", "a"});
  }
  QCOMPARE(heard.count, 1);
  QCOMPARE(need(store->steps(observer.run())).size(), size_t{0});
  QCOMPARE(sqlite3_exec(other, "rollback", nullptr, nullptr, nullptr), SQLITE_OK);
  observer.step(step_record(3));
  observer.paused(true);
  QCOMPARE(need(store->steps(observer.run())).size(), size_t{3});
  QCOMPARE(need(store->validations(observer.run())).size(), size_t{2});
  QCOMPARE(need(store->samples(observer.run())).size(), size_t{2});
  sqlite3_close(other);
}

// Without a write-ahead log (some network drives have none) a reader lets everything through but the commit.
void TestRunStore::a_failed_commit_ends_its_transaction() {
  const Handles handles;
  const auto store = need(RunStore::open(file()));
  RunRow row;
  row.folder = "/runs/a";
  row.id = need(store->begin(row));
  sqlite3_busy_timeout(handles.last(), 1);
  QCOMPARE(sqlite3_exec(handles.last(), "pragma journal_mode = delete", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3* reader = nullptr;
  QCOMPARE(sqlite3_open(file().c_str(), &reader), SQLITE_OK);
  QCOMPARE(sqlite3_exec(reader, "begin; select * from runs", nullptr, nullptr, nullptr), SQLITE_OK);
  const auto refused = store->add_steps(row.id, {step_record(1)});
  QVERIFY(!refused);
  QVERIFY2(refused.error().message.find("another program") != std::string::npos, refused.error().message.c_str());
  QCOMPARE(sqlite3_exec(reader, "commit", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(reader);
  need(store->add_steps(row.id, {step_record(1), step_record(2)}));
  QCOMPARE(need(store->steps(row.id)).size(), size_t{2});
}

void TestRunStore::looks_for_damage_once() {
  const Handles handles;
  int looked = 0;
  handles.at_each_statement([&](const char* sql) { looked += std::string_view(sql).find("quick_check") != std::string_view::npos; });
  for (int i = 0; i < 3; ++i) need(RunStore::open(file()));
  need(RunStore::open_existing(file()));
  QCOMPARE(looked, 1);
  need(RunStore::open(fs::path(folder_->path().toStdString()) / "other.sqlite"));
  QCOMPARE(looked, 2);
}

void TestRunStore::moves_a_damaged_file_aside() {
  fs::create_directories(file().parent_path());
  const std::string junk(8192, 'x');
  QVERIFY(!RunStore::open_existing(file()).has_value());
  QVERIFY(!fs::exists(file()));  // nor is one made
  std::ofstream(file()) << junk;
  const auto refused = RunStore::open_existing(file());
  QVERIFY(!refused.has_value());
  QVERIFY2(refused.error().message.find("the history is damaged") != std::string::npos, refused.error().message.c_str());
  QCOMPARE(fs::file_size(file()), junk.size());  // left to who can say so
  std::string warning;
  {
    auto store = need(RunStore::open(file(), &warning));
    QVERIFY(need(store->runs()).empty());
    RunRow row;
    row.folder = "/runs/a";
    need(store->begin(row));
  }
  QVERIFY2(warning.find(".damaged-1") != std::string::npos, warning.c_str());
  QCOMPARE(need(need(RunStore::open_existing(file()))->runs()).size(), size_t{1});
  QCOMPARE(fs::file_size(fs::path(file()) += ".damaged-1"), junk.size());
  // Pages in the middle are overwritten, in a copy that this process has not looked at yet.
  {
    auto store = need(RunStore::open(file()));
    const int64_t id = need(store->runs()).at(0).id;
    std::vector<StepRecord> steps;
    for (int64_t i = 1; i <= 2000; ++i) steps.push_back(step_record(i));
    need(store->add_steps(id, steps));
  }
  const fs::path copy = file().parent_path() / "copy.sqlite";
  fs::copy_file(file(), copy);
  std::ofstream(fs::path(copy) += ".damaged-1") << "an earlier one";
  {
    std::fstream out(copy, std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(4096);
    for (uintmax_t at = 4096; at + 64 < fs::file_size(copy); at += 64) out.write(junk.data(), 64);
  }
  const auto overwritten = RunStore::open_existing(copy);
  QVERIFY(!overwritten.has_value());
  QVERIFY2(overwritten.error().message.find("the history is damaged") != std::string::npos, overwritten.error().message.c_str());
  warning.clear();
  need(RunStore::open(copy, &warning));
  QVERIFY2(warning.find(".damaged-2") != std::string::npos, warning.c_str());
}

void TestRunStore::says_what_cannot_be_written() {
  const fs::path in_the_way = fs::path(folder_->path().toStdString()) / "file";
  std::ofstream(in_the_way) << "x";
  const auto store = RunStore::open(in_the_way / "history.sqlite");
  QVERIFY(!store);
  QCOMPARE(store.error().code, ErrorCode::Io);
  QVERIFY(store.error().message.find("history.sqlite") != std::string::npos);
}

void TestRunStore::refuses_a_newer_file() {
  need(RunStore::open(file()));
  sqlite3* db = nullptr;
  QCOMPARE(sqlite3_open(file().c_str(), &db), SQLITE_OK);
  QCOMPARE(sqlite3_exec(db, "pragma user_version = 99", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(db);
  const auto store = RunStore::open(file());
  QVERIFY(!store);
  QCOMPARE(store.error().code, ErrorCode::Unsupported);
}

void TestRunStore::records_a_run() {
  auto store = need(RunStore::open(file()));
  TuneObserver nobody;
  TuneRecipe recipe;
  recipe.model = "m.gguf";
  {
    RecordingObserver observer(*store, recipe, "runs/x", "", nobody);
    TunePlan plan;
    plan.steps = 3;
    observer.planned(plan);
    for (int64_t i = 1; i <= 3; ++i) observer.step(step_record(i));
    observer.validation({2, 0.75});
    observer.sample({2, "p", "a"});
    TuneReport report;
    report.steps = 3;
    report.losses = {3, 2, 1};
    observer.ended(report);
  }
  RunRow r = need(store->runs()).at(0);
  QCOMPARE(r.state, std::string("finished"));
  QCOMPARE(r.name, std::string("x"));
  QVERIFY(fs::path(r.folder).is_absolute());
  QCOMPARE(r.step, int64_t{3});
  QCOMPARE(r.last_loss, 1.0);
  QCOMPARE(r.best_validation, 0.75);
  QVERIFY(r.started > 0 && r.ended >= r.started);
  QCOMPARE(need(store->steps(r.id)).size(), size_t{3});
  {
    // Resumed at step 2, and then the program ends without a word.
    RecordingObserver observer(*store, recipe, "runs/x", "", nobody);
    TunePlan plan;
    plan.steps = 3;
    plan.done_steps = 2;
    observer.planned(plan);
    observer.validation({3, 1.25});
  }
  r = need(store->runs()).at(0);
  QCOMPARE(r.state, std::string("interrupted"));
  QCOMPARE(r.best_validation, 0.75);  // of all its parts
  QCOMPARE(need(store->steps(r.id)).size(), size_t{2});
  {
    RecordingObserver observer(*store, recipe, "runs/x", "", nobody);
    TunePlan plan;
    plan.steps = 3;
    observer.planned(plan);
    observer.ended(fail(ErrorCode::OutOfMemory, "too large"));
  }
  QCOMPARE(need(store->runs()).at(0).error, std::string("too large"));
  // Refused before it began: the run that is there keeps its entry, and a new one gets none.
  for (const char* folder : {"runs/x", "runs/y"}) {
    RecordingObserver observer(*store, recipe, folder, "", nobody);
    observer.ended(fail(ErrorCode::InvalidArgument, "no data"));
  }
  QCOMPARE(need(store->runs()).size(), size_t{1});
  QCOMPARE(need(store->runs()).at(0).error, std::string("too large"));
}

void TestRunStore::says_what_is_still_going_on() {
  RunRow row;
  row.folder = folder_->path().toStdString();
  for (const char* state : {"running", "paused"}) {
    row.state = state;
    QCOMPARE(present_state(row), std::string("interrupted"));  // nobody holds its lock
    {
      const RunLock lock = need(RunLock::take(row.folder));
      QCOMPARE(present_state(row), std::string(state));
    }
    QCOMPARE(present_state(row), std::string("interrupted"));
  }
  for (const char* state : {"stopped", "finished", "failed", "interrupted"}) {
    row.state = state;
    QCOMPARE(present_state(row), std::string(state));
  }
}

QTEST_APPLESS_MAIN(TestRunStore)
#include "test_run_store.moc"
