/// Interpret a plan over one row: which checks the row fails, and where.
///
/// This is the reference for what a check means, with nulls, misfits, nesting, guards and conditions as contract.proto
/// defines them. Kernels only spare it rows that can't fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "plan.h"
#include "row.h"
#include "schema_validator.h"
#include "value.h"

namespace schemaregistry {

/// The first place in a row where a check fails: the indices of the list items on the way to it.
struct Failure {
  std::vector<std::size_t> items;
  /// The members that a `closed` check doesn't list.
  std::vector<std::string> extras;
  /// The refusals of a residual at every failing place of the row, each with the list indices of its place.
  std::vector<std::pair<std::vector<std::size_t>, Refusal>> refusals;
};

/// The interpreter of one file's rows; `seek` a row, then ask `fails`.
class Interpreter {
 public:
  Interpreter(const Plan& plan, const Binding& binding)
      : plan_(plan), binding_(binding), current_(plan.places.size(), nullptr) {}

  /// Begin a row.
  void seek(Row& row);
  /// Whether the row fails a check of the plan; `failure` gets the first place.
  bool fails(const Check& check, Failure& failure);

 private:
  template <class Visit>
  void each(std::uint32_t from, std::uint32_t to, const Value& value, const Visit& visit);
  template <class Visit>
  void descend(const std::vector<std::uint32_t>& way, std::size_t step, const Value& value, const Visit& visit);

  bool guards_are_met(const Check& check);
  bool fails_at(const Check& check, const Value& value, bool in_condition, Failure* failure);
  bool holds(std::uint32_t condition, const Value& value);
  bool is_refused(const Check& check, const Value& value, Failure* failure);
  std::vector<std::string> extras_of(const Check& check, const Value& value);
  int count_holding(const Check& check, const Value& value);
  const Value& row_value();
  static Value json_view(const Value& value);
  const Value& child_of(std::uint32_t place, const Value& value);

  const Plan& plan_;
  const Binding& binding_;
  Row* row_ = nullptr;
  Value whole_;
  bool has_whole_ = false;
  std::vector<const Value*> current_;
  std::vector<std::size_t> items_;
  std::map<std::pair<std::uint32_t, const Value*>, bool> held_;
  // The values that refusals point into.
  std::vector<std::unique_ptr<Value>> views_;
};

/// Whether a value fails a check that looks at single values. A null that means "absent" must not be passed.
bool fails_alone(const Check& check, const Value& value);

}  // namespace schemaregistry
