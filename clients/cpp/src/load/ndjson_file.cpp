// Read NDJSON and JSON: one value per line, or values in an array or one after another, judged as JSON. Invalid JSON
// makes the report undecided.
#include <algorithm>
#include <utility>

#include "arrow_types.h"
#include "json_text.h"
#include "kept_rows.h"
#include "reading.h"
#include "records.h"
#include "text_input.h"

namespace schemaregistry {
namespace {

constexpr std::size_t kDeepest = 200;

/// Whether a line is an array of records, or the first line of such an array.
bool starts_array(std::string_view line, const Value* value) {
  const auto first = line.find_first_not_of(" \t");
  if (first == std::string_view::npos || line[first] != '[') return false;
  return value == nullptr || (!value->items.empty() && value->items[0].is(Value::Kind::object));
}

class NdjsonFile {
 public:
  explicit NdjsonFile(Reading& reading)
      : reading_(reading),
        input_(reading.source, false),
        kept_(reading),
        records_(reading.plan),
        holds_json_(holds_json(*arrow::struct_(reading.plan.schema->fields()))) {}

  std::optional<Fault> run() {
    if (!reading_.plan.whole)
      return reading_.fault("UNKNOWN_PLAN",
                            "the contract's document can't be judged here: records of JSON can't be checked");
    reading_.judge.bind(*reading_.plan.record_schema());
    const auto& places = reading_.plan.places;
    const bool exact = std::any_of(places.begin(), places.end(), [](const Place& place) {
      return place.type && family(*place.type) == Family::decimal;
    });
    const bool lines = reading_.source.format != "json";
    bool is_first = lines;
    while (const auto record = lines ? input_.next() : input_.next_value()) {
      if (record->text.find_first_not_of(" \t\r\f\v") == std::string_view::npos) continue;
      auto value = exact ? read_json_exactly(record->text, kDeepest) : read_json_plainly(record->text, kDeepest);
      if (std::exchange(is_first, false) && starts_array(record->text, value ? &*value : nullptr)) {
        return reading_.fault(
            "JSON_ARRAY", "the records are in a JSON array, not a line each: name the file .json, or say --format json",
            record->offset, record->line);
      }
      if (!value) {
        std::string what = "not JSON: " + value.error().message;
        if (lines && value.error().message.starts_with(kMoreFollows))
          what += "; a line, which ends in \\n, is one record: for records one after another say --format json";
        return reading_.fault("NOT_JSON", what, record->offset, record->line);
      }
      complete(*value);
      if (auto fault = take(*value, *record)) return fault;
    }
    if (input_.fault()) return input_.fault();
    return kept_.flush();
  }

 private:
  /// Add the columns of the path that a record lacks.
  void complete(Value& value) const {
    if (!value.is(Value::Kind::object)) return;
    for (const PartitionColumn& given : reading_.given) {
      if (!given.text) continue;
      const auto member = std::find_if(value.members.begin(), value.members.end(),
                                       [&](const auto& each) { return each.first == given.name; });
      if (member == value.members.end()) {
        value.members.emplace_back(given.name, value_of(reading_.plan, given));
      } else if (member->second.is(Value::Kind::null)) {
        member->second = value_of(reading_.plan, given);
      }
    }
  }

  std::optional<Fault> take(const Value& value, const Record& record) {
    Value cleaned;
    reading_.judge.take(records_.broken(value, cleaned), record.line);
    if (!reading_.keeps()) return std::nullopt;
    if (holds_json_) cleaned = records_.stored(cleaned, record.text);
    static const Value kAbsent;
    std::vector<const Value*> columns;
    for (const auto& field : reading_.plan.schema->fields()) {
      const Value* member = cleaned.find(field->name());
      columns.push_back(member ? member : &kAbsent);
    }
    return kept_.add(columns);
  }

  Reading& reading_;
  TextInput input_;
  KeptRows kept_;
  RecordJudge records_;
  const bool holds_json_;
};

}  // namespace

std::optional<Fault> read_ndjson(Reading& reading) { return NdjsonFile(reading).run(); }

}  // namespace schemaregistry
