#include "engine/data/dataset_source.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "engine/text/utf8.h"

namespace scalewright::data {
namespace {

constexpr size_t kBuffer = size_t{1} << 20;

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

// Text in UTF-16 without a mark: of most pairs of bytes the same one is zero, as in every Latin letter.
bool is_utf16(std::string_view head) {
  size_t zeros[2] = {};
  for (size_t i = 0; i < head.size(); ++i) zeros[i % 2] += head[i] == '\0';
  const size_t pairs = head.size() / 2, most = std::max(zeros[0], zeros[1]), least = std::min(zeros[0], zeros[1]);
  constexpr size_t kFewest = 4;  // of fewer pairs nothing can be said
  return pairs >= kFewest && 4 * most > 3 * pairs && least < pairs / 16 + 1;
}

}  // namespace

Result<ByteSource> ByteSource::open(const std::filesystem::path& path) {
  SW_ASSIGN(InputFile file, InputFile::open(path));
  ByteSource source(std::move(file));
  source.fill();
  if (!source.error_) return tl::unexpected<Error>(source.error_.error());
  const std::string_view head = source.buffer_;
  const std::string name = path.string();
  if (starts_with(head, "\xEF\xBB\xBF")) {
    source.at_ = 3;
  } else if (starts_with(head, "\xFF\xFE") || starts_with(head, "\xFE\xFF") || is_utf16(head.substr(0, 4096))) {
    return fail(ErrorCode::Format, name + ": this text is UTF-16. Save it as UTF-8 and open it again.");
  } else if (starts_with(head, "PAR1")) {
    return fail(ErrorCode::Unsupported,
                name + ": Parquet files cannot be read here. Export the table as JSONL or CSV.");
  } else if (starts_with(head, "\x1F\x8B") || starts_with(head, "PK\x03\x04") ||
             starts_with(head, "\x28\xB5\x2F\xFD")) {
    return fail(ErrorCode::Unsupported, name + ": this file is compressed. Unpack it and open what is inside.");
  } else if (head.substr(0, 4096).find('\0') != std::string_view::npos) {
    return fail(
        ErrorCode::Format,
        name + ": this is not text (it holds zero bytes). A dataset is JSON, JSONL, CSV or plain text in UTF-8.");
  }
  return source;
}

bool ByteSource::fill() {
  if (!error_) return false;
  const uint64_t left = file_.size() - std::min(offset_, file_.size());
  const size_t count = static_cast<size_t>(std::min<uint64_t>(left, kBuffer));
  if (count == 0) return false;
  buffer_.resize(count);
  at_ = 0;
  error_ = file_.read_at(offset_, std::as_writable_bytes(std::span(buffer_.data(), count)));
  if (!error_) {
    buffer_.clear();
    return false;
  }
  offset_ += count;
  return true;
}

bool ByteSource::line_text(std::string& text, bool& too_long) {
  text.clear();
  too_long = false;
  if (peek() == kEnd) return false;
  for (;;) {
    if (at_ == buffer_.size() && !fill()) break;
    const char* begin = buffer_.data() + at_;
    const size_t left = buffer_.size() - at_;
    const void* end = std::memchr(begin, '\n', left);
    const size_t count = end ? static_cast<size_t>(static_cast<const char*>(end) - begin) : left;
    if (text.size() + count > kLargestRow) too_long = true;
    if (!too_long) text.append(begin, count);
    at_ += count;
    if (end) {
      ++at_;
      ++line_;
      break;
    }
  }
  if (!text.empty() && text.back() == '\r') text.pop_back();
  if (too_long) text.clear();
  return true;
}

std::string utf8_problem(std::string_view text) {
  if (text::is_valid_utf8(text)) return {};
  size_t at = 0;
  while (at < text.size()) {
    const text::Utf8Unit unit = text::utf8_unit_at(text, at);
    if (unit.bad || unit.cut || unit.length == 0) break;
    at += unit.length;
  }
  return "Byte " + std::to_string(at + 1) + " of the row is not valid UTF-8. Save the file as UTF-8.";
}

}  // namespace scalewright::data
