// Small programs with a known race, their correct twins, and programs that are awkward to control.
// Usage: racer MODE FOLDER. Exit 0: all went well; 1: the race was lost; 2: usage or set-up.

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

std::atomic<bool> g_failed = false;

void complain(const std::string& what, const std::string& path) {
  std::fprintf(stderr, "%s %s: %s\n", what.c_str(), path.c_str(), std::strerror(errno));
  g_failed = true;
}

bool create(const std::string& path) {
  int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0644);
  if (fd < 0) {
    complain("create", path);
    return false;
  }
  if (::write(fd, "x", 1) != 1) {
    complain("write", path);
  }
  ::close(fd);
  return true;
}

void make_path(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) {
    return;
  }
  if (errno == ENOENT) {
    make_path(fs::path(path).parent_path());
    if (::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) {
      return;
    }
  }
  complain("mkdir", path);
}

// One task of a downloader: (bad) clear the mount, make it, resolve it, unpack into it.
void unpack(const std::string& mount, bool clear_first) {
  std::error_code error;
  if (clear_first) {
    fs::remove_all(mount, error);
  }
  make_path(mount);
  char resolved[PATH_MAX];
  if (::realpath(mount.c_str(), resolved) == nullptr) {
    complain("canonicalize", mount);
    return;
  }
  create(mount + "/one");
  create(mount + "/two");
}

// The parent's task stands first, so that by itself the race is hardly ever lost.
int download(const std::string& folder, bool bad) {
  std::string home = folder + "/home";
  std::vector<std::string> mounts = {home, home + "/skills/a", home + "/skills/b"};
  if (!bad) {
    for (const auto& mount : mounts) {
      fs::remove_all(mount);
    }
  }
  std::vector<std::thread> threads;
  for (const auto& mount : mounts) {
    threads.emplace_back(unpack, mount, bad);
  }
  for (auto& thread : threads) {
    thread.join();
  }
  for (const auto& mount : mounts) {
    for (const char* name : {"/one", "/two"}) {
      if (!fs::exists(mount + name)) {
        std::fprintf(stderr, "lost %s%s\n", mount.c_str(), name);
        g_failed = true;
      }
    }
  }
  return g_failed ? 1 : 0;
}

// Two threads that count in a file. (Bad) read, then write, without a lock: an update is lost.
int counter(const std::string& folder, bool bad) {
  std::string path = folder + "/count";
  std::string lock_path = folder + "/lock";
  auto read_count = [&] {
    int fd = ::open(path.c_str(), O_RDONLY);
    char digit = '0';
    if (fd >= 0) {
      if (::read(fd, &digit, 1) < 0) {
        complain("read", path);
      }
      ::close(fd);
    }
    return digit - '0';
  };
  auto add = [&] {
    int lock = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (!bad && ::flock(lock, LOCK_EX) != 0) {
      complain("flock", lock_path);
    }
    char digit = static_cast<char>('0' + read_count() + 1);
    int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (::write(fd, &digit, 1) != 1) {
      complain("write", path);
    }
    ::close(fd);
    ::close(lock);
  };
  std::thread a(add);
  std::thread b(add);
  a.join();
  b.join();
  int count = read_count();
  std::fprintf(stderr, "count %d\n", count);
  return g_failed || count != 2 ? 1 : 0;
}

// A thread spins, without any call, until another has made a folder.
int spin(const std::string& folder) {
  std::atomic<bool> made = false;
  std::thread maker([&] {
    make_path(folder + "/spun");
    create(folder + "/spun/file");
    made = true;
  });
  while (!made) {
  }
  maker.join();
  return g_failed ? 1 : 0;
}

// Never comes to a scheduling point, and takes a while about it.
int compute() {
  volatile unsigned sum = 0;
  auto until = std::chrono::steady_clock::now() + 400ms;
  while (std::chrono::steady_clock::now() < until) {
    sum = sum + 1;
  }
  return 0;
}

// Waits for a lock made by mkdir: asks every millisecond, gives up after 20 s. Correct.
int poll_for_lock(const std::string& folder) {
  std::string lock = folder + "/lock";
  auto work = [&](int number) {
    auto until = std::chrono::steady_clock::now() + 20s;
    while (::mkdir(lock.c_str(), 0755) != 0) {
      if (std::chrono::steady_clock::now() > until) {
        complain("lock", lock);
        return;
      }
      std::this_thread::sleep_for(1ms);
    }
    for (int i = 0; i < 5; ++i) {
      create(folder + "/" + std::to_string(number) + "." + std::to_string(i));
    }
    ::rmdir(lock.c_str());
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back(work, i);
  }
  for (auto& thread : threads) {
    thread.join();
  }
  return g_failed ? 1 : 0;
}

// Installs a filter of its own, as browsers and container tools do; then one with a listener,
// which must not work while somebody supervises (EBUSY).
int own_filter(const std::string& folder) {
  sock_filter allow[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  sock_fprog program{1, allow};
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) {
    complain("seccomp", "own filter");
  }
  long listener =
      ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
  std::fprintf(stderr, "listener: %s\n", listener < 0 ? std::strerror(errno) : "mine");
  return download(folder, false);
}

// Cannot do without a listener of its own.
int own_listener(const std::string& folder) {
  ::mkdir((folder + "/made").c_str(), 0755);
  sock_filter allow[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  sock_fprog program{1, allow};
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  long listener =
      ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
  return listener < 0 ? 1 : 0;
}

// Interrupts itself every 200 µs, as runtimes do to their threads, while it makes and removes
// folders. Correct: no call may fail.
int signals(const std::string& folder) {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGALRM, &action, nullptr);
  itimerval interval{{0, 200}, {0, 200}};
  ::setitimer(ITIMER_REAL, &interval, nullptr);
  for (int i = 0; i < 200; ++i) {
    std::string path = folder + "/" + std::to_string(i);
    if (::mkdir(path.c_str(), 0755) != 0) {
      complain("mkdir", path);
    }
    if (::rmdir(path.c_str()) != 0) {
      complain("rmdir", path);
    }
  }
  return g_failed ? 1 : 0;
}

// One thread is killed with its process while another's call is held.
int killed(const std::string& folder) {
  std::thread other([&] {
    for (int i = 0; i < 50; ++i) {
      ::mkdir((folder + "/" + std::to_string(i)).c_str(), 0755);
    }
  });
  ::mkdir((folder + "/mine").c_str(), 0755);
  ::kill(::getpid(), SIGKILL);
  other.join();
  return 0;
}

// Leaves the filter's reach, or tries to: prints the errno of each way.
int ways_around() {
  errno = 0;
  long ring = ::syscall(SYS_io_uring_setup, 1, nullptr);
  std::fprintf(stderr, "io_uring %s\n", ring < 0 ? std::strerror(errno) : "works");
#if defined(__x86_64__)
  long answer = 20;  // getpid of the 32-bit table
  asm volatile("int $0x80" : "+a"(answer) : : "memory");
  std::fprintf(stderr, "int80 %s\n", answer == -ENOSYS ? std::strerror(ENOSYS) : "works");
  errno = 0;
  long x32 = ::syscall(0x40000000 | SYS_getpid);
  std::fprintf(stderr, "x32 %s\n", x32 < 0 ? std::strerror(errno) : "works");
#endif
  return 0;
}

// Tries to leave its CPU and its policy: is told that it did.
int leave_cpu(const std::string& folder) {
  cpu_set_t all;
  std::memset(&all, 0xff, sizeof(all));
  sched_param normal{};
  if (::sched_setaffinity(0, sizeof(all), &all) != 0 ||
      ::sched_setscheduler(0, SCHED_OTHER, &normal) != 0) {
    return 1;
  }
  return download(folder, false);
}

// Sleeps for ever while another thread works.
int stuck(const std::string& folder) {
  make_path(folder + "/made");
  ::pause();
  return 0;
}

// Prints what getrandom gives: the same under one seed.
int random_bytes() {
  unsigned long value = 0;
  if (::syscall(SYS_getrandom, &value, sizeof(value), 0) != sizeof(value)) {
    return 1;
  }
  std::fprintf(stderr, "random %lx\n", value);
  return 0;
}

// Copies into a file in one write each, and says how much got there.
int writer(const std::string& folder) {
  int fd = ::open((folder + "/out").c_str(), O_WRONLY | O_CREAT, 0644);
  for (int i = 0; i < 4; ++i) {
    ssize_t written = ::write(fd, "0123456789", 10);
    std::fprintf(stderr, "%zd %s\n", written, written < 0 ? std::strerror(errno) : "");
  }
  ::close(fd);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    return 2;
  }
  std::string mode = argv[1];
  std::string folder = argv[2];
  if (mode == "download-bad" || mode == "download-good") {
    return download(folder, mode == "download-bad");
  }
  if (mode == "counter-bad" || mode == "counter-good") {
    return counter(folder, mode == "counter-bad");
  }
  if (mode == "spin") {
    return spin(folder);
  }
  if (mode == "compute") {
    return compute();
  }
  if (mode == "poll") {
    return poll_for_lock(folder);
  }
  if (mode == "own-filter") {
    return own_filter(folder);
  }
  if (mode == "own-listener") {
    return own_listener(folder);
  }
  if (mode == "random") {
    return random_bytes();
  }
  if (mode == "signals") {
    return signals(folder);
  }
  if (mode == "killed") {
    return killed(folder);
  }
  if (mode == "ways-around") {
    return ways_around();
  }
  if (mode == "leave-cpu") {
    return leave_cpu(folder);
  }
  if (mode == "stuck") {
    return stuck(folder);
  }
  if (mode == "writer") {
    return writer(folder);
  }
  return 2;
}
