/// The formats of draft-07, asserted (RFC 3339, 5321, 1123, 3986, 3987, 6570, 6901, …). Judges one text at a time.
#pragma once

#include <string_view>

namespace schemaregistry {

/// Whether a format of this name says anything here.
bool is_known_format(std::string_view name);

/// Whether a text (sound UTF-8) is of the format; a format that isn't known says nothing: true.
bool has_format(std::string_view name, std::string_view text);

}  // namespace schemaregistry
