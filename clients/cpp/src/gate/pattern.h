/// Match ECMA-262 patterns with RE2, in time linear in the text.
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
  /// Compile a pattern in RE2's syntax; empty where RE2 refuses it.
  static std::optional<Pattern> of_re2(const std::string& re2);
  /// Compile an ECMA-262 pattern; empty where no RE2 pattern is known to mean the same.
  static std::optional<Pattern> of_ecma(std::string_view ecma);

  /// Whether the pattern matches anywhere in the text.
  bool matches(std::string_view text) const;

 private:
  std::shared_ptr<const re2::RE2> compiled_;
};

/// Translate an ECMA-262 pattern to RE2's syntax; empty where the translation might match other texts.
std::optional<std::string> to_re2(std::string_view ecma);

}  // namespace schemaregistry
