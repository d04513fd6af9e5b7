#include "engine/text/mapped_text.h"

#include "engine/text/utf8.h"

namespace scalewright::text {

MappedText MappedText::view_of(std::string_view original_part, uint32_t base) {
  MappedText result;
  result.view_ = original_part;
  result.base_ = base;
  return result;
}

uint32_t MappedText::source_begin(size_t begin) const {
  if (!owns_) return base_ + static_cast<uint32_t>(begin);
  if (begin < from_.size()) return from_[begin];
  return to_.empty() ? base_ : to_.back();
}

uint32_t MappedText::source_end(size_t begin, size_t end) const {
  if (!owns_) return base_ + static_cast<uint32_t>(end);
  return end > begin ? to_[end - 1] : source_begin(begin);
}

MappedText MappedText::part(size_t begin, size_t end) const {
  if (!owns_) return view_of(view_.substr(begin, end - begin), base_ + static_cast<uint32_t>(begin));
  MappedText result;
  result.base_ = source_begin(begin);
  result.append(*this, begin, end);
  return result;
}

void MappedText::append(const MappedText& from, size_t begin, size_t end) {
  if (!owns_) {
    owns_ = true;
    base_ = from.source_begin(begin);
  }
  owned_ += from.text().substr(begin, end - begin);
  for (size_t i = begin; i < end; ++i) {
    from_.push_back(from.source_begin(i));
    to_.push_back(from.source_end(i, i + 1));
  }
}

void MappedText::append_changed(const MappedText& from, size_t begin, size_t end, std::string_view bytes) {
  const uint32_t source_begin = from.source_begin(begin), source_end = from.source_end(begin, end);
  if (!owns_) {
    owns_ = true;
    base_ = source_begin;
  }
  owned_ += bytes;
  from_.insert(from_.end(), bytes.size(), source_begin);
  to_.insert(to_.end(), bytes.size(), source_end);
}

MappedText well_formed(std::string_view utf8) {
  const MappedText view = MappedText::view_of(utf8, 0);
  if (is_valid_utf8(utf8)) return view;
  MappedText fixed;
  for (size_t i = 0; i < utf8.size();) {
    const Utf8Unit unit = utf8_unit_at(utf8, i);
    if (unit.bad || unit.cut) {
      fixed.append_changed(view, i, i + unit.length, kReplacementCharacter);
    } else {
      fixed.append(view, i, i + unit.length);
    }
    i += unit.length;
  }
  return fixed;
}

}  // namespace scalewright::text
