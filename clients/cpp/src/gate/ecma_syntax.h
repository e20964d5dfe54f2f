/// The grammar of regular expressions (ECMA-262, 21.2.1, with the flag `u`). Matches nothing.
#pragma once

#include <string_view>

namespace schemaregistry {

/// Whether a text is an ECMA-262 regular expression: draft-07's format `regex`.
bool is_ecma_pattern(std::string_view text);

}  // namespace schemaregistry
