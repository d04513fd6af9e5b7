#pragma once
// A run between two steps, in one file that is there whole or not at all:
//
//   "SWTUNE01" | u64 length of header | header (JSON) | f64 losses [steps] | f64 gradient norms [steps] | f64 rates
//   [steps] | f32 parameters [P] | f32 first moments [P] | f32 second moments [P] | u64 XXH3-64 of all before
//
// Little-endian, without padding. The order of the data follows from seed and cursor, so no other random state exists.

#include <cstdint>
#include <filesystem>
#include <future>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/data/batch_stream.h"
#include "engine/model/train_graph.h"
#include "engine/tune/trainer.h"

namespace scalewright {

struct Checkpoint {
  TuneRecipe recipe;
  int64_t step = 0, steps = 0;  // done, of
  BatchCursor cursor;           // the next batch
  TrainShape shape;             // kept layers and loss chunk decide the order of sums
  std::string model_name, codes_hash, scales_hash, data_hash, backend;  // scales_hash: of the scales before tuning
  int64_t tokens = 0;
  double seconds = 0.0;
  double learning_rate = 0.0;                                  // the peak
  std::vector<double> losses, gradient_norms, learning_rates;  // [step]
  std::vector<ValidationRecord> validation;
  std::vector<SampleRecord> samples;
  uint64_t trainable = 0;  // P

  static uint64_t file_bytes(uint64_t trainable, int64_t steps);  // about, after so many steps
};

struct ParameterArrays {
  float *parameters = nullptr, *first_moment = nullptr, *second_moment = nullptr;  // [P]
};

// XXH3-64 of the halves before tuning, 16 hex digits.
std::string hash_of_scales(const std::vector<std::vector<uint16_t>>& base);
std::filesystem::path checkpoint_path(const std::filesystem::path& run_folder);

// Everything but the arrays, checked for its form (not for its sum: see read_arrays).
Result<Checkpoint> read_checkpoint(const std::filesystem::path& path);
// Fills the arrays; moments may be null. A Format error when the file's sum does not match.
Result<void> read_arrays(const std::filesystem::path& path, const Checkpoint& checkpoint,
                         const ParameterArrays& arrays);

// Copies the bytes into the file at once, then waits for the disk on a thread of its own, so that training goes on.
class CheckpointWriter {
 public:
  explicit CheckpointWriter(std::filesystem::path path) : path_(std::move(path)) {}
  // Waits for the write before this one; its failure is returned.
  Result<void> write(const Checkpoint& checkpoint, const ParameterArrays& arrays);
  Result<void> finish();  // the file is on the disk under its name, or the error
  bool busy() const;  // false also where no thread could be had: finish() does the work then

 private:
  std::filesystem::path path_;
  std::future<Result<void>> pending_;
};

}  // namespace scalewright
