#include "csv_text.h"

#include <algorithm>
#include <array>

namespace schemaregistry {
namespace {

/// The code points of the bytes 0x80 to 0x9F in Windows-1252; 0 for unassigned ones.
constexpr std::array<std::uint32_t, 32> kWindows1252 = {0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                                        0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017D, 0,
                                                        0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                                        0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

void append(std::uint32_t letter, std::string& out) {
  if (letter < 0x80) {
    out += static_cast<char>(letter);
  } else if (letter < 0x800) {
    out += static_cast<char>(0xC0 | (letter >> 6));
    out += static_cast<char>(0x80 | (letter & 0x3F));
  } else if (letter < 0x10000) {
    out += static_cast<char>(0xE0 | (letter >> 12));
    out += static_cast<char>(0x80 | ((letter >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (letter & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (letter >> 18));
    out += static_cast<char>(0x80 | ((letter >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((letter >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (letter & 0x3F));
  }
}

bool starts_with(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }

constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";
constexpr std::string_view kUtf16LeMark = "\xFF\xFE";
constexpr std::string_view kUtf16BeMark = "\xFE\xFF";

}  // namespace

std::optional<CsvText::Wrong> CsvText::take(std::string_view bytes, bool ended, std::string& out) {
  if (!begun_) {
    begun_ = true;
    const std::size_t size = bytes.size();
    if (auto fault = begin(bytes)) return Wrong{*std::move(fault), 0, 1};
    decoded_ += static_cast<std::int64_t>(size - bytes.size());
  }
  std::string text;
  const bool is_sound = decode(bytes, ended, text);
  if (encoding_ != Encoding::utf8) lines_ += std::count(text.begin(), text.end(), '\n');
  if (!is_sound) {
    const std::string& stated = dialect_.encoding;
    return Wrong{stated.empty() || stated == "utf-16"
                     ? "it isn't UTF-16 throughout, as its byte order mark says: mend it from this byte on"
                     : "it isn't " + stated + " throughout: mend it at this byte, or say another --encoding",
                 decoded_, lines_ + 1};
  }
  filter(text, out);
  if (ended && escaped_) keep(escape_, out);
  return std::nullopt;
}

/// Detect the encoding by a byte order mark, and remove the mark.
std::optional<std::string> CsvText::begin(std::string_view& bytes) {
  const std::string& stated = dialect_.encoding;
  const bool little = starts_with(bytes, kUtf16LeMark);
  const bool big = starts_with(bytes, kUtf16BeMark);
  if (starts_with(bytes, std::string_view("\xFF\xFE\0\0", 4)) ||
      starts_with(bytes, std::string_view("\0\0\xFE\xFF", 4)))
    return "it is UTF-32: write it as UTF-8";
  if (stated.empty() || stated == "utf-16") {
    if (stated == "utf-16" && !bytes.empty() && !little && !big)
      return "UTF-16 without a byte order mark: say --encoding utf-16le or utf-16be";
    encoding_ = little ? Encoding::utf16le : big ? Encoding::utf16be : Encoding::utf8;
  } else {
    const std::string marked = starts_with(bytes, kUtf8Mark) ? "utf-8"
                               : little                      ? "utf-16le"
                               : big                         ? "utf-16be"
                                                             : stated;
    if (marked != stated) return "its byte order mark says " + marked + ", not " + stated + ": leave --encoding out";
    encoding_ = stated == "utf-16le"       ? Encoding::utf16le
                : stated == "utf-16be"     ? Encoding::utf16be
                : stated == "iso-8859-1"   ? Encoding::latin1
                : stated == "windows-1252" ? Encoding::windows1252
                                           : Encoding::utf8;
  }
  if (little || big) {
    if (encoding_ == Encoding::utf16le || encoding_ == Encoding::utf16be) bytes.remove_prefix(2);
  } else if (!is_plain() && starts_with(bytes, kUtf8Mark)) {
    bytes.remove_prefix(kUtf8Mark.size());
  }
  return std::nullopt;
}

bool CsvText::decode(std::string_view bytes, bool ended, std::string& out) {
  switch (encoding_) {
    case Encoding::utf8:
      out.append(bytes);
      return true;
    case Encoding::latin1:
      for (const char c : bytes) append(static_cast<unsigned char>(c), out);
      return true;
    case Encoding::windows1252:
      for (const char c : bytes) {
        const std::uint32_t byte = static_cast<unsigned char>(c);
        const std::uint32_t letter = byte >= 0x80 && byte < 0xA0 ? kWindows1252[byte - 0x80] : byte;
        if (letter == 0 && byte != 0) return false;
        append(letter, out);
        ++decoded_;
      }
      return true;
    default:
      return decode_utf16(bytes, ended, out);
  }
}

bool CsvText::decode_utf16(std::string_view bytes, bool ended, std::string& out) {
  pending_.append(bytes);
  std::size_t at = 0;
  for (; at + 1 < pending_.size(); at += 2, decoded_ += 2) {
    const std::uint32_t first = static_cast<unsigned char>(pending_[at]);
    const std::uint32_t second = static_cast<unsigned char>(pending_[at + 1]);
    const std::uint32_t unit = encoding_ == Encoding::utf16le ? first | (second << 8) : (first << 8) | second;
    const bool is_low = unit >= 0xDC00 && unit < 0xE000;
    if ((high_ != 0) != is_low) {
      // The first half of a pair is at fault where the second is missing.
      if (high_ != 0) decoded_ -= 2;
      return false;
    }
    if (is_low) {
      append(0x10000 + ((high_ - 0xD800) << 10) + (unit - 0xDC00), out);
      high_ = 0;
    } else if (unit >= 0xD800 && unit < 0xDC00) {
      high_ = unit;
    } else {
      append(unit, out);
    }
  }
  pending_.erase(0, at);
  if (ended && high_ != 0) decoded_ -= 2;
  return !ended || (pending_.empty() && high_ == 0);
}

void CsvText::filter(std::string_view text, std::string& out) {
  if (is_plain()) {
    out.append(text);
    return;
  }
  for (const char c : text) {
    if (left_ > 0 || commented_) {
      if (c != '\n') continue;
      left_ -= left_ > 0;
      commented_ = false;
      removed_.push_back(written_);
    } else if (at_start_ && !inside_ && c == comment_ && comment_ != '\0') {
      commented_ = true;
    } else if (escaped_) {
      escaped_ = false;
      // An escape is an ordinary character outside of quotes, and before any character but a quote and another escape.
      if (inside_ && c == '"') {
        out += "\"\"";
        written_ += 2;
      } else {
        if (!inside_ || c != escape_) keep(escape_, out);
        keep(c, out);
      }
      at_start_ = c == '\n';
    } else if (c == escape_ && escape_ != '\0') {
      escaped_ = true;
      at_start_ = false;
    } else {
      if (c == '"') inside_ = !inside_;
      keep(c, out);
      at_start_ = c == '\n';
    }
  }
}

void CsvText::keep(char c, std::string& out) {
  out += c;
  ++written_;
}

}  // namespace schemaregistry
