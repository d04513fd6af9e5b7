#include "engine/format/packing.h"

#include <algorithm>
#include <array>

namespace scalewright {
namespace {

using kernels::kChunk;
using kernels::kStripRows;
using kernels::PlainStrip;

// Nibble of a word that holds row 8c + j, and back: {0, 2, 4, 6, 1, 3, 5, 7}.
constexpr std::array<int, 8> kAwqNibble = {0, 4, 1, 5, 2, 6, 3, 7};

int64_t rows_of(const PackedMatrix& m, int64_t strip) {
  return std::min<int64_t>(kStripRows, m.rows - strip * kStripRows);
}
int64_t code_stride(const PackedMatrix& m) {
  return (m.cols + kChunk - 1) / kChunk * kChunk;
}

}  // namespace

uint32_t WordPacking::get(const uint32_t* line, int64_t stride, int64_t i) const {
  const uint32_t mask = bits == 32 ? ~0u : (1u << bits) - 1;
  if (whole) {
    const int64_t a_word = 32 / bits;
    return line[i / a_word * stride] >> (i % a_word * bits) & mask;
  }
  const int64_t at = i * bits;
  const int shift = static_cast<int>(at & 31);
  uint32_t value = line[(at >> 5) * stride] >> shift;
  if (shift + bits > 32) value |= line[((at >> 5) + 1) * stride] << (32 - shift);
  return value & mask;
}

void WordPacking::put(uint32_t* line, int64_t stride, int64_t i, uint32_t code) const {
  if (whole) {
    const int64_t a_word = 32 / bits;
    line[i / a_word * stride] |= code << (i % a_word * bits);
    return;
  }
  const int64_t at = i * bits;
  const int shift = static_cast<int>(at & 31);
  line[(at >> 5) * stride] |= code << shift;
  if (shift + bits > 32) line[((at >> 5) + 1) * stride] |= code >> (32 - shift);
}

kernels::QuantLayout packed_layout(const PackedMatrix& m, bool affine) {
  return kernels::QuantLayout{.rows = m.rows,
                              .cols = m.cols,
                              .kind = affine ? kernels::BlockKind::Affine : kernels::BlockKind::Min,
                              .bits = static_cast<uint8_t>(m.packing.bits),
                              .offset = 0,
                              .sub = static_cast<int32_t>(m.group),
                              .block = m.group};
}

void decode_gptq_strip(const PackedMatrix& m, int64_t strip, const PlainStrip& plain) {
  const int64_t first = strip * kStripRows, rows = rows_of(m, strip), stride = code_stride(m);
  // Input by input: the words of 16 neighbouring rows lie side by side.
  for (int64_t k = 0; k < m.cols; ++k) {
    const int64_t input = m.order.empty() ? k : m.order[static_cast<size_t>(k)];
    for (int64_t r = 0; r < rows; ++r) {
      plain.codes[r * stride + k] = static_cast<uint8_t>(m.packing.get(m.codes.data() + first + r, m.rows, input));
    }
  }
  const int64_t zero_words = m.packing.words(m.rows);
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t g = 0; g < m.groups; ++g) {
      plain.scale[r * m.groups + g] = m.scales[static_cast<size_t>(g * m.rows + first + r)];
      const uint32_t zero = m.packing.get(m.zeros.data() + g * zero_words, 1, first + r);
      plain.zero[r * m.groups + g] = static_cast<int16_t>(static_cast<int>(zero) + m.zero_bias);
    }
  }
}

void encode_gptq_strip(PackedMatrix& m, int64_t strip, const PlainStrip& plain) {
  const int64_t first = strip * kStripRows, rows = rows_of(m, strip), stride = code_stride(m);
  const int64_t a_word = 32 % m.packing.bits == 0 ? 32 / m.packing.bits : 0;
  if (m.order.empty() && a_word != 0 && m.cols % a_word == 0) {  // whole words of neighbouring inputs
    for (int64_t k = 0; k < m.cols; k += a_word) {
      uint32_t* words = m.codes.data() + k / a_word * m.rows + first;
      for (int64_t r = 0; r < rows; ++r) {
        const uint8_t* codes = plain.codes + r * stride + k;
        uint32_t word = 0;
        for (int64_t i = 0; i < a_word; ++i) word |= static_cast<uint32_t>(codes[i]) << (i * m.packing.bits);
        words[r] = word;
      }
    }
  } else {
    for (int64_t k = 0; k < m.cols; ++k) {
      const int64_t input = m.order.empty() ? k : m.order[static_cast<size_t>(k)];
      for (int64_t r = 0; r < rows; ++r)
        m.packing.put(m.codes.data() + first + r, m.rows, input, plain.codes[r * stride + k]);
    }
  }
  const int64_t zero_words = m.packing.words(m.rows);
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t g = 0; g < m.groups; ++g) {
      m.scales[static_cast<size_t>(g * m.rows + first + r)] = plain.scale[r * m.groups + g];
      const int zero = plain.zero[r * m.groups + g] - m.zero_bias;
      m.packing.put(m.zeros.data() + g * zero_words, 1, first + r, static_cast<uint32_t>(zero));
    }
  }
}

void decode_awq_strip(const PackedMatrix& m, int64_t strip, const PlainStrip& plain) {
  const int64_t first = strip * kStripRows, rows = rows_of(m, strip), stride = code_stride(m), words = m.rows / 8;
  const auto nibble = [&](const std::vector<uint32_t>& from, int64_t line, int64_t row) {
    return from[static_cast<size_t>(line * words + row / 8)] >> 4 * kAwqNibble[static_cast<size_t>(row % 8)] & 15u;
  };
  for (int64_t k = 0; k < m.cols; ++k) {
    for (int64_t r = 0; r < rows; ++r)
      plain.codes[r * stride + k] = static_cast<uint8_t>(nibble(m.codes, k, first + r));
  }
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t g = 0; g < m.groups; ++g) {
      plain.scale[r * m.groups + g] = m.scales[static_cast<size_t>(g * m.rows + first + r)];
      plain.zero[r * m.groups + g] = m.zeros.empty() ? int16_t{8} : static_cast<int16_t>(nibble(m.zeros, g, first + r));
    }
  }
}

void encode_awq_strip(PackedMatrix& m, int64_t strip, const PlainStrip& plain) {
  const int64_t first = strip * kStripRows, rows = rows_of(m, strip), stride = code_stride(m), words = m.rows / 8;
  const auto put = [&](std::vector<uint32_t>& to, int64_t line, int64_t row, uint32_t code) {
    to[static_cast<size_t>(line * words + row / 8)] |= code << 4 * kAwqNibble[static_cast<size_t>(row % 8)];
  };
  for (int64_t k = 0; k < m.cols; ++k) {
    for (int64_t r = 0; r < rows; ++r) put(m.codes, k, first + r, plain.codes[r * stride + k]);
  }
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t g = 0; g < m.groups; ++g) {
      m.scales[static_cast<size_t>(g * m.rows + first + r)] = plain.scale[r * m.groups + g];
      put(m.zeros, g, first + r, static_cast<uint32_t>(plain.zero[r * m.groups + g]));
    }
  }
}

void decode_compressed_strip(const PackedMatrix& m, int64_t strip, const PlainStrip& plain) {
  const int64_t first = strip * kStripRows, rows = rows_of(m, strip), stride = code_stride(m);
  const int64_t words = m.packing.words(m.cols);
  for (int64_t r = 0; r < rows; ++r) {
    const uint32_t* line = m.codes.data() + (first + r) * words;
    for (int64_t k = 0; k < m.cols; ++k) {
      const int64_t input = m.order.empty() ? k : m.order[static_cast<size_t>(k)];
      plain.codes[r * stride + k] = static_cast<uint8_t>(m.packing.get(line, 1, input));
    }
    for (int64_t g = 0; g < m.groups; ++g) {
      const int64_t at = (first + r) * m.groups + g;
      plain.scale[r * m.groups + g] = m.scales[static_cast<size_t>(at)];
      if (!m.plain_zeros.empty())
        plain.zero[r * m.groups + g] = m.plain_zeros[static_cast<size_t>(at)];
      else if (m.zeros.empty())
        plain.zero[r * m.groups + g] = static_cast<int16_t>(1 << (m.packing.bits - 1));
      else
        plain.zero[r * m.groups + g] = static_cast<int16_t>(m.packing.get(m.zeros.data() + g, m.groups, first + r));
    }
  }
}

void encode_compressed_strip(PackedMatrix& m, int64_t strip, const PlainStrip& plain) {
  const int64_t first = strip * kStripRows, rows = rows_of(m, strip), stride = code_stride(m);
  const int64_t words = m.packing.words(m.cols);
  for (int64_t r = 0; r < rows; ++r) {
    uint32_t* line = m.codes.data() + (first + r) * words;
    for (int64_t k = 0; k < m.cols; ++k) {
      const int64_t input = m.order.empty() ? k : m.order[static_cast<size_t>(k)];
      m.packing.put(line, 1, input, plain.codes[r * stride + k]);
    }
    for (int64_t g = 0; g < m.groups; ++g) {
      m.scales[static_cast<size_t>((first + r) * m.groups + g)] = plain.scale[r * m.groups + g];
      if (!m.zeros.empty())
        m.packing.put(m.zeros.data() + g, m.groups, first + r, static_cast<uint32_t>(plain.zero[r * m.groups + g]));
    }
  }
}

void decode_mlx_strip(const PackedMatrix& m, int64_t strip, const PlainStrip& plain) {
  const int64_t first = strip * kStripRows, rows = rows_of(m, strip), stride = code_stride(m);
  const int64_t words = m.packing.words(m.cols);
  for (int64_t r = 0; r < rows; ++r) {
    const uint32_t* line = m.codes.data() + (first + r) * words;
    for (int64_t k = 0; k < m.cols; ++k) plain.codes[r * stride + k] = static_cast<uint8_t>(m.packing.get(line, 1, k));
    for (int64_t g = 0; g < m.groups; ++g) {
      plain.scale[r * m.groups + g] = m.scales[static_cast<size_t>((first + r) * m.groups + g)];
      plain.scale_min[r * m.groups + g] = m.biases[static_cast<size_t>((first + r) * m.groups + g)];
    }
  }
}

int64_t hqq_lines(const PackedMatrix& m) {
  const int64_t parts = m.packing.bits == 3 ? 10 : 8 / m.packing.bits;
  return (m.rows * m.groups + parts - 1) / parts;
}

void decode_hqq_strip(const PackedMatrix& m, int64_t strip, const PlainStrip& plain) {
  const int64_t first = strip * kStripRows, rows = rows_of(m, strip), stride = code_stride(m);
  const int64_t part = hqq_lines(m);  // groups that share a place within the words
  const bool words = m.packing.bits == 3;
  const uint32_t mask = (1u << m.packing.bits) - 1;
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t g = 0; g < m.groups; ++g) {
      const int64_t number = (first + r) * m.groups + g;
      const int shift = static_cast<int>((words ? 30 : 8) - m.packing.bits * (number / part + 1));
      const size_t line = static_cast<size_t>(number % part * m.group);
      uint8_t* codes = plain.codes + r * stride + g * m.group;
      for (int64_t i = 0; i < m.group; ++i) {
        const size_t at = line + static_cast<size_t>(i);
        const uint32_t word = words ? m.codes[at] : m.bytes[at];
        codes[i] = static_cast<uint8_t>(word >> shift & mask);
      }
      plain.scale[r * m.groups + g] = m.scales[static_cast<size_t>(number)];
      plain.scale_min[r * m.groups + g] = m.biases[static_cast<size_t>(number)];
    }
  }
}

}  // namespace scalewright
