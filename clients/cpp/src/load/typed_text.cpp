#include "typed_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "arrow_types.h"
#include "cells.h"
#include "fit.h"
#include "formats.h"
#include "json_text.h"
#include "text.h"

namespace schemaregistry {
namespace {

constexpr std::int64_t kDay = 86'400;

bool is_among(std::string_view text, std::initializer_list<std::string_view> options) {
  return std::find(options.begin(), options.end(), text) != options.end();
}

/// Whether a float represents the text: exactly for numbers beyond its mantissa, else as programs write that float.
bool says(const arrow::DataType& wanted, const Number& number, double value) {
  const bool single = wanted.id() == arrow::Type::FLOAT;
  if (!std::isfinite(value) || (value == 0) != number.is_zero()) return false;
  if (std::abs(value) < (single ? 0x1p24 : 0x1p53)) return true;
  std::array<char, 400> exact{};
  std::snprintf(exact.data(), exact.size(), "%.0f", value);
  std::array<char, 64> digits{};
  std::snprintf(digits.data(), digits.size(), single ? "%.8e" : "%.16e", value);
  std::array<char, 64> shortest{};
  const auto end = single ? std::to_chars(shortest.begin(), shortest.end(), static_cast<float>(value)).ptr
                          : std::to_chars(shortest.begin(), shortest.end(), value).ptr;
  return Number::decimal(exact.data()) == number || decimal_number(digits.data()) == number ||
         decimal_number(std::string(shortest.begin(), end)) == number;
}

/// The float nearest to the text, where it represents the text.
Value stored_real(const arrow::DataType& wanted, const Number& number) {
  double value = number.nearest();
  if (wanted.id() == arrow::Type::FLOAT) value = static_cast<double>(static_cast<float>(value));
  return says(wanted, number, value) ? Value::of(Number(value)) : Value::misfit();
}

template <class Real>
std::optional<double> nearest(std::string_view text) {
  Real value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || end != text.data() + text.size()) return std::nullopt;
  // "Out of range" means that the number is too small, which gives zero, or too large for the type.
  if (error == std::errc::result_out_of_range)
    value = static_cast<Real>(std::strtod(std::string(text).c_str(), nullptr));
  return std::isfinite(value) ? std::optional<double>(value) : std::nullopt;
}

/// The text without a plus before a digit or a point.
std::string_view unsigned_part(std::string_view text) {
  return text.size() > 1 && text[0] == '+' && text[1] != '-' ? text.substr(1) : text;
}

/// A decimal without exponent: sign, digits, point, digits; empty where the text is no number.
std::optional<Number> written_out(std::string_view text) {
  text = unsigned_part(text);
  const auto e = std::min(text.find_first_of("eE"), text.size());
  std::string_view digits = text.substr(text.substr(0, 1) == "-", e - (text.substr(0, 1) == "-"));
  const auto points = std::count(digits.begin(), digits.end(), '.');
  const bool sound = points <= 1 && static_cast<std::size_t>(points) < digits.size() &&
                     std::all_of(digits.begin(), digits.end(), [](char c) { return is_digit(c) || c == '.'; });
  if (!sound) return std::nullopt;
  if (e < text.size()) {
    int exponent = 0;
    const std::string_view power = unsigned_part(text.substr(e + 1));
    const auto read = std::from_chars(power.data(), power.data() + power.size(), exponent);
    if (read.ec == std::errc::invalid_argument || read.ptr != power.data() + power.size()) return std::nullopt;
  }
  return Number::parse_exactly(text);
}

Value read_real(const arrow::DataType& wanted, std::string_view text) {
  const bool single = wanted.id() == arrow::Type::FLOAT;
  const std::string_view plain = unsigned_part(text);
  const auto value = single ? nearest<float>(plain) : nearest<double>(plain);
  if (!value) return Value::misfit();
  const bool is_plain = *value != 0 && std::abs(*value) < (single ? 0x1p24 : 0x1p53);
  const auto number = is_plain ? Number(*value) : written_out(text);
  return number && says(wanted, *number, *value) ? Value::of(Number(*value)) : Value::misfit();
}

Value held_integer(const arrow::DataType& wanted, const Number& number) {
  const Bounds bounds = bounds_of(wanted);
  const bool held =
      number.is_integral() && Number::compare(number, bounds.low) >= 0 && Number::compare(number, bounds.high) <= 0;
  return held ? Value::of(Number(*number.floor())) : Value::misfit();
}

Value stored_decimal(const arrow::DataType& wanted, const Number& number) {
  const auto& type = static_cast<const arrow::DecimalType&>(wanted);
  std::string text = number.text();
  if (text.find_first_of("eE") != std::string::npos) text = decimal_number(text).text();
  const bool negative = text[0] == '-';
  if (negative) text.erase(0, 1);
  const auto point = std::min(text.find('.'), text.size());
  std::string whole = text.substr(0, point);
  std::string fraction = point < text.size() ? text.substr(point + 1) : "";
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size()));
  fraction.erase(fraction.find_last_not_of('0') + 1);
  const auto scale = static_cast<std::size_t>(type.scale());
  if (fraction.size() > scale || whole.size() > static_cast<std::size_t>(type.precision()) - scale)
    return Value::misfit();
  fraction.resize(scale, '0');
  return Value::of(
      Number::decimal((negative ? "-" : "") + (whole.empty() ? "0" : whole) + (scale ? "." + fraction : "")));
}

Value read_bool(std::string_view text) {
  if (is_among(text, {"true", "True", "TRUE", "1"})) return Value::boolean(true);
  return is_among(text, {"false", "False", "FALSE", "0"}) ? Value::boolean(false) : Value::misfit();
}

std::int64_t days_from_civil(std::string_view date) {
  const auto number = [&](std::size_t at, std::size_t size) {
    int value = 0;
    std::from_chars(date.data() + at, date.data() + at + size, value);
    return value;
  };
  const int month = number(5, 2);
  const int year = number(0, 4) - (month <= 2);
  const int era = (year >= 0 ? year : year - 399) / 400;
  const int of_era = year - era * 400;
  const int of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + number(8, 2) - 1;
  return std::int64_t{era} * 146097 + (of_era * 365 + of_era / 4 - of_era / 100 + of_year) - 719468;
}

/// A time of day such as `09:30:00.5` in a unit; empty where it is no time or no whole number of that unit.
std::optional<std::int64_t> clock_in(std::string_view clock, std::int64_t per_second) {
  if (!has_format("time", std::string(clock) + "Z") || clock.substr(6, 2) == "60") return std::nullopt;
  const auto number = [&](std::size_t at) { return (clock[at] - '0') * 10 + (clock[at + 1] - '0'); };
  std::int64_t stored = (number(0) * 3600 + number(3) * 60 + number(6)) * per_second;
  std::string_view fraction = clock.size() > 8 ? clock.substr(9) : "";
  while (!fraction.empty() && fraction.back() == '0') fraction.remove_suffix(1);
  for (const char digit : fraction) {
    per_second /= 10;
    if (per_second == 0) return std::nullopt;
    stored += (digit - '0') * per_second;
  }
  return stored;
}

/// Take a UTC offset from the end of a text, in minutes; empty where there is none.
struct Offset {
  std::size_t size = 0;
  int minutes = 0;
};

/// A UTC offset: `Z`, or hours with or without minutes: `-05:00`, `-0500`, `-05`.
std::optional<Offset> offset_of(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (text.back() == 'Z' || text.back() == 'z') return Offset{1, 0};
  const auto sign = text.find_last_of("+-");
  if (sign == std::string_view::npos) return std::nullopt;
  std::string digits(text.substr(sign + 1));
  const std::size_t size = digits.size() + 1;
  if (digits.size() == 5 && digits[2] == ':') digits.erase(2, 1);
  if (digits.size() != 2 && digits.size() != 4) return std::nullopt;
  if (!std::all_of(digits.begin(), digits.end(), is_digit)) return std::nullopt;
  digits.resize(4, '0');
  const int hours = (digits[0] - '0') * 10 + digits[1] - '0';
  const int minutes = (digits[2] - '0') * 10 + digits[3] - '0';
  if (hours > 23 || minutes > 59) return std::nullopt;
  return Offset{size, (text[sign] == '-' ? -1 : 1) * (hours * 60 + minutes)};
}

/// A date, which may be written as its midnight without a time zone.
std::optional<std::int64_t> read_date(const arrow::DataType& wanted, std::string_view text) {
  if (!has_format("date", text.substr(0, 10))) return std::nullopt;
  if (text.size() > 10) {
    const bool separated = text[10] == ' ' || text[10] == 'T' || text[10] == 't';
    if (!separated || clock_in(text.substr(11), units_per_second(arrow::TimeUnit::NANO)) != 0) return std::nullopt;
  }
  const std::int64_t days = days_from_civil(text);
  return wanted.id() == arrow::Type::DATE64 ? days * kDay * 1000 : days;
}

std::optional<std::int64_t> read_time(const arrow::DataType& wanted, std::string_view text) {
  const auto offset = offset_of(text);
  if (offset && offset->minutes != 0) return std::nullopt;
  if (offset) text.remove_suffix(offset->size);
  return clock_in(text, units_per_second(static_cast<const arrow::TimeType&>(wanted).unit()));
}

/// A timestamp: an instant in UTC where the text has an offset, else a local time. A date counts as its midnight.
std::optional<std::int64_t> read_timestamp(const arrow::TimestampType& wanted, std::string_view text) {
  if (!has_format("date", text.substr(0, 10))) return std::nullopt;
  const bool zoneless = wanted.timezone().empty();
  const std::int64_t per_second = units_per_second(wanted.unit());
  Int128 minutes = 0;
  Int128 within = 0;
  if (text.size() > 10) {
    if (text[10] != ' ' && text[10] != 'T' && text[10] != 't') return std::nullopt;
    const auto offset = offset_of(text.substr(11));
    if (!offset && !zoneless) return std::nullopt;
    const auto clock = clock_in(text.substr(11, text.size() - 11 - (offset ? offset->size : 0)), per_second);
    if (!clock) return std::nullopt;
    minutes = offset ? offset->minutes : 0;
    within = *clock;
  } else if (!zoneless) {
    return std::nullopt;
  }
  const Int128 instant = (Int128{days_from_civil(text)} * kDay - minutes * 60) * per_second + within;
  const bool fits =
      instant >= std::numeric_limits<std::int64_t>::min() && instant <= std::numeric_limits<std::int64_t>::max();
  return fits ? std::optional(static_cast<std::int64_t>(instant)) : std::nullopt;
}

bool is_in_range(const arrow::DataType& type, std::int64_t stored) {
  const Fit own = fit(type, type);
  return own.rule != Fit::Rule::whole || (own.low <= stored && stored <= own.high);
}

/// The text that other rules see: the text itself where it is in RFC 3339's format, else the value's own text, in UTC.
Value held_temporal(const arrow::DataType& wanted, const Value& value) {
  const Family kind = family(wanted);
  const char* format = kind == Family::date ? "date" : kind == Family::time ? "time" : "date-time";
  if (!value.is(Value::Kind::string)) return Value::misfit();
  const auto stored = read_temporal(wanted, value.text);
  if (!stored || !is_in_range(wanted, *stored)) return Value::misfit();
  return has_format(format, value.text) ? value : Value::string(temporal_text(wanted, *stored));
}

Value held_number(const arrow::DataType& wanted, const Number& number) {
  switch (family(wanted)) {
    case Family::integer:
      return held_integer(wanted, number);
    case Family::real:
      return stored_real(wanted, number);
    case Family::decimal:
      return stored_decimal(wanted, number);
    default:
      return Value::misfit();
  }
}

}  // namespace

std::optional<std::string> read_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string bytes;
  std::uint32_t word = 0;
  int bits = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '=') {
      const bool ends = at + 2 >= text.size() && text.back() == '=';
      return ends ? std::optional(bytes) : std::nullopt;
    }
    if (!is_letter(c) && !is_digit(c) && c != '+' && c != '/') return std::nullopt;
    const int six = c == '+' ? 62 : c == '/' ? 63 : is_digit(c) ? c - '0' + 52 : c >= 'a' ? c - 'a' + 26 : c - 'A';
    word = (word << 6) | static_cast<std::uint32_t>(six);
    bits += 6;
    if (bits >= 8) bytes += static_cast<char>((word >> (bits -= 8)) & 0xFF);
  }
  return bytes;
}

std::optional<std::int64_t> read_temporal(const arrow::DataType& wanted, std::string_view text) {
  switch (family(wanted)) {
    case Family::date:
      return read_date(wanted, text);
    case Family::time:
      return read_time(wanted, text);
    case Family::timestamp:
      return read_timestamp(static_cast<const arrow::TimestampType&>(wanted), text);
    default:
      return std::nullopt;
  }
}

Value read_text(const arrow::DataType& wanted, std::string_view text) {
  switch (family(wanted)) {
    case Family::integer: {
      const auto number = written_out(text);
      return number ? held_integer(wanted, *number) : Value::misfit();
    }
    case Family::real:
      return read_real(wanted, text);
    case Family::decimal: {
      const auto number = written_out(text);
      return number ? stored_decimal(wanted, *number) : Value::misfit();
    }
    case Family::boolean:
      return read_bool(text);
    case Family::text:
      return is_utf8(text) ? Value::string(std::string(text)) : Value::misfit();
    case Family::json: {
      auto value = read_json_plainly(text);
      return value ? *std::move(value) : Value::misfit();
    }
    case Family::binary:
      return read_base64(text) ? Value::string(std::string(text)) : Value::misfit();
    case Family::date:
    case Family::time:
    case Family::timestamp: {
      const auto stored = read_temporal(wanted, text);
      return stored && is_in_range(wanted, *stored) ? Value::string(temporal_text(wanted, *stored)) : Value::misfit();
    }
    default:
      return Value::misfit();
  }
}

Value held_value(const arrow::DataType& wanted, const Value& value) {
  switch (family(wanted)) {
    case Family::boolean:
      return value.is(Value::Kind::boolean) ? value : Value::misfit();
    case Family::text:
      // The text of a path need not be UTF-8.
      return value.is(Value::Kind::string) && is_utf8(value.text) ? value : Value::misfit();
    case Family::binary:
      return value.is(Value::Kind::string) && read_base64(value.text) ? value : Value::misfit();
    case Family::date:
    case Family::time:
    case Family::timestamp:
      return held_temporal(wanted, value);
    default:
      return value.is(Value::Kind::number) ? held_number(wanted, value.number) : Value::misfit();
  }
}

}  // namespace schemaregistry
