#include "world/zygote/mount_roots.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "os/mounts.h"
#include "world/zygote/private_folders.h"

namespace relapse::world {

using model::Done;
using model::Error;
using model::ErrorKind;
using model::Result;
using model::system_error;
using os::Access;
using os::Depth;

namespace {

// While a template is built: a file system of its own over /tmp, gone with the old root.
constexpr const char* kStage = "/tmp";
const std::string kTree = "/tmp/tree";    // the host's tree, copied
const std::string kCover = "/tmp/cover";  // where a cover is filled before it is moved
const std::string kTop = "/tmp/top";      // a new top folder, where the host's lacks a place

// As many sets of targets as a run is likely to alternate between; a template costs the kernel
// some tens of mounts.
constexpr size_t kTemplatesMax = 16;

// Made anew in a template, or by each world.
constexpr std::array<const char*, 3> kKernelFolders = {"/proc", "/sys", "/dev"};
constexpr std::array<const char*, 6> kDevices = {"null", "zero",   "full",
                                                 "tty",  "random", "urandom"};
// What every world mounts over, with or without targets of its own.
const std::set<Target> kAlways = {
    {"/proc", true},    {"/sys", true},         {"/dev", true},
    {"/home", true},    {"/tmp", true},         {"/run", true},
    {"/var/tmp", true}, {"/etc/passwd", false}, {"/etc/group", false}};

bool is_of_kernel(const std::string& path) {
  return std::any_of(kKernelFolders.begin(), kKernelFolders.end(),
                     [&](const char* folder) { return is_below(path, folder); });
}

struct Copy {
  std::string target;
  os::Fd tree;
};

// The host's mounts, each copied alone, so that the kernel's own file systems and those below
// private folders stay out. In a user namespace the kernel may refuse to part the first from
// what lies below it: then it is all there is.
Result<std::vector<Copy>> copy_host() {
  std::vector<Copy> copies;
  auto root = os::clone_tree("/", Depth::kAlone, Access::kReadOnly);
  if (!root) {
    auto whole = os::clone_tree("/", Depth::kWithSubmounts, Access::kReadOnly);
    if (!whole) {
      return whole.error();
    }
    copies.push_back({"", std::move(*whole)});
    return copies;
  }
  copies.push_back({"", std::move(*root)});
  auto points = os::mount_points();
  if (!points) {
    return points.error();
  }
  for (const auto& point : *points) {
    if (point.target == "/" || point.type == "autofs" || is_of_kernel(point.target) ||
        is_private(point.target)) {
      continue;
    }
    // A mount that this user cannot reach, or one hidden under a later mount, is not part of the
    // tree that a program would see: its refusal is no error.
    auto tree = os::clone_tree(point.target, Depth::kAlone, Access::kReadOnly);
    if (!tree) {
      tree = os::clone_tree(point.target, Depth::kWithSubmounts, Access::kReadOnly);
    }
    if (tree) {
      copies.push_back({point.target, std::move(*tree)});
    }
  }
  return copies;
}

Result<> make_placeholder(const std::string& path, bool is_folder) {
  if (is_folder) {
    return os::make_folders(path);
  }
  RELAPSE_TRY(os::make_folders(std::filesystem::path(path).parent_path()));
  RELAPSE_TRY(os::open_fd(path, O_CREAT | O_WRONLY, 0644));
  return Done{};
}

// Shows every entry of `from` in the empty folder `to`: links as links, the rest mounted.
Result<> mirror(const std::string& from, const std::string& to) {
  std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(from.c_str()), ::closedir);
  if (!entries) {
    return system_error("opendir " + from, errno);
  }
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string name = entry->d_name;
    const std::string source = from + "/" + name;
    const std::string target = to + "/" + name;
    struct stat found {};
    if (name == "." || name == ".." || ::lstat(source.c_str(), &found) != 0) {
      continue;
    }
    if (S_ISLNK(found.st_mode)) {
      std::error_code error;
      auto link = std::filesystem::read_symlink(source, error);
      if (error || ::symlink(link.c_str(), target.c_str()) != 0) {
        return system_error("copy the link " + source, error ? error.value() : errno);
      }
      continue;
    }
    RELAPSE_TRY(make_placeholder(target, S_ISDIR(found.st_mode)));
    RELAPSE_TRY(os::bind(source, target, Depth::kWithSubmounts));
  }
  return Done{};
}

// Where `path` leads inside the tree at `root`, links followed as a world would; "" where there
// is nothing.
std::string resolve_in(const std::string& root, const std::string& path) {
  auto base = os::open_fd(root, O_PATH | O_DIRECTORY);
  if (!base) {
    return "";
  }
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT;
  os::Fd found(
      static_cast<int>(::syscall(SYS_openat2, base->get(), path.c_str(), &how, sizeof(how))));
  std::error_code error;
  auto real = found.valid() ? std::filesystem::read_symlink(
                                  "/proc/self/fd/" + std::to_string(found.get()), error)
                            : std::filesystem::path();
  return real.string().starts_with(root) ? real.string().substr(root.size()) : "";
}

// Where something new is to be: the nearest folder that exists, links followed, and the rest.
struct Gap {
  std::string folder;  // "" is the top
  std::string rest;    // begins with '/'; empty: the path is there
};

Gap find_gap(const std::string& root, const std::string& path) {
  std::string rest;
  for (std::filesystem::path part = path; part.has_relative_path(); part = part.parent_path()) {
    std::string there = resolve_in(root, part);
    if (!there.empty()) {
      return {there, rest};
    }
    rest = "/" + part.filename().string() + rest;
  }
  return {"", rest};
}

// The first folder on the way to `path` that only its owner may pass: /root, say.
std::string closed_folder(const std::string& root, const std::string& path) {
  std::string way;
  for (const auto& part : std::filesystem::path(path).parent_path().relative_path()) {
    way += "/" + part.string();
    struct stat found {};
    const std::string there = resolve_in(root, way);
    if (!there.empty() && ::stat((root + there).c_str(), &found) == 0 && S_ISDIR(found.st_mode) &&
        (found.st_mode & S_IXOTH) == 0) {
      return there;
    }
  }
  return "";
}

// Makes targets exist in the host's tree at kTree, where a subject can reach them.
class TargetMaker {
 public:
  Result<> make(const Target& target) {
    const std::string closed = closed_folder(root_, target.path);
    if (!closed.empty() && !is_private(closed)) {
      RELAPSE_TRY(cover(closed, Content::kNothing));
    }
    const Gap gap = find_gap(root_, target.path);
    if (gap.rest.empty() || is_inside_private(gap.folder + gap.rest)) {
      return Done{};
    }
    // Everything but a cover is read-only here.
    if (::access((root_ + gap.folder).c_str(), W_OK) != 0) {
      RELAPSE_TRY(cover(gap.folder, Content::kMirrored));
    }
    return make_placeholder(root_ + gap.folder + gap.rest, target.is_folder);
  }

  // To be called last: no room is left for a subject to leave anything in.
  Result<> seal() {
    for (const auto& folder : covered_) {
      RELAPSE_TRY(os::make_read_only(root_ + folder));
    }
    return Done{};
  }

  const std::string& root() const { return root_; }

 private:
  enum class Content { kMirrored, kNothing };

  Result<> cover(const std::string& folder, Content content) {
    const std::string place = folder.empty() ? kTop : kCover;
    RELAPSE_TRY(os::make_folders(place));
    RELAPSE_TRY(os::mount_new("tmpfs", place, "mode=755", MS_NOSUID | MS_NODEV));
    if (content == Content::kMirrored) {
      RELAPSE_TRY(mirror(root_ + folder, place));
    }
    if (folder.empty()) {
      root_ = place;
    } else {
      RELAPSE_TRY(os::move_mount(place, root_ + folder));
    }
    covered_.insert(folder);
    return Done{};
  }

  std::string root_ = kTree;
  std::set<std::string> covered_;
};

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
  RELAPSE_TRY(make_placeholder(target, false));
  return os::bind(source, target, Depth::kAlone);
}

Result<> make_dev(const std::string& folder) {
  RELAPSE_TRY(os::mount_new("tmpfs", folder, "mode=755,size=64k", MS_NOSUID | MS_NOEXEC));
  for (const char* name : kDevices) {
    RELAPSE_TRY(make_device(folder, name));
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
  RELAPSE_TRY(os::make_folders(folder + "/pts"));
  RELAPSE_TRY(os::make_folders(folder + "/shm"));
  return os::make_read_only(folder);
}

// The kernel lets a world mount a /proc of its own only where one is already in plain sight, so
// the template keeps the host's; each world covers it, for good.
Result<> add_kernel_folders(const std::string& root) {
  auto proc = os::clone_tree("/proc", Depth::kAlone, Access::kAsItIs);
  if (!proc) {
    proc = os::clone_tree("/proc", Depth::kWithSubmounts, Access::kAsItIs);
  }
  if (!proc) {
    return proc.error();
  }
  auto sys = os::clone_tree("/sys", Depth::kAlone, Access::kReadOnly);
  if (!sys) {
    sys = os::clone_tree("/sys", Depth::kWithSubmounts, Access::kReadOnly);
  }
  RELAPSE_TRY(os::attach_tree(*proc, root + "/proc"));
  if (sys) {  // some containers have none
    RELAPSE_TRY(os::attach_tree(*sys, root + "/sys"));
  }
  return make_dev(root + "/dev");
}

}  // namespace

Result<MountRoots> MountRoots::find() {
  MountRoots roots;
  auto host = os::open_fd("/proc/self/ns/mnt", O_RDONLY);
  auto proc = os::open_fd("/proc", O_PATH | O_DIRECTORY);
  if (!host || !proc) {
    return host ? proc.error() : host.error();
  }
  roots.host_ = std::move(*host);
  roots.proc_ = std::move(*proc);
  return roots;
}

Result<> MountRoots::enter_host() {
  if (::setns(host_.get(), CLONE_NEWNS) != 0) {
    return system_error("enter the host's mount namespace", errno);
  }
  here_ = nullptr;
  return Done{};
}

Result<> MountRoots::enter_template(const std::set<Target>& targets) {
  auto found = templates_.find(targets);
  if (found == templates_.end()) {
    if (templates_.size() >= kTemplatesMax) {
      templates_.clear();  // live worlds have their own copies
    }
    RELAPSE_TRY(enter_host());
    RELAPSE_TRY(build(targets));
    auto made = os::open_fd("/proc/self/ns/mnt", O_RDONLY);
    if (!made) {
      return made.error();
    }
    found = templates_.emplace(targets, std::move(*made)).first;
    here_ = &found->second;
  }
  if (here_ != &found->second) {
    if (::setns(found->second.get(), CLONE_NEWNS) != 0) {
      return system_error("enter a template", errno);
    }
    here_ = &found->second;
  }
  return Done{};
}

Result<> MountRoots::build(const std::set<Target>& targets) {
  auto copies = copy_host();
  if (!copies) {
    return copies.error();
  }
  if (::unshare(CLONE_NEWNS) != 0) {
    return system_error("make a mount namespace", errno);
  }
  RELAPSE_TRY(os::make_private());
  RELAPSE_TRY(os::mount_new("tmpfs", kStage, "mode=755", MS_NOSUID | MS_NODEV));
  RELAPSE_TRY(os::make_folders(kTree));
  for (const Copy& copy : *copies) {
    RELAPSE_TRY(os::attach_tree(copy.tree, kTree + copy.target));
  }
  TargetMaker maker;
  for (const auto* set : {&kAlways, &targets}) {
    for (const Target& target : *set) {
      RELAPSE_TRY(maker.make(target));
    }
  }
  RELAPSE_TRY(maker.seal());
  RELAPSE_TRY(add_kernel_folders(maker.root()));
  return os::change_root(maker.root());
}

}  // namespace relapse::world
