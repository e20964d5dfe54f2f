#include "csv_dialect.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

namespace schemaregistry {
namespace {

constexpr std::size_t kMostNulls = 100;
constexpr std::size_t kLongestNull = 100;
constexpr std::uint32_t kMostLines = 1'000'000;
constexpr std::array<std::string_view, 6> kEncodings = {"utf-8",    "utf-16",     "utf-16le",
                                                        "utf-16be", "iso-8859-1", "windows-1252"};

/// Whether the texts for null can be told apart from other fields.
bool are_nulls(const std::vector<std::string>& texts) {
  if (texts.size() > kMostNulls || std::set(texts.begin(), texts.end()).size() != texts.size()) return false;
  return std::all_of(texts.begin(), texts.end(), [](const std::string& text) {
    const auto letters = std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
    const auto count = static_cast<std::size_t>(letters);
    return count > 0 && count <= kLongestNull &&
           text.find_first_of(std::string_view("\"\r\n\0", 4)) == std::string::npos;
  });
}

}  // namespace

bool is_mark(std::string_view text) {
  if (text.size() != 1) return false;
  const char c = text[0];
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return static_cast<signed char>(c) > 0 && !letter && c != '"' && c != '\r' && c != '\n';
}

CsvDialect over(const CsvDialect& said, const CsvDialect& other) {
  CsvDialect found = said;
  if (found.delimiter.empty()) found.delimiter = other.delimiter;
  if (found.encoding.empty()) found.encoding = other.encoding;
  if (found.comment.empty()) found.comment = other.comment;
  if (!found.skip_lines) found.skip_lines = other.skip_lines;
  if (found.null.empty()) found.null = other.null;
  if (found.escape.empty()) found.escape = other.escape;
  return found;
}

std::optional<std::string> wrong_in(const CsvDialect& dialect) {
  const std::string_view delimiter = dialect.delimiter.empty() ? std::string_view(",") : dialect.delimiter;
  constexpr const char* kMark = " is one ASCII character, no letter, digit, quote or line end";
  if (!is_mark(delimiter)) return std::string("the delimiter") + kMark;
  if (!dialect.comment.empty() && !is_mark(dialect.comment)) return std::string("the comment mark") + kMark;
  if (!dialect.escape.empty() && !is_mark(dialect.escape)) return std::string("the escape") + kMark;
  if (dialect.comment == delimiter || dialect.escape == delimiter ||
      (!dialect.comment.empty() && dialect.comment == dialect.escape))
    return "the delimiter, the comment mark and the escape are different characters";
  if (dialect.skip_lines.value_or(0) > kMostLines) return "no more than 1,000,000 lines stand before the header";
  if (!dialect.encoding.empty() &&
      std::find(kEncodings.begin(), kEncodings.end(), dialect.encoding) == kEncodings.end())
    return "the encoding is utf-8, utf-16, utf-16le, utf-16be, iso-8859-1 or windows-1252, not " + dialect.encoding;
  if (!are_nulls(dialect.null))
    return "null is a list of up to 100 different texts that stand for null, without quotes, line ends or NULs, not "
           "empty (an empty field is null anyway) and of up to 100 characters each";
  return std::nullopt;
}

}  // namespace schemaregistry
