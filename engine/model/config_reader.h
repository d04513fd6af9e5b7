#pragma once
// ModelConfig from what files say: GGUF keys or a config.json. Everything that Scalewright does not compute is refused
// by name here, before any weight is read.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "engine/core/error.h"
#include "engine/format/gguf.h"
#include "engine/model/config.h"

namespace scalewright {

// rope_freqs.weight and rope_factors_*.weight of the file, as numbers; empty: the file has none.
struct GgufRopeTensors {
  std::vector<double> divisors, long_factors, short_factors;
};
Result<ModelConfig> config_from_gguf(const GgufFile& file, const GgufRopeTensors& rope);

// `config`: the parsed config.json. `source` names it in messages.
Result<ModelConfig> config_from_hf(const nlohmann::json& config, const std::string& source);

// Bounds that every family keeps; the rest of the engine relies on them.
Result<void> check_config(const ModelConfig& config, const std::string& source);

}  // namespace scalewright
