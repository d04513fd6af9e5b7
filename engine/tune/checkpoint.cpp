#include "engine/tune/checkpoint.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>
#include <span>

#include "engine/core/file.h"
#include "engine/core/json.h"

namespace scalewright {
namespace {

constexpr std::string_view kMagic = "SWTUNE01";
constexpr uint64_t kLargestHeader = uint64_t{256} << 20;
constexpr size_t kPrefix = 16;  // magic and length of the header

struct StateDeleter {
  void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};

// XXH3-64 over a sequence of pieces.
class RunningHash {
 public:
  RunningHash() : state_(XXH3_createState()) { XXH3_64bits_reset(state_.get()); }
  void add(std::span<const std::byte> bytes) { XXH3_64bits_update(state_.get(), bytes.data(), bytes.size()); }
  uint64_t value() const { return XXH3_64bits_digest(state_.get()); }

 private:
  std::unique_ptr<XXH3_state_t, StateDeleter> state_;
};

nlohmann::ordered_json header_of(const Checkpoint& c) {
  nlohmann::ordered_json validation = nlohmann::ordered_json::array(), samples = nlohmann::ordered_json::array();
  for (const ValidationRecord& v : c.validation) validation.push_back({{"step", v.step}, {"loss", v.loss}});
  for (const SampleRecord& s : c.samples)
    samples.push_back({{"step", s.step}, {"prompt", s.prompt}, {"answer", s.answer}});
  return {{"step", c.step},
          {"steps", c.steps},
          {"epoch", c.cursor.epoch},
          {"batch", c.cursor.batch},
          {"kept_layers", c.shape.kept_layers},
          {"loss_chunk", c.shape.loss_chunk},
          {"trainable", c.trainable},
          {"model_name", c.model_name},
          {"codes_hash", c.codes_hash},
          {"scales_hash", c.scales_hash},
          {"data_hash", c.data_hash},
          {"backend", c.backend},
          {"tokens", c.tokens},
          {"seconds", c.seconds},
          {"learning_rate", c.learning_rate},
          {"validation", validation},
          {"samples", samples},
          {"recipe", recipe_to_json(c.recipe)}};
}

tl::unexpected<Error> damaged(const std::filesystem::path& path, const std::string& what) {
  return fail(ErrorCode::Format,
              path.string() + ": " + what +
                  "; the checkpoint is damaged. Start the run anew, or restore the file from a copy.");
}

Result<void> commit_file(AtomicFile file) {
  return file.commit();
}

}  // namespace

std::string hash_of_scales(const std::vector<std::vector<uint16_t>>& base) {
  RunningHash hash;
  for (const std::vector<uint16_t>& halves : base) hash.add(std::as_bytes(std::span(halves)));
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash.value()));
  return text;
}

std::filesystem::path checkpoint_path(const std::filesystem::path& run_folder) {
  return run_folder / "checkpoint.bin";
}

uint64_t Checkpoint::file_bytes(uint64_t trainable, int64_t steps) {
  return kPrefix + 4096 + 3 * sizeof(double) * static_cast<uint64_t>(steps) + 3 * sizeof(float) * trainable +
         sizeof(uint64_t);
}

Result<Checkpoint> read_checkpoint(const std::filesystem::path& path) {
  SW_ASSIGN(const InputFile file, InputFile::open(path));
  std::array<char, kPrefix> prefix{};
  if (file.size() < prefix.size()) return damaged(path, "it has " + std::to_string(file.size()) + " bytes");
  SW_TRY(file.read_at(0, std::as_writable_bytes(std::span(prefix))));
  uint64_t length = 0;
  std::memcpy(&length, prefix.data() + kMagic.size(), sizeof length);
  if (std::string_view(prefix.data(), kMagic.size()) != kMagic) return damaged(path, "it does not begin as one");
  if (length > kLargestHeader || length > file.size() - kPrefix)
    return damaged(path, "its header is longer than the file");
  std::string text(length, '\0');
  SW_TRY(file.read_at(kPrefix, std::as_writable_bytes(std::span(text))));
  SW_ASSIGN(const nlohmann::json header, parse_json(text, path.string()));

  Checkpoint c;
  SW_ASSIGN(c.recipe, recipe_from_json(json_string(header, "recipe"), path.string()));
  c.step = json_int(header, "step", -1);
  c.steps = json_int(header, "steps", -1);
  c.cursor = {json_int(header, "epoch", -1), json_int(header, "batch", -1)};
  c.shape =
      TrainShape{.batch = c.recipe.batch,
                 .context = c.recipe.context,
                 .granularity = c.recipe.granularity,
                 .kept_layers = static_cast<int>(std::clamp<int64_t>(json_int(header, "kept_layers", 0), 0, 1 << 20)),
                 .loss_chunk = std::clamp<int64_t>(json_int(header, "loss_chunk", 128), 1, 1 << 20)};
  const int64_t trainable = json_int(header, "trainable", -1);
  c.model_name = json_string(header, "model_name");
  c.codes_hash = json_string(header, "codes_hash");
  c.scales_hash = json_string(header, "scales_hash");
  c.data_hash = json_string(header, "data_hash");
  c.backend = json_string(header, "backend");
  c.tokens = json_int(header, "tokens", 0);
  c.seconds = json_number(header, "seconds", 0.0);
  c.learning_rate = json_number(header, "learning_rate", 0.0);
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  for (const nlohmann::json& v : json_member(header, "validation")) {
    c.validation.push_back({json_int(v, "step", 0), json_number(v, "loss", kNone)});
  }
  for (const nlohmann::json& s : json_member(header, "samples")) {
    c.samples.push_back({json_int(s, "step", 0), json_string(s, "prompt"), json_string(s, "answer")});
  }
  const uint64_t numbers = file.size() - kPrefix - length;
  if (c.step < 0 || c.steps < c.step || c.cursor.epoch < 0 || c.cursor.batch < 0 || trainable < 0 ||
      static_cast<uint64_t>(c.step) > numbers / 24 || static_cast<uint64_t>(trainable) > numbers / 12 ||
      numbers != 24 * static_cast<uint64_t>(c.step) + 12 * static_cast<uint64_t>(trainable) + sizeof(uint64_t)) {
    return damaged(path, "its size does not fit what its header says");
  }
  c.trainable = static_cast<uint64_t>(trainable);
  uint64_t at = kPrefix + length;
  for (std::vector<double>* series : {&c.losses, &c.gradient_norms, &c.learning_rates}) {
    series->resize(static_cast<size_t>(c.step));
    SW_TRY(file.read_at(at, std::as_writable_bytes(std::span(*series))));
    at += series->size() * sizeof(double);
  }
  return c;
}

Result<void> read_arrays(const std::filesystem::path& path, const Checkpoint& checkpoint,
                         const ParameterArrays& arrays) {
  SW_ASSIGN(const InputFile file, InputFile::open(path));
  const uint64_t size = 4 * checkpoint.trainable;
  if (file.size() < 3 * size + sizeof(uint64_t)) return damaged(path, "it became shorter");
  const uint64_t begin = file.size() - sizeof(uint64_t) - 3 * size;
  RunningHash hash;
  std::vector<std::byte> buffer(size_t{256} << 10);
  const auto pass = [&](uint64_t from, uint64_t to) -> Result<void> {
    for (; from < to; from += buffer.size()) {
      const std::span<std::byte> part(buffer.data(), std::min<uint64_t>(buffer.size(), to - from));
      SW_TRY(file.read_at(from, part));
      hash.add(part);
    }
    return {};
  };
  SW_TRY(pass(0, begin));
  uint64_t at = begin;
  for (float* array : {arrays.parameters, arrays.first_moment, arrays.second_moment}) {
    if (array == nullptr) {
      SW_TRY(pass(at, at + size));
    } else {
      const auto bytes = std::as_writable_bytes(std::span(array, checkpoint.trainable));
      SW_TRY(file.read_at(at, bytes));
      hash.add(bytes);
    }
    at += size;
  }
  uint64_t expected = 0;
  SW_TRY(file.read_at(at, std::as_writable_bytes(std::span(&expected, 1))));
  if (expected != hash.value()) return damaged(path, "its check sum is wrong");
  return {};
}

Result<void> CheckpointWriter::write(const Checkpoint& c, const ParameterArrays& arrays) {
  SW_TRY(finish());
  const std::string header = header_of(c).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  const uint64_t length = header.size();
  SW_ASSIGN(AtomicFile file, AtomicFile::create(path_));
  RunningHash hash;
  const auto put = [&](std::span<const std::byte> bytes) -> Result<void> {
    hash.add(bytes);
    return file.write(bytes);
  };
  SW_TRY(put(std::as_bytes(std::span(kMagic))));
  SW_TRY(put(std::as_bytes(std::span(&length, 1))));
  SW_TRY(put(std::as_bytes(std::span(header))));
  for (const std::vector<double>* series : {&c.losses, &c.gradient_norms, &c.learning_rates}) {
    SW_TRY(put(std::as_bytes(std::span(*series))));
  }
  for (const float* array : {arrays.parameters, arrays.first_moment, arrays.second_moment}) {
    SW_TRY(put(std::as_bytes(std::span(array, c.trainable))));
  }
  const uint64_t sum = hash.value();
  SW_TRY(file.write(std::as_bytes(std::span(&sum, 1))));
  pending_ = std::async(std::launch::async | std::launch::deferred, commit_file, std::move(file));
  return {};
}

Result<void> CheckpointWriter::finish() {
  if (!pending_.valid()) return {};
  return pending_.get();
}

bool CheckpointWriter::busy() const {
  return pending_.valid() && pending_.wait_for(std::chrono::seconds(0)) == std::future_status::timeout;
}

}  // namespace scalewright
