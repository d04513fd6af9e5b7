#include "engine/quant/calibration.h"

#include <algorithm>
#include <new>

#include "engine/data/dataset.h"
#include "engine/model/transformer.h"
#include "engine/quant/tap_backend.h"
#include "kernels/cpu/thread_pool.h"

namespace scalewright::quant {
namespace {

constexpr int64_t kTokensAtOnce = 512;  // samples are put side by side up to about this many tokens

}  // namespace

Result<CalibrationText> read_calibration(const std::filesystem::path& path, const Model& model, int64_t samples,
                                         int64_t context, uint64_t seed) {
  SW_ASSIGN(const Dataset dataset, import_dataset(path, {}));
  EncodeSettings settings;
  settings.context = context;
  settings.train_on_inputs = true;
  SW_ASSIGN(EncodedDataset encoded, encode_dataset(dataset, model, settings));
  const int64_t rows = static_cast<int64_t>(encoded.examples.size());
  if (samples > 0 && samples < rows) {
    const double fraction = static_cast<double>(samples) / static_cast<double>(rows);
    encoded = split_dataset(std::move(encoded), fraction, seed).second;
  }
  CalibrationText text;
  for (EncodedExample& example : encoded.examples) {
    text.tokens += static_cast<int64_t>(example.ids.size());
    text.longest = std::max(text.longest, static_cast<int64_t>(example.ids.size()));
    text.samples.push_back(std::move(example.ids));
  }
  return text;
}

struct CalibrationRun::Impl {
  Impl(std::shared_ptr<Model> s, Backend& b, CalibrationText t, int threads, Precision p)
      : stage(std::move(s)), backend(b), tapped(b), text(std::move(t)), pool(threads), precision(p) {}

  std::shared_ptr<Model> stage;
  Backend& backend;
  TapBackend tapped;
  CalibrationText text;
  kernels::cpu::ThreadPool pool;
  Precision precision;
  std::vector<float> stream;  // [tokens, D]: what the next block reads
  std::vector<float> output;  // [tokens at once, D] where the stream is to stay as it is
  std::vector<float> kept;    // [tokens, ...]: what a site's product will read once it is quantized
  std::vector<float> scratch;
  std::vector<int32_t> first;  // [tokens at once]: lowest key of each
  AlignedBytes workspace;

  int64_t most_tokens() const;
  // The stage as it is now, and room for its numbers; buffers but the stream's.
  Result<Transformer> bind(BlockBuffers& buffers, RopeRows& rope);
  WorkspaceLoan lend() { return {backend, workspace.data(), workspace.size()}; }  // after bind()
  // Positions and lowest keys of samples begin .. end - 1 side by side.
  BlockTokens place(Transformer& net, const RopeRows& rope, size_t begin, size_t end);
  template <class PerPiece>
  void for_pieces(const PerPiece& visit) const;
};

// Whole samples, side by side: visit(index of the first sample, samples, first token, tokens).
template <class PerPiece>
void CalibrationRun::Impl::for_pieces(const PerPiece& visit) const {
  size_t begin = 0;
  int64_t token = 0;
  while (begin < text.samples.size()) {
    size_t end = begin;
    int64_t count = 0;
    do {
      count += static_cast<int64_t>(text.samples[end].size());
      ++end;
    } while (end < text.samples.size() && count + static_cast<int64_t>(text.samples[end].size()) <= kTokensAtOnce);
    if (!visit(begin, end, token, count)) return;
    begin = end;
    token += count;
  }
}

int64_t CalibrationRun::Impl::most_tokens() const {
  int64_t most = 0;
  for_pieces([&](size_t, size_t, int64_t, int64_t count) {
    most = std::max(most, count);
    return true;
  });
  return most;
}

Result<Transformer> CalibrationRun::Impl::bind(BlockBuffers& buffers, RopeRows& rope) {
  SW_ASSIGN(Transformer net, Transformer::bind(*stage, backend));
  const int64_t most = most_tokens();
  const int64_t D = net.width(), F = net.feed_forward(), half = net.half_rotary();
  const size_t bytes = net.workspace_bytes(backend, most, 1);
  if (workspace.size() < bytes) workspace = AlignedBytes(bytes);
  output.resize(static_cast<size_t>(most * D));
  first.resize(static_cast<size_t>(most));
  const auto take = [&, at = int64_t{0}](int64_t columns) mutable {
    const int64_t begin = at;
    at += most * columns;
    return begin;
  };
  auto cursor = take;
  const int64_t normed = cursor(D), qkv = cursor(net.qkv_width()), attn = cursor(net.q_width()),
                gate_up = cursor(2 * F), act = cursor(F);
  const int64_t cos = cursor(half), sin = cursor(half), local_cos = cursor(half), local_sin = cursor(half);
  const int64_t gathered = cursor(std::max<int64_t>(net.ordered_cols(), 1)), total = cursor(0);
  scratch.resize(static_cast<size_t>(total));
  float* base = scratch.data();
  buffers.normed = buffers.y_output = buffers.y_down = base + normed;
  buffers.qkv = buffers.rot = base + qkv;
  buffers.attn = base + attn;
  buffers.gate_up = base + gate_up;
  buffers.act = base + act;
  buffers.gathered = base + gathered;
  rope = {.cos = base + cos, .sin = base + sin};
  if (net.local_rope()) {
    rope.local_cos = base + local_cos;
    rope.local_sin = base + local_sin;
  }
  return net;
}

BlockTokens CalibrationRun::Impl::place(Transformer& net, const RopeRows& rope, size_t begin, size_t end) {
  int64_t t = 0;
  for (size_t s = begin; s < end; ++s) {
    const int64_t length = static_cast<int64_t>(text.samples[s].size()), sample_begin = t;
    for (int64_t p = 0; p < length; ++p, ++t) {
      first[static_cast<size_t>(t)] = static_cast<int32_t>(sample_begin);
      net.fill_rope(rope, t, p, length);
    }
  }
  return {.count = t, .first = first.data(), .rope = rope};
}

CalibrationRun::CalibrationRun(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CalibrationRun::~CalibrationRun() = default;

const float* CalibrationRun::stream() const {
  return impl_->stream.data();
}
std::vector<int64_t> CalibrationRun::lengths() const {
  std::vector<int64_t> lengths;
  for (const auto& sample : impl_->text.samples) lengths.push_back(static_cast<int64_t>(sample.size()));
  return lengths;
}

Result<std::unique_ptr<CalibrationRun>> CalibrationRun::create(std::shared_ptr<Model> stage, Backend& backend,
                                                               CalibrationText text, int threads, Precision precision) {
  auto impl = std::make_unique<Impl>(std::move(stage), backend, std::move(text), threads, precision);
  const ModelConfig& config = impl->stage->config;
  for (const auto& sample : impl->text.samples) {
    for (int32_t id : sample) {
      if (id < 0 || id >= config.vocabulary) {
        return fail(ErrorCode::Format, impl->stage->name + ": its tokenizer gives the id " + std::to_string(id) +
                                           ", but the embedding has " + std::to_string(config.vocabulary) +
                                           " rows. The tokenizer does not belong to this model.");
      }
    }
  }
  try {
    impl->stream.resize(static_cast<size_t>(impl->text.tokens * config.width));
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::OutOfMemory,
                "The calibration text needs " + std::to_string(bytes(impl->text.tokens, config.width) >> 20) +
                    " MiB for its hidden states. Use fewer calibration samples or a shorter context.");
  }
  // Only the embedding is read here, before the first block is there: as Transformer::embed does it.
  impl->for_pieces([&](size_t begin, size_t end, int64_t token, int64_t) {
    for (size_t s = begin; s < end; ++s) {
      const auto& ids = impl->text.samples[s];
      const int64_t count = static_cast<int64_t>(ids.size());
      backend.embed(ids.data(), count, impl->stage->weights.token_embd.view(),
                    static_cast<float>(config.embedding_factor), impl->stream.data() + token * config.width,
                    config.width);
      token += count;
    }
    return true;
  });
  return std::unique_ptr<CalibrationRun>(new CalibrationRun(std::move(impl)));
}

Result<bool> CalibrationRun::run_block(Statistics* statistics, bool keep, std::stop_token stop) {
  Impl& run = *impl_;
  BlockBuffers buffers;
  RopeRows rope;
  SW_ASSIGN(Transformer net, run.bind(buffers, rope));
  const WorkspaceLoan loan = run.lend();
  const int64_t D = net.width();
  run.tapped.clear();
  if (statistics) {
    const BoundLayer& layer = net.layer(0);
    const std::array<const BoundLinear*, kSites> watched = {&layer.qkv.items[0], &layer.output, &layer.gate_up.items[0],
                                                            &layer.down};
    for (int site = 0; site < kSites; ++site) {
      InputStatistics* sums = (*statistics)[static_cast<size_t>(site)].get();
      if (!sums) continue;
      run.tapped.watch(
          TapBackend::data_of(watched[static_cast<size_t>(site)]->view),
          [sums, &run](const float* x, int64_t ldx, int64_t T) { sums->add(x, ldx, T, run.pool); },
          !keep && site + 1 == static_cast<int>(kSites));  // the block's last product
    }
  }

  bool finished = true;
  run.for_pieces([&](size_t begin, size_t end, int64_t token, int64_t count) {
    if (stop.stop_requested()) {
      finished = false;
      return false;
    }
    float* rows = run.stream.data() + token * D;
    if (!keep) {
      std::copy(rows, rows + count * D, run.output.begin());
      rows = run.output.data();
    }
    buffers.x = buffers.mid = buffers.next = rows;
    net.block(run.tapped, 0, run.place(net, rope, begin, end), buffers, nullptr, run.precision);
    return true;
  });
  run.tapped.clear();
  return finished;
}

Result<bool> CalibrationRun::run_sites(const QuantizeSite& quantize, bool keep, std::stop_token stop,
                                       uint64_t most_kept) {
  Impl& run = *impl_;
  BlockBuffers buffers;
  RopeRows rope;
  SW_ASSIGN(Transformer net, run.bind(buffers, rope));
  const WorkspaceLoan loan = run.lend();
  const int64_t D = net.width(), F = net.feed_forward(), Q = net.q_width();
  const bool keeps = bytes(run.text.tokens, F) <= most_kept;
  const std::array<int64_t, kSites> widths = {D, Q, D, F};
  run.kept.resize(static_cast<size_t>(run.text.tokens * (keeps ? std::max(Q, F) : Q)));
  float* const act = buffers.act;
  const auto gate = [&](int64_t token, int64_t count) {
    if (keeps) buffers.act = run.kept.data() + token * F;
    net.feed_forward_products(run.backend, 0, count, buffers, run.precision);
    run.backend.gated(buffers.gate_up, 2 * F, buffers.gate_up + F, 2 * F, count, F, net.config().activation,
                      buffers.act, F);
  };
  // Each piece of text up to the input of a site, from where the site before it left off.
  const auto advance = [&](Site site, size_t begin, size_t end, int64_t token, int64_t count) -> const float* {
    const Layer& layer = *net.layer(0).layer;
    buffers.x = buffers.mid = buffers.next = run.stream.data() + token * D;
    buffers.attn = run.kept.data() + token * Q;
    switch (site) {
      case Site::Qkv:
        run.backend.rmsnorm(buffers.x, D, count, 1, D, layer.attn_norm.data(), net.epsilon(), buffers.normed, D,
                            nullptr);
        return buffers.normed;
      case Site::AttentionOutput:
        net.attend(run.backend, 0, run.place(net, rope, begin, end), buffers, nullptr, run.precision);
        return buffers.attn;
      case Site::GateUp:
        net.attention_end(run.backend, 0, count, buffers, run.precision);
        run.backend.rmsnorm(buffers.mid, D, count, 1, D, layer.ffn_norm.data(), net.epsilon(), buffers.normed, D,
                            nullptr);
        return buffers.normed;
      case Site::Down:
        gate(token, count);
        return buffers.act;
    }
    return nullptr;
  };
  bool finished = true;
  for (size_t site = 0; site < kSites; ++site) {
    InputStatistics statistics(widths[site], true);
    run.for_pieces([&](size_t begin, size_t end, int64_t token, int64_t count) {
      finished = !stop.stop_requested();
      if (finished)
        statistics.add(advance(static_cast<Site>(site), begin, end, token, count), widths[site], count, run.pool);
      return finished;
    });
    if (!finished) return false;
    SW_ASSIGN(finished, quantize(static_cast<Site>(site), statistics));
    if (!finished) return false;
    buffers.act = act;
    SW_ASSIGN(net, run.bind(buffers, rope));
  }
  if (!keep) return true;
  run.for_pieces([&](size_t, size_t, int64_t token, int64_t count) {
    finished = !stop.stop_requested();
    if (!finished) return false;
    buffers.mid = buffers.next = run.stream.data() + token * D;
    keeps ? void(buffers.act = run.kept.data() + token * F) : gate(token, count);
    net.add_feed_forward(run.backend, 0, count, buffers, run.precision);
    return true;
  });
  return finished;
}

}  // namespace scalewright::quant
