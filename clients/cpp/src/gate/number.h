/// Exact numbers: integers, doubles and decimals that compare by their value without rounding.
///
/// `kernels.h` judges whole columns faster; this type is for the values that kernels leave over.
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
  /// Parse a JSON number: an exact integer, or the double nearest to the text. Empty where that overflows.
  static std::optional<Number> parse(std::string_view json);
  /// Parse a JSON number as exactly the value written. Empty where its exponent is beyond `kFarthest`.
  static std::optional<Number> parse_exactly(std::string_view json);
  /// Parse as `parse_exactly`, with a double for a fraction of up to fifteen digits, which it surely represents.
  static std::optional<Number> parse_plainly(std::string_view json);

  bool is_integral() const;
  bool is_zero() const { return compare(*this, 0) == 0; }
  /// Whether the number was made from an integer: 1, and not 1.0.
  bool is_written_as_integer() const { return std::holds_alternative<Int128>(held_); }
  bool is_multiple_of(std::uint64_t divisor) const;
  /// The same for a divisor that may have a fraction. A double with a fraction counts as the decimal of its shortest
  /// text: 0.3 is a multiple of 0.1.
  bool is_multiple_of(const Number& divisor) const;
  /// The greatest integer that is not above the number; empty where 128 bits can't represent it.
  std::optional<Int128> floor() const;
  /// The nearest double.
  double nearest() const;
  /// The number as JSON.
  std::string text() const;
  /// The number as reports show it: a very large or very small decimal with an exponent.
  std::string shown() const;
  /// The number as canonical JSON (RFC 8785, but with all digits of an integer): equal numbers have equal texts.
  std::string canonical() const;
  bool is_decimal() const { return std::holds_alternative<std::string>(held_); }

  /// Below 0, 0 or above 0 where left is less than, equal to or more than right. Compared with a decimal, a double
  /// counts as the decimal of its shortest text.
  static int compare(const Number& left, const Number& right);
  friend bool operator==(const Number& left, const Number& right) { return compare(left, right) == 0; }

 private:
  explicit Number(std::string text) : held_(std::move(text)) {}
  struct Digits;
  Digits digits() const;

  std::variant<Int128, double, std::string> held_;
};

/// The largest exponent of an exact decimal. Larger ones would take a lot of memory when they are written out.
constexpr long kFarthest = 5'000;

/// Make a number from decimal text, which may have a small exponent.
Number decimal_number(const std::string& text);
/// The decimal exponent of a number's first digit other than 0; 0 for zero. The text has digits, a point, an exponent.
long exponent_of(std::string_view text);
/// The decimal text of an integer.
std::string to_text(Int128 value);

}  // namespace schemaregistry
