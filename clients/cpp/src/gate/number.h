/// Numbers compared by exactly their value, whatever they are stored as: integers, doubles, decimals.
///
/// Nothing here rounds. Columns of machine numbers are judged faster by `kernels.h`; this is for what they can't tell.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace schemaregistry {

__extension__ typedef __int128 Int128;

/// A finite number.
class Number {
 public:
  Number(Int128 value) : held_(value) {}       // NOLINT(google-explicit-constructor)
  Number(int value) : held_(Int128{value}) {}  // NOLINT(google-explicit-constructor)
  Number(double value) : held_(value) {}       // NOLINT(google-explicit-constructor)
  /// A decimal as text without exponent: `-12.340`.
  static Number decimal(std::string text) { return Number(std::move(text)); }
  /// A JSON number: an integer in full, or the double nearest to the text. Nothing where that overflows.
  static std::optional<Number> parse(std::string_view json);
  /// A JSON number as exactly what is written. Nothing where its exponent is beyond `kFarthest`.
  static std::optional<Number> parse_exactly(std::string_view json);
  /// The same, with a double for what that surely says: an integer in full, up to fifteen digits with a fraction.
  static std::optional<Number> parse_plainly(std::string_view json);

  bool is_integral() const;
  bool is_zero() const { return compare(*this, 0) == 0; }
  /// Whether it was made from an integer, 1 and not 1.0.
  bool is_written_as_integer() const { return std::holds_alternative<Int128>(held_); }
  bool is_multiple_of(std::uint64_t divisor) const;
  /// The same by a divisor that may have a fraction. A double that has one is the decimal of its shortest text.
  bool is_multiple_of(const Number& divisor) const;
  /// The greatest integer that isn't more, where 128 bits hold it.
  std::optional<Int128> floor() const;
  /// The nearest double.
  double nearest() const;
  /// As JSON.
  std::string text() const;
  /// As a report shows a decimal: one that is very large or very small with an exponent.
  std::string shown() const;
  /// As canonical JSON (RFC 8785, but integers in full): equal numbers have equal texts.
  std::string canonical() const;
  bool is_decimal() const { return std::holds_alternative<std::string>(held_); }

  /// Below 0, 0 or above 0 as left is less than, equal to or more than right. A double beside a decimal is the decimal
  /// that its shortest text writes.
  static int compare(const Number& left, const Number& right);
  friend bool operator==(const Number& left, const Number& right) { return compare(left, right) == 0; }

 private:
  explicit Number(std::string text) : held_(std::move(text)) {}
  struct Digits;
  Digits digits() const;

  std::variant<Int128, double, std::string> held_;
};

/// Exponents beyond it are read by nobody, and would take a lot of memory written out.
constexpr long kFarthest = 5'000;

/// A decimal that may be written with an exponent, which must be a small one.
Number decimal_number(const std::string& text);
/// The exponent of a number's first digit that isn't 0; 0 for zero. The text is one of digits, a point, an exponent.
long exponent_of(std::string_view text);
/// In decimal.
std::string to_text(Int128 value);

}  // namespace schemaregistry
