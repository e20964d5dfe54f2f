#include "csv_header.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "csv_dialect.h"
#include "text.h"
#include "typed_text.h"

namespace schemaregistry {
namespace {

/// Delimiters in the order in which they are tried, before any other mark.
constexpr std::string_view kUsual = ";\t,|:";
/// Marks that names of columns have, too: only where two of the contract's columns are between them do they delimit.
constexpr std::string_view kInNames = " _-./#";
/// Bytes of a header in which other delimiters are tried.
constexpr std::size_t kGuessed = 1 << 16;
/// Fields of a header that are read as values at most.
constexpr int kRead = 1000;
constexpr std::size_t kShown = 60;

/// The end of a quoted field that starts at `at`; empty where no delimiter or end follows it.
std::optional<std::size_t> end_of_quoted(std::string_view text, std::size_t at, char delimiter) {
  for (std::size_t end = at + 1; end < text.size(); ++end) {
    if (text[end] != '"') continue;
    if (end + 1 < text.size() && text[end + 1] == '"') {
      ++end;
      continue;
    }
    return end + 1 == text.size() || text[end + 1] == delimiter ? std::optional(end + 1) : std::nullopt;
  }
  return std::nullopt;
}

std::vector<std::string> names_in(std::string_view text, char delimiter) {
  std::vector<std::string> names;
  for (std::size_t at = 0;; ++at) {
    const auto quoted = at < text.size() && text[at] == '"' ? end_of_quoted(text, at, delimiter) : std::nullopt;
    const std::size_t end = quoted.value_or(std::min(text.find(delimiter, at), text.size()));
    std::string name(quoted ? text.substr(at + 1, end - at - 2) : text.substr(at, end - at));
    for (std::size_t pair = 0; quoted && (pair = name.find("\"\"", pair)) != std::string::npos; ++pair)
      name.erase(pair, 1);
    names.push_back(std::move(name));
    at = end;
    if (at >= text.size()) return names;
  }
}

/// Whether `least` of the names are columns of the contract.
bool knows(const Plan& plan, const std::vector<std::string>& names, std::size_t least = 1) {
  std::set<std::string> known;
  for (const auto& field : plan.schema->fields()) known.insert(bare_name(field->name()));
  std::set<std::string> found;
  for (const std::string& name : names) {
    const std::string bare = bare_name(name);
    if (known.contains(bare)) found.insert(bare);
    if (found.size() >= least) return true;
  }
  return false;
}

/// The marks in a text that may delimit fields, the usual ones first.
std::string marks_in(std::string_view text) {
  const std::set<char> letters(text.begin(), text.end());
  std::string marks;
  for (const char mark : kUsual)
    if (letters.contains(mark)) marks += mark;
  for (const char letter : letters)
    if (is_mark(std::string_view(&letter, 1)) && kUsual.find(letter) == std::string_view::npos) marks += letter;
  return marks;
}

/// A delimiter as `--delimiter` takes it in a shell.
std::string spelled(char mark) {
  constexpr const char* kHex = "0123456789abcdef";
  if (mark == '\t') return "tab";
  if (mark >= ' ' && mark < '\x7f') return {'"', mark, '"'};
  return std::string("$'\\x") + kHex[mark >> 4] + kHex[mark & 15] + "'";
}

bool is_value(const std::string& text) {
  static const std::array<std::shared_ptr<arrow::DataType>, 4> kTypes = {
      arrow::float64(), arrow::timestamp(arrow::TimeUnit::NANO), arrow::timestamp(arrow::TimeUnit::NANO, "UTC"),
      arrow::time64(arrow::TimeUnit::NANO)};
  return std::any_of(kTypes.begin(), kTypes.end(),
                     [&](const auto& type) { return !read_text(*type, text).is(Value::Kind::misfit); });
}

/// Whether one of the fields is a value, among the first that begin as one.
bool has_value(const std::vector<std::string>& fields) {
  int read = 0;
  for (const std::string& field : fields) {
    if (field.empty() || std::string_view("+.0123456789-").find(field[0]) == std::string_view::npos) continue;
    if (is_value(field)) return true;
    if (++read == kRead) return false;
  }
  return false;
}

std::string shown(std::string_view text) {
  return "\"" + printable(text.substr(0, kShown)) + (text.size() > kShown ? "…\"" : "\"");
}

std::string columns_of(const Plan& plan, char delimiter) {
  std::string columns;
  for (const auto& field : plan.schema->fields())
    columns += (columns.empty() ? "" : std::string(1, delimiter)) + field->name();
  return shown(columns);
}

}  // namespace

std::set<std::string> number_unnamed(const Plan& plan, std::vector<std::string>& names) {
  std::set<std::string> taken(names.begin(), names.end());
  for (const auto& field : plan.schema->fields()) {
    if (bare_name(field->name()).empty()) return {};
    taken.insert(field->name());
  }
  std::set<std::string> unnamed;
  for (std::size_t at = 0; at < names.size(); ++at) {
    if (!bare_name(names[at]).empty()) continue;
    names[at] = "(column " + std::to_string(at + 1) + ")";
    while (taken.contains(names[at])) names[at].insert(0, "_");
    unnamed.insert(names[at]);
  }
  return unnamed;
}

std::optional<HeaderFault> fault_of_header(const Plan& plan, std::string_view text, char delimiter, bool sound) {
  const auto names = names_in(text, delimiter);
  if (knows(plan, names)) return std::nullopt;
  constexpr std::array<std::pair<std::string_view, const char*>, 2> kJson = {{{"{\"", "ndjson"}, {"[{\"", "json"}}};
  for (const auto& [start, name] : kJson) {
    if (text.substr(0, start.size()) == start) {
      return HeaderFault{"WRONG_FORMAT", std::string("not csv: its first line is JSON: let its name end in .") + name +
                                             ", or say --format " + name};
    }
  }
  const std::string_view head = text.substr(0, kGuessed);
  for (const char other : marks_in(head)) {
    const std::size_t least = kInNames.find(other) == std::string_view::npos ? 1 : 2;
    if (other != delimiter && knows(plan, names_in(head, other), least)) {
      return HeaderFault{"WRONG_DELIMITER", "the header is " + shown(text) + ": its columns are separated by " +
                                                spelled(other) + ", say --delimiter " + spelled(other)};
    }
  }
  if (!sound) return std::nullopt;
  if (text.find('\0') != std::string_view::npos)
    return HeaderFault{
        "NOT_CSV",
        "the header has NULs in it: the file isn't text, or is UTF-16 (say --encoding utf-16le or utf-16be)"};
  if (!has_value(names)) return std::nullopt;
  return HeaderFault{"MISSING_HEADER", shown(text) + " is a row of values: put the names of the columns above it (" +
                                           columns_of(plan, delimiter) + ")"};
}

HeaderFault no_header(const Plan& plan, char delimiter) {
  return {"MISSING_HEADER",
          "the file is empty: not even the names of the columns are there (" + columns_of(plan, delimiter) + ")"};
}

}  // namespace schemaregistry
