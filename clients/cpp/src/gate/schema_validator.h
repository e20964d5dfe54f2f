/// A JSON Schema validator of draft-07, for what a plan leaves to one: formats asserted, patterns linear, references
/// within the document alone.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pattern.h"
#include "schemaregistry/result.h"
#include "value.h"

namespace schemaregistry {

/// What stands at a JSON pointer (RFC 6901), or null.
const Value* at_pointer(const Value& document, std::string_view pointer);

/// One rule that a value breaks. The names are of the parts of a report.
struct Refusal {
  /// JSON pointer of the rule in the document.
  std::string pointer;
  /// Its keyword.
  std::string rule;
  /// The way to the part at fault, within the value: `.` and the name of a member, `#` and the number of an item.
  std::vector<std::string> place;
  /// The members that `required` misses or `additionalProperties` refuses.
  std::vector<std::string> names;
  /// The part at fault; it lives as long as the value judged.
  const Value* value = nullptr;

  /// The columns of a record that this is about; nothing for the record as a whole.
  std::vector<std::optional<std::string>> columns() const;
};

/// A part of one schema document, ready to judge values. Threads may share it.
class SchemaValidator {
 public:
  /// The schema object at `pointer` with `keywords` alone (all where there are none; of `properties` only the names).
  /// `document` must outlive it. FAILED_PRECONDITION (reason UNKNOWN_PLAN) for what can't be judged here: a place that
  /// isn't there, a reference out of the document or in a circle, a pattern that RE2 has no words for.
  static Result<SchemaValidator> make(const Value& document, const std::string& pointer,
                                      const std::vector<std::string>& keywords);

  /// What a value breaks.
  std::vector<Refusal> judge(const Value& value) const;
  /// Whether it breaks nothing.
  bool passes(const Value& value) const;

 private:
  class Walk;
  class Judgement;
  const Value* document_ = nullptr;
  std::string pointer_;
  std::shared_ptr<const Value> schema_;
  std::map<std::string, Pattern, std::less<>> patterns_;
};

}  // namespace schemaregistry
