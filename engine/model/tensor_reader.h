#pragma once
// What the readers of GGUF files and of folders share: which tensors a model must have, in which shapes, and how they
// become Layers. A reader only looks names up and converts one tensor at a time.

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/format/gguf.h"
#include "engine/model/model_reader.h"
#include "engine/model/tensor_names.h"

namespace scalewright {

class TensorReader : public ModelReader {
 public:
  std::shared_ptr<Model> skeleton() const override;
  Result<Layer> read_layer(int index) const override;
  Result<void> read_rest(Weights& weights) const override;

  // Every tensor is there in the right shape, and none is left over: it would be computed wrongly without a word.
  Result<void> check_tensors() const;
  // Embedding, head and block linears; after check_tensors().
  std::vector<TensorSummary> summaries() const;
  int64_t parameters() const;
  virtual std::vector<std::string> warnings() const { return warnings_; }  // after reading

 protected:
  // Names are the engine's ("blk.3.attn_q", "token_embd") without ".weight".
  virtual bool has(const std::string& name) const = 0;
  virtual bool has_bias(const std::string& name) const = 0;
  virtual Result<void> check_matrix(const std::string& name, int64_t rows, int64_t cols) const = 0;
  virtual Result<void> check_vector(const std::string& name, bool bias, int64_t count) const = 0;
  virtual Result<Matrix> read_matrix(const std::string& name, int64_t rows, int64_t cols) const = 0;
  // The weight of a norm (the full factor) or the bias of a linear.
  virtual Result<std::vector<float>> read_vector(const std::string& name, bool bias, int64_t count) const = 0;
  virtual TensorSummary describe(const std::string& name, int64_t rows, int64_t cols) const = 0;
  // Names in the file that are neither in `expected` nor known to be of no use.
  virtual std::vector<std::string> left_over(const std::set<std::string>& expected) const = 0;

  Model prototype_;  // all but weights
  std::vector<std::string> warnings_;

 private:
  std::vector<TensorSpec> layer_specs(int layer) const;
};

// header_only: without tokenizer and chat template, for summaries.
Result<std::unique_ptr<TensorReader>> open_gguf_reader(GgufFile file, bool header_only);
Result<std::unique_ptr<TensorReader>> open_folder_reader(const std::filesystem::path& folder, bool header_only);

// type, bits, group and bytes of a tensor.
void summarize_gguf_tensor(const GgufTensor& tensor, TensorSummary& summary);

// End-of-answer tokens: `base` (the eos and eot that the files name) and well-known ones that the template writes.
std::vector<int32_t> find_stop_ids(const Tokenizer& tokenizer, const std::string& chat_template,
                                   std::vector<int32_t> base);
// A scale or offset of a file that is no finite half would spoil every product: Format error naming the tensor.
tl::unexpected<Error> not_finite(const std::string& tensor);
Result<void> check_finite_halves(const uint16_t* halves, int64_t count, const std::string& tensor);

}  // namespace scalewright
