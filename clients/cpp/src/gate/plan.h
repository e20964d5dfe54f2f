/// A contract made ready to run: places with their types, checks with their arguments read once.
///
/// Refuses what it doesn't know or can't trust; judging is `interpreter.h`'s.
#pragma once

#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arrow_types.h"
#include "pattern.h"
#include "schema_validator.h"
#include "schemaregistry/gate.h"
#include "schemaregistry/result.h"
#include "value.h"

namespace schemaregistry {

constexpr std::uint32_t kRow = 0;

/// Where values stand.
struct Place {
  std::uint32_t index = 0;
  std::uint32_t parent = 0;
  /// The member's name; empty for the row and for items.
  std::string name;
  bool is_item = false;
  bool null_is_value = false;
  /// The contract's type of the values here, null where any is taken.
  std::shared_ptr<arrow::DataType> type;
  /// The top-level column that the place is in; empty for the row.
  std::string column;
  std::vector<std::uint32_t> children;
  /// The places from the row (exclusive) to this one.
  std::vector<std::uint32_t> way;

  /// Whether this is `other` or stands within it.
  bool is_within(std::uint32_t other) const;
};

struct Guard {
  std::uint32_t condition = 0;
  bool holds = false;
};

/// The kinds of contract.proto's `Check`, by the same names.
enum class CheckKind {
  present,
  fits,
  types,
  values,
  minimum,
  exclusive_minimum,
  maximum,
  exclusive_maximum,
  multiple_of,
  min_length,
  max_length,
  pattern,
  format,
  min_items,
  max_items,
  multiple_of_decimal,
  unique_items,
  closed,
  never,
  any_of,
  one_of,
  not_,
  residual,
};

/// One rule at one place; the arguments that its kind doesn't have are empty.
struct Check {
  CheckKind kind = CheckKind::never;
  std::uint32_t place = 0;
  std::string pointer;
  std::string rule;
  std::string expected;
  std::vector<Guard> guards;

  /// types: the names of the JSON types that are allowed. closed: the members. format: its name. fits: the pointer.
  std::vector<std::string> names;
  /// values
  std::vector<Value> values;
  /// The bounds. multiple_of_decimal: the divisor.
  Number limit = 0;
  /// multiple_of, min_length, max_length, min_items, max_items
  std::uint64_t count = 0;
  std::optional<Pattern> pattern;
  /// any_of, one_of, not: conditions. residual: its index.
  std::vector<std::uint32_t> references;

  bool allows(std::string_view name) const;
};

struct Condition {
  std::uint32_t place = 0;
  std::vector<Check> checks;
};

/// A contract, ready to be interpreted.
class Plan {
 public:
  /// Read a serialised `Contract`, which may be anything. FAILED_PRECONDITION (UNKNOWN_PLAN) where it isn't one that is
  /// known here.
  static Result<std::shared_ptr<const Plan>> read(std::string_view contract);

  std::string id;
  std::string version;
  std::string fingerprint;
  std::vector<Place> places;
  std::vector<Check> checks;
  std::vector<Condition> conditions;
  std::vector<SchemaValidator> residuals;
  /// The whole document, for records of JSON.
  std::optional<SchemaValidator> whole;
  /// What residuals are judged by.
  Value document;
  /// Of rows handed on.
  std::shared_ptr<arrow::Schema> schema;
  /// How CSV files are written.
  CsvDialect csv;

  /// What JSON records have: every member that the plan names, of any type where it has none.
  std::shared_ptr<arrow::Schema> record_schema() const;
  /// The check of a typed place that its Arrow type holds its values; null where there is none.
  const Check* fit_check(std::uint32_t place) const;
  /// The first unconditional `types` check of a place that doesn't allow a JSON type; null where all do.
  const Check* refusing(std::uint32_t place, std::string_view json_kind) const;
  /// The place in the order of the checks of the rule of a column, or else of a rule; the number of checks where none
  /// is.
  std::size_t rank(const std::optional<std::string>& column, const std::string& pointer, const std::string& rule) const;
  /// What a rule expects, as its check says, else as it stands in the document.
  std::string expected(const std::optional<std::string>& column, const std::string& pointer,
                       const std::string& rule) const;
  /// What stands at a pointer of the document, as a report may show it.
  std::string stated(const std::string& pointer) const;
};

}  // namespace schemaregistry
