/// Detect faults in a Parquet footer that Arrow's reader accepts: lists with items of a wrong type, and column chunks
/// without metadata.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace schemaregistry {

/// What is wrong with a footer's list of row groups; empty where it is valid.
std::optional<std::string> wrong_in_footer(std::string_view footer);

}  // namespace schemaregistry
