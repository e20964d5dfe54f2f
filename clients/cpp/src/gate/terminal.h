/// Escape text for terminals and CI logs, so that nothing in data, documents or names works as a command.
#pragma once

#include <string>
#include <string_view>

namespace schemaregistry {

/// The text on one line, with characters that a terminal would act on as escapes such as `\x1b`, `\n` or `\u202e`, and
/// bytes that aren't UTF-8 as `\udcff` (PEP 383).
std::string on_one_line(std::string_view text);

/// The lines, changed so that no CI runner takes one for a command: `::error` at the start of a line becomes
/// `\x3a:error`.
std::string inert(std::string_view lines);

/// JSON text with characters that a terminal would act on as escapes such as `\u202e`.
std::string printable_json(std::string_view json);

}  // namespace schemaregistry
