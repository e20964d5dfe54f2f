/// Which rows of a column may fail a check, found over whole arrays. What isn't marked passes; what is marked, the
/// interpreter judges.
#pragma once

#include <arrow/array.h>

#include <cstdint>
#include <vector>

#include "fit.h"
#include "plan.h"

namespace schemaregistry {

/// One byte a value, not 0 where it may fail; empty where none does.
using Marks = std::vector<std::uint8_t>;

/// Which values of an array the contract's type may not hold. Nulls are never marked.
Marks mark_misfits(const arrow::Array& array, const Fit& fit);

/// Which values of an array may fail a check that looks at one value alone; `wanted` is the contract's type of them.
Marks mark_failing(const Check& check, const arrow::Array& array, const arrow::DataType& wanted);

/// Which values are null.
Marks mark_nulls(const arrow::Array& array);

/// Mark what either marks.
void merge(Marks& into, const Marks& marks);

}  // namespace schemaregistry
