#pragma once
// Broken copies of good files, for tests that want an error and no crash.

#include <QtTest>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>
#include <string>

#include "engine/core/error.h"
#include "engine/core/file.h"

namespace scalewright::testkit {

// Little-endian numbers and length-prefixed strings, one after the other.
class Bytes {
 public:
  template <class T>
  Bytes& number(T value) {
    text_.append(reinterpret_cast<const char*>(&value), sizeof(T));
    return *this;
  }
  Bytes& raw(std::string_view bytes) {
    text_ += bytes;
    return *this;
  }
  Bytes& string(std::string_view bytes) { return number(static_cast<uint64_t>(bytes.size())).raw(bytes); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// Overwrites without the care of write_text_file: thousands of small files in a row.
inline void put_file(const std::filesystem::path& path, std::string_view bytes) {
  FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr || std::fwrite(bytes.data(), 1, bytes.size(), file) != bytes.size())
    qFatal("cannot write %s", path.c_str());
  std::fclose(file);
}

// Some bytes changed to others: single bits, extremes, copies of other places.
inline std::string mutated(std::string bytes, std::mt19937& random, size_t below) {
  const size_t changes = 1 + random() % 4;
  for (size_t i = 0; i < changes; ++i) {
    const size_t at = random() % std::min(below, bytes.size());
    switch (random() % 4) {
      case 0:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
        break;
      case 1:
        bytes[at] = static_cast<char>(random());
        break;
      case 2: {
        const uint64_t extremes[] = {0,          ~uint64_t{0},           uint64_t{1} << 63, uint64_t{1} << 32,
                                     0x7fffffff, (uint64_t{1} << 61) + 1};
        const uint64_t value = extremes[random() % std::size(extremes)];
        std::memcpy(bytes.data() + at, &value, std::min<size_t>(8, bytes.size() - at));
        break;
      }
      default:
        bytes[at] = bytes[random() % bytes.size()];
        break;
    }
  }
  return bytes;
}

}  // namespace scalewright::testkit
