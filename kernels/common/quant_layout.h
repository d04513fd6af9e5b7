#pragma once
// How quantized matrices lie in memory. One layout for every instruction set: strips of 16 output rows, so that a
// 32-bit lane is one row times four consecutive inputs. A matrix W [N, K] (N output rows, K inputs) means
//
//     W[n, k] = a(n, k / sub) * q[n, k] - c(n, k / sub)
//
// with frozen unsigned codes q of `bits` bits, and a, c made from a record's header as its kind says:
//
//   kind     header of a record (16 rows x `block` inputs)                       a            c
//   Offset   f16 d[16]                                              (32 bytes)    d            d * offset
//   Min      f16 d[16] | f16 m[16]                                  (64)          d            -m
//   Affine   f16 s[16] | i16 z[16]                                  (64)          s            s * z
//   KMin     f16 d[16] | f16 dmin[16] | u8 sc[8][16] | u8 mn[8][16] (320)  sub 32  d * sc       dmin * mn      Q4_K Q5_K
//   KMin     f16 d[16] | f16 dmin[16] | u8 scmn[16][16]             (320)  sub 16  d*(scmn&15)  dmin*(scmn>>4) Q2_K
//   KScale   f16 d[16] | 32 zero bytes | i8 sc[16][16]              (320)  sub 16  d * sc       d * sc * offset Q3_K Q6_K
//
// GGUF types: Q4_0 = Offset(4, offset 8), Q5_0 = Offset(5, 16), Q8_0 = Offset(8, 128: the code is the file's int8 + 128),
// Q4_1/Q5_1 = Min, TQ2_0/Q2_0 = Offset(2, 1) with blocks of 256/64. Our own matrices, GPTQ, AWQ and compressed-tensors
// are Affine with block = group (any multiple of 32, or all of K). MLX and HQQ are Min with block = group.
//
// After the header come the codes: for each chunk of 32 inputs, `bits` lines' worth of 64 bytes. In a line, byte 4*r + c
// belongs to row r; "quad" i (0..7) of a chunk is its inputs 4i..4i+3, c says which of the four.
//
//   bits  lines a chunk   content
//   2     2               line v: bits 2i..2i+1 of a byte = quad 4v + i
//   3     3 (A, B, C)     line v: bits 0-2 = quad 2v, bits 3-5 = quad 2v + 1, bits 6-7 = e_v;
//                         quad 6 = e_A | (e_B & 1) << 2;  quad 7 = (e_B >> 1) | e_C << 1
//   4     4               line v: low nibble = quad 2v, high nibble = quad 2v + 1
//   5     4 + 1           as 4 with the low four bits; then one line: bit i = top bit of quad i
//   6     4 + 2           as 4 with the low four bits; then line h: bits 2i..2i+1 = top two bits of quad 4h + i
//   8     8               line i = quad i
//
// (7-bit codes are stored in 8-bit lines; `bits` says 8.) A record holds ceil(inputs / 32) chunks; the last record of a strip
// is shorter where K is no multiple of block. Inputs beyond K and rows beyond N have code 0 and scale 0: a kernel may read
// them as long as it multiplies by zero activations. Strips follow each other; the whole is 64-byte aligned and followed by
// 64 readable bytes.

#include <cstddef>
#include <cstdint>

namespace scalewright::kernels {

enum class BlockKind : uint8_t { Offset, Min, Affine, KMin, KScale };

inline constexpr int kStripRows = 16;
inline constexpr int kChunk = 32;  // inputs a chunk of code lines

struct QuantLayout {
  int64_t rows = 0;  // N
  int64_t cols = 0;  // K
  BlockKind kind = BlockKind::Affine;
  uint8_t bits = 4;      // 2, 3, 4, 5, 6, 8
  int16_t offset = 0;    // Offset and KScale
  int32_t sub = 32;      // inputs that share (a, c): 16 or 32 in K kinds, else = block
  int64_t block = 32;    // inputs a record = inputs a trained scale covers

  constexpr int64_t strips() const { return (rows + kStripRows - 1) / kStripRows; }
  constexpr int64_t groups() const { return (cols + block - 1) / block; }  // G: records a strip = scales a row
  constexpr int64_t chunks() const { return (cols + kChunk - 1) / kChunk; }
  constexpr int lines() const { return bits; }                      // 64-byte lines a chunk (5: 4+1, 6: 4+2)
  constexpr int64_t header_bytes() const {
    switch (kind) {
      case BlockKind::Offset: return 32;
      case BlockKind::Min: case BlockKind::Affine: return 64;
      case BlockKind::KMin: case BlockKind::KScale: return 320;
    }
    return 0;
  }
  constexpr int64_t chunks_per_record() const { return (block + kChunk - 1) / kChunk; }
  constexpr int64_t record_bytes() const { return header_bytes() + chunks_per_record() * lines() * 64; }  // a full record
  constexpr int64_t strip_bytes() const { return groups() * header_bytes() + chunks() * lines() * 64; }
  constexpr int64_t bytes() const { return strips() * strip_bytes(); }
  constexpr int64_t subs() const { return (cols + sub - 1) / sub; }  // (a, c) pairs a row
  constexpr bool has_second_scale() const { return kind == BlockKind::KMin; }
  friend bool operator==(const QuantLayout&, const QuantLayout&) = default;
};
static_assert(QuantLayout{.rows = 16, .cols = 32, .kind = BlockKind::Offset, .bits = 4, .offset = 8}.bytes() == 288);
static_assert(QuantLayout{.rows = 16, .cols = 256, .kind = BlockKind::KMin, .bits = 4, .sub = 32, .block = 256}.bytes() == 2368);

// A quantized matrix as kernels read it. While a model is tuned, `scale` (and `scale_min` for KMin) replace the halves of
// the records by fp32 masters; for Min the offset m follows (m = m0 * scale / d0). `row_scale` multiplies a and c of a row.
struct QuantView {
  const uint8_t* records = nullptr;
  QuantLayout layout;
  const float* scale = nullptr;      // [N, G] or null: d or s of each record
  const float* scale_min = nullptr;  // [N, G] or null: dmin (KMin only; null whenever scale is null)
  const float* row_scale = nullptr;  // [N] or null
};

enum class DenseType : uint8_t { F32, F16, BF16 };
// A matrix that is not quantized, row after row.
struct DenseView {
  const void* data = nullptr;
  DenseType type = DenseType::F32;
  int64_t rows = 0;  // N
  int64_t cols = 0;  // K = row stride
};

// Either of the two.
struct WeightView {
  bool quantized = false;
  QuantView quant;
  DenseView dense;
  constexpr int64_t rows() const { return quantized ? quant.layout.rows : dense.rows; }
  constexpr int64_t cols() const { return quantized ? quant.layout.cols : dense.cols; }
};

// One strip in plain arrays: the interchange between files and records. Codes row-major, 16 rows; groups() scales a row.
// Rows beyond N and inputs beyond K are zero.
struct PlainStrip {
  uint8_t* codes = nullptr;        // [16, chunks() * 32]
  uint16_t* scale = nullptr;       // f16 bits [16, G]: d or s
  uint16_t* scale_min = nullptr;   // f16 bits [16, G]: m (Min) or dmin (KMin), else unused
  int16_t* zero = nullptr;         // [16, G]: Affine only
  int16_t* sub_scale = nullptr;    // [16, subs()]: sc (KMin, KScale)
  int16_t* sub_min = nullptr;      // [16, subs()]: mn (KMin)
};

// strip_codec.cpp. Plain C++; exact both ways.
void pack_strip(const QuantLayout& layout, const PlainStrip& plain, uint8_t* strip);
void unpack_strip(const QuantLayout& layout, const uint8_t* strip, const PlainStrip& plain);

// a and c of 16 rows, fp32, all masters and row scales applied: a, c [subs(), 16] (subs of this strip in order).
// Rows beyond N get 0. In Min, c = -m.
void strip_scales(const QuantView& view, int64_t strip, float* a, float* c);
// The same for sub-blocks first .. first + count - 1 only.
void strip_scales(const QuantView& view, int64_t strip, int64_t first, int64_t count, float* a, float* c);

// Writes fp32 scales [N, G] (and [N, G] second scales) into the records as halves, rounding to nearest even; for Min the
// offset m moves with d (m = f16(m0 * s / d0), from `base_scale`/`base_min` f32 [N, G], the halves before tuning).
void store_scales(const QuantLayout& layout, uint8_t* records, const float* scale, const float* scale_min,
                  const float* base_scale, const float* base_min);
// Reads the halves of the records: scale [N, G]; second [N, G] is m (Min) or dmin (KMin), null when not wanted.
void load_scales(const QuantLayout& layout, const uint8_t* records, float* scale, float* second);

float half_to_float(uint16_t half);
uint16_t float_to_half(float value);  // round to nearest even; overflow gives infinity

}  // namespace scalewright::kernels
