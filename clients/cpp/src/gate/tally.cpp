#include "tally.h"

#include <algorithm>
#include <utility>

#include "text.h"

namespace schemaregistry {
namespace {

constexpr std::size_t kLongestActual = 80;
constexpr std::size_t kLongestText = 200;

using Rank = std::tuple<std::size_t, std::size_t, std::string, std::string>;

Rank rank_of(const Plan& plan, const RuleKey& key) {
  const auto columns = static_cast<std::size_t>(plan.schema->num_fields());
  std::size_t column = columns + 1;
  if (key.column) {
    const int index = plan.schema->GetFieldIndex(*key.column);
    column = index < 0 ? columns : static_cast<std::size_t>(index);
  }
  return {column, plan.rank(key.column, key.pointer, key.rule), key.column.value_or(""), key.pointer};
}

}  // namespace

Value cut(const Value& value) {
  if (value.is(Value::Kind::number) && value.number.is_decimal()) return Value::string(value.number.text());
  Value shown = value;
  shown.text = shortened(std::move(shown.text), kLongestText);
  if (shown.items.size() > kLongestText) shown.items.resize(kLongestText);
  for (Value& item : shown.items) item = cut(item);
  for (auto& [name, member] : shown.members) member = cut(member);
  return shown;
}

void Tally::note(const std::string& text, std::optional<std::uint32_t> while_fitting) {
  const auto is_said = [&](const auto& note) { return note.first == text; };
  if (std::none_of(notes_.begin(), notes_.end(), is_said)) notes_.emplace_back(text, while_fitting);
}

std::vector<std::string> Tally::notes() const {
  std::vector<std::string> said;
  for (const auto& [text, place] : notes_) {
    if (!place || misfits.count(*place) == 0) said.push_back(text);
  }
  return said;
}

void Tally::broken(const RuleKey& key, const std::string& expected, const std::string& actual) {
  found_.try_emplace(key, Violation{key.column, key.pointer, key.rule, expected, actual, 0, {}});
}

void Tally::add(const RuleKey& key, const std::string& expected, Example at, const std::function<Value()>& show) {
  auto found = found_.find(key);
  if (found == found_.end() || found->second.examples.size() < kExamples) {
    const Value value = cut(show());
    at.value = to_json(value);
    const std::string actual = shortened(to_canonical(value), kLongestActual);
    found = found_.try_emplace(key, Violation{key.column, key.pointer, key.rule, expected, actual, 0, {}}).first;
    found->second.examples.push_back(std::move(at));
  }
  found->second.count += 1;
}

std::vector<Violation> Tally::violations(const Plan& plan) const {
  std::vector<std::pair<Rank, const Violation*>> ranked;
  for (const auto& [key, violation] : found_) ranked.emplace_back(rank_of(plan, key), &violation);
  std::sort(ranked.begin(), ranked.end());
  std::vector<Violation> sorted;
  for (const auto& [rank, violation] : ranked) sorted.push_back(*violation);
  return sorted;
}

}  // namespace schemaregistry
