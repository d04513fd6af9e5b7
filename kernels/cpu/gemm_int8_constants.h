#pragma once
// Numbers of a tile as constants of its inner loops. Internal linkage: every file that includes this has its own.

#include <cstdint>

namespace scalewright::kernels::cpu {
namespace {

// Calls body with the number of tokens, 1..6, as a constant.
template <class Body>
inline void with_tokens(int tokens, const Body& body) {
  switch (tokens) {
    case 1:
      return body.template operator()<1>();
    case 2:
      return body.template operator()<2>();
    case 3:
      return body.template operator()<3>();
    case 4:
      return body.template operator()<4>();
    case 5:
      return body.template operator()<5>();
    default:
      return body.template operator()<6>();
  }
}

// Calls body with the bits of a code as a constant.
template <class Body>
inline void with_bits(int bits, const Body& body) {
  switch (bits) {
    case 2:
      return body.template operator()<2>();
    case 3:
      return body.template operator()<3>();
    case 4:
      return body.template operator()<4>();
    case 5:
      return body.template operator()<5>();
    case 6:
      return body.template operator()<6>();
    default:
      return body.template operator()<8>();
  }
}

}  // namespace
}  // namespace scalewright::kernels::cpu
