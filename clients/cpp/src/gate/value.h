/// JSON values, and two more kinds for values of files: absent, and misfit.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "number.h"

namespace schemaregistry {

/// One value. A `misfit` is a value that the contract's Arrow type can't represent exactly; `text` shows it.
struct Value {
  enum class Kind { absent, misfit, null, boolean, number, string, array, object };

  Kind kind = Kind::absent;
  bool truth = false;
  Number number = 0;
  std::string text;
  std::vector<Value> items;
  std::vector<std::pair<std::string, Value>> members;
  /// The offsets at which the value begins and ends in the text that it was parsed from.
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  // Defined in value.cpp: the type has pairs of itself, and is complete only there.
  Value();
  Value(const Value&);
  Value(Value&&) noexcept;
  Value& operator=(const Value&);
  Value& operator=(Value&&) noexcept;
  ~Value();

  static Value null() { return of(Kind::null); }
  static Value array() { return of(Kind::array); }
  static Value object() { return of(Kind::object); }
  static Value misfit() { return of(Kind::misfit); }
  static Value boolean(bool truth);
  static Value string(std::string text);
  static Value of(Number number);

  /// Whether the value is neither absent nor a misfit.
  bool is_there() const { return kind != Kind::absent && kind != Kind::misfit; }
  bool is(Kind other) const { return kind == other; }
  /// The member of that name, or null.
  const Value* find(std::string_view name) const;

 private:
  static Value of(Kind kind);
};

/// Equal as JSON: numbers by value, objects in any order of members.
bool operator==(const Value& left, const Value& right);

/// Whether no two of the values are equal.
bool all_differ(const std::vector<Value>& values);

/// The value as JSON text; an absent value or a misfit is `null`.
std::string to_json(const Value& value);
/// The value as canonical JSON text (RFC 8785, but with all digits of an integer).
std::string to_canonical(const Value& value);
/// The value as reports show it, with decimals as strings.
Value as_shown(const Value& value);
/// A string as JSON text, quoted.
std::string quoted(std::string_view text);

}  // namespace schemaregistry
