#include "engine/core/npy.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <limits>

#include "engine/core/file.h"

namespace scalewright {
namespace {

static_assert(std::endian::native == std::endian::little, "the files that Scalewright reads are little-endian");

constexpr std::string_view kMagic("\x93NUMPY", 6);

size_t item_bytes(std::string_view dtype) {
  if (dtype == "<f8" || dtype == "<i8") return 8;
  if (dtype == "<f4" || dtype == "<i4") return 4;
  if (dtype == "<f2") return 2;
  if (dtype == "|u1") return 1;
  return 0;
}

// The text between the quotes that follow 'name': in the header's dictionary.
std::string quoted_value(std::string_view header, std::string_view name) {
  size_t at = header.find("'" + std::string(name) + "'");
  if (at == std::string_view::npos) return {};
  at = header.find(':', at);
  if (at == std::string_view::npos) return {};
  const size_t open = header.find('\'', at);
  if (open == std::string_view::npos) return {};
  const size_t close = header.find('\'', open + 1);
  if (close == std::string_view::npos) return {};
  return std::string(header.substr(open + 1, close - open - 1));
}

float half_as_float(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16;
  const uint32_t exponent = (half >> 10) & 31u;
  const uint32_t mantissa = half & 1023u;
  if (exponent == 0) {
    const float value = static_cast<float>(mantissa) * 0x1p-24f;
    return std::bit_cast<float>(std::bit_cast<uint32_t>(value) | sign);
  }
  const uint32_t bits = exponent == 31 ? 0x7f800000u | (mantissa << 13) : ((exponent + 112) << 23) | (mantissa << 13);
  return std::bit_cast<float>(bits | sign);
}

template <class T>
T element(const NpyArray& array, int64_t i) {
  T value;
  std::memcpy(&value, array.data.data() + static_cast<size_t>(i) * sizeof(T), sizeof(T));
  return value;
}

template <class T>
Result<void> write_array(const std::filesystem::path& path, std::span<const T> values, std::span<const int64_t> shape,
                         std::string_view dtype) {
  std::string header = "{'descr': '" + std::string(dtype) + "', 'fortran_order': False, 'shape': (";
  int64_t count = 1;
  for (const int64_t n : shape) {
    header += std::to_string(n) + ", ";
    count *= n;
  }
  if (shape.size() > 1)
    header.resize(header.size() - 2);
  else if (shape.size() == 1)
    header.pop_back();
  header += "), }";
  if (count != static_cast<int64_t>(values.size())) {
    return fail(ErrorCode::InvalidArgument, path.string() + ": " + std::to_string(values.size()) +
                                                " values do not fill an array of " + std::to_string(count) + ".");
  }
  while ((kMagic.size() + 4 + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  const char lead[4] = {1, 0, static_cast<char>(header.size() & 255), static_cast<char>(header.size() >> 8)};
  SW_ASSIGN(AtomicFile file, AtomicFile::create(path));
  SW_TRY(file.write(kMagic));
  SW_TRY(file.write(std::string_view(lead, 4)));
  SW_TRY(file.write(header));
  SW_TRY(file.write(std::as_bytes(values)));
  return file.commit();
}

}  // namespace

int64_t NpyArray::count() const {
  int64_t n = 1;
  for (const int64_t extent : shape) n *= extent;
  return n;
}

Result<NpyArray> read_npy(const std::filesystem::path& path) {
  SW_ASSIGN(const InputFile file, InputFile::open(path));
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::Format, path.string() + ": " + std::string(why) + ".");
  };
  char lead[12] = {};
  if (file.size() < 12) return bad("this is not a NumPy file: it has fewer than 12 bytes");
  SW_TRY(file.read_at(0, std::as_writable_bytes(std::span(lead))));
  if (std::string_view(lead, 6) != kMagic) return bad("this is not a NumPy file: it does not begin with \\x93NUMPY");
  if (lead[6] < 1 || lead[6] > 3) return bad("NumPy file version " + std::to_string(lead[6]) + " is not known");
  uint64_t header_bytes = static_cast<uint8_t>(lead[8]) | static_cast<uint64_t>(static_cast<uint8_t>(lead[9])) << 8;
  uint64_t header_at = 10;
  if (lead[6] >= 2) {
    header_bytes |= static_cast<uint64_t>(static_cast<uint8_t>(lead[10])) << 16 |
                    static_cast<uint64_t>(static_cast<uint8_t>(lead[11])) << 24;
    header_at = 12;
  }
  if (header_bytes > std::min<uint64_t>(file.size() - header_at, 1 << 20))
    return bad("the NumPy header ends behind the file");
  std::string header(header_bytes, '\0');
  SW_TRY(file.read_at(header_at, std::as_writable_bytes(std::span(header))));

  NpyArray array;
  array.dtype = quoted_value(header, "descr");
  const size_t bytes_each = item_bytes(array.dtype);
  if (bytes_each == 0) {
    return bad("values of type '" + array.dtype + "' are not read here; use <f4, <f8, <f2, <i4, <i8 or |u1");
  }
  if (header.find("'fortran_order': False") == std::string::npos) return bad("only arrays in C order are read");
  const size_t shape_key = header.find("'shape'");
  const size_t open = shape_key == std::string::npos ? shape_key : header.find('(', shape_key);
  const size_t close = open == std::string::npos ? open : header.find(')', open);
  if (close == std::string::npos) return bad("the NumPy header states no shape");
  const uint64_t room = (file.size() - header_at - header_bytes) / bytes_each;
  uint64_t count = 1;
  for (const char *at = header.data() + open + 1, *end = header.data() + close; at < end;) {
    if (*at == ' ' || *at == ',') {
      ++at;
      continue;
    }
    int64_t extent = 0;
    const auto parsed = std::from_chars(at, end, extent);
    if (parsed.ec != std::errc() || extent < 0 || array.shape.size() >= 16)
      return bad("the shape in the NumPy header is not valid");
    if (extent != 0 && count > std::numeric_limits<uint64_t>::max() / static_cast<uint64_t>(extent)) {
      return bad("the shape in the NumPy header is too large");
    }
    count *= static_cast<uint64_t>(extent);
    array.shape.push_back(extent);
    at = parsed.ptr;
  }
  if (count > room) {
    return bad("the header promises " + std::to_string(count) + " values, but the file holds " + std::to_string(room) +
               ": it is incomplete");
  }
  array.data.resize(count * bytes_each);
  SW_TRY(file.read_at(header_at + header_bytes, array.data));
  return array;
}

Result<std::vector<float>> npy_as_float(const NpyArray& array) {
  std::vector<float> values(static_cast<size_t>(array.count()));
  for (size_t i = 0; i < values.size(); ++i) {
    const int64_t at = static_cast<int64_t>(i);
    if (array.dtype == "<f4")
      values[i] = element<float>(array, at);
    else if (array.dtype == "<f8")
      values[i] = static_cast<float>(element<double>(array, at));
    else if (array.dtype == "<f2")
      values[i] = half_as_float(element<uint16_t>(array, at));
    else
      return fail(ErrorCode::Format, "The array holds values of type '" + array.dtype + "'; floats are needed.");
  }
  return values;
}

Result<std::vector<int32_t>> npy_as_int32(const NpyArray& array) {
  std::vector<int32_t> values(static_cast<size_t>(array.count()));
  for (size_t i = 0; i < values.size(); ++i) {
    const int64_t at = static_cast<int64_t>(i);
    if (array.dtype == "<i4")
      values[i] = element<int32_t>(array, at);
    else if (array.dtype == "|u1")
      values[i] = element<uint8_t>(array, at);
    else if (array.dtype == "<i8") {
      const int64_t value = element<int64_t>(array, at);
      if (value < std::numeric_limits<int32_t>::min() || value > std::numeric_limits<int32_t>::max()) {
        return fail(ErrorCode::Format,
                    "The array holds " + std::to_string(value) + ", which does not fit into 32 bits.");
      }
      values[i] = static_cast<int32_t>(value);
    } else {
      return fail(ErrorCode::Format, "The array holds values of type '" + array.dtype + "'; integers are needed.");
    }
  }
  return values;
}

Result<void> write_npy(const std::filesystem::path& path, std::span<const float> values,
                       std::span<const int64_t> shape) {
  return write_array(path, values, shape, "<f4");
}

Result<void> write_npy(const std::filesystem::path& path, std::span<const int32_t> values,
                       std::span<const int64_t> shape) {
  return write_array(path, values, shape, "<i4");
}

}  // namespace scalewright
