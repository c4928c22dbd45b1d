#include "world/zygote/template_root.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "os/fd.h"
#include "os/mounts.h"

namespace relapse::world {

using model::Done;
using model::Error;
using model::ErrorKind;
using model::Result;
using model::system_error;
using os::Depth;

namespace {

constexpr const char* kNewRoot = "/tmp/root";
constexpr std::array<const char*, 4> kPrivateFolders = {"/home", "/tmp", "/run", "/var/tmp"};
// Made anew, or not of the tree at all.
constexpr std::array<const char*, 3> kKernelFolders = {"/proc", "/sys", "/dev"};
constexpr std::array<const char*, 6> kDevices = {"null", "zero",   "full",
                                                 "tty",  "random", "urandom"};

bool is_below(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder + "/");
}

template <typename Folders>
bool is_below_any(const std::string& path, const Folders& folders) {
  return std::any_of(folders.begin(), folders.end(),
                     [&](const char* folder) { return is_below(path, folder); });
}

struct Copy {
  std::string target;
  os::Fd for_root;  // invalid where the worlds have a folder of their own
  os::Fd for_view;
};

// The host's mounts, each copied alone so that the kernel's own file systems stay out.
Result<std::vector<Copy>> copy_host() {
  auto points = os::mount_points();
  if (!points) {
    return points.error();
  }
  std::vector<Copy> copies;
  for (const auto& point : *points) {
    if (is_below_any(point.target, kKernelFolders) || (point.target == "/" && !copies.empty())) {
      continue;
    }
    Copy copy;
    copy.target = point.target;
    auto view = os::clone_tree_lean(point.target);
    if (!view) {
      // A mount that this user cannot reach, or one hidden under a later mount, is not part of
      // the tree that a program would see.
      if (point.target == "/") {
        return view.error();
      }
      continue;
    }
    copy.for_view = std::move(*view);
    if (!is_below_any(point.target, kPrivateFolders)) {
      auto root = os::clone_tree_lean(point.target);
      if (root) {
        copy.for_root = std::move(*root);
      }
    }
    copies.push_back(std::move(copy));
  }
  return copies;
}

Result<> attach_all(const std::vector<Copy>& copies, const std::string& base, os::Fd Copy::*which) {
  for (const Copy& copy : copies) {
    const os::Fd& tree = copy.*which;
    if (!tree.valid()) {
      continue;
    }
    auto attached = os::attach_tree(tree, copy.target == "/" ? base : base + copy.target);
    if (!attached) {
      return attached;
    }
  }
  return Done{};
}

Result<> make_device(const std::string& folder, const std::string& name) {
  const std::string target = folder + "/" + name;
  const std::string source = "/dev/" + name;
  struct stat device {};
  if (::stat(source.c_str(), &device) != 0) {
    return system_error("stat " + source, errno);
  }
  // mknod needs the initial user namespace; elsewhere the host's node is shown.
  if (::mknod(target.c_str(), S_IFCHR | 0666, device.st_rdev) == 0) {
    return ::chmod(target.c_str(), 0666) == 0 ? Result<>(Done{})
                                              : system_error("chmod " + target, errno);
  }
  os::Fd placeholder(::open(target.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0666));
  return os::bind(source, target, Depth::kAlone);
}

Result<> make_dev(const std::string& folder) {
  auto mounted = os::mount_new("tmpfs", folder, "mode=755,size=64k", MS_NOSUID | MS_NOEXEC);
  for (const char* name : kDevices) {
    if (mounted) {
      mounted = make_device(folder, name);
    }
  }
  if (!mounted) {
    return mounted;
  }
  constexpr std::array<std::pair<const char*, const char*>, 5> kLinks = {{
      {"/proc/self/fd", "fd"},
      {"/proc/self/fd/0", "stdin"},
      {"/proc/self/fd/1", "stdout"},
      {"/proc/self/fd/2", "stderr"},
      {"pts/ptmx", "ptmx"},
  }};
  for (auto [target, name] : kLinks) {
    if (::symlink(target, (folder + "/" + name).c_str()) != 0) {
      return system_error("symlink in /dev", errno);
    }
  }
  for (const char* name : {"/pts", "/shm"}) {
    if (::mkdir((folder + name).c_str(), 0755) != 0) {
      return system_error("mkdir in /dev", errno);
    }
  }
  return Done{};
}

Result<> fill_new_root(const std::vector<Copy>& copies, const os::Fd& proc, const os::Fd& sys) {
  const std::string root = kNewRoot;
  auto step = attach_all(copies, root, &Copy::for_root);
  if (step) {
    step = os::make_read_only(root, Depth::kWithSubmounts);
  }
  if (step) {
    step = os::mount_new("tmpfs", root + "/tmp", "mode=755", MS_NOSUID | MS_NODEV);
  }
  for (const auto& folder : {kHostView, kPrivateRoot}) {
    if (step) {
      step = os::make_folders(root + folder);
    }
  }
  if (step) {
    step = attach_all(copies, root + kHostView, &Copy::for_view);
  }
  if (step) {
    step = os::make_read_only(root + kHostView, Depth::kWithSubmounts);
  }
  if (step) {
    step = make_dev(root + "/dev");
  }
  if (step && sys.valid()) {
    step = os::attach_tree(sys, root + "/sys");
    if (step) {
      step = os::make_read_only(root + "/sys", Depth::kWithSubmounts);
    }
  }
  // Last and writable: the zygote writes the id maps of its worlds there. A world mounts its own.
  return step ? os::attach_tree(proc, root + "/proc") : step;
}

}  // namespace

bool is_private(const std::string& path) {
  return is_below_any(path, kPrivateFolders) || is_below(path, "/dev/shm");
}

Result<TemplateRoot> TemplateRoot::enter() {
  auto copies = copy_host();
  if (!copies) {
    return copies.error();
  }
  auto proc = os::clone_tree_lean("/proc");
  if (!proc) {
    return proc.error();
  }
  auto sys_or_error = os::clone_tree_lean("/sys");  // some containers have none
  os::Fd sys = sys_or_error ? std::move(*sys_or_error) : os::Fd();
  // From here /tmp is ours: what the host has there was copied above.
  auto step = os::mount_new("tmpfs", "/tmp", "mode=755", MS_NOSUID | MS_NODEV);
  if (step) {
    step = os::make_folders(kNewRoot);
  }
  if (step) {
    step = fill_new_root(*copies, *proc, sys);
  }
  if (step) {
    step = os::change_root(kNewRoot);
  }
  if (!step) {
    return step.error();
  }
  return TemplateRoot();
}

Result<> TemplateRoot::cover(const std::string& folder) {
  if (folder == "/" || !covered_.insert(folder).second) {
    return Error{ErrorKind::kScenario, "nothing can be placed directly in " + folder,
                 "choose a place below a folder that the host has, such as /opt", "", 0};
  }
  auto step = os::mount_new("tmpfs", folder, "mode=755", MS_NOSUID | MS_NODEV);
  std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir((kHostView + folder).c_str()), ::closedir);
  while (const dirent* entry = entries && step ? ::readdir(entries.get()) : nullptr) {
    const std::string name = entry->d_name;
    const std::string from = kHostView + folder + "/" + name;
    const std::string to = folder + "/" + name;
    struct stat found {};
    if (name == "." || name == ".." || ::lstat(from.c_str(), &found) != 0) {
      continue;
    }
    if (S_ISLNK(found.st_mode)) {
      std::error_code error;
      auto target = std::filesystem::read_symlink(from, error);
      if (!error && ::symlink(target.c_str(), to.c_str()) != 0) {
        step = system_error("symlink " + to, errno);
      }
      continue;
    }
    if (S_ISDIR(found.st_mode)) {
      step = os::make_folders(to);
    } else {
      os::Fd placeholder(::open(to.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
    }
    if (step) {
      step = os::bind(from, to, Depth::kWithSubmounts);
    }
  }
  return step;
}

Result<> TemplateRoot::provide_target(const std::string& target, bool is_folder) {
  struct stat found {};
  if (is_private(target) || ::lstat(target.c_str(), &found) == 0) {
    return Done{};
  }
  std::string folder = std::filesystem::path(target).parent_path();
  while (folder != "/" && ::lstat(folder.c_str(), &found) != 0) {
    folder = std::filesystem::path(folder).parent_path();
  }
  Result<> step = Done{};
  // A covered folder is a tmpfs of ours with room in it already.
  if (!std::any_of(covered_.begin(), covered_.end(),
                   [&](const std::string& ours) { return is_below(folder, ours); }) ||
      ::access(folder.c_str(), W_OK) != 0) {
    step = cover(folder);
  }
  if (step && is_folder) {
    return os::make_folders(target);
  }
  if (step) {
    step = os::make_folders(std::filesystem::path(target).parent_path());
  }
  if (step) {
    os::Fd placeholder(::open(target.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
    if (!placeholder.valid()) {
      return system_error("make " + target, errno);
    }
  }
  return step;
}

}  // namespace relapse::world
