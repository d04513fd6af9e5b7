#pragma once
// A file byte by byte, buffered, with its line numbers: what the readers of rows are built on. A byte order mark is
// skipped.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/file.h"

namespace scalewright::data {

// Longer rows are refused: a row is a conversation, not a library.
inline constexpr size_t kLargestRow = size_t{64} << 20;

class ByteSource {
 public:
  // Format error for text in UTF-16, for compressed files and for Parquet, with what to do.
  static Result<ByteSource> open(const std::filesystem::path& path);

  static constexpr int kEnd = -1;
  int get() {  // the next byte, or kEnd (also where reading failed: see error())
    if (at_ == buffer_.size() && !fill()) return kEnd;
    const unsigned char byte = static_cast<unsigned char>(buffer_[at_++]);
    line_ += byte == '\n';
    return byte;
  }
  int peek() {
    if (at_ == buffer_.size() && !fill()) return kEnd;
    return static_cast<unsigned char>(buffer_[at_]);
  }
  int64_t line() const noexcept { return line_; }  // 1-based, of the byte that get() gives next
  uint64_t size() const noexcept { return file_.size(); }
  const std::filesystem::path& path() const noexcept { return file_.path(); }
  const Result<void>& error() const noexcept { return error_; }

  // One line without its end ("\n" or "\r\n"); false at the end of the file. A line beyond kLargestRow is read over and
  // `too_long`.
  bool line_text(std::string& text, bool& too_long);

 private:
  explicit ByteSource(InputFile file) : file_(std::move(file)) {}
  bool fill();

  InputFile file_;
  std::string buffer_;
  size_t at_ = 0;
  uint64_t offset_ = 0;  // of the byte behind the buffer
  int64_t line_ = 1;
  Result<void> error_;
};

// Empty where `text` is UTF-8; else a sentence that says at which byte it is not and what to do.
std::string utf8_problem(std::string_view text);

}  // namespace scalewright::data
