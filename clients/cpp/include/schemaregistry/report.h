/// What a check found, as plain values and as JSON. Holds nothing of Arrow, gRPC or protobuf.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace schemaregistry {

enum class ReportVerdict { conforms, violates, undecided };

/// One file that was read: its rows (those read so far, where it broke off) and its bytes on disk.
struct FileFacts {
  std::string path;
  std::string format;
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
};

/// One row that fails: `row` counts from 0 in the file, `line` from 1 in text formats. `value` is JSON text.
struct Example {
  std::string file;
  std::int64_t row = 0;
  std::optional<std::int64_t> line;
  std::string value;
};

/// One rule that is broken, by so many rows.
struct Violation {
  /// The top-level column; nothing where the rule is of the whole row.
  std::optional<std::string> column;
  /// The rule's place in the document (RFC 6901), and its keyword, or `arrow`.
  std::string pointer;
  std::string rule;
  std::string expected;
  std::string actual;
  std::int64_t count = 0;
  /// The first ten.
  std::vector<Example> examples;
};

/// Why the data could not be judged. `offset` is in bytes: of the file, of a text format's decompressed text.
struct Fault {
  std::string file;
  std::optional<std::int64_t> offset;
  std::optional<std::int64_t> line;
  std::string reason;
  std::string message;
};

/// The whole answer.
struct Report {
  ReportVerdict verdict = ReportVerdict::conforms;
  std::string schema_id;
  std::string schema_version;
  /// Nothing where no registry was asked.
  std::optional<std::int64_t> schema_revision;
  std::string schema_fingerprint;
  std::vector<FileFacts> files;
  std::int64_t rows = 0;
  /// Distinct rows.
  std::int64_t rows_failing = 0;
  std::vector<Violation> violations;
  std::vector<std::string> notes;
  std::optional<Fault> error;
  /// Of the wall clock.
  double seconds = 0;
  std::int64_t peak_memory_bytes = 0;

  /// The object that `schemaregistry check --json` prints, in the same order, without a line end.
  std::string to_json() const;
  /// For a person: the verdict, each violation with its first rows, the notes.
  std::string to_text() const;
  /// 0 conforms, 1 violates, 3 undecided.
  int exit_code() const;
};

}  // namespace schemaregistry
