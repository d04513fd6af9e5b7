#include "engine/text/added_tokens.h"

#include <algorithm>

#include "engine/text/utf8.h"

namespace scalewright::text {
namespace {

uint32_t code_point_before(std::string_view text, size_t at, size_t& start) {
  start = at - 1;
  while (start > 0 && !begins_character(text[start])) --start;
  const char* p = text.data() + start;
  return next_code_point(p);
}

uint32_t code_point_at(std::string_view text, size_t at, size_t& stop) {
  const char* p = text.data() + at;
  const uint32_t c = next_code_point(p);
  stop = static_cast<size_t>(p - text.data());
  return c;
}

}  // namespace

void AddedTokenSearch::add(const AddedToken& token, std::string_view content) {
  if (content.empty()) return;
  if (nodes_.empty()) nodes_.push_back(-1);
  uint32_t node = 0;
  for (const char c : content) {
    const uint64_t key = static_cast<uint64_t>(node) << 8 | static_cast<unsigned char>(c);
    const auto [edge, fresh] = edges_.try_emplace(key, static_cast<uint32_t>(nodes_.size()));
    if (fresh) nodes_.push_back(-1);
    node = edge->second;
  }
  nodes_[node] = token.id;
  first_[static_cast<unsigned char>(content[0])] = true;
  flags_[token.id] = {token.special, token.single_word, token.strip_left, token.strip_right};
}

std::vector<AddedTokenSearch::Part> AddedTokenSearch::split(std::string_view text, bool parse_special) const {
  std::vector<Part> parts;
  if (text.empty()) return parts;
  size_t done = 0;
  const CharClasses classes;
  for (size_t at = 0; at < text.size() && !nodes_.empty();) {
    if (!first_[static_cast<unsigned char>(text[at])]) {
      ++at;
      continue;
    }
    int32_t id = -1;
    size_t match_end = at;
    uint32_t node = 0;
    for (size_t i = at; i < text.size(); ++i) {
      const auto edge = edges_.find(static_cast<uint64_t>(node) << 8 | static_cast<unsigned char>(text[i]));
      if (edge == edges_.end()) break;
      node = edge->second;
      if (nodes_[node] >= 0) {
        id = nodes_[node];
        match_end = i + 1;
      }
    }
    if (id < 0) {
      ++at;
      continue;
    }
    size_t begin = at, end = match_end;
    at = match_end;
    const Flags& flags = flags_.at(id);
    if (flags.special && !parse_special) continue;
    size_t other = 0;
    if (flags.single_word) {
      if (begin > 0 && (classes(code_point_before(text, begin, other)) & kWord)) continue;
      if (end < text.size() && (classes(code_point_at(text, end, other)) & kWord)) continue;
    }
    if (flags.strip_left) {
      while (begin > done && (classes(code_point_before(text, begin, other)) & kSpace)) begin = other;
    }
    if (flags.strip_right) {
      while (end < text.size() && (classes(code_point_at(text, end, other)) & kSpace)) end = other;
    }
    if (begin > done) parts.push_back({static_cast<uint32_t>(done), static_cast<uint32_t>(begin), -1});
    parts.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(end), id});
    done = end;
    at = std::max(at, end);
  }
  if (done < text.size()) parts.push_back({static_cast<uint32_t>(done), static_cast<uint32_t>(text.size()), -1});
  return parts;
}

}  // namespace scalewright::text
