#include "ui/jobs/model_details.h"

#include <algorithm>
#include <cmath>
#include <limits>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "engine/model/model_reader.h"

namespace scalewright::ui {
namespace {

constexpr int kBins = 60;
constexpr int64_t kMostWeights = 1 << 22;               // of one tensor that are looked at for its error
constexpr uint64_t kHashBelow = uint64_t{700} << 20;    // bytes of a model that is read whole for its hash

float fromHalf(uint16_t half) {
  const int exponent = half >> 10 & 31;
  const int mantissa = half & 1023;
  const float sign = half & 0x8000 ? -1.0f : 1.0f;
  if (exponent == 0) return sign * std::ldexp(float(mantissa), -24);
  if (exponent == 31) return mantissa ? std::numeric_limits<float>::quiet_NaN() : sign * std::numeric_limits<float>::infinity();
  return sign * std::ldexp(float(mantissa | 1024), exponent - 25);
}

// sum of step^2 / 12 against sum of squared weights, over the first strips of the matrix.
double roundingError(const QuantizedMatrix& matrix) {
  using kernels::BlockKind;
  const kernels::QuantLayout& layout = matrix.layout();
  const int64_t width = layout.chunks() * kernels::kChunk, groups = layout.groups(), subs = layout.subs();
  double noise = 0.0, signal = 0.0;
  int64_t seen = 0;
  // visit() has no early end: an error that we make ourselves is one.
  (void)matrix.visit([&](int64_t strip, const kernels::PlainStrip& plain) -> Result<void> {
    for (int row = 0; row < kernels::kStripRows && strip * kernels::kStripRows + row < layout.rows; ++row) {
      for (int64_t sub = 0; sub < subs; ++sub) {
        const int64_t group = sub * layout.sub / layout.block;
        const int64_t gi = row * groups + group, si = row * subs + sub;
        const float d = fromHalf(plain.scale[gi]);
        float a = d, c = 0.0f;
        switch (layout.kind) {
          case BlockKind::Offset: c = d * layout.offset; break;
          case BlockKind::Min: c = -fromHalf(plain.scale_min[gi]); break;
          case BlockKind::Affine: c = d * plain.zero[gi]; break;
          case BlockKind::KMin:
            a = d * plain.sub_scale[si];
            c = fromHalf(plain.scale_min[gi]) * plain.sub_min[si];
            break;
          case BlockKind::KScale:
            a = d * plain.sub_scale[si];
            c = a * layout.offset;
            break;
        }
        const int64_t from = sub * layout.sub, to = std::min<int64_t>(from + layout.sub, layout.cols);
        for (int64_t k = from; k < to; ++k) {
          const float w = a * plain.codes[row * width + k] - c;
          signal += double(w) * w;
        }
        noise += double(a) * a / 12.0 * double(to - from);
        seen += to - from;
      }
    }
    if (seen >= kMostWeights) return fail(ErrorCode::InvalidArgument, "enough");
    return {};
  });
  return signal > 0 ? std::sqrt(noise / signal) : std::numeric_limits<double>::quiet_NaN();
}

TensorFigures figuresOf(const Linear& linear, int layer) {
  TensorFigures figures;
  figures.layer = layer;
  const size_t dot = linear.name.find('.', 4);
  figures.row = linear.name.starts_with("blk.") && dot != std::string::npos ? linear.name.substr(dot + 1) : linear.name;
  figures.error = std::numeric_limits<double>::quiet_NaN();
  if (!linear.weight.quantized()) {
    figures.bits = linear.weight.dense().type == kernels::DenseType::F32 ? 32 : 16;
    return figures;
  }
  const QuantizedMatrix& matrix = linear.weight.quant();
  figures.bits = matrix.bits_per_weight();
  figures.error = roundingError(matrix);
  const int64_t count = matrix.rows() * matrix.layout().groups();
  figures.scales = count;
  std::vector<float> scale(count), second(matrix.layout().has_second_scale() ? count : 0);
  matrix.read_scales(scale, second);
  for (float& value : scale) value = std::abs(value);
  const auto [low, high] = std::minmax_element(scale.begin(), scale.end());
  figures.lowestScale = *low;
  // A few outliers must not squeeze the rest into one bar: the upper end is the 99.9th part of a hundred.
  std::vector<float> sorted = scale;
  const size_t nth = std::min<size_t>(sorted.size() - 1, size_t(double(sorted.size()) * 0.999));
  std::nth_element(sorted.begin(), sorted.begin() + long(nth), sorted.end());
  figures.lowestScale = 0.0;
  figures.highestScale = std::max<double>(sorted[nth], *high * 0.05);
  figures.histogram.assign(kBins, 0.0f);
  const double span = figures.highestScale > 0 ? figures.highestScale : 1.0;
  for (float value : scale) figures.histogram[std::clamp(int(value / span * kBins), 0, kBins - 1)] += 1.0f;
  return figures;
}

}  // namespace

Result<ModelDetails> readModelDetails(const QString& path, const EventStream<TensorFigures>& figures, JobContext& context) {
  SW_ASSIGN(const std::unique_ptr<ModelReader> reader, ModelReader::open(path.toStdString()));
  const std::shared_ptr<Model> model = reader->skeleton();
  ModelDetails details;
  details.layers = model->config.layers;
  if (model->tokenizer) details.tokenizer = model->tokenizer->kind();
  if (model->chat_template) {
    details.templateSource = model->chat_template->source();
    RenderOptions options;
    options.bos_token = model->bos_token;
    options.eos_token = model->eos_token;
    const std::vector<Message> talk{{"system", "Turn the order into JSON."},
                                    {"user", "Two boxes of blue pens for Ghent, please."},
                                    {"assistant", "{\"item\": \"pens, blue\", \"quantity\": 2, \"unit\": \"box\", \"ship_to\": \"Ghent\"}"}};
    auto rendered = model->chat_template->render(talk, options);
    if (!rendered) rendered = model->chat_template->render({talk[1], talk[2]}, options);  // some refuse a system turn
    if (rendered)
      details.example = std::move(*rendered);
    else
      details.templateProblem = rendered.error().message;
  }
  const bool whole = model->file_bytes > 0 && model->file_bytes < kHashBelow;
  for (int layer = 0; layer < details.layers; ++layer) {
    if (context.stopRequested()) return details;
    context.progress({"layer " + std::to_string(layer), double(layer) / details.layers, -1.0});
    SW_ASSIGN(Layer weights, reader->read_layer(layer));
    std::vector<const Linear*> linears;
    for (const Linear& linear : weights.qkv) linears.push_back(&linear);
    linears.push_back(&weights.attn_output);
    for (const Linear& linear : weights.gate_up) linears.push_back(&linear);
    linears.push_back(&weights.down);
    for (const Linear* linear : linears) {
      TensorFigures tensor = figuresOf(*linear, layer);
      if (std::find(details.rows.begin(), details.rows.end(), tensor.row) == details.rows.end()) details.rows.push_back(tensor.row);
      details.scales += tensor.scales;
      figures.push(tensor);
      details.tensors.push_back(std::move(tensor));
    }
    if (whole) model->weights.layers[layer] = std::move(weights);
  }
  if (whole) details.codesHash = model->codes_hash();
  model->weights.layers.clear();
#ifdef __GLIBC__
  malloc_trim(0);  // what was read goes back to the machine at once: the window stays small
#endif
  return details;
}

}  // namespace scalewright::ui
