#include "os/file_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <vector>

#include "os/files.h"
#include "os/sha256.h"

namespace relapse::os {

using model::Done;
using model::Error;
using model::ErrorKind;
using model::FileEntry;
using model::FileTree;
using model::Result;
using model::system_error;

namespace {

constexpr size_t kChunkBytes = size_t{256} << 10;
constexpr unsigned kPermissions = 07777;
constexpr unsigned kOrdinary = 0777;  // without setuid, setgid and the sticky bit
constexpr int kNoFollow = O_NOFOLLOW | O_CLOEXEC;

// What is there was gone when we came to it, or is of another kind by now.
bool is_gone(int error) {
  return error == ENOENT || error == ELOOP || error == ENOTDIR || error == ENXIO;
}

// File systems that show the kernel's state: endless, changing, and in part blocking to read.
bool shows_kernel_state(const Fd& folder) {
  struct statfs found {};
  if (::fstatfs(folder.get(), &found) != 0) {
    return false;
  }
  switch (static_cast<unsigned long>(found.f_type)) {
    case PROC_SUPER_MAGIC:
    case SYSFS_MAGIC:
    case CGROUP_SUPER_MAGIC:
    case CGROUP2_SUPER_MAGIC:
    case DEBUGFS_MAGIC:
    case TRACEFS_MAGIC:
    case DEVPTS_SUPER_MAGIC:
      return true;
    default:
      return false;
  }
}

Result<std::vector<std::string>> names_in(const Fd& folder, const std::string& shown,
                                          std::uint64_t most) {
  // Its own descriptor: closedir closes what it was given.
  Fd own(::openat(folder.get(), ".", O_RDONLY | O_DIRECTORY | kNoFollow));
  std::unique_ptr<DIR, int (*)(DIR*)> stream(own.valid() ? ::fdopendir(own.get()) : nullptr,
                                             ::closedir);
  if (!stream) {
    return system_error("list " + shown, errno);
  }
  (void)own.release();
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) {
      break;
    }
    const std::string name = entry->d_name;
    if (name != "." && name != "..") {
      names.push_back(name);
    }
    if (names.size() > most) {
      break;  // the caller says that these are too many
    }
  }
  // ENOENT: the folder itself has been removed; what it held is gone.
  if (errno != 0 && errno != ENOENT) {
    return system_error("list " + shown, errno);
  }
  return names;
}

class Walker {
 public:
  explicit Walker(const TreeLimits& limits) : limits_(limits), chunk_(kChunkBytes) {}

  // `copy` is the folder of the copy, or not valid.
  Result<> walk(const Fd& folder, const Fd& copy, const std::string& prefix, int depth);
  FileTree take() { return std::move(tree_); }

 private:
  Result<> add(const Fd& folder, const Fd& copy, const std::string& name, const std::string& path,
               int depth);
  Result<> add_folder(const Fd& parent, const Fd& copy, const std::string& name,
                      const std::string& path, int depth);
  Result<> add_file(const Fd& parent, const Fd& copy, const std::string& name,
                    const std::string& path);
  Result<> add_link(const Fd& parent, const Fd& copy, const std::string& name,
                    const std::string& path);
  Result<> read_content(const Fd& file, const Fd& copy, const std::string& path, FileEntry& entry);

  const TreeLimits& limits_;
  std::vector<char> chunk_;
  std::uint64_t bytes_ = 0;
  FileTree tree_;
};

Result<> Walker::walk(const Fd& folder, const Fd& copy, const std::string& prefix, int depth) {
  if (depth > limits_.depth) {
    return Error{ErrorKind::kSystem,
                 fmt::format("the tree is deeper than {} levels at {}", limits_.depth, prefix)};
  }
  if (shows_kernel_state(folder)) {
    return Done{};
  }
  auto names =
      names_in(folder, prefix.empty() ? "the folder" : prefix, limits_.entries - tree_.size());
  if (!names) {
    return names.error();
  }
  for (const auto& name : *names) {
    if (tree_.size() >= limits_.entries) {
      return Error{ErrorKind::kSystem,
                   fmt::format("the tree holds more than {} entries", limits_.entries)};
    }
    RELAPSE_TRY(add(folder, copy, name, prefix.empty() ? name : prefix + "/" + name, depth));
  }
  return Done{};
}

Result<> Walker::add(const Fd& folder, const Fd& copy, const std::string& name,
                     const std::string& path, int depth) {
  struct stat found {};
  if (::fstatat(folder.get(), name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) {
    return is_gone(errno) ? Result<>(Done{}) : system_error("stat " + path, errno);
  }
  switch (found.st_mode & S_IFMT) {
    case S_IFDIR:
      return add_folder(folder, copy, name, path, depth);
    case S_IFREG:
      return add_file(folder, copy, name, path);
    case S_IFLNK:
      return add_link(folder, copy, name, path);
    default:
      tree_[path] = {FileEntry::Kind::kOther, found.st_mode & kPermissions, 0, "", ""};
      return Done{};
  }
}

Result<> Walker::add_folder(const Fd& parent, const Fd& copy, const std::string& name,
                            const std::string& path, int depth) {
  Fd folder(::openat(parent.get(), name.c_str(), O_RDONLY | O_DIRECTORY | kNoFollow));
  struct stat found {};
  if (!folder.valid() || ::fstat(folder.get(), &found) != 0) {
    return is_gone(errno) ? Result<>(Done{}) : system_error("open " + path, errno);
  }
  tree_[path] = {FileEntry::Kind::kFolder, found.st_mode & kPermissions, 0, "", ""};
  Fd copied;
  if (copy.valid()) {
    if (::mkdirat(copy.get(), name.c_str(), S_IRWXU) == 0) {
      copied = Fd(::openat(copy.get(), name.c_str(), O_RDONLY | O_DIRECTORY | kNoFollow));
    }
    if (!copied.valid()) {
      return system_error("make the copy of " + path, errno);
    }
  }
  RELAPSE_TRY(walk(folder, copied, path, depth + 1));
  if (copied.valid() && ::fchmod(copied.get(), (found.st_mode & kOrdinary) | S_IRWXU) != 0) {
    return system_error("set the mode of the copy of " + path, errno);
  }
  return Done{};
}

Result<> Walker::add_file(const Fd& parent, const Fd& copy, const std::string& name,
                          const std::string& path) {
  // Not blocking: a FIFO may have taken the file's place.
  Fd file(::openat(parent.get(), name.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | kNoFollow));
  struct stat found {};
  if (!file.valid() || ::fstat(file.get(), &found) != 0) {
    return is_gone(errno) ? Result<>(Done{}) : system_error("open " + path, errno);
  }
  FileEntry entry;
  entry.mode = found.st_mode & kPermissions;
  if (!S_ISREG(found.st_mode)) {
    entry.kind = FileEntry::Kind::kOther;
    tree_[path] = std::move(entry);
    return Done{};
  }
  Fd copied;
  if (copy.valid()) {
    copied = Fd(::openat(copy.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | kNoFollow,
                         S_IRUSR | S_IWUSR));
    if (!copied.valid()) {
      return system_error("make the copy of " + path, errno);
    }
  }
  RELAPSE_TRY(read_content(file, copied, path, entry));
  if (copied.valid() && ::fchmod(copied.get(), entry.mode & kOrdinary) != 0) {
    return system_error("set the mode of the copy of " + path, errno);
  }
  tree_[path] = std::move(entry);
  return Done{};
}

Result<> Walker::read_content(const Fd& file, const Fd& copy, const std::string& path,
                              FileEntry& entry) {
  Sha256 hash;
  for (;;) {
    const ssize_t count = ::read(file.get(), chunk_.data(), chunk_.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return system_error("read " + path, errno);
    }
    if (count == 0) {
      entry.sha256 = hash.hex();
      return Done{};
    }
    const std::string_view piece(chunk_.data(), static_cast<size_t>(count));
    entry.bytes += piece.size();
    bytes_ += piece.size();
    if (bytes_ > limits_.bytes) {
      return Error{ErrorKind::kSystem,
                   fmt::format("the tree holds more than {} bytes of files", limits_.bytes)};
    }
    hash.add(piece);
    if (copy.valid()) {
      RELAPSE_TRY(write_all(copy.get(), piece, "the copy of " + path));
    }
  }
}

Result<> Walker::add_link(const Fd& parent, const Fd& copy, const std::string& name,
                          const std::string& path) {
  std::array<char, PATH_MAX> target{};
  const ssize_t size = ::readlinkat(parent.get(), name.c_str(), target.data(), target.size());
  if (size < 0) {
    return is_gone(errno) || errno == EINVAL ? Result<>(Done{})
                                             : system_error("read the link " + path, errno);
  }
  FileEntry entry;
  entry.kind = FileEntry::Kind::kLink;
  entry.mode = kOrdinary;  // the kernel knows no other for a link
  entry.link = std::string(target.data(), static_cast<size_t>(size));
  if (copy.valid() && ::symlinkat(entry.link.c_str(), copy.get(), name.c_str()) != 0) {
    return system_error("make the copy of " + path, errno);
  }
  tree_[path] = std::move(entry);
  return Done{};
}

}  // namespace

Result<std::optional<Fd>> open_folder_in(const Fd& root, const std::string& path) {
  open_how how{};
  how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  for (int attempt = 1;; ++attempt) {
    const long fd = ::syscall(SYS_openat2, root.get(), path.c_str(), &how, sizeof(how));
    if (fd >= 0) {
      return std::optional(Fd(static_cast<int>(fd)));
    }
    if (is_gone(errno)) {
      return std::optional<Fd>();
    }
    // EAGAIN: somebody renames while the kernel looks, and it asks to be called again; who never
    // stops renaming is not waited for.
    constexpr int kAttempts = 100;
    if ((errno != EAGAIN && errno != EINTR) || attempt == kAttempts) {
      return system_error("open " + path + " of the world", errno);
    }
  }
}

Result<FileTree> read_file_tree(const Fd& folder, const TreeLimits& limits) {
  Walker walker(limits);
  RELAPSE_TRY(walker.walk(folder, Fd(), "", 0));
  return walker.take();
}

Result<FileTree> copy_file_tree(const Fd& folder, const std::string& to, const TreeLimits& limits) {
  std::error_code failed;
  const auto parent = std::filesystem::path(to).parent_path();
  if (!parent.empty()) {
    std::filesystem::create_directories(parent, failed);
  }
  if (failed || ::mkdir(to.c_str(), S_IRWXU | S_IRGRP | S_IXGRP | S_IROTH | S_IXOTH) != 0) {
    return system_error("make " + to, failed ? failed.value() : errno);
  }
  auto copy = open_fd(to, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!copy) {
    return copy.error();
  }
  Walker walker(limits);
  RELAPSE_TRY(walker.walk(folder, *copy, "", 0));
  return walker.take();
}

}  // namespace relapse::os
