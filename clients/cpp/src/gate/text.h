/// Helpers for UTF-8 texts and their characters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace schemaregistry {

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
inline int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Whether the bytes are UTF-8 (RFC 3629), without surrogates or overlong forms.
bool is_utf8(std::string_view bytes);
/// Whether every byte is below 128.
bool is_ascii(const char* bytes, std::size_t size);
/// The number of code points of valid UTF-8.
std::size_t code_points(std::string_view text);
void append_utf8(std::string& out, std::uint32_t code_point);
/// The first `most` code points of valid UTF-8, the last one an ellipsis where some are cut.
std::string shortened(std::string text, std::size_t most);
/// The text, with bytes that aren't UTF-8 written as `\xff`.
std::string printable(std::string_view bytes);

/// An integer with a comma between thousands: `50,004`.
std::string grouped(std::int64_t number);

/// A name in lower case without spaces around it (ASCII only), to compare names.
std::string bare_name(std::string_view name);
/// The bytes in base64 with padding (RFC 4648, section 4).
std::string base64(std::string_view bytes);

}  // namespace schemaregistry
