#include "records.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>

#include "text.h"
#include "typed_text.h"

namespace schemaregistry {
namespace {

using Kind = Value::Kind;

std::string kind_of(const Value& value) {
  switch (value.kind) {
    case Kind::boolean:
      return "boolean";
    case Kind::number:
      return value.number.is_written_as_integer() ? "integer" : "number";
    case Kind::string:
      return "string";
    case Kind::array:
      return "array";
    default:
      return "object";
  }
}

/// The value with decimals as doubles where these are equal, as the validator reports it.
Value with_doubles(Value value) {
  if (value.is(Kind::number) && value.number.is_decimal()) {
    const double nearest = value.number.nearest();
    const bool same = std::isfinite(nearest) && Number(nearest) == value.number;
    return same ? Value::of(Number(nearest)) : value;
  }
  for (Value& item : value.items) item = with_doubles(std::move(item));
  for (auto& [name, member] : value.members) member = with_doubles(std::move(member));
  return value;
}

bool is_number(const std::string& kind) { return kind == "integer" || kind == "number"; }

}  // namespace

RecordJudge::RecordJudge(const Plan& plan) : plan_(plan) {
  const auto add = [](const std::vector<Check>& checks, std::set<std::uint32_t>& places) {
    for (const Check& check : checks)
      if (check.kind == CheckKind::closed) places.insert(check.place);
  };
  add(plan.checks, always_closed_);
  closed_ = always_closed_;
  for (const Condition& condition : plan.conditions) add(condition.checks, closed_);
}

std::map<RuleKey, Value> RecordJudge::broken(const Value& record, Value& cleaned) {
  misfits_.clear();
  cleaned = record.is(Kind::object) ? clean_object(plan_.places[kRow], record) : record;
  std::map<RuleKey, Value> found;
  // `emplace` leaves an existing entry, so a rule's first misfit is the one shown.
  for (const Misfit& misfit : misfits_) {
    const bool is_text = misfit.value.is(Kind::string);
    found.emplace(key_of(misfit), is_text ? Value::string(printable(misfit.value.text)) : misfit.value);
  }
  std::vector<Refusal> refusals = plan_.whole->judge(cleaned);
  // A null without a place that is forbidden is seen by `closed` alone: the other rules judge the record without it.
  bool has_nulls = false;
  Value bare;
  if (!refusals.empty() && !always_closed_.empty()) bare = without_nulls(plan_.places[kRow], cleaned, has_nulls);
  if (has_nulls) {
    const auto is_closed = [](const Refusal& refusal) { return refusal.rule == "additionalProperties"; };
    std::erase_if(refusals, std::not_fn(is_closed));
    std::vector<Refusal> others = plan_.whole->judge(bare);
    std::erase_if(others, is_closed);
    std::move(others.begin(), others.end(), std::back_inserter(refusals));
  }
  for (const Refusal& refusal : refusals) {
    if (std::any_of(misfits_.begin(), misfits_.end(), [&](const Misfit& misfit) { return explains(misfit, refusal); }))
      continue;
    const bool by_name = refusal.place.empty() && !refusal.names.empty();
    for (const auto& column : refusal.columns()) {
      const Value* at_fault = by_name ? cleaned.find(*column) : refusal.rule == "required" ? nullptr : refusal.value;
      found.emplace(RuleKey{column, refusal.pointer, refusal.rule}, at_fault ? with_doubles(*at_fault) : Value::null());
    }
  }
  return found;
}

RuleKey RecordJudge::key_of(const Misfit& misfit) const {
  const Place& place = plan_.places[misfit.place];
  const Check* fits = plan_.fit_check(misfit.place);
  const std::string kind = kind_of(misfit.value);
  const std::string wanted = json_kind(family(*place.type));
  if (fits == nullptr) return {place.column, "", "arrow"};
  if (kind == wanted || (is_number(kind) && is_number(wanted))) return {place.column, fits->pointer, fits->rule};
  if (const Check* refusing = plan_.refusing(misfit.place, kind))
    return {place.column, refusing->pointer, refusing->rule};
  return {place.column, fits->names[0], "arrow"};
}

const Place* RecordJudge::child_of(const Place& place, std::string_view name) const {
  const auto child = std::find_if(place.children.begin(), place.children.end(), [&](std::uint32_t index) {
    return !plan_.places[index].is_item && plan_.places[index].name == name;
  });
  return child == place.children.end() ? nullptr : &plan_.places[*child];
}

Value RecordJudge::stored(const Value& cleaned, std::string_view text) const {
  return stored_at(plan_.places[kRow], cleaned, text);
}

Value RecordJudge::stored_at(const Place& place, const Value& value, std::string_view text) const {
  if (place.type && is_json(*place.type))
    return Value::string(std::string(text.substr(value.begin, value.end - value.begin)));
  Value stored = value;
  for (auto& [name, member] : stored.members) {
    if (const Place* child = child_of(place, name)) member = stored_at(*child, member, text);
  }
  for (Value& item : stored.items) item = stored_at(plan_.places[place.children[0]], item, text);
  return stored;
}

Value RecordJudge::clean_object(const Place& place, const Value& value) {
  Value cleaned = Value::object();
  for (const auto& [name, inner] : value.members) {
    const Place* child = child_of(place, name);
    const bool keeps_null = child != nullptr && (child->null_is_value || (child->type && is_json(*child->type)));
    // A null without a place is absent, but still a member that `closed` forbids (contract.proto).
    const bool is_extra = child == nullptr && (!inner.is(Kind::null) || closed_.contains(place.index));
    if (is_extra || (inner.is(Kind::null) && keeps_null)) {
      cleaned.members.emplace_back(name, inner);
    } else if (child != nullptr && !inner.is(Kind::null)) {
      path_.push_back("." + name);
      Value held = clean(*child, inner);
      path_.pop_back();
      if (!held.is(Kind::misfit)) cleaned.members.emplace_back(name, std::move(held));
    }
  }
  return cleaned;
}

Value RecordJudge::without_nulls(const Place& place, const Value& value, bool& found) const {
  Value bare = value;
  if (value.is(Kind::object)) {
    bare.members.clear();
    for (const auto& [name, inner] : value.members) {
      const Place* child = child_of(place, name);
      if (child != nullptr) {
        bare.members.emplace_back(name, without_nulls(*child, inner, found));
      } else if (inner.is(Kind::null) && always_closed_.contains(place.index)) {
        found = true;
      } else {
        bare.members.emplace_back(name, inner);
      }
    }
  }
  const auto item = std::find_if(place.children.begin(), place.children.end(),
                                 [&](std::uint32_t child) { return plan_.places[child].is_item; });
  if (value.is(Kind::array) && item != place.children.end())
    for (Value& each : bare.items) each = without_nulls(plan_.places[*item], each, found);
  return bare;
}

Value RecordJudge::clean(const Place& place, const Value& value) {
  if (!place.type || is_json(*place.type)) return value;
  const Family kind = family(*place.type);
  if (kind == Family::structure && value.is(Kind::object)) return clean_object(place, value);
  const auto item = std::find_if(place.children.begin(), place.children.end(),
                                 [&](std::uint32_t child) { return plan_.places[child].is_item; });
  if (kind == Family::list && value.is(Kind::array) && item != place.children.end()) {
    Value cleaned = Value::array();
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      path_.push_back("#" + std::to_string(i));
      Value held = value.items[i].is(Kind::null) ? value.items[i] : clean(plan_.places[*item], value.items[i]);
      cleaned.items.push_back(held.is(Kind::misfit) ? Value::null() : std::move(held));
      path_.pop_back();
    }
    return cleaned;
  }
  Value held = held_value(*place.type, value);
  if (held.is(Kind::misfit)) misfits_.push_back({place.index, path_, value});
  return held;
}

/// Whether a misfit is the cause of a refusal, which then isn't reported: `required` for a member that was removed
/// because it doesn't fit, and every rule about an item that doesn't fit.
bool RecordJudge::explains(const Misfit& misfit, const Refusal& refusal) {
  const std::string& last = misfit.path.back();
  if (refusal.rule == "required") {
    const std::vector<std::string> within(misfit.path.begin(), misfit.path.end() - 1);
    return refusal.place == within &&
           std::find(refusal.names.begin(), refusal.names.end(), last.substr(1)) != refusal.names.end();
  }
  return last[0] == '#' && refusal.place.size() >= misfit.path.size() &&
         std::equal(misfit.path.begin(), misfit.path.end(), refusal.place.begin());
}

}  // namespace schemaregistry
