// Scales between the records of a model (halves) and the flat fp32 array that tuning works on.

#include <algorithm>
#include <span>

#include "engine/model/train_graph.h"

namespace scalewright {
namespace {

// Halves as QuantizedMatrix::scale_halves gives them, as floats.
std::vector<float> to_floats(std::span<const uint16_t> halves) {
  std::vector<float> out(halves.size());
  std::transform(halves.begin(), halves.end(), out.begin(), kernels::half_to_float);
  return out;
}

}  // namespace

void initial_scales(const Model& model, const TrainableLayout& layout, float* values) {
  const std::vector<const Linear*> linears = model.weights.linears();
  std::vector<float> unused;
  for (const TrainableEntry& entry : layout.entries) {
    float* out = values + entry.offset;
    if (layout.granularity == Granularity::Row) {
      std::fill_n(out, entry.count, 1.0f);
      continue;
    }
    const QuantizedMatrix& matrix = linears[entry.linear]->weight.quant();
    const size_t n = static_cast<size_t>(entry.rows * entry.groups);
    if (entry.second) {
      matrix.read_scales({out, n}, {out + n, n});
    } else if (matrix.layout().kind == kernels::BlockKind::Min) {
      // Its offsets follow the scales and are not learned.
      unused.resize(n);
      matrix.read_scales({out, n}, unused);
    } else {
      matrix.read_scales({out, n}, {});
    }
  }
}

std::vector<std::vector<uint16_t>> snapshot_scales(const Model& model, const TrainableLayout& layout) {
  const std::vector<const Linear*> linears = model.weights.linears();
  std::vector<std::vector<uint16_t>> base;
  base.reserve(layout.entries.size());
  for (const TrainableEntry& entry : layout.entries)
    base.push_back(linears[entry.linear]->weight.quant().scale_halves());
  return base;
}

void restore_scales(Model& model, const TrainableLayout& layout, const std::vector<std::vector<uint16_t>>& base) {
  const std::vector<Linear*> linears = model.weights.linears();
  for (size_t i = 0; i < layout.entries.size(); ++i) {
    linears[layout.entries[i].linear]->weight.quant().restore_scale_halves(base[i]);
  }
  model.tuned_by.clear();
}

void store_scales(Model& model, const TrainableLayout& layout, const float* values,
                  const std::vector<std::vector<uint16_t>>& base) {
  const std::vector<Linear*> linears = model.weights.linears();
  for (size_t i = 0; i < layout.entries.size(); ++i) {
    const TrainableEntry& entry = layout.entries[i];
    QuantizedMatrix& matrix = linears[entry.linear]->weight.quant();
    const float* learned = values + entry.offset;
    const size_t n = static_cast<size_t>(matrix.rows() * matrix.layout().groups());
    const bool second = matrix.layout().has_second_scale();
    if (layout.granularity == Granularity::Group) {
      matrix.write_scales({learned, n}, second ? std::span<const float>{learned + n, n} : std::span<const float>{},
                          base[i]);
      continue;
    }
    // A row's factor moves every scale of the row; in Min the offset follows its scale by itself.
    std::vector<float> scaled = to_floats(base[i]);
    const size_t groups = static_cast<size_t>(matrix.layout().groups());
    for (size_t j = 0; j < scaled.size(); ++j) scaled[j] *= learned[(j % n) / groups];
    matrix.write_scales({scaled.data(), n},
                        second ? std::span<const float>{scaled.data() + n, n} : std::span<const float>{}, base[i]);
  }
}

}  // namespace scalewright
