/// The gate: a compiled contract interpreted over Arrow record batches and over files.
///
/// Needs C++20 and Arrow's headers. It gives the verdicts, failing rows, columns, rules and examples of
/// `schemaregistry check`. A program that only fetches documents includes `client.h` alone.
///
///     #include <schemaregistry/client.h>
///     #include <schemaregistry/gate.h>
///
///     auto contract = client.contract("ticks_v1");                     // or the bytes of a `.pb` file
///     auto gate = schemaregistry::Gate::make(*contract);
///     auto loaded = gate->load({"ticks.parquet"});
///     if (loaded->report.verdict != schemaregistry::ReportVerdict::conforms) return halt(loaded->report.to_text());
///     for (const auto& batch : loaded->batches) use(*batch);           // in the contract's columns and types
#pragma once

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemaregistry/report.h"
#include "schemaregistry/result.h"

namespace schemaregistry {

class Plan;

/// How CSV files are written, where that isn't RFC 4180 in UTF-8; what is empty isn't said.
struct CsvDialect {
  /// One ASCII character between two fields, `\t` say.
  std::string delimiter;
  /// `utf-8`, `utf-16` (by its byte order mark, which is recognised unasked), `utf-16le`, `utf-16be`, `iso-8859-1` or
  /// `windows-1252`.
  std::string encoding;
  /// One ASCII character; lines outside quotes that start with it are passed over.
  std::string comment;
  /// Lines before the header.
  std::optional<std::uint32_t> skip_lines;
  /// Fields without quotes that are null, besides empty ones.
  std::vector<std::string> null;
  /// One ASCII character that within quotes makes the quote after it a part of the text.
  std::string escape;
};

/// A check of files, and what to do with their rows.
struct CheckOptions {
  /// `parquet`, `arrow`, `csv` or `ndjson` for all files; empty to tell each by its name or its first bytes.
  std::string format;
  /// For the report: the registry's revision of the contract.
  std::optional<std::int64_t> revision;
  /// Over what the contract says of CSV. INVALID_ARGUMENT (BAD_CSV) for a dialect that there isn't.
  CsvDialect csv = {};
  /// Files in a directory whose names tell no format make the answer undecided; else they are named in a note.
  bool strict = false;
};

/// What a load brings: the report, and the rows only where all of them conform.
struct Loaded {
  Report report;
  /// In the contract's columns, types and order; a column that the files lack is null throughout.
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
};

/// One contract, ready to judge. Threads may share it.
class Gate {
 public:
  /// From a serialised `schemaregistry.v1.Contract`. FAILED_PRECONDITION (reason UNKNOWN_PLAN) for one that this reader
  /// doesn't know or can't trust: it never passes over what it doesn't understand.
  static Result<Gate> make(std::string_view contract);

  const std::string& id() const noexcept;
  const std::string& version() const noexcept;
  /// `sha256:` and 64 hex digits, over the document's canonical form.
  const std::string& fingerprint() const noexcept;
  /// Of rows that are handed on.
  const std::shared_ptr<arrow::Schema>& schema() const noexcept;

  /// Judge the batches of a reader, in bounded memory; `name` stands for the file in the report.
  Result<Report> check(arrow::RecordBatchReader& batches, const std::string& name = "batches") const;

  /// Judge files, directories and globs of Parquet, Arrow IPC, CSV and NDJSON, batch by batch, in bounded memory.
  ///
  /// What is wrong with the data is in the report, also a file that can't be read to its end (`undecided`).
  /// INVALID_ARGUMENT for names that stand for no file (NO_SUCH_FILE, NOTHING_TO_CHECK, UNKNOWN_FORMAT).
  Result<Report> check(const std::vector<std::string>& files, const CheckOptions& options = {}) const;

  /// The same, and keep the rows in memory: they are handed on once the last of them is known to conform.
  Result<Loaded> load(const std::vector<std::string>& files, const CheckOptions& options = {}) const;

 private:
  explicit Gate(std::shared_ptr<const Plan> plan) noexcept;
  std::shared_ptr<const Plan> plan_;
};

}  // namespace schemaregistry
