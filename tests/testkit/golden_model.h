#pragma once
// Golden models for tests: families, PEQA cases and the backends that each test body runs over. Header only.

#include <QtTest>
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/backend/backend.h"
#include "engine/core/npy.h"
#include "engine/core/observer.h"
#include "engine/format/safetensors.h"
#include "engine/model/batch.h"
#include "engine/model/model.h"
#include "engine/model/train_graph.h"

namespace scalewright::testkit {

namespace fs = std::filesystem;

inline fs::path golden_folder() {
  if (const char* set = std::getenv("SCALEWRIGHT_GOLDEN"); set && *set) return set;
  return fs::path(SCALEWRIGHT_SOURCE_DIR) / "tests" / "golden";
}

// Folders in `folder` that hold `file`, sorted by name.
inline std::vector<std::string> cases_with(const fs::path& folder, const std::string& file) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (fs::exists(entry.path() / file)) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// The value of a result that a test cannot do without.
template <class T>
T need(Result<T> result) {
  if (!result) qFatal("%s", result.error().message.c_str());
  return std::move(*result);
}

inline nlohmann::json read_json(const fs::path& path) {
  std::ifstream in(path);
  return nlohmann::json::parse(in);
}

struct NamedBackend {
  std::string name;
  std::unique_ptr<Backend> backend;
};

// The reference, and every instruction set of this machine.
inline std::vector<NamedBackend> test_backends() {
  std::vector<NamedBackend> out;
  out.push_back({"reference", make_reference_backend()});
  const std::pair<const char*, Isa> sets[] = {{"scalar", Isa::Scalar}, {"avx2", Isa::Avx2}, {"avx512", Isa::Avx512}};
  for (const auto& [name, isa] : sets) {
    auto made = make_backend({.threads = 2, .isa = isa, .device = "cpu"});
    if (made) out.push_back({name, std::move(*made)});
  }
  return out;
}

inline std::shared_ptr<Model> open_model(const fs::path& path) {
  Observer quiet;
  return need(load_model(path, quiet));
}

// Rows of ids with a mask: mask[b, t] = 1 where the prediction of token t counts. Samples do not share rows.
inline Batch masked_batch(const int32_t* ids, const uint8_t* mask, int64_t rows, int64_t context) {
  Batch batch;
  batch.rows = rows;
  batch.context = context;
  const size_t n = static_cast<size_t>(rows * context);
  batch.ids.assign(ids, ids + n);
  batch.targets.assign(n, -100);
  batch.segments.assign(n, 0);
  batch.positions.resize(n);
  for (int64_t b = 0; b < rows; ++b) {
    for (int64_t t = 0; t < context; ++t) {
      const size_t at = static_cast<size_t>(b * context + t);
      batch.positions[at] = static_cast<int32_t>(t);
      if (t > 0 && mask[at]) batch.targets[at - 1] = ids[at];
    }
  }
  return batch;
}

// "model.layers.0.self_attn.q_proj" -> "blk.0.attn_q".
inline std::string gguf_name(const std::string& hf) {
  const std::string prefix = "model.layers.";
  const size_t dot = hf.find('.', prefix.size());
  const std::string layer = hf.substr(prefix.size(), dot - prefix.size());
  const std::string rest = hf.substr(dot + 1);
  static const std::map<std::string, std::string> names = {
      {"self_attn.q_proj", "attn_q"},     {"self_attn.k_proj", "attn_k"},      {"self_attn.v_proj", "attn_v"},
      {"self_attn.qkv_proj", "attn_qkv"}, {"self_attn.o_proj", "attn_output"}, {"mlp.gate_proj", "ffn_gate"},
      {"mlp.up_proj", "ffn_up"},          {"mlp.gate_up_proj", "ffn_up"},      {"mlp.down_proj", "ffn_down"}};
  return "blk." + layer + "." + names.at(rest);
}

// A case of golden/peqa: the base model with its block linears replaced by the case's codes, scales and zeros.
struct PeqaCase {
  std::string name;
  nlohmann::json about;
  std::shared_ptr<SafetensorsFile> file;
  std::shared_ptr<SafetensorsFile> weights;  // where codes, scales and zeros are
  std::shared_ptr<Model> model;
  std::map<std::string, std::string> hf_of;  // our name of a linear -> the case's

  static PeqaCase open(const std::string& name) {
    PeqaCase c;
    c.name = name;
    const fs::path folder = golden_folder() / "peqa" / name;
    c.about = read_json(folder / "case.json");
    c.file = std::make_shared<SafetensorsFile>(need(SafetensorsFile::open(folder / "case.safetensors")));
    c.weights = c.file;
    if (c.about.contains("codes_scales_zeros_of")) {
      const fs::path other = folder / c.about["codes_scales_zeros_of"].get<std::string>();
      c.weights = std::make_shared<SafetensorsFile>(need(SafetensorsFile::open(other / "case.safetensors")));
    }
    c.model = open_model(fs::weakly_canonical(golden_folder() / c.about["base"].get<std::string>().substr(3)));
    QuantSpec spec{c.about["bits"], c.about["group_size"], c.about["symmetric"]};
    for (const SafetensorsTensor& t : c.weights->tensors()) {
      const size_t end = t.name.rfind(".codes");
      if (end == std::string::npos) continue;
      const std::string hf = t.name.substr(0, end);
      c.hf_of[gguf_name(hf)] = hf;
    }
    for (Linear* linear : c.model->weights.linears()) {
      const auto found = c.hf_of.find(linear->name);
      if (found == c.hf_of.end()) qFatal("no codes for %s", linear->name.c_str());
      const std::string& hf = found->second;
      const auto codes = need(c.weights->read_as<uint8_t>(hf + ".codes", "U8"));
      const auto small = need(c.weights->read_as<uint8_t>(hf + ".zeros", "U8"));
      const std::vector<int16_t> zeros(small.begin(), small.end());
      const auto scales = need(c.weights->read_f32(hf + ".scales"));
      linear->weight =
          need(QuantizedMatrix::from_affine(linear->weight.rows(), linear->weight.cols(), spec, codes, scales, zeros));
    }
    return c;
  }

  std::vector<double> doubles(const std::string& tensor) const { return need(file->read_as<double>(tensor, "F64")); }
  std::vector<int64_t> shape(const std::string& tensor) const { return file->find(tensor)->shape; }
  Batch batch(const std::string& prefix) const {
    const auto ids = need(file->read_as<int32_t>(prefix + ".input_ids", "I32"));
    const auto mask = need(file->read_as<uint8_t>(prefix + ".mask", "U8"));
    const auto dims = shape(prefix + ".input_ids");
    return masked_batch(ids.data(), mask.data(), dims[0], dims[1]);
  }
};

inline std::vector<std::string> peqa_cases(const std::string& file_tensor) {
  std::vector<std::string> names;
  for (const std::string& name : cases_with(golden_folder() / "peqa", "case.safetensors")) {
    const auto file = need(SafetensorsFile::open(golden_folder() / "peqa" / name / "case.safetensors"));
    if (file.find(file_tensor)) names.push_back(name);
  }
  return names;
}

// A training graph with the arena that it planned.
struct PlannedGraph {
  AlignedBytes arena;
  std::unique_ptr<TrainGraph> graph;

  static PlannedGraph make(std::shared_ptr<const Model> model, Backend& backend, const TrainShape& shape) {
    uint64_t bytes = 0;
    for (const MemoryItem& item : TrainGraph::plan(*model, backend, shape)) bytes += item.bytes;
    PlannedGraph p;
    p.arena = AlignedBytes(bytes, MemoryUse::Work);
    p.graph = need(TrainGraph::create(std::move(model), backend, shape, p.arena.data(), bytes));
    return p;
  }
};

// ||a - b|| / ||b||.
template <class A, class B>
double relative_distance(const A* a, const B* b, size_t n) {
  double difference = 0.0, size = 0.0;
  for (size_t i = 0; i < n; ++i) {
    const double d = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    difference += d * d;
    size += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  return std::sqrt(difference) / std::max(std::sqrt(size), 1e-300);
}

template <class A, class B>
double largest_difference(const A* a, const B* b, size_t n) {
  double largest = 0.0;
  for (size_t i = 0; i < n; ++i) {
    const double d = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    if (!(d <= largest)) largest = d;  // a NaN stays
  }
  return largest;
}

}  // namespace scalewright::testkit
