/// What a file's columns are to a plan: which place has which column, and how its type meets the contract's.
///
/// Found from the footer or header alone, before a value is read.
#pragma once

#include <arrow/type.h>

#include <string>
#include <vector>

#include "fit.h"
#include "plan.h"

namespace schemaregistry {

/// One place of the plan in a file.
struct Bound {
  /// The file's type of the values; null for a place that the file lacks.
  std::shared_ptr<arrow::DataType> type;
  Fit fit;
  /// Of a column: its index in the file. Of a struct's member: its index there.
  int field = -1;
  /// Members that the plan has no place for, in the file's order: their names and indices.
  std::vector<std::pair<std::string, int>> extras;

  bool is_known() const { return type != nullptr; }
  bool is_refused() const { return !fit.refused.empty(); }
};

/// A file's schema read by a plan: one `Bound` for each place.
using Binding = std::vector<Bound>;

/// Find the plan's places in a schema with distinct names.
Binding bind(const Plan& plan, const arrow::Schema& schema);

/// A name that more than one column, or more than one member of a struct, has; empty where there is none.
std::string repeated_name(const arrow::FieldVector& fields);

/// The columns of the file that the plan looks at, by index, in the order of rows that a report shows.
std::vector<int> needed_columns(const Plan& plan, const Binding& binding);

}  // namespace schemaregistry
