#include "text_input.h"

#include <arrow/buffer.h>
#include <arrow/io/file.h>

#include <algorithm>
#include <array>
#include <utility>

#include "compressed_input.h"
#include "json_text.h"
#include "text.h"
#include "zip_input.h"

namespace schemaregistry {
namespace {

constexpr std::int64_t kBlock = 4 << 20;
constexpr std::size_t kLongest = 16 << 20;
constexpr std::size_t kDeepest = 200;
constexpr std::int64_t kBombBytes = 256 << 20;
constexpr std::int64_t kBombRatio = 500;
// Bytes looked at to tell another format.
constexpr std::size_t kHead = 64;
// Those of them that show a compression or a binary format.
constexpr std::size_t kMagicHead = 10;
// Where the first member's name stands in a zip archive (PKWARE APPNOTE.TXT, 4.3.7).
constexpr std::size_t kNameAt = 30;
// What the first member of a workbook is called; in OpenDocument its content follows its name.
constexpr std::array<std::string_view, 5> kOffice = {"[Content_Types].xml", "_rels/", "docProps/", "xl/",
                                                     "mimetypeapplication/vnd.oasis"};
// The first bytes of workbooks of Excel before 2007.
constexpr std::string_view kOle = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

struct Magic {
  std::string_view start;
  const char* what;
};
// The first bytes of other formats, and what to do with such a file.
constexpr std::array<Magic, 7> kMagic = {{
    {"\x1f\x8b", "gzip: let its name end in .gz"},
    {"\x28\xb5\x2f\xfd", "zstd: let its name end in .zst"},
    {"BZh", "bz2: let its name end in .bz2"},
    {{"\xfd\x37zXZ\0", 6}, "xz: let its name end in .xz"},
    {"PK\x03\x04", "zip: let its name end in .zip"},
    {"PAR1", "parquet: let its name say so, or say --format parquet"},
    {"ARROW1", "arrow: let its name say so, or say --format arrow"},
}};

/// Whether the first bytes have a control character or bzip2's block mark. A CSV header that starts like another format
/// by chance has none.
bool is_beyond_text(std::string_view head) {
  const auto is_text = [](char c) { return c == '\t' || c == '\n' || c == '\r' || (c >= ' ' && c <= '~'); };
  return head.find("1AY&SY") != std::string_view::npos || !std::all_of(head.begin(), head.end(), is_text);
}

bool starts_with(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }

bool is_workbook(std::string_view head) {
  if (starts_with(head, kOle)) return true;
  if (!starts_with(head, "PK\x03\x04") || head.size() < kNameAt) return false;
  return std::any_of(kOffice.begin(), kOffice.end(),
                     [&](std::string_view name) { return starts_with(head.substr(kNameAt), name); });
}

}  // namespace

std::string other_format(std::string_view head) {
  if (is_workbook(head)) return "an Excel workbook or another Office document: export it as CSV";
  if (starts_with(head, "FEA1")) return "Feather version 1: write it anew as Arrow IPC, which is Feather version 2";
  head = head.substr(0, kMagicHead);
  for (const Magic& magic : kMagic) {
    if (starts_with(head, magic.start) && is_beyond_text(head)) return magic.what;
  }
  return "";
}

/// Refuse JSON in UTF-16, by its byte order mark or the NUL in its first letter; returns whether it is.
bool TextInput::refuse_utf16(std::string_view head) {
  if (csv_) return false;
  if (head.size() < 2) return false;
  constexpr std::string_view kFirst = "[{ \t\r\n\f\v";
  const bool little = head[1] == '\0' && kFirst.find(head[0]) != std::string_view::npos;
  const bool big = head[0] == '\0' && kFirst.find(head[1]) != std::string_view::npos;
  if (!little && !big && !starts_with(head, "\xFF\xFE") && !starts_with(head, "\xFE\xFF")) return false;
  fault_ = Fault{source_.path, 0, 1, "BAD_ENCODING",
                 "it is UTF-16, and JSON is UTF-8: write it as UTF-8 (iconv -f UTF-16 -t UTF-8)"};
  return true;
}

void TextInput::fail(const std::string& reason, const std::string& message) {
  fault_ = Fault{source_.path, offset_, line_ + (csv_ ? csv_->passed_over(offset_) : 0), reason, message};
}

bool TextInput::open() {
  auto raw = arrow::io::ReadableFile::Open(source_.path);
  if (!raw.ok()) return fail("CORRUPT", raw.status().message()), false;
  raw_ = *raw;
  stream_ = raw_;
  if (source_.compression.empty()) {
    std::array<char, kHead> head{};
    const auto read = (*raw)->Read(head.size(), head.data()).ValueOr(0);
    if (const auto back = (*raw)->Seek(0); !back.ok()) return fail("CORRUPT", back.message()), false;
    const std::string other = other_format({head.data(), static_cast<std::size_t>(read)});
    if (!other.empty())
      fault_ = Fault{source_.path, 0, std::nullopt, "WRONG_FORMAT", "not " + source_.format + ": it is " + other};
    return other.empty() && !refuse_utf16({head.data(), static_cast<std::size_t>(read)});
  }
  if ((*raw)->GetSize().ValueOr(1) == 0) {
    fault_ = Fault{source_.path, 0, std::nullopt, "TRUNCATED",
                   "the file is empty: not even the start of " + source_.compression + " is there"};
    return false;
  }
  if (source_.compression == "zip") {
    stream_ = open_zip(source_.path, fault_);
    return !fault_;
  }
  auto stream = open_compressed(source_.compression, *raw);
  if (!stream.ok()) return fail("CORRUPT", stream.status().message()), false;
  stream_ = *stream;
  return true;
}

/// Read more bytes; returns false at the end and for a fault.
bool TextInput::fill() {
  if (!stream_ && !open()) return false;
  buffer_.erase(0, at_);
  scanned_ -= at_;
  at_ = 0;
  auto chunk = stream_->Read(kBlock);
  if (!chunk.ok()) {
    fault_ = Fault{source_.path, offset_ + static_cast<std::int64_t>(buffer_.size()), std::nullopt, "CORRUPT",
                   chunk.status().message()};
    return false;
  }
  ended_ = (*chunk)->size() == 0;
  if (!started_ && !source_.compression.empty()) {
    const std::string_view all(reinterpret_cast<const char*>((*chunk)->data()),
                               static_cast<std::size_t>((*chunk)->size()));
    const std::string other = other_format(all.substr(0, kHead));
    if (!other.empty()) {
      fault_ = Fault{source_.path, 0, std::nullopt, "WRONG_FORMAT",
                     "not " + source_.format + ": within the " + source_.compression + " it is " +
                         other.substr(0, other.find(':')) + ": unpack it"};
      ended_ = false;
      return false;
    }
    if (refuse_utf16(all)) return ended_ = false;
  }
  if (!append({reinterpret_cast<const char*>((*chunk)->data()), static_cast<std::size_t>((*chunk)->size())})) {
    ended_ = false;
    return false;
  }
  if (ended_) return false;
  expanded_ += (*chunk)->size();
  const std::int64_t total = expanded_;
  // A zip is read from its end, so its position says nothing about the bytes read so far.
  const std::int64_t read = source_.compression == "zip" ? source_.size : raw_->Tell().ValueOr(1);
  const std::int64_t packed = std::max<std::int64_t>(read, 1);
  if (!source_.compression.empty() && total > kBombBytes && total / packed > kBombRatio) {
    fault_ = Fault{
        source_.path, offset_, std::nullopt, "DECOMPRESSION_BOMB",
        grouped(packed) + " bytes have become " + grouped(total) + " so far: decompress it yourself if you trust it"};
    return false;
  }
  if (!started_) {
    started_ = true;
    if (buffer_.compare(0, 3, "\xEF\xBB\xBF") == 0) at_ = scanned_ = 3, offset_ = 3;
  }
  return true;
}

/// Add the next bytes, or at the end none, to the buffer; returns false for a fault.
bool TextInput::append(std::string_view bytes) {
  if (!csv_) {
    buffer_.append(bytes);
    return true;
  }
  auto wrong = csv_->take(bytes, bytes.empty(), buffer_);
  if (wrong) fault_ = Fault{source_.path, wrong->offset, wrong->line, "BAD_ENCODING", wrong->message};
  return !wrong;
}

/// The offset of the current record's line end; empty where more bytes must be read.
std::optional<std::size_t> TextInput::end_of_record() {
  for (; scanned_ < buffer_.size(); ++scanned_) {
    const char c = buffer_[scanned_];
    if (quoted_ && c == '"') in_quotes_ = !in_quotes_;
    if (c != '\n') continue;
    ++lines_within_;
    if (!in_quotes_) return scanned_;
  }
  return std::nullopt;
}

std::optional<Record> TextInput::next() {
  if (fault_) return std::nullopt;
  std::optional<std::size_t> end;
  while (!(end = end_of_record()) && !ended_) {
    if (buffer_.size() - at_ > kLongest) {
      fail("RECORD_TOO_LONG", "a record is longer than 16 MiB: is this the format that the name says?");
      return std::nullopt;
    }
    if (!fill() && !ended_) return std::nullopt;
  }
  if (!end && at_ == buffer_.size()) return std::nullopt;
  if (!end && in_quotes_) {
    fail("UNCLOSED_QUOTE", "a quote is never closed: the file is cut off, or a quote within a field isn't doubled");
    return std::nullopt;
  }
  const std::size_t stop = end.value_or(buffer_.size());
  const std::int64_t line = line_ + (csv_ ? csv_->passed_over(offset_) : 0);
  Record record{std::string_view(buffer_).substr(at_, stop - at_), offset_, line};
  if (end && !record.text.empty() && record.text.back() == '\r') record.text.remove_suffix(1);
  offset_ += static_cast<std::int64_t>(stop - at_) + (end ? 1 : 0);
  line_ += std::exchange(lines_within_, 0);
  at_ = scanned_ = end ? stop + 1 : stop;
  return record;
}

/// Skip white space and return the next character; empty at the end and for a fault.
std::optional<char> TextInput::next_letter() {
  while (true) {
    for (; at_ < buffer_.size(); ++at_, ++offset_) {
      const char c = buffer_[at_];
      if (c != ' ' && c != '\t' && c != '\r' && c != '\n') return scanned_ = at_, c;
      line_ += c == '\n';
    }
    scanned_ = at_;
    if (fault_ || ended_ || (!fill() && !ended_)) return std::nullopt;
    if (ended_ && at_ >= buffer_.size()) return std::nullopt;
  }
}

/// The end of the current JSON value, found by its brackets and quotes; empty where the text ends within it.
std::optional<std::size_t> TextInput::end_of_value() {
  int depth = 0;
  bool in_string = false;
  bool escaped = false;
  for (std::size_t length = 0;; ++length) {
    while (at_ + length >= buffer_.size()) {
      scanned_ = at_;
      if (buffer_.size() - at_ > kLongest) {
        fail("NOT_JSON", "not JSON: a record is longer than 16 MiB, or isn't JSON");
        return std::nullopt;
      }
      if (!fill()) {
        const bool is_scalar = depth == 0 && !in_string && length > 0;
        return ended_ && !fault_ && is_scalar ? std::optional(length) : std::nullopt;
      }
    }
    const char c = buffer_[at_ + length];
    const bool is_bare = length > 0 && depth == 0 && !in_string;
    if (is_bare && (c == '{' || c == '[' || c == '"')) return length;
    if (in_string) {
      in_string = escaped || c != '"';
      escaped = !escaped && c == '\\';
      if (!in_string && depth == 0) return length + 1;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return std::max<std::size_t>(length, 1);
      if (--depth == 0) return length + 1;
    } else if (depth == 0 && (c == ',' || c == ' ' || c == '\t' || c == '\r' || c == '\n')) {
      return std::max<std::size_t>(length, 1);
    }
  }
}

/// What is wrong with the value that the file ends within, where that isn't its end.
std::optional<std::string> TextInput::wrong_before_end() const {
  const std::string_view rest = std::string_view(buffer_).substr(at_);
  const auto value = read_json_plainly(rest, kDeepest);
  if (value || value.error().metadata.at("offset") == std::to_string(rest.size())) return std::nullopt;
  return "not JSON: " + value.error().message;
}

std::optional<Record> TextInput::next_value() {
  constexpr const char* kCutOff = "not JSON: the array isn't closed: the file is cut off";
  constexpr const char* kCutOffFile = "not JSON: the file is cut off";
  auto first = next_letter();
  if (array_ == Array::unknown) {
    array_ = first == '[' ? Array::open : Array::none;
    if (array_ == Array::open) {
      ++at_, ++offset_;
      if ((first = next_letter()) == ']') array_ = Array::closing;
    }
  } else if (array_ == Array::open && first) {
    if (*first != ',' && *first != ']')
      return fail("NOT_JSON", "not JSON: a comma or ] is missing after a record"), std::nullopt;
    if (*first == ',') {
      ++at_, ++offset_;
      first = next_letter();
    } else {
      array_ = Array::closing;
    }
  }
  if (fault_) return std::nullopt;
  if (array_ == Array::closing) {
    ++at_, ++offset_;
    array_ = Array::closed;
    first = next_letter();
  }
  if (array_ == Array::closed) {
    if (first) fail("NOT_JSON", "not JSON: there is more after the array");
    return std::nullopt;
  }
  if (!first) {
    if (array_ == Array::open && !fault_) fail("NOT_JSON", kCutOff);
    return std::nullopt;
  }
  const auto length = end_of_value();
  if (!length) {
    if (!fault_) fail("NOT_JSON", wrong_before_end().value_or(array_ == Array::open ? kCutOff : kCutOffFile));
    return std::nullopt;
  }
  const Record record{std::string_view(buffer_).substr(at_, *length), offset_, line_};
  line_ += std::count(record.text.begin(), record.text.end(), '\n');
  offset_ += static_cast<std::int64_t>(*length);
  at_ = scanned_ = at_ + *length;
  return record;
}

}  // namespace schemaregistry
