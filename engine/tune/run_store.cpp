#include "engine/tune/run_store.h"

#include <sqlite3.h>

#include <cmath>
#include <ctime>
#include <limits>
#include <mutex>
#include <set>
#include <string_view>
#include <system_error>

#include "engine/core/system.h"
#include "engine/tune/run_folder.h"

namespace scalewright {
namespace {

namespace fs = std::filesystem;

constexpr int kSchema = 1;
constexpr int kBusyMilliseconds = 5000;

constexpr const char* kTables = R"sql(
create table if not exists runs (
  id integer primary key, folder text not null unique, name text, model text, data text, state text, notes text, recipe text,
  started integer, ended integer, step integer, steps integer, last_loss real, best_validation real, peak_bytes integer,
  error text, deleted integer not null default 0);
create table if not exists steps (
  run integer not null references runs(id), step integer not null, steps integer, epoch real, loss real, gradient_norm real,
  learning_rate real, tokens integer, seconds real, tokens_per_second real, resident_bytes integer, seconds_left real,
  primary key (run, step)) without rowid;
create table if not exists validations (
  run integer not null references runs(id), step integer not null, loss real, primary key (run, step)) without rowid;
create table if not exists samples (
  run integer not null references runs(id), step integer not null, prompt text not null, answer text,
  primary key (run, step, prompt)) without rowid;
create table if not exists evaluations (
  id integer primary key, run integer not null, at integer, kind text, subject text, words text, value real);
create index if not exists evaluations_of_run on evaluations(run);
)sql";

// Databases that this process has looked through for damage. It takes as long as they are large, and the window opens its
// own at every turn.
class LookedThrough {
 public:
  static bool contains(const fs::path& file) {
    const std::lock_guard lock(mutex_);
    return files_.contains(file);
  }
  static void add(const fs::path& file) {
    const std::lock_guard lock(mutex_);
    files_.insert(file);
  }

 private:
  static inline std::mutex mutex_;
  static inline std::set<fs::path> files_;
};

bool damaged(int code) {
  const int primary = code & 0xff;
  return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
}

class Statement {
 public:
  Statement(sqlite3* db, const char* sql) : db_(db) { code_ = sqlite3_prepare_v2(db, sql, -1, &statement_, nullptr); }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  void add(int64_t value) { keep(sqlite3_bind_int64(statement_, ++bound_, value)); }
  void add(uint64_t value) { add(static_cast<int64_t>(value)); }
  // SQLite has no NaN: null stands for it.
  void add(double value) {
    ++bound_;
    keep(std::isnan(value) ? sqlite3_bind_null(statement_, bound_) : sqlite3_bind_double(statement_, bound_, value));
  }
  void add(const std::string& text) {
    keep(sqlite3_bind_text(statement_, ++bound_, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT));
  }
  template <class... Values>
  Statement& with(const Values&... values) {
    (add(values), ...);
    return *this;
  }

  bool next() {  // a row is there
    if (code_ != SQLITE_OK && code_ != SQLITE_ROW) return false;
    code_ = sqlite3_step(statement_);
    column_ = 0;
    return code_ == SQLITE_ROW;
  }
  bool done() {  // for statements without rows; ready for other values afterwards
    while (next()) {
    }
    const bool good = code_ == SQLITE_DONE;
    if (good) {
      sqlite3_reset(statement_);
      code_ = SQLITE_OK;
      bound_ = 0;
    }
    return good;
  }
  bool finished() const { return code_ == SQLITE_DONE; }

  int64_t integer() { return sqlite3_column_int64(statement_, column_++); }
  uint64_t size() { return static_cast<uint64_t>(integer()); }
  double real() {
    const int column = column_++;
    if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::numeric_limits<double>::quiet_NaN();
    return sqlite3_column_double(statement_, column);
  }
  std::string text() {
    const int column = column_++;
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return data == nullptr ? std::string()
                           : std::string(data, static_cast<size_t>(sqlite3_column_bytes(statement_, column)));
  }

 private:
  void keep(int code) {
    if (code_ == SQLITE_OK) code_ = code;
  }
  sqlite3* db_;
  sqlite3_stmt* statement_ = nullptr;
  int code_ = SQLITE_OK, bound_ = 0, column_ = 0;
};

}  // namespace

std::string present_state(const RunRow& run) {
  const bool going = run.state == "running" || run.state == "paused";
  return going && !run_goes_on(run.folder) ? "interrupted" : run.state;
}

struct RunStore::Impl {
  fs::path file;
  sqlite3* db = nullptr;
  mutable std::mutex mutex;  // the window reads while a run writes

  ~Impl() { sqlite3_close_v2(db); }

  tl::unexpected<Error> error(const std::string& doing) const {
    const int code = sqlite3_errcode(db) & 0xff;
    std::string what = sqlite3_errmsg(db);
    if (code == SQLITE_FULL) what = "the disk is full; free some space";
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED) what = "another program is writing to it; close it and try again";
    if (code == SQLITE_READONLY || code == SQLITE_CANTOPEN)
      what = "the file or its folder cannot be written; check the permissions";
    return fail(ErrorCode::Io, file.string() + ": cannot " + doing + " the history: " + what + ".");
  }
  Result<void> run(const char* sql) const {
    return sqlite3_exec(db, sql, nullptr, nullptr, nullptr) == SQLITE_OK ? Result<void>() : error("write");
  }
  template <class Fill>
  Result<void> write(const char* sql, const Fill& fill) const {
    const std::lock_guard lock(mutex);
    Statement statement(db, sql);
    fill(statement);
    return statement.done() ? Result<void>() : error("write");
  }
  template <class Row, class Read>
  Result<std::vector<Row>> read(const char* sql, int64_t run, const Read& read_row) const {
    const std::lock_guard lock(mutex);
    Statement statement(db, sql);
    if (run != 0) statement.add(run);
    std::vector<Row> rows;
    while (statement.next()) rows.push_back(read_row(statement));
    if (!statement.finished()) return error("read");
    return rows;
  }

  // SQLITE_OK, or why the file cannot be used.
  int open_file() {
    int code =
        sqlite3_open_v2(file.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX, nullptr);
    if (code != SQLITE_OK) return code;
    sqlite3_busy_timeout(db, kBusyMilliseconds);
    // A killed run loses nothing in WAL; NORMAL risks the last second in a power cut, which the run's own report still
    // has.
    for (const char* sql :
         {"pragma journal_mode = wal", "pragma synchronous = normal", "pragma foreign_keys = on", kTables}) {
      code = sqlite3_exec(db, sql, nullptr, nullptr, nullptr);
      if (code != SQLITE_OK) return code;
    }
    if (LookedThrough::contains(file)) return SQLITE_OK;
    Statement check(db, "pragma quick_check(1)");
    if (check.next() && check.text() != "ok") return SQLITE_CORRUPT;
    LookedThrough::add(file);
    return SQLITE_OK;
  }
  void close_file() {
    sqlite3_close_v2(db);
    db = nullptr;
  }
};

RunStore::RunStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RunStore::~RunStore() = default;

fs::path RunStore::default_file() {
  return data_folder() / "scalewright.sqlite";
}

Result<std::unique_ptr<RunStore>> RunStore::open(const fs::path& file, std::string* warning) {
  auto impl = std::make_unique<Impl>();
  impl->file = file;
  std::error_code ignored;
  if (file.has_parent_path()) fs::create_directories(file.parent_path(), ignored);
  int code = impl->open_file();
  if (damaged(code)) {
    impl->close_file();
    fs::path aside;
    for (int number = 1; aside.empty() || fs::exists(aside, ignored); ++number) {
      aside = file;
      aside += ".damaged-" + std::to_string(number);
    }
    std::error_code moved;
    fs::rename(file, aside, moved);
    if (moved) {
      return fail(ErrorCode::Io, file.string() + ": the history is damaged and cannot be moved aside: " +
                                     moved.message() + ". Move or delete the file.");
    }
    // Its journal belongs to it; a new database must not find it.
    for (const char* suffix : {"-wal", "-shm"}) {
      fs::path from = file, to = aside;
      fs::rename(from += suffix, to += suffix, ignored);
    }
    if (warning != nullptr) {
      *warning = "The history was damaged. It is kept as " + aside.string() +
                 ", and a new one was begun; the folders of your runs are not affected.";
    }
    code = impl->open_file();
  }
  if (code != SQLITE_OK) return impl->error("open");
  return usable(std::move(impl));
}

Result<std::unique_ptr<RunStore>> RunStore::open_existing(const fs::path& file) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return fail(ErrorCode::Io, file.string() + ": there is no history here yet.");
  auto impl = std::make_unique<Impl>();
  impl->file = file;
  const int code = impl->open_file();
  if (damaged(code)) {
    return fail(ErrorCode::Io, file.string() +
                                   ": the history is damaged. The next run keeps it under another name and begins a new "
                                   "one; the folders of your runs are not affected.");
  }
  if (code != SQLITE_OK) return impl->error("open");
  return usable(std::move(impl));
}

// An open file, unless a later program wrote it.
Result<std::unique_ptr<RunStore>> RunStore::usable(std::unique_ptr<Impl> impl) {
  int64_t schema = 0;
  {
    Statement version(impl->db, "pragma user_version");
    if (version.next()) schema = version.integer();
  }
  if (schema > kSchema) {
    return fail(
        ErrorCode::Unsupported,
        impl->file.string() + ": this history was written by a newer Scalewright; update this one, or move the file.");
  }
  if (auto versioned = impl->run(("pragma user_version = " + std::to_string(kSchema)).c_str()); !versioned) {
    return tl::unexpected(versioned.error());
  }
  return std::unique_ptr<RunStore>(new RunStore(std::move(impl)));
}

Result<int64_t> RunStore::begin(const RunRow& run) {
  SW_TRY(impl_->write("insert into runs (folder) values (?) on conflict(folder) do update set deleted = 0, error = ''",
                      [&](Statement& s) { s.with(run.folder); }));
  RunRow row = run;
  {
    const std::lock_guard lock(impl_->mutex);
    Statement find(impl_->db, "select id, coalesce(started, 0) from runs where folder = ?");
    if (!find.with(run.folder).next()) return impl_->error("read");
    row.id = find.integer();
    if (find.integer() != 0) row.started = 0;  // a resumed run began when it began
  }
  SW_TRY(update(row));
  // Notes are the person's: update() leaves them alone.
  if (!run.notes.empty()) SW_TRY(set_notes(row.id, run.notes));
  return row.id;
}

Result<bool> RunStore::moved(const std::string& from, const std::string& to) {
  {
    const std::lock_guard lock(impl_->mutex);
    Statement taken(impl_->db, "select id from runs where folder = ?");
    if (taken.with(to).next()) return false;
    Statement there(impl_->db, "select id from runs where folder = ?");
    if (!there.with(from).next()) return false;
  }
  const std::filesystem::path old = from, now = to;
  const std::string name = old.filename().string();
  SW_TRY(impl_->write("update runs set folder = ?, name = case when name = ? then ? else name end where folder = ?",
                      [&](Statement& s) { s.with(to, name, name + "/" + now.filename().string(), from); }));
  return true;
}

Result<void> RunStore::update(const RunRow& r) {
  return impl_->write(
      "update runs set name = case when coalesce(name, '') = '' then ? else name end, model = ?, data = ?, state = ?, "
      "recipe = ?, "
      "started = case when ?6 = 0 then started else ?6 end, ended = ?, step = ?, steps = ?, last_loss = ?, "
      "best_validation = ?, peak_bytes = ?, error = ? where id = ?",
      [&](Statement& s) {
        s.with(r.name, r.model, r.data, r.state, r.recipe_json, r.started, r.ended, r.step, r.steps, r.last_loss,
               r.best_validation, r.peak_bytes, r.error, r.id);
      });
}

Result<void> RunStore::forget_after(int64_t run, int64_t step) {
  for (const char* sql :
       {"delete from steps where run = ? and step > ?", "delete from validations where run = ? and step > ?",
        "delete from samples where run = ? and step > ?"}) {
    SW_TRY(impl_->write(sql, [&](Statement& s) { s.with(run, step); }));
  }
  return {};
}

Result<void> RunStore::add_steps(int64_t run, const std::vector<StepRecord>& steps) {
  const std::lock_guard lock(impl_->mutex);
  SW_TRY(impl_->run("begin immediate"));
  auto written = [&]() -> Result<void> {
    Statement insert(impl_->db, "insert or replace into steps values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    for (const StepRecord& s : steps) {
      insert.with(run, s.step, s.steps, s.epoch, s.loss, s.gradient_norm, s.learning_rate, s.tokens, s.seconds,
                  s.tokens_per_second, s.resident_bytes, s.seconds_left);
      if (!insert.done()) return impl_->error("write");
    }
    return impl_->run("commit");
  }();
  // Also where the commit failed: a transaction left open would refuse every one after it.
  if (!written) (void)impl_->run("rollback");
  return written;
}

Result<void> RunStore::add_validation(int64_t run, const ValidationRecord& record) {
  return impl_->write("insert or replace into validations values (?, ?, ?)",
                      [&](Statement& s) { s.with(run, record.step, record.loss); });
}

Result<void> RunStore::add_sample(int64_t run, const SampleRecord& record) {
  return impl_->write("insert or replace into samples values (?, ?, ?, ?)",
                      [&](Statement& s) { s.with(run, record.step, record.prompt, record.answer); });
}

Result<void> RunStore::add_evaluation(const EvaluationRow& row) {
  const int64_t when = row.when != 0 ? row.when : static_cast<int64_t>(std::time(nullptr));
  return impl_->write("insert into evaluations (run, at, kind, subject, words, value) values (?, ?, ?, ?, ?, ?)",
                      [&](Statement& s) { s.with(row.run, when, row.kind, row.subject, row.text, row.value); });
}

Result<std::vector<RunRow>> RunStore::runs() const {
  return impl_->read<RunRow>(
      "select id, folder, name, model, data, state, notes, recipe, started, ended, step, steps, last_loss, "
      // A run that went on says only the lowest since then; its validations are all here.
      "coalesce((select min(loss) from validations where run = runs.id), best_validation), "
      "peak_bytes, error from runs where deleted = 0 order by started desc, id desc",
      0, [](Statement& s) {
        RunRow r;
        r.id = s.integer();
        for (std::string* text : {&r.folder, &r.name, &r.model, &r.data, &r.state, &r.notes, &r.recipe_json})
          *text = s.text();
        for (int64_t* number : {&r.started, &r.ended, &r.step, &r.steps}) *number = s.integer();
        r.last_loss = s.real();
        r.best_validation = s.real();
        r.peak_bytes = s.size();
        r.error = s.text();
        return r;
      });
}

Result<std::vector<StepRecord>> RunStore::steps(int64_t run) const {
  return impl_->read<StepRecord>(
      "select step, steps, epoch, loss, gradient_norm, learning_rate, tokens, seconds, tokens_per_second, "
      "resident_bytes, "
      "seconds_left from steps where run = ? order by step",
      run, [](Statement& s) {
        StepRecord r;
        r.step = s.integer();
        r.steps = s.integer();
        for (double* number : {&r.epoch, &r.loss, &r.gradient_norm, &r.learning_rate}) *number = s.real();
        r.tokens = s.integer();
        r.seconds = s.real();
        r.tokens_per_second = s.real();
        r.resident_bytes = s.size();
        r.seconds_left = s.real();
        return r;
      });
}

Result<std::vector<ValidationRecord>> RunStore::validations(int64_t run) const {
  return impl_->read<ValidationRecord>("select step, loss from validations where run = ? order by step", run,
                                       [](Statement& s) {
                                         ValidationRecord r;
                                         r.step = s.integer();
                                         r.loss = s.real();
                                         return r;
                                       });
}

Result<std::vector<SampleRecord>> RunStore::samples(int64_t run) const {
  return impl_->read<SampleRecord>("select step, prompt, answer from samples where run = ? order by step", run,
                                   [](Statement& s) {
                                     SampleRecord r;
                                     r.step = s.integer();
                                     r.prompt = s.text();
                                     r.answer = s.text();
                                     return r;
                                   });
}

Result<std::vector<EvaluationRow>> RunStore::evaluations(int64_t run) const {
  return impl_->read<EvaluationRow>(
      "select run, at, kind, subject, words, value from evaluations where run = ? order by id", run, [](Statement& s) {
        EvaluationRow r;
        r.run = s.integer();
        r.when = s.integer();
        for (std::string* text : {&r.kind, &r.subject, &r.text}) *text = s.text();
        r.value = s.real();
        return r;
      });
}

Result<void> RunStore::set_deleted(int64_t run, bool deleted) {
  return impl_->write("update runs set deleted = ? where id = ?", [&](Statement& s) { s.with(int64_t{deleted}, run); });
}

Result<void> RunStore::rename(int64_t run, const std::string& name) {
  return impl_->write("update runs set name = ? where id = ?", [&](Statement& s) { s.with(name, run); });
}

Result<void> RunStore::set_notes(int64_t run, const std::string& notes) {
  return impl_->write("update runs set notes = ? where id = ?", [&](Statement& s) { s.with(notes, run); });
}

}  // namespace scalewright
