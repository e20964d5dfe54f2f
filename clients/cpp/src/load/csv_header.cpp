#include "csv_header.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "text.h"
#include "typed_text.h"

namespace schemaregistry {
namespace {

constexpr std::array<std::pair<char, const char*>, 5> kDelimiters = {
    {{';', "\";\""}, {'\t', "tab"}, {',', "\",\""}, {'|', "\"|\""}, {':', "\":\""}}};
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

bool knows(const Plan& plan, const std::vector<std::string>& names) {
  std::vector<std::string> known;
  for (const auto& field : plan.schema->fields()) known.push_back(bare_name(field->name()));
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return std::find(known.begin(), known.end(), bare_name(name)) != known.end();
  });
}

bool is_value(const std::string& text) {
  static const std::array<std::shared_ptr<arrow::DataType>, 4> kTypes = {
      arrow::float64(), arrow::timestamp(arrow::TimeUnit::NANO), arrow::timestamp(arrow::TimeUnit::NANO, "UTC"),
      arrow::time64(arrow::TimeUnit::NANO)};
  return std::any_of(kTypes.begin(), kTypes.end(),
                     [&](const auto& type) { return !read_text(*type, text).is(Value::Kind::misfit); });
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
  for (const auto& [other, word] : kDelimiters) {
    if (other != delimiter && knows(plan, names_in(text, other))) {
      return HeaderFault{"WRONG_DELIMITER", "the header is " + shown(text) + ": its columns are separated by " + word +
                                                ", say --delimiter " + word};
    }
  }
  if (!sound) return std::nullopt;
  if (text.find('\0') != std::string_view::npos)
    return HeaderFault{
        "NOT_CSV",
        "the header has NULs in it: the file isn't text, or is UTF-16 (say --encoding utf-16le or utf-16be)"};
  if (std::none_of(names.begin(), names.end(), is_value)) return std::nullopt;
  return HeaderFault{"MISSING_HEADER", shown(text) + " is a row of values: put the names of the columns above it (" +
                                           columns_of(plan, delimiter) + ")"};
}

HeaderFault no_header(const Plan& plan, char delimiter) {
  return {"MISSING_HEADER",
          "the file is empty: not even the names of the columns are there (" + columns_of(plan, delimiter) + ")"};
}

}  // namespace schemaregistry
