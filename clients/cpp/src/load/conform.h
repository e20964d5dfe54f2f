/// Convert rows that conform to the contract's columns and types; `file_evaluation.h` has found that every value fits.
#pragma once

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>

#include <memory>
#include <vector>

#include "binding.h"
#include "plan.h"
#include "row.h"

namespace schemaregistry {

/// Convert a batch to the contract's schema; `arrays` has the file's columns at their indices.
arrow::Result<std::shared_ptr<arrow::RecordBatch>> conform(const Plan& plan, const Binding& binding,
                                                           const std::vector<std::shared_ptr<arrow::Array>>& arrays,
                                                           std::int64_t rows);

/// Collects rows of a text format into batches of the contract's schema.
class RowCollector {
 public:
  explicit RowCollector(const Plan& plan) : plan_(plan) {}

  /// Add the values of a row's columns, in the contract's order.
  arrow::Status add(const std::vector<const Value*>& columns);
  std::int64_t rows() const { return rows_; }
  /// The rows added since the last batch, as a batch.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> batch();

 private:
  const Plan& plan_;
  std::int64_t rows_ = 0;
  std::vector<std::unique_ptr<arrow::ArrayBuilder>> builders_;
};

}  // namespace schemaregistry
