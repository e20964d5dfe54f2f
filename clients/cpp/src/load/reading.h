/// Files read batch by batch to a judge, one function a format. Judges no values.
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

/// Where rows that were judged go, in the contract's schema; empty where nobody wants them.
using Keep = std::function<void(std::shared_ptr<arrow::RecordBatch>)>;

/// One file on its way to its judge.
struct Reading {
  const Source& source;
  const Plan& plan;
  FileEvaluation& judge;
  const Keep& keep;
  const Tally& tally;
  /// Columns that stand in the file's path.
  std::vector<PartitionColumn> given = {};
  /// Those that the file hasn't itself, as arrays of one value; after its columns.
  std::vector<std::shared_ptr<arrow::Array>> added = {};

  Fault fault(const std::string& reason, const std::string& message, std::optional<std::int64_t> offset = std::nullopt,
              std::optional<std::int64_t> line = std::nullopt) const {
    return {source.path, offset, line, reason, message};
  }
  /// What Arrow says of a file that it can't read.
  Fault fault(const arrow::Status& status, std::optional<std::int64_t> offset = std::nullopt) const {
    if (!status.IsOutOfMemory()) return fault("CORRUPT", status.message(), offset);
    return fault("OUT_OF_MEMORY", status.message() + ": give the program more memory; a damaged file may ask for any",
                 offset);
  }
  /// Rows are kept while nothing was found against them.
  bool keeps() const { return keep && tally.is_clean(); }
  /// Tell the judge the schema of a file of columns, those of its path added.
  arrow::Result<const Binding*> bind(const arrow::Schema& schema);
  /// Judge a batch whose arrays are at the indices of the file's columns, and keep it.
  arrow::Status take(const std::vector<std::shared_ptr<arrow::Array>>& arrays, std::int64_t rows);
};

/// Each returns why the file can't be judged, or nothing.
std::optional<Fault> read_parquet(Reading& reading);
std::optional<Fault> read_ipc(Reading& reading);
std::optional<Fault> read_csv(Reading& reading);
std::optional<Fault> read_ndjson(Reading& reading);
std::optional<Fault> read_batches(Reading& reading, arrow::RecordBatchReader& batches);

}  // namespace schemaregistry
