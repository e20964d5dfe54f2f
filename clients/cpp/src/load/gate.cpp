#include "schemaregistry/gate.h"

#include <parquet/exception.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "csv_dialect.h"
#include "plan.h"
#include "reading.h"
#include "schemaregistry/guarded.h"
#include "tally.h"
#include "text.h"

namespace schemaregistry {
namespace {

/// The peak memory of this process in bytes. Linux: proc_pid_status(5), since getrusage(2) also counts the memory that
/// the parent had before exec.
std::int64_t peak_memory() {
  constexpr std::string_view kPeak = "VmHWM:";
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(kPeak)) return std::strtoll(line.c_str() + kPeak.size(), nullptr, 10) * std::int64_t{1024};
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
#ifdef __APPLE__
  return usage.ru_maxrss;
#else
  return usage.ru_maxrss * std::int64_t{1024};
#endif
}

/// The state of one check of files.
class Run {
 public:
  Run(const Plan& plan, std::optional<std::int64_t> revision, Keep keep) : plan_(plan), keep_(std::move(keep)) {
    report_.schema_revision = revision;
  }

  /// Judge one file with the function for its format; returns false where it couldn't be read to its end.
  template <class Read>
  bool judge(const Source& source, const Read& read) {
    if (source.fault) {
      report_.error = source.fault;
      return false;
    }
    FileEvaluation judge(plan_, tally_, source.path);
    std::optional<Fault> fault;
    Reading reading{source, plan_, judge, keep_, tally_, given_columns(plan_, source.path, fault)};
    report_.error = fault ? fault : caught(reading, read);
    if (!report_.error) judge.finish();
    if (!source.note.empty()) tally_.note(source.note);
    report_.files.push_back({source.path, source.format, judge.rows(), source.size});
    report_.rows += judge.rows();
    if (judge.rows() == 0 && !report_.error) tally_.note(source.path + ": no rows");
    return !report_.error;
  }

  Report finish() {
    report_.schema_id = plan_.id;
    report_.schema_version = plan_.version;
    report_.schema_fingerprint = plan_.fingerprint;
    report_.rows_failing = tally_.rows_failing;
    report_.violations = tally_.violations(plan_);
    report_.notes = tally_.notes();
    report_.verdict = report_.error       ? ReportVerdict::undecided
                      : tally_.is_clean() ? ReportVerdict::conforms
                                          : ReportVerdict::violates;
    report_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
    report_.peak_memory_bytes = peak_memory();
    return std::move(report_);
  }

 private:
  /// Turn a library's exception into a fault of this file, so that the findings in the others aren't lost.
  template <class Read>
  static std::optional<Fault> caught(Reading& reading, const Read& read) {
    try {
      return read(reading);
    } catch (const std::bad_alloc&) {
      return reading.fault("OUT_OF_MEMORY", "memory ran out: give the program more; a damaged file may ask for any");
    } catch (const parquet::ParquetException& thrown) {
      return reading.fault("CORRUPT", thrown.what());
    }
  }

  const Plan& plan_;
  const Keep keep_;
  Tally tally_;
  Report report_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

std::optional<Fault> read_file(Reading& reading) {
  const std::string& format = reading.source.format;
  if (format == "parquet") return read_parquet(reading);
  if (format == "arrow") return read_ipc(reading);
  if (format == "csv") return read_csv(reading);
  return read_ndjson(reading);
}

/// Read a file, and find out whether it is still what it was: else the rows may be of no state of it.
std::optional<Fault> read_unchanged(Reading& reading) {
  const auto before = state_of(reading.source.path);
  auto fault = read_file(reading);
  const auto after = state_of(reading.source.path);
  if (after == before) return fault;
  const std::string sizes =
      before && after ? " (it had " + grouped(before->size) + " bytes, now " + grouped(after->size) + ")" : "";
  return reading.fault("CHANGED", "the file was written to, replaced or removed while it was read" + sizes +
                                      ": try again when nothing writes it");
}

Result<Report> run(const Plan& plan, const std::vector<std::string>& files, const CheckOptions& options, Keep keep) {
  for (const char* known : {"", "parquet", "arrow", "csv", "ndjson", "json"}) {
    if (options.format != known) continue;
    if (auto wrong = wrong_in(options.csv)) return Error{Code::invalid_argument, "BAD_CSV", *wrong, "", {}};
    auto sources = find_sources(files, options.format, options.csv, options.strict);
    if (!sources) return std::move(sources).error();
    Run all(plan, options.revision, std::move(keep));
    for (Source& source : *sources) {
      // It may have changed since it was found.
      if (const auto now = state_of(source.path)) source.size = now->size;
      if (!all.judge(source, read_unchanged)) break;
    }
    return all.finish();
  }
  return Error{Code::invalid_argument,
               "UNKNOWN_FORMAT",
               "the format is parquet, arrow, csv, ndjson or json, not " + options.format,
               "",
               {}};
}

}  // namespace

Gate::Gate(std::shared_ptr<const Plan> plan) noexcept : plan_(std::move(plan)) {}

Result<Gate> Gate::make(std::string_view contract) {
  return guarded([&]() -> Result<Gate> {
    auto plan = Plan::read(contract);
    if (!plan) return std::move(plan).error();
    return Gate(*std::move(plan));
  });
}

const std::string& Gate::id() const noexcept { return plan_->id; }
const std::string& Gate::version() const noexcept { return plan_->version; }
const std::string& Gate::fingerprint() const noexcept { return plan_->fingerprint; }
const std::shared_ptr<arrow::Schema>& Gate::schema() const noexcept { return plan_->schema; }

Result<Report> Gate::check(arrow::RecordBatchReader& batches, const std::string& name) const {
  return guarded([&]() -> Result<Report> {
    Run one(*plan_, std::nullopt, {});
    one.judge({name, "arrow", "", 0, {}, std::nullopt, ""},
              [&](Reading& reading) { return read_batches(reading, batches); });
    return one.finish();
  });
}

Result<Report> Gate::check(const std::vector<std::string>& files, const CheckOptions& options) const {
  return guarded([&] { return run(*plan_, files, options, {}); });
}

Result<Loaded> Gate::load(const std::vector<std::string>& files, const CheckOptions& options) const {
  return guarded([&]() -> Result<Loaded> {
    Loaded loaded;
    auto report = run(*plan_, files, options,
                      [&](std::shared_ptr<arrow::RecordBatch> batch) { loaded.batches.push_back(std::move(batch)); });
    if (!report) return std::move(report).error();
    loaded.report = *std::move(report);
    if (loaded.report.verdict != ReportVerdict::conforms) loaded.batches.clear();
    return loaded;
  });
}

}  // namespace schemaregistry
