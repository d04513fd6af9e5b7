#include "engine/model/quantized_matrix.h"

#include <xxhash.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <sstream>

#include "kernels/common/unpack.h"
#include "kernels/cpu/cpu_features.h"
#include "kernels/cpu/thread_pool.h"

namespace scalewright {

using kernels::BlockKind;
using kernels::kChunk;
using kernels::kStripRows;
using kernels::PlainStrip;
using kernels::QuantLayout;

QuantLayout affine_layout(int64_t rows, int64_t cols, const QuantSpec& spec) {
  QuantLayout layout;
  layout.rows = rows;
  layout.cols = cols;
  layout.kind = BlockKind::Affine;
  layout.bits = static_cast<uint8_t>(spec.bits == 7 ? 8 : spec.bits);
  layout.block = spec.group == 0 || spec.group >= cols ? cols : spec.group;
  layout.sub = static_cast<int32_t>(layout.block);
  return layout;
}

AlignedBytes::AlignedBytes(size_t bytes, MemoryUse use) : size_(bytes) {
  const size_t allocated = (bytes + 64 + 63) / 64 * 64;
  const MemorySource& source = memory_source();
  data_ = std::unique_ptr<uint8_t[], MemoryRelease>(static_cast<uint8_t*>(source.allocate(allocated, use)), {&source});
  if (!data_) throw std::bad_alloc();
}

AlignedBytes AlignedBytes::borrowed(const AlignedBytes& owner) {
  static constexpr MemorySource kNobodys{nullptr, [](void*) noexcept {}};
  AlignedBytes same;
  same.data_ = std::unique_ptr<uint8_t[], MemoryRelease>(owner.data(), {&kNobodys});
  same.size_ = owner.size();
  return same;
}
AlignedBytes AlignedBytes::copy(MemoryUse use) const {
  AlignedBytes same(size_, use);
  if (size_ > 0) std::memcpy(same.data(), data(), size_);
  return same;
}

namespace {

// The parts of a message in one string.
template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

// The arrays behind a PlainStrip.
class StripArrays {
 public:
  explicit StripArrays(const QuantLayout& layout)
      : layout_(layout),
        codes_(static_cast<size_t>(kStripRows * layout.chunks() * kChunk)),
        scale_(static_cast<size_t>(kStripRows * layout.groups())) {
    const bool sub_blocks = layout.kind == BlockKind::KMin || layout.kind == BlockKind::KScale;
    if (layout.kind == BlockKind::Min || layout.kind == BlockKind::KMin) scale_min_.resize(scale_.size());
    if (layout.kind == BlockKind::Affine) zero_.resize(scale_.size());
    if (sub_blocks) sub_scale_.resize(static_cast<size_t>(kStripRows * layout.subs()));
    if (layout.kind == BlockKind::KMin) sub_min_.resize(sub_scale_.size());
  }

  PlainStrip plain() {
    const auto pointer = [](auto& values) { return values.empty() ? nullptr : values.data(); };
    return {pointer(codes_), pointer(scale_),     pointer(scale_min_),
            pointer(zero_),  pointer(sub_scale_), pointer(sub_min_)};
  }
  void clear() {
    std::ranges::fill(codes_, uint8_t{0});
    for (auto* halves : {&scale_, &scale_min_}) std::ranges::fill(*halves, uint16_t{0});
    for (auto* integers : {&zero_, &sub_scale_, &sub_min_}) std::ranges::fill(*integers, int16_t{0});
  }
  // Kernels count on zeros in rows beyond N and inputs beyond K, whatever the filler left there.
  void clear_padding(int64_t strip) {
    const int64_t rows = std::min<int64_t>(kStripRows, layout_.rows - strip * kStripRows);
    const auto clear_rows = [rows](auto& values) {
      std::fill(values.begin() + static_cast<std::ptrdiff_t>(values.size()) / kStripRows * rows, values.end(), 0);
    };
    clear_rows(codes_);
    clear_rows(scale_);
    clear_rows(scale_min_);
    clear_rows(zero_);
    clear_rows(sub_scale_);
    clear_rows(sub_min_);
    const int64_t width = layout_.chunks() * kChunk;
    for (int64_t row = 0; row < rows; ++row) {
      std::fill(codes_.begin() + row * width + layout_.cols, codes_.begin() + (row + 1) * width, uint8_t{0});
    }
  }
  uint8_t largest_code() const { return codes_.empty() ? uint8_t{0} : *std::ranges::max_element(codes_); }

 private:
  QuantLayout layout_;
  std::vector<uint8_t> codes_;
  std::vector<uint16_t> scale_, scale_min_;
  std::vector<int16_t> zero_, sub_scale_, sub_min_;
};

Result<void> check_layout(const QuantLayout& layout) {
  const auto wrong = [&](const std::string& what) {
    return fail(ErrorCode::InvalidArgument,
                text("A quantized matrix of ", layout.rows, " x ", layout.cols, " ", what, "."));
  };
  constexpr int64_t kLargest = int64_t{1} << 31;
  if (layout.rows < 1 || layout.cols < 1 || layout.rows > kLargest || layout.cols > kLargest) {
    return wrong("is not possible: both sizes must be between 1 and 2^31");
  }
  if (layout.bits < 2 || layout.bits == 7 || layout.bits > 8) {
    return wrong(text("cannot have codes of ", int{layout.bits}, " bits in memory: 2, 3, 4, 5, 6 and 8 can"));
  }
  if (layout.block < 1 || (layout.block % kChunk != 0 && layout.block != layout.cols)) {
    return wrong(text("cannot have groups of ", layout.block, " inputs: a group is a multiple of 32 or all inputs"));
  }
  if (layout.kind == BlockKind::KMin || layout.kind == BlockKind::KScale) {
    const bool sub = layout.sub == 16 || (layout.sub == 32 && layout.kind == BlockKind::KMin);
    if (layout.block != 256 || layout.cols % 256 != 0 || !sub) {
      return wrong("cannot be a K-quant: these have blocks of 256 inputs in sub-blocks of 16 or 32");
    }
  } else if (layout.sub != layout.block) {
    return wrong(text("has sub-blocks of ", layout.sub, " inputs in blocks of ", layout.block, ": they must be equal"));
  }
  return {};
}

tl::unexpected<Error> no_memory(const QuantLayout& layout) {
  return fail(ErrorCode::OutOfMemory,
              text("There is no memory for a quantized matrix of ", layout.rows, " x ", layout.cols, " (",
                   layout.bytes(), " bytes). Close other programs or choose a smaller model."));
}

bool has_second(const QuantLayout& layout) {
  return layout.kind == BlockKind::Min || layout.kind == BlockKind::KMin;
}

}  // namespace

Result<QuantizedMatrix> QuantizedMatrix::build(const QuantLayout& layout, const FillStrip& fill,
                                               kernels::cpu::ThreadPool* pool) {
  SW_TRY(check_layout(layout));
  QuantizedMatrix matrix;
  matrix.layout_ = layout;
  const auto pack = kernels::cpu::supported(kernels::cpu::Isa::Avx2) ? kernels::pack_strip_avx2 : kernels::pack_strip;
  try {
    matrix.records_ = AlignedBytes(static_cast<size_t>(layout.bytes()));
    const auto add_strip = [&](int64_t strip, StripArrays& arrays) -> Result<void> {
      arrays.clear();
      SW_TRY(fill(strip, arrays.plain()));
      arrays.clear_padding(strip);
      if (arrays.largest_code() >> layout.bits != 0) {
        return fail(ErrorCode::Format,
                    text("Rows ", strip * kStripRows, " to ", std::min(layout.rows, (strip + 1) * kStripRows) - 1,
                         " of a quantized matrix hold the code ", int{arrays.largest_code()}, ", which ",
                         int{layout.bits}, " bits cannot: the file is damaged or was read as the wrong type."));
      }
      pack(layout, arrays.plain(), matrix.records_.data() + strip * layout.strip_bytes());
      return {};
    };
    std::vector<StripArrays> arrays(static_cast<size_t>(pool ? pool->threads() : 1), StripArrays(layout));
    if (!pool) {
      for (int64_t strip = 0; strip < layout.strips(); ++strip) SW_TRY(add_strip(strip, arrays.front()));
      return matrix;
    }
    // Each thread stops at its first failure. Strips are handed out in order, so the lowest of these is the lowest of
    // all.
    struct Failure {
      int64_t strip = INT64_MAX;
      Error error;
    };
    std::vector<Failure> failures(arrays.size());
    pool->parallel_pieces(layout.strips(), 1, [&](int thread, int64_t begin, int64_t end) {
      Failure& mine = failures[static_cast<size_t>(thread)];
      for (int64_t strip = begin; strip < end && mine.strip == INT64_MAX; ++strip) {
        Result<void> added = add_strip(strip, arrays[static_cast<size_t>(thread)]);
        if (!added) mine = {strip, std::move(added).error()};
      }
    });
    Failure& first = *std::ranges::min_element(failures, {}, &Failure::strip);
    if (first.strip != INT64_MAX) return tl::unexpected<Error>(std::move(first.error));
  } catch (const std::bad_alloc&) {
    return no_memory(layout);
  }
  return matrix;
}

Result<QuantizedMatrix> QuantizedMatrix::build_records(const QuantLayout& layout, const FillRecords& fill) {
  SW_TRY(check_layout(layout));
  QuantizedMatrix matrix;
  matrix.layout_ = layout;
  try {
    matrix.records_ = AlignedBytes(static_cast<size_t>(layout.bytes()));
  } catch (const std::bad_alloc&) {
    return no_memory(layout);
  }
  for (int64_t strip = 0; strip < layout.strips(); ++strip)
    SW_TRY(fill(strip, matrix.records_.data() + strip * layout.strip_bytes()));
  return matrix;
}

Result<QuantizedMatrix> QuantizedMatrix::from_affine(int64_t rows, int64_t cols, const QuantSpec& spec,
                                                     std::span<const uint8_t> codes, std::span<const float> scales,
                                                     std::span<const int16_t> zeros, kernels::cpu::ThreadPool* pool) {
  const QuantLayout layout = affine_layout(rows, cols, spec);
  SW_TRY(check_layout(layout));
  const int64_t G = layout.groups();
  const auto count = static_cast<size_t>(rows) * static_cast<size_t>(cols);
  const auto groups = static_cast<size_t>(rows * G);
  if (codes.size() != count || scales.size() != groups || zeros.size() != groups) {
    return fail(ErrorCode::InvalidArgument,
                text("A quantized matrix of ", rows, " x ", cols, " with ", G, " groups a row needs ", count,
                     " codes, ", groups, " scales and zeros, but was given ", codes.size(), ", ", scales.size(),
                     " and ", zeros.size(), "."));
  }
  return build(
      layout,
      [&](int64_t strip, const PlainStrip& plain) -> Result<void> {
        const int64_t width = layout.chunks() * kChunk;
        for (int64_t row = 0; row < kStripRows && strip * kStripRows + row < rows; ++row) {
          const int64_t n = strip * kStripRows + row;
          std::memcpy(plain.codes + row * width, codes.data() + n * cols, static_cast<size_t>(cols));
          for (int64_t group = 0; group < G; ++group) {
            plain.scale[row * G + group] = kernels::float_to_half(scales[static_cast<size_t>(n * G + group)]);
            plain.zero[row * G + group] = zeros[static_cast<size_t>(n * G + group)];
          }
        }
        return {};
      },
      pool);
}

kernels::QuantView QuantizedMatrix::view() const noexcept {
  kernels::QuantView view;
  view.records = records_.data();
  view.layout = layout_;
  return view;
}

double QuantizedMatrix::bits_per_weight() const {
  // Bits a record of a row has beside its codes: halves, and the zeros or sub-scales as the file packs them.
  double header = 16.0;
  switch (layout_.kind) {
    case BlockKind::Offset:
      break;
    case BlockKind::Min:
      header += 16.0;
      break;
    case BlockKind::Affine:
      header += layout_.bits;
      break;
    case BlockKind::KMin:
      header += 16.0 + (layout_.sub == 16 ? 16 * 8 : 8 * 12);
      break;
    case BlockKind::KScale:
      header += layout_.bits == 3 ? 16 * 6 : 16 * 8;
      break;
  }
  return layout_.bits + header * static_cast<double>(layout_.groups()) / static_cast<double>(layout_.cols);
}

QuantizedMatrix QuantizedMatrix::copy(MemoryUse use) const {
  QuantizedMatrix same;
  same.layout_ = layout_;
  same.records_ = records_.copy(use);
  same.column_order_ = column_order_;
  return same;
}
QuantizedMatrix QuantizedMatrix::borrowed() const {
  QuantizedMatrix same;
  same.layout_ = layout_;
  same.records_ = AlignedBytes::borrowed(records_);
  same.column_order_ = column_order_;
  return same;
}

QuantizedMatrix::Hash QuantizedMatrix::codes_hash() const {
  // The layout, then each record without its fp16 scales. Padding is always zero, so equal matrices have equal bytes.
  const int64_t description[] = {layout_.rows, layout_.cols,   static_cast<int64_t>(layout_.kind),
                                 layout_.bits, layout_.offset, layout_.sub,
                                 layout_.block};
  XXH3_state_t* state = XXH3_createState();
  if (!state) throw std::bad_alloc();
  XXH3_128bits_reset(state);
  XXH3_128bits_update(state, description, sizeof description);
  // Offset and Affine begin with 32 bytes of scales, the others with 64 (d and m, d and dmin, or d and zeros).
  const int64_t scales = layout_.kind == BlockKind::Offset || layout_.kind == BlockKind::Affine ? 32 : 64;
  for (int64_t strip = 0; strip < layout_.strips(); ++strip) {
    for (int64_t group = 0; group < layout_.groups(); ++group) {
      const uint8_t* from = kernels::record_header(layout_, records_.data(), strip, group) + scales;
      const uint8_t* to = group + 1 < layout_.groups()
                              ? kernels::record_header(layout_, records_.data(), strip, group + 1)
                              : records_.data() + (strip + 1) * layout_.strip_bytes();
      XXH3_128bits_update(state, from, static_cast<size_t>(to - from));
    }
  }
  const XXH128_hash_t digest = XXH3_128bits_digest(state);
  XXH3_freeState(state);
  return {digest.high64, digest.low64};
}

Result<void> QuantizedMatrix::visit(
    const std::function<Result<void>(int64_t strip, const PlainStrip& plain)>& visitor) const {
  StripArrays arrays(layout_);
  for (int64_t strip = 0; strip < layout_.strips(); ++strip) {
    kernels::unpack_strip(layout_, records_.data() + strip * layout_.strip_bytes(), arrays.plain());
    SW_TRY(visitor(strip, arrays.plain()));
  }
  return {};
}

void QuantizedMatrix::dequantize(std::span<float> out) const {
  const kernels::QuantView w = view();
  std::vector<float> a(static_cast<size_t>(layout_.subs() * kStripRows)), c(a.size());
  std::vector<float> panel(static_cast<size_t>(layout_.chunks() * kChunk * kStripRows));
  for (int64_t strip = 0; strip < layout_.strips(); ++strip) {
    kernels::strip_scales(w, strip, a.data(), c.data());
    kernels::unpack_panel(w, strip, 0, layout_.chunks(), a.data(), c.data(), panel.data());
    const int64_t rows = std::min<int64_t>(kStripRows, layout_.rows - strip * kStripRows);
    for (int64_t row = 0; row < rows; ++row) {
      float* to = out.data() + (strip * kStripRows + row) * layout_.cols;
      for (int64_t k = 0; k < layout_.cols; ++k) to[k] = panel[static_cast<size_t>(k * kStripRows + row)];
    }
  }
}

void QuantizedMatrix::dequantize_row(int64_t row, std::span<float> out) const {
  const kernels::QuantView w = view();
  const int64_t strip = row / kStripRows, lane = row % kStripRows;
  std::vector<float> a(static_cast<size_t>(layout_.subs() * kStripRows)), c(a.size());
  kernels::strip_scales(w, strip, a.data(), c.data());
  uint8_t codes[kChunk * kStripRows];
  for (int64_t chunk = 0; chunk < layout_.chunks(); ++chunk) {
    kernels::unpack_chunk(kernels::chunk_lines(layout_, records_.data(), strip, chunk), layout_.bits, codes);
    const int64_t end = std::min<int64_t>(kChunk, layout_.cols - chunk * kChunk);
    for (int64_t i = 0; i < end; ++i) {
      const int64_t k = chunk * kChunk + i;
      const auto at = static_cast<size_t>(k / layout_.sub * kStripRows + lane);
      out[static_cast<size_t>(k)] = a[at] * static_cast<float>(codes[i * kStripRows + lane]) - c[at];
    }
  }
}

void QuantizedMatrix::read_scales(std::span<float> scale, std::span<float> second) const {
  kernels::load_scales(layout_, records_.data(), scale.empty() ? nullptr : scale.data(),
                       second.empty() ? nullptr : second.data());
}

std::vector<uint16_t> QuantizedMatrix::scale_halves() const {
  const int64_t G = layout_.groups(), count = layout_.rows * G;
  std::vector<uint16_t> halves(static_cast<size_t>(has_second(layout_) ? 2 * count : count));
  for (int64_t n = 0; n < layout_.rows; ++n) {
    for (int64_t group = 0; group < G; ++group) {
      const uint8_t* at =
          kernels::record_header(layout_, records_.data(), n / kStripRows, group) + 2 * (n % kStripRows);
      std::memcpy(&halves[static_cast<size_t>(n * G + group)], at, 2);
      if (has_second(layout_)) std::memcpy(&halves[static_cast<size_t>(count + n * G + group)], at + 32, 2);
    }
  }
  return halves;
}

void QuantizedMatrix::restore_scale_halves(std::span<const uint16_t> halves) {
  const int64_t G = layout_.groups(), count = layout_.rows * G;
  for (int64_t n = 0; n < layout_.rows; ++n) {
    for (int64_t group = 0; group < G; ++group) {
      uint8_t* at = kernels::record_header(layout_, records_.data(), n / kStripRows, group) + 2 * (n % kStripRows);
      std::memcpy(at, &halves[static_cast<size_t>(n * G + group)], 2);
      if (has_second(layout_)) std::memcpy(at + 32, &halves[static_cast<size_t>(count + n * G + group)], 2);
    }
  }
  weights_changed();
}

void QuantizedMatrix::write_scales(std::span<const float> scale, std::span<const float> second,
                                   std::span<const uint16_t> base_halves) {
  const auto count = static_cast<size_t>(layout_.rows * layout_.groups());
  std::vector<float> base, base_second;
  if (layout_.kind == BlockKind::Min && base_halves.size() == 2 * count) {
    base.resize(count);
    base_second.resize(count);
    for (size_t i = 0; i < count; ++i) {
      base[i] = kernels::half_to_float(base_halves[i]);
      base_second[i] = kernels::half_to_float(base_halves[count + i]);
    }
  }
  kernels::store_scales(layout_, records_.data(), scale.data(), second.empty() ? nullptr : second.data(),
                        base.empty() ? nullptr : base.data(), base_second.empty() ? nullptr : base_second.data());
  weights_changed();
}

}  // namespace scalewright
