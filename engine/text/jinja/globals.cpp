// Functions that every template can call.

#include <ctime>
#include <mutex>

#include "engine/text/jinja/builtins.h"
#include "engine/text/jinja/clock.h"
#include "engine/text/jinja/interpreter.h"
#include "engine/text/utf8.h"

namespace scalewright::jinja {
namespace {

constexpr long long kLongestRange = 100000;  // as the sandbox allows

std::mutex clock_mutex;
std::optional<std::tm> stopped_clock;

Value range(Interpreter& interpreter, Arguments& arguments) {
  long long bounds[3] = {0, 0, 1};
  const size_t count = arguments.positional.size();
  if (count < 1 || count > 3 || !arguments.named.empty()) raise("TypeError", "range expected 1 to 3 arguments");
  for (size_t i = 0; i < count; ++i) {
    const Value& value = arguments.positional[i];
    fail_if_undefined(value);
    if (!value.is_integral())
      raise("TypeError", "'" + type_name(value) + "' object cannot be interpreted as an integer");
    constexpr Int limit = static_cast<Int>(1) << 60;
    if (value.integer() > limit || value.integer() < -limit) raise("OverflowError", "Range too big.");
    bounds[count == 1 ? 1 : i] = static_cast<long long>(value.integer());
  }
  const auto [start, stop, step] = std::tie(bounds[0], bounds[1], bounds[2]);
  if (step == 0) raise("ValueError", "range() arg 3 must not be zero");
  const bool up = step > 0;
  if (up ? start >= stop : start <= stop) return Value::list({});
  const long long span = up ? stop - start : start - stop;
  const long long stride = up ? step : -step;
  const long long length = (span - 1) / stride + 1;
  if (length > kLongestRange) {
    raise("OverflowError",
          "Range too big. The sandbox blocks ranges larger than MAX_RANGE (" + std::to_string(kLongestRange) + ").");
  }
  interpreter.count_steps(static_cast<size_t>(length));
  std::vector<Value> items;
  for (long long i = 0; i < length; ++i) items.emplace_back(static_cast<Int>(start) + static_cast<Int>(i) * step);
  return Value::list(std::move(items));
}

// dict(pairs, name=value)
std::shared_ptr<Dict> pairs_of(Interpreter& interpreter, Arguments& arguments) {
  auto dict = make_flat<Dict>();
  if (arguments.positional.size() > 1) raise("TypeError", "dict expected at most 1 argument");
  if (!arguments.positional.empty()) {
    const Value& source = arguments.positional[0];
    if (source.is_dict()) {
      interpreter.count_steps(source.dict().items().size());
      *dict = source.dict();
    } else {
      for (const Value& pair : interpreter.iterate(source)) {
        const std::vector<Value> parts = interpreter.iterate(pair);
        if (parts.size() != 2) raise("ValueError", "dictionary update sequence element has not the length 2");
        interpreter.count_steps(dict->items().size() / 16);
        dict->set(parts[0], parts[1]);
      }
    }
  }
  for (const auto& [name, value] : arguments.named) dict->set(name, value);
  return dict;
}

Value make_dict(Interpreter& interpreter, Arguments& arguments) {
  return Value(std::shared_ptr<const Dict>(pairs_of(interpreter, arguments)));
}

Value make_namespace(Interpreter& interpreter, Arguments& arguments) {
  const auto values = pairs_of(interpreter, arguments);
  const auto space = make_flat<Namespace>();
  for (const auto& [name, value] : values->items()) {
    if (name.is_string()) space->set(name.string(), value);
  }
  interpreter.remember(space);
  return Value(std::static_pointer_cast<Object>(space));
}

class Cycler final : public Object, public std::enable_shared_from_this<Cycler> {
 public:
  explicit Cycler(std::vector<Value> items) : items_(std::move(items)) {}
  std::string type_name() const override { return "Cycler"; }
  bool attribute(Interpreter&, std::string_view name, Value& out) override;
  Value next() {
    Value item = items_[at_];
    at_ = (at_ + 1) % items_.size();
    return item;
  }
  void reset() { at_ = 0; }

 private:
  std::vector<Value> items_;
  size_t at_ = 0;
};

class CyclerMethod final : public Object {
 public:
  CyclerMethod(std::shared_ptr<Cycler> cycler, bool next) : cycler_(std::move(cycler)), next_(next) {}
  std::string type_name() const override { return "method"; }
  bool callable() const override { return true; }
  Value call(Interpreter&, Arguments&) override {
    if (next_) return cycler_->next();
    cycler_->reset();
    return None{};
  }

 private:
  std::shared_ptr<Cycler> cycler_;
  bool next_;
};

bool Cycler::attribute(Interpreter&, std::string_view name, Value& out) {
  if (name == "current") {
    out = items_[at_];
  } else if (name == "next" || name == "reset") {
    out = object_value<CyclerMethod>(shared_from_this(), name == "next");
  } else {
    return false;
  }
  return true;
}

class Joiner final : public Object {
 public:
  explicit Joiner(Value separator) : separator_(std::move(separator)) {}
  std::string type_name() const override { return "Joiner"; }
  bool callable() const override { return true; }
  Value call(Interpreter&, Arguments&) override {
    if (std::exchange(used_, true)) return separator_;
    return Value("");
  }

 private:
  Value separator_;
  bool used_ = false;
};

Value make_cycler(Interpreter&, Arguments& arguments) {
  if (arguments.positional.empty()) raise("RuntimeError", "at least one item has to be provided");
  return object_value<Cycler>(arguments.positional);
}

Value make_joiner(Interpreter&, Arguments& arguments) {
  const Parameters parameters("joiner", arguments, {"sep"});
  return object_value<Joiner>(parameters.get("sep", Value(", ")));
}

Value raise_exception(Interpreter&, Arguments& arguments) {
  const Parameters parameters("raise_exception", arguments, {"message"});
  raise("TemplateError", str(parameters.at("message")));
}

Value strftime_now(Interpreter& interpreter, Arguments& arguments) {
  const Parameters parameters("strftime_now", arguments, {"format"});
  const std::string format = parameters.text("format", "");
  if (format.empty()) return Value("");
  if (format.size() > 1000) raise("ValueError", "the format of strftime_now is too long");
  const std::tm now = local_time_now();
  std::string text(16384, '\0');  // no directive writes more than about ten times its own length
  text.resize(std::strftime(text.data(), text.size(), format.c_str(), &now));
  interpreter.count_bytes(text.size());
  return scalewright::text::replace_invalid_utf8(text);
}

}  // namespace

void set_clock(std::optional<std::tm> local_time) {
  const std::lock_guard lock(clock_mutex);
  stopped_clock = local_time;
}

std::tm local_time_now() {
  {
    const std::lock_guard lock(clock_mutex);
    if (stopped_clock) return *stopped_clock;
  }
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  return local;
}

bool find_global(Interpreter&, std::string_view name, Value& out) {
  static constexpr std::pair<std::string_view, Value (*)(Interpreter&, Arguments&)> functions[] = {
      {"range", range},
      {"dict", make_dict},
      {"namespace", make_namespace},
      {"cycler", make_cycler},
      {"joiner", make_joiner},
      {"raise_exception", raise_exception},
      {"strftime_now", strftime_now},
  };
  for (const auto& [known, function] : functions) {
    if (known != name) continue;
    out = function_value(std::string(name), function);
    return true;
  }
  return false;
}

}  // namespace scalewright::jinja
