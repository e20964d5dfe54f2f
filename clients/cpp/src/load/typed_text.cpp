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
#include "text.h"

namespace schemaregistry {
namespace {

constexpr std::int64_t kDay = 86'400;

bool is_among(std::string_view text, std::initializer_list<std::string_view> options) {
  return std::find(options.begin(), options.end(), text) != options.end();
}

Value read_integer(const arrow::DataType& wanted, std::string_view text) {
  const std::string_view digits = text.substr(text.substr(0, 1) == "-");
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit)) return Value::misfit();
  const auto number = Number::parse(text);
  const Bounds bounds = bounds_of(wanted);
  if (!number || Number::compare(*number, bounds.low) < 0 || Number::compare(*number, bounds.high) > 0)
    return Value::misfit();
  return Value::of(Number(*number->floor()));
}

/// As the nearest number of the type.
Value stored_real(const arrow::DataType& wanted, double value) {
  if (wanted.id() == arrow::Type::FLOAT) value = static_cast<double>(static_cast<float>(value));
  return std::isfinite(value) ? Value::of(Number(value)) : Value::misfit();
}

template <class Real>
std::optional<double> nearest(std::string_view text) {
  Real value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || end != text.data() + text.size()) return std::nullopt;
  // Out of range is zero where the text is tiny, and else more than the type holds.
  if (error == std::errc::result_out_of_range)
    value = static_cast<Real>(std::strtod(std::string(text).c_str(), nullptr));
  return std::isfinite(value) ? std::optional<double>(value) : std::nullopt;
}

Value read_real(const arrow::DataType& wanted, std::string_view text) {
  const bool single = wanted.id() == arrow::Type::FLOAT;
  const auto value = single ? nearest<float>(text) : nearest<double>(text);
  return value ? Value::of(Number(*value)) : Value::misfit();
}

/// A decimal written out: sign, digits, point, digits; nothing for what is no number.
std::optional<Number> written_out(std::string_view text) {
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  const auto e = std::min(text.find_first_of("eE"), text.size());
  std::string_view digits = text.substr(text.substr(0, 1) == "-", e - (text.substr(0, 1) == "-"));
  const auto points = std::count(digits.begin(), digits.end(), '.');
  const bool sound = points <= 1 && static_cast<std::size_t>(points) < digits.size() &&
                     std::all_of(digits.begin(), digits.end(), [](char c) { return is_digit(c) || c == '.'; });
  if (!sound) return std::nullopt;
  if (e < text.size()) {
    int exponent = 0;
    std::string_view power = text.substr(e + 1);
    if (!power.empty() && power[0] == '+') power.remove_prefix(1);
    const auto read = std::from_chars(power.data(), power.data() + power.size(), exponent);
    if (read.ec != std::errc() || read.ptr != power.data() + power.size() || std::abs(exponent) > 400)
      return std::nullopt;
  }
  return decimal_number(std::string(text));
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

/// `09:30:00.5` in a unit; nothing where it isn't whole in it or no time of day.
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

/// The end of a text that is an offset, in minutes; nothing where there is none.
struct Offset {
  std::size_t size = 0;
  int minutes = 0;
};

std::optional<Offset> offset_of(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (text.back() == 'Z' || text.back() == 'z') return Offset{1, 0};
  if (text.size() < 6) return std::nullopt;
  const std::string_view end = text.substr(text.size() - 6);
  if ((end[0] != '+' && end[0] != '-') || end[3] != ':') return std::nullopt;
  if (!is_digit(end[1]) || !is_digit(end[2]) || !is_digit(end[4]) || !is_digit(end[5])) return std::nullopt;
  const int hours = (end[1] - '0') * 10 + end[2] - '0';
  const int minutes = (end[4] - '0') * 10 + end[5] - '0';
  if (hours > 23 || minutes > 59) return std::nullopt;
  return Offset{6, (end[0] == '-' ? -1 : 1) * (hours * 60 + minutes)};
}

std::optional<std::int64_t> read_time(const arrow::DataType& wanted, std::string_view text, Dialect dialect) {
  const auto offset = offset_of(text);
  if ((offset && offset->minutes != 0) || (!offset && dialect == Dialect::ndjson)) return std::nullopt;
  if (offset && text[text.size() - offset->size] == '-') return std::nullopt;
  if (offset) text.remove_suffix(offset->size);
  return clock_in(text, units_per_second(static_cast<const arrow::TimeType&>(wanted).unit()));
}

std::optional<std::int64_t> read_timestamp(const arrow::TimestampType& wanted, std::string_view text, Dialect dialect) {
  if (text.size() < 19 || !has_format("date", text.substr(0, 10))) return std::nullopt;
  const bool space = text[10] == ' ';
  if (!space && text[10] != 'T' && text[10] != 't') return std::nullopt;
  const auto offset = offset_of(text.substr(11));
  if (dialect == Dialect::ndjson && (space || !offset)) return std::nullopt;
  if (!offset && (!space || !wanted.timezone().empty())) return std::nullopt;
  const std::int64_t per_second = units_per_second(wanted.unit());
  const auto clock = clock_in(text.substr(11, text.size() - 11 - (offset ? offset->size : 0)), per_second);
  if (!clock) return std::nullopt;
  const Int128 minutes = offset ? offset->minutes : 0;
  const Int128 instant = (Int128{days_from_civil(text)} * kDay - minutes * 60) * per_second + *clock;
  const bool fits =
      instant >= std::numeric_limits<std::int64_t>::min() && instant <= std::numeric_limits<std::int64_t>::max();
  return fits ? std::optional(static_cast<std::int64_t>(instant)) : std::nullopt;
}

bool is_in_range(const arrow::DataType& type, std::int64_t stored) {
  const Fit own = fit(type, type);
  return own.rule != Fit::Rule::whole || (own.low <= stored && stored <= own.high);
}

Value held_temporal(const arrow::DataType& wanted, const Value& value) {
  const Family kind = family(wanted);
  const char* format = kind == Family::date ? "date" : kind == Family::time ? "time" : "date-time";
  if (!value.is(Value::Kind::string) || !has_format(format, value.text)) return Value::misfit();
  const auto stored = read_temporal(wanted, value.text, Dialect::ndjson);
  return stored && is_in_range(wanted, *stored) ? value : Value::misfit();
}

Value held_number(const arrow::DataType& wanted, const Number& number) {
  switch (family(wanted)) {
    case Family::integer: {
      const Bounds bounds = bounds_of(wanted);
      const bool held =
          number.is_integral() && Number::compare(number, bounds.low) >= 0 && Number::compare(number, bounds.high) <= 0;
      return held ? Value::of(Number(*number.floor())) : Value::misfit();
    }
    case Family::real:
      return stored_real(wanted, number.nearest());
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

std::optional<std::int64_t> read_temporal(const arrow::DataType& wanted, std::string_view text, Dialect dialect) {
  switch (family(wanted)) {
    case Family::date: {
      if (!has_format("date", text)) return std::nullopt;
      const std::int64_t days = days_from_civil(text);
      return wanted.id() == arrow::Type::DATE64 ? days * kDay * 1000 : days;
    }
    case Family::time:
      return read_time(wanted, text, dialect);
    case Family::timestamp:
      return read_timestamp(static_cast<const arrow::TimestampType&>(wanted), text, dialect);
    default:
      return std::nullopt;
  }
}

Value read_text(const arrow::DataType& wanted, std::string_view text, Dialect dialect) {
  switch (family(wanted)) {
    case Family::integer:
      return read_integer(wanted, text);
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
    case Family::binary:
      return read_base64(text) ? Value::string(std::string(text)) : Value::misfit();
    case Family::date:
    case Family::time:
    case Family::timestamp: {
      const auto stored = read_temporal(wanted, text, dialect);
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
      return value.is(Value::Kind::string) ? value : Value::misfit();
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
