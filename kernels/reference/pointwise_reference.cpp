#include <cmath>
#include <numbers>

#include "kernels/reference/reference.h"

namespace scalewright::kernels::reference {

void rmsnorm(const float* x, int64_t ldx, int64_t T, int groups, int64_t D, const float* weight, float epsilon,
             float* y, int64_t ldy, float* inv_rms) {
  for (int64_t t = 0; t < T; ++t)
    for (int g = 0; g < groups; ++g) {
      const float* in = x + t * ldx + g * D;
      double squares = 0.0;
      for (int64_t d = 0; d < D; ++d) squares += static_cast<double>(in[d]) * in[d];
      const double inverse = 1.0 / std::sqrt(squares / static_cast<double>(D) + epsilon);
      if (inv_rms) inv_rms[t * groups + g] = static_cast<float>(inverse);
      for (int64_t d = 0; d < D; ++d)
        y[t * ldy + g * D + d] = static_cast<float>(in[d] * inverse * (weight ? weight[d] : 1.0f));
    }
}

void rmsnorm_dx(const float* dy, int64_t lddy, const float* x, int64_t ldx, int64_t T, int groups, int64_t D,
                const float* weight, const float* inv_rms, float* dx, int64_t lddx, bool accumulate) {
  for (int64_t t = 0; t < T; ++t)
    for (int g = 0; g < groups; ++g) {
      const float* in = x + t * ldx + g * D;
      const float* grad = dy + t * lddy + g * D;
      float* out = dx + t * lddx + g * D;
      const double inverse = inv_rms[t * groups + g];
      double dot = 0.0;
      for (int64_t d = 0; d < D; ++d) dot += static_cast<double>(grad[d]) * (weight ? weight[d] : 1.0f) * in[d];
      dot *= inverse * inverse / static_cast<double>(D);
      for (int64_t d = 0; d < D; ++d) {
        const double value = inverse * (static_cast<double>(grad[d]) * (weight ? weight[d] : 1.0f) - dot * in[d]);
        out[d] = static_cast<float>((accumulate ? out[d] : 0.0f) + value);
      }
    }
}

void rope(float* x, int64_t ldx, int64_t T, int heads, int head_dim, int rotary, const float* cosine, const float* sine,
          bool adjacent, bool inverse) {
  const int pairs = rotary / 2;
  for (int64_t t = 0; t < T; ++t)
    for (int h = 0; h < heads; ++h)
      for (int i = 0; i < pairs; ++i) {
        float* head = x + t * ldx + static_cast<int64_t>(h) * head_dim;
        float& first = head[adjacent ? 2 * i : i];
        float& second = head[adjacent ? 2 * i + 1 : i + pairs];
        const double a = first, b = second, c = cosine[t * pairs + i],
                     s = inverse ? -sine[t * pairs + i] : sine[t * pairs + i];
        first = static_cast<float>(a * c - b * s);
        second = static_cast<float>(b * c + a * s);
      }
}

double activation(GateKind kind, double x) {
  switch (kind) {
    case GateKind::Silu:
      return x / (1.0 + std::exp(-x));
    case GateKind::GeluTanh:
      return 0.5 * x * (1.0 + std::tanh(std::sqrt(2.0 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
    case GateKind::GeluErf:
      return 0.5 * x * (1.0 + std::erf(x / std::numbers::sqrt2));
  }
  return 0.0;
}

double activation_slope(GateKind kind, double x) {
  switch (kind) {
    case GateKind::Silu: {
      const double s = 1.0 / (1.0 + std::exp(-x));
      return s * (1.0 + x * (1.0 - s));
    }
    case GateKind::GeluTanh: {
      const double root = std::sqrt(2.0 / std::numbers::pi), h = std::tanh(root * (x + 0.044715 * x * x * x));
      return 0.5 * (1.0 + h) + 0.5 * x * (1.0 - h * h) * root * (1.0 + 3.0 * 0.044715 * x * x);
    }
    case GateKind::GeluErf:
      return 0.5 * (1.0 + std::erf(x / std::numbers::sqrt2)) +
             x * std::exp(-0.5 * x * x) / std::sqrt(2.0 * std::numbers::pi);
  }
  return 0.0;
}

void gated(const float* gate, int64_t ldg, const float* up, int64_t ldu, int64_t T, int64_t F, GateKind kind,
           float* out, int64_t ldo) {
  for (int64_t t = 0; t < T; ++t)
    for (int64_t f = 0; f < F; ++f)
      out[t * ldo + f] = static_cast<float>(activation(kind, gate[t * ldg + f]) * up[t * ldu + f]);
}

void gated_backward(const float* gate, int64_t ldg, const float* up, int64_t ldu, const float* dout, int64_t lddo,
                    int64_t T, int64_t F, GateKind kind, float* dgate, float* dup) {
  for (int64_t t = 0; t < T; ++t)
    for (int64_t f = 0; f < F; ++f) {
      const double g = gate[t * ldg + f], u = up[t * ldu + f], d = dout[t * lddo + f];
      dgate[t * ldg + f] = static_cast<float>(d * u * activation_slope(kind, g));
      dup[t * ldu + f] = static_cast<float>(d * activation(kind, g));
    }
}

void softcap(float* x, int64_t n, float cap) {
  for (int64_t i = 0; i < n; ++i) x[i] = static_cast<float>(cap * std::tanh(static_cast<double>(x[i]) / cap));
}

void cross_entropy(float* logits, int64_t ldl, int64_t T, int64_t V, const int32_t* targets, float cap,
                   float gradient_scale, double* nll, bool want_gradient) {
  for (int64_t t = 0; t < T; ++t) {
    float* row = logits + t * ldl;
    if (targets[t] < 0) {
      nll[t] = 0.0;
      if (want_gradient)
        for (int64_t i = 0; i < V; ++i) row[i] = 0.0f;
      continue;
    }
    double largest = row[0], total = 0.0;
    for (int64_t i = 1; i < V; ++i)
      if (row[i] > largest) largest = row[i];
    for (int64_t i = 0; i < V; ++i) total += std::exp(row[i] - largest);
    nll[t] = largest + std::log(total) - row[targets[t]];
    if (!want_gradient) continue;
    for (int64_t i = 0; i < V; ++i) {
      double g = std::exp(row[i] - largest) / total - (i == targets[t] ? 1.0 : 0.0);
      if (cap > 0.0f) {
        const double h = static_cast<double>(row[i]) / cap;
        g *= 1.0 - h * h;
      }
      row[i] = static_cast<float>(g * gradient_scale);
    }
  }
}

void adamw(const AdamW& o, const float* gradient, float* parameter, float* m, float* v, int64_t n) {
  const double correction1 = 1.0 - std::pow(o.beta1, static_cast<double>(o.step));
  const double correction2 = std::sqrt(1.0 - std::pow(o.beta2, static_cast<double>(o.step)));
  for (int64_t i = 0; i < n; ++i) {
    const double g = gradient[i] * o.gradient_scale;
    const double mean = o.beta1 * m[i] + (1.0 - o.beta1) * g, square = o.beta2 * v[i] + (1.0 - o.beta2) * g * g;
    m[i] = static_cast<float>(mean);
    v[i] = static_cast<float>(square);
    const double p = parameter[i] * (1.0 - o.learning_rate * o.weight_decay);
    parameter[i] =
        static_cast<float>(p - o.learning_rate / correction1 * mean / (std::sqrt(square) / correction2 + o.epsilon));
  }
}

}  // namespace scalewright::kernels::reference
