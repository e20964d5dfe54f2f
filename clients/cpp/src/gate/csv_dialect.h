/// Combine and check CSV dialects.
#pragma once

#include <optional>
#include <string>

#include "schemaregistry/gate.h"

namespace schemaregistry {

/// The members of `said`, and where one is empty, that of `other`.
CsvDialect over(const CsvDialect& said, const CsvDialect& other);

/// Why a dialect can't be read; empty where it can.
std::optional<std::string> wrong_in(const CsvDialect& dialect);

}  // namespace schemaregistry
