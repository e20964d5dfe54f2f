#include "file_evaluation.h"

#include <arrow/extension_type.h>

#include <algorithm>
#include <map>
#include <utility>

#include "text.h"

namespace schemaregistry {
namespace {

/// The most columns that a message about names differing in case or spaces lists.
constexpr std::size_t kMostPairs = 5;

std::string folded(std::string name) {
  for (char& letter : name) letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter | 0x20) : letter;
  return name;
}

std::optional<std::string> column_of(const Place& place) {
  return place.column.empty() && place.index == kRow ? std::nullopt : std::optional(place.column);
}

/// Whether null fails a check of single values, at a place where null is a value.
bool fails_null(const Check& check) { return fails_alone(check, Value::null()); }

/// How a report names a place whose type differs (`Fits` in contract.proto).
RuleKey refusal_of(const Plan& plan, const Binding& binding, const Check& fits) {
  const auto column = column_of(plan.places[fits.place]);
  const Check* refusing = plan.refusing(fits.place, json_kind(family(*binding[fits.place].type)));
  return refusing ? RuleKey{column, refusing->pointer, refusing->rule} : RuleKey{column, fits.names[0], "arrow"};
}

}  // namespace

const Binding& FileEvaluation::bind(const arrow::Schema& schema, const UnreadTexts& unread) {
  if (schema_ && schema_->Equals(schema)) return binding_;
  schema_ = arrow::schema(schema.fields());
  names_ = schema.field_names();
  binding_ = schemaregistry::bind(plan_, schema, unread);
  row_ = std::make_unique<ArrowRow>(plan_, binding_);
  interpreter_ = std::make_unique<Interpreter>(plan_, binding_);
  judge_schema(schema);
  return binding_;
}

void FileEvaluation::judge_schema(const arrow::Schema& schema) {
  judge_names(schema.field_names());
  judge_renamed();
  for (const Check& check : plan_.checks) {
    if (check.guards.empty()) judge_fault(check, schema);
  }
}

void FileEvaluation::judge_names(const std::vector<std::string>& names) {
  std::map<std::string, std::string> seen;
  for (const std::string& name : names) {
    const std::string& other = seen.try_emplace(folded(name), name).first->second;
    if (other != name) tally_.note("the columns \"" + other + "\" and \"" + name + "\" differ in case only");
  }
}

/// If one column is missing and one is extra, the extra one may be the missing one renamed.
void FileEvaluation::judge_renamed() {
  std::vector<std::string> missing;
  for (int column = 0; column < plan_.schema->num_fields(); ++column) {
    if (!binding_[static_cast<std::size_t>(column) + 1].is_known())
      missing.push_back(plan_.schema->field(column)->name());
  }
  const auto& extras = binding_[kRow].extras;
  std::map<std::string, std::vector<std::string>> alike;
  for (const auto& [name, index] : extras) alike[bare_name(name)].push_back(name);
  std::string pairs;
  std::size_t count = 0;
  for (const std::string& name : missing) {
    const auto found = alike.find(bare_name(name));
    if (found == alike.end() || found->second.size() != 1 || ++count > kMostPairs) continue;
    pairs += (pairs.empty() ? "\"" : ", \"") + found->second[0] + "\" is \"" + name + "\"";
  }
  if (count > 0) {
    const std::string more =
        count > kMostPairs ? " and " + grouped(static_cast<std::int64_t>(count - kMostPairs)) + " more" : "";
    return tally_.note(pairs + more + " but for case or spaces: rename the columns, or let `clean` do it");
  }
  if (missing.size() != 1 || extras.size() != 1) return;
  tally_.note(missing[0] + " is missing and " + extras[0].first + " isn't in the contract: was it renamed?");
}

void FileEvaluation::judge_fault(const Check& check, const arrow::Schema& schema) {
  const Place& place = plan_.places[check.place];
  const RuleKey key{column_of(place), check.pointer, check.rule};
  if (check.kind == CheckKind::present && is_missing(check.place)) {
    tally_.broken(key, check.expected, place.parent == kRow ? "no such column" : "no member \"" + place.name + "\"");
  } else if (check.kind == CheckKind::fits && binding_[check.place].is_refused()) {
    tally_.broken(refusal_of(plan_, binding_, check), check.expected, binding_[check.place].fit.refused);
  } else if (check.kind == CheckKind::closed && check.place == kRow) {
    for (const auto& [name, index] : binding_[kRow].extras) {
      if (binding_[kRow].unnamed.contains(name)) continue;
      tally_.broken({name, check.pointer, check.rule}, check.expected,
                    described(*schema.field(index)->type()) + " column");
    }
  }
}

bool FileEvaluation::is_missing(std::uint32_t place) const {
  if (binding_[place].is_known()) return false;
  const std::uint32_t parent = plan_.places[place].parent;
  if (parent == kRow) return true;
  return binding_[parent].is_known() && !binding_[parent].is_refused() &&
         binding_[parent].type->id() != arrow::Type::NA;
}

void FileEvaluation::take(const std::vector<std::shared_ptr<arrow::Array>>& arrays, std::int64_t rows) {
  std::vector<Suspects> suspects;
  bool any = false;
  Marks marked;
  for (const Check& check : plan_.checks) {
    suspects.push_back(suspects_of(check, arrays));
    any = any || suspects.back().any;
    merge(marked, suspects.back().marks);
  }
  for (std::int64_t row = 0; (any || !marked.empty()) && row < rows; ++row) {
    const auto at = static_cast<std::size_t>(row);
    if (!any && marked[at] == 0) continue;
    row_->seek(arrays, names_, row);
    tally_.rows_failing += judge_row(
        *row_, [&](std::size_t check) { return suspects[check].has(at); }, rows_ + row, std::nullopt);
  }
  rows_ += rows;
}

void FileEvaluation::take(Row& row, std::int64_t line) {
  tally_.rows_failing += judge_row(
      row, [](std::size_t) { return true; }, rows_, line);
  ++rows_;
}

void FileEvaluation::take(const std::map<RuleKey, Value>& broken, std::int64_t line) {
  for (const auto& [key, value] : broken) {
    const Value& at_fault = value;
    tally_.add(key, plan_.expected(key.column, key.pointer, key.rule), {path_, rows_, line, ""},
               [&] { return as_shown(at_fault); });
  }
  tally_.rows_failing += !broken.empty();
  ++rows_;
}

bool FileEvaluation::judge_row(Row& row, const std::function<bool(std::size_t)>& is_suspect, std::int64_t index,
                               std::optional<std::int64_t> line) {
  interpreter_->seek(row);
  std::set<RuleKey> seen;
  Failure failure;
  for (std::size_t i = 0; i < plan_.checks.size(); ++i) {
    const Check& check = plan_.checks[i];
    if (!is_suspect(i) || !interpreter_->fails(check, failure)) continue;
    for (Hit& hit : hits_of(check, failure, row)) {
      if (!seen.insert(hit.key).second) continue;
      tally_.add(hit.key, hit.expected, {path_, index, line, ""}, hit.show);
    }
  }
  return !seen.empty();
}

std::vector<FileEvaluation::Hit> FileEvaluation::hits_of(const Check& check, const Failure& failure, Row& row) {
  const Place& place = plan_.places[check.place];
  RuleKey key{column_of(place), check.pointer, check.rule};
  const auto show = [&place, &row, items = failure.items] { return row.shown_at(place, items); };
  if (check.kind == CheckKind::residual) return residual_hits(check, failure, row);
  if (check.kind == CheckKind::closed && check.place == kRow) {
    std::vector<Hit> hits;
    for (const std::string& name : failure.extras) {
      hits.push_back(
          {{name, check.pointer, check.rule}, check.expected, [&row, name] { return row.shown_column(name); }});
    }
    return hits;
  }
  if (check.kind == CheckKind::present) return {{std::move(key), check.expected, [] { return Value::null(); }}};
  if (check.kind == CheckKind::fits) {
    if (binding_[check.place].is_refused()) return {{refusal_of(plan_, binding_, check), check.expected, show}};
    tally_.misfits.insert(check.place);
  }
  return {{std::move(key), check.expected, show}};
}

std::vector<FileEvaluation::Hit> FileEvaluation::residual_hits(const Check& check, const Failure& failure,
                                                               Row& row) const {
  const Place& place = plan_.places[check.place];
  std::vector<Hit> hits;
  for (const auto& [items, refusal] : failure.refusals) {
    const auto columns = check.place == kRow ? refusal.columns() : std::vector{column_of(place)};
    for (const auto& column : columns) {
      hits.push_back({{column, refusal.pointer, refusal.rule},
                      plan_.stated(refusal.pointer),
                      [&place, &row, of = items] { return row.shown_at(place, of); }});
    }
  }
  return hits;
}

FileEvaluation::Suspects FileEvaluation::suspects_of(const Check& check,
                                                     const std::vector<std::shared_ptr<arrow::Array>>& arrays) const {
  Suspects none;
  Suspects any;
  any.any = true;
  const Bound& bound = binding_[check.place];
  switch (check.kind) {
    case CheckKind::closed:
      return may_have_extras(check) ? any : none;
    case CheckKind::any_of:
    case CheckKind::one_of:
    case CheckKind::not_:
    case CheckKind::residual:
    case CheckKind::never:
      return check.place == kRow || bound.is_known() ? any : none;
    case CheckKind::present:
      if (!bound.is_known()) return any;
      break;
    default:
      // Only the kinds above apply to the row itself, and a place that is absent everywhere fails no other kind.
      if (check.place == kRow || !bound.is_known()) return none;
  }
  if (bound.unread && check.kind == CheckKind::fits) return any;
  const auto array = array_at(plan_.places[check.place], arrays);
  if (!array) return any;
  Suspects found = suspects_at(check, *array);
  const auto& way = plan_.places[check.place].way;
  const bool in_list =
      std::any_of(way.begin(), way.end(), [&](std::uint32_t step) { return plan_.places[step].is_item; });
  if (!found.none() && in_list) return any;
  return found;
}

bool FileEvaluation::may_have_extras(const Check& check) const {
  if (!binding_[check.place].extras.empty()) return true;
  const auto& children = plan_.places[check.place].children;
  return std::any_of(children.begin(), children.end(), [&](std::uint32_t child) {
    return binding_[child].is_known() && !check.allows(plan_.places[child].name);
  });
}

FileEvaluation::Suspects FileEvaluation::suspects_at(const Check& check, const arrow::Array& array) const {
  const Place& place = plan_.places[check.place];
  Suspects found;
  if (check.kind == CheckKind::present) {
    if (!place.null_is_value) found.marks = mark_nulls(array);
    return found;
  }
  if (check.kind == CheckKind::fits) {
    found.marks = mark_misfits(array, binding_[check.place].fit);
    return found;
  }
  if (binding_[check.place].is_refused()) {
    found.any = place.null_is_value;
    return found;
  }
  found.marks = mark_failing(check, array, place.type ? *place.type : *array.type());
  if (place.null_is_value && fails_null(check)) merge(found.marks, mark_nulls(array));
  return found;
}

/// The values at a place, one per row if no list is on the way to it; null where the file doesn't have them.
std::shared_ptr<arrow::Array> FileEvaluation::array_at(const Place& place,
                                                       const std::vector<std::shared_ptr<arrow::Array>>& arrays) const {
  std::shared_ptr<arrow::Array> array;
  for (const std::uint32_t step : place.way) {
    const Bound& bound = binding_[step];
    if (!bound.is_known()) return nullptr;
    if (plan_.places[step].parent == kRow) {
      array = arrays[static_cast<std::size_t>(bound.field)];
    } else if (plan_.places[step].is_item) {
      array = array->type_id() == arrow::Type::LIST ? static_cast<const arrow::ListArray&>(*array).values() : nullptr;
    } else {
      array = array->type_id() == arrow::Type::STRUCT
                  ? static_cast<const arrow::StructArray&>(*array).field(bound.field)
                  : nullptr;
    }
    if (!array) return nullptr;
    if (array->type_id() == arrow::Type::EXTENSION) array = static_cast<const arrow::ExtensionArray&>(*array).storage();
  }
  return array;
}

void FileEvaluation::finish() {
  if (!binding_.empty()) add_notes(plan_.places[kRow]);
}

void FileEvaluation::add_notes(const Place& place) {
  const Bound& bound = binding_[place.index];
  if (!bound.fit.note.empty()) tally_.note(place.column + ": " + bound.fit.note, place.index);
  for (const std::uint32_t child : place.children) {
    if (binding_[child].is_known()) add_notes(plan_.places[child]);
  }
}

}  // namespace schemaregistry
