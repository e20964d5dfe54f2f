/// Check texts against draft-07's formats (RFC 3339, 5321, 1123, 3986, 3987, 6570, 6901, …).
#pragma once

#include <string_view>

namespace schemaregistry {

/// Whether `has_format` checks a format of this name.
bool is_known_format(std::string_view name);

/// Whether a text in valid UTF-8 has the format; true for an unknown format.
bool has_format(std::string_view name, std::string_view text);

}  // namespace schemaregistry
