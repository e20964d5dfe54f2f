/// Arrow types as the contract has them and as a person reads them. Holds no judgement of values.
#pragma once

#include <arrow/type.h>

#include <memory>
#include <string>

#include "schemaregistry/result.h"
#include "schemaregistry/v1/contract.pb.h"

namespace schemaregistry {

/// What a type is of, layouts and widths aside.
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

/// The Arrow type that a contract's type stands for; FAILED_PRECONDITION (UNKNOWN_PLAN) for one that stands for none.
Result<std::shared_ptr<arrow::DataType>> arrow_type(const v1::Type& message);
Result<std::shared_ptr<arrow::Field>> arrow_field(const v1::Field& message);

/// The type of the values, whatever layout they are in: of a dictionary, of runs, of an extension.
const arrow::DataType& value_type(const arrow::DataType& type);
Family family(const arrow::DataType& type);
/// Whether it is Arrow's own type for JSON texts, `arrow.json`.
bool is_json(const arrow::DataType& type);
/// Whether it is, or a type within it.
bool holds_json(const arrow::DataType& type);
/// The JSON type of a family's values: `number` for floats, empty for what no contract names.
std::string json_kind(Family family);
/// As the arrow block would name it: `utf8`, `timestamp[us, UTC]`, `list<float64>`.
std::string described(const arrow::DataType& type);

/// Timestamps of Parquet's int96, without a time zone: days since 1970-01-01 and nanoseconds of the day, which go beyond
/// what int64 nanoseconds hold. Arrow has no such type: it has the layout of an interval of months, days and nanoseconds.
std::shared_ptr<arrow::DataType> int96();
bool is_int96(const arrow::DataType& type);
arrow::MonthDayNanoIntervalType::MonthDayNanos to_int96(std::int64_t day, std::int64_t nanos);
std::int64_t day_of_int96(const arrow::MonthDayNanoIntervalType::MonthDayNanos& stored);

}  // namespace schemaregistry
