#include "formats.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "ecma_syntax.h"
#include "idna.h"
#include "text.h"

namespace schemaregistry {
namespace {

bool all_digits(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_digit); }

int number_of(std::string_view digits) {
  int value = 0;
  for (const char digit : digits) value = value * 10 + (digit - '0');
  return value;
}

/// The first `digits` characters of `text` as a number from `low` to `high`; -1 where they aren't.
int bounded(std::string_view digits, int low, int high) {
  if (!all_digits(digits)) return -1;
  const int value = number_of(digits);
  return value < low || value > high ? -1 : value;
}

int days_in(int year, int month) {
  static constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : kDays[static_cast<std::size_t>(month - 1)];
}

bool is_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-' || !all_digits(text.substr(0, 4))) return false;
  const int month = bounded(text.substr(5, 2), 1, 12);
  return month > 0 && bounded(text.substr(8, 2), 1, days_in(number_of(text.substr(0, 4)), month)) > 0;
}

/// The minutes of an offset `Z` or `+05:30`; 24 hours or more for other text.
constexpr int kNoOffset = 24 * 60;

int offset_of(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return kNoOffset;
  const int hours = bounded(text.substr(1, 2), 0, 23);
  const int minutes = bounded(text.substr(4, 2), 0, 59);
  if (hours < 0 || minutes < 0) return kNoOffset;
  return (text[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
}

bool is_time(std::string_view text) {
  if (text.size() < 9 || text[2] != ':' || text[5] != ':') return false;
  const int hour = bounded(text.substr(0, 2), 0, 23);
  const int minute = bounded(text.substr(3, 2), 0, 59);
  const int second = bounded(text.substr(6, 2), 0, 60);
  if (hour < 0 || minute < 0 || second < 0) return false;
  std::size_t at = 8;
  if (text[at] == '.') {
    const std::size_t begin = ++at;
    while (at < text.size() && is_digit(text[at])) ++at;
    if (at == begin) return false;
  }
  const int offset = offset_of(text.substr(at));
  if (offset == kNoOffset) return false;
  // A leap second is possible only as the last second of a day in UTC.
  const int day = 24 * 60;
  return second < 60 || (hour * 60 + minute - offset + day) % day == day - 1;
}

bool is_date_time(std::string_view text) {
  return text.size() > 11 && (text[10] == 'T' || text[10] == 't') && is_date(text.substr(0, 10)) &&
         is_time(text.substr(11));
}

template <class Accepts>
bool each_part(std::string_view text, char separator, Accepts accepts) {
  while (true) {
    const auto end = std::min(text.find(separator), text.size());
    if (!accepts(text.substr(0, end))) return false;
    if (end == text.size()) return true;
    text.remove_prefix(end + 1);
  }
}

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
  if (!std::all_of(label.begin(), label.end(), [](char c) { return is_digit(c) || is_letter(c) || c == '-'; }))
    return false;
  if (label.size() < 4 || label.substr(2, 2) != "--") return true;
  return label.substr(0, 2) == "xn" && is_a_label(label);
}

bool is_hostname(std::string_view text) { return text.size() <= 253 && each_part(text, '.', is_label); }

bool is_ipv4(std::string_view text) {
  int parts = 0;
  const bool sound = each_part(text, '.', [&](std::string_view part) {
    ++parts;
    return part.size() <= 3 && bounded(part, 0, 255) >= 0 && (part.size() == 1 || part[0] != '0');
  });
  return sound && parts == 4;
}

/// The number of 16-bit groups in one side of an IPv6 address; -1 where one is invalid.
int groups_in(std::string_view side, bool last) {
  if (side.empty()) return 0;
  int groups = 0;
  const bool sound = each_part(side, ':', [&](std::string_view group) {
    if (last && group.data() + group.size() == side.data() + side.size() && is_ipv4(group)) return groups += 2, true;
    ++groups;
    return !group.empty() && group.size() <= 4 &&
           std::all_of(group.begin(), group.end(), [](char c) { return hex_digit(c) >= 0; });
  });
  return sound ? groups : -1;
}

bool is_ipv6(std::string_view text) {
  const auto gap = text.find("::");
  if (gap == std::string_view::npos) return groups_in(text, true) == 8;
  const int left = groups_in(text.substr(0, gap), false);
  const int right = groups_in(text.substr(gap + 2), true);
  return left >= 0 && right >= 0 && left + right <= 7;
}

bool is_atom_letter(char c) {
  return is_letter(c) || is_digit(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

bool is_quoted_local(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return false;
  text = text.substr(1, text.size() - 2);
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\') {
      if (++at == text.size()) return false;
    } else if (text[at] == '"' || static_cast<unsigned char>(text[at]) < 0x20) {
      return false;
    }
  }
  return true;
}

template <class Letter, class Domain>
bool is_mailbox(std::string_view text, Letter is_local_letter, Domain is_domain) {
  const auto at = text.rfind('@');
  if (at == std::string_view::npos || at == 0 || at > 64) return false;
  const std::string_view local = text.substr(0, at);
  std::string_view domain = text.substr(at + 1);
  const bool sound_local = is_quoted_local(local) || each_part(local, '.', [&](std::string_view atom) {
                             return !atom.empty() && std::all_of(atom.begin(), atom.end(), is_local_letter);
                           });
  if (!sound_local) return false;
  if (domain.size() < 2 || domain.front() != '[' || domain.back() != ']') return is_domain(domain);
  domain = domain.substr(1, domain.size() - 2);
  return domain.substr(0, 5) == "IPv6:" ? is_ipv6(domain.substr(5)) : is_ipv4(domain);
}

bool is_email(std::string_view text) { return is_mailbox(text, is_atom_letter, is_hostname); }

bool is_idn_email(std::string_view text) {
  const auto letter = [](char c) { return is_atom_letter(c) || static_cast<unsigned char>(c) >= 0x80; };
  return is_mailbox(text, letter, is_international_hostname);
}

/// The code point at an offset of valid UTF-8, and its number of bytes.
std::pair<std::uint32_t, std::size_t> code_point_at(std::string_view text, std::size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  const std::size_t size = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  std::uint32_t code = first & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size && at + i < text.size(); ++i)
    code = (code << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3FU);
  return {code, size};
}

/// Whether a code point is in `ucschar`, or, in a query, in `iprivate` (RFC 3987, 2.2).
bool is_international(std::uint32_t code, bool in_query) {
  if (in_query && ((code >= 0xE000 && code <= 0xF8FF) || (code >= 0xF0000 && (code & 0xFFFF) <= 0xFFFD))) return true;
  if (code >= 0x10000) return code < 0xF0000 && (code & 0xFFFF) <= 0xFFFD;
  return (code >= 0xA0 && code <= 0xD7FF) || (code >= 0xF900 && code <= 0xFDCF) || (code >= 0xFDF0 && code <= 0xFFEF);
}

/// Whether a part of a URI (RFC 3986) has only unreserved characters, sub-delims, percent escapes and those in `more`;
/// with `international` (RFC 3987) characters beyond ASCII as well.
bool is_uri_part(std::string_view text, std::string_view more, bool international, bool in_query = false) {
  static constexpr std::string_view kAlways = "-._~!$&'()*+,;=";
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '%') {
      if (at + 2 >= text.size() || hex_digit(text[at + 1]) < 0 || hex_digit(text[at + 2]) < 0) return false;
      at += 2;
    } else if (static_cast<unsigned char>(c) >= 0x80) {
      const auto [code, size] = code_point_at(text, at);
      if (!international || !is_international(code, in_query)) return false;
      at += size - 1;
    } else if (!is_letter(c) && !is_digit(c) && kAlways.find(c) == std::string_view::npos &&
               more.find(c) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

/// Whether the text in a host's brackets is an IPv6 address, or one of a later version (RFC 3986, 3.2.2).
bool is_ip_literal(std::string_view text) {
  if (text.empty() || (text[0] != 'v' && text[0] != 'V')) return is_ipv6(text);
  const auto point = text.find('.');
  if (point == std::string_view::npos || point < 2 || point + 1 == text.size()) return false;
  const std::string_view version = text.substr(1, point - 1);
  return std::all_of(version.begin(), version.end(), [](char c) { return hex_digit(c) >= 0; }) &&
         text.find('%') == std::string_view::npos && is_uri_part(text.substr(point + 1), ":", false);
}

bool is_authority(std::string_view text, bool international) {
  if (const auto at = text.rfind('@'); at != std::string_view::npos) {
    if (!is_uri_part(text.substr(0, at), ":", international)) return false;
    text.remove_prefix(at + 1);
  }
  std::string_view port;
  if (!text.empty() && text[0] == '[') {
    const auto end = text.find(']');
    if (end == std::string_view::npos || !is_ip_literal(text.substr(1, end - 1))) return false;
    port = text.substr(end + 1);
    if (!port.empty() && port[0] != ':') return false;
  } else {
    const auto colon = std::min(text.find(':'), text.size());
    if (!is_uri_part(text.substr(0, colon), "", international)) return false;
    port = text.substr(colon);
  }
  return port.size() <= 1 || all_digits(port.substr(1));
}

bool is_scheme(std::string_view text) {
  return !text.empty() && is_letter(text[0]) && std::all_of(text.begin(), text.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
  });
}

bool is_reference(std::string_view text, bool international, bool with_scheme) {
  const auto delimiter = text.find_first_of(":/?#");
  const bool has_scheme = delimiter != std::string_view::npos && text[delimiter] == ':';
  if (has_scheme && !is_scheme(text.substr(0, delimiter))) return false;
  if (with_scheme && !has_scheme) return false;
  if (has_scheme) text.remove_prefix(delimiter + 1);
  if (const auto hash = text.find('#'); hash != std::string_view::npos) {
    if (!is_uri_part(text.substr(hash + 1), ":@/?", international)) return false;
    text = text.substr(0, hash);
  }
  if (const auto mark = text.find('?'); mark != std::string_view::npos) {
    if (!is_uri_part(text.substr(mark + 1), ":@/?", international, true)) return false;
    text = text.substr(0, mark);
  }
  if (text.substr(0, 2) == "//") {
    text.remove_prefix(2);
    const auto path = std::min(text.find('/'), text.size());
    if (!is_authority(text.substr(0, path), international)) return false;
    text.remove_prefix(path);
  }
  return is_uri_part(text, ":@/", international);
}

bool is_uri(std::string_view text) { return is_reference(text, false, true); }
bool is_uri_reference(std::string_view text) { return is_reference(text, false, false); }
bool is_iri(std::string_view text) { return is_reference(text, true, true); }
bool is_iri_reference(std::string_view text) { return is_reference(text, true, false); }

bool is_variable(std::string_view text) {
  if (!text.empty() && text.back() == '*') {
    text.remove_suffix(1);
  } else if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    const auto length = text.substr(colon + 1);
    if (!all_digits(length) || length.size() > 4 || length[0] == '0') return false;
    text = text.substr(0, colon);
  }
  return each_part(text, '.', [](std::string_view part) {
    for (std::size_t at = 0; at < part.size(); ++at) {
      if (part[at] == '%') {
        if (at + 2 >= part.size() || hex_digit(part[at + 1]) < 0 || hex_digit(part[at + 2]) < 0) return false;
        at += 2;
      } else if (!is_letter(part[at]) && !is_digit(part[at]) && part[at] != '_') {
        return false;
      }
    }
    return !part.empty();
  });
}

bool is_uri_template(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '{') {
      const auto end = text.find('}', at);
      if (end == std::string_view::npos) return false;
      std::string_view expression = text.substr(at + 1, end - at - 1);
      if (!expression.empty() && std::string_view("+#./;?&=,!@|").find(expression[0]) != std::string_view::npos)
        expression.remove_prefix(1);
      if (!each_part(expression, ',', is_variable)) return false;
      at = end;
    } else if (c == '%') {
      if (at + 2 >= text.size() || hex_digit(text[at + 1]) < 0 || hex_digit(text[at + 2]) < 0) return false;
      at += 2;
    } else if (static_cast<unsigned char>(c) <= 0x20 ||
               std::string_view("\"<>\\^`|}\x7F").find(c) != std::string_view::npos) {
      return false;
    }
  }
  return true;
}

bool is_json_pointer(std::string_view text) {
  if (!text.empty() && text[0] != '/') return false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '~' && (at + 1 == text.size() || (text[at + 1] != '0' && text[at + 1] != '1'))) return false;
  }
  return true;
}

bool is_relative_json_pointer(std::string_view text) {
  const auto end = std::min(text.find_first_not_of("0123456789"), text.size());
  if (end == 0 || (end > 1 && text[0] == '0')) return false;
  const std::string_view rest = text.substr(end);
  return rest == "#" || is_json_pointer(rest);
}

using FormatCheck = bool (*)(std::string_view);
constexpr std::array<std::pair<std::string_view, FormatCheck>, 17> kFormats = {{
    {"date-time", is_date_time},
    {"date", is_date},
    {"time", is_time},
    {"email", is_email},
    {"idn-email", is_idn_email},
    {"hostname", is_hostname},
    {"idn-hostname", is_international_hostname},
    {"ipv4", is_ipv4},
    {"ipv6", is_ipv6},
    {"uri", is_uri},
    {"uri-reference", is_uri_reference},
    {"iri", is_iri},
    {"iri-reference", is_iri_reference},
    {"uri-template", is_uri_template},
    {"json-pointer", is_json_pointer},
    {"relative-json-pointer", is_relative_json_pointer},
    {"regex", is_ecma_pattern},
}};

const FormatCheck* judge_of(std::string_view name) {
  const auto found =
      std::find_if(kFormats.begin(), kFormats.end(), [&](const auto& format) { return format.first == name; });
  return found == kFormats.end() ? nullptr : &found->second;
}

}  // namespace

bool is_known_format(std::string_view name) { return judge_of(name) != nullptr; }

bool has_format(std::string_view name, std::string_view text) {
  const FormatCheck* judge = judge_of(name);
  return judge == nullptr || (*judge)(text);
}

}  // namespace schemaregistry
