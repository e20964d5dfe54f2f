/// Which files are to be read, and in which format each is. Reads no more than their first bytes.
#pragma once

#include <arrow/io/interfaces.h>

#include <cstdint>
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
  /// Bytes on disk.
  std::int64_t size = 0;
  /// What is said of the file's CSV besides what the contract says.
  CsvDialect csv = {};
  /// Why it can't be read, where that is known beforehand.
  std::optional<Fault> fault;
  /// What is to be said of how it was found.
  std::string note;
};

/// The files that names, directories and globs stand for, each once; `stated` is the format of all of them, or empty,
/// `csv` what is said of how CSV among them is written.
/// In a directory: every file below it whose name tells a format, in the order of the names; hidden ones aside. What else
/// is there is named in a note; where `strict`, it is a fault. A file that can't be looked at, a link that leads nowhere, a
/// directory that can't be read: each is a source with a fault.
/// INVALID_ARGUMENT: NO_SUCH_FILE, NOTHING_TO_CHECK, UNKNOWN_FORMAT.
Result<std::vector<Source>> find_sources(const std::vector<std::string>& patterns, const std::string& stated,
                                         const CsvDialect& csv, bool strict);

}  // namespace schemaregistry
