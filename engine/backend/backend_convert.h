#pragma once
// From the engine's words to the kernels'.

#include "engine/backend/backend.h"
#include "kernels/common/attention_spec.h"

namespace scalewright {

inline kernels::AttentionSpec to_spec(const AttentionShape& s, const int32_t* first) {
  kernels::AttentionSpec k;
  k.queries = s.queries;
  k.keys = s.keys;
  k.query_offset = s.query_offset;
  k.heads = s.heads;
  k.kv_heads = s.kv_heads;
  k.head_dim = s.head_dim;
  k.ldq = s.ldq;
  k.ldk = s.ldk;
  k.ldv = s.ldv;
  k.ldo = s.ldo;
  k.scale = s.scale;
  k.softcap = s.softcap;
  k.window = s.window;
  k.half_kv = s.kv == KvType::F16;
  k.fast = s.precision == Precision::Fast;
  k.first = first;
  return k;
}

inline kernels::GateKind to_kind(Activation act) {
  switch (act) {
    case Activation::Silu:
      return kernels::GateKind::Silu;
    case Activation::GeluTanh:
      return kernels::GateKind::GeluTanh;
    case Activation::GeluErf:
      return kernels::GateKind::GeluErf;
  }
  return kernels::GateKind::Silu;
}

// Empty when the view is a matrix that our layouts can hold, else what is wrong with it, in words.
std::string why_unsupported(const WeightView& w);

}  // namespace scalewright
