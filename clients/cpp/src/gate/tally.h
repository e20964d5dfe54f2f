/// What has been found so far: violations with their counts and first rows, rows that fail. Judges nothing.
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

/// A rule that is broken, as in `Violation`.
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

  /// Places with a value that their type doesn't hold.
  std::set<std::uint32_t> misfits;

  /// Say something once; or, of a place, only if every value there fits its type in the end.
  void note(const std::string& text, std::optional<std::uint32_t> while_fitting = std::nullopt);
  /// A rule is broken, if by no row: by a column that is missing, or of another type.
  void broken(const RuleKey& key, const std::string& expected, const std::string& actual);
  /// One more row, at a place in a file, breaks a rule by a value; `show` finds it where it is wanted.
  void add(const RuleKey& key, const std::string& expected, Example at, const std::function<Value()>& show);

  bool is_clean() const { return found_.empty(); }
  /// What is to be said.
  std::vector<std::string> notes() const;
  /// In the plan's order: by column (others after, the whole row last), then by check.
  std::vector<Violation> violations(const Plan& plan) const;

 private:
  std::map<RuleKey, Violation> found_;
  std::vector<std::pair<std::string, std::optional<std::uint32_t>>> notes_;
};

/// A value as a report may hold it: decimals as strings, long texts and lists cut.
Value cut(const Value& value);

}  // namespace schemaregistry
