/// Convert a CSV file of any dialect to RFC 4180: UTF-8, without comments and skipped lines, with doubled quotes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemaregistry/gate.h"

namespace schemaregistry {

/// Converts a file's bytes piece by piece, and remembers where lines were left out.
class CsvText {
 public:
  explicit CsvText(const CsvDialect& dialect)
      : dialect_(dialect),
        left_(dialect.skip_lines.value_or(0)),
        comment_(dialect.comment.empty() ? '\0' : dialect.comment[0]),
        escape_(dialect.escape.empty() ? '\0' : dialect.escape[0]) {}

  /// Bytes that aren't in the file's encoding: a message, the offset of the first, and its line, from 1.
  struct Wrong {
    std::string message;
    std::int64_t offset;
    std::int64_t line;
  };

  /// Convert the next bytes and append their text to `out`; `ended` with the last ones. Returns what is wrong with
  /// them, or nothing.
  std::optional<Wrong> take(std::string_view bytes, bool ended, std::string& out);

  /// How many lines of the file were left out before an offset of the text.
  std::int64_t passed_over(std::int64_t offset) const {
    return std::upper_bound(removed_.begin(), removed_.end(), offset) - removed_.begin();
  }

 private:
  enum class Encoding { utf8, utf16le, utf16be, latin1, windows1252 };

  std::optional<std::string> begin(std::string_view& bytes);
  bool is_plain() const { return dialect_.skip_lines.value_or(0) == 0 && comment_ == '\0' && escape_ == '\0'; }
  bool decode(std::string_view bytes, bool ended, std::string& out);
  bool decode_utf16(std::string_view bytes, bool ended, std::string& out);
  void filter(std::string_view text, std::string& out);
  void keep(char c, std::string& out);

  const CsvDialect dialect_;
  Encoding encoding_ = Encoding::utf8;
  bool begun_ = false;
  std::uint32_t left_;
  const char comment_;
  const char escape_;
  bool at_start_ = true;
  bool commented_ = false;
  bool inside_ = false;
  bool escaped_ = false;
  // Bytes and line ends decoded so far; not counted in UTF-8, which passes unchanged.
  std::int64_t decoded_ = 0;
  std::int64_t lines_ = 0;
  std::int64_t written_ = 0;
  std::vector<std::int64_t> removed_;
  std::string pending_;
  std::uint32_t high_ = 0;
};

}  // namespace schemaregistry
