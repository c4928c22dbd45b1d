#include "control/predict.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string_view>

namespace relapse::run {

using model::Result;

namespace {

// Resolves as if the subject's root were ours, links to absolute paths included.
os::Fd open_in_root(int root, const std::string& path, std::uint64_t flags) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT;
  return os::Fd(static_cast<int>(::syscall(SYS_openat2, root, path.c_str(), &how, sizeof(how))));
}

std::string parent_of(const std::string& path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos || slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Result<Predictor> Predictor::open(int pid) {
  auto root = os::open_fd(fmt::format("/proc/{}/root", pid), O_PATH | O_DIRECTORY);
  if (!root) {
    return root.error();
  }
  return Predictor(std::move(*root));
}

Predictor::Found Predictor::look(const std::string& path) const {
  os::Fd found = open_in_root(root_.get(), path, O_PATH | O_NOFOLLOW);
  if (!found.valid()) {
    return {errno, 0};
  }
  struct stat status {};
  if (::fstat(found.get(), &status) != 0) {
    return {errno, 0};
  }
  return {0, status.st_mode};
}

int Predictor::to_create(const std::string& path) const {
  Found found = look(path);
  if (found.error == 0) {
    return EEXIST;
  }
  return found.error == ENOENT ? look(parent_of(path)).error : found.error;
}

int Predictor::to_rmdir(const std::string& path) const {
  Found found = look(path);
  if (found.error != 0) {
    return found.error;
  }
  if (!S_ISDIR(found.mode)) {
    return ENOTDIR;
  }
  os::Fd folder = open_in_root(root_.get(), path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  std::unique_ptr<DIR, int (*)(DIR*)> entries(folder.valid() ? ::fdopendir(folder.get()) : nullptr,
                                              ::closedir);
  if (!entries) {
    return 0;
  }
  folder.release();  // the stream owns it now
  while (const dirent* entry = ::readdir(entries.get())) {
    std::string_view name(entry->d_name);
    if (name != "." && name != "..") {
      return ENOTEMPTY;
    }
  }
  return 0;
}

std::optional<int> Predictor::predict(const HeldCall& call) const {
  if (call.paths.empty()) {
    return std::nullopt;
  }
  const auto& path = call.paths[0];
  std::string_view name = call.call;
  if (name == "mkdir" || name == "symlink") {
    return to_create(path);
  }
  if (name == "open-create") {
    int error = to_create(path);
    bool must_be_new = (call.flags & O_EXCL) != 0;
    bool must_exist = (call.flags & O_CREAT) == 0;
    if (error == EEXIST && !must_be_new) {
      return S_ISDIR(look(path).mode) ? EISDIR : 0;
    }
    return error == 0 && must_exist ? ENOENT : error;
  }
  if (name == "unlink") {
    Found found = look(path);
    return found.error == 0 && S_ISDIR(found.mode) ? EISDIR : found.error;
  }
  if (name == "rmdir") {
    return to_rmdir(path);
  }
  if (name == "rename" || name == "link") {
    int error = look(path).error;
    if (error != 0 || call.paths.size() < 2) {
      return error;
    }
    int target = to_create(call.paths[1]);
    return target == EEXIST && name == "rename" ? 0 : target;
  }
  if (name == "readlink") {
    Found found = look(path);
    return found.error == 0 && !S_ISLNK(found.mode) ? EINVAL : found.error;
  }
  if (name == "stat" || name == "access" || name == "open" || name == "chmod" ||
      name == "truncate") {
    return look(path).error;
  }
  return std::nullopt;
}

}  // namespace relapse::run
