// Filters of lists and dictionaries.

#include <algorithm>

#include "engine/text/jinja/filters.h"
#include "engine/text/jinja/python_text.h"

namespace scalewright::jinja {
namespace {

// The attribute path of map(attribute='a.b'), sort(attribute=...): names and numbers between dots.
Value path_of(Interpreter& interpreter, Value value, const Value& path, const Value& otherwise) {
  if (path.is_none()) return value;
  if (path.is_integral()) {
    value = interpreter.item(value, path);
  } else {
    if (!path.is_string()) raise("TypeError", "an attribute is a string or an integer");
    for (const std::string& part : split(path.string(), ".", -1, false)) {
      const bool number =
          !part.empty() && std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
      if (number && part.size() < 10) {
        value = interpreter.item(value, Value(static_cast<size_t>(std::stoul(part))));
      } else {
        value = interpreter.item(value, Value(part));
      }
      if (value.is_undefined() && !otherwise.is_undefined()) return otherwise;
    }
  }
  return value.is_undefined() && !otherwise.is_undefined() ? otherwise : value;
}
const Value kNoDefault = Value::undefined("");

// Case does not count unless asked.
Value folded(const Value& value, bool case_sensitive) {
  return value.is_string() && !case_sensitive ? Value(lower(value.string())) : value;
}

std::string attribute_text(const Value& value) {
  return str(value);
}

Value length_filter(Interpreter&, const Value& input, Arguments&) {
  if (input.is_string()) return length(input.string());
  if (input.is_sequence()) return input.items().size();
  if (input.is_dict()) return input.dict().items().size();
  if (input.is_undefined()) {
    if (input.undefined().kind != "UndefinedError") fail_if_undefined(input);
    return 0;
  }
  raise("TypeError", "object of type '" + type_name(input) + "' has no len()");
}

Value first_filter(Interpreter& interpreter, const Value& input, Arguments&) {
  const std::vector<Value> items = interpreter.iterate(input);
  return items.empty() ? Value::undefined("No first item, sequence was empty.") : items.front();
}
Value last_filter(Interpreter& interpreter, const Value& input, Arguments&) {
  const std::vector<Value> items = interpreter.iterate(input);
  return items.empty() ? Value::undefined("No last item, sequence was empty.") : items.back();
}
Value list_filter(Interpreter& interpreter, const Value& input, Arguments&) {
  return Value::list(interpreter.iterate(input));
}

Value reverse_filter(Interpreter& interpreter, const Value& input, Arguments&) {
  if (input.is_string()) {
    std::u32string points = code_points(input.string());
    std::reverse(points.begin(), points.end());
    return made(interpreter, utf8(points));
  }
  std::vector<Value> items = interpreter.iterate(input);
  std::reverse(items.begin(), items.end());
  return Value::list(std::move(items));
}

Value join_filter(Interpreter& interpreter, const Value& input, Arguments& arguments) {
  const Parameters parameters("join", arguments, {"d", "attribute"});
  const std::string between = str(parameters.get("d", Value("")));
  const Value path = parameters.get("attribute", None{});
  std::string out;
  bool first = true;
  for (const Value& item : interpreter.iterate(input)) {
    const std::string part = attribute_text(path_of(interpreter, item, path, kNoDefault));
    interpreter.count_bytes(part.size() + between.size());
    if (!first) out += between;
    first = false;
    out += part;
  }
  return Value(std::move(out));
}

Value sort_filter(Interpreter& interpreter, const Value& input, Arguments& arguments) {
  const Parameters parameters("sort", arguments, {"reverse", "case_sensitive", "attribute"});
  const bool reverse = parameters.flag("reverse", false), case_sensitive = parameters.flag("case_sensitive", false);
  const Value path = parameters.get("attribute", None{});
  struct Entry {
    std::vector<Value> keys;
    Value item;
  };
  std::vector<Entry> entries;
  for (Value& item : interpreter.iterate(input)) {
    Entry entry;
    if (path.is_string()) {
      for (const std::string& one : split(path.string(), ",", -1, false)) {
        entry.keys.push_back(folded(path_of(interpreter, item, Value(one), kNoDefault), case_sensitive));
      }
    } else {
      entry.keys.push_back(folded(path_of(interpreter, item, path, kNoDefault), case_sensitive));
    }
    entry.item = std::move(item);
    entries.push_back(std::move(entry));
  }
  std::stable_sort(entries.begin(), entries.end(), [&](const Entry& a, const Entry& b) {
    interpreter.count_steps(1);
    for (size_t i = 0; i < a.keys.size(); ++i) {
      const int order = equal(a.keys[i], b.keys[i]) ? 0 : compare(a.keys[i], b.keys[i], "<");
      if (order != 0) return reverse ? order > 0 : order < 0;
    }
    return false;
  });
  std::vector<Value> items;
  for (Entry& entry : entries) items.push_back(std::move(entry.item));
  return Value::list(std::move(items));
}

Value unique_filter(Interpreter& interpreter, const Value& input, Arguments& arguments) {
  const Parameters parameters("unique", arguments, {"case_sensitive", "attribute"});
  const Value path = parameters.get("attribute", None{});
  std::vector<Value> items, keys;
  for (Value& item : interpreter.iterate(input)) {
    Value key = folded(path_of(interpreter, item, path, kNoDefault), parameters.flag("case_sensitive", false));
    interpreter.count_steps(keys.size());
    if (std::any_of(keys.begin(), keys.end(), [&](const Value& other) { return equal(other, key); })) continue;
    keys.push_back(std::move(key));
    items.push_back(std::move(item));
  }
  return Value::list(std::move(items));
}

template <bool kLargest>
Value extreme_filter(Interpreter& interpreter, const Value& input, Arguments& arguments) {
  const Parameters parameters(kLargest ? "max" : "min", arguments, {"case_sensitive", "attribute"});
  const bool case_sensitive = parameters.flag("case_sensitive", false);
  const Value path = parameters.get("attribute", None{});
  const std::vector<Value> items = interpreter.iterate(input);
  if (items.empty()) return Value::undefined("No aggregated item, sequence was empty.");
  const auto key = [&](const Value& item) {
    return folded(path_of(interpreter, item, path, kNoDefault), case_sensitive);
  };
  const Value* best = &items[0];
  for (const Value& item : items) {
    const int order = compare(key(item), key(*best), kLargest ? ">" : "<");
    if (kLargest ? order > 0 : order < 0) best = &item;
  }
  return *best;
}

Value sum_filter(Interpreter& interpreter, const Value& input, Arguments& arguments) {
  const Parameters parameters("sum", arguments, {"attribute", "start"});
  const Value path = parameters.get("attribute", None{});
  Value total = parameters.get("start", 0);
  for (const Value& item : interpreter.iterate(input)) {
    total = interpreter.binary("+", total, path_of(interpreter, item, path, kNoDefault));
  }
  return total;
}

// Groups of `linecount`, the last filled up; slice: that many groups.
Value batch_filter(Interpreter& interpreter, const Value& input, Arguments& arguments) {
  const Parameters parameters("batch", arguments, {"linecount", "fill_with"});
  parameters.at("linecount");
  const long long count = parameters.integer("linecount", 1);
  if (count < 1) raise("ValueError", "batch needs groups of at least 1");
  const Value fill = parameters.get("fill_with", None{});
  std::vector<Value> groups, group;
  for (Value& item : interpreter.iterate(input)) {
    if (static_cast<long long>(group.size()) == count) groups.push_back(Value::list(std::exchange(group, {})));
    group.push_back(std::move(item));
  }
  if (!group.empty()) {
    if (!fill.is_none()) {
      interpreter.count_steps(static_cast<size_t>(count));
      while (static_cast<long long>(group.size()) < count) group.push_back(fill);
    }
    groups.push_back(Value::list(std::move(group)));
  }
  return Value::list(std::move(groups));
}
Value slice_filter(Interpreter& interpreter, const Value& input, Arguments& arguments) {
  const Parameters parameters("slice", arguments, {"slices", "fill_with"});
  parameters.at("slices");
  const long long slices = parameters.integer("slices", 1);
  if (slices < 1) raise("ZeroDivisionError", "slice needs at least 1 group");
  interpreter.count_steps(static_cast<size_t>(slices));
  const Value fill = parameters.get("fill_with", None{});
  const std::vector<Value> items = interpreter.iterate(input);
  const auto total = static_cast<long long>(items.size());
  const long long each = total / slices, longer = total % slices;
  std::vector<Value> groups;
  size_t at = 0;
  for (long long i = 0; i < slices; ++i) {
    const auto size = static_cast<size_t>(each + (i < longer ? 1 : 0));
    std::vector<Value> group(items.begin() + static_cast<ptrdiff_t>(at),
                             items.begin() + static_cast<ptrdiff_t>(at + size));
    at += size;
    if (!fill.is_none() && i >= longer) group.push_back(fill);
    groups.push_back(Value::list(std::move(group)));
  }
  return Value::list(std::move(groups));
}

Value groupby_filter(Interpreter& interpreter, const Value& input, Arguments& arguments) {
  const Parameters parameters("groupby", arguments, {"attribute", "default", "case_sensitive"});
  const Value path = parameters.at("attribute"), otherwise = parameters.get("default", kNoDefault);
  const bool case_sensitive = parameters.flag("case_sensitive", false);
  std::vector<std::pair<Value, Value>> entries;  // key, item
  for (const Value& item : interpreter.iterate(input)) {
    entries.emplace_back(path_of(interpreter, item, path, otherwise), item);
  }
  std::stable_sort(entries.begin(), entries.end(), [&](const auto& a, const auto& b) {
    interpreter.count_steps(1);
    return compare(folded(a.first, case_sensitive), folded(b.first, case_sensitive), "<") < 0;
  });
  std::vector<Value> groups, group;
  for (size_t i = 0; i < entries.size(); ++i) {
    group.push_back(entries[i].second);
    if (i + 1 < entries.size() &&
        equal(folded(entries[i].first, case_sensitive), folded(entries[i + 1].first, case_sensitive)))
      continue;
    groups.push_back(Value::tuple({entries[i + 1 - group.size()].first, Value::list(group)}));
    group.clear();
  }
  return Value::list(std::move(groups));
}

Value dictsort_filter(Interpreter& interpreter, const Value& input, Arguments& arguments) {
  const Parameters parameters("dictsort", arguments, {"case_sensitive", "by", "reverse"});
  fail_if_undefined(input);
  if (!input.is_dict()) raise("TypeError", "dictsort needs a dictionary, not " + type_name(input));
  const std::string by = parameters.text("by", "key");
  if (by != "key" && by != "value") raise("FilterArgumentError", "You can only sort by either \"key\" or \"value\"");
  const bool reverse = parameters.flag("reverse", false), case_sensitive = parameters.flag("case_sensitive", false);
  std::vector<std::pair<Value, Value>> entries = input.dict().items();
  std::stable_sort(entries.begin(), entries.end(), [&](const auto& a, const auto& b) {
    interpreter.count_steps(1);
    const int order = by == "key" ? compare(folded(a.first, case_sensitive), folded(b.first, case_sensitive), "<")
                                  : compare(folded(a.second, case_sensitive), folded(b.second, case_sensitive), "<");
    return reverse ? order > 0 : order < 0;
  });
  std::vector<Value> items;
  for (auto& [key, value] : entries) items.push_back(Value::tuple({key, value}));
  return Value::list(std::move(items));
}

Value items_filter(Interpreter& interpreter, const Value& input, Arguments&) {
  if (input.is_undefined()) return Value::list({});
  if (!input.is_dict()) raise("TypeError", "Can only get item pairs from a mapping.");
  interpreter.count_steps(input.dict().items().size());
  std::vector<Value> items;
  for (const auto& [key, value] : input.dict().items()) items.push_back(Value::tuple({key, value}));
  return Value::list(std::move(items));
}

Value map_filter(Interpreter& interpreter, const Value& input, Arguments& arguments) {
  std::vector<Value> out;
  if (!truth(input)) return Value::list({});  // nothing is empty here, even none
  if (arguments.positional.empty()) {
    const Parameters parameters("map", arguments, {"attribute", "default"});
    const Value path = parameters.at("attribute"), otherwise = parameters.get("default", kNoDefault);
    for (const Value& item : interpreter.iterate(input)) out.push_back(path_of(interpreter, item, path, otherwise));
    return Value::list(std::move(out));
  }
  const Value& name = arguments.positional[0];
  if (!name.is_string()) raise("FilterArgumentError", "map requires a filter argument");
  for (const Value& item : interpreter.iterate(input)) {
    Arguments rest{{arguments.positional.begin() + 1, arguments.positional.end()}, arguments.named};
    out.push_back(call_filter(interpreter, name.string(), item, rest));
  }
  return Value::list(std::move(out));
}

// select(test, ...), reject, and with an attribute first selectattr, rejectattr.
template <bool kAttribute, bool kKeep>
Value select_filter(Interpreter& interpreter, const Value& input, Arguments& arguments) {
  const size_t first = kAttribute ? 1 : 0;
  if (kAttribute && arguments.positional.empty()) raise("FilterArgumentError", "Missing parameter for attribute name");
  std::vector<Value> out;
  if (!truth(input)) return Value::list({});
  for (Value& item : interpreter.iterate(input)) {
    const Value value = kAttribute ? path_of(interpreter, item, arguments.positional[0], kNoDefault) : item;
    bool holds;
    if (arguments.positional.size() <= first) {
      holds = truth(value);
    } else {
      const Value& name = arguments.positional[first];
      if (!name.is_string()) raise("TypeError", "the name of a test is a string");
      Arguments rest{{arguments.positional.begin() + static_cast<ptrdiff_t>(first) + 1, arguments.positional.end()},
                     arguments.named};
      holds = call_test(interpreter, name.string(), value, rest);
    }
    if (holds == kKeep) out.push_back(std::move(item));
  }
  return Value::list(std::move(out));
}

constexpr FilterEntry kFilters[] = {
    {"batch", batch_filter},
    {"count", length_filter},
    {"dictsort", dictsort_filter},
    {"first", first_filter},
    {"groupby", groupby_filter},
    {"items", items_filter},
    {"join", join_filter},
    {"last", last_filter},
    {"length", length_filter},
    {"list", list_filter},
    {"map", map_filter},
    {"max", extreme_filter<true>},
    {"min", extreme_filter<false>},
    {"reject", select_filter<false, false>},
    {"rejectattr", select_filter<true, false>},
    {"reverse", reverse_filter},
    {"select", select_filter<false, true>},
    {"selectattr", select_filter<true, true>},
    {"slice", slice_filter},
    {"sort", sort_filter},
    {"sum", sum_filter},
    {"unique", unique_filter},
};

}  // namespace

std::span<const FilterEntry> list_filters() {
  return kFilters;
}

}  // namespace scalewright::jinja
