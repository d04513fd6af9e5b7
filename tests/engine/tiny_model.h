#pragma once
// A golden family made into a whole model that can be talked to: the checkpoint with a tokenizer of single bytes (token
// = byte + 3, as the golden `llama` was trained on).

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

namespace scalewright_tests {

inline std::filesystem::path golden_root() {
  const char* folder = std::getenv("SCALEWRIGHT_GOLDEN");
  return folder ? std::filesystem::path(folder) : std::filesystem::path(SCALEWRIGHT_SOURCE_DIR) / "tests" / "golden";
}

inline std::string utf8(uint32_t code) {
  if (code < 0x80) return std::string(1, static_cast<char>(code));
  return {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 63))};
}

// The tokenizer.json of bytes: printable ones stand for themselves, the others are moved to U+0100 and above.
inline nlohmann::json byte_tokenizer() {
  nlohmann::json vocabulary = {{"<unk>", 0}, {"<s>", 1}, {"</s>", 2}};
  uint32_t moved = 0;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    vocabulary[utf8(printable ? byte : 256 + moved++)] = byte + 3;
  }
  const auto added = [](int id, const char* text) {
    return nlohmann::json{{"id", id},        {"content", text},     {"single_word", false}, {"lstrip", false},
                          {"rstrip", false}, {"normalized", false}, {"special", true}};
  };
  return {{"version", "1.0"},
          {"truncation", nullptr},
          {"padding", nullptr},
          {"added_tokens", {added(0, "<unk>"), added(1, "<s>"), added(2, "</s>")}},
          {"normalizer", nullptr},
          {"pre_tokenizer",
           {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}}},
          {"post_processor", nullptr},
          {"decoder", {{"type", "ByteLevel"}, {"add_prefix_space", true}, {"trim_offsets", true}, {"use_regex", true}}},
          {"model",
           {{"type", "BPE"},
            {"dropout", nullptr},
            {"unk_token", nullptr},
            {"continuing_subword_prefix", ""},
            {"end_of_word_suffix", ""},
            {"fuse_unk", false},
            {"byte_fallback", false},
            {"vocab", vocabulary},
            {"merges", nlohmann::json::array()}}}};
}

// False where the golden set is not here.
inline bool make_tiny_model(const std::string& family, const std::filesystem::path& folder) {
  const std::filesystem::path source = golden_root() / "families" / family;
  if (!std::filesystem::exists(source / "model.safetensors")) return false;
  std::filesystem::create_directories(folder);
  for (const char* name : {"config.json", "model.safetensors"}) {
    std::filesystem::copy_file(source / name, folder / name, std::filesystem::copy_options::overwrite_existing);
  }
  std::ofstream(folder / "tokenizer.json") << byte_tokenizer().dump();
  std::ofstream(folder / "tokenizer_config.json")
      << R"({"bos_token": "<s>", "eos_token": "</s>", "add_bos_token": false})";
  return true;
}

}  // namespace scalewright_tests
