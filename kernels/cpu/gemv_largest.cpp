#include "kernels/cpu/gemv_largest.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>

#include "kernels/cpu/gemv_activations.h"
#include "kernels/cpu/gemv_rough.h"
#include "kernels/cpu/gemv_tasks.h"

namespace scalewright::kernels::cpu {
namespace {

constexpr float kSigmas = 6.0f, kMeanSquare = 22.2f;
constexpr int64_t kFewestRows = 4096;
constexpr int64_t kFirstStrips = 8;              // multiplied before anything is left out, at least
constexpr float kRoughOffset = 8.0f - 0.46875f;  // (128 - 7.5) / 16: codes without their low bits stand for 16 c + 7.5

QuantLayout rough_layout(QuantLayout layout) {
  layout.bits = 4;
  layout.offset = 8;
  return layout;
}

struct Sketch {
  Sketch(const QuantLayout& layout, void* memory) : at_(static_cast<uint8_t*>(memory)) {
    const int64_t strips = layout.strips();
    records = take<uint8_t>(rough_layout(layout).bytes() + 64);
    energy = take<float>(layout.groups());
    peak = take<float>(strips);
    reach = take<float>(strips);
    sorted = take<float>(strips);
    listed = take<int32_t>(strips);
    y = take<float>(strips * kStripRows);
  }
  uint8_t* records = nullptr;  // the rough codes, rough_layout; the rest is written by each search:
  float* energy = nullptr;     // [groups] of x
  float* peak = nullptr;       // [strips] RoughStrip
  float* reach = nullptr;
  float* sorted = nullptr;    // [strips]
  int32_t* listed = nullptr;  // [strips] those multiplied in full, in the order of two passes
  float* y = nullptr;         // [strips][16] where listed
  size_t bytes = 0;

 private:
  template <class T>
  T* take(int64_t count) {
    T* start = at_ ? reinterpret_cast<T*>(at_ + bytes) : nullptr;
    bytes += (static_cast<size_t>(count) * sizeof(T) + 63) / 64 * 64;
    return start;
  }
  uint8_t* at_;
};

struct Entry {
  float value;
  int32_t id;
};
bool better(const Entry& a, const Entry& b) {
  return a.value > b.value || (a.value == b.value && a.id < b.id);
}

// The best so far, the worst of them on top.
class Best {
 public:
  Best(Entry* room, size_t wanted) : room_(room), wanted_(wanted) {}
  void see(Entry e) {
    if (std::isnan(e.value)) e.value = -std::numeric_limits<float>::infinity();
    if (count_ == wanted_) {
      if (!better(e, room_[0])) return;
      std::pop_heap(room_, room_ + count_, better);
      --count_;
    }
    room_[count_++] = e;
    std::push_heap(room_, room_ + count_, better);
  }
  // What a row must reach to be among them.
  float bar() const { return count_ == wanted_ ? room_[0].value : -std::numeric_limits<float>::infinity(); }
  void write(float* values, int32_t* ids) {
    std::sort_heap(room_, room_ + count_, better);
    for (size_t i = 0; i < count_; ++i) {
      values[i] = room_[i].value;
      ids[i] = room_[i].id;
    }
  }

 private:
  Entry* room_;
  size_t wanted_, count_ = 0;
};

// A strip against the row; its records lie at `records` in a layout.
StripTask strip_task(const QuantLayout& layout, const uint8_t* records, const IntegerRow& row, float offset) {
  StripTask t;
  t.records = records;
  t.chunks = layout.chunks();
  t.chunks_per_record = t.chunks_per_sub = layout.chunks_per_record();
  t.header_bytes = layout.header_bytes();
  t.offset = offset;
  t.q = row.q;
  t.d = row.d;
  t.sum32 = row.sum32;
  t.sum16 = row.sum16;
  return t;
}

IntegerRow rounded_row(Isa isa, const float* x, int64_t K, void* workspace) {
  const int64_t chunks = (K + kChunk - 1) / kChunk;
  IntegerRow row;
  row.q = reinterpret_cast<int8_t*>((reinterpret_cast<uintptr_t>(workspace) + 63) / 64 * 64);
  row.d = reinterpret_cast<float*>(row.q + kChunk * chunks);
  row.sum32 = row.d + chunks;
  row.sum16 = row.sum32 + chunks;
  round_activations(isa, x, K, row);
  return row;
}

// Margin squared by d squared: of the inputs of each record.
void energies(const QuantLayout& layout, const IntegerRow& row, float* energy) {
  const int64_t per_record = layout.chunks_per_record();
  for (int64_t g = 0; g < layout.groups(); ++g) {
    energy[g] = 0.0f;
    for (int64_t chunk = g * per_record; chunk < std::min((g + 1) * per_record, layout.chunks()); ++chunk) {
      int squares = 0;
      for (int k = 0; k < kChunk; ++k) squares += row.q[kChunk * chunk + k] * row.q[kChunk * chunk + k];
      energy[g] += kSigmas * kSigmas * kMeanSquare * row.d[chunk] * row.d[chunk] * static_cast<float>(squares);
    }
  }
}

}  // namespace

bool worth_sketching(const QuantView& w) {
  return w.layout.rows >= kFewestRows && w.layout.kind == BlockKind::Offset && w.layout.bits == 8 &&
         w.layout.offset == 128 && w.layout.block % kChunk == 0 && !w.scale && !w.row_scale;
}

size_t sketch_bytes(const QuantLayout& layout) {
  return Sketch(layout, nullptr).bytes;
}

void make_sketch(ThreadPool& pool, const QuantView& w, void* sketch) {
  const QuantLayout& fine = w.layout;
  const QuantLayout rough = rough_layout(fine);
  const int64_t header = fine.header_bytes(), per_record = fine.chunks_per_record();
  uint8_t* const records = Sketch(fine, sketch).records;
  pool.parallel_ranges(fine.strips(), 16, [&](int64_t begin, int64_t end) {
    for (int64_t strip = begin; strip < end; ++strip) {
      const uint8_t* from = w.records + strip * fine.strip_bytes();
      uint8_t* to = records + strip * rough.strip_bytes();
      for (int64_t chunk = 0; chunk < fine.chunks(); ++chunk) {
        if (chunk % per_record == 0) {
          std::memcpy(to, from, static_cast<size_t>(header));
          from += header;
          to += header;
        }
        for (int line = 0; line < 4; ++line, from += 128, to += 64)
          for (int i = 0; i < 64; ++i) to[i] = static_cast<uint8_t>((from[i] >> 4) | (from[64 + i] & 0xf0));
      }
    }
  });
}

uint64_t gemv_largest(ThreadPool& pool, Isa isa, const float* x, const QuantView& w, void* sketch, int count,
                      float* values, int32_t* ids, void* workspace) {
#if defined(__x86_64__)
  const QuantLayout& fine = w.layout;
  const QuantLayout rough = rough_layout(fine);
  const Sketch s(fine, sketch);
  const int64_t strips = fine.strips(), fine_bytes = fine.strip_bytes(), rough_bytes = rough.strip_bytes();
  const StripKernel fine_product = fast_kernel(isa, BlockKind::Offset, 8, false, false);
  const StripKernel rough_product = fast_kernel(isa, BlockKind::Offset, 4, false, false);
  const IntegerRow row = rounded_row(isa, x, fine.cols, workspace);
  energies(fine, row, s.energy);

  const int64_t piece = std::max<int64_t>({strips / (8 * pool.threads()), 16384 / rough_bytes, 1});
  pool.parallel_pieces(strips, piece, [&](int64_t begin, int64_t end) {
    StripTask task = strip_task(rough, nullptr, row, kRoughOffset);
    task.ahead = kAhead;
    for (int64_t strip = begin; strip < end; ++strip) {
      alignas(64) float sums[kStripRows] = {};
      task.records = s.records + strip * rough_bytes;
      task.out = sums;
      rough_product(task);
      const RoughStrip found = rough_strip_avx2(sums, task.records, rough.record_bytes(), rough.groups(), s.energy);
      s.peak[strip] = found.peak;
      s.reach[strip] = found.reach;
    }
  });

  Entry room[kMostLargest];
  Best best(room, static_cast<size_t>(count));
  int64_t listed = 0;
  const auto see_listed = [&](int64_t first) {
    pool.parallel_pieces(listed - first, std::max<int64_t>((listed - first) / (4 * pool.threads()), 1),
                         [&](int64_t begin, int64_t end) {
                           StripTask task = strip_task(fine, nullptr, row, fine.offset);
                           for (int64_t i = first + begin; i < first + end; ++i) {
                             const int64_t strip = s.listed[i];
                             // While a line is used its twin in the next strip of the list is on its way.
                             task.ahead = i + 1 < first + end ? (s.listed[i + 1] - strip) * fine_bytes : 0;
                             task.records = w.records + strip * fine_bytes;
                             task.out = s.y + strip * kStripRows;
                             std::memset(task.out, 0, kStripRows * sizeof(float));
                             fine_product(task);
                           }
                         });
    for (int64_t i = first; i < listed; ++i) {
      const int64_t n0 = s.listed[i] * int64_t{kStripRows}, end = std::min(n0 + kStripRows, fine.rows);
      for (int64_t n = n0; n < end; ++n) best.see({s.y[n], static_cast<int32_t>(n)});
    }
  };

  // First strips with high peaks, which set the bar; then whatever can reach it. Which of them go first need not be
  // exact: as many groups of neighbours as rows are wanted have a peak of `high` or more.
  const int64_t wanted = std::min(std::max<int64_t>(count, kFirstStrips), strips);
  const int64_t group = std::clamp<int64_t>(strips / (4 * wanted), 1, 16), groups = (strips + group - 1) / group;
  for (int64_t g = 0; g < groups; ++g)
    s.sorted[g] = *std::max_element(s.peak + g * group, s.peak + std::min((g + 1) * group, strips));
  std::nth_element(s.sorted, s.sorted + wanted - 1, s.sorted + groups, std::greater<float>());
  const float high = s.sorted[wanted - 1];
  for (int64_t strip = 0; strip < strips; ++strip)
    if (s.peak[strip] >= high) s.listed[listed++] = static_cast<int32_t>(strip);
  see_listed(0);
  const float bar = best.bar();
  const int64_t first = listed;
  for (int64_t strip = 0; strip < strips; ++strip)
    if (s.reach[strip] >= bar && s.peak[strip] < high) s.listed[listed++] = static_cast<int32_t>(strip);
  see_listed(first);
  best.write(values, ids);
  return static_cast<uint64_t>(strips * rough_bytes + listed * fine_bytes);
#else
  (void)pool, (void)isa, (void)x, (void)w, (void)sketch, (void)count, (void)values, (void)ids, (void)workspace;
  return 0;
#endif
}

}  // namespace scalewright::kernels::cpu
