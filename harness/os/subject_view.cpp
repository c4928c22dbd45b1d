#include "os/subject_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "os/proc.h"

namespace relapse::os {

std::optional<std::string> path_of_link(int tid, std::string_view name) {
  constexpr std::string_view kDeleted = " (deleted)";
  auto target = read_proc_link(fmt::format("/proc/{}/{}", tid, name));
  if (!target || target->empty() || target->front() != '/') {
    return std::nullopt;  // "pipe:[7]"
  }
  if (target->size() > kDeleted.size() &&
      target->compare(target->size() - kDeleted.size(), kDeleted.size(), kDeleted) == 0) {
    target->resize(target->size() - kDeleted.size());
  }
  return target;
}

std::string normal_path(std::string_view base, std::string_view path) {
  std::string whole(path);
  if (path.empty() || path.front() != '/') {
    whole = fmt::format("{}/{}", base, path);
  }
  std::vector<std::string_view> parts;
  std::string_view rest(whole);
  while (!rest.empty()) {
    size_t slash = std::min(rest.find('/'), rest.size());
    std::string_view part = rest.substr(0, slash);
    rest.remove_prefix(std::min(slash + 1, rest.size()));
    if (part == ".." && !parts.empty()) {
      parts.pop_back();
    } else if (!part.empty() && part != "." && part != "..") {
      parts.push_back(part);
    }
  }
  std::string out;
  for (auto part : parts) {
    out += '/';
    out += part;
  }
  return out.empty() ? "/" : out;
}

bool is_within(std::string_view path, std::string_view folder) {
  while (folder.size() > 1 && folder.back() == '/') {
    folder.remove_suffix(1);
  }
  if (folder == "/") {
    return !path.empty() && path.front() == '/';
  }
  return path.substr(0, folder.size()) == folder &&
         (path.size() == folder.size() || path[folder.size()] == '/');
}

}  // namespace relapse::os
