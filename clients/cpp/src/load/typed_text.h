/// Texts of CSV and NDJSON read as Arrow types. A text is read the same whatever stands beside it.
#pragma once

#include <arrow/type.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "value.h"

namespace schemaregistry {

/// A text as the value of a type; a misfit where it can't be read exactly.
Value read_text(const arrow::DataType& wanted, std::string_view text);

/// A date, time or timestamp as what it is stored as in a type.
std::optional<std::int64_t> read_temporal(const arrow::DataType& wanted, std::string_view text);

/// A JSON value (of NDJSON) as a type holds it: the number that is stored, the text itself; a misfit where it doesn't.
Value held_value(const arrow::DataType& wanted, const Value& value);

/// The bytes of base64 with padding (RFC 4648, section 4).
std::optional<std::string> read_base64(std::string_view text);

}  // namespace schemaregistry
