/// Sum up findings: violations with their counts and first rows, and the number of failing rows.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "plan.h"
#include "schemaregistry/report.h"
#include "value.h"

namespace schemaregistry {

/// A broken rule, as in `Violation`.
struct RuleKey {
  std::optional<std::string> column;
  std::string pointer;
  std::string rule;

  friend bool operator<(const RuleKey& left, const RuleKey& right) {
    return std::tie(left.column, left.pointer, left.rule) < std::tie(right.column, right.pointer, right.rule);
  }
};

class Tally {
 public:
  static constexpr std::size_t kExamples = 10;

  std::int64_t rows_failing = 0;

  /// The places with a value that their type can't represent.
  std::set<std::uint32_t> misfits;

  /// Add a note to the report, once. With `while_fitting`, the report has it only if every value of that place fits.
  void note(const std::string& text, std::optional<std::uint32_t> while_fitting = std::nullopt);
  /// Add a violation without rows: a column is missing, or of another type.
  void broken(const RuleKey& key, const std::string& expected, const std::string& actual);
  /// Add a row that breaks a rule. `at` is its position in the file; `show` is called for the value only if it is
  /// shown.
  void add(const RuleKey& key, const std::string& expected, Example at, const std::function<Value()>& show);

  bool is_clean() const { return found_.empty(); }
  /// The report's notes.
  std::vector<std::string> notes() const;
  /// The violations in the plan's order: by column (unknown ones next, the whole row last), then by check.
  std::vector<Violation> violations(const Plan& plan) const;

 private:
  std::map<RuleKey, Violation> found_;
  std::vector<std::pair<std::string, std::optional<std::uint32_t>>> notes_;
};

/// A value for a report: decimals as strings, long texts and lists cut.
Value cut(const Value& value);

}  // namespace schemaregistry
