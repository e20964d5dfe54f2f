/// Bind a file's columns to the places of a plan, and compare their types with the contract's.
///
/// A binding is made from the footer or header alone, before a value is read.
#pragma once

#include <arrow/type.h>

#include <map>
#include <optional>
#include <set>
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
  /// The index of a column in the file, or of a member in its struct.
  int field = -1;
  /// The text that the file's path states for this column, where the contract's type can't represent it: every row has
  /// a misfit there.
  std::optional<std::string> unread;
  /// The columns or members that the plan has no place for, in the file's order: their names and indices.
  std::vector<std::pair<std::string, int>> extras;
  /// Those of them that have no name in the file (`unnamed_column`): a row has a value there, or no such member.
  std::set<std::string> unnamed;

  bool is_known() const { return type != nullptr; }
  bool is_refused() const { return !fit.refused.empty(); }
};

/// One `Bound` for each place of the plan.
using Binding = std::vector<Bound>;

/// Texts in a file's path that the contract's types can't represent, by column.
using UnreadTexts = std::map<std::string, std::string>;

/// Find the plan's places in a schema with distinct names.
Binding bind(const Plan& plan, const arrow::Schema& schema, const UnreadTexts& unread = {});

/// The field of a column that has no name in the file; `name` is made up from its position.
std::shared_ptr<arrow::Field> unnamed_column(const std::string& name);

/// The name, in quotes, that more than one column, or member of a struct, has; empty where there is none.
std::string repeated_name(const arrow::FieldVector& fields);

/// The indices of the columns that the plan needs, in the order in which a report shows a row.
std::vector<int> needed_columns(const Plan& plan, const Binding& binding);

}  // namespace schemaregistry
