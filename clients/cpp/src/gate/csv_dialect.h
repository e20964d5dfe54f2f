/// Combine and check CSV dialects.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "schemaregistry/gate.h"

namespace schemaregistry {

/// Whether a text may delimit fields: one ASCII character, no letter, digit, quote, line end or NUL.
bool is_mark(std::string_view text);

/// The members of `said`, and where one is empty, that of `other`.
CsvDialect over(const CsvDialect& said, const CsvDialect& other);

/// Why a dialect can't be read; empty where it can.
std::optional<std::string> wrong_in(const CsvDialect& dialect);

}  // namespace schemaregistry
