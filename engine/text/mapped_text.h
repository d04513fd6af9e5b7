#pragma once
// Text after a normalizer, with the bytes of the original that each of its bytes stands for.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace scalewright::text {

class MappedText {
 public:
  MappedText() = default;
  // A view of the original from byte `base`; nothing is copied, so the original must outlive this.
  static MappedText view_of(std::string_view original_part, uint32_t base);

  std::string_view text() const { return owns_ ? std::string_view(owned_) : view_; }
  // Original bytes of the range [begin, end) of text().
  uint32_t source_begin(size_t begin) const;
  uint32_t source_end(size_t begin, size_t end) const;
  // The same text and map for a part of it.
  MappedText part(size_t begin, size_t end) const;

  // Building: appends bytes [begin, end) of `from` as they are.
  void append(const MappedText& from, size_t begin, size_t end);
  // Appends `bytes` that stand for [begin, end) of `from` (empty range: inserted there).
  void append_changed(const MappedText& from, size_t begin, size_t end, std::string_view bytes);

 private:
  bool owns_ = false;
  std::string_view view_;
  uint32_t base_ = 0;
  std::string owned_;
  std::vector<uint32_t> from_, to_;  // per byte of owned_: source begin and end
};

// A view of `utf8` where it is well-formed; else a copy in which each ill-formed part is U+FFFD, mapped to the bytes it
// replaces.
MappedText well_formed(std::string_view utf8);

}  // namespace scalewright::text
