#pragma once
// Quantizing a model as a job: reads layer by layer, quantizes every block linear, leaves the rest as it was, writes.

#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/backend/backend.h"
#include "engine/core/error.h"
#include "engine/core/observer.h"
#include "engine/model/model.h"
#include "engine/quant/quantizer.h"

namespace scalewright {

// How large the result may be, where each matrix gets its own number of bits. One of the two is set.
struct SizeBudget {
  double bits_per_weight = 0.0;  // of the block matrices together, as they are written
  uint64_t file_bytes = 0;       // of the whole file
  bool gguf = true;              // sizes are those of the GGUF types that hold the integers; false: codes and scales
  bool given() const { return bits_per_weight > 0.0 || file_bytes > 0; }
};
struct QuantizeRequest {
  std::filesystem::path input;
  QuantSpec spec;  // with a budget: the group, and whether zero points may be free
  SizeBudget budget;
  QuantMethod method = QuantMethod::Clip;
  std::filesystem::path calibration;  // text or dataset; empty: none (InvalidArgument where the method needs one)
  int64_t calibration_samples = 128, calibration_context = 512;
  bool fast_calibration = false;  // GPTQ: the text runs through quantized blocks with activations in 8 bits
  bool groups_by_order = false;  // GptqActOrder: see GptqFactor::quantize; only GPTQ and compressed-tensors folders hold it
  int64_t learn_steps = 0;  // of each block, for learned methods; 0: as the method wants
  uint64_t seed = 1;
};
struct LayerError {
  std::string name;
  double relative_error = 0.0;
  QuantSpec spec;
};
class QuantizeObserver : public Observer {
 public:
  virtual void layer(const LayerError&, int /*done*/, int /*total*/) {}
  // Learned methods: squared error of a block's output, relative to it, on text kept aside: GPTQ's and after learning.
  virtual void learned(int /*layer*/, double /*before*/, double /*after*/) {}
};
struct QuantizeForecast {  // before anything runs
  uint64_t file_bytes = 0, memory_bytes = 0;
  double bits_per_weight = 0.0, seconds = 0.0;  // seconds 0: not known
  std::string container;  // GGUF type the integers fit: "Q4_0", "Q5_0", ...; by the rules of formats.md
  std::string explanation;
};
struct QuantizeReport {
  Outcome outcome = Outcome::Finished;
  std::shared_ptr<Model> model;  // quantized, in memory; write it with engine/export. Null when cancelled
  std::vector<LayerError> layers;
  double bits_per_weight = 0.0, seconds = 0.0;
  std::vector<std::string> warnings;  // "the input was quantized already (Q4_1): its rounding errors stay"
};
// InvalidArgument where the request cannot be carried out whatever the model.
Result<void> check_quantize_request(const QuantizeRequest& request);
Result<QuantizeForecast> forecast_quantize(const ModelSummary& model, const QuantizeRequest& request);
Result<QuantizeReport> quantize_model(const QuantizeRequest& request, Backend& backend, QuantizeObserver& observer,
                                      std::stop_token stop);

}  // namespace scalewright
