// Made by `schemaregistry cpp ticks_v1` from ticks_v1 1.1.0. Don't edit it: make it anew.
#pragma once

#include <schemaregistry/columns.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace schemaregistry::contracts {

/// A batch of rows that conform to ticks_v1 1.1.0.
struct TicksV1 {
  static constexpr std::string_view kId = "ticks_v1";
  static constexpr std::string_view kVersion = "1.1.0";
  /// Of the document's canonical form: a loader compares it before it reads a byte.
  static constexpr std::string_view kFingerprint = "sha256:4f4c87c1af0875a5520a8851db3ff8f8207650bda94f6150fa594a40c7df0bb0";

  /// timestamp[us]: microseconds since 1970-01-01T00:00:00Z.
  std::span<const std::int64_t> ts;
  /// utf8.
  schemaregistry::Texts symbol;
  /// float64.
  std::span<const double> price;
  /// int32.
  std::span<const std::int32_t> size;
  /// utf8.
  schemaregistry::Nullable<schemaregistry::Texts> side;
  /// utf8.
  schemaregistry::Nullable<schemaregistry::Texts> venue;

  std::size_t row_count() const noexcept { return rows_; }

  /// The columns of a batch that the gate has loaded; it must outlive them.
  static schemaregistry::Result<TicksV1> map(const arrow::RecordBatch& batch) {
    TicksV1 found;
    schemaregistry::Error error;
    found.rows_ = static_cast<std::size_t>(batch.num_rows());
    if (!schemaregistry::columns::map<arrow::TimestampArray>(batch, "ts", found.ts, error) ||
        !schemaregistry::columns::map<arrow::StringArray>(batch, "symbol", found.symbol, error) ||
        !schemaregistry::columns::map<arrow::DoubleArray>(batch, "price", found.price, error) ||
        !schemaregistry::columns::map<arrow::Int32Array>(batch, "size", found.size, error) ||
        !schemaregistry::columns::map<arrow::StringArray>(batch, "side", found.side, error) ||
        !schemaregistry::columns::map<arrow::StringArray>(batch, "venue", found.venue, error)) {
      return error;
    }
    return found;
  }

 private:
  std::size_t rows_ = 0;
};

}  // namespace schemaregistry::contracts
