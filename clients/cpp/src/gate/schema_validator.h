/// A JSON Schema validator (draft-07) for residuals: keywords that no kind of check covers.
///
/// It asserts formats, matches patterns in linear time, and follows references within the document only.
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

/// The value at a JSON pointer (RFC 6901), null where there is none.
const Value* at_pointer(const Value& document, std::string_view pointer);

/// A rule that a value breaks.
struct Refusal {
  /// The JSON pointer of the rule in the document.
  std::string pointer;
  /// The rule's keyword.
  std::string rule;
  /// The path to the faulty part of the value: `.` and a member's name, or `#` and an item's index, for each step.
  std::vector<std::string> place;
  /// The members that `required` misses or `additionalProperties` refuses.
  std::vector<std::string> names;
  /// The faulty part; it lives as long as the judged value.
  const Value* value = nullptr;

  /// The columns of a record that the refusal is about; empty for the record as a whole.
  std::vector<std::optional<std::string>> columns() const;
};

/// A schema object of one document, ready to validate values. Threads may share it.
class SchemaValidator {
 public:
  /// Make a validator of the schema object at `pointer`, with `keywords` only (empty: all; of `properties` only the
  /// names). `document` must outlive it. Fails with FAILED_PRECONDITION (reason UNKNOWN_PLAN) for a pointer that leads
  /// nowhere, a reference out of the document or in a circle, or a pattern that RE2 can't express.
  static Result<SchemaValidator> make(const Value& document, const std::string& pointer,
                                      const std::vector<std::string>& keywords);

  /// The rules that a value breaks.
  std::vector<Refusal> judge(const Value& value) const;
  /// Whether a value breaks no rule.
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
