#include "plan.h"

#include <arrow/util/key_value_metadata.h>

#include <algorithm>
#include <utility>

#include "csv_dialect.h"
#include "formats.h"
#include "json_text.h"
#include "schemaregistry/v1/contract.pb.h"
#include "text.h"

namespace schemaregistry {
namespace {

/// The version of plans with a CSV dialect.
constexpr std::uint32_t kCsvPlanVersion = 2;
constexpr std::uint32_t kPlanVersion = 1;
constexpr std::size_t kMostBytes = 64 << 20;
constexpr int kMostPlaces = 100'000;
constexpr int kMostChecks = 200'000;
constexpr std::size_t kDeepest = 128;
constexpr std::uint64_t kLargestDivisor = std::uint64_t{1} << 53;
constexpr std::size_t kLongestStated = 80;

Error unknown(const std::string& fault) {
  return {Code::failed_precondition,
          "UNKNOWN_PLAN",
          "This contract can't be read here: " + fault + ". Update schemaregistry, or fetch the contract anew.",
          "",
          {}};
}

CheckKind kind_of(const v1::Check& message) {
  switch (message.kind_case()) {
    case v1::Check::kPresent:
      return CheckKind::present;
    case v1::Check::kFits:
      return CheckKind::fits;
    case v1::Check::kTypes:
      return CheckKind::types;
    case v1::Check::kValues:
      return CheckKind::values;
    case v1::Check::kMinimum:
      return CheckKind::minimum;
    case v1::Check::kExclusiveMinimum:
      return CheckKind::exclusive_minimum;
    case v1::Check::kMaximum:
      return CheckKind::maximum;
    case v1::Check::kExclusiveMaximum:
      return CheckKind::exclusive_maximum;
    case v1::Check::kMultipleOf:
      return CheckKind::multiple_of;
    case v1::Check::kMinLength:
      return CheckKind::min_length;
    case v1::Check::kMaxLength:
      return CheckKind::max_length;
    case v1::Check::kPattern:
      return CheckKind::pattern;
    case v1::Check::kFormat:
      return CheckKind::format;
    case v1::Check::kMinItems:
      return CheckKind::min_items;
    case v1::Check::kMaxItems:
      return CheckKind::max_items;
    case v1::Check::kMultipleOfDecimal:
      return CheckKind::multiple_of_decimal;
    case v1::Check::kUniqueItems:
      return CheckKind::unique_items;
    case v1::Check::kClosed:
      return CheckKind::closed;
    case v1::Check::kAnyOf:
      return CheckKind::any_of;
    case v1::Check::kOneOf:
      return CheckKind::one_of;
    case v1::Check::kNot:
      return CheckKind::not_;
    case v1::Check::kResidual:
      return CheckKind::residual;
    default:
      return CheckKind::never;
  }
}

std::string name_of(v1::JsonType type) {
  switch (type) {
    case v1::JSON_TYPE_NULL:
      return "null";
    case v1::JSON_TYPE_BOOLEAN:
      return "boolean";
    case v1::JSON_TYPE_INTEGER:
      return "integer";
    case v1::JSON_TYPE_NUMBER:
      return "number";
    case v1::JSON_TYPE_STRING:
      return "string";
    case v1::JSON_TYPE_ARRAY:
      return "array";
    case v1::JSON_TYPE_OBJECT:
      return "object";
    default:
      return "";
  }
}

/// Reads the parts of a contract in their order; `fault` says what is wrong with the contract.
class PlanReader {
 public:
  PlanReader(const v1::Contract& contract, Plan& plan) : contract_(contract), plan_(plan) {}

  std::string run() {
    if (contract_.plan_version() != kPlanVersion && contract_.plan_version() != kCsvPlanVersion) {
      const auto found = contract_.plan_version() ? std::to_string(contract_.plan_version()) : "missing";
      fail("its format is " + found + ", this reader knows " + std::to_string(kPlanVersion) + " and " +
           std::to_string(kCsvPlanVersion));
    }
    read_document();
    read_csv_dialect();
    read_columns();
    read_places();
    read_conditions();
    read_residuals();
    read_checks(contract_.checks(), plan_.checks, kRow, contract_.conditions_size());
    return fault_;
  }

 private:
  void fail(const std::string& fault) {
    if (fault_.empty()) fault_ = fault;
  }
  bool sound() const { return fault_.empty(); }

  void read_document() {
    plan_.id = contract_.id();
    plan_.version = contract_.version();
    plan_.fingerprint = contract_.fingerprint();
    auto document = read_json(contract_.schema_json(), 200);
    if (!document) return fail("its document is not JSON");
    plan_.document = *std::move(document);
    // Without this validator JSON records can't be judged, but columns can.
    if (auto whole = SchemaValidator::make(plan_.document, "", {})) plan_.whole = *std::move(whole);
  }

  void read_csv_dialect() {
    if (!contract_.has_csv()) return;
    const v1::Csv& said = contract_.csv();
    plan_.csv.delimiter = said.delimiter();
    plan_.csv.encoding = said.encoding();
    plan_.csv.comment = said.comment();
    plan_.csv.skip_lines = said.skip_lines();
    plan_.csv.null.assign(said.null().begin(), said.null().end());
    plan_.csv.escape = said.escape();
    if (auto wrong = wrong_in(plan_.csv)) fail("of its CSV, " + *wrong);
  }

  void read_columns() {
    if (!sound()) return;
    arrow::FieldVector fields;
    for (const auto& column : contract_.columns()) {
      auto field = arrow_field(column.field());
      if (!field) return fail(field.error().message);
      fields.push_back(*std::move(field));
    }
    const auto metadata =
        arrow::key_value_metadata({"schemaregistry.id", "schemaregistry.version", "schemaregistry.fingerprint"},
                                  {plan_.id, plan_.version, plan_.fingerprint});
    plan_.schema = arrow::schema(std::move(fields), metadata);
  }

  void read_places() {
    if (!sound()) return;
    const int count = contract_.places_size();
    if (count < contract_.columns_size() + 1 || count > kMostPlaces)
      return fail("it has no places for its columns, or too many");
    plan_.places.resize(static_cast<std::size_t>(count));
    for (int index = 1; index < count && sound(); ++index)
      read_place(static_cast<std::uint32_t>(index), contract_.places(index));
  }

  void read_place(std::uint32_t index, const v1::Place& message) {
    if (message.parent() >= index) return fail("a place comes before the one that it is in");
    Place& parent = plan_.places[message.parent()];
    Place& place = plan_.places[index];
    place.index = index;
    place.parent = message.parent();
    place.is_item = message.step_case() == v1::Place::kItem;
    place.name = message.member();
    place.null_is_value = message.null_is_value();
    place.column = place.parent == kRow ? place.name : parent.column;
    place.way = parent.way;
    place.way.push_back(index);
    if (place.way.size() > kDeepest) return fail("its places are nested too deep");
    if (message.step_case() == v1::Place::STEP_NOT_SET) return fail("a place has no step");
    if (index <= static_cast<std::uint32_t>(contract_.columns_size()) &&
        (place.parent != kRow || place.name != plan_.schema->field(static_cast<int>(index) - 1)->name())) {
      return fail("a column is not at its place");
    }
    parent.children.push_back(index);
    if (message.typed()) place.type = type_at(place, parent);
    if (message.typed() && !place.type) fail("a place has no Arrow type where it says that it has one");
  }

  std::shared_ptr<arrow::DataType> type_at(const Place& place, const Place& parent) const {
    std::shared_ptr<arrow::DataType> type;
    if (place.parent == kRow) {
      const auto column = static_cast<int>(place.index) - 1;
      if (!place.is_item && column < plan_.schema->num_fields()) type = plan_.schema->field(column)->type();
    } else if (parent.type && place.is_item) {
      if (parent.type->id() == arrow::Type::LIST) type = parent.type->field(0)->type();
    } else if (parent.type && parent.type->id() == arrow::Type::STRUCT) {
      const auto field = static_cast<const arrow::StructType&>(*parent.type).GetFieldByName(place.name);
      if (field) type = field->type();
    }
    while (type && type->id() == arrow::Type::DICTIONARY)
      type = static_cast<const arrow::DictionaryType&>(*type).value_type();
    return type;
  }

  void read_conditions() {
    for (int index = 0; index < contract_.conditions_size() && sound(); ++index) {
      const auto& message = contract_.conditions(index);
      Condition& condition = plan_.conditions.emplace_back();
      condition.place = message.place();
      if (condition.place >= plan_.places.size()) return fail("a condition has no place");
      read_checks(message.checks(), condition.checks, condition.place, index);
    }
  }

  void read_residuals() {
    for (const auto& message : contract_.residuals()) {
      if (!sound()) return;
      auto residual = SchemaValidator::make(plan_.document, message.schema_pointer(),
                                            {message.keywords().begin(), message.keywords().end()});
      if (!residual) return fail(residual.error().message);
      plan_.residuals.push_back(*std::move(residual));
    }
  }

  /// Read the checks within `place`; they may refer to the first `conditions` conditions only.
  template <class Messages>
  void read_checks(const Messages& messages, std::vector<Check>& checks, std::uint32_t place, int conditions) {
    for (const auto& message : messages) {
      if (!sound()) return;
      if (++count_ > kMostChecks) return fail("it has too many checks");
      Check& check = checks.emplace_back();
      check.place = message.place();
      check.pointer = message.pointer();
      check.rule = message.rule();
      check.expected = message.expected();
      if (check.place >= plan_.places.size() || !plan_.places[check.place].is_within(place))
        return fail("a check has no place");
      for (const auto& guard : message.guards()) {
        check.guards.push_back({guard.condition(), guard.holds()});
        if (!is_condition_above(guard.condition(), check.place, conditions))
          return fail("a guard refers to no condition of its place");
      }
      read_kind(message, check, conditions);
    }
  }

  bool is_condition_above(std::uint32_t condition, std::uint32_t place, int conditions) const {
    return condition < static_cast<std::uint32_t>(conditions) &&
           plan_.places[place].is_within(contract_.conditions(static_cast<int>(condition)).place());
  }

  void read_kind(const v1::Check& message, Check& check, int conditions) {
    check.kind = kind_of(message);
    switch (message.kind_case()) {
      case v1::Check::KIND_NOT_SET:
        return fail("the check at " + check.pointer + " is of a kind that isn't known here");
      case v1::Check::kPresent:
        if (check.place == kRow || plan_.places[check.place].is_item) fail("a check for presence is at no member");
        return;
      case v1::Check::kFits:
        check.names = {message.fits().arrow_pointer()};
        if (!plan_.places[check.place].type) fail("a check of a type is where there is none");
        return;
      case v1::Check::kTypes:
        return read_types(message.types(), check);
      case v1::Check::kValues:
        return read_values(message.values(), check);
      case v1::Check::kMinimum:
        return read_limit(message.minimum(), check);
      case v1::Check::kExclusiveMinimum:
        return read_limit(message.exclusive_minimum(), check);
      case v1::Check::kMaximum:
        return read_limit(message.maximum(), check);
      case v1::Check::kExclusiveMaximum:
        return read_limit(message.exclusive_maximum(), check);
      case v1::Check::kMultipleOf:
        check.count = message.multiple_of().divisor();
        if (check.count < 1 || check.count > kLargestDivisor) fail("a divisor is out of its range");
        return;
      case v1::Check::kMinLength:
        check.count = message.min_length().limit();
        return;
      case v1::Check::kMaxLength:
        check.count = message.max_length().limit();
        return;
      case v1::Check::kMinItems:
        check.count = message.min_items().limit();
        return;
      case v1::Check::kMaxItems:
        check.count = message.max_items().limit();
        return;
      case v1::Check::kMultipleOfDecimal:
        return read_divisor(message.multiple_of_decimal(), check);
      case v1::Check::kUniqueItems:
        if (plan_.places[check.place].children.empty()) fail("items are looked at where there are none");
        return;
      case v1::Check::kPattern:
        check.pattern = Pattern::of_re2(message.pattern().re2());
        if (!check.pattern) fail("a pattern can't be compiled");
        return;
      case v1::Check::kFormat:
        check.names = {message.format().name()};
        if (!is_known_format(check.names[0])) fail("the format " + check.names[0] + " isn't known here");
        return;
      case v1::Check::kClosed:
        check.names.assign(message.closed().members().begin(), message.closed().members().end());
        return;
      case v1::Check::kNever:
        return;
      case v1::Check::kAnyOf:
        return read_references(message.any_of(), check, conditions);
      case v1::Check::kOneOf:
        return read_references(message.one_of(), check, conditions);
      case v1::Check::kNot:
        return read_references(message.not_(), check, conditions);
      case v1::Check::kResidual:
        check.references = {message.residual().residual()};
        if (check.references[0] >= static_cast<std::uint32_t>(contract_.residuals_size()))
          fail("a check refers to no residual");
        return;
    }
  }

  void read_types(const v1::Types& message, Check& check) {
    for (const int type : message.types()) {
      check.names.push_back(name_of(static_cast<v1::JsonType>(type)));
      if (check.names.back().empty()) fail("a JSON type isn't known here");
    }
  }

  void read_values(const v1::Values& message, Check& check) {
    for (const auto& text : message.json()) {
      auto value = read_json(text);
      if (!value) return fail("a value to compare with is not JSON");
      check.values.push_back(*std::move(value));
    }
  }

  void read_divisor(const v1::MultipleOfDecimal& message, Check& check) {
    auto divisor = read_json(message.divisor());
    if (!divisor || !divisor->is(Value::Kind::number)) return fail("a divisor is no number");
    if (Number::compare(divisor->number, 0) <= 0) return fail("a divisor is out of its range");
    check.limit = divisor->number;
  }

  void read_limit(const v1::Bound& message, Check& check) {
    auto limit = read_json(message.limit());
    if (!limit || !limit->is(Value::Kind::number)) return fail("a bound is no number");
    check.limit = limit->number;
  }

  void read_references(const v1::Conditions& message, Check& check, int conditions) {
    for (const std::uint32_t condition : message.conditions()) {
      if (condition >= static_cast<std::uint32_t>(conditions) || plan_.conditions[condition].place != check.place) {
        return fail("a check refers to no condition of its place");
      }
      check.references.push_back(condition);
    }
  }

  const v1::Contract& contract_;
  Plan& plan_;
  std::string fault_;
  int count_ = 0;
};

}  // namespace

bool Place::is_within(std::uint32_t other) const {
  return other == kRow || std::find(way.begin(), way.end(), other) != way.end();
}

bool Check::allows(std::string_view name) const { return std::find(names.begin(), names.end(), name) != names.end(); }

Result<std::shared_ptr<const Plan>> Plan::read(std::string_view contract) {
  v1::Contract message;
  if (contract.size() > kMostBytes || !message.ParseFromArray(contract.data(), static_cast<int>(contract.size()))) {
    return unknown("it is not a serialised contract");
  }
  auto plan = std::make_shared<Plan>();
  const std::string fault = PlanReader(message, *plan).run();
  if (!fault.empty()) return unknown(fault);
  return std::shared_ptr<const Plan>(std::move(plan));
}

namespace {

std::shared_ptr<arrow::DataType> record_type(const Plan& plan, const Place& place) {
  if (!place.type) return arrow::utf8();
  if (place.children.empty() || is_json(*place.type)) return place.type;
  arrow::FieldVector fields;
  for (const std::uint32_t child : place.children)
    fields.push_back(arrow::field(plan.places[child].name, record_type(plan, plan.places[child])));
  return place.type->id() == arrow::Type::STRUCT ? arrow::struct_(fields) : arrow::list(fields[0]);
}

}  // namespace

std::shared_ptr<arrow::Schema> Plan::record_schema() const {
  arrow::FieldVector fields;
  for (const std::uint32_t child : places[kRow].children)
    fields.push_back(arrow::field(places[child].name, record_type(*this, places[child])));
  return arrow::schema(fields);
}

const Check* Plan::fit_check(std::uint32_t place) const {
  const auto found = std::find_if(checks.begin(), checks.end(), [&](const Check& check) {
    return check.kind == CheckKind::fits && check.place == place;
  });
  return found == checks.end() ? nullptr : &*found;
}

const Check* Plan::refusing(std::uint32_t place, std::string_view json_kind) const {
  const auto refuses = [&](const Check& check) {
    if (check.kind != CheckKind::types || check.place != place || !check.guards.empty() || check.allows(json_kind))
      return false;
    if (json_kind == "integer") return !check.allows("number");
    return json_kind != "number" || !check.allows("integer");
  };
  const auto found = std::find_if(checks.begin(), checks.end(), refuses);
  return found == checks.end() ? nullptr : &*found;
}

std::size_t Plan::rank(const std::optional<std::string>& column, const std::string& pointer,
                       const std::string& rule) const {
  const auto found = std::find_if(checks.begin(), checks.end(), [&](const Check& check) {
    return check.pointer == pointer && check.rule == rule && places[check.place].column == column.value_or("") &&
           (check.place == kRow) == !column.has_value();
  });
  return static_cast<std::size_t>(found - checks.begin());
}

std::string Plan::expected(const std::optional<std::string>& column, const std::string& pointer,
                           const std::string& rule) const {
  std::size_t found = rank(column, pointer, rule);
  if (found == checks.size()) found = rank(std::nullopt, pointer, rule);
  const std::string words = found == checks.size() ? "" : checks[found].expected;
  return words.empty() ? stated(pointer) : words;
}

std::string Plan::stated(const std::string& pointer) const {
  const Value* found = at_pointer(document, pointer);
  return found ? shortened(to_json(*found), kLongestStated) : "";
}

}  // namespace schemaregistry
