#include "text.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>

namespace schemaregistry {

bool is_ascii(const char* bytes, std::size_t size) {
  std::uint64_t any = 0;
  std::size_t at = 0;
  for (; at + 8 <= size; at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes + at, 8);
    any |= word;
  }
  for (; at < size; ++at) any |= static_cast<unsigned char>(bytes[at]);
  return (any & 0x8080808080808080ULL) == 0;
}

bool is_utf8(std::string_view bytes) {
  if (is_ascii(bytes.data(), bytes.size())) return true;
  std::size_t at = 0;
  while (at < bytes.size()) {
    const auto first = static_cast<unsigned char>(bytes[at]);
    const std::size_t size = first < 0x80   ? 1
                             : first < 0xC2 ? 0
                             : first < 0xE0 ? 2
                             : first < 0xF0 ? 3
                             : first < 0xF5 ? 4
                                            : 0;
    if (size == 0 || at + size > bytes.size()) return false;
    for (std::size_t i = 1; i < size; ++i) {
      if ((static_cast<unsigned char>(bytes[at + i]) & 0xC0) != 0x80) return false;
    }
    const auto second = size > 1 ? static_cast<unsigned char>(bytes[at + 1]) : 0;
    if (first == 0xE0 && second < 0xA0) return false;
    if (first == 0xED && second > 0x9F) return false;
    if (first == 0xF0 && second < 0x90) return false;
    if (first == 0xF4 && second > 0x8F) return false;
    at += size;
  }
  return true;
}

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | ((code >> shift) & 0x3F)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    tail(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

std::string shortened(std::string text, std::size_t most) {
  if (text.size() <= most || code_points(text) <= most) return text;
  std::size_t at = 0;
  for (std::size_t kept = 0; kept + 1 < most; ++kept) {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
  }
  return text.substr(0, at) + "…";
}

std::string grouped(std::int64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > (number < 0 ? 4u : 3u); at -= 3) text.insert(at - 3, ",");
  return text;
}

std::string printable(std::string_view bytes) {
  if (is_utf8(bytes)) return std::string(bytes);
  std::string text;
  while (!bytes.empty()) {
    std::size_t size = 1;
    while (size <= 4 && size <= bytes.size() && !is_utf8(bytes.substr(0, size))) ++size;
    if (size <= 4 && size <= bytes.size()) {
      text += bytes.substr(0, size);
      bytes.remove_prefix(size);
    } else {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\x%02x", static_cast<unsigned char>(bytes[0]));
      text += escape.data();
      bytes.remove_prefix(1);
    }
  }
  return text;
}

std::string base64(std::string_view bytes) {
  static constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t word = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      word = (word << 8) | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      text += at + i <= bytes.size() ? kLetters[(word >> (18 - 6 * i)) & 63] : '=';
    }
  }
  return text;
}

std::string bare_name(std::string_view name) {
  constexpr std::string_view kSpaces = " \t\r\n\f\v";
  const auto first = std::min(name.find_first_not_of(kSpaces), name.size());
  const auto last = name.find_last_not_of(kSpaces);
  std::string found(name.substr(first, last == std::string_view::npos ? 0 : last + 1 - first));
  for (char& c : found) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 'a' - 'A');
  }
  return found;
}

}  // namespace schemaregistry
