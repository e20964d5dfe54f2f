/// Judge JSON records one by one, with the same violations as batches; `ndjson_file.cpp` reads them.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "plan.h"
#include "tally.h"
#include "value.h"

namespace schemaregistry {

/// Judges records by a plan that has `whole`.
class RecordJudge {
 public:
  explicit RecordJudge(const Plan& plan);

  /// The rules that a record breaks, each with the faulty value; `cleaned` gets the record without absent members and
  /// misfits.
  std::map<RuleKey, Value> broken(const Value& record, Value& cleaned);
  /// A conforming record from `cleaned`, in which each value of type json is the text that it was parsed from.
  Value stored(const Value& cleaned, std::string_view text) const;

 private:
  /// A value, in a list or an object, that its place's Arrow type can't represent.
  struct Misfit {
    std::uint32_t place = 0;
    std::vector<std::string> path;
    Value value;
  };

  Value stored_at(const Place& place, const Value& value, std::string_view text) const;
  const Place* child_of(const Place& place, std::string_view name) const;
  Value clean_object(const Place& place, const Value& value);
  /// Copies a value without the nulls that have no place in an object that is closed under every condition.
  Value without_nulls(const Place& place, const Value& value, bool& found) const;
  Value clean(const Place& place, const Value& value);
  RuleKey key_of(const Misfit& misfit) const;
  static bool explains(const Misfit& misfit, const Refusal& refusal);

  const Plan& plan_;
  // The places of `closed` checks, and of those that apply under every condition.
  std::set<std::uint32_t> closed_;
  std::set<std::uint32_t> always_closed_;
  std::vector<Misfit> misfits_;
  std::vector<std::string> path_;
};

}  // namespace schemaregistry
