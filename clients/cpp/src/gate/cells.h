/// One value of an Arrow array at a time, whatever its layout. Judges nothing.
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

/// An array of plain layout and an index in it: where a value of a dictionary, of runs or of an extension stands.
struct Cell {
  const arrow::Array* array = nullptr;
  std::int64_t index = 0;

  bool is_null() const { return array->IsNull(index); }
};

Cell cell_at(const arrow::Array& array, std::int64_t index);

/// The bytes of a text or of a binary.
std::string_view bytes_at(const Cell& cell);
/// An integer, or what a date, time or timestamp is stored as.
Int128 integer_at(const Cell& cell);
/// A float of any width.
double real_at(const Cell& cell);
/// A decimal in full.
Number decimal_at(const Cell& cell);
/// The items of a list: the array that they are in, their first index and their number.
struct Items {
  const arrow::Array* array = nullptr;
  std::int64_t first = 0;
  std::int64_t count = 0;
};
Items items_at(const Cell& cell);

/// Whether neither NaN nor infinity is in a value.
bool is_finite(const Cell& cell);
/// The JSON value of a cell of a column of the contract's type json: what a text stands for, any other as its own type
/// says it. The cell fits.
Value json_value(const Cell& cell);

/// The RFC 3339 text of a date, time or timestamp of a type, from what it is stored as in that type.
std::string temporal_text(const arrow::DataType& type, std::int64_t stored);

/// The JSON value of a cell as its own type says it: for reports, and for what no contract has a place for. NaN and
/// infinity are strings, as are decimals; what JSON has no words for is null.
Value shown_value(const arrow::Array& array, std::int64_t index);
/// The same with decimals as numbers, for validators.
Value natural_value(const arrow::Array& array, std::int64_t index);

}  // namespace schemaregistry
