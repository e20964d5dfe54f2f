#include "number.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

namespace schemaregistry {

/// The exact decimal expansion: no leading zeros in `whole`, no trailing ones in `fraction`.
struct Number::Digits {
  bool negative = false;
  std::string whole;
  std::string fraction;
};

namespace {

constexpr std::size_t kInt128Digits = 38;
// Decimals of up to so many digits each have a double of their own.
constexpr std::size_t kPlainDigits = 15;
// The largest exponent with which a report writes a decimal without one.
constexpr long kShownExponent = 60;

std::optional<Int128> small_integer(std::string_view digits, bool negative) {
  if (digits.size() > kInt128Digits) return std::nullopt;
  Int128 value = 0;
  for (const char digit : digits) value = value * 10 + (digit - '0');
  return negative ? -value : value;
}

/// The expansion of a double: at most 309 digits before the point and 1,074 after it.
std::string expansion(double value) {
  std::array<char, 1500> text{};
  const int size = std::snprintf(text.data(), text.size(), "%.1074f", value);
  return {text.data(), static_cast<std::size_t>(size)};
}

/// A decimal number without its sign, as digits and an exponent.
struct Scaled {
  std::string digits;
  int exponent = 0;
};

Scaled scaled(const Number& number) {
  std::string text = number.canonical();
  Scaled found;
  if (const auto e = text.find('e'); e != std::string::npos) {
    found.exponent = std::atoi(text.c_str() + e + 1);
    text.resize(e);
  }
  if (const auto point = text.find('.'); point != std::string::npos) {
    found.exponent -= static_cast<int>(text.size() - point - 1);
    text.erase(point, 1);
  }
  if (text[0] == '-') text.erase(0, 1);
  found.digits = text.erase(0, std::min(text.find_first_not_of('0'), text.size()));
  return found;
}

int sign_of(int order) { return order < 0 ? -1 : order > 0 ? 1 : 0; }

}  // namespace

std::string to_text(Int128 value) {
  if (value == 0) return "0";
  std::string reversed;
  const bool negative = value < 0;
  for (; value != 0; value /= 10) {
    const int digit = static_cast<int>(value % 10);
    reversed += static_cast<char>('0' + (digit < 0 ? -digit : digit));
  }
  if (negative) reversed += '-';
  return {reversed.rbegin(), reversed.rend()};
}

Number decimal_number(const std::string& text) {
  const auto e = text.find_first_of("eE");
  if (e == std::string::npos) return Number::decimal(text);
  std::string digits = text.substr(0, e);
  int exponent = std::atoi(text.c_str() + e + 1);
  const bool negative = digits[0] == '-';
  if (negative) digits.erase(0, 1);
  if (const auto point = digits.find('.'); point != std::string::npos) {
    exponent -= static_cast<int>(digits.size() - point - 1);
    digits.erase(point, 1);
  }
  if (exponent >= 0) {
    digits.append(static_cast<std::size_t>(exponent), '0');
  } else {
    const auto after = static_cast<std::size_t>(-exponent);
    if (digits.size() <= after) digits.insert(0, after + 1 - digits.size(), '0');
    digits.insert(digits.size() - after, ".");
  }
  return Number::decimal((negative ? "-" : "") + digits);
}

long exponent_of(std::string_view text) {
  const auto e = std::min(text.find_first_of("eE"), text.size());
  const std::string_view digits = text.substr(0, e);
  const auto first = digits.find_first_of("123456789");
  if (first == std::string_view::npos) return 0;
  const auto point = std::min(digits.find('.'), digits.size());
  const long place = static_cast<long>(point) - static_cast<long>(first) - (first < point ? 1 : 0);
  const std::string power = e < text.size() ? std::string(text.substr(e + 1)) : "0";
  return place + std::clamp(std::strtol(power.c_str(), nullptr, 10), -2 * kFarthest, 2 * kFarthest);
}

std::optional<Number> Number::parse_exactly(std::string_view json) {
  const auto e = json.find_first_of("eE");
  if (e == std::string_view::npos && json.find('.') == std::string_view::npos) return parse(json);
  if (std::abs(exponent_of(json)) > kFarthest) return std::nullopt;
  if (json.substr(0, e).find_first_of("123456789") == std::string_view::npos)
    return decimal(json[0] == '-' ? "-0" : "0");
  return decimal_number(std::string(json));
}

std::optional<Number> Number::parse_plainly(std::string_view json) {
  if (json.find_first_of(".eE") != std::string_view::npos && json.size() <= kPlainDigits + 1) {
    const auto value = parse(json);
    const std::string_view digits = json.substr(0, json.find_first_of("eE"));
    const bool is_zero = digits.find_first_of("123456789") == std::string_view::npos;
    // From 2^53 on, doubles skip integers.
    if (value && std::abs(value->nearest()) < 0x1p53 && (value->nearest() != 0 || is_zero)) return value;
  }
  return parse_exactly(json);
}

std::optional<Number> Number::parse(std::string_view json) {
  const bool negative = !json.empty() && json[0] == '-';
  // Only a double has a negative zero.
  if (json == "-0") return Number(-0.0);
  if (json.find_first_of(".eE") == std::string_view::npos) {
    if (const auto small = small_integer(json.substr(negative), negative)) return Number(*small);
    return decimal(std::string(json));
  }
  double value = 0;
  const auto [end, error] = std::from_chars(json.data(), json.data() + json.size(), value);
  if (end != json.data() + json.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    // A number that is too small becomes zero, one that is too large is refused.
    value = std::strtod(std::string(json).c_str(), nullptr);
  }
  if (!std::isfinite(value)) return std::nullopt;
  return Number(value);
}

Number::Digits Number::digits() const {
  std::string text;
  if (const auto* integer = std::get_if<Int128>(&held_)) text = to_text(*integer);
  if (const auto* real = std::get_if<double>(&held_)) text = expansion(*real);
  if (const auto* decimal = std::get_if<std::string>(&held_)) text = *decimal;
  Digits found;
  found.negative = text[0] == '-';
  if (found.negative) text.erase(0, 1);
  const auto point = std::min(text.find('.'), text.size());
  found.whole = text.substr(0, point);
  found.whole.erase(0, std::min(found.whole.find_first_not_of('0'), found.whole.size()));
  found.fraction = point < text.size() ? text.substr(point + 1) : "";
  found.fraction.erase(found.fraction.find_last_not_of('0') + 1);
  if (found.whole.empty() && found.fraction.empty()) found.negative = false;
  return found;
}

bool Number::is_integral() const {
  if (std::holds_alternative<Int128>(held_)) return true;
  if (const auto* real = std::get_if<double>(&held_)) return std::trunc(*real) == *real;
  return digits().fraction.empty();
}

bool Number::is_multiple_of(std::uint64_t divisor) const {
  if (const auto* integer = std::get_if<Int128>(&held_)) return *integer % static_cast<Int128>(divisor) == 0;
  if (const auto* real = std::get_if<double>(&held_)) return std::fmod(*real, static_cast<double>(divisor)) == 0;
  const Digits all = digits();
  if (!all.fraction.empty()) return false;
  Int128 rest = 0;
  for (const char digit : all.whole) rest = (rest * 10 + (digit - '0')) % static_cast<Int128>(divisor);
  return rest == 0;
}

bool Number::is_multiple_of(const Number& divisor) const {
  Scaled value = scaled(*this);
  Scaled by = scaled(divisor);
  if (value.digits.empty()) return true;
  if (by.digits.empty() || by.digits.size() > 36) return true;
  if (value.exponent < by.exponent) {
    const auto more = static_cast<std::size_t>(by.exponent - value.exponent);
    // A divisor with more digits is larger than any number of a double or decimal column.
    if (more + by.digits.size() > 36) return false;
    by.digits.append(more, '0');
  } else {
    value.digits.append(static_cast<std::size_t>(value.exponent - by.exponent), '0');
  }
  Int128 modulus = 0;
  for (const char digit : by.digits) modulus = modulus * 10 + (digit - '0');
  Int128 rest = 0;
  for (const char digit : value.digits) rest = (rest * 10 + (digit - '0')) % modulus;
  return rest == 0;
}

std::optional<Int128> Number::floor() const {
  constexpr double kFar = 0x1p126;
  if (const auto* integer = std::get_if<Int128>(&held_)) return *integer;
  if (const auto* real = std::get_if<double>(&held_)) {
    if (std::abs(*real) > kFar) return std::nullopt;
    return static_cast<Int128>(std::floor(*real));
  }
  const Digits all = digits();
  const auto whole = small_integer(all.whole, all.negative);
  return whole && all.negative && !all.fraction.empty() ? *whole - 1 : whole;
}

double Number::nearest() const {
  if (const auto* real = std::get_if<double>(&held_)) return *real;
  if (const auto* integer = std::get_if<Int128>(&held_)) return static_cast<double>(*integer);
  return std::strtod(std::get<std::string>(held_).c_str(), nullptr);
}

std::string Number::text() const {
  if (const auto* integer = std::get_if<Int128>(&held_)) return to_text(*integer);
  if (const auto* decimal = std::get_if<std::string>(&held_)) return *decimal;
  std::array<char, 64> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::get<double>(held_)).ptr;
  return {buffer.data(), end};
}

std::string Number::shown() const {
  const std::string written = text();
  const long exponent = exponent_of(written);
  if (std::abs(exponent) <= kShownExponent) return written;
  std::string digits = scaled(*this).digits;
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.size() > 1) digits.insert(1, ".");
  return (written[0] == '-' ? "-" : "") + digits + (exponent < 0 ? "E" : "E+") + std::to_string(exponent);
}

std::string Number::canonical() const {
  if (is_integral()) {
    const Digits all = digits();
    return (all.negative ? "-" : "") + (all.whole.empty() ? "0" : all.whole);
  }
  const auto* real = std::get_if<double>(&held_);
  if (real == nullptr) {
    const Digits all = digits();
    return (all.negative ? "-" : "") + (all.whole.empty() ? "0" : all.whole) + "." + all.fraction;
  }
  // ECMA-262, Number::toString: no exponent from 1e-6 on, and below that an exponent without a leading zero.
  const double size = std::abs(*real);
  if (size >= 1e-6) {
    std::array<char, 64> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), *real, std::chars_format::fixed).ptr;
    return {buffer.data(), end};
  }
  std::string shortest = text();
  const auto exponent = shortest.find("e-0");
  if (exponent != std::string::npos) shortest.erase(exponent + 2, 1);
  return shortest;
}

int Number::compare(const Number& left, const Number& right) {
  const auto* small_left = std::get_if<Int128>(&left.held_);
  const auto* small_right = std::get_if<Int128>(&right.held_);
  if (small_left && small_right) return *small_left < *small_right ? -1 : *small_left > *small_right;
  const auto* real_left = std::get_if<double>(&left.held_);
  const auto* real_right = std::get_if<double>(&right.held_);
  if (real_left && real_right) return *real_left < *real_right ? -1 : *real_left > *real_right;
  // Compared with a decimal, a double counts as its shortest text: 0.1 is a tenth.
  const bool decimal = left.is_decimal() || right.is_decimal();
  const Digits a = decimal && real_left ? decimal_number(left.text()).digits() : left.digits();
  const Digits b = decimal && real_right ? decimal_number(right.text()).digits() : right.digits();
  if (a.negative != b.negative) return a.negative ? -1 : 1;
  int order = a.whole.size() < b.whole.size() ? -1 : a.whole.size() > b.whole.size();
  if (order == 0) order = sign_of(a.whole.compare(b.whole));
  if (order == 0) order = sign_of(a.fraction.compare(b.fraction));
  return a.negative ? -order : order;
}

}  // namespace schemaregistry
