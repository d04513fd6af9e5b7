#include "engine/text/bpe_model.h"

#include <limits>
#include <queue>

#include "engine/text/utf8.h"

namespace scalewright::text {
namespace {

// Bytes that are printable in Latin-1 stand for themselves, the other 68 for U+0100, U+0101, ... in order.
struct Alphabet {
  std::array<uint32_t, 256> character{};
  std::array<int16_t, 0x144> byte{};
  Alphabet() {
    byte.fill(-1);
    uint32_t next = 0x100;
    for (uint32_t b = 0; b < 256; ++b) {
      const bool printable = (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
      character[b] = printable ? b : next++;
      byte[character[b]] = static_cast<int16_t>(b);
    }
  }
};
const Alphabet& alphabet() {
  static const Alphabet instance;
  return instance;
}

constexpr size_t kShortWord = 48;  // symbols; below this a scan beats a heap

}  // namespace

std::string byte_level_encode(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) append_utf8(out, alphabet().character[static_cast<unsigned char>(c)]);
  return out;
}

bool byte_level_decode(std::string_view characters, std::string& out) {
  if (!is_valid_utf8(characters)) return false;
  std::string bytes;
  bytes.reserve(characters.size());
  const char* end = characters.data() + characters.size();
  for (const char* p = characters.data(); p != end;) {
    const uint32_t c = next_code_point(p);
    if (c >= alphabet().byte.size() || alphabet().byte[c] < 0) return false;
    bytes.push_back(static_cast<char>(alphabet().byte[c]));
  }
  out += bytes;
  return true;
}

int byte_of_token(std::string_view token) {
  if (token.size() != 6 || token.substr(0, 3) != "<0x" || token[5] != '>') return -1;
  int value = 0;
  for (const char c : token.substr(3, 2)) {
    int digit;
    if (c >= '0' && c <= '9') {
      digit = c - '0';
    } else if (c >= 'A' && c <= 'F') {
      digit = c - 'A' + 10;
    } else if (c >= 'a' && c <= 'f') {
      digit = c - 'a' + 10;
    } else {
      return -1;
    }
    value = value * 16 + digit;
  }
  return value;
}

void BpeModel::MergeTable::build(size_t count) {
  size_t capacity = 16;
  shift_ = 60;
  while (capacity < count * 2) {
    capacity *= 2;
    --shift_;
  }
  slots_.assign(capacity, {kEmpty, {0, 0}});
  mask_ = capacity - 1;
}

void BpeModel::MergeTable::insert(int32_t left, int32_t right, Merge merge) {
  const uint64_t key = key_of(left, right);
  uint64_t i = key * 0x9E3779B97F4A7C15u >> shift_;
  while (slots_[i].first != kEmpty && slots_[i].first != key) i = (i + 1) & mask_;
  slots_[i] = {key, merge};
}

const BpeModel::Merge* BpeModel::MergeTable::find(int32_t left, int32_t right) const {
  const uint64_t key = key_of(left, right);
  uint64_t i = key * 0x9E3779B97F4A7C15u >> shift_;
  while (true) {
    if (slots_[i].first == key) return &slots_[i].second;
    if (slots_[i].first == kEmpty) return nullptr;
    i = (i + 1) & mask_;
  }
}

Result<BpeModel> BpeModel::make(std::vector<std::string> tokens,
                                const std::vector<std::pair<std::string_view, std::string_view>>& merges,
                                const BpeOptions& options, const std::string& where) {
  if (tokens.size() > static_cast<size_t>(std::numeric_limits<int32_t>::max())) {
    return fail(ErrorCode::Format, where + ": the vocabulary is larger than ids can count.");
  }
  BpeModel model;
  model.tokens_ = std::move(tokens);
  model.options_ = options;
  model.ids_.reserve(model.tokens_.size());
  for (size_t id = 0; id < model.tokens_.size(); ++id) {
    const std::string& token = model.tokens_[id];
    if (token.empty()) continue;
    const auto [at, fresh] = model.ids_.try_emplace(token, static_cast<int32_t>(id));
    if (!fresh) {
      return fail(ErrorCode::Format, where + ": the vocabulary has the token \"" + replace_invalid_utf8(token) +
                                         "\" twice, with ids " + std::to_string(at->second) + " and " +
                                         std::to_string(id) + ".");
    }
  }

  model.byte_ids_.fill(-1);
  if (options.byte_level) {
    for (size_t b = 0; b < 256; ++b) {
      const char byte = static_cast<char>(b);
      model.byte_ids_[b] = model.find(byte_level_encode({&byte, 1}));
    }
    if (options.ignore_merges) {
      model.raw_ids_.reserve(model.tokens_.size());
      for (size_t id = 0; id < model.tokens_.size(); ++id) {
        std::string raw;
        if (!model.tokens_[id].empty() && byte_level_decode(model.tokens_[id], raw)) {
          model.raw_ids_.emplace(std::move(raw), static_cast<int32_t>(id));
        }
      }
    }
  } else {
    for (const auto& [token, id] : model.ids_) {
      const int byte = byte_of_token(token);
      if (byte >= 0) model.byte_ids_[static_cast<size_t>(byte)] = id;
    }
  }

  model.merges_.build(merges.size());
  std::string joined;
  for (size_t rank = 0; rank < merges.size(); ++rank) {
    const auto& [left, right] = merges[rank];
    joined.assign(left).append(right);
    const int32_t left_id = model.find(left), right_id = model.find(right), id = model.find(joined);
    if (left_id < 0 || right_id < 0 || id < 0) {
      const std::string_view missing = left_id < 0 ? left : right_id < 0 ? right : std::string_view(joined);
      return fail(ErrorCode::Format, where + ": merge " + std::to_string(rank) + " needs the token \"" +
                                         replace_invalid_utf8(missing) +
                                         "\", which the vocabulary does not have. The file is damaged.");
    }
    model.merges_.insert(left_id, right_id, {static_cast<uint32_t>(rank), id});
  }
  return model;
}

int32_t BpeModel::find(std::string_view token) const {
  const auto at = ids_.find(token);
  return at == ids_.end() ? -1 : at->second;
}

void BpeModel::split(std::string_view word, std::vector<BpeSymbol>& symbols) const {
  if (options_.byte_level) {
    for (size_t i = 0; i < word.size(); ++i) {
      int32_t id = byte_ids_[static_cast<unsigned char>(word[i])];
      if (id < 0) id = options_.unknown;
      if (id >= 0) symbols.push_back({id, static_cast<uint32_t>(i), static_cast<uint32_t>(i + 1)});
    }
    return;
  }
  const char* const begin = word.data();
  const char* const end = begin + word.size();
  bool after_unknown = false;
  for (const char* p = begin; p != end;) {
    const char* const start = p;
    next_code_point(p);
    const auto first = static_cast<uint32_t>(start - begin), stop = static_cast<uint32_t>(p - begin);
    const std::string_view character(start, static_cast<size_t>(p - start));
    if (const int32_t id = find(character); id >= 0) {
      symbols.push_back({id, first, stop});
      after_unknown = false;
      continue;
    }
    if (options_.byte_fallback) {
      bool all = true;
      for (const char c : character) all = all && byte_ids_[static_cast<unsigned char>(c)] >= 0;
      if (all) {
        for (uint32_t i = 0; i < character.size(); ++i) {
          symbols.push_back({byte_ids_[static_cast<unsigned char>(character[i])], first + i, first + i + 1});
        }
        after_unknown = false;
        continue;
      }
    }
    if (options_.unknown < 0) continue;
    if (options_.fuse_unknown && after_unknown) {
      symbols.back().end = stop;
    } else {
      symbols.push_back({options_.unknown, first, stop});
    }
    after_unknown = true;
  }
}

void BpeModel::merge_short(std::vector<BpeSymbol>& symbols, size_t first) const {
  constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();
  BpeSymbol* const word = symbols.data() + first;
  size_t count = symbols.size() - first;
  std::array<Merge, kShortWord> next{};  // the merge of symbol i with i + 1
  const auto look_up = [&](size_t i) {
    const Merge* merge = merges_.find(word[i].id, word[i + 1].id);
    next[i] = merge ? *merge : Merge{kNone, 0};
  };
  for (size_t i = 0; i + 1 < count; ++i) look_up(i);
  while (count > 1) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < count; ++i) {
      if (next[i].rank < next[best].rank) best = i;
    }
    if (next[best].rank == kNone) break;
    word[best] = {next[best].id, word[best].begin, word[best + 1].end};
    --count;
    for (size_t i = best + 1; i < count; ++i) {
      word[i] = word[i + 1];
      next[i] = next[i + 1];
    }
    if (best + 1 < count) look_up(best);
    if (best > 0) look_up(best - 1);
  }
  symbols.resize(first + count);
}

void BpeModel::merge_long(std::vector<BpeSymbol>& symbols, size_t first) const {
  constexpr int32_t kNone = -1;
  const auto count = static_cast<int32_t>(symbols.size() - first);
  struct Link {
    int32_t previous, next;
  };
  struct Candidate {
    uint32_t rank;
    int32_t at, id;
    // The queue yields the lowest rank, and the leftmost of equals.
    bool operator<(const Candidate& other) const { return rank != other.rank ? rank > other.rank : at > other.at; }
  };
  BpeSymbol* const word = symbols.data() + first;
  std::vector<Link> links(static_cast<size_t>(count));
  for (int32_t i = 0; i < count; ++i) links[static_cast<size_t>(i)] = {i - 1, i + 1 < count ? i + 1 : kNone};
  std::vector<Candidate> storage;
  storage.reserve(static_cast<size_t>(count));
  std::priority_queue<Candidate> queue(std::less<Candidate>(), std::move(storage));
  const auto propose = [&](int32_t left, int32_t right) {
    if (const Merge* merge = merges_.find(word[left].id, word[right].id)) queue.push({merge->rank, left, merge->id});
  };
  for (int32_t i = 0; i + 1 < count; ++i) propose(i, i + 1);
  while (!queue.empty()) {
    const Candidate top = queue.top();
    queue.pop();
    Link& link = links[static_cast<size_t>(top.at)];
    if (word[top.at].id < 0 || link.next == kNone) continue;  // already part of another symbol
    const int32_t right = link.next;
    const Merge* merge = merges_.find(word[top.at].id, word[right].id);
    if (!merge || merge->id != top.id) continue;  // its neighbour changed since
    word[top.at] = {top.id, word[top.at].begin, word[right].end};
    word[right].id = -1;
    link.next = links[static_cast<size_t>(right)].next;
    if (link.next != kNone) links[static_cast<size_t>(link.next)].previous = top.at;
    if (link.previous != kNone) propose(link.previous, top.at);
    if (link.next != kNone) propose(top.at, link.next);
  }
  size_t kept = first;
  for (size_t i = first; i < symbols.size(); ++i) {
    if (symbols[i].id >= 0) symbols[kept++] = symbols[i];
  }
  symbols.resize(kept);
}

void BpeModel::encode(std::string_view word, std::vector<BpeSymbol>& out) const {
  if (options_.ignore_merges) {
    const auto whole = [&]() -> int32_t {
      if (!options_.byte_level) return find(word);
      const auto at = raw_ids_.find(word);
      return at == raw_ids_.end() ? -1 : at->second;
    }();
    if (whole >= 0) {
      out.push_back({whole, 0, static_cast<uint32_t>(word.size())});
      return;
    }
  }
  const size_t first = out.size();
  split(word, out);
  const size_t count = out.size() - first;
  if (count < 2) return;
  if (count <= kShortWord) {
    merge_short(out, first);
  } else {
    merge_long(out, first);
  }
}

}  // namespace scalewright::text
