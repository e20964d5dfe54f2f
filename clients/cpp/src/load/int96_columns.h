/// Read Parquet's int96 timestamps exactly, also beyond the range of int64 nanoseconds.
///
/// Arrow's reader lets larger ones overflow. So each column is read twice, as nanoseconds (exact modulo 2^64) and as
/// seconds; together they give the exact timestamp.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/type.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/metadata.h>

#include <functional>
#include <memory>
#include <vector>

namespace schemaregistry {

/// The indices of the columns with int96 in them.
std::vector<int> columns_of_int96(const parquet::arrow::SchemaManifest& manifest,
                                  const parquet::SchemaDescriptor& schema);

/// The schema with the type `int96()` for int96 values.
std::shared_ptr<arrow::Schema> with_int96(const std::shared_ptr<arrow::Schema>& schema,
                                          const parquet::arrow::SchemaManifest& manifest,
                                          const parquet::SchemaDescriptor& parquet_schema);

/// A list or struct type with other fields; null for a type of another kind.
std::shared_ptr<arrow::DataType> with_fields(const arrow::DataType& type, const arrow::FieldVector& fields);

class Int96Columns {
 public:
  using Open = std::function<arrow::Result<std::unique_ptr<parquet::arrow::FileReader>>(arrow::TimeUnit::type)>;

  /// Begin to read `columns` of all row groups; `open` makes a reader that reads int96 in a unit.
  static arrow::Result<Int96Columns> read(const Open& open, const std::vector<int>& columns,
                                          const parquet::SchemaDescriptor& schema,
                                          const parquet::arrow::SchemaManifest& manifest);

  /// The number of rows left of the current batch, or else of the next one; 0 at the end.
  arrow::Result<std::int64_t> remaining();
  /// Take the next `rows` rows of each column, at most `remaining()`.
  std::vector<std::shared_ptr<arrow::Array>> take(std::int64_t rows);

 private:
  std::vector<const parquet::arrow::SchemaField*> fields_;
  const parquet::SchemaDescriptor* schema_ = nullptr;
  std::unique_ptr<parquet::arrow::FileReader> fine_reader_;
  std::unique_ptr<parquet::arrow::FileReader> coarse_reader_;
  std::shared_ptr<arrow::RecordBatchReader> fine_;
  std::shared_ptr<arrow::RecordBatchReader> coarse_;
  std::vector<std::shared_ptr<arrow::Array>> arrays_;
  std::int64_t at_ = 0;
  std::int64_t rows_ = 0;
};

}  // namespace schemaregistry
