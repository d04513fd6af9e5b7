#pragma once
// How gemv_row.cu brings the records of its strips to shared memory: what their layouts look like, and the way of a
// warp through them.

#include "kernels/cuda/gemv_codes.h"
#include "kernels/cuda/gemv_parts.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {

inline constexpr int kUnit = 4;       // chunks of a strip that are copied together
inline constexpr int kSubRecord = 8;  // chunks of a record with sub-blocks

constexpr bool sub_blocks(BlockKind kind) {
  return kind == BlockKind::KMin || kind == BlockKind::KScale;
}

// What a layout's strips look like. kRecord: chunks a record, where there are others in a strip; 0: any number.
template <int kBits_, BlockKind kKind_, int kRecord_>
struct Form {
  static constexpr int kBits = kBits_, kRecord = kRecord_;
  static constexpr BlockKind kKind = kKind_;
  static constexpr bool kSub = sub_blocks(kKind), kSub16 = kKind == BlockKind::KScale || (kSub && kBits == 2);
  static constexpr int kLine = 16 * kBits;  // words of codes a chunk
  // Words of a header; of what a stage has of those of its unit.
  static constexpr int kHeader = kSub ? 80 : kKind == BlockKind::Offset ? 8 : 16;
  static constexpr int kHeaders = kSub ? 48 : kUnit * kHeader;
  static constexpr int kStage = kUnit * kLine + kHeaders;
  static constexpr int kPieces = 4 * kUnit * kBits, kCopies = (kPieces + kWarp - 1) / kWarp;  // of 16 bytes: of codes
  static constexpr int kRecordBytes = 4 * (kHeader + kRecord * kLine);
};

struct RowSet {
  GemvParts parts;
  int64_t strip_bytes;
  int32_t chunks, units, offset;
  float center;  // what is taken from a code by Offset, less what two_quads takes
  // Bytes: from a unit to the next, from a pair of chunks, from a chunk; of a record.
  int32_t unit_bytes, pair_bytes, chunk_bytes, record_bytes;
  int32_t record_units, unit_records;  // one of the two is 1
  // Words in a stage from the header of a pair of chunks to the next pair's; from that of its first to its second.
  int32_t header_pair, header_half;
};
// The same as the compiler knows it.
template <class F>
struct Strides {
  static constexpr bool kKnown = F::kRecord != 0;
  static constexpr int kUnits = F::kRecord > kUnit ? F::kRecord / kUnit : 1;
  static constexpr int kRecords = kKnown && F::kRecord < kUnit ? kUnit / F::kRecord : 1;
  SW_DEVICE static int unit(const RowSet& s) {
    return !kKnown ? s.unit_bytes : kUnits > 1 ? 4 * kUnit * F::kLine : kRecords * F::kRecordBytes;
  }
  SW_DEVICE static int pair(const RowSet& s) {
    return !kKnown ? s.pair_bytes : F::kRecord > 2 ? 8 * F::kLine : kRecords / 2 * F::kRecordBytes;
  }
  SW_DEVICE static int chunk(const RowSet& s) {
    return !kKnown ? s.chunk_bytes : F::kRecord == 1 ? F::kRecordBytes : 4 * F::kLine;
  }
  SW_DEVICE static int record(const RowSet& s) { return kKnown ? F::kRecordBytes : s.record_bytes; }
  SW_DEVICE static int record_units(const RowSet& s) { return kKnown ? kUnits : s.record_units; }
  SW_DEVICE static int unit_records(const RowSet& s) { return kKnown ? kRecords : s.unit_records; }
  SW_DEVICE static int header_pair(const RowSet& s) {
    return !kKnown ? s.header_pair : F::kRecord > 2 ? 0 : kRecords / 2 * F::kHeader;
  }
  SW_DEVICE static int header_half(const RowSet& s) {
    return !kKnown ? s.header_half : F::kRecord == 1 ? F::kHeader : 0;
  }
  SW_DEVICE static bool turns(const RowSet& s) { return kKnown ? kUnits > 1 : s.record_units > 1; }
};

// Where the 16 bytes of row group q in a line of a chunk stand in a stage, so that lanes that read together use
// different banks.
template <int kBits>
SW_DEVICE int place(int line, int q) {
  const bool turned = kBits == 8 ? line / 4 % 2 == 1 : line / 2 == 1;
  const int at = kBits == 8 ? line ^ (line / 2 % 2) : line;
  return 4 * (4 * at + (turned ? q ^ 2 : q));
}

// A warp's way through the units of its strips, and the copies of them, in runs without a turn.
template <class F>
struct Way {
  using Is = Strides<F>;
  const RowSet& set;
  int lane, from[F::kCopies], to[F::kCopies], chunk[F::kCopies];
  int32_t begin, end, whole;  // units of a strip; the end of those that lack no chunk
  int header_record, header_piece, header_step;
  int32_t next_strip, step, unit, left = 0, limit = kUnit;  // limit: chunks of the unit that are there
  int32_t header_begin, lines_begin, first_within;
  bool header_wanted, fresh;  // of the lane; of the unit
  Global<const uint8_t> strip, lines, header;

  SW_DEVICE Way(const RowSet& s, int32_t begin_, int32_t end_, int lane_)
      : set(s),
        lane(lane_),
        begin(begin_),
        end(end_),
        whole(s.chunks / kUnit < end_ ? s.chunks / kUnit : end_),
        next_strip(begin_ < end_ ? block_x() : s.parts.strips),
        step(grid_dim_x()),
        unit(end_),
        fresh(true) {
    SW_UNROLL
    for (int c = 0; c < F::kCopies; ++c) {
      const int piece = c * kWarp + lane, line = piece / 4 % F::kBits;
      chunk[c] = piece / (4 * F::kBits);
      from[c] = chunk[c] / 2 * Is::pair(set) + chunk[c] % 2 * Is::chunk(set) + line * 64 + piece % 4 * 16;
      to[c] = chunk[c] * F::kLine + place<F::kBits>(line, piece % 4);
    }
    const int32_t record = begin / Is::record_units(set);
    first_within = begin - record * Is::record_units(set);
    header_begin = Is::turns(set) ? record * Is::record(set) : begin * Is::unit(set);
    lines_begin = header_begin + 4 * F::kHeader + first_within * Is::unit(set);
    if constexpr (F::kSub) {
      // Factors of the record, then the sub-blocks of the unit, in one array or in two.
      constexpr int kArray = F::kSub16 ? 8 : 4;
      header_record = 0;
      header_step = lane < 4 ? 0 : 16 * kArray;
      header_piece = lane < 4 ? 16 * lane : 64 + (lane - 4) / kArray * 128 + (lane - 4) % kArray * 16;
      header_wanted = lane < F::kHeaders / 4;
    } else {
      constexpr int kHeaderPieces = F::kHeader / 4;
      header_record = lane / kHeaderPieces;
      header_piece = lane % kHeaderPieces * 16;
      header_step = Is::turns(set) ? 0 : Is::unit(set);
      header_wanted = header_record < Is::unit_records(set);
    }
  }

  SW_DEVICE void turn() {
    const bool turns = Is::turns(set);
    int32_t within = turns ? first_within : 0;
    if (unit == end) {
      if (next_strip >= set.parts.strips) return;
      const GemvPart& part = part_of(set.parts, next_strip);
      strip = part.records + (next_strip - part.first) * set.strip_bytes;
      lines = strip + lines_begin;
      header = strip + (header_begin + header_record * Is::record(set) + header_piece + first_within * header_step);
      unit = begin;
      limit = kUnit;
      fresh = true;
      next_strip += step;
    } else if (turns) {
      within = unit % Is::record_units(set);
      if (within == 0) {
        lines += 4 * F::kHeader;
        header += Is::record(set) - Is::record_units(set) * header_step;
        fresh = true;
      }
    }
    left = whole - unit;
    if (turns && left > Is::record_units(set) - within) left = Is::record_units(set) - within;
    if (left > 0) return;
    // A unit that is not whole. The headers that it lacks are read from where there is one.
    left = 1;
    limit = set.chunks - unit * kUnit;
    if (header_record * kUnit >= limit * Is::unit_records(set)) header = strip + header_piece;
  }

  SW_DEVICE void copy(Shared<uint32_t> ring, int stage) {
    if (left > 0) {
      SW_UNROLL
      for (int c = 0; c < F::kCopies; ++c)
        if (chunk[c] < limit) copy_later(ring, stage + to[c], lines, from[c]);
      if (header_wanted && (F::kSub || fresh)) copy_later(ring, stage + kUnit * F::kLine + 4 * lane, header, 0);
      fresh = !Is::turns(set);
      lines += Is::unit(set);
      header += header_step;
      ++unit;
      if (--left == 0) turn();
    }
    close_copies();
  }
};

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
