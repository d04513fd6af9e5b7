#include <cstring>
#include <limits>

#include "engine/format/gguf.h"
#include "engine/format/gguf_scalars.h"

namespace scalewright {
namespace {

template <class T>
T load(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

template <class T>
void append(std::string& bytes, T value) {
  char raw[sizeof(T)];
  std::memcpy(raw, &value, sizeof(T));
  bytes.append(raw, sizeof(T));
}

std::optional<int64_t> int_of(GgufValueType type, const char* at) {
  switch (type) {
    case GgufValueType::U8:
      return load<uint8_t>(at);
    case GgufValueType::I8:
      return load<int8_t>(at);
    case GgufValueType::U16:
      return load<uint16_t>(at);
    case GgufValueType::I16:
      return load<int16_t>(at);
    case GgufValueType::U32:
      return load<uint32_t>(at);
    case GgufValueType::I32:
      return load<int32_t>(at);
    case GgufValueType::I64:
      return load<int64_t>(at);
    case GgufValueType::U64: {
      const uint64_t value = load<uint64_t>(at);
      if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return std::nullopt;
      return static_cast<int64_t>(value);
    }
    default:
      return std::nullopt;
  }
}

std::optional<double> number_of(GgufValueType type, const char* at) {
  if (type == GgufValueType::F32) return load<float>(at);
  if (type == GgufValueType::F64) return load<double>(at);
  if (const auto value = int_of(type, at)) return static_cast<double>(*value);
  return std::nullopt;
}

GgufEntry scalar(std::string key, GgufValueType type) {
  GgufEntry entry;
  entry.key = std::move(key);
  entry.type = type;
  return entry;
}

GgufEntry array(std::string key, GgufValueType element, uint64_t count) {
  GgufEntry entry = scalar(std::move(key), GgufValueType::Array);
  entry.element = element;
  entry.count = count;
  return entry;
}

}  // namespace

std::optional<int64_t> GgufEntry::as_int() const {
  return bytes.size() == scalar_bytes(type) ? int_of(type, bytes.data()) : std::nullopt;
}

std::optional<double> GgufEntry::as_number() const {
  return bytes.size() == scalar_bytes(type) ? number_of(type, bytes.data()) : std::nullopt;
}

std::optional<bool> GgufEntry::as_bool() const {
  if (type != GgufValueType::Bool || bytes.size() != 1) return std::nullopt;
  return bytes[0] != 0;
}

std::optional<std::string> GgufEntry::as_string() const {
  if (type != GgufValueType::String) return std::nullopt;
  return bytes;
}

std::optional<std::vector<std::string>> GgufEntry::as_strings() const {
  if (type != GgufValueType::Array || element != GgufValueType::String) return std::nullopt;
  std::vector<std::string> values;
  values.reserve(count);
  size_t at = 0;
  for (uint64_t i = 0; i < count; ++i) {
    if (bytes.size() - at < 8) return std::nullopt;
    const uint64_t length = load<uint64_t>(bytes.data() + at);
    at += 8;
    if (length > bytes.size() - at) return std::nullopt;
    values.emplace_back(bytes, at, length);
    at += length;
  }
  return values;
}

std::optional<std::vector<int64_t>> GgufEntry::as_ints() const {
  if (type != GgufValueType::Array) return std::nullopt;
  const size_t each = scalar_bytes(element);
  if (each == 0 || bytes.size() != count * each) return std::nullopt;
  std::vector<int64_t> values(count);
  for (size_t i = 0; i < count; ++i) {
    const char* at = bytes.data() + i * each;
    const auto value = element == GgufValueType::Bool ? std::optional<int64_t>(*at != 0) : int_of(element, at);
    if (!value) return std::nullopt;
    values[i] = *value;
  }
  return values;
}

std::optional<std::vector<double>> GgufEntry::as_numbers() const {
  if (type != GgufValueType::Array) return std::nullopt;
  const size_t each = scalar_bytes(element);
  if (each == 0 || bytes.size() != count * each) return std::nullopt;
  std::vector<double> values(count);
  for (size_t i = 0; i < count; ++i) {
    const auto value = number_of(element, bytes.data() + i * each);
    if (!value) return std::nullopt;
    values[i] = *value;
  }
  return values;
}

GgufEntry GgufEntry::u32(std::string key, uint32_t value) {
  GgufEntry entry = scalar(std::move(key), GgufValueType::U32);
  append(entry.bytes, value);
  return entry;
}

GgufEntry GgufEntry::f32(std::string key, float value) {
  GgufEntry entry = scalar(std::move(key), GgufValueType::F32);
  append(entry.bytes, value);
  return entry;
}

GgufEntry GgufEntry::boolean(std::string key, bool value) {
  GgufEntry entry = scalar(std::move(key), GgufValueType::Bool);
  entry.bytes.push_back(value ? 1 : 0);
  return entry;
}

GgufEntry GgufEntry::string(std::string key, std::string value) {
  GgufEntry entry = scalar(std::move(key), GgufValueType::String);
  entry.bytes = std::move(value);
  return entry;
}

GgufEntry GgufEntry::strings(std::string key, std::span<const std::string> values) {
  GgufEntry entry = array(std::move(key), GgufValueType::String, values.size());
  for (const std::string& value : values) {
    append(entry.bytes, static_cast<uint64_t>(value.size()));
    entry.bytes += value;
  }
  return entry;
}

GgufEntry GgufEntry::f32s(std::string key, std::span<const float> values) {
  GgufEntry entry = array(std::move(key), GgufValueType::F32, values.size());
  entry.bytes.assign(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  return entry;
}

GgufEntry GgufEntry::i32s(std::string key, std::span<const int32_t> values) {
  GgufEntry entry = array(std::move(key), GgufValueType::I32, values.size());
  entry.bytes.assign(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  return entry;
}

const GgufEntry* find_entry(const std::vector<GgufEntry>& entries, std::string_view key) {
  for (const GgufEntry& entry : entries) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

}  // namespace scalewright
