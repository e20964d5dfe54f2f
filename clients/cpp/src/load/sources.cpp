#include "sources.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <set>
#include <string_view>
#include <utility>

#include "text.h"
#include "walking.h"
#include "zip_input.h"

namespace schemaregistry {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kSuffixes = {{
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
    {".json", "json"},
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
  if (suffix == ".gz") return "gzip";
  if (suffix == ".zst") return "zstd";
  return suffix == ".bz2" || suffix == ".xz" || suffix == ".zip" ? suffix.substr(1) : "";
}

std::string format_of(const std::string& suffix) {
  const auto found =
      std::find_if(kSuffixes.begin(), kSuffixes.end(), [&](const auto& entry) { return entry.first == suffix; });
  return found == kSuffixes.end() ? "" : std::string(found->second);
}

/// The suffix that tells the format: of the name without its compression's suffix, or else of the only file in a zip.
std::string suffix_of(const fs::path& path) {
  const std::string compression = compression_of(path);
  const fs::path named = compression.empty() ? path : path.stem();
  std::string suffix = lower(named.extension().string());
  if (compression != "zip" || !format_of(suffix).empty()) return suffix;
  return lower(fs::path(member_of(path.string()).value_or("")).extension().string());
}

std::string format_by_name(const fs::path& path) { return format_of(suffix_of(path)); }

constexpr std::size_t kShown = 10;

std::string format_by_magic(const fs::path& path) {
  std::array<char, 6> head{};
  std::ifstream(path, std::ios::binary).read(head.data(), head.size());
  const std::string_view magic(head.data(), head.size());
  if (magic.substr(0, 4) == "PAR1") return "parquet";
  return magic == "ARROW1" ? "arrow" : "";
}

/// The source of a file that exists and can't be read.
Source refused(const std::string& path, const std::string& stated, const std::string& message) {
  Source source;
  source.path = path;
  source.format = stated.empty() ? format_by_name(path) : stated;
  source.fault = Fault{path, std::nullopt, std::nullopt, "UNREADABLE", message};
  return source;
}

Source opened(const std::string& path, const std::string& format) {
  Source source;
  source.path = path;
  source.format = format;
  source.compression = compression_of(path);
  std::error_code ignored;
  source.size = static_cast<std::int64_t>(fs::file_size(path, ignored));
  const bool from_its_end = format == "parquet" || format == "arrow";
  if (from_its_end && !source.compression.empty()) {
    source.fault = Fault{path, std::nullopt, std::nullopt, "PACKED",
                         format + " within " + source.compression + " can't be read in place: unpack it"};
  }
  return source;
}

/// The source of a file that was named itself, and not found in a directory.
Result<Source> named(const std::string& path, const std::string& stated) {
  if (const std::string nowhere = dangling(path); !nowhere.empty()) return refused(path, stated, nowhere);
  std::string format = stated.empty() ? format_by_name(path) : stated;
  if (format.empty()) {
    if (!std::ifstream(path, std::ios::binary)) return refused(path, stated, "it may not be read");
    format = format_by_magic(path);
  }
  if (!format.empty()) return opened(path, format);
  if (compression_of(path) == "zip") {
    Source source = refused(path, stated, "");
    open_zip(path, source.fault);
    if (source.fault->reason != "UNREADABLE") return source;
  }
  return wrong("UNKNOWN_FORMAT",
               "The name of " + path + " doesn't tell its format. Say --format parquet, arrow, csv, ndjson or json.",
               path);
}

/// A number with its noun: `1 file`, `2,000 files`.
std::string counted(std::size_t number, const std::string& noun) {
  return grouped(static_cast<std::int64_t>(number)) + (noun.empty() ? "" : " " + noun + (number == 1 ? "" : "s"));
}

/// Entries of a directory that aren't read, and what to do to have them read.
struct PassedOver {
  std::string note;
  std::string advice;

  void add(const std::string& folder, std::vector<std::string> paths, const char* noun, const char* which,
           const char* what_to_do) {
    if (paths.empty()) return;
    std::sort(paths.begin(), paths.end());
    note += (note.empty() ? "" : "; ") + ("passed over " + counted(paths.size(), noun)) + " " + which + ": ";
    for (std::size_t i = 0; i < std::min(paths.size(), kShown); ++i)
      note += (i > 0 ? ", " : "") + fs::path(paths[i]).lexically_relative(folder).string();
    if (paths.size() > kShown) note += " and " + counted(paths.size() - kShown, "") + " more";
    advice += (advice.empty() ? "" : "; ") + std::string(what_to_do);
  }
};

PassedOver passed_over(const std::string& folder, std::vector<std::string> files,
                       const std::vector<std::string>& others) {
  std::vector<std::string> links;
  std::vector<std::string> special;
  for (const std::string& path : others) (is_folder(path) ? links : special).push_back(path);
  PassedOver found;
  found.add(folder, std::move(files), "file", "whose names tell no format", "name them with --format");
  found.add(folder, std::move(links), "link", "to directories", "name a link itself, and its directory is read");
  found.add(folder, std::move(special), "special file", "(pipes, sockets, devices)",
            "write what comes out of one to a file");
  return found;
}

/// The files below a directory; the first one has the note about entries that aren't read.
std::vector<Source> in_folder(const std::string& folder, const std::string& stated, bool strict) {
  Walked walked = walk(folder);
  std::vector<Source> sources;
  std::vector<std::string> left;
  for (const std::string& path : walked.files) {
    const std::string format = format_by_name(path);
    if (format.empty()) {
      left.push_back(path);
    } else {
      sources.push_back(opened(path, stated.empty() ? format : stated));
    }
  }
  for (const auto& [path, message] : walked.faults) sources.push_back(refused(path, stated, message));
  std::sort(sources.begin(), sources.end(), [](const Source& one, const Source& two) { return one.path < two.path; });
  const auto [note, advice] = passed_over(folder, std::move(left), walked.others);
  if (note.empty() || sources.empty()) return sources;
  if (!strict) {
    sources[0].note = folder + ": " + note;
    return sources;
  }
  Source fault = refused(folder, stated, "");
  fault.fault->reason = "PASSED_OVER";
  fault.fault->message = note + ": " + advice + "; or move them away";
  sources.insert(sources.begin(), std::move(fault));
  return sources;
}

Error nothing(const std::string& folder) {
  Walked walked = walk(folder);
  const std::string note = passed_over(folder, std::move(walked.files), walked.others).note;
  return wrong("NOTHING_TO_CHECK",
               folder + " holds no file whose name tells a format" + (note.empty() ? "." : "; " + note + "."), folder);
}

Result<std::vector<Source>> expand(const std::string& pattern, const std::string& stated, bool strict) {
  if (is_folder(pattern)) {
    auto found = in_folder(pattern, stated, strict);
    if (found.empty()) return nothing(pattern);
    return found;
  }
  std::vector<Source> found;
  std::vector<std::string> names{pattern};
  std::error_code ignored;
  if (!fs::exists(fs::symlink_status(pattern, ignored))) {
    std::map<std::string, std::string> faults;
    names = matching(pattern, faults);
    for (const auto& [path, message] : faults) found.push_back(refused(path, stated, message));
  }
  for (const std::string& name : names) {
    if (is_folder(name)) {
      auto inner = in_folder(name, stated, strict);
      found.insert(found.end(), inner.begin(), inner.end());
    } else {
      auto source = named(name, stated);
      if (!source) return std::move(source).error();
      found.push_back(*std::move(source));
    }
  }
  if (found.empty()) return wrong("NO_SUCH_FILE", "There is no file " + pattern + ".", pattern);
  return found;
}

/// One spelling for each path, to find duplicates. The last part isn't resolved: a link is a file of its own.
std::string place_of(const std::string& path) {
  std::error_code ignored;
  const fs::path parent = fs::path(path).parent_path();
  return (fs::canonical(parent.empty() ? "." : parent, ignored) / fs::path(path).filename()).string();
}

}  // namespace

std::optional<FileState> state_of(const std::string& path) {
  struct stat found {};
  if (stat(path.c_str(), &found) != 0 || !S_ISREG(found.st_mode)) return std::nullopt;
  std::error_code ignored;
  return FileState{found.st_dev, found.st_ino, found.st_size, fs::last_write_time(path, ignored)};
}

Result<std::vector<Source>> find_sources(const std::vector<std::string>& patterns, const std::string& stated,
                                         const CsvDialect& csv, bool strict) {
  std::vector<Source> sources;
  std::set<std::string> places;
  for (const std::string& pattern : patterns) {
    if (pattern.empty()) {
      return Error{Code::invalid_argument,
                   "NO_SUCH_FILE",
                   "A file is named \"\", which is no name: is a variable empty?",
                   "",
                   {{"file", ""}}};
    }
    auto found = expand(pattern, stated, strict);
    if (!found) return std::move(found).error();
    for (Source& source : *found) {
      if (!places.insert(place_of(source.path)).second) continue;
      source.csv = csv;
      const std::string suffix = suffix_of(source.path);
      if (csv.delimiter.empty() && (suffix == ".tsv" || suffix == ".tab")) source.csv.delimiter = "\t";
      sources.push_back(std::move(source));
    }
  }
  return sources;
}

}  // namespace schemaregistry
