#include "engine/text/jinja/from_json.h"

#include <nlohmann/json.hpp>

namespace scalewright::jinja {
namespace {

constexpr size_t kDeepest = 64;

// Builds the value while the text is read; a document tree would lose the order of keys.
class Builder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return add(None{}); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(static_cast<Int>(value)); }
  bool number_unsigned(number_unsigned_t value) override { return add(static_cast<Int>(value)); }
  bool number_float(number_float_t value, const string_t&) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(true); }
  bool start_array(std::size_t) override { return open(false); }
  bool key(string_t& value) override {
    open_.back().key = std::move(value);
    return true;
  }
  bool end_object() override {
    Value made(std::shared_ptr<const Dict>(std::move(open_.back().dict)));
    open_.pop_back();
    return add(std::move(made));
  }
  bool end_array() override {
    Value made = Value::list(std::move(open_.back().items));
    open_.pop_back();
    return add(std::move(made));
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    problem = "is not valid JSON near byte " + std::to_string(position);
    return false;
  }

  Value result;
  std::string problem;

 private:
  struct Open {
    std::shared_ptr<Dict> dict;  // null: a list
    std::vector<Value> items;
    std::string key;
  };
  bool open(bool object) {
    if (open_.size() >= kDeepest) {
      problem = "is nested deeper than " + std::to_string(kDeepest) + " levels";
      return false;
    }
    open_.push_back({object ? make_flat<Dict>() : nullptr, {}, {}});
    return true;
  }
  bool add(Value value) {
    if (open_.empty()) {
      result = std::move(value);
    } else if (open_.back().dict) {
      open_.back().dict->set(std::move(open_.back().key), std::move(value));
    } else {
      open_.back().items.push_back(std::move(value));
    }
    return true;
  }
  std::vector<Open> open_;
};

}  // namespace

Result<Value> from_json(std::string_view text, const std::string& what) {
  Builder builder;
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &builder)) {
    if (builder.problem.empty()) builder.problem = "is not valid JSON";
    return fail(ErrorCode::InvalidArgument, what + " " + builder.problem + ".");
  }
  return std::move(builder.result);
}

}  // namespace scalewright::jinja
