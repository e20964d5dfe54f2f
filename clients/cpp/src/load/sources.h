/// Find the files to read, and detect their formats by their names or first bytes.
#pragma once

#include <arrow/io/interfaces.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "schemaregistry/gate.h"
#include "schemaregistry/report.h"
#include "schemaregistry/result.h"

namespace schemaregistry {

struct Source {
  std::string path;
  /// `parquet`, `arrow`, `csv`, `ndjson` or `json`.
  std::string format;
  /// `gzip`, `zstd`, `bz2`, `xz`, `zip`, or empty.
  std::string compression;
  /// The file's bytes on disk.
  std::int64_t size = 0;
  /// Overrides the contract's CSV dialect.
  CsvDialect csv = {};
  /// Why the file can't be read, where that is known already.
  std::optional<Fault> fault;
  /// A note for the report about how the file was found.
  std::string note;
};

/// What tells a file from a changed or another one under its name.
struct FileState {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  std::filesystem::file_time_type written;
  bool operator==(const FileState&) const = default;
};

/// The state of a regular file; empty for anything else, and where there is nothing.
std::optional<FileState> state_of(const std::string& path);

/// Find the files of names, directories and globs, each once. `stated` is the format of all of them, or empty; `csv`
/// overrides the dialect of CSV files.
/// A directory has all files below it whose names tell a format, in the order of names, without hidden ones. A note
/// names everything else in it; with `strict` that is a fault. A file that can't be opened, a link that leads nowhere
/// and a directory that can't be read are sources with a fault.
/// Fails with INVALID_ARGUMENT (NO_SUCH_FILE, NOTHING_TO_CHECK, UNKNOWN_FORMAT).
Result<std::vector<Source>> find_sources(const std::vector<std::string>& patterns, const std::string& stated,
                                         const CsvDialect& csv, bool strict);

}  // namespace schemaregistry
