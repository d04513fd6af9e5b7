// What is written comes back: the same bytes where nothing changed, the same weights in every container that claims to
// hold them, and an honest word where it does not.

#include <QtTest>
#include <cmath>
#include <cstring>
#include <functional>
#include <random>
#include <set>

#include "engine/backend/forwarding_backend.h"
#include "engine/core/file.h"
#include "engine/core/system.h"
#include "engine/export/dense_values.h"
#include "engine/export/exporter.h"
#include "engine/export/output_check.h"
#include "engine/export/gguf_container.h"
#include "engine/format/file_metadata.h"
#include "engine/format/gguf.h"
#include "engine/format/gguf_blocks.h"
#include "engine/format/safetensors.h"
#include "engine/model/gguf_tokenizer_keys.h"
#include "engine/model/train_graph.h"
#include "engine/tune/scale_pack.h"
#include "tests/testkit/golden_model.h"

using namespace scalewright;
namespace fs = std::filesystem;

namespace {

const char* const kGguf = "formats/gguf";

struct Scratch {
  QTemporaryDir folder;
  fs::path operator/(const std::string& name) const { return fs::path(folder.path().toStdString()) / name; }
};

std::vector<float> dense(const Matrix& matrix) {
  std::vector<float> all(static_cast<size_t>(matrix.rows() * matrix.cols()));
  for (int64_t r = 0; r < matrix.rows(); ++r) {
    matrix.dequantize_row(
        r, std::span(all).subspan(static_cast<size_t>(r * matrix.cols()), static_cast<size_t>(matrix.cols())));
  }
  return all;
}

// Compares block linears of two models that have the same order of rows.
void compare_linears(const Model& a, const Model& b) {
  const auto left = a.weights.linears(), right = b.weights.linears();
  QCOMPARE(left.size(), right.size());
  for (size_t i = 0; i < left.size(); ++i)
    QVERIFY2(dense(left[i]->weight) == dense(right[i]->weight), left[i]->name.c_str());
}

// Affine codes as a quantizer makes them: scales are halves, zero points as asked.
QuantizedMatrix affine(int64_t rows, int64_t cols, const QuantSpec& spec, int lowest_zero, int highest_zero,
                       unsigned seed) {
  std::mt19937 random(seed);
  const size_t groups = static_cast<size_t>(spec.group == 0 ? 1 : (cols + spec.group - 1) / spec.group);
  std::vector<uint8_t> codes(static_cast<size_t>(rows * cols));
  for (uint8_t& code : codes) code = static_cast<uint8_t>(random() % (1u << spec.bits));
  std::vector<float> scales(static_cast<size_t>(rows) * groups);
  for (float& scale : scales)
    scale = kernels::half_to_float(kernels::float_to_half(0.001f + static_cast<float>(random() % 1000) * 1e-5f));
  std::vector<int16_t> zeros(scales.size());
  for (int16_t& zero : zeros)
    zero = static_cast<int16_t>(lowest_zero +
                                static_cast<int>(random() % static_cast<unsigned>(highest_zero - lowest_zero + 1)));
  return testkit::need(QuantizedMatrix::from_affine(rows, cols, spec, codes, scales, zeros));
}

// A full-precision golden model whose linears are replaced by random codes.
std::shared_ptr<Model> quantized_family(const std::string& name, const QuantSpec& spec, int lowest_zero,
                                        int highest_zero) {
  auto model = testkit::open_model(testkit::golden_folder() / "families" / name);
  unsigned seed = 1;
  for (Linear* linear : model->weights.linears()) {
    linear->weight = affine(linear->weight.rows(), linear->weight.cols(), spec, lowest_zero, highest_zero, seed++);
  }
  return model;
}

}  // namespace

class TestExport : public QObject {
  Q_OBJECT
  std::unique_ptr<Backend> backend_;
  Observer quiet_;

 private slots:
  void initTestCase() { backend_ = testkit::need(make_backend({.threads = 1})); }

  void gguf_stays_the_same_file_data() {
    QTest::addColumn<QString>("path");
    int cases = 0;
    for (const auto& entry : fs::directory_iterator(testkit::golden_folder() / kGguf)) {
      if (entry.path().extension() != ".gguf") continue;
      QTest::newRow(entry.path().filename().c_str()) << QString::fromStdString(entry.path().string());
      ++cases;
    }
    QVERIFY(cases > 0);
    if (fs::exists(sample_model_path()))
      QTest::newRow("sample") << QString::fromStdString(sample_model_path().string());
  }
  void gguf_stays_the_same_file() {
    QFETCH(QString, path);
    Scratch scratch;
    const auto model = testkit::open_model(path.toStdString());
    const ExportCheck check =
        testkit::need(write_model(*model, ExportTarget::Gguf, scratch / "out.gguf", "", quiet_, {}));
    QVERIFY(check.exact);
    QVERIFY(testkit::need(read_text_file(path.toStdString())) == testkit::need(read_text_file(scratch / "out.gguf")));
    // Tuned by no step, in both granularities: still the same bytes.
    if (!model->tunable()) return;
    for (const Granularity granularity : {Granularity::Group, Granularity::Row}) {
      const TrainableLayout layout = trainable_layout(*model, granularity);
      std::vector<float> values(layout.total);
      initial_scales(*model, layout, values.data());
      const auto before = snapshot_scales(*model, layout);
      store_scales(*model, layout, values.data(), before);
      QVERIFY(testkit::need(write_model(*model, ExportTarget::Gguf, scratch / "out.gguf", "", quiet_, {})).exact);
      QVERIFY(testkit::need(read_text_file(path.toStdString())) == testkit::need(read_text_file(scratch / "out.gguf")));
    }
  }

  // Three bits in Q4_0 stay three bits to who reads the file, through every copy; four of them fill it.
  void a_file_says_its_bits() {
    Scratch scratch;
    const auto write = [&](const Model& model, const char* name, const char* type = "") {
      return testkit::need(write_model(model, ExportTarget::Gguf, scratch / name, type, quiet_, {})).bits;
    };
    const auto type_of = [&](const char* name) { return testkit::need(summarize_model(scratch / name)).type; };
    const auto says = [&](const char* name) {
      const GgufFile file = testkit::need(GgufFile::open(scratch / name));
      const GgufEntry* entry = file.entry("scalewright.bits");
      return entry == nullptr ? int64_t{0} : entry->as_int().value_or(-1);
    };
    const auto three = quantized_family("llama", {.bits = 3, .group = 32}, 4, 4);
    QCOMPARE(write(*three, "three.gguf"), 3);
    QCOMPARE(type_of("three.gguf"), std::string("W3 in Q4_0"));
    QCOMPARE(says("three.gguf"), int64_t{3});
    const auto opened = testkit::open_model(scratch / "three.gguf");
    QCOMPARE(write(*opened, "copy.gguf"), 3);
    const ExportReport packed = testkit::need(export_model(*opened, ExportTarget::Gptq, scratch / "gptq", "", *backend_, quiet_, {}));
    QVERIFY(packed.exact && packed.largest_logit_difference < 1e-3);
    QCOMPARE(type_of("gptq"), std::string("W3 g32"));
    QVERIFY(testkit::need(read_text_file(scratch / "copy.gguf")) == testkit::need(read_text_file(scratch / "three.gguf")));
    QCOMPARE(write(*opened, "eight.gguf", "q8_0"), 3);
    QCOMPARE(type_of("eight.gguf"), std::string("W3 in Q8_0"));
    QCOMPARE(write(*opened, "dense.gguf", "f16"), 0);
    QCOMPARE(says("dense.gguf"), int64_t{0});
    QCOMPARE(write(*quantized_family("llama", {.bits = 2, .group = 32}, 0, 3), "two.gguf"), 2);
    QCOMPARE(type_of("two.gguf"), std::string("W2 in Q4_0"));
    QCOMPARE(write(*quantized_family("llama", {.bits = 4, .group = 32}, 8, 8), "four.gguf"), 0);
    QCOMPARE(type_of("four.gguf"), std::string("Q4_0"));
    QCOMPARE(says("four.gguf"), int64_t{0});
    // Quantized anew, the word of the file that it came from no longer holds.
    unsigned seed = 1;
    for (Linear* linear : opened->weights.linears())
      linear->weight = affine(linear->weight.rows(), linear->weight.cols(), {.bits = 4, .group = 32}, 8, 8, seed++);
    QCOMPARE(write(*opened, "anew.gguf"), 0);
    QCOMPARE(says("anew.gguf"), int64_t{0});
  }

  // Gaps without a name and an unknown token that no type marks: reading mends them, and so does writing.
  void a_vocabulary_with_gaps_opens_again() {
    Scratch scratch;
    const fs::path source = testkit::golden_folder() / kGguf / "llama.gguf";
    if (!fs::exists(source)) QSKIP("the golden set has no such file");
    const auto model = testkit::open_model(source);
    GgufTokenizerData data = *testkit::need(gguf_tokenizer_keys(model->metadata->entries, "llama.gguf"));
    QCOMPARE(data.model, std::string("llama"));
    for (size_t id = 0; id < data.tokens.size(); ++id) {
      if (data.types[id] == 2) data.types[id] = 1;
      if (id + 2 >= data.tokens.size()) data.tokens[id].clear();
    }
    auto metadata = std::make_shared<FileMetadata>(*model->metadata);
    std::erase_if(metadata->entries, [](const GgufEntry& entry) { return entry.key.starts_with("tokenizer.ggml."); });
    for (GgufEntry& entry : gguf_tokenizer_entries(data)) metadata->entries.push_back(std::move(entry));
    model->metadata = metadata;
    QVERIFY(write_model(*model, ExportTarget::Safetensors, scratch / "folder", "", quiet_, {}));
    const auto read = testkit::need(make_tokenizer(data)), written = testkit::need(load_tokenizer_folder(scratch / "folder"));
    for (const char* text : {"A lighthouse keeper", "\xe6\x9d\xb1 and more", "", "two  spaces"})
      QCOMPARE(written->encode_ids(text, {}), read->encode_ids(text, {}));
    QCOMPARE(written->size(), read->size());
  }

  // general.file_type is that of most matrices, though the embedding may hold more weights than all of them.
  void a_file_says_its_type() {
    Scratch scratch;
    const auto model = quantized_family("gemma", {.bits = 4, .group = 32}, 8, 8);
    model->weights.layers.resize(1);
    model->config.layers = 1;
    QVERIFY(write_model(*model, ExportTarget::Gguf, scratch / "small.gguf", "", quiet_, {}).has_value());
    const GgufFile file = testkit::need(GgufFile::open(scratch / "small.gguf"));
    int64_t embedding = 0, four_bits = 0;
    for (const GgufTensor& tensor : file.tensors()) {
      if (tensor.type == GgufType::Q4_0) four_bits += tensor.rows() * tensor.cols();
      if (tensor.name == "token_embd.weight") embedding = tensor.rows() * tensor.cols();
    }
    QVERIFY(four_bits > 0 && embedding > four_bits);
    QCOMPARE(file.entry("general.file_type")->as_int().value_or(-1), int64_t{2});
  }

  // Its name, and what GGUF's own keys have for it; everything else of the header stays, and so do the weights.
  void a_tuned_file_says_so() {
    Scratch scratch;
    const fs::path source = testkit::golden_folder() / kGguf / "llama.gguf";
    if (!fs::exists(source)) QSKIP("the golden set has no such file");
    const auto model = testkit::open_model(source);
    const std::string name = GgufFile::open(source)->entry("general.name")->as_string().value_or("");
    const auto text_of = [](const GgufFile& file, const char* key) {
      const GgufEntry* entry = file.entry(key);
      return entry != nullptr ? entry->as_string().value_or("") : std::string();
    };
    const TrainableLayout layout = trainable_layout(*model, Granularity::Group);
    const auto base = snapshot_scales(*model, layout);
    testkit::need(write_model(*model, ExportTarget::Pack, scratch / "answers.safetensors", "", quiet_, {}));
    const ScalePack pack = testkit::need(ScalePack::load(scratch / "answers.safetensors", *model));
    pack.apply(*model, base);
    QCOMPARE(model->tuned_by, std::string("answers"));
    testkit::need(write_model(*model, ExportTarget::Gguf, scratch / "tuned.gguf", "", quiet_, {}));
    const GgufFile before = testkit::need(GgufFile::open(source));
    const GgufFile after = testkit::need(GgufFile::open(scratch / "tuned.gguf"));
    QCOMPARE(text_of(after, "general.name"), name + ", tuned: answers");
    QVERIFY(text_of(after, "general.finetune").ends_with("answers"));
    QCOMPARE(text_of(after, "general.base_model.0.name"), name);
    for (const GgufEntry& entry : before.entries()) {
      if (entry.key == "general.name" || entry.key == "general.finetune") continue;
      QVERIFY2(after.entry(entry.key) != nullptr && after.entry(entry.key)->bytes == entry.bytes, entry.key.c_str());
    }
    // Tuned on: each word stands there once more, the first base stays.
    const auto again = testkit::open_model(scratch / "tuned.gguf");
    again->tuned_by = "more";
    testkit::need(write_model(*again, ExportTarget::Gguf, scratch / "again.gguf", "", quiet_, {}));
    const GgufFile twice = testkit::need(GgufFile::open(scratch / "again.gguf"));
    QCOMPARE(text_of(twice, "general.name"), name + ", tuned: answers, tuned: more");
    QCOMPARE(text_of(twice, "general.base_model.0.name"), name);
    // A folder.
    testkit::need(write_model(*model, ExportTarget::Safetensors, scratch / "folder", "", quiet_, {}));
    const std::string config = testkit::need(read_text_file(scratch / "folder" / "config.json"));
    QVERIFY2(config.find("\"_name_or_path\": \"llama, tuned: answers\"") != std::string::npos, config.c_str());
    QVERIFY(testkit::need(summarize_model(scratch / "folder")).tuned);
    QVERIFY(testkit::need(summarize_model(scratch / "tuned.gguf")).tuned);
    QVERIFY(!testkit::need(summarize_model(source)).tuned);
    // Undone, it is the file it was.
    restore_scales(*model, layout, base);
    testkit::need(write_model(*model, ExportTarget::Gguf, scratch / "undone.gguf", "", quiet_, {}));
    QVERIFY(testkit::need(read_text_file(source)) == testkit::need(read_text_file(scratch / "undone.gguf")));
  }

  void families_to_gguf_data() {
    QTest::addColumn<QString>("name");
    for (const std::string& name : testkit::cases_with(testkit::golden_folder() / "families", "config.json"))
      QTest::newRow(name.c_str()) << QString::fromStdString(name);
  }
  void families_to_gguf() {
    QFETCH(QString, name);
    Scratch scratch;
    const auto model = testkit::open_model(testkit::golden_folder() / "families" / name.toStdString());
    const ExportReport report =
        testkit::need(export_model(*model, ExportTarget::Gguf, scratch / "out.gguf", "", *backend_, quiet_, {}));
    QVERIFY(report.exact);
    QVERIFY2(report.largest_logit_difference <= 1e-4, report.explanation.c_str());
    // And back again, from GGUF's keys and order of rows to a folder.
    const auto from_gguf = testkit::open_model(scratch / "out.gguf");
    const ExportReport back = testkit::need(
        export_model(*from_gguf, ExportTarget::Safetensors, scratch / "folder", "", *backend_, quiet_, {}));
    QVERIFY(back.exact);
    QVERIFY2(back.largest_logit_difference <= 1e-4, back.explanation.c_str());
    compare_linears(*model, *testkit::open_model(scratch / "folder"));
  }

  // transformers makes biases where config.json says so, whatever the weights hold.
  void biases_are_stated() {
    Scratch scratch;
    const auto config_of = [&](const char* family, bool feed_forward) {
      const auto model = testkit::open_model(testkit::golden_folder() / "families" / family);
      Layer& layer = model->weights.layers.back();
      Linear& linear = feed_forward ? layer.down : layer.attn_output;
      linear.bias.assign(static_cast<size_t>(linear.weight.rows()), 0.5f);
      const fs::path file = scratch / (std::string(family) + ".gguf");
      fs::remove(file);
      testkit::need(write_model(*model, ExportTarget::Gguf, file, "", quiet_, {}));
      return write_model(*testkit::open_model(file), ExportTarget::Safetensors, scratch / family, "", quiet_, {})
          .and_then([&](const auto&) { return read_text_file(scratch / family / "config.json"); });
    };
    const auto holds = [](const std::string& text, const char* part) { return text.find(part) != std::string::npos; };
    for (const bool feed_forward : {false, true}) {
      const std::string config = testkit::need(config_of("llama", feed_forward));
      QVERIFY(holds(config, feed_forward ? "\"attention_bias\": false" : "\"attention_bias\": true"));
      QVERIFY(holds(config, feed_forward ? "\"mlp_bias\": true" : "\"mlp_bias\": false"));
    }
    QVERIFY(holds(testkit::need(config_of("qwen3", false)), "\"attention_bias\": true"));
    const auto refused = config_of("qwen3", true);
    QVERIFY(!refused && holds(refused.error().message, "cannot state biases of its feed-forward part"));
  }

  void gguf_to_folder_data() { gguf_stays_the_same_file_data(); }
  void gguf_to_folder() {
    QFETCH(QString, path);
    if (path.contains("SmolLM2")) QSKIP("the small models show the same in less time");
    Scratch scratch;
    const auto model = testkit::open_model(path.toStdString());
    const ExportReport report =
        testkit::need(export_model(*model, ExportTarget::Safetensors, scratch / "folder", "", *backend_, quiet_, {}));
    QVERIFY2(report.largest_logit_difference <= 0.1, report.explanation.c_str());  // weights rounded to F16
    const auto back = testkit::open_model(scratch / "folder");
    QVERIFY(back->tokenizer != nullptr && back->chat_template != nullptr);
    QCOMPARE(back->bos_token, model->bos_token);
    QCOMPARE(back->eos_token, model->eos_token);
    QCOMPARE(back->add_bos, model->add_bos);
    const std::string text = "The 3 lighthouses of K\xc3\xb6ln, it's 1984.\n\n  Done!";
    QCOMPARE(back->tokenizer->encode_ids(text, {}), model->tokenizer->encode_ids(text, {}));
    // And to a GGUF again: the vocabulary is what it was.
    QVERIFY(write_model(*back, ExportTarget::Gguf, scratch / "again.gguf", "", quiet_, {}).has_value());
    const GgufFile first = testkit::need(GgufFile::open(path.toStdString())),
                   again = testkit::need(GgufFile::open(scratch / "again.gguf"));
    for (const char* key : {"tokens", "merges", "scores", "bos_token_id", "eos_token_id", "add_bos_token"}) {
      const GgufEntry* before = first.entry(std::string("tokenizer.ggml.") + key);
      const GgufEntry* after = again.entry(std::string("tokenizer.ggml.") + key);
      if (before == nullptr) continue;
      QVERIFY2(after != nullptr && before->bytes == after->bytes, key);
    }
    QCOMPARE(again.entry("tokenizer.chat_template")->as_string(), first.entry("tokenizer.chat_template")->as_string());
    QCOMPARE(testkit::open_model(scratch / "again.gguf")->tokenizer->encode_ids(text, {}),
             model->tokenizer->encode_ids(text, {}));
  }

  void a_quantized_type_is_for_the_layers() {
    const fs::path path = testkit::golden_folder() / kGguf / "llama.gguf";
    if (!fs::exists(path)) QSKIP("the golden set has no llama.gguf");
    Scratch scratch;
    const auto model = testkit::open_model(path);
    QVERIFY(write_model(*model, ExportTarget::Gguf, scratch / "q5.gguf", "q5_0", quiet_, {}).has_value());
    const auto back = testkit::open_model(scratch / "q5.gguf");
    QVERIFY(back->weights.token_embd.quant().layout() == model->weights.token_embd.quant().layout());
    QCOMPARE(back->weights.layers[0].down.weight.quant().layout().bits, uint8_t{5});
    compare_linears(*model, *back);
  }

  void checkpoints_data() {
    QTest::addColumn<QString>("name");
    const auto names = testkit::cases_with(testkit::golden_folder() / "formats" / "checkpoints", "config.json");
    QVERIFY(!names.empty());
    for (const std::string& name : names) QTest::newRow(name.c_str()) << QString::fromStdString(name);
  }
  void checkpoints() {
    QFETCH(QString, name);
    Scratch scratch;
    const fs::path source = testkit::golden_folder() / "formats" / "checkpoints" / name.toStdString();
    const auto model = testkit::open_model(source);
    const bool reordered = !model->weights.linears().front()->weight.quant().column_order().empty();
    const ExportTarget own = model->container == Container::Gptq  ? ExportTarget::Gptq
                             : model->container == Container::Awq ? ExportTarget::Awq
                                                                  : ExportTarget::CompressedTensors;
    // To its own format: every tensor has the bytes it had.
    const ExportReport same = testkit::need(export_model(*model, own, scratch / "same", "", *backend_, quiet_, {}));
    QVERIFY(same.exact);
    QCOMPARE(same.largest_logit_difference, 0.0);
    const SafetensorsFile before = testkit::need(SafetensorsFile::open(source / "model.safetensors"));
    const SafetensorsFile after = testkit::need(SafetensorsFile::open(scratch / "same/model.safetensors"));
    for (const SafetensorsTensor& tensor : before.tensors()) {
      const SafetensorsTensor* other = after.find(tensor.name);
      QVERIFY2(other != nullptr && other->dtype == tensor.dtype && other->shape == tensor.shape, tensor.name.c_str());
      std::vector<std::byte> a(tensor.bytes), b(tensor.bytes);
      QVERIFY(before.read(tensor, 0, a).has_value() && after.read(*other, 0, b).has_value());
      QVERIFY2(a == b, tensor.name.c_str());
    }
    // To GGUF: exact unless the groups are not of neighbours.
    const ExportReport gguf =
        testkit::need(export_model(*model, ExportTarget::Gguf, scratch / "out.gguf", "", *backend_, quiet_, {}));
    QCOMPARE(gguf.exact, !reordered);
    QVERIFY2(gguf.largest_logit_difference <= (reordered ? 0.05 : 1e-4), gguf.explanation.c_str());
  }

  void containers_data() {
    QTest::addColumn<int>("bits");
    QTest::addColumn<int>("group");
    QTest::addColumn<int>("lowest");
    QTest::addColumn<int>("highest");
    QTest::addColumn<int>("cols");
    QTest::addColumn<QString>("type");  // by the table of integers and types
    QTest::newRow("4 bits, z = 8") << 4 << 64 << 8 << 8 << 576 << "Q4_0";
    QTest::newRow("4 bits, any z, groups") << 4 << 64 << 0 << 15 << 576 << "Q5_0";
    QTest::newRow("4 bits, z of 0, 4, 16") << 4 << 32 << 0 << 0 << 64 << "Q4_1";
    QTest::newRow("4 bits, any z, rows") << 4 << 0 << 0 << 15 << 512 << "Q4_K";
    QTest::newRow("4 bits, any z, rows of 576") << 4 << 0 << 0 << 15 << 576 << "Q5_0";
    QTest::newRow("3 bits, any z") << 3 << 128 << 0 << 7 << 512 << "Q4_0";
    QTest::newRow("3 bits, z = 4, rows") << 3 << 0 << 4 << 4 << 512 << "Q3_K";
    QTest::newRow("2 bits, z = 1") << 2 << 64 << 1 << 1 << 192 << "Q2_0";
    QTest::newRow("2 bits, z = 2") << 2 << 64 << 2 << 2 << 192 << "Q2_0";
    QTest::newRow("2 bits, z = 1, rows") << 2 << 0 << 1 << 1 << 512 << "TQ2_0";
    QTest::newRow("2 bits, any z, rows") << 2 << 0 << 0 << 3 << 512 << "Q2_K";
    QTest::newRow("2 bits, any z, groups") << 2 << 32 << 0 << 3 << 512 << "Q4_0";
    QTest::newRow("8 bits, z = 128") << 8 << 32 << 128 << 128 << 96 << "Q8_0";
    QTest::newRow("6 bits, z = 32, rows") << 6 << 0 << 32 << 32 << 256 << "Q6_K";
  }
  void containers() {
    QFETCH(int, bits);
    QFETCH(int, group);
    QFETCH(int, lowest);
    QFETCH(int, highest);
    QFETCH(int, cols);
    QFETCH(QString, type);
    const int64_t rows = 21;
    const Matrix matrix(affine(rows, cols, {.bits = bits, .group = group}, lowest, highest, 7));
    const ContainerPlan plan = testkit::need(plan_container(matrix, "w", ""));
    QCOMPARE(QString::fromStdString(std::string(gguf_type_info(plan.type).name)), type);
    QVERIFY(plan.exact());
    std::string blocks;
    const auto written = write_in_container(matrix, plan, [&](std::span<const std::byte> part) -> Result<void> {
      blocks.append(reinterpret_cast<const char*>(part.data()), part.size());
      return {};
    });
    QVERIFY(written.has_value());
    const kernels::QuantLayout layout = *gguf_layout(plan.type, rows, cols);
    const size_t row_bytes = blocks.size() / static_cast<size_t>(rows);
    const QuantizedMatrix back = testkit::need(
        QuantizedMatrix::build(layout, [&](int64_t strip, const kernels::PlainStrip& plain) -> Result<void> {
          decode_gguf_strip(
              plan.type, layout,
              reinterpret_cast<const uint8_t*>(blocks.data()) + static_cast<size_t>(16 * strip) * row_bytes,
              static_cast<int>(std::min<int64_t>(16, rows - 16 * strip)), plain);
          return {};
        }));
    std::vector<float> want(static_cast<size_t>(rows * cols)), got(want.size());
    matrix.quant().dequantize(want);
    back.dequantize(got);
    for (size_t i = 0; i < want.size(); ++i)
      QVERIFY2(std::abs(want[i] - got[i]) <= 1e-6f * std::abs(want[i]),
               qPrintable(QString("%1: %2 and %3").arg(i).arg(want[i]).arg(got[i])));
  }

  void a_type_that_rounds_says_so() {
    const Matrix matrix(affine(16, 64, {.bits = 4, .group = 32}, 0, 15, 3));
    const ContainerPlan plan = testkit::need(plan_container(matrix, "w", "q4_1"));
    QVERIFY(plan.loss == Loss::Zeros && !plan.note.empty());
    QVERIFY(!plan_container(matrix, "w", "q4_0").has_value());
    QVERIFY(!plan_container(matrix, "w", "q9_9").has_value());
    const Matrix nine_bits(affine(16, 64, {.bits = 8, .group = 32}, 100, 150, 3));
    QCOMPARE(testkit::need(plan_container(nine_bits, "w", "")).loss, Loss::Integers);
  }

  void quantized_models_to_every_format_data() {
    QTest::addColumn<QString>("name");
    for (const std::string& name : testkit::cases_with(testkit::golden_folder() / "families", "config.json"))
      QTest::newRow(name.c_str()) << QString::fromStdString(name);
  }
  void quantized_models_to_every_format() {
    QFETCH(QString, name);
    Scratch scratch;
    const auto model = quantized_family(name.toStdString(), {.bits = 4, .group = 0}, 1, 15);
    const ExportReport gguf =
        testkit::need(export_model(*model, ExportTarget::Gguf, scratch / "out.gguf", "", *backend_, quiet_, {}));
    QCOMPARE(gguf.bytes, testkit::need(check_export(*model, ExportTarget::Gguf, "")).bytes);
    const bool whole_blocks =
        std::ranges::all_of(model->weights.linears(), [](const Linear* l) { return l->weight.cols() % 32 == 0; });
    QCOMPARE(gguf.exact, whole_blocks);
    QVERIFY2(gguf.largest_logit_difference <= (whole_blocks ? 1e-3 : 0.2), gguf.explanation.c_str());
    for (const ExportTarget target : {ExportTarget::Gptq, ExportTarget::Awq, ExportTarget::CompressedTensors}) {
      const fs::path folder = scratch / std::to_string(static_cast<int>(target));
      const ExportReport report = testkit::need(export_model(*model, target, folder, "", *backend_, quiet_, {}));
      QVERIFY2(report.exact, report.explanation.c_str());
      QCOMPARE(report.largest_logit_difference, 0.0);
      const uint64_t told = testkit::need(check_export(*model, target, "")).bytes;
      QVERIFY2(told + 2048 >= report.bytes && told <= report.bytes + 2048, std::to_string(told).c_str());  // config.json
      compare_linears(*model, *testkit::open_model(folder));
    }
  }

  // A GGUF file gives codes more bits than they need; the integers themselves are the same, and fit again.
  void integers_of_a_gguf_file_fit_again_data() {
    QTest::addColumn<int>("bits");
    QTest::addColumn<int>("lowest");
    QTest::addColumn<int>("highest");
    QTest::addColumn<QString>("type");
    QTest::newRow("4 bits, free, in Q5_0") << 4 << 0 << 15 << "Q5_0";
    QTest::newRow("4 bits, low zero points, in Q5_0") << 4 << 1 << 3 << "Q5_0";
    QTest::newRow("4 bits in Q8_0") << 4 << 0 << 15 << "Q8_0";
    QTest::newRow("2 bits in Q4_0") << 2 << 0 << 3 << "Q4_0";
    QTest::newRow("symmetric 4 bits in Q5_0") << 4 << 8 << 8 << "Q5_0";
  }
  void integers_of_a_gguf_file_fit_again() {
    if (!fs::exists(testkit::golden_folder() / "families" / "llama")) QSKIP("the golden set has no llama");
    QFETCH(int, bits);
    QFETCH(int, lowest);
    QFETCH(int, highest);
    QFETCH(QString, type);
    Scratch scratch;
    const auto first = quantized_family("llama", {.bits = bits, .group = 32}, lowest, highest);
    QVERIFY(write_model(*first, ExportTarget::Gguf, scratch / "a.gguf", type.toStdString(), quiet_, {}).has_value());
    const auto model = testkit::open_model(scratch / "a.gguf");
    for (const ExportTarget target : {ExportTarget::Gptq, ExportTarget::Awq, ExportTarget::CompressedTensors}) {
      const ExportReport report = testkit::need(export_model(*model, target, scratch / "out", "", *backend_, quiet_, {}));
      QVERIFY2(report.exact, report.explanation.c_str());
      QVERIFY2(report.largest_logit_difference <= 1e-3, report.explanation.c_str());
      const auto again = testkit::open_model(scratch / "out");
      if (model->config.rope_style == again->config.rope_style) compare_linears(*model, *again);
      const auto left = first->weights.linears(), right = again->weights.linears();
      for (size_t i = 0; i < left.size(); ++i) {
        if (left[i]->name.ends_with("attn_q") || left[i]->name.ends_with("attn_k")) continue;  // rows may be in another order
        QVERIFY2(dense(left[i]->weight) == dense(right[i]->weight), left[i]->name.c_str());
        QVERIFY(right[i]->weight.quant().layout().bits <= (type == "Q8_0" ? 8 : 4));
      }
    }
  }

  // The size told before the work is that of the folder, not of a GGUF with the same integers.
  void folder_forecast() {
    const fs::path folder = testkit::golden_folder() / "families" / "llama";
    if (!fs::exists(folder)) QSKIP("the golden set has no llama");
    const ModelSummary summary = testkit::need(summarize_model(folder));
    for (const ExportTarget target : {ExportTarget::Gptq, ExportTarget::Awq, ExportTarget::CompressedTensors}) {
      for (const int bits : {2, 4, 8}) {
        if (target == ExportTarget::Awq && bits != 4) continue;
        QuantizeRequest request;
        request.method = QuantMethod::Rtn;
        request.spec = {.bits = bits, .group = 32, .symmetric = false};
        const QuantizeForecast forecast = testkit::need(forecast_folder(summary, request, target));
        const auto model = quantized_family("llama", request.spec, 1, (1 << bits) - 1);
        const uint64_t written = testkit::need(check_export(*model, target, "")).bytes;
        const int64_t difference = static_cast<int64_t>(forecast.file_bytes) - static_cast<int64_t>(written);
        QVERIFY2(std::abs(difference) <= 4096, std::to_string(difference).c_str());  // headers
        QVERIFY2(forecast.explanation.find("folder holds") != std::string::npos, forecast.explanation.c_str());
        QVERIFY(forecast.memory_bytes > 0 && forecast.container.empty());
      }
    }
  }

  void gptq_version_follows_the_zero_points() {
    if (!fs::exists(testkit::golden_folder() / "families" / "llama")) QSKIP("the golden set has no llama");
    const auto first = quantized_family("llama", {.bits = 3, .group = 32}, 4, 4);
    QCOMPARE(testkit::need(check_export(*first, ExportTarget::Gptq, "")).container,
             std::string("GPTQ v1, 3 bits, groups of 32"));
    // Of one side only: version 1 could say it, but GPTQModel does not read it from others.
    const auto between = quantized_family("llama", {.bits = 3, .group = 32}, 1, 7);
    QCOMPARE(testkit::need(check_export(*between, ExportTarget::Gptq, "")).container,
             std::string("GPTQ v2, 3 bits, groups of 32"));
    const auto second = quantized_family("llama", {.bits = 3, .group = 32}, 0, 7);
    QCOMPARE(testkit::need(check_export(*second, ExportTarget::Gptq, "")).container,
             std::string("GPTQ v2, 3 bits, groups of 32"));
    Scratch scratch;
    for (const auto& model : {first, second}) {
      QVERIFY(write_model(*model, ExportTarget::Gptq, scratch / "gptq", "", quiet_, {})
                  .has_value());  // twice: replaces its own
      compare_linears(*model, *testkit::open_model(scratch / "gptq"));
    }
    // Three bits fit in four; what needs all of its five fits in none of them.
    QCOMPARE(testkit::need(check_export(*first, ExportTarget::Awq, "")).container, std::string("AWQ, 4 bits, groups of 32"));
    const auto five = quantized_family("llama", {.bits = 5, .group = 32}, 0, 31);
    QVERIFY(!check_export(*five, ExportTarget::Awq, "").has_value());
  }

  // Whatever the path looks like, what is read is not replaced.
  void never_replaces_what_it_reads() {
    Scratch scratch;
    const auto names = testkit::cases_with(testkit::golden_folder() / "families", "config.json");
    QVERIFY(!names.empty());
    fs::create_directories(scratch / "models");
    fs::copy(testkit::golden_folder() / "families" / names.front(), scratch / "models/hf", fs::copy_options::recursive);
    const auto model = testkit::open_model(scratch / "models/hf");
    QVERIFY(write_model(*model, ExportTarget::Gguf, scratch / "models/a.gguf", "", quiet_, {}).has_value());
    const auto file = testkit::open_model(scratch / "models/a.gguf");
    fs::create_symlink(scratch / "models/a.gguf", scratch / "link.gguf");
    fs::create_hard_link(scratch / "models/a.gguf", scratch / "hard.gguf");
    fs::create_directory_symlink(scratch / "models", scratch / "there");
    const std::string before = testkit::need(read_text_file(scratch / "models/a.gguf"));
    for (const char* output : {"models/a.gguf", "link.gguf", "hard.gguf", "there/a.gguf", "models/../models/a.gguf"}) {
      const auto refused = write_model(*file, ExportTarget::Gguf, scratch / output, "", quiet_, {});
      QVERIFY2(!refused, output);
      QVERIFY2(refused.error().message.find("model being read") != std::string::npos, refused.error().message.c_str());
      QVERIFY2(!export_model(*file, ExportTarget::Gguf, scratch / output, "", *backend_, quiet_, {}), output);
    }
    for (const char* output : {"models/hf", "models/hf/", "models", "there/hf", "."})
      QVERIFY2(!write_model(*model, ExportTarget::Safetensors, scratch / output, "", quiet_, {}), output);
    QVERIFY(!write_model(*model, ExportTarget::Gguf, scratch / "models/hf/config.json", "", quiet_, {}));
    QCOMPARE(testkit::need(read_text_file(scratch / "models/a.gguf")), before);
    QVERIFY(fs::exists(scratch / "models/hf/config.json"));
    // Beside it, and into it under a new name, is allowed; the parts of a split file are one model.
    const std::vector<KeptPath> kept = {{scratch / "models/a.gguf", "the model"}, {scratch / "models/hf", "the folder"}};
    for (const char* output : {"models/b.gguf", "models/hf/new.gguf", "models/hf2", "a.gguf"})
      QVERIFY2(check_output(scratch / output, kept), output);
    fs::copy_file(scratch / "models/a.gguf", scratch / "m-00001-of-00002.gguf");
    const std::vector<KeptPath> split = {{scratch / "m-00001-of-00002.gguf", "the model"}};
    QVERIFY(!check_output(scratch / "m-00002-of-00002.gguf", split));
    QVERIFY(check_output(scratch / "m-00002-of-00003.gguf", split));
    QVERIFY(check_output(scratch / "n-00002-of-00002.gguf", split));
  }

  void outputs_are_tried_before_the_work() {
    Scratch scratch;
    QVERIFY(try_output(scratch / "new.gguf", false));
    QVERIFY(try_output(scratch / "Model-1.7B", true));
    QVERIFY(!try_output(scratch / "no/such.gguf", false));
    QVERIFY(!try_output(scratch / "no/such", true));

    for (const char* name : {"q.bin", "q.GGUF", "q.safetensors"}) QVERIFY2(!try_output(scratch / name, true), name);
    QVERIFY(fs::is_empty(scratch / ""));
    ModelSummary model;
    model.tensors.push_back({.name = "blk.0.attn_q.weight", .type = "F32", .shape = {64, 64}});
    const auto holds = [&](int bits, int group, bool symmetric, const char* type) {
      return check_gguf_holds(model, {.bits = bits, .group = group, .symmetric = symmetric}, type);
    };
    for (const int bits : {2, 3, 4, 5, 6}) QVERIFY(holds(bits, 32, false, "") && holds(bits, 32, true, ""));
    QVERIFY(holds(8, 32, true, ""));
    const auto eight = holds(8, 32, false, "");
    QVERIFY(!eight);
    QVERIFY2(eight.error().message.find("--symmetric") != std::string::npos, eight.error().message.c_str());
    QVERIFY(holds(4, 32, true, "Q4_0") && holds(4, 32, false, "q4_1") && holds(4, 64, false, "Q8_0") && holds(4, 0, false, "F16"));
    QVERIFY(!holds(4, 32, false, "Q4_0"));
    QVERIFY(!holds(5, 32, true, "Q4_0"));
    const auto folder = [&](int bits, int group, int64_t rows, int64_t cols, ExportTarget target) {
      model.tensors.front().shape = {rows, cols};
      const auto found = check_folder_holds(model, {.bits = bits, .group = group, .symmetric = true}, target);
      return found ? std::string() : found.error().message;
    };
    QCOMPARE(folder(4, 128, 64, 1536, ExportTarget::Gptq), std::string());
    QVERIFY(folder(4, 128, 64, 576, ExportTarget::Gptq).find("groups of 64") != std::string::npos);
    QCOMPARE(folder(4, 0, 64, 576, ExportTarget::Gptq), std::string());
    QVERIFY(folder(5, 64, 64, 576, ExportTarget::Gptq).find("2, 3, 4 and 8 bits") != std::string::npos);
    QVERIFY(folder(3, 32, 40, 576, ExportTarget::Gptq).find("whole words") != std::string::npos);
    QVERIFY(!folder(8, 64, 64, 576, ExportTarget::Awq).empty() && folder(4, 64, 64, 576, ExportTarget::Awq).empty());
    model.tensors.front().shape = {64, 64};
    // Rows that no block of GGUF divides: refused where they are all, counted where they are some.
    model.tensors.front().shape = {64, 240};
    for (const char* type : {"", "Q4_0"}) {
      const auto odd = holds(4, 32, true, type);
      QVERIFY(!odd && odd.error().code == ErrorCode::Unsupported);
      QVERIFY2(odd.error().message.find("the rows of this model (240)") != std::string::npos && odd.error().message.find("group 0") != std::string::npos, odd.error().message.c_str());
    }
    QVERIFY(holds(4, 32, true, "F16"));
    model.tensors.push_back({.name = "blk.0.ffn_down.weight", .type = "F32", .shape = {64, 64}});
    QVERIFY(holds(4, 32, true, ""));
    QVERIFY(gguf_leaves(model).all == 2 && gguf_leaves(model).left == 1);
    model.tensors.pop_back();
    model.tensors.front().shape = {64, 64};
    const auto unknown = holds(4, 32, true, "Q9_9");
    QVERIFY(!unknown);
    QCOMPARE(unknown.error().code, ErrorCode::InvalidArgument);
  }

  // A folder is replaced as a whole: only one that holds a model and nothing else.
  void a_folder_of_other_things_stays() {
    Scratch scratch;
    const auto names = testkit::cases_with(testkit::golden_folder() / "families", "config.json");
    QVERIFY(!names.empty());
    const auto model = testkit::open_model(testkit::golden_folder() / "families" / names.front());
    const fs::path folder = scratch / "folder";
    const auto write = [&] { return write_model(*model, ExportTarget::Safetensors, folder, "", quiet_, {}); };
    QVERIFY(write());
    for (const char* other : {"package.json", "src/main.js", ".git/HEAD", "other.gguf", "answers.safetensors", "config.json.part-1-0"}) {
      fs::create_directories((folder / other).parent_path());
      QVERIFY(write_text_file(folder / other, "mine"));
      const std::string first = fs::path(other).begin()->string();
      for (const auto& refused : {try_output(folder, true), write().map([](const ExportCheck&) {})}) {
        QVERIFY2(!refused, other);
        QCOMPARE(refused.error().code, ErrorCode::InvalidArgument);
        QVERIFY2(refused.error().message.find("holds " + first + ",") != std::string::npos, refused.error().message.c_str());
      }
      QCOMPARE(testkit::need(read_text_file(folder / other)), std::string("mine"));
      fs::remove_all(folder / first);
    }
    // What hubs put beside a model goes with it, and a link to the folder leads to the new one.
    for (const char* hub : {"README.md", "LICENSE", ".gitattributes", "quantize_config.json", "model-00001-of-00002.safetensors", "model.safetensors.index.json"})
      QVERIFY(write_text_file(folder / hub, "old"));
    fs::create_directory_symlink(folder, scratch / "link");
    fs::create_directories(scratch / "folder.part-1-0/folder");  // of a killed process
    QVERIFY(write_text_file(scratch / "folder.part-1-0/folder/model.safetensors", "x"));
    QVERIFY(write_model(*model, ExportTarget::Safetensors, scratch / "link/", "", quiet_, {}));
    QVERIFY(!fs::exists(folder / "README.md") && fs::exists(folder / "model.safetensors") && fs::is_symlink(scratch / "link"));
    std::set<std::string> left;
    for (const auto& entry : fs::directory_iterator(scratch / "")) left.insert(entry.path().filename().string());
    QCOMPARE(left, (std::set<std::string>{"folder", "link"}));
  }

  // What cannot be opened again, or is stopped while it is compared, replaces nothing.
  void a_bad_file_replaces_nothing() {
    Scratch scratch;
    const auto model = quantized_family("llama", {.bits = 4, .group = 32}, 8, 8);
    struct AtCompare : Observer {
      std::function<void()> act;
      void progress(const Progress& p) override {
        if (p.step == "comparing with the model in memory") act();
      }
    } observer;
    const auto made = [&] {
      std::vector<fs::path> all;
      for (const auto& entry : fs::recursive_directory_iterator(scratch / ""))
        if (entry.is_regular_file() && entry.path().string().find(".part-") != std::string::npos) all.push_back(entry.path());
      return all;
    };
    for (const ExportTarget target : {ExportTarget::Gguf, ExportTarget::Gptq}) {
      const fs::path out = scratch / (target == ExportTarget::Gguf ? "out.gguf" : "out");
      const fs::path tensors = target == ExportTarget::Gguf ? out : out / "model.safetensors";
      observer.act = [] {};
      QVERIFY(export_model(*model, target, out, "", *backend_, observer, {}));
      const std::string good = testkit::need(read_text_file(tensors));
      observer.act = [&] {
        for (const fs::path& file : made())
          if (file.filename() == tensors.filename()) fs::resize_file(file, 4000);
      };
      const auto bad = export_model(*model, target, out, "", *backend_, observer, {});
      QVERIFY(!bad);
      QVERIFY2(bad.error().message.starts_with(out.string()), bad.error().message.c_str());
      QVERIFY2(bad.error().message.find(".part-") == std::string::npos && bad.error().message.ends_with("was not kept."), bad.error().message.c_str());
      QVERIFY(testkit::need(read_text_file(tensors)) == good);
      std::stop_source stop;
      observer.act = [&] { stop.request_stop(); };
      QVERIFY(!export_model(*model, target, out, "", *backend_, observer, stop.get_token()));
      QVERIFY(testkit::need(read_text_file(tensors)) == good && made().empty());
    }
    // Where the comparison has no room, what was written is kept.
    struct Full : ForwardingBackend {
      using ForwardingBackend::ForwardingBackend;
      std::optional<DeviceMemory> device_memory() const override { return DeviceMemory{.name = "a full card"}; }
    } full(*backend_);
    const auto unjudged = export_model(*model, ExportTarget::Gguf, scratch / "kept.gguf", "", full, quiet_, {});
    QVERIFY(!unjudged);
    QCOMPARE(unjudged.error().code, ErrorCode::OutOfMemory);
    QVERIFY2(unjudged.error().message.find("a full card") != std::string::npos && unjudged.error().message.find("is kept") != std::string::npos, unjudged.error().message.c_str());
    QVERIFY(testkit::need(read_text_file(scratch / "kept.gguf")) == testkit::need(read_text_file(scratch / "out.gguf")));
  }

  void refusals_leave_nothing() {
    Scratch scratch;
    const auto names = testkit::cases_with(testkit::golden_folder() / "families", "config.json");
    QVERIFY(!names.empty());
    const auto model = testkit::open_model(testkit::golden_folder() / "families" / names.front());
    QVERIFY(!write_model(*model, ExportTarget::Gptq, scratch / "gptq", "", quiet_, {}).has_value());  // not quantized
    QVERIFY(!fs::exists(scratch / "gptq"));
    fs::create_directories(scratch / "photos");
    QVERIFY(write_text_file(scratch / "photos/one.jpg", "x").has_value());
    QVERIFY(!write_model(*model, ExportTarget::Safetensors, scratch / "photos", "", quiet_, {}).has_value());
    QVERIFY(fs::exists(scratch / "photos/one.jpg"));
    QVERIFY(!write_model(*model, ExportTarget::Gguf, scratch / "no/such/folder.gguf", "", quiet_, {}).has_value());
    std::stop_source stopped;
    stopped.request_stop();
    QVERIFY(!write_model(*model, ExportTarget::Gguf, scratch / "stopped.gguf", "", quiet_, stopped.get_token())
                 .has_value());
    QVERIFY(!write_model(*model, ExportTarget::Safetensors, scratch / "stopped", "", quiet_, stopped.get_token())
                 .has_value());
    size_t left = 0;
    for ([[maybe_unused]] const auto& entry : fs::directory_iterator(scratch / "")) ++left;
    QCOMPARE(left, size_t{1});  // photos
  }
};

QTEST_APPLESS_MAIN(TestExport)
#include "test_export.moc"
