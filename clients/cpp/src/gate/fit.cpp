#include "fit.h"

#include <arrow/type_traits.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>

#include "arrow_types.h"
#include "json_text.h"
#include "text.h"

namespace schemaregistry {
namespace {

constexpr Int128 kFirstDay = -719'528;  // 0000-01-01: RFC 3339 has no earlier year.
constexpr Int128 kLastDay = 2'932'896;  // 9999-12-31
constexpr Int128 kDay = 86'400;

Int128 power_of_ten(int exponent) {
  Int128 power = 1;
  for (; exponent > 0; --exponent) power *= 10;
  return power;
}

std::string read_as(const arrow::DataType& found, const arrow::DataType& wanted, const char* word) {
  return described(found) + " column read as " + described(wanted) + ": every value is " + word;
}

bool is_utc(std::string_view zone) {
  static constexpr std::array<std::string_view, 7> kSpellings = {"UTC",   "Etc/UTC", "Z",      "+00:00",
                                                                 "+0000", "GMT",     "Etc/GMT"};
  return std::find(kSpellings.begin(), kSpellings.end(), zone) != kSpellings.end();
}

bool same_zone(const std::string& left, const std::string& right) {
  return left == right || (is_utc(left) && is_utc(right));
}

std::string zone_words(const std::string& zone) { return zone.empty() ? "no time zone" : "time zone " + zone; }

Fit refuse(const arrow::DataType& found, const std::string& more = "") {
  Fit refused;
  refused.refused = described(found) + " column" + more;
  return refused;
}

Fit whole(Int128 low, Int128 high, Int128 step = 1) {
  Fit met;
  met.rule = Fit::Rule::whole;
  met.low = low;
  met.high = high;
  met.step = step;
  return met;
}

Fit with_note(Fit met, std::string note) {
  met.note = std::move(note);
  return met;
}

Fit integer_to_integer(const arrow::DataType& found, const arrow::DataType& wanted) {
  const Bounds have = bounds_of(found);
  const Bounds want = bounds_of(wanted);
  if (want.low <= have.low && have.high <= want.high) return {};
  return with_note(whole(want.low, want.high), read_as(found, wanted, "in range"));
}

int mantissa_bits(const arrow::DataType& type) {
  return type.id() == arrow::Type::DOUBLE ? 53 : type.id() == arrow::Type::FLOAT ? 24 : 11;
}

Fit integer_to_real(const arrow::DataType& found, const arrow::DataType& wanted) {
  Fit met;
  met.rule = Fit::Rule::exact_float;
  met.bits = mantissa_bits(wanted);
  return with_note(met, read_as(found, wanted, "exact"));
}

Fit real_to_real(const arrow::DataType& found, const arrow::DataType& wanted) {
  Fit met;
  const bool narrower = mantissa_bits(found) > mantissa_bits(wanted);
  met.rule = narrower ? Fit::Rule::float32 : Fit::Rule::finite;
  return narrower ? with_note(met, read_as(found, wanted, "exact")) : met;
}

Fit to_integral(const arrow::DataType& found, const arrow::DataType& wanted, Fit::Rule rule) {
  const Bounds want = bounds_of(wanted);
  Fit met = whole(want.low, want.high);
  met.rule = rule;
  return with_note(met, read_as(found, wanted, "integral"));
}

Fit integer_to_decimal(const arrow::DataType& found, const arrow::DataType& wanted) {
  const auto& decimal = static_cast<const arrow::DecimalType&>(wanted);
  const Int128 limit = power_of_ten(decimal.precision() - decimal.scale()) - 1;
  const Bounds have = bounds_of(found);
  const std::string note = read_as(found, wanted, "in range");
  if (-limit <= have.low && have.high <= limit) return with_note({}, note);
  return with_note(whole(-limit, limit), note);
}

Fit decimal_to_decimal(const arrow::DataType& found, const arrow::DataType& wanted) {
  const auto& have = static_cast<const arrow::DecimalType&>(found);
  const auto& want = static_cast<const arrow::DecimalType&>(wanted);
  const int digits = want.precision() - want.scale();
  if (have.scale() <= want.scale() && have.precision() - have.scale() <= digits) return {};
  Fit met;
  met.rule = Fit::Rule::decimal;
  met.digits = digits;
  met.scale = want.scale();
  return with_note(met, read_as(found, wanted, "exact"));
}

Fit date_to_date(const arrow::DataType& found) {
  if (found.id() == arrow::Type::DATE32) return whole(kFirstDay, kLastDay);
  const Int128 per_day = kDay * 1000;
  return whole(kFirstDay * per_day, kLastDay * per_day, per_day);
}

Fit time_to_time(const arrow::DataType& found, const arrow::DataType& wanted) {
  const Int128 have = units_per_second(static_cast<const arrow::TimeType&>(found).unit());
  const Int128 want = units_per_second(static_cast<const arrow::TimeType&>(wanted).unit());
  Fit met = whole(0, kDay * have - 1, std::max<Int128>(have / want, 1));
  return have > want ? with_note(met, read_as(found, wanted, "exact")) : met;
}

/// The bounds of the contract's unit, in nanoseconds; the file's unit sets none.
Fit int96_to_timestamp(const arrow::DataType& found, const arrow::TimestampType& wanted) {
  if (!wanted.timezone().empty()) return refuse(found, ": no time zone, not " + zone_words(wanted.timezone()));
  const Int128 have = 1'000'000'000;
  const Int128 step = have / units_per_second(wanted.unit());
  const Int128 most = std::numeric_limits<std::int64_t>::max();
  Fit met = whole(std::max(kFirstDay * kDay * have, -(most + 1) * step),
                  std::min((kLastDay + 1) * kDay * have - 1, most * step), step);
  return step > 1 ? with_note(met, read_as(found, wanted, "exact")) : met;
}

Fit timestamp_to_timestamp(const arrow::DataType& found, const arrow::DataType& wanted) {
  if (is_int96(found)) return int96_to_timestamp(found, static_cast<const arrow::TimestampType&>(wanted));
  const auto& of_file = static_cast<const arrow::TimestampType&>(found);
  const auto& of_contract = static_cast<const arrow::TimestampType&>(wanted);
  if (!same_zone(of_file.timezone(), of_contract.timezone())) {
    return refuse(found, ": " + zone_words(of_file.timezone()) + ", not " + zone_words(of_contract.timezone()));
  }
  const Int128 have = units_per_second(of_file.unit());
  const Int128 want = units_per_second(of_contract.unit());
  Int128 low = kFirstDay * kDay * have;
  Int128 high = (kLastDay + 1) * kDay * have - 1;
  const Int128 most = std::numeric_limits<std::int64_t>::max();
  if (want > have) {
    low = std::max(low, -((most + 1) / (want / have)));
    high = std::min(high, most / (want / have));
  }
  Fit met = whole(std::max(low, -most - 1), std::min(high, most), std::max<Int128>(have / want, 1));
  return have != want ? with_note(met, read_as(found, wanted, "exact")) : met;
}

/// Whether the double is exactly `value`.
bool is_exact(Int128 value, int bits) {
  if (value < 0) value = -value;
  while (value != 0 && value % 2 == 0) value /= 2;
  return value < Int128{1} << bits;
}

bool fits_decimal(const Number& number, const Fit& met) {
  std::string text = number.text();
  if (text[0] == '-') text.erase(0, 1);
  const auto point = std::min(text.find('.'), text.size());
  std::string fraction = point < text.size() ? text.substr(point + 1) : "";
  fraction.erase(fraction.find_last_not_of('0') + 1);
  const auto leading = std::min(text.find_first_not_of('0'), point);
  return static_cast<int>(point - leading) <= met.digits && static_cast<int>(fraction.size()) <= met.scale;
}

}  // namespace

std::int64_t units_per_second(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return 1;
    case arrow::TimeUnit::MILLI:
      return 1'000;
    case arrow::TimeUnit::MICRO:
      return 1'000'000;
    default:
      return 1'000'000'000;
  }
}

Bounds bounds_of(const arrow::DataType& type) {
  const int bits = type.bit_width();
  if (arrow::is_signed_integer(type.id())) return {-(Int128{1} << (bits - 1)), (Int128{1} << (bits - 1)) - 1};
  return {0, (Int128{1} << bits) - 1};
}

/// How a type fits json: strings must be JSON texts, and values of the other types are JSON values themselves.
static Fit fit_json(const arrow::DataType& found) {
  const Family have = family(found);
  Fit met;
  switch (have) {
    case Family::other:
      return refuse(found);
    case Family::null:
      return met;
    case Family::text:
      met.rule = Fit::Rule::json_text;
      return met;
    case Family::list:
    case Family::structure:
      met.rule = Fit::Rule::json_parts;
      break;
    default:
      met = fit(found, found);
  }
  return with_note(met, described(found) + " column read as json: each value is itself, no JSON text");
}

Fit fit(const arrow::DataType& found_type, const arrow::DataType& wanted_type) {
  const arrow::DataType& found = value_type(found_type);
  if (is_json(wanted_type)) return fit_json(found);
  const arrow::DataType& wanted = value_type(wanted_type);
  const Family have = family(found);
  const Family want = family(wanted);
  if (have == Family::null) return {};
  if (have == Family::integer && want == Family::integer) return integer_to_integer(found, wanted);
  if (have == Family::integer && want == Family::real) return integer_to_real(found, wanted);
  if (have == Family::integer && want == Family::decimal) return integer_to_decimal(found, wanted);
  if (have == Family::real && want == Family::integer) return to_integral(found, wanted, Fit::Rule::integral);
  if (have == Family::decimal && want == Family::integer)
    return to_integral(found, wanted, Fit::Rule::integral_decimal);
  if (have != want || have == Family::other) return refuse(found);
  switch (have) {
    case Family::text: {
      Fit met;
      met.rule = Fit::Rule::utf8;
      return met;
    }
    case Family::real:
      return real_to_real(found, wanted);
    case Family::decimal:
      return decimal_to_decimal(found, wanted);
    case Family::date:
      return date_to_date(found);
    case Family::time:
      return time_to_time(found, wanted);
    case Family::timestamp:
      return timestamp_to_timestamp(found, wanted);
    default:
      return {};
  }
}

bool Fit::holds(const Cell& cell) const {
  switch (rule) {
    case Rule::always:
      return true;
    case Rule::utf8:
      return is_utf8(bytes_at(cell));
    case Rule::whole: {
      const Int128 value = integer_at(cell);
      return low <= value && value <= high && value % step == 0;
    }
    case Rule::finite:
      return std::isfinite(real_at(cell));
    case Rule::float32: {
      const double value = real_at(cell);
      if (!std::isfinite(value) || std::abs(value) > std::numeric_limits<float>::max()) return false;
      return static_cast<double>(static_cast<float>(value)) == value;
    }
    case Rule::exact_float:
      return is_exact(integer_at(cell), bits);
    case Rule::integral: {
      const double value = real_at(cell);
      return std::isfinite(value) && std::trunc(value) == value && value >= static_cast<double>(low) &&
             value < static_cast<double>(high + 1);
    }
    case Rule::integral_decimal: {
      const Number value = decimal_at(cell);
      return value.is_integral() && Number::compare(value, low) >= 0 && Number::compare(value, high) <= 0;
    }
    case Rule::decimal:
      return fits_decimal(decimal_at(cell), *this);
    case Rule::json_text:
      return bool(read_json_plainly(bytes_at(cell)));
    case Rule::json_parts:
      return is_finite(cell);
  }
  return false;
}

}  // namespace schemaregistry
