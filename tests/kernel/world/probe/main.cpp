// A subject that tries what no subject may: one line for everything that it achieved. Silence is
// what the tests want.

#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

namespace {

void achieved(const std::string& what) {
  std::printf("%s\n", what.c_str());
}

void try_init() {
  if (::kill(1, SIGTERM) == 0 && ::geteuid() == 0) {
    achieved("sent a signal to PID 1 as another user");
  }
  if (::ptrace(PTRACE_SEIZE, 1, nullptr, nullptr) == 0) {
    achieved("traced PID 1");
  }
  std::array<char, 8> bytes{};
  iovec here{bytes.data(), bytes.size()};
  iovec there{reinterpret_cast<void*>(&try_init), bytes.size()};
  if (::process_vm_readv(1, &here, 1, &there, 1, 0) > 0 || errno != EPERM) {
    achieved("read PID 1's memory");
  }
  for (const char* name : {"mem", "environ", "maps", "io", "syscall"}) {
    const std::string path = std::string("/proc/1/") + name;
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file >= 0 && ::read(file, bytes.data(), bytes.size()) > 0) {
      achieved("read " + path);
    }
  }
  for (const char* name : {"root/etc", "cwd/etc", "fd/0", "ns/mnt"}) {
    struct stat found {};
    if (const std::string path = std::string("/proc/1/") + name;
        ::stat(path.c_str(), &found) == 0) {
      achieved("looked into " + path);
    }
  }
}

void try_processes() {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") == std::string::npos && name != "1" &&
        name != std::to_string(::getpid())) {
      achieved("saw process " + name);
    }
  }
}

void try_descriptors() {
  for (int fd = 3; fd < 1024; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) {
      achieved("inherited descriptor " + std::to_string(fd));
    }
  }
}

// By writing what is there already: some files say yes until somebody writes.
bool can_write(const std::string& path) {
  std::array<char, 4096> content{};
  const int from = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  const ssize_t size = from >= 0 ? ::read(from, content.data(), content.size()) : -1;
  const int to = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK);
  const bool written =
      to >= 0 && size > 0 && ::write(to, content.data(), static_cast<size_t>(size)) > 0;
  ::close(from);
  ::close(to);
  return written;
}

void try_settings() {
  for (const char* folder : {"/proc/sys", "/sys"}) {
    std::error_code error;
    std::filesystem::recursive_directory_iterator entries(
        folder, std::filesystem::directory_options::skip_permission_denied, error);
    for (; !error && entries != std::filesystem::recursive_directory_iterator();
         entries.increment(error)) {
      const std::string path = entries->path();
      if (entries->is_regular_file(error) && ::access(path.c_str(), W_OK) == 0 && can_write(path)) {
        achieved("wrote " + path);
      }
    }
  }
}

void try_files() {
  for (const char* path : {"/x", "/etc/x", "/dev/x", "/usr/x", "/var/x", "/opt/x", "/root/x"}) {
    if (::open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644) >= 0) {
      achieved(std::string("wrote ") + path);
    }
  }
}

void try_network() {
  struct if_nameindex* names = ::if_nameindex();
  for (auto* one = names; one != nullptr && one->if_index != 0; ++one) {
    if (std::strcmp(one->if_name, "lo") != 0) {
      achieved(std::string("has interface ") + one->if_name);
    }
  }
  ::if_freenameindex(names);
}

void try_capabilities() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("Cap") && line.find_first_not_of("0", line.find('\t') + 1) != line.npos) {
      achieved(line);
    }
    if (line.starts_with("NoNewPrivs:") && line.back() != '1') {
      achieved(line);
    }
  }
}

// With all capabilities in a user namespace of its own, a subject still cannot take off what
// covers the host.
void try_uncovering() {
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
    return;
  }
  for (const char* folder : {"/tmp", "/home", "/run", "/proc", "/dev", "/sys", "/etc/passwd"}) {
    if (::umount2(folder, MNT_DETACH) == 0) {
      achieved(std::string("uncovered ") + folder);
    }
  }
  if (::mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND, nullptr) == 0) {
    achieved("made / writable");
  }
  if (::mount("/", "/mnt", nullptr, MS_BIND, nullptr) == 0) {
    achieved("parted / from what covers it");
  }
  try_settings();
  try_init();
}

}  // namespace

int main() {
  try_descriptors();  // before we have any of our own
  try_init();
  try_processes();
  try_settings();
  try_files();
  try_network();
  try_capabilities();
  try_uncovering();
  return 0;
}
