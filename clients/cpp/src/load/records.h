/// JSON records judged one by one, to the same violations as batches. Reads no files.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "plan.h"
#include "tally.h"
#include "value.h"

namespace schemaregistry {

/// Judges records by a plan whose `whole` is there.
class RecordJudge {
 public:
  explicit RecordJudge(const Plan& plan) : plan_(plan) {}

  /// What a record breaks, each with the value at fault; `cleaned` is the record without absent members and misfits.
  std::map<RuleKey, Value> broken(const Value& record, Value& cleaned);
  /// A record that was cleaned and conforms, with the text that it was read from for each value of type json.
  Value stored(const Value& cleaned, std::string_view text) const;

 private:
  /// A value that a place's Arrow type can't hold: an item, or a member.
  struct Misfit {
    std::uint32_t place = 0;
    std::vector<std::string> path;
    Value value;
  };

  Value stored_at(const Place& place, const Value& value, std::string_view text) const;
  const Place* child_of(const Place& place, std::string_view name) const;
  Value clean_object(const Place& place, const Value& value);
  Value clean(const Place& place, const Value& value);
  RuleKey key_of(const Misfit& misfit) const;
  static bool explains(const Misfit& misfit, const Refusal& refusal);

  const Plan& plan_;
  std::vector<Misfit> misfits_;
  std::vector<std::string> path_;
};

}  // namespace schemaregistry
