#pragma once
// A model that is open: switches, weights, tokenizer, chat template, and where it came from.

#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>

#include "engine/core/error.h"
#include "engine/core/observer.h"
#include "engine/model/config.h"
#include "engine/model/weights.h"
#include "engine/text/chat_template.h"
#include "engine/text/tokenizer.h"

namespace scalewright {

enum class Container { Gguf, Safetensors, Gptq, Awq, CompressedTensors, Mlx, Hqq };

struct FileMetadata;  // engine/format: what must survive a round trip (GGUF keys in order, config.json, tokenizer files)

struct Model {
  std::string name;                    // "SmolLM2-135M-Instruct.Q4_1"
  std::filesystem::path path;
  Container container = Container::Gguf;
  bool gptq_v1 = false;  // of a GPTQ folder whose zero points are stored less 1
  ModelConfig config;
  Weights weights;
  std::shared_ptr<const Tokenizer> tokenizer;          // null: the folder has none (golden checkpoints)
  std::shared_ptr<const ChatTemplate> chat_template;   // null: none
  std::string bos_token, eos_token;                    // as text, for the template; empty: none
  std::vector<int32_t> stop_ids;                       // end of answer: eos, eot, from model and template
  bool add_bos = false;
  std::shared_ptr<const FileMetadata> metadata;
  uint64_t file_bytes = 0;
  std::string tuned_by;                // the run or scale pack whose scales it holds; empty: those of its file

  int64_t parameters() const;          // weights of all matrices, norms and biases
  double bits_per_weight() const;      // of the file's tensors
  std::string codes_hash() const;      // 32 hex digits over all quantized block linears; "" when none
  bool tunable() const;                // has quantized block linears
};

// What a file holds without reading its tensors: for the table of models. Fast, small.
struct TensorSummary { std::string name, type; std::vector<int64_t> shape; int bits = 0; int64_t group = 0; uint64_t bytes = 0; };
struct ModelSummary {
  std::string name, family;
  std::filesystem::path path;
  Container container = Container::Gguf;
  int64_t parameters = 0, context_length = 0, vocabulary = 0, width = 0;
  int layers = 0;
  double bits_per_weight = 0.0;
  uint64_t file_bytes = 0;
  std::string type;                    // "Q4_1", "W4 g64", "F16"
  bool quantized = false, has_chat_template = false, has_tokenizer = false;
  bool tuned = false;                  // its name inside says that its scales were learned here
  std::string unsupported;             // empty, or why it cannot be run, in words
  std::vector<TensorSummary> tensors;  // block linears, embedding and head
};

// `path`: a .gguf file or a folder of safetensors.
Result<ModelSummary> summarize_model(const std::filesystem::path& path);
Result<std::shared_ptr<Model>> load_model(const std::filesystem::path& path, Observer& observer, std::stop_token stop = {});
// The tokenizer alone (for `tokenize`): a model, or a folder that holds only tokenizer files.
Result<std::shared_ptr<const Tokenizer>> load_tokenizer(const std::filesystem::path& path);

}  // namespace scalewright
