/// `Report`: the result of a check, as plain values, JSON or text. It needs no headers of Arrow, gRPC or protobuf.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace schemaregistry {

/// Whether the data conforms; `undecided` where it couldn't be read to its end.
enum class ReportVerdict { conforms, violates, undecided };

/// One file that was read: its rows (those before the fault, where it can't be read to its end) and its bytes on disk.
struct FileFacts {
  std::string path;
  std::string format;
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
};

/// A row that fails: `row` counts from 0 in the file, `line` from 1 in text formats. `value` is JSON text.
struct Example {
  std::string file;
  std::int64_t row = 0;
  std::optional<std::int64_t> line;
  std::string value;
};

/// A rule that `count` rows break.
struct Violation {
  /// The top-level column; empty where the rule is about the whole row.
  std::optional<std::string> column;
  /// The JSON pointer (RFC 6901) of the rule in the document.
  std::string pointer;
  /// The JSON Schema keyword, or `arrow` for a value that the column's Arrow type can't represent.
  std::string rule;
  std::string expected;
  std::string actual;
  std::int64_t count = 0;
  /// The first ten of the rows.
  std::vector<Example> examples;
};

/// Why the report is undecided. `offset` is in bytes of the file, or, in text formats, of the decompressed text.
struct Fault {
  std::string file;
  std::optional<std::int64_t> offset;
  std::optional<std::int64_t> line;
  std::string reason;
  std::string message;
};

/// The result of a check.
struct Report {
  ReportVerdict verdict = ReportVerdict::conforms;
  std::string schema_id;
  std::string schema_version;
  /// Empty where the contract isn't from a registry.
  std::optional<std::int64_t> schema_revision;
  std::string schema_fingerprint;
  std::vector<FileFacts> files;
  std::int64_t rows = 0;
  /// Rows that break at least one rule, each counted once.
  std::int64_t rows_failing = 0;
  std::vector<Violation> violations;
  std::vector<std::string> notes;
  std::optional<Fault> error;
  /// Seconds of wall-clock time.
  double seconds = 0;
  std::int64_t peak_memory_bytes = 0;

  /// The JSON object that `schemaregistry check --json` prints, in the same order, without a newline at its end.
  std::string to_json() const;
  /// The report for a person: the verdict, each violation with its first rows, the notes.
  std::string to_text() const;
  /// The exit code of `schemaregistry check`: 0 conforms, 1 violates, 3 undecided.
  int exit_code() const;
};

}  // namespace schemaregistry
