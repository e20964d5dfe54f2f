#include "idna.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "idna_tables.h"
#include "text.h"

namespace schemaregistry {
namespace {

using CodePoints = std::vector<std::uint32_t>;

constexpr std::size_t kLongestLabel = 63;
constexpr std::size_t kLongestName = 253;

/// The kind of a code point in a table; 0 where the table doesn't have it.
template <std::size_t Size>
char kind_of(const IdnaRange (&table)[Size], std::uint32_t code) {
  const auto after = std::upper_bound(std::begin(table), std::end(table), code,
                                      [](std::uint32_t at, const IdnaRange& range) { return at < range.first; });
  if (after == std::begin(table)) return 0;
  const IdnaRange& range = *std::prev(after);
  return code <= range.last ? range.kind : 0;
}

CodePoints code_points_of(std::string_view text) {
  CodePoints points;
  for (std::size_t at = 0; at < text.size();) {
    const auto first = static_cast<unsigned char>(text[at]);
    const std::size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    std::uint32_t code = size == 1 ? first : first & (0xFFU >> (size + 1));
    for (std::size_t i = 1; i < size && at + i < text.size(); ++i)
      code = (code << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3FU);
    points.push_back(code);
    at += size;
  }
  return points;
}

/// Punycode's bias adaptation (RFC 3492, 6.1).
std::uint64_t adapted(std::uint64_t delta, std::uint64_t count, bool first) {
  delta /= first ? 700 : 2;
  delta += delta / count;
  std::uint64_t k = 0;
  for (; delta > 455; k += 36) delta /= 35;
  return k + 36 * delta / (delta + 38);
}

std::uint64_t threshold(std::uint64_t k, std::uint64_t bias) { return k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias; }

/// Decode Punycode (RFC 3492, 6.2).
std::optional<CodePoints> from_punycode(std::string_view text) {
  const auto dash = text.rfind('-');
  CodePoints points;
  if (dash != std::string_view::npos) points.assign(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(dash));
  std::string_view rest = dash == std::string_view::npos ? text : text.substr(dash + 1);
  std::uint64_t code = 0x80;
  std::uint64_t bias = 72;
  std::uint64_t i = 0;
  while (!rest.empty()) {
    const std::uint64_t before = i;
    std::uint64_t weight = 1;
    for (std::uint64_t k = 36;; k += 36) {
      if (rest.empty()) return std::nullopt;
      const char letter = rest[0];
      rest.remove_prefix(1);
      const int digit = is_letter(letter) ? (letter | 0x20) - 'a' : is_digit(letter) ? letter - '0' + 26 : -1;
      if (digit < 0) return std::nullopt;
      i += static_cast<std::uint64_t>(digit) * weight;
      if (i > 0x7FFFFFFF) return std::nullopt;
      if (static_cast<std::uint64_t>(digit) < threshold(k, bias)) break;
      weight *= 36 - threshold(k, bias);
      if (weight > 0x7FFFFFFF) return std::nullopt;
    }
    const std::uint64_t count = points.size() + 1;
    bias = adapted(i - before, count, before == 0);
    code += i / count;
    i %= count;
    if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return std::nullopt;
    points.insert(points.begin() + static_cast<std::ptrdiff_t>(i++), static_cast<std::uint32_t>(code));
  }
  return points;
}

/// Encode Punycode (RFC 3492, 6.3).
std::string to_punycode(const CodePoints& points) {
  std::string text;
  for (const std::uint32_t point : points)
    if (point < 0x80) text += static_cast<char>(point);
  std::uint64_t handled = text.size();
  const std::uint64_t basic = handled;
  if (basic > 0) text += '-';
  std::uint64_t code = 0x80;
  std::uint64_t delta = 0;
  std::uint64_t bias = 72;
  while (handled < points.size()) {
    std::uint32_t next = 0x10FFFF;
    for (const std::uint32_t point : points)
      if (point >= code) next = std::min(next, point);
    delta += (next - code) * (handled + 1);
    code = next;
    for (const std::uint32_t point : points) {
      delta += point < code;
      if (point != code) continue;
      std::uint64_t rest = delta;
      for (std::uint64_t k = 36;; k += 36) {
        const std::uint64_t least = threshold(k, bias);
        const std::uint64_t digit = rest < least ? rest : least + (rest - least) % (36 - least);
        text += static_cast<char>(digit < 26 ? 'a' + digit : '0' + digit - 26);
        if (rest < least) break;
        rest = (rest - least) / (36 - least);
      }
      bias = adapted(delta, handled + 1, handled == basic);
      delta = 0;
      ++handled;
    }
    ++delta;
    ++code;
  }
  return text;
}

bool has_script(std::uint32_t code, char script) { return kind_of(kIdnaScripts, code) == script; }

/// Whether a zero-width non-joiner is after a virama, or between letters that would join (RFC 5892, A.1).
bool separates_joined(const CodePoints& label, std::size_t at) {
  const auto joins = [&](std::size_t index, char side) {
    const char kind = kind_of(kIdnaJoining, label[index]);
    return kind == 'T' ? 0 : kind == side || kind == 'D' ? 1 : -1;
  };
  int before = 0;
  for (std::size_t i = at; i-- > 0 && before == 0;) before = joins(i, 'L');
  int after = 0;
  for (std::size_t i = at + 1; i < label.size() && after == 0; ++i) after = joins(i, 'R');
  return before == 1 && after == 1;
}

/// The rules for code points that are valid in some contexts only (RFC 5892, appendix A).
bool is_in_context(const CodePoints& label, std::size_t at) {
  const std::uint32_t code = label[at];
  const std::uint32_t before = at > 0 ? label[at - 1] : 0;
  const std::uint32_t after = at + 1 < label.size() ? label[at + 1] : 0;
  const auto any = [&](const auto& is_one) { return std::any_of(label.begin(), label.end(), is_one); };
  switch (code) {
    case 0x200C:
      return kind_of(kIdnaViramas, before) != 0 || separates_joined(label, at);
    case 0x200D:
      return kind_of(kIdnaViramas, before) != 0;
    case 0xB7:
      return (before | 0x20) == 'l' && (after | 0x20) == 'l';
    case 0x375:
      return has_script(after, 'G');
    case 0x5F3:
    case 0x5F4:
      return has_script(before, 'H');
    case 0x30FB:
      return any([](std::uint32_t point) { return has_script(point, 'J'); });
    default:
      break;
  }
  if (code >= 0x660 && code <= 0x669) return !any([](std::uint32_t point) { return point >= 0x6F0 && point <= 0x6F9; });
  if (code >= 0x6F0 && code <= 0x6F9) return !any([](std::uint32_t point) { return point >= 0x660 && point <= 0x669; });
  return false;
}

char bidi_of(std::uint32_t code) {
  if (code < 0x80) return is_digit(static_cast<char>(code)) ? 'E' : code == '-' ? 'O' : 'L';
  const char kind = kind_of(kIdnaBidi, code);
  return kind == 0 ? 'L' : kind;
}

bool is_right_to_left(const CodePoints& label) {
  return std::any_of(label.begin(), label.end(), [](std::uint32_t code) {
    const char kind = bidi_of(code);
    return kind == 'R' || kind == 'A' || kind == 'N';
  });
}

/// The Bidi rule (RFC 5893, 2).
bool follows_bidi_rule(const CodePoints& label) {
  std::string kinds;
  for (const std::uint32_t code : label) kinds += bidi_of(code);
  const bool leftwards = kinds[0] == 'R' || kinds[0] == 'A';
  if (!leftwards && kinds[0] != 'L') return false;
  if (kinds.find_first_not_of(leftwards ? "RANEOM" : "LEOM") != std::string::npos) return false;
  if (leftwards && kinds.find('E') != std::string::npos && kinds.find('N') != std::string::npos) return false;
  const auto last = kinds.find_last_not_of('M');
  return std::string_view(leftwards ? "RANE" : "LE").find(kinds[last]) != std::string_view::npos;
}

/// Whether the code points of a label are valid; with `mapped`, also those that UTS 46 maps to valid ones.
bool is_label(const CodePoints& label, bool mapped) {
  if (label.empty() || label.front() == '-' || label.back() == '-') return false;
  if (label.size() > 3 && label[2] == '-' && label[3] == '-') return false;
  if (kind_of(kIdnaMarks, label.front()) != 0) return false;
  for (std::size_t at = 0; at < label.size(); ++at) {
    const std::uint32_t code = label[at];
    const char letter = static_cast<char>(code < 0x80 ? code : 0);
    const char kind = kind_of(kIdnaValid, code);
    const bool plain = code < 0x80 ? is_digit(letter) || letter == '-' || is_letter(letter) : kind == 'V';
    if (!plain && !(mapped && kind == 'M') && !is_in_context(label, at)) return false;
  }
  return true;
}

/// The label of an ASCII form (`xn--…`), empty where that isn't valid.
std::optional<CodePoints> decoded(std::string_view label) {
  auto points = from_punycode(label.substr(4));
  if (!points || !is_label(*points, false)) return std::nullopt;
  std::string lower(label.substr(4));
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  const bool is_ascii = std::all_of(points->begin(), points->end(), [](std::uint32_t code) { return code < 0x80; });
  for (std::uint32_t& code : *points) code = code >= 'A' && code <= 'Z' ? code | 0x20 : code;
  return is_ascii || to_punycode(*points) != lower ? std::nullopt : points;
}

bool begins_as_a_label(std::string_view label) {
  return label.size() > 4 && (label[0] | 0x20) == 'x' && (label[1] | 0x20) == 'n' && label.substr(2, 2) == "--";
}

std::vector<std::string> labels_of(std::string_view text) {
  std::vector<std::string> labels(1);
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto three = text.substr(at, 3);
    const bool wide = three == "\u3002" || three == "\uFF0E" || three == "\uFF61";
    if (wide) at += 2;
    if (wide || text[at] == '.') {
      labels.emplace_back();
    } else {
      labels.back() += text[at];
    }
  }
  return labels;
}

}  // namespace

bool is_a_label(std::string_view label) {
  if (!begins_as_a_label(label)) return false;
  const auto points = decoded(label);
  return points && (!is_right_to_left(*points) || follows_bidi_rule(*points));
}

bool is_international_hostname(std::string_view text) {
  std::vector<CodePoints> names;
  std::size_t size = 0;
  for (const std::string& label : labels_of(text)) {
    const bool encoded = begins_as_a_label(label);
    auto points = encoded ? decoded(label) : std::optional(code_points_of(label));
    if (!points || (!encoded && !is_label(*points, true))) return false;
    const bool is_ascii = std::all_of(points->begin(), points->end(), [](std::uint32_t code) { return code < 0x80; });
    const std::size_t length = is_ascii ? points->size() : 4 + to_punycode(*points).size();
    if (length > kLongestLabel) return false;
    size += length + 1;
    names.push_back(*std::move(points));
  }
  const bool leftwards = std::any_of(names.begin(), names.end(), is_right_to_left);
  return size <= kLongestName + 1 && (!leftwards || std::all_of(names.begin(), names.end(), follows_bidi_rule));
}

}  // namespace schemaregistry
