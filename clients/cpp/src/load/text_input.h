/// Read a text file as records and decompress it on the way. A record is a line; in CSV it may span lines within
/// quotes.
#pragma once

#include <arrow/io/interfaces.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "csv_text.h"
#include "schemaregistry/report.h"
#include "sources.h"

namespace schemaregistry {

/// One record: its bytes without the line end, its offset in the decompressed text, and its line, from 1.
struct Record {
  std::string_view text;
  std::int64_t offset = 0;
  std::int64_t line = 0;
};

/// What kind of file this is and what to do, where its first bytes show that it isn't text; else empty.
std::string other_format(std::string_view head);

class TextInput {
 public:
  /// With `quoted`, line ends within double quotes are part of a record.
  TextInput(const Source& source, bool quoted) : source_(source), quoted_(quoted) {}
  /// Read CSV in a dialect.
  TextInput(const Source& source, const CsvDialect& dialect) : source_(source), quoted_(true), csv_(dialect) {}

  /// The next record, valid until the next call; empty at the end, or where there is a `fault`. A byte order mark at
  /// the start is skipped.
  std::optional<Record> next();
  /// The next JSON value of an array, or of several values one after another, as a record.
  std::optional<Record> next_value();
  const std::optional<Fault>& fault() const { return fault_; }

 private:
  enum class Array { unknown, none, open, closing, closed };

  std::optional<char> next_letter();
  std::optional<std::size_t> end_of_value();
  std::optional<std::string> wrong_before_end() const;
  bool open();
  bool fill();
  bool refuse_utf16(std::string_view head);
  bool append(std::string_view bytes);
  std::optional<std::size_t> end_of_record();
  void fail(const std::string& reason, const std::string& message);

  const Source& source_;
  const bool quoted_;
  std::shared_ptr<arrow::io::InputStream> raw_;
  std::shared_ptr<arrow::io::InputStream> stream_;
  Array array_ = Array::unknown;
  std::optional<CsvText> csv_;
  std::int64_t expanded_ = 0;
  std::string buffer_;
  std::size_t at_ = 0;
  std::size_t scanned_ = 0;
  bool in_quotes_ = false;
  bool ended_ = false;
  bool started_ = false;
  std::int64_t offset_ = 0;
  std::int64_t line_ = 1;
  std::int64_t lines_within_ = 0;
  std::optional<Fault> fault_;
};

}  // namespace schemaregistry
