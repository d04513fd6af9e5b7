#pragma once
// The matrices side by side that gemv.cu and gemv_row.cu multiply at once: all of one layout but for the number of
// their rows. Their strips are numbered through.

#include "kernels/cuda/kernels.h"
#include "kernels/cuda/split_rows.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {

inline constexpr int kMostParts = 3;

struct GemvPart {
  Global<const uint8_t> records;
  Global<const float> scale, scale_min, row_scale, bias;
  Global<float> y;
  int32_t rows, first, end;  // first, end: strips of the parts before this one, and with it
};
struct GemvParts {
  GemvPart part[kMostParts];
  int32_t strips;  // of all
};

// Chosen by comparisons, so that the parts stay where parameters lie.
SW_DEVICE const GemvPart& part_of(const GemvParts& parts, int32_t strip) {
  return strip < parts.part[0].end ? parts.part[0] : strip < parts.part[1].end ? parts.part[1] : parts.part[2];
}

// gemv_row.cu. The product of one row with matrices whose scales are those of their records; layout: of the first.
bool gemv_row_takes(const QuantLayout& layout);
void gemv_row(void* stream, const void* split, const QuantLayout& layout, const GemvParts& parts, const RowScale& scale,
              bool add, int processors);

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
