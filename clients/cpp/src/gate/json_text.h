/// JSON text read strictly (RFC 8259): one value, nothing after it, sound UTF-8, no name twice, a bounded depth.
#pragma once

#include <cstddef>
#include <string_view>

#include "schemaregistry/result.h"
#include "value.h"

namespace schemaregistry {

/// The value that a text stands for. INVALID_ARGUMENT (reasons NOT_JSON, DUPLICATE_KEY, TOO_DEEP, NUMBER_OUT_OF_RANGE)
/// with `metadata["offset"]` in bytes.
Result<Value> read_json(std::string_view text, std::size_t max_depth = 64);

/// The same with each number that isn't an integer as exactly the decimal that is written.
Result<Value> read_json_exactly(std::string_view text, std::size_t max_depth = 64);
/// The same, with doubles for numbers that they surely say.
Result<Value> read_json_plainly(std::string_view text, std::size_t max_depth = 200);

}  // namespace schemaregistry
