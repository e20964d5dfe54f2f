/// Read texts of CSV and NDJSON as values of Arrow types; the result depends on the text and the type alone.
#pragma once

#include <arrow/type.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "value.h"

namespace schemaregistry {

/// Read a text as a value of a type; a misfit where the type can't represent it exactly.
Value read_text(const arrow::DataType& wanted, std::string_view text);

/// Read a date, time or timestamp as the integer that a type stores; empty where it isn't exact.
std::optional<std::int64_t> read_temporal(const arrow::DataType& wanted, std::string_view text);

/// The stored value of a JSON value in a type: an integer for times, the text itself for strings; a misfit where the
/// type can't represent it.
Value held_value(const arrow::DataType& wanted, const Value& value);

/// Decode base64 with padding (RFC 4648, section 4).
std::optional<std::string> read_base64(std::string_view text);

}  // namespace schemaregistry
