/// Check the syntax of regular expressions (ECMA-262, 21.2.1, with the flag `u`); `pattern.h` matches them.
#pragma once

#include <string_view>

namespace schemaregistry {

/// Whether a text is an ECMA-262 regular expression: draft-07's format `regex`.
bool is_ecma_pattern(std::string_view text);

}  // namespace schemaregistry
