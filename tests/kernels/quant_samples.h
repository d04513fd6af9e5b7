#pragma once
// Random quantized matrices of every kind, as plain arrays and as records, with their meaning worked out from the table
// in quant_layout.h and not by the code under test.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kernels/common/quant_layout.h"

namespace scalewright::tests {

using namespace scalewright::kernels;

struct QuantKind {
  const char* name;
  BlockKind kind;
  int bits, offset, sub, block;  // block 0: all of K; sub 0: the block
  bool divides(int64_t K) const { return block == 0 || (sub == 0 || K % block == 0); }
};

// Every type that a file can bring, and our own.
inline std::vector<QuantKind> quant_kinds() {
  std::vector<QuantKind> kinds = {
      {"Q4_0", BlockKind::Offset, 4, 8, 0, 32},   {"Q5_0", BlockKind::Offset, 5, 16, 0, 32},
      {"Q8_0", BlockKind::Offset, 8, 128, 0, 32}, {"Q4_1", BlockKind::Min, 4, 0, 0, 32},
      {"Q5_1", BlockKind::Min, 5, 0, 0, 32},      {"TQ2_0", BlockKind::Offset, 2, 1, 0, 256},
      {"Q2_0", BlockKind::Offset, 2, 1, 0, 64},   {"Q2_K", BlockKind::KMin, 2, 0, 16, 256},
      {"Q3_K", BlockKind::KScale, 3, 4, 16, 256}, {"Q4_K", BlockKind::KMin, 4, 0, 32, 256},
      {"Q5_K", BlockKind::KMin, 5, 0, 32, 256},   {"Q6_K", BlockKind::KScale, 6, 32, 16, 256},
  };
  for (const int bits : {2, 3, 4, 5, 6, 8}) {
    for (const int block : {32, 64, 128, 256, 0}) kinds.push_back({"affine", BlockKind::Affine, bits, 0, 0, block});
    for (const int block : {64, 0}) kinds.push_back({"min", BlockKind::Min, bits, 0, 0, block});
    kinds.push_back({"offset", BlockKind::Offset, bits, 1 << (bits - 1), 0, 128});
  }
  return kinds;
}

struct QuantSample {
  QuantKind kind;
  QuantLayout layout;
  std::vector<uint8_t> codes;               // [N, K]
  std::vector<uint16_t> scale, scale_min;   // halves [N, G]
  std::vector<int16_t> zero;                // [N, G]
  std::vector<int16_t> sub_scale, sub_min;  // [N, subs]
  std::vector<uint8_t> storage;
  uint8_t* records = nullptr;  // 64-byte aligned within storage, 64 bytes behind

  std::string label() const {
    return std::string(kind.name) + " " + std::to_string(kind.bits) + " bits, block " + std::to_string(layout.block) +
           ", " + std::to_string(layout.rows) + " x " + std::to_string(layout.cols);
  }
  QuantView view() const {
    QuantView v;
    v.records = records;
    v.layout = layout;
    return v;
  }
  // Masters (may be empty) as in QuantView.
  double weight(int64_t n, int64_t k, const std::vector<float>& master = {},
                const std::vector<float>& master_min = {}) const {
    const int64_t g = n * layout.groups() + k / layout.block, s = n * layout.subs() + k / layout.sub;
    const double stored = half_to_float(scale[g]), d = master.empty() ? stored : master[g],
                 q = codes[n * layout.cols + k];
    switch (layout.kind) {
      case BlockKind::Offset:
        return d * (q - layout.offset);
      case BlockKind::Min: {
        const double m = half_to_float(scale_min[g]);
        return d * q + (stored != 0 ? m * d / stored : m);
      }
      case BlockKind::Affine:
        return d * (q - zero[g]);
      case BlockKind::KMin:
        return d * sub_scale[s] * q -
               (master_min.empty() ? half_to_float(scale_min[g]) : master_min[g]) * double{1} * sub_min[s];
      case BlockKind::KScale:
        return d * sub_scale[s] * (q - layout.offset);
    }
    return 0;
  }
};

inline QuantSample make_sample(const QuantKind& kind, int64_t N, int64_t K, uint64_t seed) {
  QuantSample sample;
  sample.kind = kind;
  QuantLayout& layout = sample.layout;
  layout.rows = N;
  layout.cols = K;
  layout.kind = kind.kind;
  layout.bits = static_cast<uint8_t>(kind.bits);
  layout.offset = static_cast<int16_t>(kind.offset);
  layout.block = kind.block == 0 ? K : kind.block;
  layout.sub = static_cast<int32_t>(kind.sub == 0 ? layout.block : kind.sub);
  std::mt19937_64 random(seed);
  const auto below = [&](int limit) { return static_cast<int>(random() % static_cast<uint64_t>(limit)); };
  const auto half = [&](float from, float to) {
    return float_to_half(from + (to - from) * static_cast<float>(random() >> 40) * 0x1p-24f);
  };
  const int64_t G = layout.groups(), subs = layout.subs(), width = layout.chunks() * kChunk;
  sample.codes.resize(N * K);
  for (auto& code : sample.codes) code = static_cast<uint8_t>(below(1 << kind.bits));
  sample.scale.resize(N * G);
  for (auto& s : sample.scale) s = half(0.001f, 0.01f);
  sample.scale_min.resize(N * G);
  for (auto& m : sample.scale_min) m = kind.kind == BlockKind::Min ? half(-0.08f, 0.01f) : half(0.001f, 0.01f);
  sample.zero.resize(N * G);
  for (auto& z : sample.zero) z = static_cast<int16_t>(below((1 << kind.bits) + 1));
  sample.sub_scale.resize(N * subs);
  sample.sub_min.resize(N * subs);
  const bool nibbles = kind.kind == BlockKind::KMin && kind.sub == 16;
  for (auto& s : sample.sub_scale) {
    s = static_cast<int16_t>(nibbles                        ? below(16)
                             : kind.kind == BlockKind::KMin ? below(64)
                             : kind.bits == 3               ? below(64) - 32
                                                            : below(256) - 128);
  }
  for (auto& m : sample.sub_min) m = static_cast<int16_t>(nibbles ? below(16) : below(64));

  sample.storage.assign(layout.bytes() + 128, 0);
  sample.records = sample.storage.data() + (64 - reinterpret_cast<uintptr_t>(sample.storage.data()) % 64) % 64;
  std::vector<uint8_t> codes(16 * width);
  std::vector<uint16_t> scale(16 * G), scale_min(16 * G);
  std::vector<int16_t> zero(16 * G), sub_scale(16 * subs), sub_min(16 * subs);
  for (int64_t strip = 0; strip < layout.strips(); ++strip) {
    std::fill(codes.begin(), codes.end(), uint8_t{0});
    for (auto* values : {&scale, &scale_min}) std::fill(values->begin(), values->end(), uint16_t{0});
    for (auto* values : {&zero, &sub_scale, &sub_min}) std::fill(values->begin(), values->end(), int16_t{0});
    for (int64_t row = 0; row < 16 && strip * 16 + row < N; ++row) {
      const int64_t n = strip * 16 + row;
      std::copy_n(&sample.codes[n * K], K, &codes[row * width]);
      std::copy_n(&sample.scale[n * G], G, &scale[row * G]);
      std::copy_n(&sample.scale_min[n * G], G, &scale_min[row * G]);
      std::copy_n(&sample.zero[n * G], G, &zero[row * G]);
      std::copy_n(&sample.sub_scale[n * subs], subs, &sub_scale[row * subs]);
      std::copy_n(&sample.sub_min[n * subs], subs, &sub_min[row * subs]);
    }
    pack_strip(layout, {codes.data(), scale.data(), scale_min.data(), zero.data(), sub_scale.data(), sub_min.data()},
               sample.records + strip * layout.strip_bytes());
  }
  return sample;
}

}  // namespace scalewright::tests
