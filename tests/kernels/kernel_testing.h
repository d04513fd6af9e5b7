#pragma once
// Shared by the kernel tests: random data, memory whose end cannot be overrun unseen, random quantized matrices of
// every kind, and comparison with a tolerance that the caller derives from norms.

#include <sys/mman.h>
#include <unistd.h>

#include <QtTest>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "kernels/common/quant_layout.h"
#include "kernels/cpu/cpu_context.h"
#include "kernels/reference/reference.h"

namespace scalewright::kernels::testing {

inline constexpr float kEpsilon = 1.1920929e-7f;

// An array that ends where its pages end: one element read or written behind it stops the test.
template <class T>
class Guarded {
 public:
  explicit Guarded(int64_t count = 0) { allocate(count); }
  ~Guarded() { release(); }
  Guarded(const Guarded& other) {
    allocate(other.count_);
    std::memcpy(data_, other.data_, static_cast<size_t>(count_) * sizeof(T));
  }
  Guarded& operator=(const Guarded& other) {
    if (this == &other) return *this;
    release();
    allocate(other.count_);
    std::memcpy(data_, other.data_, static_cast<size_t>(count_) * sizeof(T));
    return *this;
  }
  T* data() { return data_; }
  const T* data() const { return data_; }
  int64_t size() const { return count_; }
  T& operator[](int64_t i) { return data_[i]; }
  const T& operator[](int64_t i) const { return data_[i]; }
  T* begin() { return data_; }
  T* end() { return data_ + count_; }

 private:
  void allocate(int64_t count) {
    const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE)), bytes = static_cast<size_t>(count) * sizeof(T);
    const size_t body = (bytes + page - 1) / page * page;
    mapped_ = body + page;
    base_ = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base_ == MAP_FAILED) qFatal("no memory for a guarded buffer");
    mprotect(static_cast<char*>(base_) + body, page, PROT_NONE);
    data_ = reinterpret_cast<T*>(static_cast<char*>(base_) + body - bytes);
    count_ = count;
  }
  void release() {
    if (base_) munmap(base_, mapped_);
    base_ = nullptr;
  }
  void* base_ = nullptr;
  size_t mapped_ = 0;
  T* data_ = nullptr;
  int64_t count_ = 0;
};

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  float normal(float size = 1.0f) { return std::normal_distribution<float>(0.0f, size)(engine_); }
  int integer(int low, int high) { return std::uniform_int_distribution<int>(low, high)(engine_); }
  float uniform(float low, float high) { return std::uniform_real_distribution<float>(low, high)(engine_); }
  Guarded<float> normals(int64_t count, float size = 1.0f) {
    Guarded<float> values(count);
    for (float& v : values) v = normal(size);
    return values;
  }

 private:
  std::mt19937_64 engine_;
};

// Threads, instruction set and scratch for direct calls of kernels.
class Bench {
 public:
  Bench(int threads, cpu::Isa isa, size_t thread_bytes, size_t shared_bytes)
      : pool_(threads), memory_(static_cast<int64_t>(threads * round_up(thread_bytes) + round_up(shared_bytes) + 64)) {
    auto* start = reinterpret_cast<std::byte*>((reinterpret_cast<uintptr_t>(memory_.data()) + 63) / 64 * 64);
    context_.pool = &pool_;
    context_.isa = isa;
    context_.thread_scratch = start;
    context_.thread_bytes = round_up(thread_bytes);
    context_.shared_scratch = start + threads * round_up(thread_bytes);
    context_.shared_bytes = shared_bytes;
  }
  const cpu::CpuContext& context() const { return context_; }

 private:
  static size_t round_up(size_t bytes) { return (bytes + 63) / 64 * 64; }
  cpu::ThreadPool pool_;
  Guarded<std::byte> memory_;
  cpu::CpuContext context_;
};

inline void skip_note() {
  for (const cpu::Isa isa : cpu::kAllIsas) {
    if (!cpu::supported(isa)) qInfo("SKIP: %s kernels are not run, this processor lacks it", cpu::isa_name(isa));
  }
}
inline std::vector<cpu::Isa> all_isas() {
  std::vector<cpu::Isa> isas;
  for (const cpu::Isa isa : cpu::kAllIsas) {
    if (cpu::supported(isa)) isas.push_back(isa);
  }
  return isas;
}

// A random quantized matrix with everything that a view can carry.
struct RandomMatrix {
  QuantLayout layout;
  std::vector<uint8_t> storage;
  uint8_t* records = nullptr;
  Guarded<float> scale, scale_min, row_scale;

  RandomMatrix(const QuantLayout& l, Random& random) : layout(l) {
    storage.resize(static_cast<size_t>(layout.bytes()) + 128);
    records = reinterpret_cast<uint8_t*>((reinterpret_cast<uintptr_t>(storage.data()) + 63) / 64 * 64);
    const int64_t width = layout.chunks() * kChunk, G = layout.groups(), subs = layout.subs();
    std::vector<uint8_t> codes(static_cast<size_t>(16 * width));
    std::vector<uint16_t> halves(static_cast<size_t>(32 * G));
    std::vector<int16_t> zeros(static_cast<size_t>(16 * G)), sub_values(static_cast<size_t>(32 * subs));
    for (int64_t strip = 0; strip < layout.strips(); ++strip) {
      std::fill(codes.begin(), codes.end(), 0);
      std::fill(halves.begin(), halves.end(), 0);
      std::fill(zeros.begin(), zeros.end(), 0);
      std::fill(sub_values.begin(), sub_values.end(), 0);
      for (int64_t r = 0; r < 16 && strip * 16 + r < layout.rows; ++r) {
        for (int64_t k = 0; k < layout.cols; ++k)
          codes[r * width + k] = static_cast<uint8_t>(random.integer(0, (1 << layout.bits) - 1));
        for (int64_t g = 0; g < G; ++g) {
          const bool dead = layout.kind == BlockKind::Min && random.integer(0, 15) == 0;  // d = 0: the offset alone
          const float d = dead ? 0.0f : random.uniform(0.002f, 0.01f) * (random.integer(0, 3) == 0 ? -1.0f : 1.0f);
          halves[r * G + g] = float_to_half(d);
          halves[16 * G + r * G + g] =
              float_to_half(random.uniform(0.0f, 0.05f) * (layout.kind == BlockKind::Min ? -1.0f : 1.0f));
          zeros[r * G + g] = static_cast<int16_t>(random.integer(0, (1 << layout.bits) - 1));
        }
        const bool nibbles = layout.kind == BlockKind::KMin && layout.sub == 16;
        for (int64_t i = 0; i < subs; ++i) {
          sub_values[r * subs + i] = static_cast<int16_t>(
              layout.kind == BlockKind::KScale ? random.integer(-32, 31) : random.integer(0, nibbles ? 15 : 63));
          sub_values[(16 + r) * subs + i] = static_cast<int16_t>(random.integer(0, nibbles ? 15 : 63));
        }
      }
      const PlainStrip plain{codes.data(), halves.data(),     halves.data() + 16 * G,
                             zeros.data(), sub_values.data(), sub_values.data() + 16 * subs};
      pack_strip(layout, plain, records + strip * layout.strip_bytes());
    }
    scale = Guarded<float>(layout.rows * G);
    scale_min = Guarded<float>(layout.rows * G);
    load_scales(layout, records, scale.data(), scale_min.data());
    for (float& s : scale) s *= random.uniform(0.8f, 1.2f);
    for (float& s : scale_min) s *= random.uniform(0.8f, 1.2f);
    row_scale = Guarded<float>(layout.rows);
    for (float& s : row_scale) s = random.uniform(0.5f, 1.5f);
  }
  QuantView view(bool masters, bool rows) const {
    QuantView v;
    v.records = records;
    v.layout = layout;
    if (masters) {
      v.scale = scale.data();
      if (layout.has_second_scale()) v.scale_min = scale_min.data();
    }
    if (rows) v.row_scale = row_scale.data();
    return v;
  }
};

struct NamedLayout {
  const char* name;
  BlockKind kind;
  int bits, offset, sub;
  int64_t block;  // 0: all of K
};
inline const std::vector<NamedLayout>& all_layouts() {
  static const std::vector<NamedLayout> layouts{
      {"Q4_0", BlockKind::Offset, 4, 8, 32, 32},     {"Q5_0", BlockKind::Offset, 5, 16, 32, 32},
      {"Q8_0", BlockKind::Offset, 8, 128, 32, 32},   {"TQ2_0", BlockKind::Offset, 2, 1, 256, 256},
      {"Q4_1", BlockKind::Min, 4, 0, 32, 32},        {"Q5_1", BlockKind::Min, 5, 0, 32, 32},
      {"MLX 4 g64", BlockKind::Min, 4, 0, 64, 64},   {"W2 g32", BlockKind::Affine, 2, 0, 32, 32},
      {"W3 g64", BlockKind::Affine, 3, 0, 64, 64},   {"W4 g128", BlockKind::Affine, 4, 0, 128, 128},
      {"W8 g64", BlockKind::Affine, 8, 0, 64, 64},   {"W4 per row", BlockKind::Affine, 4, 0, 0, 0},
      {"W3 per row", BlockKind::Affine, 3, 0, 0, 0}, {"W4 g96", BlockKind::Affine, 4, 0, 96, 96},
      {"Q4_K", BlockKind::KMin, 4, 0, 32, 256},      {"Q5_K", BlockKind::KMin, 5, 0, 32, 256},
      {"Q2_K", BlockKind::KMin, 2, 0, 16, 256},      {"Q3_K", BlockKind::KScale, 3, 4, 16, 256},
      {"Q6_K", BlockKind::KScale, 6, 32, 16, 256},
  };
  return layouts;
}
inline QuantLayout make_layout(const NamedLayout& n, int64_t rows, int64_t cols) {
  QuantLayout l;
  l.rows = rows;
  l.cols = cols;
  l.kind = n.kind;
  l.bits = static_cast<uint8_t>(n.bits);
  l.offset = static_cast<int16_t>(n.offset);
  l.block = n.block ? n.block : cols;
  l.sub = n.sub ? n.sub : static_cast<int32_t>(l.block);
  return l;
}

inline double norm_of(const float* x, int64_t n, int64_t stride = 1) {
  double sum = 0.0;
  for (int64_t i = 0; i < n; ++i) sum += static_cast<double>(x[i * stride]) * x[i * stride];
  return std::sqrt(sum);
}

// Empty when every value lies within `tolerance` of its reference, else a sentence about the worst.
inline QString compare(const float* value, const float* reference, int64_t n, double tolerance, const char* what) {
  int64_t worst = -1;
  double largest = tolerance;
  for (int64_t i = 0; i < n; ++i) {
    const double difference = std::fabs(static_cast<double>(value[i]) - reference[i]);
    if (!(difference <= largest)) {  // a NaN also comes here
      worst = i;
      if (std::isnan(difference)) break;
      largest = difference;
    }
  }
  if (worst < 0) return {};
  return QString("%1: element %2 is %3, the reference has %4, allowed is a difference of %5")
      .arg(what)
      .arg(worst)
      .arg(static_cast<double>(value[worst]), 0, 'g', 9)
      .arg(static_cast<double>(reference[worst]), 0, 'g', 9)
      .arg(tolerance, 0, 'g', 3);
}

// ||a, c|| of row n: what the rounding of a * q - c is relative to.
inline double row_norm(const WeightView& w, int64_t n) {
  std::vector<double> row(static_cast<size_t>(w.cols()));
  reference::dequantize_row(w, n, row.data());
  double sum = 0.0;
  for (double v : row) sum += v * v;
  if (!w.quantized) return std::sqrt(sum);
  std::vector<float> a(static_cast<size_t>(w.quant.layout.subs() * 16)), c(a.size());
  strip_scales(w.quant, n / 16, a.data(), c.data());
  for (int64_t k = 0; k < w.cols(); ++k) {
    const double shift = c[static_cast<size_t>(k / w.quant.layout.sub * 16 + n % 16)];
    sum += 2.0 * shift * shift;
  }
  return std::sqrt(sum);
}

// Rounding of a product of n terms of these norms, if errors add like a random walk, with a factor of 4 to spare.
inline double product_tolerance(double x_norm, double w_norm, int64_t n) {
  return 4.0 * kEpsilon * (4.0 + std::sqrt(static_cast<double>(n))) * x_norm * w_norm /
         std::sqrt(static_cast<double>(n)) * std::sqrt(std::max<double>(1.0, std::log2(static_cast<double>(n))));
}

}  // namespace scalewright::kernels::testing

#define SW_SAME(expression)                                       \
  do {                                                            \
    const QString sw_difference = (expression);                   \
    QVERIFY2(sw_difference.isEmpty(), qPrintable(sw_difference)); \
  } while (false)
