/// ECMA-262 patterns, matched in time linear in the text by RE2.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace schemaregistry {

/// A compiled pattern. Threads may share it.
class Pattern {
 public:
  /// From RE2's syntax; nothing where RE2 refuses it.
  static std::optional<Pattern> of_re2(const std::string& re2);
  /// From ECMA-262; nothing where no RE2 pattern is known to mean the same.
  static std::optional<Pattern> of_ecma(std::string_view ecma);

  /// Whether a part of the text matches.
  bool matches(std::string_view text) const;

 private:
  std::shared_ptr<const re2::RE2> compiled_;
};

/// The same language in RE2's syntax, or nothing where that isn't sure.
std::optional<std::string> to_re2(std::string_view ecma);

}  // namespace schemaregistry
