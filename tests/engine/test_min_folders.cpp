// Folders of MLX (affine) and HQQ, made here from a golden family by their published layouts: read, computed, written as
// GGUF, tuned by nothing.

#include <set>

#include "engine/export/exporter.h"
#include "engine/format/safetensors.h"
#include "engine/model/tensor_names.h"
#include "engine/quant/quantizer.h"
#include "tests/testkit/golden_model.h"

using namespace scalewright;
using namespace scalewright::testkit;

namespace {

constexpr int64_t kGroup = 32;

// A tensor of the folder that is being made.
struct Made {
  SafetensorsTensor header;
  std::vector<std::byte> data;
};
template <class T>
Made made(std::string name, std::string dtype, std::vector<int64_t> shape, const std::vector<T>& values) {
  Made m;
  m.header.name = std::move(name);
  m.header.dtype = std::move(dtype);
  m.header.shape = std::move(shape);
  const auto bytes = std::as_bytes(std::span(values));
  m.data.assign(bytes.begin(), bytes.end());
  return m;
}

std::vector<uint16_t> halves(const std::vector<float>& values, float factor = 1.0f) {
  std::vector<uint16_t> out;
  for (const float value : values) out.push_back(kernels::float_to_half(value * factor));
  return out;
}

// The parts of one linear as MLX stores them: codes LSB first along the inputs, W = scale * q + bias.
void add_mlx(const std::string& module, int64_t rows, int64_t cols, int bits, const QuantizedArrays& q,
             std::vector<Made>& out) {
  std::vector<uint32_t> words(static_cast<size_t>(rows * cols * bits / 32), 0);
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t k = 0; k < cols; ++k) {
      for (int b = 0; b < bits; ++b) {
        const int64_t bit = k * bits + b;
        const uint32_t on = q.codes[static_cast<size_t>(row * cols + k)] >> b & 1u;
        words[static_cast<size_t>(row * cols * bits / 32 + bit / 32)] |= on << (bit % 32);
      }
    }
  }
  out.push_back(made(module + ".weight", "U32", {rows, cols * bits / 32}, words));
  out.push_back(made(module + ".scales", "F16", {rows, cols / kGroup}, halves(q.scales)));
  out.push_back(made(module + ".biases", "F16", {rows, cols / kGroup}, halves(q.scales, -static_cast<float>(1 << (bits - 1)))));
}

// HQQ: groups are rows of a matrix [N K / g, g]; its first part stands in the highest bits of bytes, or for 3 bits of the
// lower 30 bits of words, where zeros fill up the last part.
template <class Word>
void add_hqq_codes(const std::string& name, const char* dtype, int64_t parts, int bits, const QuantizedArrays& q,
                   std::vector<Made>& out) {
  const int64_t groups = static_cast<int64_t>(q.scales.size()), lines = (groups + parts - 1) / parts;
  std::vector<Word> packed(static_cast<size_t>(lines * kGroup), 0);
  for (int64_t g = 0; g < groups; ++g) {
    for (int64_t i = 0; i < kGroup; ++i) {
      const int64_t shift = bits * (parts - 1 - g / lines);
      packed[static_cast<size_t>(g % lines * kGroup + i)] |=
          static_cast<Word>(static_cast<Word>(q.codes[static_cast<size_t>(g * kGroup + i)]) << shift);
    }
  }
  out.push_back(made(name, dtype, {lines, kGroup}, packed));
}
void add_hqq(const std::string& module, int bits, const QuantizedArrays& q, std::vector<Made>& out) {
  const int64_t groups = static_cast<int64_t>(q.scales.size());
  if (bits == 3)
    add_hqq_codes<int32_t>(module + ".W_q", "I32", 10, bits, q, out);
  else
    add_hqq_codes<uint8_t>(module + ".W_q", "U8", 8 / bits, bits, q, out);
  out.push_back(made(module + ".scale", "F16", {groups, 1}, halves(q.scales)));
  out.push_back(made(module + ".zero", "F16", {groups, 1},
                     std::vector<uint16_t>(static_cast<size_t>(groups), kernels::float_to_half(static_cast<float>(1 << (bits - 1))))));
}

}  // namespace

class TestMinFolders : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() {
    if (!fs::exists(golden_folder() / "families" / "llama")) QSKIP("the golden set is not here");
  }

  void folders_data() {
    QTest::addColumn<bool>("mlx");
    QTest::addColumn<int>("bits");
    for (const int bits : {2, 3, 4, 8}) QTest::addRow("mlx %d bits", bits) << true << bits;
    for (const int bits : {2, 3, 4, 8}) QTest::addRow("hqq %d bits", bits) << false << bits;
  }
  void folders() {
    QFETCH(bool, mlx);
    QFETCH(int, bits);
    const fs::path source = golden_folder() / "families" / "llama";
    const auto expected = open_model(source);  // becomes the same model, quantized in memory
    const SafetensorsFile tensors = need(SafetensorsFile::open(source / "model.safetensors"));
    std::vector<Made> all;
    std::set<std::string> taken;
    const QuantSpec spec{bits, static_cast<int>(kGroup), true};
    for (Linear* linear : expected->weights.linears()) {
      const int64_t rows = linear->weight.rows(), cols = linear->weight.cols();
      std::vector<float> w(static_cast<size_t>(rows * cols));
      for (int64_t row = 0; row < rows; ++row)
        linear->weight.dequantize_row(row, std::span(w).subspan(static_cast<size_t>(row * cols), static_cast<size_t>(cols)));
      const QuantizedArrays q = quantize_rtn(w, rows, cols, spec);
      linear->weight = Matrix(need(QuantizedMatrix::from_affine(rows, cols, spec, q.codes, q.scales, q.zeros)));
      const std::string module = "model." + hf_tensor_name(expected->config, linear->name, false);
      taken.insert(module + ".weight");
      mlx ? add_mlx(module, rows, cols, bits, q, all) : add_hqq(module, bits, q, all);
    }
    for (const SafetensorsTensor& tensor : tensors.tensors()) {
      if (taken.contains(tensor.name)) continue;
      Made copy;
      copy.header = tensor;
      copy.data.resize(tensor.bytes);
      QVERIFY(tensors.read(tensor, 0, copy.data).has_value());
      all.push_back(std::move(copy));
    }
    QTemporaryDir temporary;
    const fs::path folder = fs::path(temporary.path().toStdString()) / "model";
    fs::create_directories(folder);
    auto config = read_json(source / "config.json");
    if (mlx)
      config["quantization"] = {{"group_size", kGroup}, {"bits", bits}};
    else
      config["quantization_config"] = {
          {"quant_method", "hqq"},
          {"quant_config", {{"weight_quant_params", {{"nbits", bits}, {"group_size", kGroup}, {"axis", 1}}}}}};
    std::ofstream(folder / "config.json") << config.dump();
    std::vector<SafetensorsTensor> headers;
    for (const Made& m : all) headers.push_back(m.header);
    {
      SafetensorsWriter writer = need(SafetensorsWriter::create(folder / "model.safetensors", headers, {}));
      for (const Made& m : all) QVERIFY(writer.write(m.data).has_value());
      QVERIFY(writer.commit().has_value());
    }

    const auto opened = open_model(folder);
    QVERIFY(opened->tunable());
    QCOMPARE(opened->container, mlx ? Container::Mlx : Container::Hqq);
    for (size_t i = 0; i < opened->weights.linears().size(); ++i) {
      const Matrix& a = opened->weights.linears()[i]->weight;
      const Matrix& b = expected->weights.linears()[i]->weight;
      QCOMPARE(int(a.quant().layout().bits), bits);
      QCOMPARE(a.quant().layout().kind, kernels::BlockKind::Min);
      std::vector<float> x(static_cast<size_t>(a.cols())), y(x.size());
      for (int64_t row = 0; row < a.rows(); ++row) {
        a.dequantize_row(row, x);
        b.dequantize_row(row, y);
        for (size_t k = 0; k < x.size(); ++k) QVERIFY(std::abs(x[k] - y[k]) <= 1e-3f * (std::abs(y[k]) + 1e-4f));
      }
    }
    // Into a GGUF and back: the same codes. Eight bits with an offset fit no GGUF type and are refused or written dense.
    if (bits <= 4) {
      Observer quiet;
      const ExportCheck check = need(write_model(*opened, ExportTarget::Gguf, folder / "out.gguf", "", quiet, {}));
      QVERIFY(check.exact);
      const auto back = open_model(folder / "out.gguf");
      std::vector<float> x(static_cast<size_t>(opened->config.feed_forward)), y(x.size());
      for (int64_t row = 0; row < opened->config.width; ++row) {
        opened->weights.layers[1].down.weight.dequantize_row(row, x);
        back->weights.layers[1].down.weight.dequantize_row(row, y);
        QVERIFY(x == y);
      }
    }
    // No step of tuning: scales that are stored as they were leave every byte as it was.
    const TrainableLayout layout = trainable_layout(*opened, Granularity::Group);
    std::vector<float> values(layout.total);
    initial_scales(*opened, layout, values.data());
    const auto before = snapshot_scales(*opened, layout);
    const std::string hash = opened->codes_hash();
    store_scales(*opened, layout, values.data(), before);
    QVERIFY(snapshot_scales(*opened, layout) == before);
    QCOMPARE(opened->codes_hash(), hash);
  }
};

QTEST_APPLESS_MAIN(TestMinFolders)
#include "test_min_folders.moc"
