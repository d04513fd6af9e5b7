// Models in several GGUF files, as gguf-split of llama.cpp writes them: "name-00001-of-00003.gguf" and so on. Each is a
// whole GGUF file with some of the tensors; the first has the metadata, all have split.no (from 0) and split.count.

#include <algorithm>
#include <cstdio>

#include "engine/format/gguf.h"

namespace scalewright {
namespace {

constexpr int64_t kMostParts = 4096;
constexpr std::string_view kNumber = "split.no", kCount = "split.count", kTensors = "split.tensors.count";

std::string suffix_of(int64_t number, int64_t count) {
  char text[40];
  std::snprintf(text, sizeof text, "-%05d-of-%05d.gguf", static_cast<int>(number + 1), static_cast<int>(count));
  return text;
}

int64_t int_entry(const GgufFile& file, std::string_view key, int64_t otherwise) {
  const GgufEntry* entry = file.entry(key);
  if (entry == nullptr) return otherwise;
  return entry->as_int().value_or(-1);
}

}  // namespace

Result<void> GgufFile::add_part(GgufFile part, uint32_t number, int64_t count) {
  const std::string where = part.path().string();
  if (int_entry(part, kNumber, -1) != number || int_entry(part, kCount, -1) != count) {
    return fail(ErrorCode::Format, where + ": this is not part " + std::to_string(number + 1) + " of " +
                                       std::to_string(count) + " of the model, whatever its name says. Download the "
                                                               "parts again.");
  }
  for (GgufTensor& tensor : part.tensors_) {
    if (this->tensor(tensor.name) != nullptr) {
      return fail(ErrorCode::Format, where + ": tensor '" + tensor.name +
                                         "' is in another part as well. The parts do not belong together.");
    }
    tensor.part = number;
  }
  tensors_.insert(tensors_.end(), std::make_move_iterator(part.tensors_.begin()),
                  std::make_move_iterator(part.tensors_.end()));
  parts_.push_back(std::move(part.parts_.front()));
  sort_names();
  return {};
}

Result<GgufFile> GgufFile::open(const std::filesystem::path& path) {
  SW_ASSIGN(GgufFile file, open_one(path));
  const int64_t count = int_entry(file, kCount, 1);
  if (count == 1 || file.entry(kNumber) == nullptr) return file;
  const int64_t number = int_entry(file, kNumber, -1);
  if (count < 1 || count > kMostParts || number < 0 || number >= count) {
    return fail(ErrorCode::Format, path.string() + ": the metadata say that this is part " + std::to_string(number + 1) +
                                       " of " + std::to_string(count) + ", which cannot be.");
  }
  const std::string name = path.filename().string(), suffix = suffix_of(number, count);
  if (!name.ends_with(suffix)) {
    return fail(ErrorCode::Format, path.string() + ": this is part " + std::to_string(number + 1) + " of " +
                                       std::to_string(count) + " of a model; its name must end in '" + suffix +
                                       "', so that the others can be found. Give it its name back.");
  }
  const std::string stem = name.substr(0, name.size() - suffix.size());
  const auto open_part = [&](int64_t part) -> Result<GgufFile> {
    const std::filesystem::path other = path.parent_path() / (stem + suffix_of(part, count));
    std::error_code error;
    if (!std::filesystem::exists(other, error)) {
      return fail(ErrorCode::Io, path.string() + ": part " + std::to_string(part + 1) + " of " + std::to_string(count) +
                                     " is missing. Put " + other.filename().string() + " into the same folder.");
    }
    return open_one(other);
  };
  if (number != 0) {
    SW_ASSIGN(file, open_part(0));
    if (int_entry(file, kNumber, -1) != 0 || int_entry(file, kCount, -1) != count) {
      return fail(ErrorCode::Format, file.path().string() + ": this is not the first of " + std::to_string(count) +
                                         " parts, whatever its name says. Download the parts again.");
    }
  }
  for (int64_t part = 1; part < count; ++part) {
    SW_ASSIGN(GgufFile other, open_part(part));
    SW_TRY(file.add_part(std::move(other), static_cast<uint32_t>(part), count));
  }
  const int64_t expected = int_entry(file, kTensors, static_cast<int64_t>(file.tensors_.size()));
  if (expected != static_cast<int64_t>(file.tensors_.size())) {
    return fail(ErrorCode::Format, file.path().string() + ": the parts hold " + std::to_string(file.tensors_.size()) +
                                       " tensors together, but the first one speaks of " + std::to_string(expected) +
                                       ". The parts do not belong together.");
  }
  // What is written from here on is one file.
  std::erase_if(file.entries_, [](const GgufEntry& entry) { return entry.key.starts_with("split."); });
  return file;
}

}  // namespace scalewright
