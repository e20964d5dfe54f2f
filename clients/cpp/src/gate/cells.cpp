#include "cells.h"

#include <arrow/extension_type.h>
#include <arrow/scalar.h>
#include <arrow/util/decimal.h>
#include <arrow/util/float16.h>
#include <arrow/util/ree_util.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "fit.h"
#include "json_text.h"
#include "text.h"

namespace schemaregistry {
namespace {

using arrow::Type;

template <class ArrayType>
const ArrayType& as(const arrow::Array& array) {
  return static_cast<const ArrayType&>(array);
}

/// Year, month and day of a day since 1970-01-01 (H. Hinnant, "chrono-compatible low-level date algorithms").
std::array<int, 3> civil(std::int64_t days) {
  days += 719468;
  const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const std::int64_t of_era = days - era * 146097;
  const std::int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  const std::int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
  const std::int64_t month = (5 * of_year + 2) / 153;
  const int day = static_cast<int>(of_year - (153 * month + 2) / 5 + 1);
  const int calendar = static_cast<int>(month < 10 ? month + 3 : month - 9);
  return {static_cast<int>(year + era * 400 + (calendar <= 2)), calendar, day};
}

std::string date_text(std::int64_t days) {
  const auto [year, month, day] = civil(days);
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%s%04d-%02d-%02d", year < 0 ? "-" : "", std::abs(year), month, day);
  return text.data();
}

std::string time_text(std::int64_t stored, arrow::TimeUnit::type unit) {
  const std::int64_t per_second = units_per_second(unit);
  const std::int64_t seconds = stored / per_second;
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%02d:%02d:%02d", static_cast<int>(seconds / 3600),
                static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60));
  std::string found = text.data();
  if (per_second > 1) {
    std::string fraction = std::to_string(per_second + stored % per_second);
    fraction[0] = '.';
    found += fraction;
  }
  return found + "Z";
}

std::int64_t floor_div(std::int64_t value, std::int64_t by) { return value / by - (value % by < 0); }

Value real_value(double real) {
  if (std::isnan(real)) return Value::string("NaN");
  if (std::isinf(real)) return Value::string(real > 0 ? "Infinity" : "-Infinity");
  return Value::of(Number(real));
}

constexpr std::int64_t kDayOfNanos = std::int64_t{86'400} * 1'000'000'000;
constexpr std::int64_t kFarthestYear = 32767;

/// The date of any year, also beyond 9999.
std::string int96_text(Int128 nanos) {
  const Int128 day = nanos / kDayOfNanos - (nanos % kDayOfNanos < 0);
  return date_text(static_cast<std::int64_t>(day)) + "T" +
         time_text(static_cast<std::int64_t>(nanos - day * kDayOfNanos), arrow::TimeUnit::NANO);
}

/// The name of a number of days, or of a number of a type's units.
const char* unit_name(const arrow::DataType& type) {
  if (type.id() == Type::DATE32) return "days";
  if (type.id() == Type::DATE64) return "ms";
  const auto unit = type.id() == Type::TIMESTAMP ? static_cast<const arrow::TimestampType&>(type).unit()
                                                 : static_cast<const arrow::TimeType&>(type).unit();
  const std::int64_t per_second = units_per_second(unit);
  return per_second == 1 ? "s" : per_second == 1'000 ? "ms" : per_second == 1'000'000 ? "us" : "ns";
}

/// The distance from the epoch as text, for a value that is no time of day or that no calendar covers; else null.
Value beyond(const arrow::DataType& type, std::int64_t stored, bool shown) {
  if (!shown) return Value::null();
  const char* start = family(type) == Family::time ? " from midnight" : " from 1970";
  return Value::string(std::to_string(stored) + " " + unit_name(type) + start);
}

Value temporal_value(const Cell& cell, bool shown) {
  const arrow::DataType& type = *cell.array->type();
  if (is_int96(type)) return Value::string(int96_text(integer_at(cell)));
  const auto stored = static_cast<std::int64_t>(integer_at(cell));
  if (family(type) == Family::time && !fit(type, type).holds(cell)) return beyond(type, stored, shown);
  std::string text = temporal_text(type, stored);
  const auto digits = text.find('-', 1);
  if (family(type) != Family::time &&
      std::abs(std::strtoll(text.substr(0, digits).c_str(), nullptr, 10)) > kFarthestYear) {
    return beyond(type, stored, shown);
  }
  return Value::string(std::move(text));
}

Value value_of(const arrow::Array& array, std::int64_t index, bool shown);

/// A map as a list of its pairs.
Value map_value(const arrow::MapArray& map, std::int64_t index, bool shown) {
  Value list = Value::array();
  for (std::int64_t i = map.value_offset(index); i < map.value_offset(index + 1); ++i) {
    Value pair = Value::object();
    pair.members.emplace_back("key", value_of(*map.keys(), i, shown));
    pair.members.emplace_back("value", value_of(*map.items(), i, shown));
    list.items.push_back(std::move(pair));
  }
  return list;
}

/// The value that a union has in the child that it chose.
Value union_value(const arrow::UnionArray& choice, std::int64_t index, bool shown) {
  const bool is_dense = choice.mode() == arrow::UnionMode::DENSE;
  const auto child = choice.field(choice.child_id(index));
  return value_of(*child, is_dense ? as<arrow::DenseUnionArray>(choice).value_offset(index) : index, shown);
}

Value value_of(const arrow::Array& array, std::int64_t index, bool shown) {
  const Cell cell = cell_at(array, index);
  if (cell.is_null()) return Value::null();
  switch (family(*cell.array->type())) {
    case Family::boolean:
      return Value::boolean(as<arrow::BooleanArray>(*cell.array).Value(cell.index));
    case Family::integer:
      return Value::of(Number(integer_at(cell)));
    case Family::real:
      return real_value(real_at(cell));
    case Family::decimal: {
      Number number = decimal_at(cell);
      return shown ? Value::string(number.text()) : Value::of(std::move(number));
    }
    case Family::text:
      return Value::string(printable(bytes_at(cell)));
    case Family::binary:
      return Value::string(base64(bytes_at(cell)));
    case Family::date:
    case Family::time:
    case Family::timestamp:
      return temporal_value(cell, shown);
    case Family::list: {
      Value list = Value::array();
      const Items items = items_at(cell);
      for (std::int64_t i = 0; i < items.count; ++i)
        list.items.push_back(value_of(*items.array, items.first + i, shown));
      return list;
    }
    case Family::structure: {
      Value object = Value::object();
      const auto& structure = as<arrow::StructArray>(*cell.array);
      for (int i = 0; i < structure.num_fields(); ++i) {
        object.members.emplace_back(structure.type()->field(i)->name(),
                                    value_of(*structure.field(i), cell.index, shown));
      }
      return object;
    }
    case Family::other: {
      if (cell.array->type_id() == Type::MAP) return map_value(as<arrow::MapArray>(*cell.array), cell.index, shown);
      if (const auto* choice = dynamic_cast<const arrow::UnionArray*>(cell.array))
        return union_value(*choice, cell.index, shown);
      const auto scalar = cell.array->GetScalar(cell.index);
      return scalar.ok() ? Value::string(printable((*scalar)->ToString())) : Value::null();
    }
    case Family::json:  // a cell is in the extension's storage
    case Family::null:
      break;
  }
  return Value::null();
}

}  // namespace

Cell cell_at(const arrow::Array& array, std::int64_t index) {
  switch (array.type_id()) {
    case Type::EXTENSION:
      return cell_at(*as<arrow::ExtensionArray>(array).storage(), index);
    case Type::DICTIONARY: {
      const auto& dictionary = as<arrow::DictionaryArray>(array);
      if (dictionary.IsNull(index)) return {&array, index};
      return cell_at(*dictionary.dictionary(), dictionary.GetValueIndex(index));
    }
    case Type::RUN_END_ENCODED: {
      const auto& runs = as<arrow::RunEndEncodedArray>(array);
      return cell_at(*runs.values(),
                     arrow::ree_util::FindPhysicalIndex(arrow::ArraySpan(*array.data()), index, array.offset()));
    }
    default:
      return {&array, index};
  }
}

std::string_view bytes_at(const Cell& cell) {
  switch (cell.array->type_id()) {
    case Type::STRING:
    case Type::BINARY:
      return as<arrow::BinaryArray>(*cell.array).GetView(cell.index);
    case Type::LARGE_STRING:
    case Type::LARGE_BINARY:
      return as<arrow::LargeBinaryArray>(*cell.array).GetView(cell.index);
    case Type::STRING_VIEW:
    case Type::BINARY_VIEW:
      return as<arrow::BinaryViewArray>(*cell.array).GetView(cell.index);
    case Type::FIXED_SIZE_BINARY:
      return as<arrow::FixedSizeBinaryArray>(*cell.array).GetView(cell.index);
    default:
      return {};
  }
}

Int128 integer_at(const Cell& cell) {
  switch (cell.array->type_id()) {
    case Type::INT8:
      return as<arrow::Int8Array>(*cell.array).Value(cell.index);
    case Type::INT16:
      return as<arrow::Int16Array>(*cell.array).Value(cell.index);
    case Type::INT32:
      return as<arrow::Int32Array>(*cell.array).Value(cell.index);
    case Type::INT64:
      return as<arrow::Int64Array>(*cell.array).Value(cell.index);
    case Type::UINT8:
      return as<arrow::UInt8Array>(*cell.array).Value(cell.index);
    case Type::UINT16:
      return as<arrow::UInt16Array>(*cell.array).Value(cell.index);
    case Type::UINT32:
      return as<arrow::UInt32Array>(*cell.array).Value(cell.index);
    case Type::UINT64:
      return as<arrow::UInt64Array>(*cell.array).Value(cell.index);
    case Type::DATE32:
      return as<arrow::Date32Array>(*cell.array).Value(cell.index);
    case Type::DATE64:
      return as<arrow::Date64Array>(*cell.array).Value(cell.index);
    case Type::TIME32:
      return as<arrow::Time32Array>(*cell.array).Value(cell.index);
    case Type::TIME64:
      return as<arrow::Time64Array>(*cell.array).Value(cell.index);
    case Type::TIMESTAMP:
      return as<arrow::TimestampArray>(*cell.array).Value(cell.index);
    case Type::INTERVAL_MONTH_DAY_NANO: {
      const auto stored = as<arrow::MonthDayNanoIntervalArray>(*cell.array).Value(cell.index);
      return Int128{day_of_int96(stored)} * kDayOfNanos + stored.nanoseconds;
    }
    default:
      return 0;
  }
}

double real_at(const Cell& cell) {
  switch (cell.array->type_id()) {
    case Type::HALF_FLOAT:
      return arrow::util::Float16::FromBits(as<arrow::HalfFloatArray>(*cell.array).Value(cell.index)).ToDouble();
    case Type::FLOAT:
      return as<arrow::FloatArray>(*cell.array).Value(cell.index);
    case Type::DOUBLE:
      return as<arrow::DoubleArray>(*cell.array).Value(cell.index);
    default:
      return 0;
  }
}

Number decimal_at(const Cell& cell) {
  switch (cell.array->type_id()) {
    case Type::DECIMAL32:
      return decimal_number(as<arrow::Decimal32Array>(*cell.array).FormatValue(cell.index));
    case Type::DECIMAL64:
      return decimal_number(as<arrow::Decimal64Array>(*cell.array).FormatValue(cell.index));
    case Type::DECIMAL128:
      return decimal_number(as<arrow::Decimal128Array>(*cell.array).FormatValue(cell.index));
    case Type::DECIMAL256:
      return decimal_number(as<arrow::Decimal256Array>(*cell.array).FormatValue(cell.index));
    default:
      return 0;
  }
}

Items items_at(const Cell& cell) {
  const auto of = [&](const auto& list) {
    return Items{list.values().get(), list.value_offset(cell.index), list.value_length(cell.index)};
  };
  switch (cell.array->type_id()) {
    case Type::LIST:
      return of(as<arrow::ListArray>(*cell.array));
    case Type::LARGE_LIST:
      return of(as<arrow::LargeListArray>(*cell.array));
    case Type::FIXED_SIZE_LIST:
      return of(as<arrow::FixedSizeListArray>(*cell.array));
    case Type::LIST_VIEW:
      return of(as<arrow::ListViewArray>(*cell.array));
    case Type::LARGE_LIST_VIEW:
      return of(as<arrow::LargeListViewArray>(*cell.array));
    default:
      return {};
  }
}

bool is_finite(const Cell& cell) {
  if (cell.is_null()) return true;
  switch (family(*cell.array->type())) {
    case Family::real:
      return std::isfinite(real_at(cell));
    case Family::list: {
      const Items items = items_at(cell);
      for (std::int64_t i = 0; i < items.count; ++i)
        if (!is_finite(cell_at(*items.array, items.first + i))) return false;
      return true;
    }
    case Family::structure: {
      const auto& structure = as<arrow::StructArray>(*cell.array);
      for (int i = 0; i < structure.num_fields(); ++i)
        if (!is_finite(cell_at(*structure.field(i), cell.index))) return false;
      return true;
    }
    default:
      return true;
  }
}

Value json_value(const Cell& cell) {
  if (family(*cell.array->type()) != Family::text) return natural_value(*cell.array, cell.index);
  auto value = read_json_plainly(bytes_at(cell));
  return value ? *std::move(value) : Value::misfit();
}

std::string temporal_text(const arrow::DataType& type, std::int64_t stored) {
  constexpr std::int64_t kDay = 86'400;
  switch (type.id()) {
    case Type::DATE32:
      return date_text(stored);
    case Type::DATE64: {
      const std::int64_t day = floor_div(stored, kDay * 1000);
      const std::int64_t rest = stored - day * kDay * 1000;
      // A date64 that isn't at midnight is shown with its time of day.
      std::string clock = rest == 0 ? "" : "T" + time_text(rest, arrow::TimeUnit::MILLI);
      if (!clock.empty()) clock.pop_back();
      return date_text(day) + clock;
    }
    case Type::TIME32:
    case Type::TIME64:
      return time_text(stored, static_cast<const arrow::TimeType&>(type).unit());
    case Type::TIMESTAMP: {
      const auto unit = static_cast<const arrow::TimestampType&>(type).unit();
      const std::int64_t per_day = kDay * units_per_second(unit);
      const std::int64_t day = floor_div(stored, per_day);
      return date_text(day) + "T" + time_text(stored - day * per_day, unit);
    }
    default:
      return "";
  }
}

Value shown_value(const arrow::Array& array, std::int64_t index) { return value_of(array, index, true); }
Value natural_value(const arrow::Array& array, std::int64_t index) { return value_of(array, index, false); }

}  // namespace schemaregistry
