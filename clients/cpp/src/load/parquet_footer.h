/// What Arrow's reader of a Parquet footer lets through: lists whose items are of another type than the format says, and
/// column chunks without metadata. Reads no page.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace schemaregistry {

/// What is wrong with a footer's list of row groups; nothing where it is sound.
std::optional<std::string> wrong_in_footer(std::string_view footer);

}  // namespace schemaregistry
