#include "int96_columns.h"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/util/bitmap_ops.h>

#include <algorithm>
#include <utility>

#include "arrow_types.h"

namespace schemaregistry {
namespace {

using parquet::arrow::SchemaField;

constexpr std::int64_t kDay = 86'400;
constexpr std::uint64_t kNanos = 1'000'000'000;

bool is_int96_leaf(const SchemaField& field, const parquet::SchemaDescriptor& schema) {
  return field.is_leaf() && schema.Column(field.column_index)->physical_type() == parquet::Type::INT96;
}

bool has_int96(const SchemaField& field, const parquet::SchemaDescriptor& schema) {
  return is_int96_leaf(field, schema) || std::any_of(field.children.begin(), field.children.end(),
                                                     [&](const SchemaField& each) { return has_int96(each, schema); });
}

void collect(const SchemaField& field, std::vector<int>& leaves) {
  if (field.is_leaf()) leaves.push_back(field.column_index);
  for (const SchemaField& child : field.children) collect(child, leaves);
}

std::shared_ptr<arrow::DataType> exact_type(const std::shared_ptr<arrow::DataType>& type, const SchemaField& field,
                                            const parquet::SchemaDescriptor& schema) {
  if (is_int96_leaf(field, schema)) return int96();
  if (!has_int96(field, schema) || type->num_fields() != static_cast<int>(field.children.size())) return type;
  arrow::FieldVector fields;
  for (int i = 0; i < type->num_fields(); ++i) {
    const auto& inner = type->field(i);
    fields.push_back(inner->WithType(exact_type(inner->type(), field.children[static_cast<std::size_t>(i)], schema)));
  }
  auto exact = with_fields(*type, fields);
  return exact ? exact : type;
}

std::int64_t floor_div(std::int64_t value, std::int64_t by) { return value / by - (value % by < 0); }

/// Combine the two readings of a column into exact timestamps.
arrow::Result<std::shared_ptr<arrow::ArrayData>> exact_leaf(const arrow::ArrayData& fine,
                                                            const arrow::ArrayData& coarse) {
  using Interval = arrow::MonthDayNanoIntervalType::MonthDayNanos;
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(fine.length * static_cast<std::int64_t>(sizeof(Interval))));
  const auto* nanos = fine.GetValues<std::int64_t>(1);
  const auto* seconds = coarse.GetValues<std::int64_t>(1);
  auto* exact = reinterpret_cast<Interval*>(buffer->mutable_data());
  for (std::int64_t i = 0; i < fine.length; ++i) {
    const std::uint64_t whole = static_cast<std::uint64_t>(seconds[i]) * kNanos;
    const auto rest = static_cast<std::int64_t>(static_cast<std::uint64_t>(nanos[i]) - whole);
    const std::int64_t day = floor_div(seconds[i], kDay);
    exact[i] = to_int96(day, (seconds[i] - day * kDay) * static_cast<std::int64_t>(kNanos) + rest);
  }
  std::shared_ptr<arrow::Buffer> validity;
  if (fine.GetNullCount() > 0) {
    ARROW_ASSIGN_OR_RAISE(validity, arrow::internal::CopyBitmap(arrow::default_memory_pool(), fine.buffers[0]->data(),
                                                                fine.offset, fine.length));
  }
  return arrow::ArrayData::Make(int96(), fine.length, {validity, buffer}, fine.GetNullCount());
}

arrow::Result<std::shared_ptr<arrow::ArrayData>> exact_data(const std::shared_ptr<arrow::ArrayData>& fine,
                                                            const arrow::ArrayData& coarse, const SchemaField& field,
                                                            const parquet::SchemaDescriptor& schema) {
  if (is_int96_leaf(field, schema)) return exact_leaf(*fine, coarse);
  auto type = exact_type(fine->type, field, schema);
  if (type == fine->type) return fine;
  auto exact = fine->Copy();
  exact->type = std::move(type);
  for (std::size_t i = 0; i < exact->child_data.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(exact->child_data[i],
                          exact_data(fine->child_data[i], *coarse.child_data[i], field.children[i], schema));
  }
  return exact;
}

}  // namespace

std::shared_ptr<arrow::DataType> with_fields(const arrow::DataType& type, const arrow::FieldVector& fields) {
  switch (type.id()) {
    case arrow::Type::STRUCT:
      return arrow::struct_(fields);
    case arrow::Type::LIST:
      return arrow::list(fields[0]);
    case arrow::Type::LARGE_LIST:
      return arrow::large_list(fields[0]);
    case arrow::Type::FIXED_SIZE_LIST:
      return arrow::fixed_size_list(fields[0], static_cast<const arrow::FixedSizeListType&>(type).list_size());
    default:
      return nullptr;
  }
}

std::vector<int> columns_of_int96(const parquet::arrow::SchemaManifest& manifest,
                                  const parquet::SchemaDescriptor& schema) {
  std::vector<int> columns;
  for (std::size_t i = 0; i < manifest.schema_fields.size(); ++i) {
    if (has_int96(manifest.schema_fields[i], schema)) columns.push_back(static_cast<int>(i));
  }
  return columns;
}

std::shared_ptr<arrow::Schema> with_int96(const std::shared_ptr<arrow::Schema>& schema,
                                          const parquet::arrow::SchemaManifest& manifest,
                                          const parquet::SchemaDescriptor& parquet_schema) {
  arrow::FieldVector fields = schema->fields();
  for (std::size_t i = 0; i < fields.size(); ++i)
    fields[i] = fields[i]->WithType(exact_type(fields[i]->type(), manifest.schema_fields[i], parquet_schema));
  return arrow::schema(std::move(fields), schema->metadata());
}

arrow::Result<Int96Columns> Int96Columns::read(const Open& open, const std::vector<int>& columns,
                                               const parquet::SchemaDescriptor& schema,
                                               const parquet::arrow::SchemaManifest& manifest) {
  Int96Columns read;
  if (columns.empty()) return read;
  read.schema_ = &schema;
  std::vector<int> leaves;
  for (const int column : columns) {
    read.fields_.push_back(&manifest.schema_fields[static_cast<std::size_t>(column)]);
    collect(*read.fields_.back(), leaves);
  }
  ARROW_ASSIGN_OR_RAISE(read.fine_reader_, open(arrow::TimeUnit::NANO));
  ARROW_ASSIGN_OR_RAISE(read.coarse_reader_, open(arrow::TimeUnit::SECOND));
  std::vector<int> groups(static_cast<std::size_t>(read.fine_reader_->num_row_groups()));
  for (std::size_t i = 0; i < groups.size(); ++i) groups[i] = static_cast<int>(i);
  ARROW_ASSIGN_OR_RAISE(read.fine_, read.fine_reader_->GetRecordBatchReader(groups, leaves));
  ARROW_ASSIGN_OR_RAISE(read.coarse_, read.coarse_reader_->GetRecordBatchReader(groups, leaves));
  return read;
}

arrow::Result<std::int64_t> Int96Columns::remaining() {
  if (at_ < rows_ || !fine_) return rows_ - at_;
  std::shared_ptr<arrow::RecordBatch> fine;
  std::shared_ptr<arrow::RecordBatch> coarse;
  ARROW_RETURN_NOT_OK(fine_->ReadNext(&fine));
  ARROW_RETURN_NOT_OK(coarse_->ReadNext(&coarse));
  at_ = 0;
  rows_ = fine && coarse ? fine->num_rows() : 0;
  if (rows_ == 0) return 0;
  if (coarse->num_rows() != rows_) return arrow::Status::Invalid("two readings of the same pages have other rows");
  arrays_.clear();
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    const int column = static_cast<int>(i);
    ARROW_ASSIGN_OR_RAISE(auto data,
                          exact_data(fine->column_data(column), *coarse->column_data(column), *fields_[i], *schema_));
    arrays_.push_back(arrow::MakeArray(std::move(data)));
  }
  return rows_;
}

std::vector<std::shared_ptr<arrow::Array>> Int96Columns::take(std::int64_t rows) {
  std::vector<std::shared_ptr<arrow::Array>> taken;
  for (const auto& array : arrays_) taken.push_back(array->Slice(at_, rows));
  at_ += rows;
  return taken;
}

}  // namespace schemaregistry
