#include "world/zygote/world_init.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "os/message.h"
#include "os/mounts.h"
#include "world/zygote/subject_start.h"
#include "world/zygote/template_root.h"

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

// The private folders: one file system, so that one limit holds for all of them together.
struct PrivateFolder {
  const char* name;
  const char* target;
  unsigned mode;
};
constexpr std::array<PrivateFolder, 5> kPrivate = {{
    {"home", "/home", 0755},
    {"run", "/run", 0755},
    {"var-tmp", "/var/tmp", 01777},
    {"shm", "/dev/shm", 01777},
    {"tmp", "/tmp", 01777},  // last: it covers where the others come from
}};

// Where something that belongs at `path` lies until the private folders are in their places.
std::string place_before_cover(const std::string& path) {
  for (const auto& folder : kPrivate) {
    const std::string target = folder.target;
    if (path.starts_with(target + "/")) {
      return kPrivateRoot + "/" + folder.name + path.substr(target.size());
    }
  }
  return path;
}

Result<> give_to_user(const std::string& path, unsigned uid) {
  if (::lchown(path.c_str(), uid, uid) != 0) {
    return system_error("chown " + path, errno);
  }
  return Done{};
}

// `path` and its missing parents, each the user's.
Result<> make_user_folders(const std::string& path, unsigned uid, unsigned mode = 0755) {
  for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    std::string part = path.substr(0, end);
    if (::mkdir(part.c_str(), end == std::string::npos ? mode : 0755) == 0) {
      auto given = give_to_user(part, uid);
      if (!given) {
        return given;
      }
    } else if (errno != EEXIST && errno != EROFS && errno != EACCES) {
      return system_error("mkdir " + part, errno);
    }
    if (end == std::string::npos) {
      return Done{};
    }
  }
}

// passwd(5) and group(5), so that the user has a name and a home whoever the host's users are.
Result<> make_user_database(const WorldSpec& spec) {
  const std::array<std::pair<std::string, std::string>, 2> files = {{
      {"passwd", fmt::format("root:x:0:0:root:/root:/bin/sh\n{0}:x:{1}:{1}:{0}:{2}:/bin/bash\n"
                             "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
                             spec.user, spec.uid, spec.home)},
      {"group",
       fmt::format("root:x:0:\ntty:x:5:\n{}:x:{}:\nnogroup:x:65534:\n", spec.user, spec.uid)},
  }};
  for (const auto& [name, text] : files) {
    const std::string source = kPrivateRoot + "/" + name;
    std::ofstream(source) << text;
    ::chmod(source.c_str(), 0644);
    auto bound = os::bind(source, "/etc/" + name, Depth::kAlone);
    if (!bound) {
      return bound;
    }
  }
  return Done{};
}

Result<> copy_tree(const WorldFile& file, unsigned uid) {
  std::error_code error;
  fs::copy(kHostView + file.content, file.path,
           fs::copy_options::recursive | fs::copy_options::copy_symlinks, error);
  if (error) {
    return system_error(fmt::format("copy {} to {}", file.content, file.path), error.value());
  }
  auto given = give_to_user(file.path, uid);
  for (const auto& entry : fs::recursive_directory_iterator(file.path, error)) {
    if (given) {
      given = give_to_user(entry.path(), uid);
    }
  }
  return error ? system_error("walk " + file.path, error.value()) : given;
}

Result<> make_file(const WorldFile& file, unsigned uid) {
  if (!is_private(file.path)) {
    return Error{ErrorKind::kScenario, file.path + " is outside the world's private folders",
                 "place it below /home, /tmp, /run or /var/tmp", "", 0};
  }
  if (file.kind == WorldFile::Kind::kFolder) {
    return make_user_folders(file.path, uid, file.mode);
  }
  auto parents = make_user_folders(fs::path(file.path).parent_path(), uid);
  if (!parents) {
    return parents;
  }
  if (file.kind == WorldFile::Kind::kCopyOfTree) {
    return copy_tree(file, uid);
  }
  if (file.kind == WorldFile::Kind::kLink) {
    if (::symlink(file.content.c_str(), file.path.c_str()) != 0) {
      return system_error("symlink " + file.path, errno);
    }
    return give_to_user(file.path, uid);
  }
  std::ofstream out(file.path, std::ios::binary);
  out << file.content;
  out.close();
  if (!out || ::chmod(file.path.c_str(), file.mode) != 0) {
    return system_error("write " + file.path, errno);
  }
  return give_to_user(file.path, uid);
}

Result<> mount_private(const WorldSpec& spec) {
  auto step =
      os::mount_new("tmpfs", kPrivateRoot, fmt::format("mode=755,size={}", spec.limits.disk_bytes),
                    MS_NOSUID | MS_NODEV);
  if (step) {
    step = make_user_database(spec);
  }
  for (const auto& folder : kPrivate) {
    const std::string source = kPrivateRoot + "/" + folder.name;
    if (!step) {
      return step;
    }
    if (::mkdir(source.c_str(), 0755) != 0 || ::chmod(source.c_str(), folder.mode) != 0) {
      return system_error("mkdir " + source, errno);
    }
  }
  return step;
}

// Shows what the plan asks for; what lies below a private folder must be mounted in the private
// folder's own file system before /tmp covers the host's view.
Result<> mount_given(const WorldSpec& spec) {
  for (const auto& mount : spec.mounts) {
    const std::string target = place_before_cover(mount.target);
    const std::string source = kHostView + mount.source;
    struct stat found {};
    if (::stat(source.c_str(), &found) != 0) {
      return system_error("stat " + mount.source, errno);
    }
    Result<> step = Done{};
    if (target != mount.target) {
      const bool folder = S_ISDIR(found.st_mode);
      step = make_user_folders(folder ? target : fs::path(target).parent_path().string(), spec.uid);
      os::Fd placeholder(folder ? -1
                                : ::open(target.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
    }
    if (step) {
      step = os::bind(source, target, Depth::kWithSubmounts);
    }
    if (step) {
      step = os::make_read_only(target, Depth::kWithSubmounts);
    }
    if (!step) {
      return step;
    }
  }
  return Done{};
}

// Copies come from the host's view, so before it is covered; everything else when all folders
// have their places.
Result<> make_files(const WorldSpec& spec, bool before_cover) {
  for (const auto& file : spec.files) {
    if ((file.kind == WorldFile::Kind::kCopyOfTree) != before_cover) {
      continue;
    }
    WorldFile placed = file;
    placed.path = before_cover ? place_before_cover(file.path) : file.path;
    auto made = make_file(placed, spec.uid);
    if (!made) {
      return made;
    }
  }
  return Done{};
}

Result<> build_world(const WorldSpec& spec) {
  auto step = mount_private(spec);
  if (step) {
    step = mount_given(spec);
  }
  if (step) {
    step = make_files(spec, true);
  }
  if (step) {
    step = os::mount_new("devpts", "/dev/pts", "newinstance,ptmxmode=0666,mode=0620",
                         MS_NOSUID | MS_NOEXEC);
  }
  for (const auto& folder : kPrivate) {
    if (step) {
      step = os::bind(kPrivateRoot + "/" + folder.name, folder.target, Depth::kWithSubmounts);
    }
  }
  // Last: the id maps were written through the template's.
  if (step) {
    step = os::mount_new("proc", "/proc", "", MS_NOSUID | MS_NODEV | MS_NOEXEC);
  }
  if (step) {
    step = make_user_folders(spec.home, spec.uid);
  }
  if (step) {
    step = make_files(spec, false);
  }
  if (step && ::sethostname(spec.host_name.c_str(), spec.host_name.size()) != 0) {
    step = system_error("sethostname", errno);
  }
  return step;
}

[[noreturn]] void fail(const os::Fd& control, const Error& error) {
  nlohmann::json event = {{"event", "failed"},
                          {"kind", error.kind == ErrorKind::kScenario ? "scenario" : "system"},
                          {"message", error.message},
                          {"remedy", error.remedy}};
  (void)os::send_message(control.get(), event.dump());  // nobody is left to tell
  ::_exit(1);
}

// Reaps whatever dies in the world; the subject's own end is reported with what it used.
void reap(const os::Fd& control, int subject) {
  int status = 0;
  rusage used{};
  for (int pid = 0; (pid = ::wait4(-1, &status, WNOHANG, &used)) > 0;) {
    if (pid != subject) {
      continue;
    }
    nlohmann::json event = {{"event", "exited"},
                            {"status", status},
                            {"cpu_ms", (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 +
                                           (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000},
                            {"memory_max_kib", used.ru_maxrss}};
    (void)os::send_message(control.get(), event.dump());  // a gone supervisor shows in poll
  }
}

[[noreturn]] void serve(const os::Fd& control, const os::Fd& deaths, int subject) {
  reap(control, subject);
  for (;;) {
    std::array<pollfd, 2> waits = {{{control.get(), POLLIN, 0}, {deaths.get(), POLLIN, 0}}};
    if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) {
      ::_exit(1);
    }
    if (waits[1].revents != 0) {
      signalfd_siginfo info{};
      (void)::read(deaths.get(), &info, sizeof(info));  // a hint; wait4 tells what happened
      reap(control, subject);
    }
    if (waits[0].revents != 0) {
      ::_exit(0);  // the supervisor says nothing here: it has closed
    }
  }
}

}  // namespace

void run_world_init(WorldInit init) {
  char go = 0;
  if (::read(init.ready.get(), &go, 1) != 1) {
    ::_exit(1);  // the zygote has given up, and says why itself
  }
  init.ready.reset();
  const unsigned id = init.as_root ? 0 : init.spec.uid;
  if (::setresgid(id, id, id) != 0 || ::setresuid(id, id, id) != 0) {
    fail(init.control, system_error("take the world's user", errno));
  }
  ::umask(022);
  // The group is known only now, so the namespace that shows it as / is made only now.
  if (::unshare(CLONE_NEWCGROUP) != 0) {
    fail(init.control, system_error("unshare cgroup namespace", errno));
  }
  auto built = build_world(init.spec);
  if (!built) {
    fail(init.control, built.error());
  }
  sigset_t deaths;
  sigemptyset(&deaths);
  sigaddset(&deaths, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &deaths, nullptr);
  os::Fd death_fd(::signalfd(-1, &deaths, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!death_fd.valid()) {
    fail(init.control, system_error("signalfd", errno));
  }
  auto subject = start_subject(init.spec, init.stdio, init.control);
  if (!subject) {
    fail(init.control, subject.error());
  }
  for (auto& stdio : init.stdio) {
    stdio.reset();  // the far ends must see the subject's end, not ours
  }
  auto told = os::send_message(init.control.get(),
                               nlohmann::json{{"event", "started"}, {"pid", *subject}}.dump());
  if (!told) {
    ::_exit(1);
  }
  serve(init.control, death_fd, *subject);
}

}  // namespace relapse::world
