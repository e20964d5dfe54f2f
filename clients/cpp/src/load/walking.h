/// The files that a directory holds and a glob stands for. Nothing is left out in silence; knows no formats.
///
/// Names that start with `.` or `_` are hidden, as Spark, Hive and pyarrow have it. Links to directories aren't followed
/// where a directory is walked: they may lead anywhere, and round in circles.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace schemaregistry {

struct Walked {
  std::vector<std::string> files;
  /// What else has a name: links to directories, pipes, …
  std::vector<std::string> others;
  /// Why some can't be looked at, by path.
  std::map<std::string, std::string> faults;
};

/// Everything below a directory but what is hidden.
Walked walk(const std::string& folder);

/// The names that a glob stands for, those of directories and of links among them; `**` is any directories. `faults`
/// gets the directories on the way that can't be read.
std::vector<std::string> matching(const std::string& pattern, std::map<std::string, std::string>& faults);

/// Where a link leads to that leads nowhere; empty for anything else.
std::string dangling(const std::string& path);

bool is_folder(const std::string& path);

}  // namespace schemaregistry
