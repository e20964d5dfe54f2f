/// Read files batch by batch into a `FileEvaluation`, with one function for each format.
#pragma once

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "file_evaluation.h"
#include "partitions.h"
#include "schemaregistry/report.h"
#include "sources.h"

namespace schemaregistry {

/// Receives the judged rows, in the contract's schema; empty in a check without a load.
using Keep = std::function<void(std::shared_ptr<arrow::RecordBatch>)>;

/// The reading of one file, and the evaluation that takes its rows.
struct Reading {
  const Source& source;
  const Plan& plan;
  FileEvaluation& judge;
  const Keep& keep;
  const Tally& tally;
  /// The contract's columns in the file's path.
  std::vector<PartitionColumn> given = {};
  /// The columns of the path that the file itself lacks, as arrays of length one; they follow the file's columns.
  std::vector<std::shared_ptr<arrow::Array>> added = {};

  Fault fault(const std::string& reason, const std::string& message, std::optional<std::int64_t> offset = std::nullopt,
              std::optional<std::int64_t> line = std::nullopt) const {
    return {source.path, offset, line, reason, message};
  }
  /// The fault for a file that Arrow can't read.
  Fault fault(const arrow::Status& status, std::optional<std::int64_t> offset = std::nullopt) const {
    if (!status.IsOutOfMemory()) return fault("CORRUPT", status.message(), offset);
    return fault("OUT_OF_MEMORY", status.message() + ": give the program more memory; a damaged file may ask for any",
                 offset);
  }
  /// Whether rows are passed to `keep`: only as long as no violation was found.
  bool keeps() const { return keep && tally.is_clean(); }
  /// Bind the schema of a columnar file, with the columns of its path added.
  arrow::Result<const Binding*> bind(const arrow::Schema& schema);
  /// Evaluate a batch, and keep its rows; `arrays` has the file's columns at their indices.
  arrow::Status take(const std::vector<std::shared_ptr<arrow::Array>>& arrays, std::int64_t rows);
};

/// Read a file to its end. Each returns why the file can't be judged, or nothing.
std::optional<Fault> read_parquet(Reading& reading);
std::optional<Fault> read_ipc(Reading& reading);
std::optional<Fault> read_csv(Reading& reading);
std::optional<Fault> read_ndjson(Reading& reading);
std::optional<Fault> read_batches(Reading& reading, arrow::RecordBatchReader& batches);

}  // namespace schemaregistry
