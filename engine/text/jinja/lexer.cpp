#include "engine/text/jinja/lexer.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "engine/text/jinja/python_text.h"
#include "engine/text/utf8.h"

namespace scalewright::jinja {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

class Lexer {
 public:
  explicit Lexer(const std::string& source) {
    // Line ends become \n; one at the very end goes.
    text_.reserve(source.size());
    for (size_t i = 0; i < source.size(); ++i) {
      if (source[i] != '\r') {
        text_ += source[i];
      } else {
        text_ += '\n';
        if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
      }
    }
    if (text_.ends_with('\n')) text_.pop_back();
  }

  std::vector<Token> run() {
    while (at_ < text_.size()) read_data();
    push(TokenKind::End, "");
    return std::move(tokens_);
  }

 private:
  [[noreturn]] void error(const std::string& message) {
    const auto [line, column] = place(at_);
    throw SyntaxFailure{message, line, column};
  }
  // Places are asked for in order, so the lines are counted once.
  std::pair<int, int> place(size_t at) {
    for (; counted_ < std::min(at, text_.size()); ++counted_) {
      if (text_[counted_] == '\n') {
        ++line_;
        line_start_ = counted_ + 1;
      }
    }
    return {line_, static_cast<int>(at - std::min(at, line_start_)) + 1};
  }
  Token& push(TokenKind kind, std::string text) {
    Token token;
    token.kind = kind;
    token.text = std::move(text);
    std::tie(token.line, token.column) = place(at_);
    tokens_.push_back(std::move(token));
    return tokens_.back();
  }
  bool starts(std::string_view what) const { return std::string_view(text_).substr(at_).starts_with(what); }
  void skip_space() {
    while (at_ < text_.size()) {
      const size_t length = space_length(text_, at_);
      if (length == 0) break;
      at_ += length;
    }
  }

  // Data up to the next tag, then that tag.
  void read_data() {
    const size_t start = at_;
    size_t tag = start;
    while (true) {
      tag = text_.find('{', tag);
      if (tag == std::string::npos || tag + 1 >= text_.size()) {
        tag = text_.size();
        break;
      }
      const char kind = text_[tag + 1];
      if (kind == '{' || kind == '%' || kind == '#') break;
      ++tag;
    }
    std::string data = text_.substr(start, tag - start);
    if (tag == text_.size()) {
      if (!data.empty()) push(TokenKind::Data, std::move(data));
      at_ = tag;
      return;
    }
    const char kind = text_[tag + 1];
    char sign = 0;
    if (tag + 2 < text_.size() && (text_[tag + 2] == '-' || text_[tag + 2] == '+')) sign = text_[tag + 2];
    strip_before(data, sign, kind != '{', start);
    if (!data.empty()) push(TokenKind::Data, std::move(data));
    at_ = tag;
    const size_t begin = tag + 2 + (sign ? 1 : 0);
    if (kind == '#') {
      read_comment(begin);
    } else if (kind == '%' && read_raw(begin)) {
      // The whole raw block is data.
    } else {
      push(kind == '{' ? TokenKind::VariableBegin : TokenKind::BlockBegin, "");
      at_ = begin;
      read_code(kind == '{');
    }
  }

  void strip_before(std::string& data, char sign, bool block, size_t start) const {
    if (sign == '-') {
      data = stripped(data, false, true);
      return;
    }
    if (sign == '+' || !block) return;
    const size_t newline = data.rfind('\n');
    const size_t line = newline == std::string::npos ? 0 : newline + 1;
    const bool line_starting = start == 0 || text_[start - 1] == '\n';
    if (newline == std::string::npos && !line_starting) return;
    if (stripped(std::string_view(data).substr(line), true, false).empty()) data.resize(line);
  }

  // Behind the end of a tag: -%} takes the white space, %} one line break.
  void after_end(char sign, bool block) {
    if (sign == '-') {
      skip_space();
    } else if (block && sign == 0 && at_ < text_.size() && text_[at_] == '\n') {
      ++at_;
    }
  }

  void read_comment(size_t begin) {
    const size_t end = text_.find("#}", begin);
    if (end == std::string::npos) error("Missing end of comment tag");
    const char sign = end > begin && (text_[end - 1] == '-' || text_[end - 1] == '+') ? text_[end - 1] : '\0';
    at_ = end + 2;
    after_end(sign, true);
  }

  // The word of a block tag that holds nothing else, and its end: "raw", "endraw".
  bool tag_word(size_t begin, std::string_view word, size_t& end, char& sign) const {
    size_t p = begin;
    while (p < text_.size() && space_length(text_, p)) p += space_length(text_, p);
    if (!std::string_view(text_).substr(p).starts_with(word)) return false;
    p += word.size();
    while (p < text_.size() && space_length(text_, p)) p += space_length(text_, p);
    sign = 0;
    if (p < text_.size() && (text_[p] == '-' || text_[p] == '+')) sign = text_[p++];
    if (!std::string_view(text_).substr(p).starts_with("%}")) return false;
    end = p + 2;
    return true;
  }

  bool read_raw(size_t begin) {
    size_t content = 0;
    char sign = 0;
    if (!tag_word(begin, "raw", content, sign) || sign == '+') return false;
    if (sign == '-') {
      while (content < text_.size() && space_length(text_, content)) content += space_length(text_, content);
    }
    for (size_t tag = text_.find("{%", content); tag != std::string::npos; tag = text_.find("{%", tag + 2)) {
      size_t word = tag + 2, end = 0;
      char before = 0, after = 0;
      if (word < text_.size() && (text_[word] == '-' || text_[word] == '+')) before = text_[word++];
      if (!tag_word(word, "endraw", end, after)) continue;
      std::string data = text_.substr(content, tag - content);
      strip_before(data, before, true, content);
      at_ = content;
      if (!data.empty()) push(TokenKind::Data, std::move(data));
      at_ = end;
      after_end(after, true);
      return true;
    }
    error("Missing end of raw directive");
  }

  void read_code(bool variable) {
    const std::string_view end = variable ? "}}" : "%}";
    while (true) {
      skip_space();
      if (at_ >= text_.size()) {
        error(variable ? "unexpected end of template, expected '}}'" : "unexpected end of template, expected '%}'");
      }
      if (braces_.empty()) {
        char sign = 0;
        if (text_[at_] == '-' || (!variable && text_[at_] == '+')) sign = text_[at_];
        if (std::string_view(text_).substr(at_ + (sign ? 1 : 0)).starts_with(end)) {
          push(variable ? TokenKind::VariableEnd : TokenKind::BlockEnd, "");
          at_ += (sign ? 1 : 0) + 2;
          after_end(sign, !variable);
          return;
        }
      }
      read_token();
    }
  }

  void read_token() {
    const char c = text_[at_];
    if (is_digit(c)) return read_number();
    if (is_name_start(c)) return read_name();
    if (c == '\'' || c == '"') return read_string();
    static constexpr std::string_view two[] = {"//", "**", "==", "!=", ">=", "<="};
    for (const std::string_view op : two) {
      if (starts(op)) {
        push(TokenKind::Operator, std::string(op));
        at_ += 2;
        return;
      }
    }
    if (std::string_view("+-/*%~[](){}<>=.:|,;").find(c) == std::string_view::npos) {
      error(std::string("unexpected char '") + (static_cast<unsigned char>(c) < 0x80 ? std::string(1, c) : "?") + "'");
    }
    if (c == '(' || c == '[' || c == '{') braces_.push_back(c == '(' ? ')' : c == '[' ? ']' : '}');
    if (c == ')' || c == ']' || c == '}') {
      if (braces_.empty()) error(std::string("unexpected '") + c + "'");
      if (braces_.back() != c) error(std::string("unexpected '") + c + "', expected '" + braces_.back() + "'");
      braces_.pop_back();
    }
    push(TokenKind::Operator, std::string(1, c));
    ++at_;
  }

  void read_name() {
    size_t end = at_;
    while (end < text_.size() && (is_name_start(text_[end]) || is_digit(text_[end]))) {
      if (space_length(text_, end)) break;  // spaces beyond ASCII end a name
      ++end;
    }
    if (end == at_) error("unexpected character");
    push(TokenKind::Name, text_.substr(at_, end - at_));
    at_ = end;
  }

  std::string digits(size_t& p) const {
    std::string out;
    while (p < text_.size() &&
           (is_digit(text_[p]) || (text_[p] == '_' && p + 1 < text_.size() && is_digit(text_[p + 1])))) {
      if (text_[p] != '_') out += text_[p];
      ++p;
    }
    return out;
  }

  void read_number() {
    size_t p = at_;
    if (text_[p] == '0' && p + 1 < text_.size() &&
        std::string_view("xXoObB").find(text_[p + 1]) != std::string_view::npos) {
      return read_based_number();
    }
    std::string number = digits(p);
    bool real = false;
    if (p + 1 < text_.size() && text_[p] == '.' && is_digit(text_[p + 1])) {
      number += '.';
      ++p;
      number += digits(p);
      real = true;
    }
    if (p < text_.size() && (text_[p] == 'e' || text_[p] == 'E')) {
      size_t q = p + 1;
      std::string exponent = "e";
      if (q < text_.size() && (text_[q] == '+' || text_[q] == '-')) exponent += text_[q++];
      if (q < text_.size() && is_digit(text_[q])) {
        exponent += digits(q);
        number += exponent;
        p = q;
        real = true;
      }
    }
    if (real) {
      Token& token = push(TokenKind::Float, number);
      const std::string copy = exponent_without_plus(number);
      const auto result = std::from_chars(copy.data(), copy.data() + copy.size(), token.number);
      if (result.ec == std::errc::result_out_of_range) {
        token.number = copy.find("e-") != std::string::npos ? 0.0 : std::numeric_limits<double>::infinity();
      }
    } else {
      if (number.size() > 1 && number[0] == '0' && number.find_first_not_of('0') != std::string::npos) {
        error("a number begins with 0");
      }
      Int value = 0;
      for (const char c : number) value = next_digit(value, 10, c - '0');
      push(TokenKind::Integer, number).integer = value;
    }
    at_ = p;
  }
  static std::string exponent_without_plus(std::string number) {
    const size_t plus = number.find('+');
    if (plus != std::string::npos) number.erase(plus, 1);
    return number;
  }
  Int next_digit(Int value, int base, int digit) {
    constexpr Int limit = static_cast<Int>(~static_cast<unsigned long long>(0)) << 62;
    if (value > limit / base) error("this integer is too large");
    return value * base + digit;
  }
  void read_based_number() {
    const char kind = text_[at_ + 1];
    const int base = kind == 'x' || kind == 'X' ? 16 : kind == 'o' || kind == 'O' ? 8 : 2;
    size_t p = at_ + 2;
    Int value = 0;
    bool any = false;
    for (; p < text_.size(); ++p) {
      const char c = text_[p];
      if (c == '_') continue;
      const int digit = is_digit(c)            ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : 99;
      if (digit >= base) break;
      value = next_digit(value, base, digit);
      any = true;
    }
    if (!any) error("a number has no digits");
    push(TokenKind::Integer, text_.substr(at_, p - at_)).integer = value;
    at_ = p;
  }

  void read_string() {
    const char quote = text_[at_];
    size_t p = at_ + 1;
    std::string out;
    while (true) {
      if (p >= text_.size()) error("a string is not closed");
      const char c = text_[p];
      if (c == quote) break;
      if (c != '\\') {
        out += c;
        ++p;
        continue;
      }
      if (++p >= text_.size()) error("a string is not closed");
      p = read_escape(p, out);
    }
    push(TokenKind::String, std::move(out));
    at_ = p + 1;
  }

  // The escape whose letter is at `p`; returns what follows it.
  size_t read_escape(size_t p, std::string& out) {
    const char c = text_[p];
    static constexpr std::string_view letters = "abfnrtv\\'\"", values = "\a\b\f\n\r\t\v\\'\"";
    if (const size_t which = letters.find(c); which != std::string_view::npos) {
      out += values[which];
      return p + 1;
    }
    if (c == '\n') return p + 1;  // a line goes on
    if (c == 'x') return read_hex(p + 1, 2, out);
    if (c == 'u') return read_hex(p + 1, 4, out);
    if (c == 'U') return read_hex(p + 1, 8, out);
    if (c >= '0' && c <= '7') {
      uint32_t value = 0;
      for (int i = 0; i < 3 && p < text_.size() && text_[p] >= '0' && text_[p] <= '7'; ++i) {
        value = value * 8 + static_cast<uint32_t>(text_[p++] - '0');
      }
      text::append_utf8(out, value);
      return p;
    }
    out += '\\';
    out += c;
    return p + 1;
  }
  size_t read_hex(size_t p, int count, std::string& out) {
    const auto digits_at = [&](size_t from, int n) -> int64_t {
      int64_t value = 0;
      for (int i = 0; i < n; ++i) {
        const char c = from + static_cast<size_t>(i) < text_.size() ? text_[from + static_cast<size_t>(i)] : '\0';
        const int digit = is_digit(c)            ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
        if (digit < 0) return -1;
        value = value * 16 + digit;
      }
      return value;
    };
    int64_t value = digits_at(p, count);
    if (value < 0 || value > 0x10FFFF) error("a string has a broken escape");
    p += static_cast<size_t>(count);
    if (value >= 0xD800 && value <= 0xDFFF) {
      // Halves of one character come in pairs; a half alone cannot be written as UTF-8.
      const bool pair = value < 0xDC00 && count == 4 && text_.compare(p, 2, "\\u") == 0;
      const int64_t low = pair ? digits_at(p + 2, 4) : -1;
      if (low < 0xDC00 || low > 0xDFFF) error("a string has half of a surrogate pair");
      value = 0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00);
      p += 6;
    }
    text::append_utf8(out, static_cast<uint32_t>(value));
    return p;
  }

  std::string text_;
  size_t at_ = 0, counted_ = 0, line_start_ = 0;
  int line_ = 1;
  std::vector<char> braces_;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(const std::string& source) {
  return Lexer(source).run();
}

}  // namespace scalewright::jinja
