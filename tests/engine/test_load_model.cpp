// Models from GGUF files and from folders: what comes into memory, and what is refused by name.

#include <QtTest>
#include <cmath>
#include <numeric>

#include "engine/core/system.h"
#include "engine/model/config_reader.h"
#include "engine/model/model_reader.h"
#include "engine/model/session.h"
#include "tests/testkit/golden_model.h"

using namespace scalewright;
namespace fs = std::filesystem;

namespace {

const Matrix* find_matrix(const Weights& weights, const std::string& name) {
  if (name == "token_embd.weight") return &weights.token_embd;
  if (name == "output.weight") return &weights.output;
  for (const Linear* linear : weights.linears()) {
    if (linear->name + ".weight" == name) return &linear->weight;
  }
  return nullptr;
}

const std::vector<float>* find_vector(const Weights& weights, const std::string& name) {
  if (name == "output_norm.weight") return &weights.output_norm;
  for (const Linear* linear : weights.linears()) {
    if (linear->name + ".bias" == name) return &linear->bias;
  }
  for (size_t i = 0; i < weights.layers.size(); ++i) {
    const Layer& layer = weights.layers[i];
    const std::string prefix = "blk." + std::to_string(i) + ".";
    const std::pair<const char*, const std::vector<float>*> norms[] = {{"attn_norm", &layer.attn_norm},
                                                                       {"ffn_norm", &layer.ffn_norm},
                                                                       {"post_attention_norm", &layer.post_attn_norm},
                                                                       {"post_ffw_norm", &layer.post_ffn_norm},
                                                                       {"attn_q_norm", &layer.q_norm},
                                                                       {"attn_k_norm", &layer.k_norm}};
    for (const auto& [part, values] : norms) {
      if (name == prefix + part + ".weight") return values;
    }
  }
  return nullptr;
}

// Largest difference from golden logits [B, T, V].
double logit_error(const std::shared_ptr<Model>& model, Backend& backend, const fs::path& ids_path,
                   const fs::path& logits_path) {
  const NpyArray shape = testkit::need(read_npy(ids_path));
  const std::vector<int32_t> ids = testkit::need(npy_as_int32(shape));
  const std::vector<float> want = testkit::need(npy_as_float(testkit::need(read_npy(logits_path))));
  const int64_t rows = shape.shape[0], length = shape.shape[1], vocabulary = model->config.vocabulary;
  double worst = 0;
  for (int64_t b = 0; b < rows; ++b) {
    const auto session = testkit::need(Session::create(model, backend, {.context = length}));
    const auto sink = [&](int64_t first, int64_t count, const float* logits) {
      const float* expected = want.data() + (b * length + first) * vocabulary;
      for (int64_t i = 0; i < count * vocabulary; ++i)
        worst = std::max<double>(worst, std::abs(logits[i] - expected[i]));
    };
    const auto done =
        session->append(std::span(ids).subspan(static_cast<size_t>(b * length), static_cast<size_t>(length)), sink);
    if (!done) qFatal("%s", done.error().message.c_str());
  }
  return worst;
}

void copy_folder(const fs::path& from, const fs::path& to) {
  fs::create_directories(to);
  for (const auto& entry : fs::directory_iterator(from)) fs::copy_file(entry.path(), to / entry.path().filename());
}

}  // namespace

class TestLoadModel : public QObject {
  Q_OBJECT
 private slots:
  void gguf_tensors_data() {
    QTest::addColumn<QString>("path");
    int cases = 0;
    for (const auto& entry : fs::directory_iterator(testkit::golden_folder() / "formats" / "gguf")) {
      if (entry.path().extension() != ".gguf") continue;
      QTest::newRow(entry.path().stem().c_str()) << QString::fromStdString(entry.path().string());
      ++cases;
    }
    QVERIFY(cases > 0);
  }
  void gguf_tensors() {
    QFETCH(QString, path);
    const fs::path file = path.toStdString();
    const auto model = testkit::open_model(file);
    const auto golden = testkit::read_json(fs::path(file).replace_extension(".json"));
    size_t matrices = 0;
    for (const auto& tensor : golden["tensors"]) {
      const std::string name = tensor["name"];
      if (name.starts_with("rope_")) continue;
      double sum = 0, magnitude = 0;
      if (const Matrix* matrix = find_matrix(model->weights, name)) {
        ++matrices;
        QCOMPARE(matrix->cols(), tensor["ne"][0].get<int64_t>());
        QCOMPARE(matrix->rows(), tensor["ne"][1].get<int64_t>());
        std::vector<float> row(static_cast<size_t>(matrix->cols()));
        for (int64_t r = 0; r < matrix->rows(); ++r) {
          matrix->dequantize_row(r, row);
          for (const float value : row) {
            sum += value;
            magnitude += std::abs(value);
          }
        }
      } else {
        const std::vector<float>* values = find_vector(model->weights, name);
        QVERIFY2(values != nullptr, name.c_str());
        for (const float value : *values) {
          sum += value;
          magnitude += std::abs(value);
        }
      }
      QVERIFY2(std::abs(sum - tensor["dequantized_sum"].get<double>()) <= 1e-5 * magnitude + 1e-6, name.c_str());
    }
    QCOMPARE(matrices, 1 + model->weights.linears().size() + (model->weights.has_output ? 1 : 0));
    QVERIFY(model->tokenizer != nullptr);
    QVERIFY(model->chat_template != nullptr);
    for (const auto& item : golden["tokenize"]) {
      const bool bpe = model->tokenizer->kind().find("SentencePiece") == std::string::npos;
      QCOMPARE(model->tokenizer->encode_ids(item["text"].get<std::string>(), {.parse_special = bpe}),
               item["ids"].get<std::vector<int32_t>>());
    }
  }

  void legacy_configurations_say_the_same_data() {
    QTest::addColumn<QString>("name");
    const auto names = testkit::cases_with(testkit::golden_folder() / "families", "config_legacy.json");
    QVERIFY(!names.empty());
    for (const std::string& name : names) QTest::newRow(name.c_str()) << QString::fromStdString(name);
  }
  void legacy_configurations_say_the_same() {
    QFETCH(QString, name);
    const fs::path folder = testkit::golden_folder() / "families" / name.toStdString();
    QTemporaryDir scratch;
    const fs::path copy = fs::path(scratch.path().toStdString()) / "legacy";
    copy_folder(folder, copy);
    fs::copy_file(folder / "config_legacy.json", copy / "config.json", fs::copy_options::overwrite_existing);
    const auto now = testkit::open_model(folder), legacy = testkit::open_model(copy);
    const ModelConfig &a = now->config, &b = legacy->config;
    QCOMPARE(b.family, a.family);
    QCOMPARE(b.head_dim, a.head_dim);
    QCOMPARE(b.rotary, a.rotary);
    QCOMPARE(b.window, a.window);
    QCOMPARE(b.layer_has_window, a.layer_has_window);
    QCOMPARE(b.tied_embeddings, a.tied_embeddings);
    QVERIFY(b.activation == a.activation);
    QVERIFY(b.rope == a.rope);
    QVERIFY(b.rope_local == a.rope_local);
    QCOMPARE(b.attention_scale, a.attention_scale);
    QCOMPARE(b.attention_softcap, a.attention_softcap);
    QCOMPARE(b.final_softcap, a.final_softcap);
    QCOMPARE(b.norm_epsilon, a.norm_epsilon);
    // One tensor written out against memory: rows, order and type are those of the file.
    const SafetensorsFolder file = testkit::need(SafetensorsFolder::open(folder));
    const auto floats = [&file](const char* of) {
      const SafetensorsTensor* tensor = file.find(of);
      std::vector<std::byte> raw(tensor->bytes);
      if (!file.read(*tensor, 0, raw)) qFatal("cannot read %s", of);
      std::vector<float> values(static_cast<size_t>(tensor->count()));
      convert_to_float(tensor->dtype, raw.data(), values.size(), values.data());
      return values;
    };
    const std::vector<float> want = floats("model.layers.1.mlp.down_proj.weight");
    std::vector<float> row(static_cast<size_t>(now->weights.layers[1].down.weight.cols()));
    now->weights.layers[1].down.weight.dequantize_row(2, row);
    QVERIFY(std::equal(row.begin(), row.end(), want.begin() + 2 * static_cast<std::ptrdiff_t>(row.size())));
    const std::vector<float> norm = floats("model.norm.weight");
    for (size_t i = 0; i < norm.size(); ++i)
      QCOMPARE(now->weights.output_norm[i], norm[i] + (a.norm_adds_one ? 1.0f : 0.0f));
  }

  // What transformers' classes take where a configuration says nothing.
  void absent_keys_mean_the_defaults_of_the_family() {
    const auto parsed = [](const char* type, const nlohmann::json& more) {
      nlohmann::json config = {{"model_type", type},
                               {"hidden_size", 1024},
                               {"intermediate_size", 64},
                               {"num_hidden_layers", 8},
                               {"num_attention_heads", 16},
                               {"vocab_size", 300},
                               {"max_position_embeddings", 8192}};
      config.update(more);
      return testkit::need(config_from_hf(config, "test"));
    };
    QCOMPARE(parsed("mistral", nlohmann::json::object()).window, int64_t{4096});
    QCOMPARE(parsed("mistral", {{"sliding_window", nullptr}}).window, int64_t{0});
    QCOMPARE(parsed("mistral", nlohmann::json::object()).kv_heads, 8);
    QCOMPARE(parsed("mistral", {{"num_key_value_heads", nullptr}}).kv_heads, 16);
    QCOMPARE(parsed("llama", nlohmann::json::object()).kv_heads, 16);
    QCOMPARE(parsed("llama", nlohmann::json::object()).window, int64_t{0});
    QCOMPARE(parsed("qwen3", nlohmann::json::object()).head_dim, 128);
    QCOMPARE(parsed("qwen2", nlohmann::json::object()).head_dim, 64);
    QCOMPARE(parsed("qwen2", nlohmann::json::object()).window, int64_t{0});
    QCOMPARE(parsed("gemma", nlohmann::json::object()).kv_heads, 16);
    QCOMPARE(parsed("gemma2", nlohmann::json::object()).kv_heads, 4);
    QCOMPARE(parsed("gemma2", nlohmann::json::object()).window, int64_t{4096});
    QCOMPARE(parsed("gemma3_text", nlohmann::json::object()).window, int64_t{4096});
    QCOMPARE(parsed("phi3", nlohmann::json::object()).norm_epsilon, 1e-5);
    QCOMPARE(parsed("llama", nlohmann::json::object()).norm_epsilon, 1e-6);
    const nlohmann::json factors(32, 2.0);
    for (const char* name : {"su", "yarn", "longrope"}) {
      const ModelConfig phi =
          parsed("phi3", {{"original_max_position_embeddings", 4096},
                          {"rope_scaling", {{"type", name}, {"long_factor", factors}, {"short_factor", factors}}}});
      QVERIFY(phi.rope.kind == RopeKind::LongRope);
      QCOMPARE(phi.rope.original_context, int64_t{4096});
    }
  }

  void summaries_agree_with_models_data() {
    QTest::addColumn<QString>("path");
    for (const auto& entry : fs::directory_iterator(testkit::golden_folder() / "formats" / "gguf")) {
      if (entry.path().extension() == ".gguf")
        QTest::newRow(entry.path().filename().c_str()) << QString::fromStdString(entry.path().string());
    }
    for (const fs::path& parent :
         {testkit::golden_folder() / "formats" / "checkpoints", testkit::golden_folder() / "families"}) {
      for (const std::string& name : testkit::cases_with(parent, "config.json")) {
        QTest::newRow(name.c_str()) << QString::fromStdString((parent / name).string());
      }
    }
  }
  void summaries_agree_with_models() {
    QFETCH(QString, path);
    const auto model = testkit::open_model(path.toStdString());
    const ModelSummary summary = testkit::need(summarize_model(path.toStdString()));
    QCOMPARE(QString::fromStdString(summary.unsupported), QString());
    QCOMPARE(summary.name, model->name);
    QCOMPARE(summary.family, model->config.family);
    QCOMPARE(summary.layers, model->config.layers);
    QCOMPARE(summary.parameters, model->parameters());
    QCOMPARE(summary.file_bytes, model->file_bytes);
    QCOMPARE(summary.has_tokenizer, model->tokenizer != nullptr);
    QCOMPARE(summary.quantized, model->tunable());
    QVERIFY(summary.container == model->container);
    QVERIFY(!summary.type.empty());
    QCOMPARE(summary.tensors.size(), model->weights.linears().size() + (model->weights.has_output ? 2 : 1));
  }

  void reader_gives_the_same_layers() {
    const fs::path path = testkit::golden_folder() / "formats" / "gguf" / "llama.gguf";
    if (!fs::exists(path)) QSKIP("the golden set has no llama.gguf");
    const auto model = testkit::open_model(path);
    const auto reader = testkit::need(ModelReader::open(path));
    auto copy = reader->skeleton();
    for (int i = 0; i < copy->config.layers; ++i)
      copy->weights.layers[static_cast<size_t>(i)] = testkit::need(reader->read_layer(i));
    QVERIFY(reader->read_rest(copy->weights).has_value());
    QCOMPARE(copy->codes_hash(), model->codes_hash());
    QCOMPARE(copy->codes_hash().size(), size_t{32});
    QVERIFY(!reader->read_layer(copy->config.layers).has_value());
  }

  void checkpoint_logits_data() {
    QTest::addColumn<QString>("name");
    const auto names = testkit::cases_with(testkit::golden_folder() / "formats" / "checkpoints", "config.json");
    QVERIFY(!names.empty());
    for (const std::string& name : names) QTest::newRow(name.c_str()) << QString::fromStdString(name);
  }
  void checkpoint_logits() {
    QFETCH(QString, name);
    const fs::path folder = testkit::golden_folder() / "formats" / "checkpoints" / name.toStdString();
    const auto model = testkit::open_model(folder);
    const auto backend = testkit::need(make_backend({.threads = 1}));
    const double exact = logit_error(model, *backend, folder / "input_ids.npy", folder / "logits.npy");
    // The oracle of this folder turned its whole model to half precision and back, RoPE frequencies included; at
    // position 0 it agrees to the bit, further on only with the same rounding. A set computed without it must agree as
    // it is.
    std::vector<double> frequencies;
    double ignored = 0;
    rope_frequencies(model->config.rope, model->config.rotary, model->config.context_length, 1, frequencies, ignored);
    for (double& f : frequencies) f /= kernels::half_to_float(kernels::float_to_half(static_cast<float>(f)));
    model->config.rope.frequency_divisors = frequencies;
    const double rounded = logit_error(model, *backend, folder / "input_ids.npy", folder / "logits.npy");
    QVERIFY2(std::min(exact, rounded) <= 2e-4,
             qPrintable(QString("%1, with rounded frequencies %2").arg(exact).arg(rounded)));
  }

  void sample_model() {
    const fs::path path = sample_model_path();
    if (!fs::exists(path)) QSKIP("the sample model is not here (SCALEWRIGHT_SAMPLE_MODEL or the data folder)");
    const auto model = testkit::open_model(path);
    QCOMPARE(model->parameters(), int64_t{134515008});
    QVERIFY(model->config.rope_style == RopeStyle::Adjacent);
    QVERIFY(model->tunable());
    QVERIFY(model->chat_template != nullptr);
    QCOMPARE(model->tokenizer->token_text(model->stop_ids.at(0)), std::string("<|im_end|>"));
  }
};

QTEST_APPLESS_MAIN(TestLoadModel)
#include "test_load_model.moc"
