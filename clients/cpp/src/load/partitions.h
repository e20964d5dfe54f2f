/// Read columns from a file's path, as Hive and Spark write them: `date=2026-01-05/symbol=A/part.parquet`.
#pragma once

#include <arrow/array.h>
#include <arrow/result.h>
#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plan.h"
#include "schemaregistry/report.h"
#include "value.h"

namespace schemaregistry {

/// A column in a path: its name, its place in the plan, and its text, empty for null.
struct PartitionColumn {
  std::string name;
  std::uint32_t place = 0;
  std::optional<std::string> text;
};

/// The contract's columns in the directories of a path. A path that states two values of one is a fault.
std::vector<PartitionColumn> given_columns(const Plan& plan, const std::string& path, std::optional<Fault>& fault);

/// The column's value as JSON: in the contract's type, or the text where that type can't represent it; absent for null.
Value value_of(const Plan& plan, const PartitionColumn& given);

/// The column's value as an array of length one, in the contract's type; null also for a text that the type can't
/// represent. A string column has the text itself.
arrow::Result<std::shared_ptr<arrow::Array>> array_of(const Plan& plan, const PartitionColumn& given);

}  // namespace schemaregistry
