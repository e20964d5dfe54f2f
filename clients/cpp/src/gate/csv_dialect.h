/// How CSV files are written: what is said of some of them over what is said of all, and what no dialect is.
#pragma once

#include <optional>
#include <string>

#include "schemaregistry/gate.h"

namespace schemaregistry {

/// What a dialect says, and else what another does.
CsvDialect over(const CsvDialect& said, const CsvDialect& other);

/// What is wrong with a dialect, or nothing.
std::optional<std::string> wrong_in(const CsvDialect& dialect);

}  // namespace schemaregistry
