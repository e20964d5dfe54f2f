#include "sources.h"

#include <glob.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <utility>

namespace schemaregistry {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kSuffixes = {{
    {".parquet", "parquet"},
    {".pq", "parquet"},
    {".arrow", "arrow"},
    {".feather", "arrow"},
    {".ipc", "arrow"},
    {".arrows", "arrow"},
    {".csv", "csv"},
    {".tsv", "csv"},
    {".tab", "csv"},
    {".ndjson", "ndjson"},
    {".jsonl", "ndjson"},
}};

Error wrong(const char* reason, const std::string& message, const std::string& file) {
  return {Code::invalid_argument, reason, message, "", {{"file", file}}};
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string compression_of(const fs::path& path) {
  const std::string suffix = lower(path.extension().string());
  return suffix == ".gz" ? "gzip" : suffix == ".zst" ? "zstd" : "";
}

/// The end of a name that tells the format, that of a compression aside.
std::string suffix_of(const fs::path& path) {
  const fs::path named = compression_of(path).empty() ? path : path.stem();
  return lower(named.extension().string());
}

std::string format_by_name(const fs::path& path) {
  const std::string suffix = suffix_of(path);
  const auto found =
      std::find_if(kSuffixes.begin(), kSuffixes.end(), [&](const auto& entry) { return entry.first == suffix; });
  return found == kSuffixes.end() ? "" : std::string(found->second);
}

std::string format_by_magic(const fs::path& path) {
  std::array<char, 6> head{};
  std::ifstream(path, std::ios::binary).read(head.data(), head.size());
  const std::string_view magic(head.data(), head.size());
  if (magic.substr(0, 4) == "PAR1") return "parquet";
  return magic == "ARROW1" ? "arrow" : "";
}

bool is_hidden(const fs::path& below) {
  return std::any_of(below.begin(), below.end(), [](const fs::path& part) {
    const std::string name = part.string();
    return !name.empty() && (name[0] == '.' || name[0] == '_');
  });
}

std::vector<std::string> files_below(const fs::path& folder) {
  std::vector<std::string> found;
  std::error_code ignored;
  for (const auto& entry :
       fs::recursive_directory_iterator(folder, fs::directory_options::skip_permission_denied, ignored)) {
    if (entry.is_regular_file(ignored) && !is_hidden(entry.path().lexically_relative(folder)) &&
        !format_by_name(entry.path()).empty()) {
      found.push_back(entry.path().string());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<std::string> files_like(const std::string& pattern) {
  glob_t matches{};
  std::vector<std::string> found;
  if (glob(pattern.c_str(), 0, nullptr, &matches) == 0) {
    for (std::size_t i = 0; i < matches.gl_pathc; ++i) {
      std::error_code ignored;
      if (fs::is_regular_file(matches.gl_pathv[i], ignored)) found.emplace_back(matches.gl_pathv[i]);
    }
  }
  globfree(&matches);
  return found;
}

Result<std::vector<std::string>> expand(const std::string& pattern) {
  std::error_code ignored;
  if (fs::is_directory(pattern, ignored)) {
    auto found = files_below(pattern);
    if (found.empty()) return wrong("NOTHING_TO_CHECK", pattern + " holds no file whose name tells a format.", pattern);
    return found;
  }
  if (fs::exists(pattern, ignored)) return std::vector{pattern};
  auto found = files_like(pattern);
  if (found.empty()) return wrong("NO_SUCH_FILE", "There is no file " + pattern + ".", pattern);
  return found;
}

}  // namespace

Result<std::vector<Source>> find_sources(const std::vector<std::string>& patterns, const std::string& stated,
                                         const CsvDialect& csv) {
  std::vector<Source> sources;
  for (const std::string& pattern : patterns) {
    auto paths = expand(pattern);
    if (!paths) return std::move(paths).error();
    for (const std::string& path : *paths) {
      if (std::any_of(sources.begin(), sources.end(), [&](const Source& known) { return known.path == path; }))
        continue;
      std::string format = stated.empty() ? format_by_name(path) : stated;
      if (format.empty()) format = format_by_magic(path);
      if (format.empty()) {
        return wrong("UNKNOWN_FORMAT",
                     "The name of " + path + " doesn't tell its format. Say --format parquet, arrow, csv or ndjson.",
                     path);
      }
      std::error_code ignored;
      CsvDialect said = csv;
      const std::string suffix = suffix_of(path);
      if (said.delimiter.empty() && (suffix == ".tsv" || suffix == ".tab")) said.delimiter = "\t";
      sources.push_back({path, format, compression_of(path), static_cast<std::int64_t>(fs::file_size(path, ignored)),
                         std::move(said)});
    }
  }
  return sources;
}

}  // namespace schemaregistry
