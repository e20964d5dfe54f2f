/// Check host names with letters beyond ASCII (IDNA2008: RFC 5891 to 5893).
#pragma once

#include <string_view>

namespace schemaregistry {

/// Whether a label that begins with `xn--` is the ASCII form of a valid label.
bool is_a_label(std::string_view label);
/// Whether a text in UTF-8 is a host name; its letters may be of any case and width (UTS 46).
bool is_international_hostname(std::string_view text);

}  // namespace schemaregistry
