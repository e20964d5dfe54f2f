/// Read a contract into a plan: places with their types, and checks with their arguments.
///
/// A contract with parts that this version doesn't know is refused. `interpreter.h` runs the plan.
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

/// A place where values are: the row, a column, a member of an object, an item of a list.
struct Place {
  std::uint32_t index = 0;
  std::uint32_t parent = 0;
  /// The member's name; empty for the row and for items.
  std::string name;
  bool is_item = false;
  bool null_is_value = false;
  /// The contract's type of the values here, null where every type is allowed.
  std::shared_ptr<arrow::DataType> type;
  /// The top-level column that the place is in; empty for the row.
  std::string column;
  std::vector<std::uint32_t> children;
  /// The places from the row (exclusive) to this one.
  std::vector<std::uint32_t> way;

  /// Whether this place is `other`, or within it.
  bool is_within(std::uint32_t other) const;
};

/// A check applies only where `condition` holds, or, for `holds` = false, where it doesn't.
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

/// One rule at one place. Arguments that its kind doesn't have are empty; the comments name the kinds of each.
struct Check {
  CheckKind kind = CheckKind::never;
  std::uint32_t place = 0;
  std::string pointer;
  std::string rule;
  std::string expected;
  std::vector<Guard> guards;

  /// types: the allowed JSON types. closed: the allowed members. format: its name. fits: the pointer.
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

/// A claim about the values at a place: it holds where all its checks pass.
struct Condition {
  std::uint32_t place = 0;
  std::vector<Check> checks;
};

/// A contract, ready to be interpreted.
class Plan {
 public:
  /// Read a serialised `Contract` from bytes that may be anything. Fails with FAILED_PRECONDITION (UNKNOWN_PLAN) where
  /// they are no contract, or one with parts that this version doesn't know.
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
  /// The document that residuals are read from.
  Value document;
  /// The Arrow schema of loaded rows.
  std::shared_ptr<arrow::Schema> schema;
  /// How CSV files are written.
  CsvDialect csv;

  /// The schema of JSON records: every column that the plan names; one without a type may have any.
  std::shared_ptr<arrow::Schema> record_schema() const;
  /// The `fits` check of a place, null where it has none.
  const Check* fit_check(std::uint32_t place) const;
  /// The first unconditional `types` check of a place that doesn't allow a JSON type; null where all allow it.
  const Check* refusing(std::uint32_t place, std::string_view json_kind) const;
  /// The position among the checks of a column's rule, or else of the rule anywhere; the number of checks where there
  /// is none. Reports list violations in this order.
  std::size_t rank(const std::optional<std::string>& column, const std::string& pointer, const std::string& rule) const;
  /// A rule's `expected` text, or else the rule as the document states it.
  std::string expected(const std::optional<std::string>& column, const std::string& pointer,
                       const std::string& rule) const;
  /// The text, for a report, of the value at a pointer of the document.
  std::string stated(const std::string& pointer) const;
};

}  // namespace schemaregistry
