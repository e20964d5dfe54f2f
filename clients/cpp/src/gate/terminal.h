/// Text for terminals and CI logs, in which nothing that comes from data, documents or names is acted upon.
#pragma once

#include <string>
#include <string_view>

namespace schemaregistry {

/// A text on one line with what a terminal would act on written out, such as `\x1b`, `\n` or `\u202e`; a byte that
/// is no UTF-8 as `\udcff` (PEP 383).
std::string on_one_line(std::string_view text);

/// Lines, of which no CI runner takes one for a command: `::error` becomes `\x3a:error` where a line begins.
std::string inert(std::string_view lines);

/// JSON text with letters that a terminal would act on as escapes, such as `\u202e`.
std::string printable_json(std::string_view json);

}  // namespace schemaregistry
