/// The columns of a Parquet file with int96 in them, exactly: days and nanoseconds beyond what int64 nanoseconds hold.
///
/// Arrow's reader wraps them. So they are read twice, as nanoseconds and as seconds: what both say together is exact.
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

/// The columns of a schema with int96 in them, by index.
std::vector<int> columns_of_int96(const parquet::arrow::SchemaManifest& manifest, const parquet::SchemaDescriptor& schema);

/// The schema with `int96()` as the type of such places.
std::shared_ptr<arrow::Schema> with_int96(const std::shared_ptr<arrow::Schema>& schema,
                                          const parquet::arrow::SchemaManifest& manifest,
                                          const parquet::SchemaDescriptor& parquet_schema);

/// A type of lists or structs with other types within; null for a type of another kind.
std::shared_ptr<arrow::DataType> with_fields(const arrow::DataType& type, const arrow::FieldVector& fields);

class Int96Columns {
 public:
  using Open = std::function<arrow::Result<std::unique_ptr<parquet::arrow::FileReader>>(arrow::TimeUnit::type)>;

  /// `open` makes a reader that has a unit for int96; `columns` are to be read, of all row groups.
  static arrow::Result<Int96Columns> read(const Open& open, const std::vector<int>& columns,
                                          const parquet::SchemaDescriptor& schema,
                                          const parquet::arrow::SchemaManifest& manifest);

  /// Rows that are left of the batch at hand, the next one where there is none; 0 at the end.
  arrow::Result<std::int64_t> remaining();
  /// The next rows of each column, no more than remain.
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
