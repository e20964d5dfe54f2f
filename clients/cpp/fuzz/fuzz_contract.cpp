// Fuzz the gate with hostile contracts: read the bytes as a contract, and judge a few rows where that succeeds. It must
// never crash, hang or fill the memory; the verdict doesn't matter.
#include <arrow/array/builder_base.h>
#include <arrow/array/util.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>

#include "schemaregistry/gate.h"

namespace {

constexpr int kRows = 6;

/// A column of values that are often mishandled: the ends of a type's range, NaN, invalid UTF-8; nulls for nested
/// types.
std::shared_ptr<arrow::Array> column_of(const std::shared_ptr<arrow::DataType>& type) {
  const auto finish = [](auto& builder) { return *builder.Finish(); };
  switch (type->id()) {
    case arrow::Type::DOUBLE: {
      arrow::DoubleBuilder builder;
      for (const double value : {0.0, -1.5, 1e300, std::numeric_limits<double>::quiet_NaN(), 1e16})
        (void)builder.Append(value);
      (void)builder.AppendNull();
      return finish(builder);
    }
    case arrow::Type::INT64: {
      arrow::Int64Builder builder;
      for (const std::int64_t value : {std::int64_t{0}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::max(),
                                       std::numeric_limits<std::int64_t>::min(), std::int64_t{7}})
        (void)builder.Append(value);
      (void)builder.AppendNull();
      return finish(builder);
    }
    case arrow::Type::STRING: {
      arrow::StringBuilder builder;
      for (const std::string_view value : {"", "B", "2026-01-05T09:30:00Z", "\xFF\xFE", "aaaaaaaaaaaaaaaaaaaaaaaa"})
        (void)builder.Append(value);
      (void)builder.AppendNull();
      return finish(builder);
    }
    default:
      return *arrow::MakeArrayOfNull(type, kRows);
  }
}

std::shared_ptr<arrow::DataType> other_type(const arrow::DataType& type) {
  return type.id() == arrow::Type::STRING  ? arrow::int64()
         : type.id() == arrow::Type::INT32 ? arrow::float64()
                                           : arrow::utf8();
}

void judge(const schemaregistry::Gate& gate, bool as_the_contract_says) {
  arrow::FieldVector fields;
  arrow::ArrayVector columns;
  for (const auto& field : gate.schema()->fields()) {
    const auto type = as_the_contract_says ? field->type() : other_type(*field->type());
    fields.push_back(arrow::field(field->name(), type));
    columns.push_back(column_of(type));
  }
  const auto batch = arrow::RecordBatch::Make(arrow::schema(fields), kRows, columns);
  auto reader = arrow::RecordBatchReader::Make({batch}, batch->schema());
  if (!reader.ok()) return;
  const auto report = gate.check(**reader);
  if (report) (void)report->to_json();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto gate = schemaregistry::Gate::make({reinterpret_cast<const char*>(data), size});
  if (!gate || gate->schema()->num_fields() > 64) return 0;
  judge(*gate, true);
  judge(*gate, false);
  return 0;
}
