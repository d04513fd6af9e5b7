#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <thread>

#include "engine/core/system.h"
#include "engine/model/gguf_tokenizer_keys.h"
#include "engine/model/model.h"
#include "engine/model/tensor_reader.h"

namespace scalewright {
namespace {

namespace fs = std::filesystem;

Result<std::unique_ptr<TensorReader>> open_reader(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found)
    return fail(ErrorCode::Io, path.string() + ": there is no such file or folder. Check the path; a model is a .gguf file or a folder of safetensors.");
  if (error) return fail(ErrorCode::Io, path.string() + ": cannot be read: " + error.message() + ".");
  if (fs::is_directory(status)) return open_folder_reader(path, false);
  if (path.extension() == ".safetensors") {
    return fail(ErrorCode::InvalidArgument,
                path.string() + ": open the folder that holds this file and its config.json instead.");
  }
  SW_ASSIGN(GgufFile file, GgufFile::open(path));
  return open_gguf_reader(std::move(file), false);
}

// Room for what the tensors become in memory, and a little to work with.
Result<void> check_memory(const Model& model) {
  const MemoryStatus memory = memory_status();
  const uint64_t needed = model.file_bytes + model.file_bytes / 16;
  if (memory.available_bytes == 0 || needed <= memory.available_bytes) return {};
  return fail(ErrorCode::OutOfMemory, model.path.string() + ": the model needs about " + std::to_string(needed / 1000000) +
                                          " MB, but " + std::to_string(memory.available_bytes / 1000000) +
                                          " MB are free; close other programs or choose a smaller model.");
}

}  // namespace

Result<std::unique_ptr<ModelReader>> ModelReader::open(const fs::path& path) {
  SW_ASSIGN(auto reader, open_reader(path));
  return std::unique_ptr<ModelReader>(std::move(reader));
}

Result<std::shared_ptr<Model>> load_model(const fs::path& path, Observer& observer, std::stop_token stop) {
  SW_ASSIGN(const auto reader, open_reader(path));
  std::shared_ptr<Model> model = reader->skeleton();
  SW_TRY(check_memory(*model));
  const int layers = model->config.layers;

  std::atomic<int> next{0}, done{0};
  std::mutex mutex;
  std::optional<Error> problem;
  const auto work = [&](bool reports) {
    auto last = std::chrono::steady_clock::time_point();
    for (;;) {
      const int item = next.fetch_add(1);
      if (item > layers || stop.stop_requested()) return;
      {
        const std::lock_guard lock(mutex);
        if (problem) return;
      }
      Result<void> result;
      try {
        // The embedding is the largest piece: first, so that nobody waits for it at the end.
        if (item == 0) {
          result = reader->read_rest(model->weights);
        } else {
          auto layer = reader->read_layer(item - 1);
          if (layer)
            model->weights.layers[static_cast<size_t>(item - 1)] = std::move(*layer);
          else
            result = tl::unexpected<Error>(std::move(layer).error());
        }
      } catch (const std::bad_alloc&) {
        result = fail(ErrorCode::OutOfMemory, path.string() + ": there is not enough memory to open this model.");
      }
      if (!result) {
        const std::lock_guard lock(mutex);
        if (!problem) problem = std::move(result).error();
        return;
      }
      const int finished = done.fetch_add(1) + 1;
      const auto now = std::chrono::steady_clock::now();
      if (reports && now - last > std::chrono::milliseconds(100)) {
        last = now;
        observer.progress({"reading " + model->name, static_cast<double>(finished) / (layers + 1), -1.0});
      }
    }
  };
  {
    std::vector<std::jthread> helpers;
    const int threads = std::min({processor_count(), layers, 4});
    for (int i = 1; i < threads; ++i) helpers.emplace_back([&] { work(false); });
    work(true);
  }
  if (problem) return tl::unexpected<Error>(std::move(*problem));
  if (done.load() != layers + 1) return fail(ErrorCode::Io, path.string() + ": opening the model was cancelled.");
  for (const std::string& warning : reader->warnings()) observer.warning(warning);
  return model;
}

Result<std::shared_ptr<const Tokenizer>> load_tokenizer(const fs::path& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) {
    SW_ASSIGN(std::shared_ptr<const Tokenizer> tokenizer, load_tokenizer_folder(path));
    return tokenizer;
  }
  SW_ASSIGN(const GgufFile file, GgufFile::open(path));
  SW_ASSIGN(auto keys, gguf_tokenizer_keys(file.entries(), file.path().string()));
  if (!keys) return fail(ErrorCode::Format, path.string() + ": the file has no tokenizer.");
  auto made = make_tokenizer(std::move(*keys));
  if (!made) return fail(made.error().code, path.string() + ": " + made.error().message);
  return std::shared_ptr<const Tokenizer>(std::move(*made));
}

}  // namespace scalewright
