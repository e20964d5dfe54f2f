/// Kernels: find the rows of a column that may fail a check, over whole arrays.
///
/// Rows that aren't marked pass; `interpreter.h` judges the marked ones.
#pragma once

#include <arrow/array.h>

#include <cstdint>
#include <vector>

#include "fit.h"
#include "plan.h"

namespace schemaregistry {

/// One byte per value, not 0 where it may fail; empty where no value may fail.
using Marks = std::vector<std::uint8_t>;

/// Mark the values that the contract's type may not represent exactly. Nulls are never marked.
Marks mark_misfits(const arrow::Array& array, const Fit& fit);

/// Mark the values that may fail a check of single values; `wanted` is the contract's type.
Marks mark_failing(const Check& check, const arrow::Array& array, const arrow::DataType& wanted);

/// Mark the nulls.
Marks mark_nulls(const arrow::Array& array);

/// Add `marks` to `into`.
void merge(Marks& into, const Marks& marks);

}  // namespace schemaregistry
