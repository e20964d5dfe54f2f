/// Read single values of Arrow arrays of any layout, as numbers, bytes or JSON.
#pragma once

#include <arrow/array.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "arrow_types.h"
#include "number.h"
#include "value.h"

namespace schemaregistry {

/// The position of a value: an array of plain layout and an index in it. A value of a dictionary, of run-end encoding
/// or of an extension is found in the array within.
struct Cell {
  const arrow::Array* array = nullptr;
  std::int64_t index = 0;

  bool is_null() const { return array->IsNull(index); }
};

Cell cell_at(const arrow::Array& array, std::int64_t index);

/// The bytes of a string or binary value.
std::string_view bytes_at(const Cell& cell);
/// An integer, or the stored integer of a date, time or timestamp.
Int128 integer_at(const Cell& cell);
/// A float of any width.
double real_at(const Cell& cell);
/// A decimal with all its digits.
Number decimal_at(const Cell& cell);
/// The items of a list: the array that they are in, their first index and their number.
struct Items {
  const arrow::Array* array = nullptr;
  std::int64_t first = 0;
  std::int64_t count = 0;
};
Items items_at(const Cell& cell);

/// Whether a value, with its members and items, has no NaN or infinity.
bool is_finite(const Cell& cell);
/// The JSON value of a cell of a column whose contract type is json: the value that a string has as JSON text, or the
/// value of any other type. The cell must fit.
Value json_value(const Cell& cell);

/// The RFC 3339 text of a date, time or timestamp from its stored integer.
std::string temporal_text(const arrow::DataType& type, std::int64_t stored);

/// The JSON value of a cell by its own type, for reports and for columns that the contract lacks. NaN, infinity and
/// decimals are strings; values that JSON can't express are null.
Value shown_value(const arrow::Array& array, std::int64_t index);
/// The same as `shown_value` with decimals as numbers, for validators.
Value natural_value(const arrow::Array& array, std::int64_t index);

}  // namespace schemaregistry
