/// `Gate`: check Arrow record batches and files against a compiled contract.
///
/// It reports the same verdicts, failing rows, columns, rules and examples as `schemaregistry check`. It needs C++20
/// and Arrow's headers; a program that only fetches documents includes `client.h` alone.
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

/// How CSV files are written. An empty member keeps the default: the contract's dialect, or else RFC 4180 in UTF-8.
struct CsvDialect {
  /// One ASCII character between two fields, for example `\t`.
  std::string delimiter;
  /// `utf-8`, `utf-16` (by its byte order mark, which is also recognised by default), `utf-16le`, `utf-16be`,
  /// `iso-8859-1` or `windows-1252`.
  std::string encoding;
  /// One ASCII character; lines outside quotes that start with it are skipped.
  std::string comment;
  /// The number of lines before the header.
  std::optional<std::uint32_t> skip_lines;
  /// Unquoted fields that mean null, besides empty ones.
  std::vector<std::string> null;
  /// One ASCII character that escapes a quote within a quoted field.
  std::string escape;
};

/// Options for checking files.
struct CheckOptions {
  /// `parquet`, `arrow`, `csv` or `ndjson` for all files; empty to detect each file's by its name or first bytes.
  std::string format;
  /// The registry's revision of the contract, which is only copied to the report.
  std::optional<std::int64_t> revision;
  /// Overrides the contract's CSV dialect. A dialect that isn't possible fails with INVALID_ARGUMENT (BAD_CSV).
  CsvDialect csv = {};
  /// What files in a directory whose name shows no format do: where true, they make the report undecided; else a note
  /// names them.
  bool strict = false;
};

/// The result of a load: the report, and the rows where all of them conform, else none.
struct Loaded {
  Report report;
  /// The rows, with the contract's columns, types and order; a column that the files lack is all null.
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
};

/// A contract, ready to check data. Threads may share it.
class Gate {
 public:
  /// Make a gate from a serialised `schemaregistry.v1.Contract`. Fails with FAILED_PRECONDITION (reason UNKNOWN_PLAN)
  /// for bytes that are no contract, or a contract with a check that this version doesn't know: no check is ever
  /// skipped.
  static Result<Gate> make(std::string_view contract);

  const std::string& id() const noexcept;
  const std::string& version() const noexcept;
  /// `sha256:` and 64 hex digits, over the document's canonical form.
  const std::string& fingerprint() const noexcept;
  /// The Arrow schema of the rows that `load` returns.
  const std::shared_ptr<arrow::Schema>& schema() const noexcept;

  /// Check the batches of a reader, in bounded memory; the report has `name` as their file's name.
  Result<Report> check(arrow::RecordBatchReader& batches, const std::string& name = "batches") const;

  /// Check files, directories and globs of Parquet, Arrow IPC, CSV and NDJSON, batch by batch, in bounded memory.
  ///
  /// Faults in the data are in the report, also a file that can't be read to its end (`undecided`). Fails with
  /// INVALID_ARGUMENT for names without a file to check (NO_SUCH_FILE, NOTHING_TO_CHECK, UNKNOWN_FORMAT).
  Result<Report> check(const std::vector<std::string>& files, const CheckOptions& options = {}) const;

  /// Check files as `check` does, and return their rows once the last of them is known to conform. All rows are in
  /// memory.
  Result<Loaded> load(const std::vector<std::string>& files, const CheckOptions& options = {}) const;

 private:
  explicit Gate(std::shared_ptr<const Plan> plan) noexcept;
  std::shared_ptr<const Plan> plan_;
};

}  // namespace schemaregistry
