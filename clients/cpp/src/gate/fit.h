/// Decide whether a column's Arrow type fits the contract's, and which values the contract's type represents exactly.
///
/// The rules are those of `Fits` in contract.proto: a value fits if the contract's type represents exactly this value.
/// That a cast succeeds is no proof of it.
#pragma once

#include <arrow/array.h>
#include <arrow/type.h>

#include <cstdint>
#include <string>

#include "cells.h"

namespace schemaregistry {

/// The rule by which the values of a column fit the contract's type.
struct Fit {
  enum class Rule {
    always,
    utf8,
    /// Integers, dates, times, timestamps: from `low` to `high`, and multiples of `step`.
    whole,
    /// Floats: finite.
    finite,
    /// Floats: exactly representable as float32.
    float32,
    /// Integers: exactly representable as a float with `bits` bits of mantissa.
    exact_float,
    /// Floats: integral, from `low` to `high`.
    integral,
    /// Decimals: integral, from `low` to `high`.
    integral_decimal,
    /// Decimals: at most `digits` digits before the point and `scale` after it.
    decimal,
    /// Strings: the JSON text of one value.
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
  /// A description of the column, where no value of its type fits: `utf8 column`.
  std::string refused;
  /// A note for the report about how the column is read; empty where its type is the contract's.
  std::string note;

  /// Whether a value fits; it must not be null.
  bool holds(const Cell& cell) const;
};

/// The rule by which values of the type `found` fit the type `wanted`. Parts of lists and structs have their own `Fit`.
Fit fit(const arrow::DataType& found, const arrow::DataType& wanted);

std::int64_t units_per_second(arrow::TimeUnit::type unit);
/// The range of integers that a type represents.
struct Bounds {
  Int128 low = 0;
  Int128 high = 0;
};
Bounds bounds_of(const arrow::DataType& type);

}  // namespace schemaregistry
