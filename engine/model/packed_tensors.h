#pragma once
// Finds the tensors of a quantized linear in a folder, checks their shapes and types, and makes a QuantizedMatrix of
// them.

#include <atomic>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "engine/format/packing.h"
#include "engine/format/safetensors.h"
#include "engine/model/model.h"

namespace scalewright {

// What quantization_config (or quantize_config.json) says.
struct FolderQuantization {
  Container container = Container::Safetensors;  // Safetensors: not quantized
  int bits = 0;
  int64_t group = 0;     // inputs that share a scale; 0: all of them
  bool gptq_v1 = false;  // zeros are stored less 1
};
Result<FolderQuantization> read_quantization(const nlohmann::json& config, const nlohmann::json& separate,
                                             const std::string& source);

class PackedTensors {
 public:
  PackedTensors(const SafetensorsFolder& folder, const FolderQuantization& quantization)
      : folder_(folder), quantization_(quantization) {}
  // Whether `module` ("model.layers.0.self_attn.q_proj") is quantized in this folder.
  bool has(const std::string& module) const;
  Result<void> check(const std::string& module, int64_t rows, int64_t cols) const;
  Result<QuantizedMatrix> read(const std::string& module, int64_t rows, int64_t cols) const;
  void summarize(const std::string& module, int64_t rows, int64_t cols,
                 TensorSummary& summary) const;  // type, bits, group
  // Scales or offsets were rounded to halves on the way in.
  bool rounded() const noexcept { return rounded_.load(); }

 private:
  Result<const SafetensorsTensor*> require(const std::string& name) const;
  Result<PackedMatrix> describe(const std::string& module, int64_t rows, int64_t cols) const;
  Result<void> expect(const std::string& name, std::initializer_list<int64_t> shape) const;
  Result<void> read_raw(const std::string& name, void* to, uint64_t bytes) const;
  Result<std::vector<uint32_t>> read_words(const std::string& name) const;
  Result<std::vector<uint16_t>> read_halves(const std::string& name) const;
  Result<std::vector<float>> read_floats(const std::string& name) const;
  Result<void> read_order(const std::string& name, PackedMatrix& m) const;

  const SafetensorsFolder& folder_;
  FolderQuantization quantization_;
  mutable std::atomic<bool> rounded_{false};
};

}  // namespace scalewright
