#include "interpreter.h"

#include <algorithm>
#include <utility>

#include "formats.h"
#include "text.h"

namespace schemaregistry {
namespace {

using Kind = Value::Kind;

const Value kAbsent{};
const Value kRowValue = Value::object();

bool is_of_type(const Check& check, const Value& value) {
  switch (value.kind) {
    case Kind::null:
      return check.allows("null");
    case Kind::boolean:
      return check.allows("boolean");
    case Kind::number:
      return check.allows("number") || (check.allows("integer") && value.number.is_integral());
    case Kind::string:
      return check.allows("string");
    case Kind::array:
      return check.allows("array");
    case Kind::object:
      return check.allows("object");
    default:
      return true;
  }
}

bool is_out_of_bound(const Check& check, const Number& number) {
  const int order = Number::compare(number, check.limit);
  switch (check.kind) {
    case CheckKind::minimum:
      return order < 0;
    case CheckKind::exclusive_minimum:
      return order <= 0;
    case CheckKind::maximum:
      return order > 0;
    case CheckKind::exclusive_maximum:
      return order >= 0;
    case CheckKind::multiple_of_decimal:
      return !number.is_multiple_of(check.limit);
    default:
      return !number.is_multiple_of(check.count);
  }
}

bool is_wrong_text(const Check& check, const std::string& text) {
  switch (check.kind) {
    case CheckKind::min_length:
      return code_points(text) < check.count;
    case CheckKind::max_length:
      return code_points(text) > check.count;
    case CheckKind::pattern:
      return !check.pattern->matches(text);
    default:
      return !has_format(check.names[0], text);
  }
}

}  // namespace

bool fails_alone(const Check& check, const Value& value) {
  switch (check.kind) {
    case CheckKind::types:
      return !is_of_type(check, value);
    case CheckKind::values:
      return std::find(check.values.begin(), check.values.end(), value) == check.values.end();
    case CheckKind::minimum:
    case CheckKind::exclusive_minimum:
    case CheckKind::maximum:
    case CheckKind::exclusive_maximum:
    case CheckKind::multiple_of:
    case CheckKind::multiple_of_decimal:
      return value.is(Kind::number) && is_out_of_bound(check, value.number);
    case CheckKind::min_length:
    case CheckKind::max_length:
    case CheckKind::pattern:
    case CheckKind::format:
      return value.is(Kind::string) && is_wrong_text(check, value.text);
    case CheckKind::min_items:
      return value.is(Kind::array) && value.items.size() < check.count;
    case CheckKind::max_items:
      return value.is(Kind::array) && value.items.size() > check.count;
    case CheckKind::never:
      return true;
    default:
      return false;
  }
}

void Interpreter::seek(Row& row) {
  row_ = &row;
  has_whole_ = false;
  held_.clear();
  views_.clear();
}

bool Interpreter::fails(const Check& check, Failure& failure) {
  bool failed = false;
  failure = {};
  current_[kRow] = &kRowValue;
  each(kRow, check.place, kRowValue, [&](const Value& value) {
    const bool residual = check.kind == CheckKind::residual;
    if ((failed && !residual) || !fails_at(check, value, false, &failure)) return;
    if (!failed) failure.items = items_;
    failed = true;
  });
  return failed;
}

template <class Visit>
void Interpreter::each(std::uint32_t from, std::uint32_t to, const Value& value, const Visit& visit) {
  const auto& way = plan_.places[to].way;
  descend(way, plan_.places[from].way.size(), value, visit);
}

template <class Visit>
void Interpreter::descend(const std::vector<std::uint32_t>& way, std::size_t step, const Value& value,
                          const Visit& visit) {
  if (step == way.size()) return visit(value);
  const std::uint32_t place = way[step];
  if (!plan_.places[place].is_item) {
    if (!value.is(Kind::object)) return;
    const Value& child = child_of(place, value);
    current_[place] = &child;
    return descend(way, step + 1, child, visit);
  }
  if (!value.is(Kind::array)) return;
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    items_.push_back(i);
    current_[place] = &value.items[i];
    descend(way, step + 1, value.items[i], visit);
    items_.pop_back();
  }
}

const Value& Interpreter::child_of(std::uint32_t place, const Value& value) {
  if (&value == &kRowValue) return row_->column(place);
  const Value* member = value.find(plan_.places[place].name);
  return member ? *member : kAbsent;
}

bool Interpreter::guards_are_met(const Check& check) {
  return std::all_of(check.guards.begin(), check.guards.end(), [&](const Guard& guard) {
    return holds(guard.condition, *current_[plan_.conditions[guard.condition].place]) == guard.holds;
  });
}

bool Interpreter::fails_at(const Check& check, const Value& value, bool in_condition, Failure* failure) {
  bool failed = false;
  switch (check.kind) {
    case CheckKind::present:
      failed = value.is(Kind::absent) || (in_condition && value.is(Kind::misfit));
      break;
    case CheckKind::fits:
      failed = value.is(Kind::misfit);
      break;
    default:
      if (!value.is_there()) return false;
      switch (check.kind) {
        case CheckKind::closed: {
          auto extras = extras_of(check, value);
          failed = !extras.empty();
          if (failure != nullptr) failure->extras = std::move(extras);
          break;
        }
        case CheckKind::any_of:
          failed = count_holding(check, value) == 0;
          break;
        case CheckKind::one_of:
          failed = count_holding(check, value) != 1;
          break;
        case CheckKind::not_:
          failed = count_holding(check, value) > 0;
          break;
        case CheckKind::unique_items:
          failed = value.is(Kind::array) && !all_differ(json_view(value).items);
          break;
        case CheckKind::residual:
          return guards_are_met(check) && is_refused(check, value, failure);
        default:
          failed = fails_alone(check, value);
      }
  }
  return failed && guards_are_met(check);
}

/// A member that the plan doesn't have counts as present, also with the value null, unless it has no name.
std::vector<std::string> Interpreter::extras_of(const Check& check, const Value& value) {
  std::vector<std::string> names;
  if (!value.is(Kind::object)) return names;
  for (const std::uint32_t child : plan_.places[check.place].children) {
    const Place& place = plan_.places[child];
    if (!check.allows(place.name) && !child_of(child, value).is(Kind::absent)) names.push_back(place.name);
  }
  if (check.place == kRow && !binding_[kRow].unnamed.empty()) {
    for (auto& [name, extra] : row_->extras()) names.push_back(name);
    return names;
  }
  for (const auto& [name, index] : binding_[check.place].extras) names.push_back(name);
  return names;
}

int Interpreter::count_holding(const Check& check, const Value& value) {
  return static_cast<int>(std::count_if(check.references.begin(), check.references.end(),
                                        [&](std::uint32_t condition) { return holds(condition, value); }));
}

bool Interpreter::holds(std::uint32_t index, const Value& value) {
  const auto key = std::make_pair(index, &value);
  if (const auto known = held_.find(key); known != held_.end()) return known->second;
  const Condition& condition = plan_.conditions[index];
  const bool all = std::all_of(condition.checks.begin(), condition.checks.end(), [&](const Check& check) {
    bool failed = false;
    each(condition.place, check.place, value,
         [&](const Value& inner) { failed = failed || fails_at(check, inner, true, nullptr); });
    return !failed;
  });
  return held_[key] = all;
}

bool Interpreter::is_refused(const Check& check, const Value& value, Failure* failure) {
  const SchemaValidator& residual = plan_.residuals[check.references[0]];
  const Value* view = &value;
  if (check.place == kRow) {
    view = &row_value();
  } else if (value.is(Kind::object) || value.is(Kind::array)) {
    view = views_.emplace_back(std::make_unique<Value>(json_view(value))).get();
  }
  if (failure == nullptr) return !residual.passes(*view);
  auto refusals = residual.judge(*view);
  const bool refused = !refusals.empty();
  for (Refusal& refusal : refusals) failure->refusals.emplace_back(items_, std::move(refusal));
  return refused;
}

const Value& Interpreter::row_value() {
  if (has_whole_) return whole_;
  whole_ = Value::object();
  for (const std::uint32_t place : plan_.places[kRow].children) {
    const Value& value = row_->column(place);
    if (value.is_there()) whole_.members.emplace_back(plan_.places[place].name, json_view(value));
  }
  for (auto& extra : row_->extras())
    if (!extra.second.is(Kind::null)) whole_.members.push_back(std::move(extra));
  has_whole_ = true;
  return whole_;
}

/// The value for a validator: without absent members and misfits; a misfit item becomes null.
Value Interpreter::json_view(const Value& value) {
  if (!value.is(Kind::object) && !value.is(Kind::array)) return value;
  Value view = value.is(Kind::object) ? Value::object() : Value::array();
  for (const Value& item : value.items) view.items.push_back(item.is_there() ? json_view(item) : Value::null());
  for (const auto& [name, member] : value.members) {
    if (member.is_there()) view.members.emplace_back(name, json_view(member));
  }
  return view;
}

}  // namespace schemaregistry
