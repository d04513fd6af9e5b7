#pragma once
// A task as a file of a few MB: safetensors with the learned scales (fp16) and the hash of the codes they belong to.

#include <filesystem>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/model/train_graph.h"

namespace scalewright {

struct ScalePackInfo {
  std::string name, codes_hash, base_name;
  Granularity granularity = Granularity::Group;
  uint64_t bytes = 0;
};
// The scales that the model's records hold now, stored from `values` (kernels: store_scales). Row: one fp16-rounded
// factor a row would not reproduce them, so Row packs store fp32 factors and Group packs store halves; both reproduce
// the records exactly. Min matrices (Q4_1, Q5_1): the offset follows the value, so where values are not rounded to
// halves yet the pack holds the offsets as well, and is twice the size.
Result<void> write_scale_pack(const std::filesystem::path& path, const Model& model, const TrainableLayout& layout,
                              const float* values, const std::string& name);
Result<ScalePackInfo> scale_pack_info(const std::filesystem::path& path);

// Switches a model to a task in place and undoes it exactly. Refuses a pack of another base, naming both hashes.
class ScalePack {
 public:
  static Result<ScalePack> load(const std::filesystem::path& path, const Model& model);
  const ScalePackInfo& info() const noexcept { return info_; }
  // Base scales are snapshotted by the caller once: snapshot_scales(model, layout(model)).
  void apply(Model& model, const std::vector<std::vector<uint16_t>>& base) const;

 private:
  ScalePackInfo info_;
  TrainableLayout layout_;
  std::vector<float> values_;
  std::vector<std::vector<uint16_t>> minimums_;  // by entry; empty where they follow the scales
};

}  // namespace scalewright
