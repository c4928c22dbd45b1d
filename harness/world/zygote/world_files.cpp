#include "world/zygote/world_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string_view>

#include "os/mounts.h"
#include "world/zygote/private_folders.h"

namespace relapse::world {

using model::Done;
using model::Error;
using model::ErrorKind;
using model::Result;
using model::system_error;
using model::WorldFile;
using model::WorldSpec;
using os::Depth;

namespace {

namespace fs = std::filesystem;

// The private folders' file system; the world's own /tmp covers it in the end.
const std::string kPrivateRoot = "/tmp";

Error cannot_make(const std::string& path, int cause) {
  if (cause != EROFS) {
    return system_error("make " + path, cause);
  }
  return {ErrorKind::kScenario, path + " is outside the world's private folders",
          "place it below /home, /tmp, /run or /var/tmp"};
}

Result<> give_to_user(const std::string& path, unsigned uid) {
  if (::lchown(path.c_str(), uid, uid) != 0) {
    return system_error("chown " + path, errno);
  }
  return Done{};
}

Result<> write_text(const std::string& path, std::string_view text, unsigned mode) {
  os::Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file.valid()) {
    return cannot_make(path, errno);
  }
  while (!text.empty()) {
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written < 0) {
      return system_error("write " + path, errno);
    }
    text.remove_prefix(static_cast<size_t>(written));
  }
  return ::fchmod(file.get(), mode) == 0 ? Result<>(Done{}) : system_error("chmod " + path, errno);
}

Result<> show_user_database(const WorldShape& shape) {
  const std::string users = fmt::format(
      "root:x:0:0:root:/root:/bin/sh\n{0}:x:{1}:{1}:{0}:{2}:/bin/bash\n"
      "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
      shape.user, shape.uid, shape.home);
  const std::string groups =
      fmt::format("root:x:0:\ntty:x:5:\n{}:x:{}:\nnogroup:x:65534:\n", shape.user, shape.uid);
  RELAPSE_TRY(write_text(kPrivateRoot + "/passwd", users, 0644));
  RELAPSE_TRY(write_text(kPrivateRoot + "/group", groups, 0644));
  RELAPSE_TRY(os::bind(kPrivateRoot + "/passwd", "/etc/passwd", Depth::kAlone));
  return os::bind(kPrivateRoot + "/group", "/etc/group", Depth::kAlone);
}

Result<> copy_tree(const os::Fd& from, const WorldFile& file, unsigned uid) {
  std::error_code error;
  fs::copy(fmt::format("/proc/self/fd/{}/.", from.get()), file.path,
           fs::copy_options::recursive | fs::copy_options::copy_symlinks, error);
  if (error) {
    return system_error(fmt::format("copy {} to {}", file.content, file.path), error.value());
  }
  RELAPSE_TRY(give_to_user(file.path, uid));
  for (const auto& entry : fs::recursive_directory_iterator(file.path, error)) {
    RELAPSE_TRY(give_to_user(entry.path(), uid));
  }
  return error ? system_error("walk " + file.path, error.value()) : Result<>(Done{});
}

Result<> make_plain_file(const WorldFile& file, unsigned uid) {
  RELAPSE_TRY(make_user_folders(fs::path(file.path).parent_path(), uid));
  if (file.kind == WorldFile::Kind::kFile) {
    RELAPSE_TRY(write_text(file.path, file.content, file.mode));
  } else if (::symlink(file.content.c_str(), file.path.c_str()) != 0) {
    return cannot_make(file.path, errno);
  }
  return give_to_user(file.path, uid);
}

// In the options of overlayfs a comma, a colon and a backslash part or escape.
std::string overlay_word(const std::string& path) {
  std::string out;
  for (char c : path) {
    if (c == ',' || c == ':' || c == '\\') {
      out += '\\';
    }
    out += c;
  }
  return out;
}

// Covers the folder with an overlay of itself: what is written lies in the world's own `layers`.
Result<> make_writable(const std::string& folder, const std::string& layers,
                       const struct stat& like) {
  const std::string upper = layers + "/upper";
  RELAPSE_TRY(os::make_folders(upper));
  RELAPSE_TRY(os::make_folders(layers + "/work"));
  // The merged folder takes its owner and mode from the upper layer. An owner or group that the
  // world's map does not hold (EINVAL) cannot be given, and is nobody whom the subject could be.
  const bool owned =
      (::chown(upper.c_str(), like.st_uid, static_cast<gid_t>(-1)) == 0 || errno == EINVAL) &&
      (::chown(upper.c_str(), static_cast<uid_t>(-1), like.st_gid) == 0 || errno == EINVAL);
  if (!owned || ::chmod(upper.c_str(), like.st_mode & 07777) != 0) {
    return system_error("prepare the layer above " + folder, errno);
  }
  return os::mount_new("overlay", folder,
                       fmt::format("lowerdir={},upperdir={},workdir={}/work,userxattr",
                                   overlay_word(folder), upper, layers),
                       MS_NOSUID | MS_NODEV);
}

}  // namespace

Result<> make_user_folders(const std::string& path, unsigned uid, unsigned mode) {
  for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    const bool last = end == std::string::npos;
    if (::mkdir(part.c_str(), 0755) == 0) {
      // Not mkdir's own mode: the umask would take from it.
      if (::chmod(part.c_str(), last ? mode : 0755) != 0) {
        return system_error("chmod " + part, errno);
      }
      RELAPSE_TRY(give_to_user(part, uid));
    } else {
      const int cause = errno;
      struct stat found {};
      if (::stat(part.c_str(), &found) != 0 || !S_ISDIR(found.st_mode)) {
        return cannot_make(part, cause);
      }
    }
    if (last) {
      return Done{};
    }
  }
}

Result<> mount_private_folders(const WorldShape& shape) {
  RELAPSE_TRY(os::mount_new("tmpfs", kPrivateRoot,
                            fmt::format("mode=755,size={}", shape.disk_bytes),
                            MS_NOSUID | MS_NODEV));
  RELAPSE_TRY(show_user_database(shape));
  // The last, /tmp, covers where the others come from.
  static_assert(std::string_view(kPrivateFolders.back().target) == "/tmp");
  for (const auto& folder : kPrivateFolders) {
    const std::string source = kPrivateRoot + "/" + folder.name;
    if (::mkdir(source.c_str(), 0755) != 0 || ::chmod(source.c_str(), folder.mode) != 0) {
      return system_error("mkdir " + source, errno);
    }
  }
  for (const auto& folder : kPrivateFolders) {
    RELAPSE_TRY(os::bind(kPrivateRoot + "/" + folder.name, folder.target, Depth::kAlone));
  }
  return Done{};
}

Result<> mount_given(const WorldSpec& spec, const std::vector<os::Fd>& trees) {
  for (size_t i = 0; i < spec.mounts.size(); ++i) {
    const std::string& target = spec.mounts[i].target;
    struct stat source {};
    if (::fstat(trees.at(i).get(), &source) != 0) {
      return system_error("stat " + spec.mounts[i].source, errno);
    }
    // Outside the private folders the place is there already: the template has it.
    if (S_ISDIR(source.st_mode)) {
      RELAPSE_TRY(make_user_folders(target, spec.uid));
    } else if (struct stat found{}; ::stat(target.c_str(), &found) != 0) {
      RELAPSE_TRY(make_user_folders(fs::path(target).parent_path(), spec.uid));
      RELAPSE_TRY(write_text(target, "", 0644));
    }
    RELAPSE_TRY(os::attach_tree(trees[i], target));
    if (spec.mounts[i].writable_copy) {
      RELAPSE_TRY(make_writable(target, fmt::format("/run/relapse/layers/{}", i), source));
    }
  }
  return Done{};
}

Result<> make_files(const WorldSpec& spec, const std::vector<os::Fd>& copies) {
  size_t copied = 0;
  for (const auto& file : spec.files) {
    switch (file.kind) {
      case WorldFile::Kind::kFolder:
        RELAPSE_TRY(make_user_folders(file.path, spec.uid, file.mode));
        break;
      case WorldFile::Kind::kCopyOfTree:
        RELAPSE_TRY(make_user_folders(fs::path(file.path).parent_path(), spec.uid));
        RELAPSE_TRY(copy_tree(copies.at(copied++), file, spec.uid));
        break;
      case WorldFile::Kind::kFile:
      case WorldFile::Kind::kLink:
        RELAPSE_TRY(make_plain_file(file, spec.uid));
        break;
    }
  }
  return Done{};
}

}  // namespace relapse::world
