#pragma once
// A quantized weight matrix that owns its records (kernels/common/quant_layout.h). Codes never change after it is made;
// scales may be overwritten in place (scale packs, tuning) and read back.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/memory_source.h"
#include "kernels/common/quant_layout.h"

namespace scalewright::kernels::cpu {
class ThreadPool;
}

namespace scalewright {

// bits 2..8; group: inputs that share a scale, 32, 64, 128, 256, or 0 for one scale an output row.
struct QuantSpec {
  int bits = 4;
  int group = 64;
  bool symmetric = false;
  friend bool operator==(const QuantSpec&, const QuantSpec&) = default;
};

// How an affine matrix of this spec lies in memory; a group as long as the row or longer is one record.
kernels::QuantLayout affine_layout(int64_t rows, int64_t cols, const QuantSpec& spec);

class AlignedBytes {  // 64-byte aligned, zeroed, with 64 readable bytes behind
 public:
  AlignedBytes() = default;
  explicit AlignedBytes(size_t bytes, MemoryUse use = MemoryUse::Weights);
  // Those of another, which must live longer.
  static AlignedBytes borrowed(const AlignedBytes& owner);
  // The same bytes in memory of its own.
  AlignedBytes copy(MemoryUse use) const;
  uint8_t* data() const noexcept { return data_.get(); }
  size_t size() const noexcept { return size_; }

 private:
  std::unique_ptr<uint8_t[], MemoryRelease> data_;
  size_t size_ = 0;
};

class QuantizedMatrix {
 public:
  // Calls `fill(strip, plain)` for each strip of 16 rows, in order or, given a pool, on all its threads; `plain` points to
  // zeroed arrays to be filled.
  using FillStrip = std::function<Result<void>(int64_t strip, const kernels::PlainStrip& plain)>;
  static Result<QuantizedMatrix> build(const kernels::QuantLayout& layout, const FillStrip& fill,
                                       kernels::cpu::ThreadPool* pool = nullptr);
  // The same where the caller writes the records themselves: layout.strip_bytes() at `records` for each strip, as
  // kernels::pack_strip does. In order, by one thread.
  using FillRecords = std::function<Result<void>(int64_t strip, uint8_t* records)>;
  static Result<QuantizedMatrix> build_records(const kernels::QuantLayout& layout, const FillRecords& fill);
  // Affine from row-major arrays: codes u8 [N, K], scales f32 [N, G] (must be exact in fp16 or are rounded), zeros i16 [N, G].
  static Result<QuantizedMatrix> from_affine(int64_t rows, int64_t cols, const QuantSpec& spec, std::span<const uint8_t> codes,
                                             std::span<const float> scales, std::span<const int16_t> zeros,
                                             kernels::cpu::ThreadPool* pool = nullptr);

  const kernels::QuantLayout& layout() const noexcept { return layout_; }
  int64_t rows() const noexcept { return layout_.rows; }
  int64_t cols() const noexcept { return layout_.cols; }
  kernels::QuantView view() const noexcept;
  uint64_t bytes() const noexcept { return records_.size(); }
  double bits_per_weight() const;  // of the file form: codes, scales, zeros

  // XXH3-128 of everything frozen (codes, zero points, sub-scales, layout); scales do not enter.
  struct Hash { uint64_t high = 0, low = 0; friend bool operator==(const Hash&, const Hash&) = default; };
  Hash codes_hash() const;

  // Another matrix of the same records: in memory of its own, taken for `use`, or those of this one, which must live longer.
  QuantizedMatrix copy(MemoryUse use) const;
  QuantizedMatrix borrowed() const;

  // Visits every strip as plain arrays, in order (export, hashing across containers).
  Result<void> visit(const std::function<Result<void>(int64_t strip, const kernels::PlainStrip& plain)>& visitor) const;
  void dequantize(std::span<float> out) const;               // [N, K]
  void dequantize_row(int64_t row, std::span<float> out) const;  // [K]

  // Scales as fp32 [N, G]; second is m (Min) or dmin (KMin), empty otherwise.
  void read_scales(std::span<float> scale, std::span<float> second) const;
  std::vector<uint16_t> scale_halves() const;                // exact snapshot, [N, G] d then [N, G] second when there is one
  void restore_scale_halves(std::span<const uint16_t> halves);
  // Rounds to fp16 and stores; Min's offset follows its scale from the given base (kernels::store_scales).
  void write_scales(std::span<const float> scale, std::span<const float> second, std::span<const uint16_t> base_halves);

  // For act-order GPTQ: position j of the stored matrix is input column_order[j] of the layer; empty: natural order.
  const std::vector<int32_t>& column_order() const noexcept { return column_order_; }
  void set_column_order(std::vector<int32_t> order) { column_order_ = std::move(order); }

 private:
  kernels::QuantLayout layout_;
  AlignedBytes records_;
  std::vector<int32_t> column_order_;
};

}  // namespace scalewright
