#pragma once
// The sizes of GGUF's scalar values.

#include <cstddef>

#include "engine/format/gguf.h"

namespace scalewright {

// Bytes of one value; 0: a string or an array, whose length stands before it.
constexpr size_t scalar_bytes(GgufValueType type) {
  switch (type) {
    case GgufValueType::U8:
    case GgufValueType::I8:
    case GgufValueType::Bool:
      return 1;
    case GgufValueType::U16:
    case GgufValueType::I16:
      return 2;
    case GgufValueType::U32:
    case GgufValueType::I32:
    case GgufValueType::F32:
      return 4;
    case GgufValueType::U64:
    case GgufValueType::I64:
    case GgufValueType::F64:
      return 8;
    case GgufValueType::String:
    case GgufValueType::Array:
      return 0;
  }
  return 0;
}

}  // namespace scalewright
