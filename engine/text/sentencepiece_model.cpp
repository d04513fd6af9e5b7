#include "engine/text/sentencepiece_model.h"

#include <bit>
#include <cstring>
#include <optional>

namespace scalewright::text {
namespace {

// Field numbers of sentencepiece_model.proto.
enum ModelField { kPieces = 1, kTrainer = 2, kNormalizer = 3 };
enum PieceField { kPieceText = 1, kPieceScore = 2, kPieceType = 3 };
enum TrainerField { kModelType = 3, kVocabSize = 4, kSpaceBehind = 24, kByteFallback = 35 };
enum NormalizerField {
  kName = 1,
  kCharsMap = 2,
  kAddDummyPrefix = 3,
  kRemoveExtraWhitespaces = 4,
  kEscapeWhitespaces = 5
};
enum WireType { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

void put_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}
void put_key(std::string& out, int field, WireType type) {
  put_varint(out, static_cast<uint64_t>(field) << 3 | type);
}
void put_int(std::string& out, int field, uint64_t value) {
  put_key(out, field, kVarint);
  put_varint(out, value);
}
void put_bytes(std::string& out, int field, std::string_view bytes) {
  put_key(out, field, kBytes);
  put_varint(out, bytes.size());
  out += bytes;
}
void put_float(std::string& out, int field, float value) {
  put_key(out, field, kFixed32);
  const auto bits = std::bit_cast<uint32_t>(value);
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(bits >> shift));
}

struct Field {
  int number = 0;
  WireType type = kVarint;
  uint64_t value = 0;      // kVarint
  std::string_view bytes;  // kBytes
};

// Reads fields one by one; `ok` turns false at the first that does not fit.
class FieldReader {
 public:
  explicit FieldReader(std::string_view message) : rest_(message) {}
  bool next(Field& field) {
    if (rest_.empty() || !ok) return false;
    uint64_t key = 0;
    if (!varint(key)) return false;
    field.number = static_cast<int>(key >> 3);
    field.type = static_cast<WireType>(key & 7);
    switch (field.type) {
      case kVarint:
        return varint(field.value);
      case kBytes: {
        uint64_t length = 0;
        if (!varint(length)) return false;
        return take(length, field.bytes);
      }
      case kFixed64:
        return take(8, field.bytes);
      case kFixed32:
        return take(4, field.bytes);
      default:
        return ok = false;
    }
  }
  bool ok = true;

 private:
  bool varint(uint64_t& value) {
    value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) break;
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (!(byte & 0x80)) return true;
    }
    return ok = false;
  }
  bool take(uint64_t length, std::string_view& out) {
    if (length > rest_.size()) return ok = false;
    out = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return true;
  }
  std::string_view rest_;
};

// The normalization table is a length, a double array (a trie in 32-bit units) and the replacement texts. The library
// walks it without looking at its bounds, so every step that it could take is checked here.
bool chars_map_is_sound(std::string_view blob) {
  if (blob.empty()) return true;
  const auto word = [&](size_t at) {
    uint32_t value = 0;
    for (size_t i = 0; i < 4; ++i) value |= static_cast<uint32_t>(static_cast<unsigned char>(blob[at + i])) << (8 * i);
    return value;
  };
  if (blob.size() <= 4) return false;
  const size_t trie_bytes = word(0);
  if (trie_bytes % 1024 != 0 || trie_bytes == 0 || trie_bytes >= blob.size() - 4) return false;
  const std::string_view texts = blob.substr(4 + trie_bytes);
  if (texts.back() != '\0') return false;
  const size_t units = trie_bytes / 4;
  for (size_t i = 0; i < units; ++i) {
    const uint32_t unit = word(4 + 4 * i);
    if (unit >> 31) {  // a leaf holds the place of a text
      if ((unit & 0x7FFFFFFF) >= texts.size()) return false;
      continue;
    }
    const size_t offset = static_cast<size_t>(unit >> 10) << ((unit & (1u << 9)) >> 6);
    const size_t children = i ^ offset;  // exclusive-or with a byte stays in this block of 256 units
    if ((children | 255) >= units) return false;
    if ((unit & (1u << 8)) && !(word(4 + 4 * children) >> 31)) return false;
  }
  return true;
}

}  // namespace

std::string write_bpe_model(const std::vector<ModelPiece>& pieces, bool byte_fallback, bool add_dummy_prefix) {
  std::string model, message;
  for (const ModelPiece& piece : pieces) {
    message.clear();
    put_bytes(message, kPieceText, piece.text);
    put_float(message, kPieceScore, piece.score);
    put_int(message, kPieceType, static_cast<uint64_t>(piece.type));
    put_bytes(model, kPieces, message);
  }
  message.clear();
  put_int(message, kModelType, static_cast<uint64_t>(ModelSummary::Algorithm::Bpe));
  put_int(message, kVocabSize, pieces.size());
  put_int(message, kByteFallback, byte_fallback);
  put_bytes(model, kTrainer, message);
  message.clear();
  put_bytes(message, kName, "identity");
  put_int(message, kAddDummyPrefix, add_dummy_prefix);
  put_int(message, kRemoveExtraWhitespaces, 0);
  put_int(message, kEscapeWhitespaces, 1);
  put_bytes(model, kNormalizer, message);
  return model;
}

std::string without_dummy_prefix(std::string serialized) {
  // Protobuf merges a message that occurs twice, field by field, and the last value counts.
  std::string change;
  put_int(change, kAddDummyPrefix, 0);
  put_bytes(serialized, kNormalizer, change);
  return serialized;
}

Result<ModelSummary> inspect_model(std::string_view serialized, const std::string& where) {
  const auto damaged = [&where](const char* what) { return fail(ErrorCode::Format, where + ": " + what); };
  ModelSummary summary;
  FieldReader reader(serialized);
  Field field;
  std::optional<std::string_view> chars_map;
  int32_t pieces = 0;
  while (reader.next(field)) {
    const bool piece = field.number == kPieces;
    if (field.type != kBytes || !(piece || field.number == kTrainer || field.number == kNormalizer)) continue;
    FieldReader inner(field.bytes);
    for (Field part; inner.next(part);) {
      if (piece && part.number == kPieceType && part.type == kVarint &&
          part.value == static_cast<uint64_t>(PieceType::UserDefined)) {
        summary.user_defined.push_back(pieces);
      }
      if (field.number == kTrainer && part.number == kSpaceBehind && part.type == kVarint)
        summary.space_behind = part.value != 0;
      if (field.number == kTrainer && part.number == kModelType && part.type == kVarint) {
        if (part.value < 1 || part.value > 4) return damaged("its model type is unknown.");
        summary.algorithm = static_cast<ModelSummary::Algorithm>(part.value);
      }
      if (field.number != kNormalizer) continue;
      if (part.number == kCharsMap && part.type == kBytes) chars_map = part.bytes;
      if (part.number == kAddDummyPrefix && part.type == kVarint) summary.add_dummy_prefix = part.value != 0;
      if (part.number == kRemoveExtraWhitespaces && part.type == kVarint)
        summary.remove_extra_whitespaces = part.value != 0;
    }
    if (!inner.ok) return damaged("this is not a SentencePiece model, or it is damaged.");
    pieces += piece;
  }
  if (!reader.ok || pieces == 0) return damaged("this is not a SentencePiece model, or it is damaged.");
  if (chars_map && !chars_map_is_sound(*chars_map)) return damaged("its normalization table is damaged.");
  summary.has_rules = chars_map && !chars_map->empty();
  return summary;
}

}  // namespace scalewright::text
