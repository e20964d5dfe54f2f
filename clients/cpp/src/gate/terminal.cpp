#include "terminal.h"

#include <array>
#include <cstdint>
#include <cstdio>

#include "text.h"

namespace schemaregistry {
namespace {

/// Control characters, and marks that change the direction or position of text (Unicode's categories Cc, Cf, Zl, Zp).
bool acts(std::uint32_t point) {
  return point < 0x20 || (point >= 0x7F && point <= 0x9F) || point == 0xAD || point == 0x61C ||
         (point >= 0x200B && point <= 0x200F) || (point >= 0x2028 && point <= 0x202E) ||
         (point >= 0x2060 && point <= 0x206F) || point == 0xFEFF || (point >= 0xFFF9 && point <= 0xFFFB) ||
         (point >= 0xE0000 && point <= 0xE007F);
}

std::string escaped(const char* form, std::uint32_t number) {
  std::array<char, 16> escape{};
  std::snprintf(escape.data(), escape.size(), form, number);
  return escape.data();
}

/// The number of bytes of the character at the start of `text`; 0 where it isn't UTF-8.
std::size_t size_of_first(std::string_view text) {
  for (std::size_t size = 1; size <= 4 && size <= text.size(); ++size) {
    if (is_utf8(text.substr(0, size))) return size;
  }
  return 0;
}

std::uint32_t code_point(std::string_view character) {
  if (character.size() == 1) return static_cast<unsigned char>(character[0]);
  std::uint32_t point = static_cast<unsigned char>(character[0]) & (0xFFU >> (character.size() + 1));
  for (const char byte : character.substr(1)) point = (point << 6) | (static_cast<unsigned char>(byte) & 0x3F);
  return point;
}

/// The text, with each active character and each byte that isn't UTF-8 written by `escape`.
template <class Escape>
std::string written_out(std::string_view text, const Escape& escape) {
  std::string shown;
  while (!text.empty()) {
    const std::size_t size = size_of_first(text);
    const std::string_view character = text.substr(0, size == 0 ? 1 : size);
    // A byte that isn't UTF-8 becomes a lone surrogate, as in Python's file names (PEP 383).
    const std::uint32_t point = size == 0 ? 0xDC00 + static_cast<unsigned char>(text[0]) : code_point(character);
    if (size == 0 || acts(point)) {
      shown += escape(point);
    } else {
      shown += character;
    }
    text.remove_prefix(character.size());
  }
  return shown;
}

/// Whether `##` at this position begins a command of Azure Pipelines or TeamCity: `##[name]`, `##vso[`.
bool begins_command(std::string_view text) {
  std::size_t at = 2;
  while (at < text.size() && (is_letter(text[at]) || is_digit(text[at]) || text[at] == '_')) ++at;
  return text.substr(0, 2) == "##" && at < text.size() && text[at] == '[';
}

}  // namespace

std::string on_one_line(std::string_view text) {
  return written_out(text, [](std::uint32_t point) -> std::string {
    if (point == '\n') return "\\n";
    if (point == '\r') return "\\r";
    if (point == '\t') return "\\t";
    return escaped(point < 0x100 ? "\\x%02x" : point < 0x10000 ? "\\u%04x" : "\\U%08x", point);
  });
}

std::string inert(std::string_view lines) {
  std::string shown;
  bool at_start = true;
  for (std::size_t at = 0; at < lines.size(); ++at) {
    const std::string_view rest = lines.substr(at);
    if (at_start && rest.substr(0, 2) == "::") {
      shown += "\\x3a";
    } else if (begins_command(rest)) {
      shown += "\\x23";
    } else {
      shown += rest[0];
    }
    at_start = rest[0] == '\n' || (at_start && (rest[0] == ' ' || rest[0] == '\t'));
  }
  return shown;
}

std::string printable_json(std::string_view json) {
  return written_out(json, [](std::uint32_t point) -> std::string {
    if (point == '\n') return "\n";
    if (point < 0x10000) return escaped("\\u%04x", point);
    const std::uint32_t beyond = point - 0x10000;
    return escaped("\\u%04x", 0xD800 + (beyond >> 10)) + escaped("\\u%04x", 0xDC00 + (beyond & 0x3FF));
  });
}

}  // namespace schemaregistry
