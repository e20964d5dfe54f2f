/// Parse JSON text strictly (RFC 8259): one value, nothing after it, valid UTF-8, no duplicate names, a bounded depth.
#pragma once

#include <cstddef>
#include <string_view>

#include "schemaregistry/result.h"
#include "value.h"

namespace schemaregistry {

/// How the error of a text that goes on after its value begins.
inline constexpr const char* kMoreFollows = "something follows the value";

/// Parse a text. Fails with INVALID_ARGUMENT (reasons NOT_JSON, DUPLICATE_KEY, TOO_DEEP, NUMBER_OUT_OF_RANGE) and
/// `metadata["offset"]` in bytes.
Result<Value> read_json(std::string_view text, std::size_t max_depth = 64);

/// Parse a text, with each number that isn't an integer as exactly the decimal that is written.
Result<Value> read_json_exactly(std::string_view text, std::size_t max_depth = 64);
/// Parse as `read_json_exactly`, but with doubles for numbers that a double surely represents (faster).
Result<Value> read_json_plainly(std::string_view text, std::size_t max_depth = 200);

}  // namespace schemaregistry
