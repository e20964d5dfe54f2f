#include "ecma_syntax.h"

#include <cstdint>
#include <optional>
#include <string>

#include "text.h"

namespace schemaregistry {
namespace {

constexpr int kDeepest = 500;
constexpr std::int64_t kSet = -1;

/// A recursive-descent parser; each function returns whether its part of the grammar was found.
class Syntax {
 public:
  explicit Syntax(std::string_view text) : text_(text) {}

  bool is_pattern() {
    return disjunction() && at_ == text_.size() && largest_reference_ <= groups_ && (!names_referred_ || has_names_);
  }

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  bool at_end() const { return at_ >= text_.size(); }
  bool take(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  bool takes_any_of(std::string_view letters) {
    if (at_end() || letters.find(peek()) == std::string_view::npos) return false;
    ++at_;
    return true;
  }

  bool disjunction() {
    if (++depth_ > kDeepest) return false;
    do {
      while (!at_end() && peek() != '|' && peek() != ')') {
        if (!term()) return false;
      }
    } while (take("|"));
    --depth_;
    return true;
  }

  bool term() {
    if (takes_any_of("^$") || take("\\b") || take("\\B")) return true;
    for (const char* look : {"(?=", "(?!", "(?<=", "(?<!"}) {
      if (take(look)) return disjunction() && take(")");
    }
    return atom() && quantifier();
  }

  bool atom() {
    if (take("(?:")) return disjunction() && take(")");
    if (take("(?<")) return ++groups_, has_names_ = true, name() && disjunction() && take(")");
    if (take("(?")) return false;
    if (take("(")) return ++groups_, disjunction() && take(")");
    if (take("[")) return set();
    if (take("\\")) return escape(false).has_value();
    if (at_end() || std::string_view("*+?{}[])|").find(peek()) != std::string_view::npos) return false;
    ++at_;
    return true;
  }

  bool name() {
    if (!is_letter(peek()) && peek() != '_' && peek() != '$') return false;
    while (is_letter(peek()) || is_digit(peek()) || peek() == '_' || peek() == '$') ++at_;
    return take(">");
  }

  bool quantifier() {
    if (takes_any_of("*+?")) return take("?"), true;
    if (!take("{")) return true;
    const auto least = number();
    if (!least) return false;
    if (take(",") && peek() != '}') {
      const auto most = number();
      if (!most || *most < *least) return false;
    }
    return take("}") && (take("?"), true);
  }

  std::optional<std::int64_t> number() {
    if (!is_digit(peek())) return std::nullopt;
    std::int64_t value = 0;
    for (; is_digit(peek()); ++at_) value = value < (std::int64_t{1} << 50) ? value * 10 + (peek() - '0') : value;
    return value;
  }

  bool set() {
    take("^");
    while (!at_end() && peek() != ']') {
      const auto first = set_atom();
      if (!first) return false;
      if (peek() != '-' || peek(1) == ']' || peek(1) == '\0') continue;
      ++at_;
      const auto last = set_atom();
      if (!last || *first == kSet || *last == kSet || *last < *first) return false;
    }
    return take("]");
  }

  std::optional<std::int64_t> set_atom() {
    if (take("\\")) return escape(true);
    return static_cast<unsigned char>(text_[at_++]);
  }

  /// Parse what follows a backslash: a code point, or a set of them.
  std::optional<std::int64_t> escape(bool in_set) {
    if (takes_any_of("dDsSwW")) return kSet;
    if (takes_any_of("fnrtv^$\\.*+?()[]{}|/")) return static_cast<unsigned char>(text_[at_ - 1]);
    if (in_set && takes_any_of("-b")) return static_cast<unsigned char>(text_[at_ - 1]);
    if (take("c")) return is_letter(peek()) ? std::optional<std::int64_t>(text_[at_++] % 32) : std::nullopt;
    if (take("x")) return hex(2);
    if (take("u")) return code_point();
    if (take("p{") || take("P{")) return property();
    if (peek() == '0') return ++at_, is_digit(peek()) ? std::nullopt : std::optional<std::int64_t>(0);
    return in_set ? std::nullopt : reference();
  }

  std::optional<std::int64_t> hex(int digits) {
    std::int64_t value = 0;
    for (; digits > 0; --digits, ++at_) {
      if (hex_digit(peek()) < 0) return std::nullopt;
      value = value * 16 + hex_digit(peek());
    }
    return value;
  }

  std::optional<std::int64_t> code_point() {
    if (!take("{")) return hex(4);
    std::int64_t value = 0;
    const std::size_t begin = at_;
    for (; hex_digit(peek()) >= 0; ++at_) value = value > 0x10FFFF ? value : value * 16 + hex_digit(peek());
    return at_ > begin && value <= 0x10FFFF && take("}") ? std::optional(value) : std::nullopt;
  }

  std::optional<std::int64_t> property() {
    const std::size_t begin = at_;
    while (is_letter(peek()) || is_digit(peek()) || peek() == '_' || peek() == '=') ++at_;
    return at_ > begin && take("}") ? std::optional(kSet) : std::nullopt;
  }

  std::optional<std::int64_t> reference() {
    if (take("k<")) return names_referred_ = true, name() ? std::optional(kSet) : std::nullopt;
    const auto group = number();
    if (!group) return std::nullopt;
    largest_reference_ = *group > largest_reference_ ? *group : largest_reference_;
    return kSet;
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::int64_t groups_ = 0;
  std::int64_t largest_reference_ = 0;
  bool has_names_ = false;
  bool names_referred_ = false;
};

}  // namespace

bool is_ecma_pattern(std::string_view text) { return Syntax(text).is_pattern(); }

}  // namespace schemaregistry
