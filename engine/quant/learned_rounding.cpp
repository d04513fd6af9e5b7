#include "engine/quant/learned_rounding.h"

#include <algorithm>
#include <numeric>
#include <random>

#include "engine/quant/block_gradient.h"
#include "engine/quant/grid.h"
#include "engine/quant/learned_linear.h"
#include "kernels/cpu/thread_pool.h"

namespace scalewright::quant {
namespace {

constexpr int kLooks = 4;  // at the text kept aside, in the second half of the steps

// s (q - z) into the block's own matrix.
void put_arrays(Linear& linear, const QuantSpec& spec, const QuantizedArrays& arrays, kernels::cpu::ThreadPool& pool) {
  const int64_t cols = linear.weight.cols(), group = group_size(spec, cols), groups = group_count(spec, cols);
  float* out = reinterpret_cast<float*>(linear.weight.dense().data.data());
  pool.parallel_ranges(linear.weight.rows(), 8, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      for (int64_t k = 0; k < cols; ++k) {
        const size_t g = static_cast<size_t>(row * groups + k / group), i = static_cast<size_t>(row * cols + k);
        out[i] = static_cast<float>(arrays.codes[i] - arrays.zeros[g]) * arrays.scales[g];
      }
    }
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
  s.reach = s.bounded ? 0.5 : 1.0;
  return s;
}

uint64_t learn_bytes(int64_t block_weights, int64_t width, const LearnSettings& settings) {
  const double weights = static_cast<double>(block_weights);
  // A block has about 12 D^2 weights and keeps about 6 numbers a token for each D of them, of which there are D more.
  const double activations = static_cast<double>(settings.tokens) * 6.0 * weights / static_cast<double>(std::max<int64_t>(width, 1));
  // In fp32: the block twice, where it began, v and its best, gradients, Adam's means; the codes of two starts.
  return static_cast<uint64_t>(weights * (8 * 4 + 2) + 4.0 * activations);
}

Result<LearnReport> learn_rounding(std::shared_ptr<Model> stage, Backend& backend, const BlockText& text,
                                   const std::vector<QuantSpec>& specs, const LearnStarts& starts,
                                   std::vector<QuantizedArrays>& arrays, const LearnSettings& settings,
                                   std::stop_token stop, const std::function<void(double)>& progress) {
  LearnReport report;
  const std::vector<Linear*> linears = stage->weights.linears();
  Pieces pieces(text, stage->config.width);
  if (pieces.samples() == 0) return report;
  const int64_t most = std::max(settings.tokens, *std::ranges::max_element(text.lengths));
  SW_ASSIGN(const auto block, BlockGradient::create(stage, backend, most));
  kernels::cpu::ThreadPool pool(backend.threads());

  // The same samples are kept aside in every block; where there are few, all of them judge and teach.
  std::mt19937_64 random(settings.seed);
  std::vector<int64_t> order(static_cast<size_t>(pieces.samples()));
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), random);
  size_t aside = 0;
  for (int64_t tokens = 0; aside < order.size() / 4 && tokens < settings.aside; ++aside) tokens += pieces.length(order[aside]);
  const size_t judges = aside > 0 ? aside : order.size();
  std::vector<int64_t> teachers(order.begin() + static_cast<std::ptrdiff_t>(aside), order.end());
  const auto judge = [&] {
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

  for (size_t i = 0; i < linears.size(); ++i) put_arrays(*linears[i], specs[i], arrays[i], pool);
  report.before = judge();
  std::vector<LearnedLinear> learned;
  learned.reserve(linears.size());
  for (size_t i = 0; i < linears.size(); ++i)
    learned.emplace_back(*linears[i], specs[i], starts.arrays[i], starts.weights[i], settings.bounded);
  const auto put_all = [&] {
    for (const LearnedLinear& linear : learned) linear.put(pool);
  };
  put_all();
  report.start = report.after = judge();

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
    block->error_and_gradient(pieces.lengths, pieces.x.data(), pieces.target.data(), gradients);
    // Rates that fall linearly to zero add up to half their number times the first.
    const double share = 1.0 - static_cast<double>(step) / static_cast<double>(settings.steps);
    const float size = static_cast<float>(2.0 * share / static_cast<double>(settings.steps));
    for (size_t i = 0; i < learned.size(); ++i)
      learned[i].move(gradients[i], static_cast<float>(settings.reach) * size, static_cast<float>(settings.range_reach) * size, pool);
    put_all();
    progress(static_cast<double>(step + 1) / static_cast<double>(settings.steps));
    const bool look = 2 * (step + 1) >= settings.steps && (step + 1) * 2 * kLooks % settings.steps < 2 * kLooks;
    if (!look && step + 1 < settings.steps) continue;
    const double error = judge();
    if (error < report.after) {
      report.after = error;
      for (LearnedLinear& linear : learned) linear.keep();
    }
  }
  if (report.after < report.before) {
    for (size_t i = 0; i < learned.size(); ++i) {
      learned[i].restore();
      arrays[i] = learned[i].arrays(pool);
    }
  } else {
    report.after = report.before;
  }
  return report;
}

}  // namespace scalewright::quant
