#include "engine/quant/learned_rounding.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "engine/quant/block_gradient.h"
#include "engine/quant/grid.h"
#include "kernels/cpu/thread_pool.h"

namespace scalewright::quant {
namespace {

constexpr float kRound = 12582912.0f;     // see grid.cpp
constexpr float kInside = 0.5f - 1e-3f;   // a border that still rounds to its integer
constexpr float kLeastFactor = 0.3f, kMostFactor = 2.0f;
constexpr int kLooks = 8;                 // at the text kept aside, beside the start
constexpr double kBackOff = 0.4;          // of the rates where a look finds nothing better

// One linear while it is learned.
struct Learned {
  Linear* linear = nullptr;
  QuantSpec spec;
  int64_t rows = 0, cols = 0, group = 0, groups = 0;
  std::vector<float> u;          // [N, K] in steps of s0
  std::vector<float> begun;      // [N, K] where u began; bounded only
  std::vector<float> mean, square;  // [N, K] running means of its gradient and of the square of it; Adam only
  std::vector<float> first;      // s0 [N, G]
  std::vector<float> factor;     // r [N, G]
  std::vector<float> factor_mean, factor_square;  // [N, G]
  std::vector<float> best_u, best_factor;         // of the best look
  std::vector<int16_t> zeros;    // [N, G]
  float* weights() const { return reinterpret_cast<float*>(linear->weight.dense().data.data()); }
};

float scale_of(const Learned& l, size_t g) {
  return nearest_half(static_cast<double>(l.first[g]) * static_cast<double>(l.factor[g]));
}

// Calls use(first weight, weights, group index) for each group of rows begin .. end.
template <class Use>
void each_group(const Learned& l, int64_t begin, int64_t end, const Use& use) {
  for (int64_t row = begin; row < end; ++row) {
    for (int64_t g = 0; g < l.groups; ++g) {
      use(row * l.cols + g * l.group, std::min(l.group, l.cols - g * l.group), static_cast<size_t>(row * l.groups + g));
    }
  }
}

// What into the block's own matrix.
void put_weights(Learned& l, kernels::cpu::ThreadPool& pool) {
  const int levels = (1 << l.spec.bits) - 1;
  float* out = l.weights();
  pool.parallel_ranges(l.rows, 8, [&](int64_t begin, int64_t end) {
    each_group(l, begin, end, [&](int64_t at, int64_t n, size_t g) {
      const float s = scale_of(l, g), over = l.first[g] / s;
      const float low = static_cast<float>(-l.zeros[g]), high = static_cast<float>(levels - l.zeros[g]);
      for (int64_t k = at; k < at + n; ++k) {
        float q = (l.u[static_cast<size_t>(k)] * over + kRound) - kRound;
        q = q < low ? low : q;
        q = q > high ? high : q;
        out[k] = q * s;
      }
    });
  });
}

QuantizedArrays arrays_of(const Learned& l, kernels::cpu::ThreadPool& pool) {
  QuantizedArrays a;
  a.zeros = l.zeros;
  a.codes.resize(static_cast<size_t>(l.rows * l.cols));
  a.scales.resize(l.first.size());
  pool.parallel_ranges(l.rows, 8, [&](int64_t begin, int64_t end) {
    each_group(l, begin, end, [&](int64_t at, int64_t n, size_t g) {
      const float s = scale_of(l, g), over = l.first[g] / s;
      const int low = -l.zeros[g], high = (1 << l.spec.bits) - 1 - l.zeros[g];
      a.scales[g] = s;
      for (int64_t k = at; k < at + n; ++k) {
        const float q = (l.u[static_cast<size_t>(k)] * over + kRound) - kRound;
        a.codes[static_cast<size_t>(k)] =
            static_cast<uint8_t>(std::clamp(static_cast<int>(q), low, high) + l.zeros[g]);
      }
    });
  });
  return a;
}

Learned begin_with(Linear& linear, const QuantSpec& spec, const QuantizedArrays& start, const LearnSettings& settings,
                   kernels::cpu::ThreadPool& pool) {
  Learned l;
  l.linear = &linear;
  l.spec = spec;
  l.rows = linear.weight.rows();
  l.cols = linear.weight.cols();
  l.group = group_size(spec, l.cols);
  l.groups = group_count(spec, l.cols);
  l.first = start.scales;
  l.zeros = start.zeros;
  l.factor.assign(l.first.size(), 1.0f);
  l.factor_mean.assign(l.first.size(), 0.0f);
  l.factor_square.assign(l.first.size(), 0.0f);
  l.u.resize(static_cast<size_t>(l.rows * l.cols));
  const float* w = l.weights();
  const int levels = (1 << spec.bits) - 1;
  pool.parallel_ranges(l.rows, 8, [&](int64_t begin, int64_t end) {
    each_group(l, begin, end, [&](int64_t at, int64_t n, size_t g) {
      for (int64_t k = at; k < at + n; ++k) {
        const int code = start.codes[static_cast<size_t>(k)];
        const float q = static_cast<float>(code - l.zeros[g]), wanted = w[k] / l.first[g];
        // A code at the end of the range stands for everything beyond, but what lies far beyond could not be moved back.
        const float low = q - (code == 0 ? 1.0f : kInside), high = q + (code == levels ? 1.0f : kInside);
        l.u[static_cast<size_t>(k)] = std::clamp(wanted, low, high);
      }
    });
  });
  if (settings.bounded) l.begun = l.u;
  if (settings.adam) {
    l.mean.assign(l.u.size(), 0.0f);
    l.square.assign(l.u.size(), 0.0f);
  }
  return l;
}

float sign(float x) {
  return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : 0.0f;
}

// Adam's moments; as squares of gradients are tiny, they are kept as they come and only the quotient is used.
constexpr float kKeepMean = 0.9f, kKeepSquare = 0.99f, kTiny = 1e-30f;
float adam(float gradient, float& mean, float& square) {
  mean = kKeepMean * mean + (1.0f - kKeepMean) * gradient;
  square = kKeepSquare * square + (1.0f - kKeepSquare) * gradient * gradient;
  return mean / std::sqrt(square + kTiny);
}

// One step down the gradient of What. `step` from 0; `caution` multiplies the rates.
void move(Learned& l, const std::vector<float>& gradient, const LearnSettings& settings, int64_t step, double caution,
          kernels::cpu::ThreadPool& pool) {
  const int levels = (1 << l.spec.bits) - 1;
  const float steps = static_cast<float>(settings.steps), share = 1.0f - static_cast<float>(step) / steps;
  // Steps that fall linearly to zero add up to half their number times the first. Adam's quotient starts biased.
  float size = 2.0f / steps * share * static_cast<float>(caution);
  if (settings.adam) {
    const float n = static_cast<float>(step + 1);
    size *= std::sqrt(1.0f - std::pow(kKeepSquare, n)) / (1.0f - std::pow(kKeepMean, n));
  }
  const float rate = static_cast<float>(settings.reach) * size, scale_rate = static_cast<float>(settings.scale_reach) * size;
  pool.parallel_ranges(l.rows, 8, [&](int64_t begin, int64_t end) {
    each_group(l, begin, end, [&](int64_t at, int64_t n, size_t g) {
      const float s = scale_of(l, g), over = l.first[g] / s;
      const float low = static_cast<float>(-l.zeros[g]), high = static_cast<float>(levels - l.zeros[g]);
      float by_scale = 0.0f;
      for (int64_t k = at; k < at + n; ++k) {
        const size_t i = static_cast<size_t>(k);
        const float g_w = gradient[i], x = l.u[i] * over;
        float q = (x + kRound) - kRound;
        const bool inside = q >= low && q <= high;
        q = q < low ? low : q;
        q = q > high ? high : q;
        by_scale += g_w * (inside ? q - x : q);
        const float d = inside ? g_w : 0.0f;
        float next = l.u[i] - rate * (settings.adam ? adam(d, l.mean[i], l.square[i]) : sign(d));
        if (settings.bounded) next = std::clamp(next, l.begun[i] - 0.5f, l.begun[i] + 0.5f);
        l.u[i] = next;
      }
      const float turn = settings.adam ? adam(by_scale, l.factor_mean[g], l.factor_square[g]) : sign(by_scale);
      l.factor[g] = std::clamp(l.factor[g] * (1.0f - scale_rate * turn), kLeastFactor, kMostFactor);
    });
  });
}

// Samples of the text by index, whole, side by side.
class Pieces {
 public:
  Pieces(const BlockText& text, int64_t width) : text_(text), width_(width) {
    offsets_.push_back(0);
    for (const int64_t length : text.lengths) offsets_.push_back(offsets_.back() + length);
  }
  int64_t samples() const { return static_cast<int64_t>(text_.lengths.size()); }
  int64_t length(int64_t sample) const { return text_.lengths[static_cast<size_t>(sample)]; }
  void clear() { lengths.clear(), x.clear(), target.clear(), tokens = 0; }
  void add(int64_t sample) {
    const int64_t from = offsets_[static_cast<size_t>(sample)] * width_, count = length(sample) * width_;
    x.insert(x.end(), text_.input + from, text_.input + from + count);
    target.insert(target.end(), text_.target + from, text_.target + from + count);
    lengths.push_back(length(sample));
    tokens += length(sample);
  }

  std::vector<int64_t> lengths;
  std::vector<float> x, target;
  int64_t tokens = 0;

 private:
  const BlockText& text_;
  int64_t width_;
  std::vector<int64_t> offsets_;
};

}  // namespace

LearnSettings learn_settings(QuantMethod method) {
  LearnSettings s;
  s.bounded = method == QuantMethod::AutoRound;
  s.adam = !s.bounded;
  return s;
}

uint64_t learn_bytes(int64_t block_weights, int64_t width, const LearnSettings& settings) {
  const double weights = static_cast<double>(block_weights);
  // A block has about 12 D^2 weights and keeps about 6 numbers a token for each D of them, of which there are D more.
  const double activations = static_cast<double>(settings.tokens) * 6.0 * weights / static_cast<double>(std::max<int64_t>(width, 1));
  return static_cast<uint64_t>(weights * (4 + 4 + 4 + 4 + 4 + 4 + 4 + 4 + 1) + 4.0 * activations);
}

Result<LearnReport> learn_rounding(std::shared_ptr<Model> stage, Backend& backend, const BlockText& text,
                                   const std::vector<QuantSpec>& specs, std::vector<QuantizedArrays>& start,
                                   const LearnSettings& settings, std::stop_token stop,
                                   const std::function<void(double)>& progress) {
  LearnReport report;
  const std::vector<Linear*> linears = stage->weights.linears();
  const int64_t width = stage->config.width;
  Pieces pieces(text, width);
  if (pieces.samples() == 0) return report;
  const int64_t longest = *std::ranges::max_element(text.lengths);
  const int64_t most = std::max(settings.tokens, longest);
  SW_ASSIGN(const auto block, BlockGradient::create(stage, backend, most));

  kernels::cpu::ThreadPool pool(backend.threads());
  std::vector<Learned> learned;
  for (size_t i = 0; i < linears.size(); ++i) {
    learned.push_back(begin_with(*linears[i], specs[i], start[i], settings, pool));
  }

  // The same samples are kept aside in every block; where there are few, all of them judge and teach.
  std::mt19937_64 random(settings.seed);
  std::vector<int64_t> order(static_cast<size_t>(pieces.samples()));
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), random);
  size_t aside = 0;
  for (int64_t tokens = 0; aside < order.size() / 4 && tokens < settings.aside; ++aside) tokens += pieces.length(order[aside]);
  const size_t judges = aside > 0 ? aside : order.size();
  std::vector<int64_t> teachers(order.begin() + static_cast<std::ptrdiff_t>(aside), order.end());

  bool put = false;  // whether the block's matrices are those of the state now
  const auto put_all = [&] {
    for (Learned& l : learned) put_weights(l, pool);
    put = true;
  };
  const auto judge = [&] {
    put_all();
    double sum = 0.0;
    int64_t tokens = 0;
    for (size_t i = 0; i < judges;) {
      pieces.clear();
      do pieces.add(order[i++]);
      while (i < judges && pieces.tokens + pieces.length(order[i]) <= most);
      sum += block->error(pieces.lengths, pieces.x.data(), pieces.target.data());
      tokens += pieces.tokens;
    }
    return sum / static_cast<double>(tokens);
  };
  report.before = report.after = judge();
  const auto keep = [&] {
    for (Learned& l : learned) l.best_u = l.u, l.best_factor = l.factor;
  };
  keep();
  double caution = 1.0;

  std::vector<std::vector<float>> gradients;
  size_t next = teachers.size();
  for (int64_t step = 0; step < settings.steps; ++step) {
    if (stop.stop_requested()) {
      report.finished = false;
      break;
    }
    pieces.clear();
    do {
      if (next == teachers.size()) {
        std::shuffle(teachers.begin(), teachers.end(), random);
        next = 0;
      }
      if (pieces.tokens > 0 && pieces.tokens + pieces.length(teachers[next]) > most) break;
      pieces.add(teachers[next++]);
    } while (pieces.tokens < settings.tokens);
    if (!put) put_all();
    block->error_and_gradient(pieces.lengths, pieces.x.data(), pieces.target.data(), gradients);
    for (size_t i = 0; i < learned.size(); ++i) move(learned[i], gradients[i], settings, step, caution, pool);
    put = false;
    progress(static_cast<double>(step + 1) / static_cast<double>(settings.steps));
    if ((step + 1) * kLooks % settings.steps < kLooks) {
      const double error = judge();
      if (error < report.after) {
        report.after = error;
        keep();
      } else {
        // Too far: from the best state on, more carefully.
        for (Learned& l : learned) l.u = l.best_u, l.factor = l.best_factor;
        caution *= kBackOff;
        put = false;
      }
    }
  }
  for (size_t i = 0; i < learned.size(); ++i) {
    learned[i].u = std::move(learned[i].best_u);
    learned[i].factor = std::move(learned[i].best_factor);
    if (report.after < report.before) start[i] = arrays_of(learned[i], pool);
  }
  return report;
}

}  // namespace scalewright::quant
