#include "schemaregistry/report.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <map>

#include "terminal.h"
#include "text.h"
#include "value.h"

namespace schemaregistry {
namespace {

/// How many violations of one rule, and how many notes, the text shows.
constexpr std::size_t kMost = 50;

const char* name_of(ReportVerdict verdict) {
  return verdict == ReportVerdict::conforms   ? "conforms"
         : verdict == ReportVerdict::violates ? "violates"
                                              : "undecided";
}

std::string number(const std::optional<std::int64_t>& value) { return value ? std::to_string(*value) : "null"; }

template <class Items, class Show>
std::string list(const Items& items, const Show& show) {
  std::string json = "[";
  for (const auto& item : items) json += (json.size() > 1 ? ", " : "") + show(item);
  return json + "]";
}

std::string json_of(const FileFacts& file) {
  return R"({"path": )" + quoted(file.path) + R"(, "format": )" + quoted(file.format) + R"(, "rows": )" +
         std::to_string(file.rows) + R"(, "bytes": )" + std::to_string(file.bytes) + "}";
}

std::string json_of(const Example& example) {
  return R"({"file": )" + quoted(example.file) + R"(, "row": )" + std::to_string(example.row) + R"(, "line": )" +
         number(example.line) + R"(, "value": )" + example.value + "}";
}

std::string json_of(const Violation& violation) {
  return R"({"column": )" + (violation.column ? quoted(*violation.column) : "null") + R"(, "pointer": )" +
         quoted(violation.pointer) + R"(, "rule": )" + quoted(violation.rule) + R"(, "expected": )" +
         quoted(violation.expected) + R"(, "actual": )" + quoted(violation.actual) + R"(, "count": )" +
         std::to_string(violation.count) + R"(, "examples": )" +
         list(violation.examples, [](const Example& example) { return json_of(example); }) + "}";
}

std::string json_of(const std::optional<Fault>& fault) {
  if (!fault) return "null";
  return R"({"file": )" + quoted(fault->file) + R"(, "offset": )" + number(fault->offset) + R"(, "line": )" +
         number(fault->line) + R"(, "reason": )" + quoted(fault->reason) + R"(, "message": )" + quoted(fault->message) +
         "}";
}

/// The column's name, `(row)` where the rule concerns the whole row, `""` for a name without letters.
std::string column_of(const Violation& violation) {
  if (!violation.column) return "(row)";
  return violation.column->empty() ? R"("")" : *violation.column;
}

}  // namespace

int Report::exit_code() const {
  return verdict == ReportVerdict::conforms ? 0 : verdict == ReportVerdict::violates ? 1 : 3;
}

std::string Report::to_json() const {
  std::array<char, 64> time{};
  std::snprintf(time.data(), time.size(), "%.6f", seconds);
  const auto rate = seconds > 0 ? std::llround(static_cast<double>(rows) / seconds) : 0;
  return printable_json(
      std::string(R"({"verdict": ")") + name_of(verdict) + R"(", "schema": {"id": )" + quoted(schema_id) +
      R"(, "version": )" + quoted(schema_version) + R"(, "revision": )" + number(schema_revision) +
      R"(, "fingerprint": )" + quoted(schema_fingerprint) + R"(}, "files": )" +
      list(files, [](const FileFacts& file) { return json_of(file); }) + R"(, "rows": )" + std::to_string(rows) +
      R"(, "rows_failing": )" + std::to_string(rows_failing) + R"(, "violations": )" +
      list(violations, [](const Violation& violation) { return json_of(violation); }) + R"(, "notes": )" +
      list(notes, [](const std::string& note) { return quoted(note); }) + R"(, "error": )" + json_of(error) +
      R"(, "seconds": )" + time.data() + R"(, "rows_per_second": )" + std::to_string(rate) +
      R"(, "peak_memory_bytes": )" + std::to_string(peak_memory_bytes) + "}");
}

std::string Report::to_text() const {
  std::string text = std::string(name_of(verdict)) + "  " + schema_id + " " + schema_version + ": " + grouped(rows) +
                     " rows in " + grouped(static_cast<std::int64_t>(files.size())) +
                     (files.size() == 1 ? " file" : " files");
  if (!violations.empty()) text += ", " + grouped(rows_failing) + " of them fail";
  text += "\n";
  if (error) {
    text += on_one_line(error->file) + (error->line ? ", line " + grouped(*error->line) : "") +
            (error->offset ? ", byte " + grouped(*error->offset) : "") + ": " + on_one_line(error->message) + " (" +
            error->reason + ")\n";
  }
  std::map<std::string, std::size_t> of_rule;
  for (const Violation& violation : violations) {
    if (++of_rule[violation.rule] > kMost) continue;
    text += on_one_line(column_of(violation)) + " " + violation.rule + "  " + on_one_line(violation.pointer) + "  expected " + on_one_line(violation.expected) + ", found " +
            on_one_line(violation.actual) + ": " + grouped(violation.count) + " rows\n";
    for (const Example& example : violation.examples) {
      text += "  " + on_one_line(example.file) + ": row " + grouped(example.row) +
              (example.line ? " (line " + grouped(*example.line) + ")" : "") + "  " + on_one_line(example.value) + "\n";
    }
  }
  for (const auto& [rule, count] : of_rule) {
    if (count > kMost)
      text += rule + ": " + grouped(static_cast<std::int64_t>(count - kMost)) + " more (JSON has all)\n";
  }
  for (std::size_t i = 0; i < notes.size() && i < kMost; ++i) text += "note: " + on_one_line(notes[i]) + "\n";
  if (notes.size() > kMost)
    text += "note: " + grouped(static_cast<std::int64_t>(notes.size() - kMost)) + " more notes (JSON has all)\n";
  return inert(text);
}

}  // namespace schemaregistry
