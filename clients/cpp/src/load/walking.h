/// List the files below a directory or matched by a glob, and report everything that is left out.
///
/// Names that start with `.` or `_` are hidden, as in Spark, Hive and pyarrow. Links to directories within a directory
/// aren't followed, since they may lead anywhere, also in circles.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace schemaregistry {

struct Walked {
  std::vector<std::string> files;
  /// Other entries: links to directories, pipes, …
  std::vector<std::string> others;
  /// The errors of entries that can't be read, by path.
  std::map<std::string, std::string> faults;
};

/// List everything below a directory that isn't hidden.
Walked walk(const std::string& folder);

/// The paths that match a glob, also of directories and links; `**` matches any directories. `faults` gets the
/// directories on the way that can't be read.
std::vector<std::string> matching(const std::string& pattern, std::map<std::string, std::string>& faults);

/// A message about a link that leads nowhere, with its target; empty for anything else.
std::string dangling(const std::string& path);

bool is_folder(const std::string& path);

}  // namespace schemaregistry
