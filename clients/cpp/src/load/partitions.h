/// Columns that stand in a file's path, as Hive and Spark lay files out: `date=2026-01-05/symbol=A/part.parquet`.
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
#include "value.h"

namespace schemaregistry {

/// One column of the contract that stands in a path: its name, its place, and its text; no text for null.
struct PartitionColumn {
  std::string name;
  std::uint32_t place = 0;
  std::optional<std::string> text;
};

/// The contract's columns that stand in the directories of a path, the innermost of each name.
std::vector<PartitionColumn> given_columns(const Plan& plan, const std::string& path);

/// Its value as JSON: of the contract's type, or the text where the type can't hold it; absent for null.
Value value_of(const Plan& plan, const PartitionColumn& given);

/// Its value as an array of one: of the contract's type, or text where the type can't hold it.
arrow::Result<std::shared_ptr<arrow::Array>> array_of(const Plan& plan, const PartitionColumn& given);

}  // namespace schemaregistry
