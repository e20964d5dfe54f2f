/// Read Arrow types from a contract, classify them, and write them as text.
#pragma once

#include <arrow/type.h>

#include <memory>
#include <string>

#include "schemaregistry/result.h"
#include "schemaregistry/v1/contract.pb.h"

namespace schemaregistry {

/// The kind of a type's values, whatever its layout and width.
enum class Family {
  null,
  boolean,
  integer,
  real,
  decimal,
  text,
  binary,
  date,
  time,
  timestamp,
  list,
  structure,
  json,
  other
};

/// The Arrow type of a contract's `Type`; FAILED_PRECONDITION (UNKNOWN_PLAN) for one that this version doesn't know.
Result<std::shared_ptr<arrow::DataType>> arrow_type(const v1::Type& message);
Result<std::shared_ptr<arrow::Field>> arrow_field(const v1::Field& message);

/// The type of the values within a dictionary, run-end encoded or extension type; other types as they are.
const arrow::DataType& value_type(const arrow::DataType& type);
Family family(const arrow::DataType& type);
/// Whether it is Arrow's own type for JSON texts, `arrow.json`.
bool is_json(const arrow::DataType& type);
/// Whether a type is `arrow.json`, or has it within a list or struct.
bool holds_json(const arrow::DataType& type);
/// The JSON type of a family's values, for example `number` for floats; empty for types that no contract has.
std::string json_kind(Family family);
/// The name of a type in the words of the arrow block: `utf8`, `timestamp[us, UTC]`, `list<float64>`.
std::string described(const arrow::DataType& type);

/// The type of Parquet's int96 timestamps, without a time zone: days since 1970-01-01 and nanoseconds of the day, whose
/// range is larger than that of int64 nanoseconds. Arrow has no such type, so its interval of months, days and
/// nanoseconds serves as one.
std::shared_ptr<arrow::DataType> int96();
bool is_int96(const arrow::DataType& type);
arrow::MonthDayNanoIntervalType::MonthDayNanos to_int96(std::int64_t day, std::int64_t nanos);
std::int64_t day_of_int96(const arrow::MonthDayNanoIntervalType::MonthDayNanos& stored);

}  // namespace schemaregistry
