#include "pattern.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>
#include <vector>

#include "text.h"

namespace schemaregistry {
namespace {

constexpr const char* kSpaces =
    R"(\t\n\v\f\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff})";
constexpr const char* kDot = R"([^\n\r\x{2028}\x{2029}])";
constexpr std::int64_t kMostRepeats = 1000;
constexpr std::int64_t kMemory = 8 << 20;

/// The long names of Unicode's general categories (UAX 44, table 12), which RE2 knows by their short ones.
constexpr std::array<std::pair<std::string_view, std::string_view>, 38> kCategories{{
    {"Control", "Cc"},
    {"cntrl", "Cc"},
    {"Format", "Cf"},
    {"Private_Use", "Co"},
    {"Letter", "L"},
    {"Lowercase_Letter", "Ll"},
    {"Modifier_Letter", "Lm"},
    {"Other_Letter", "Lo"},
    {"Titlecase_Letter", "Lt"},
    {"Uppercase_Letter", "Lu"},
    {"Mark", "M"},
    {"Combining_Mark", "M"},
    {"Spacing_Mark", "Mc"},
    {"Enclosing_Mark", "Me"},
    {"Nonspacing_Mark", "Mn"},
    {"Number", "N"},
    {"Decimal_Number", "Nd"},
    {"digit", "Nd"},
    {"Letter_Number", "Nl"},
    {"Other_Number", "No"},
    {"Punctuation", "P"},
    {"punct", "P"},
    {"Connector_Punctuation", "Pc"},
    {"Dash_Punctuation", "Pd"},
    {"Close_Punctuation", "Pe"},
    {"Final_Punctuation", "Pf"},
    {"Initial_Punctuation", "Pi"},
    {"Other_Punctuation", "Po"},
    {"Open_Punctuation", "Ps"},
    {"Symbol", "S"},
    {"Currency_Symbol", "Sc"},
    {"Modifier_Symbol", "Sk"},
    {"Math_Symbol", "Sm"},
    {"Other_Symbol", "So"},
    {"Separator", "Z"},
    {"Line_Separator", "Zl"},
    {"Paragraph_Separator", "Zp"},
    {"Space_Separator", "Zs"},
}};

/// The translation of a pattern, from left to right; `failed` once a part of it has no equivalent.
class Translation {
 public:
  explicit Translation(std::string_view ecma) : ecma_(ecma) {}

  std::optional<std::string> run() {
    while (at_ < ecma_.size() && !failed_) next();
    return failed_ ? std::nullopt : std::optional(out_);
  }

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < ecma_.size() ? ecma_[at_ + ahead] : '\0'; }

  void next() {
    switch (peek()) {
      case '\\':
        out_ += escape(false);
        return;
      case '[':
        set();
        return;
      case '(':
        group();
        return;
      case '{':
        braces();
        return;
      case '.':
        out_ += kDot;
        break;
      case ']':
        out_ += "\\]";
        break;
      case '}':
        out_ += "\\}";
        break;
      default:
        out_ += peek();
    }
    ++at_;
  }

  std::string fail() {
    failed_ = true;
    return "";
  }

  std::string escape(bool in_set) {
    const char letter = peek(1);
    if (letter == 'x' || letter == 'u') return code(letter == 'x' ? 2 : 4);
    if (letter == 'c' && is_letter(peek(2))) return control();
    if (letter == 'p' || letter == 'P') return property();
    at_ += 2;
    if (letter != '\0' && std::string_view("dDwWtnvfr").find(letter) != std::string_view::npos) return {'\\', letter};
    if ((letter == 'b' || letter == 'B') && !in_set) return {'\\', letter};
    if (letter == 's') return in_set ? kSpaces : std::string("[") + kSpaces + "]";
    if (letter == 'S' && !in_set) return std::string("[^") + kSpaces + "]";
    const auto byte = static_cast<unsigned char>(letter);
    if (byte == 0 || byte >= 0x80 || is_letter(letter) || is_digit(letter) || letter == '_') return fail();
    return {'\\', letter};
  }

  /// Translate a set named by a Unicode property: a general category or a script.
  std::string property() {
    const char letter = peek(1);
    const auto end = ecma_.find('}', at_);
    if (peek(2) != '{' || end == std::string_view::npos) return fail();
    std::string_view name = ecma_.substr(at_ + 3, end - at_ - 3);
    const auto equals = std::min(name.find('='), name.size());
    const std::string_view kind = equals < name.size() ? name.substr(0, equals) : "";
    if (!kind.empty()) name.remove_prefix(equals + 1);
    if (!kind.empty() && kind != "gc" && kind != "General_Category" && kind != "sc" && kind != "Script") return fail();
    // RE2's categories leave out unassigned code points.
    if (name == "C" || name == "Other") return fail();
    if (name.empty() || name.find_first_of("\\^{") != std::string_view::npos) return fail();
    const auto known = std::find_if(kCategories.begin(), kCategories.end(),
                                    [&](const auto& category) { return category.first == name; });
    at_ = end + 1;
    return std::string("\\") + letter + "{" + std::string(known == kCategories.end() ? name : known->second) + "}";
  }

  /// Translate a control character named by its letter: `\cC`.
  std::string control() {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    const auto point = static_cast<std::size_t>(peek(2) % 32);
    at_ += 3;
    return std::string("\\x{") + kDigits[point / 16] + kDigits[point % 16] + "}";
  }

  std::string code(std::size_t digits) {
    std::uint32_t point = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      const int digit = hex_digit(peek(2 + i));
      if (digit < 0) return fail();
      point = point * 16 + static_cast<std::uint32_t>(digit);
    }
    if (point >= 0xD800 && point <= 0xDFFF) return fail();
    const std::string text(ecma_.substr(at_ + 2, digits));
    at_ += 2 + digits;
    return "\\x{" + text + "}";
  }

  void set() {
    std::string opened = "[";
    for (++at_; peek() == '^'; ++at_) {
      if (opened.size() > 1) {
        fail();
        return;
      }
      opened += '^';
    }
    std::vector<std::string> parts;
    while (at_ < ecma_.size() && peek() != ']' && !failed_) parts.push_back(set_part());
    if (at_ >= ecma_.size() || parts.empty() || has_range_of_sets(parts)) fail();
    out_ += opened;
    for (const auto& part : parts) out_ += part;
    out_ += ']';
    ++at_;
  }

  std::string set_part() {
    if (peek() == '\\') return escape(true);
    const char letter = ecma_[at_++];
    return letter == '[' ? "\\[" : std::string(1, letter);
  }

  /// `[\d-x]` is a set, a hyphen and an x in ECMA-262, while RE2 refuses it.
  static bool has_range_of_sets(const std::vector<std::string>& parts) {
    const auto is_set = [](const std::string& part) {
      return part == "\\d" || part == "\\D" || part == "\\w" || part == "\\W" || part == kSpaces;
    };
    for (std::size_t i = 1; i + 1 < parts.size(); ++i) {
      if (parts[i] == "-" && (is_set(parts[i - 1]) || is_set(parts[i + 1]))) return true;
    }
    return false;
  }

  void group() {
    out_ += "(?:";
    if (peek(1) != '?') {
      ++at_;
    } else if (peek(2) == ':') {
      at_ += 3;
    } else if (peek(2) == '<' && (is_letter(peek(3)) || peek(3) == '_' || peek(3) == '$')) {
      at_ += 3;
      while (is_letter(peek()) || is_digit(peek()) || peek() == '_' || peek() == '$') ++at_;
      if (peek() != '>') fail();
      ++at_;
    } else {
      fail();
    }
  }

  /// Translate a counted repetition, or a literal brace (ECMA-262, annex B).
  void braces() {
    std::size_t end = at_ + 1;
    const auto digits = [&] {
      const std::size_t begin = end;
      while (end < ecma_.size() && is_digit(ecma_[end])) ++end;
      std::int64_t count = 0;
      const auto read = std::from_chars(ecma_.data() + begin, ecma_.data() + end, count);
      if (read.ec == std::errc::result_out_of_range || count > kMostRepeats) too_many_ = true;
      return end > begin;
    };
    too_many_ = false;
    bool counted = digits();
    if (counted && end < ecma_.size() && ecma_[end] == ',') {
      ++end;
      digits();
    }
    counted = counted && end < ecma_.size() && ecma_[end] == '}';
    if (!counted) {
      out_ += "\\{";
      ++at_;
      return;
    }
    if (too_many_) fail();
    out_ += ecma_.substr(at_, end + 1 - at_);
    at_ = end + 1;
  }

  const std::string_view ecma_;
  std::size_t at_ = 0;
  std::string out_;
  bool failed_ = false;
  bool too_many_ = false;
};

}  // namespace

std::optional<std::string> to_re2(std::string_view ecma) { return Translation(ecma).run(); }

std::optional<Pattern> Pattern::of_re2(const std::string& re2) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMemory);
  auto compiled = std::make_shared<const re2::RE2>(re2, options);
  if (!compiled->ok()) return std::nullopt;
  Pattern pattern;
  pattern.compiled_ = std::move(compiled);
  return pattern;
}

std::optional<Pattern> Pattern::of_ecma(std::string_view ecma) {
  const auto re2 = to_re2(ecma);
  return re2 ? of_re2(*re2) : std::nullopt;
}

bool Pattern::matches(std::string_view text) const {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *compiled_);
}

}  // namespace schemaregistry
