/// Does a column's Arrow type fit the contract's, and which of its values does the contract's type not hold exactly.
///
/// The rules are those of `Fits` in contract.proto: a value fits when the contract's type holds exactly it; a cast that
/// succeeds is never the test.
#pragma once

#include <arrow/array.h>
#include <arrow/type.h>

#include <cstdint>
#include <string>

#include "cells.h"

namespace schemaregistry {

/// How a column meets the contract's type.
struct Fit {
  enum class Rule {
    always,
    utf8,
    /// Integers, dates, times, timestamps: from `low` to `high`, and whole multiples of `step`.
    whole,
    /// Floats: finite.
    finite,
    /// Floats: the same as a float32.
    float32,
    /// Integers: the same as a float of `bits` bits of mantissa.
    exact_float,
    /// Floats: integral, from `low` to `high`.
    integral,
    /// Decimals: integral, from `low` to `high`.
    integral_decimal,
    /// Decimals: no more than `digits` before the point and `scale` after it.
    decimal,
    /// Texts: one JSON value.
    json_text,
    /// Lists and structs: without NaN or infinity in them.
    json_parts,
  };

  Rule rule = Rule::always;
  Int128 low = 0;
  Int128 high = 0;
  Int128 step = 1;
  int bits = 0;
  int digits = 0;
  int scale = 0;
  /// What the column is, where it is refused as a whole: `utf8 column`.
  std::string refused;
  /// What it is read as, where that isn't plain.
  std::string note;

  /// Whether a value, which is not null, fits.
  bool holds(const Cell& cell) const;
};

/// How values of one type meet another; parts of lists and structs are met on their own.
Fit fit(const arrow::DataType& found, const arrow::DataType& wanted);

std::int64_t units_per_second(arrow::TimeUnit::type unit);
/// The integers of a type.
struct Bounds {
  Int128 low = 0;
  Int128 high = 0;
};
Bounds bounds_of(const arrow::DataType& type);

}  // namespace schemaregistry
