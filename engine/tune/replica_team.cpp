#include "engine/tune/replica_team.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <new>
#include <optional>
#include <thread>

#include "engine/core/memory_source.h"
#include "engine/model/replica.h"
#include "engine/tune/arena.h"

namespace scalewright {
namespace {

Error named(const std::string& device, const Error& error) {
  return {error.code, device + ": " + error.message};
}

// What a device's own libraries throw, as an error with its name.
Result<void> guarded(const std::string& device, const std::function<Result<void>()>& work) {
  try {
    if (const Result<void> done = work(); !done) return tl::unexpected(named(device, done.error()));
    return {};
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::OutOfMemory, device +
                                            ": there is not enough memory for tuning. Choose a smaller context or "
                                            "batch, or fewer devices.");
  } catch (const std::exception& error) {
    return fail(ErrorCode::Device, device + ": " + error.what() + ". The last checkpoint is kept.");
  }
}

}  // namespace

RowShares share_rows(const TuneRecipe& recipe, const Backend& backend) {
  const Companions* companions = backend.companions();
  RowShares shares;
  shares.rows = recipe.batch * recipe.accumulate;
  const int64_t there = 1 + (companions ? static_cast<int64_t>(companions->devices.size()) : 0);
  shares.devices = static_cast<int>(std::clamp<int64_t>(shares.rows, 1, there));
  shares.rows_at_once = std::min(recipe.batch, (shares.rows + shares.devices - 1) / shares.devices);
  return shares;
}

std::vector<Batch> take_rows(std::span<const Batch> batches, int64_t first, int64_t count, int64_t most) {
  std::vector<Batch> pieces;
  int64_t row = 0;
  for (const Batch& batch : batches) {
    for (int64_t r = 0; r < batch.rows; ++r, ++row) {
      if (row < first || row >= first + count) continue;
      if (pieces.empty() || pieces.back().rows == most) pieces.push_back({.rows = 0, .context = batch.context});
      Batch& piece = pieces.back();
      ++piece.rows;
      for (const auto member : {&Batch::ids, &Batch::targets, &Batch::segments, &Batch::positions}) {
        const auto from = (batch.*member).begin() + static_cast<std::ptrdiff_t>(r * batch.context);
        (piece.*member).insert((piece.*member).end(), from, from + static_cast<std::ptrdiff_t>(batch.context));
      }
    }
  }
  return pieces;
}

// A device beside the first: everything on it is made, used and let go by one thread.
class ReplicaTeam::Worker {
 public:
  explicit Worker(std::string name) : thread_([this] { serve(); }) { member_.name = std::move(name); }
  ~Worker() {
    begin([this]() -> Result<void> {
      graph_.reset();
      optimizer_.reset();
      arena_.reset();
      model_.reset();
      backend_.reset();
      return {};
    });
    (void)end();
    begin(nullptr);
    thread_.join();
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  Member& member() { return member_; }
  // Null: the thread ends.
  void begin(std::function<Result<void>()> work) {
    const std::lock_guard lock(mutex_);
    work_ = std::move(work);
    busy_ = true;
    changed_.notify_all();
  }
  Result<void> end() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !busy_; });
    return std::move(result_);
  }

  // On its thread.
  Result<void> open(const Companions::Device& device, const Model& model, const Backend& first,
                    const TrainableLayout& layout, Parametrization parametrization, const MemoryChoice& memory) {
    SW_ASSIGN(backend_, device.open());
    model_ = replicate(model, first);
    SW_ASSIGN(arena_, Arena::reserve(memory.optimizer_bytes + memory.graph_bytes));
    ArenaCursor cursor(arena_->data());
    optimizer_.emplace(*model_, layout, parametrization, cursor);
    SW_ASSIGN(graph_,
              TrainGraph::create(model_, *backend_, memory.shape, arena_->data() + cursor.used(), memory.graph_bytes));
    member_.backend = backend_.get();
    member_.optimizer = &*optimizer_;
    member_.graph = graph_.get();
    return {};
  }

 private:
  void serve() {
    for (;;) {
      std::function<Result<void>()> work;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return busy_; });
        work = std::move(work_);
      }
      if (!work) return;
      Result<void> result = guarded(member_.name, work);
      const std::lock_guard lock(mutex_);
      result_ = std::move(result);
      busy_ = false;
      changed_.notify_all();
    }
  }

  Member member_;
  std::unique_ptr<Backend> backend_;
  std::shared_ptr<Model> model_;
  std::optional<Arena> arena_;
  std::optional<ScaleOptimizer> optimizer_;
  std::unique_ptr<TrainGraph> graph_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<Result<void>()> work_;
  Result<void> result_;
  bool busy_ = false;
  std::thread thread_;  // last: it uses the others
};

ReplicaTeam::ReplicaTeam(const RowShares& shares, const Member& first) : shares_(shares), first_(first) {}
ReplicaTeam::~ReplicaTeam() = default;

Result<std::unique_ptr<ReplicaTeam>> ReplicaTeam::start(const Model& model, const TrainableLayout& layout,
                                                        Parametrization parametrization, const MemoryChoice& memory,
                                                        const RowShares& shares, const Member& first) {
  std::unique_ptr<ReplicaTeam> team(new ReplicaTeam(shares, first));
  if (shares.devices == 1) return team;
  const Companions& companions = *first.backend->companions();
  for (int i = 1; i < shares.devices; ++i)
    team->workers_.push_back(std::make_unique<Worker>(companions.devices[static_cast<size_t>(i) - 1].name));
  SW_TRY(team->each([&](Member& member, int number) -> Result<void> {
    if (number == 0) return {};
    const auto other = static_cast<size_t>(number) - 1;
    (void)member;
    return team->workers_[other]->open(companions.devices[other], model, *first.backend, layout, parametrization,
                                       memory);
  }));
  if (replicated_bytes(model, *first.backend) > 0) {
    // The copies were read by the host, so pages of the first device's weights are there now: held anew, they go back.
    weights_changed();
    (void)first.backend->hold(model.weights.list());
  }
  if (companions.make_sums) team->sums_ = companions.make_sums(shares.devices - 1, static_cast<int64_t>(layout.total));
  if (!team->sums_) team->sums_ = make_host_sums();
  return team;
}

int ReplicaTeam::size() const {
  return shares_.devices;
}
std::string ReplicaTeam::sums_name() const {
  return sums_ ? sums_->name() : std::string();
}

Result<void> ReplicaTeam::each(const std::function<Result<void>(Member&, int)>& work) {
  if (workers_.empty()) return work(first_, 0);
  for (size_t i = 0; i < workers_.size(); ++i) {
    workers_[i]->begin(
        [&work, &worker = *workers_[i], number = static_cast<int>(i) + 1] { return work(worker.member(), number); });
  }
  Result<void> result = guarded(first_.name, [&] { return work(first_, 0); });
  for (const auto& worker : workers_) {
    Result<void> other = worker->end();
    if (result && !other) result = std::move(other);
  }
  return result;
}

std::vector<Batch> ReplicaTeam::rows_of(const std::vector<Batch>& step, int number) const {
  const int64_t begin = shares_.begin(number);
  return take_rows(step, begin, shares_.begin(number + 1) - begin, shares_.rows_at_once);
}

Result<void> ReplicaTeam::add_gradients() {
  if (workers_.empty()) return {};
  std::vector<float*> gradients{first_.optimizer->gradient()};
  for (const auto& worker : workers_) gradients.push_back(worker->member().optimizer->gradient());
  return sums_->add_up(gradients, static_cast<int64_t>(first_.optimizer->count()));
}

Result<void> ReplicaTeam::take_state() {
  return each([this](Member& member, int number) -> Result<void> {
    if (number == 0) return {};
    const auto n = static_cast<std::ptrdiff_t>(first_.optimizer->count());
    ScaleOptimizer &mine = *member.optimizer, &theirs = *first_.optimizer;
    std::copy_n(theirs.parameters(), n, mine.parameters());
    std::copy_n(theirs.first_moment(), n, mine.first_moment());
    std::copy_n(theirs.second_moment(), n, mine.second_moment());
    mine.refresh();
    return {};
  });
}

}  // namespace scalewright
