#pragma once
// The devices that share the steps of a run. Each has the frozen weights where it reads them, learned numbers and
// moments of its own, and works on some of a step's rows; the gradients are added up, and every device does the same
// update, so that all hold the same scales after every step.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/backend/backend.h"
#include "engine/backend/companions.h"
#include "engine/core/error.h"
#include "engine/model/batch.h"
#include "engine/model/train_graph.h"
#include "engine/tune/memory_plan.h"
#include "engine/tune/scale_optimizer.h"

namespace scalewright {

// How the rows of a step (accumulate batches of `batch` rows) are shared by devices: the next to each other ones go to
// one device, so many of them at once.
struct RowShares {
  int devices = 1;           // that have rows
  int64_t rows = 1;          // of a step
  int64_t rows_at_once = 1;  // on a device
  int64_t begin(int device) const { return rows * device / devices; }
};
RowShares share_rows(const TuneRecipe& recipe, const Backend& backend);

class ReplicaTeam {
 public:
  // One device. What it points to belongs to whoever made it.
  struct Member {
    std::string name;
    Backend* backend = nullptr;
    ScaleOptimizer* optimizer = nullptr;
    TrainGraph* graph = nullptr;
  };

  // `first` is the run's own device; those beside it take memory as `memory` plans. Both must live longer, and so must
  // `model`.
  static Result<std::unique_ptr<ReplicaTeam>> start(const Model& model, const TrainableLayout& layout,
                                                    Parametrization parametrization, const MemoryChoice& memory,
                                                    const RowShares& shares, const Member& first);
  ~ReplicaTeam();

  int size() const;
  std::string sums_name() const;  // who adds up: "NCCL 2.28"; empty for one device
  // work(member, number) for every device at once, the first one's on the calling thread; returns when all are done.
  // The failure of the first device that failed, with its name. Of one device alone exceptions pass.
  Result<void> each(const std::function<Result<void>(Member&, int)>& work);
  // The rows of device `number` among those of a step, in pieces that its graph takes.
  std::vector<Batch> rows_of(const std::vector<Batch>& step, int number) const;
  // The gradients of all become their sum.
  Result<void> add_gradients();
  // All take over the first one's parameters and moments.
  Result<void> take_state();

 private:
  class Worker;
  ReplicaTeam(const RowShares& shares, const Member& first);

  RowShares shares_;
  Member first_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<DeviceSums> sums_;
};

// Rows first .. first + count - 1 of batches that follow each other, as batches of up to `most` rows.
std::vector<Batch> take_rows(std::span<const Batch> batches, int64_t first, int64_t count, int64_t most);

}  // namespace scalewright
