#include "engine/text/jinja/runtime_objects.h"

namespace scalewright::jinja {
namespace {

class LoopMethod final : public Object {
 public:
  LoopMethod(std::shared_ptr<LoopObject> loop, bool cycle) : loop_(std::move(loop)), cycle_(cycle) {}
  std::string type_name() const override { return "method"; }
  bool callable() const override { return true; }
  Value call(Interpreter&, Arguments& arguments) override {
    if (cycle_) {
      if (arguments.positional.empty()) raise("TypeError", "no items for cycling given");
      return arguments.positional[loop_->index % arguments.positional.size()];
    }
    const bool same = loop_->changed_before && equal(Value::list(loop_->last), Value::list(arguments.positional));
    loop_->changed_before = true;
    loop_->last = arguments.positional;
    return !same;
  }

 private:
  std::shared_ptr<LoopObject> loop_;
  bool cycle_;
};

}  // namespace

bool LoopObject::attribute(Interpreter&, std::string_view name, Value& out) {
  const size_t count = items.size();
  if (name == "index") {
    out = index + 1;
  } else if (name == "index0") {
    out = index;
  } else if (name == "revindex") {
    out = count - index;
  } else if (name == "revindex0") {
    out = count - index - 1;
  } else if (name == "first") {
    out = index == 0;
  } else if (name == "last") {
    out = index + 1 == count;
  } else if (name == "length") {
    out = count;
  } else if (name == "depth") {
    out = depth + 1;
  } else if (name == "depth0") {
    out = depth;
  } else if (name == "previtem") {
    out = index > 0 ? items[index - 1] : Value::undefined("there is no previous item");
  } else if (name == "nextitem") {
    out = index + 1 < count ? items[index + 1] : Value::undefined("there is no next item");
  } else if (name == "cycle" || name == "changed") {
    out = object_value<LoopMethod>(shared_from_this(), name == "cycle");
  } else {
    return false;
  }
  return true;
}

const Value* Scope::find(std::string_view name) const {
  for (const Scope* scope = this; scope != nullptr; scope = scope->parent_.get()) {
    for (const auto& [other, value] : scope->values_) {
      if (other == name) return &value;
    }
  }
  return nullptr;
}

void Scope::set(std::string_view name, Value value) {
  for (auto& [other, old] : values_) {
    if (other == name) {
      old = std::move(value);
      return;
    }
  }
  values_.emplace_back(name, std::move(value));
}

bool Namespace::attribute(Interpreter&, std::string_view name, Value& out) {
  for (const auto& [other, value] : values_) {
    if (other == name) {
      out = value;
      return true;
    }
  }
  return false;
}

void Namespace::set(std::string_view name, Value value) {
  for (auto& [other, old] : values_) {
    if (other == name) {
      old = std::move(value);
      return;
    }
  }
  values_.emplace_back(name, std::move(value));
}

}  // namespace scalewright::jinja
