#include "walking.h"

#include <fnmatch.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>

namespace schemaregistry {
namespace {

namespace fs = std::filesystem;

std::string joined(const std::string& folder, const std::string& name) {
  return folder.empty() || folder.back() == '/' ? folder + name : folder + "/" + name;
}

/// The names in a directory, in order.
std::vector<std::string> names_in(const std::string& folder, std::map<std::string, std::string>& faults) {
  std::error_code error;
  std::vector<std::string> names;
  fs::directory_iterator entry(folder.empty() ? "." : folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error))
    names.push_back(entry->path().filename().string());
  const bool is_there = error != std::errc::no_such_file_or_directory && error != std::errc::not_a_directory;
  if (error && is_there) faults[folder.empty() ? "." : folder] = error.message();
  std::sort(names.begin(), names.end());
  return names;
}

/// Whether a path is a directory, and not a link to one.
bool is_own_folder(const std::string& path) {
  std::error_code ignored;
  return fs::is_directory(fs::symlink_status(path, ignored));
}

void look(const std::string& path, Walked& walked) {
  std::error_code error;
  const auto status = fs::status(path, error);
  if (fs::is_regular_file(status)) {
    walked.files.push_back(path);
  } else if (!error && fs::exists(status)) {
    walked.others.push_back(path);
  } else {
    const std::string leads_nowhere = dangling(path);
    walked.faults[path] = leads_nowhere.empty() ? error.message() : leads_nowhere;
  }
}

void walk_into(const std::string& folder, Walked& walked) {
  for (const std::string& name : names_in(folder, walked.faults)) {
    if (name[0] == '.' || name[0] == '_') continue;
    const std::string path = joined(folder, name);
    if (is_own_folder(path)) {
      walk_into(path, walked);
    } else {
      look(path, walked);
    }
  }
}

bool has_magic(const std::string& part) { return part.find_first_of("*?[") != std::string::npos; }

/// As in shells, a name that starts with a point matches only a pattern that starts with one.
bool is_meant(const std::string& name, const std::string& part) {
  return fnmatch(part.c_str(), name.c_str(), FNM_NOESCAPE) == 0 && (part[0] == '.' || name[0] != '.');
}

class Glob {
 public:
  Glob(std::vector<std::string> parts, std::map<std::string, std::string>& faults)
      : parts_(std::move(parts)), faults_(faults) {}

  std::set<std::string> find(const std::string& start) {
    match(start, 0);
    return std::move(found_);
  }

 private:
  void match(const std::string& folder, std::size_t at) {
    if (at == parts_.size()) {
      found_.insert(folder.empty() ? "." : folder);
      return;
    }
    const std::string& part = parts_[at];
    const bool is_last = at + 1 == parts_.size();
    if (!has_magic(part)) {
      const std::string path = joined(folder, part);
      std::error_code ignored;
      const bool goes_on = is_last ? fs::exists(fs::symlink_status(path, ignored)) : is_folder(path);
      if (goes_on) match(path, at + 1);
      return;
    }
    if (part == "**") match(folder, at + 1);
    for (const std::string& name : names_in(folder, faults_)) {
      const std::string path = joined(folder, name);
      if (part == "**") {
        if (!is_last && name[0] != '.' && is_own_folder(path)) match(path, at);
      } else if (is_meant(name, part) && (is_last || is_folder(path))) {
        match(path, at + 1);
      }
    }
  }

  const std::vector<std::string> parts_;
  std::map<std::string, std::string>& faults_;
  std::set<std::string> found_;
};

}  // namespace

Walked walk(const std::string& folder) {
  Walked walked;
  walk_into(folder, walked);
  return walked;
}

std::vector<std::string> matching(const std::string& pattern, std::map<std::string, std::string>& faults) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= pattern.size();) {
    const std::size_t end = std::min(pattern.find('/', at), pattern.size());
    std::string part = pattern.substr(at, end - at);
    if (!part.empty() && part != ".") parts.push_back(std::move(part));
    at = end + 1;
  }
  const std::string start = pattern.rfind('/', 0) == 0 ? "/" : pattern.rfind("./", 0) == 0 ? "./" : "";
  const auto found = Glob(std::move(parts), faults).find(start);
  return {found.begin(), found.end()};
}

std::string dangling(const std::string& path) {
  std::error_code error;
  if (!fs::is_symlink(fs::symlink_status(path, error)) || fs::exists(path, error)) return "";
  return "a link to " + fs::read_symlink(path, error).string() + ", which isn't there";
}

bool is_folder(const std::string& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

}  // namespace schemaregistry
