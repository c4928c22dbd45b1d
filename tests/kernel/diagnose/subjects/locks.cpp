// Locks of threads and of files.

#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/mman.h>

#include <thread>

#include "subject.h"

namespace {

pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER;
pthread_mutex_t second = PTHREAD_MUTEX_INITIALIZER;

void take_both(pthread_mutex_t* a, pthread_mutex_t* b) {
  pthread_mutex_lock(a);
  ::usleep(300'000);
  pthread_mutex_lock(b);
}

int mutex_cycle(bool heartbeat) {
  if (heartbeat) {
    std::thread([] {
      for (;;) {
        ::usleep(300'000);
        (void)!::write(1, "beat\n", 5);
      }
    }).detach();
  }
  std::thread one(take_both, &first, &second);
  std::thread two(take_both, &second, &first);
  one.join();
  two.join();
  return 0;
}

int mutex_held() {
  std::thread holder([] {
    pthread_mutex_lock(&first);
    sleep_for_ever();
  });
  ::usleep(300'000);
  pthread_mutex_lock(&first);
  return 0;
}

int mutex_of_itself() {
  pthread_mutex_lock(&first);
  pthread_mutex_lock(&first);
  return 0;
}

// The thread that would unlock stayed in the parent.
int mutex_over_fork() {
  std::thread holder([] {
    pthread_mutex_lock(&first);
    ::usleep(600'000);
    pthread_mutex_unlock(&first);
  });
  ::usleep(200'000);
  pid_t child = child_of("forked", [] {
    pthread_mutex_lock(&first);
    return 0;
  });
  holder.join();
  return wait_for(child);
}

std::string lock_path(const char* name) {
  return std::string("lock") + name;
}

void lock_file(int fd, const std::string& kind) {
  struct flock whole {};
  whole.l_type = F_WRLCK;
  if (kind == "flock") {
    must(::flock(fd, LOCK_EX) == 0, "flock");
  } else {
    constexpr int kOfdSetLkw = 38;
    must(::fcntl(fd, kind == "ofd" ? kOfdSetLkw : F_SETLKW, &whole) == 0, "fcntl");
  }
}

int file_lock(const std::string& kind) {
  std::string path = lock_path("");
  int own = ::open(path.c_str(), O_RDWR | O_CREAT, 0600);
  must(own >= 0, "open");
  lock_file(own, kind);
  pid_t child = child_of("wanter", [&] {
    int fd = ::open(path.c_str(), O_RDWR);
    if (kind != "flock") {
      ::close(own);
    }
    lock_file(fd, kind);
    return 0;
  });
  return wait_for(child);
}

// Two children hold one file each and want the other's, while a third keeps the house alive.
int file_lock_cycle() {
  std::string paths[2] = {lock_path("a"), lock_path("b")};
  for (int i = 0; i < 2; ++i) {
    child_of(i == 0 ? "left" : "right", [&] {
      int mine = ::open(paths[i].c_str(), O_RDWR | O_CREAT, 0600);
      int theirs = ::open(paths[1 - i].c_str(), O_RDWR | O_CREAT, 0600);
      lock_file(mine, "flock");
      ::usleep(400'000);
      lock_file(theirs, "flock");
      return 0;
    });
  }
  for (;;) {
    ::usleep(400'000);
    (void)!::write(1, "beat\n", 5);
  }
}

// --- these go on by themselves ---

int lock_for_4s() {
  std::string path = lock_path("");
  int own = ::open(path.c_str(), O_RDWR | O_CREAT, 0600);
  lock_file(own, "flock");
  pid_t child = child_of("wanter", [&] {
    int fd = ::open(path.c_str(), O_RDWR);
    ::close(own);
    lock_file(fd, "flock");
    return 0;
  });
  ::sleep(4);
  ::flock(own, LOCK_UN);
  return wait_for(child);
}

// The main thread waits for a condition that a sleeping thread signals after 4 s.
int condition_after_4s() {
  static pthread_cond_t ready = PTHREAD_COND_INITIALIZER;
  pthread_mutex_lock(&first);
  std::thread([] {
    ::sleep(4);
    pthread_mutex_lock(&first);
    pthread_cond_signal(&ready);
    pthread_mutex_unlock(&first);
  }).detach();
  pthread_cond_wait(&ready, &first);
  return 0;
}

int timed_condition() {
  static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
  pthread_mutex_lock(&first);
  timespec due{};
  ::clock_gettime(CLOCK_REALTIME, &due);
  due.tv_sec += 4;
  return pthread_cond_timedwait(&never, &first, &due) == ETIMEDOUT ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  return run_case(argc, argv,
                  {{"cycle", [] { return mutex_cycle(false); }},
                   {"cycle-heartbeat", [] { return mutex_cycle(true); }},
                   {"held", mutex_held},
                   {"itself", mutex_of_itself},
                   {"over-fork", mutex_over_fork},
                   {"flock", [] { return file_lock("flock"); }},
                   {"posix", [] { return file_lock("posix"); }},
                   {"ofd", [] { return file_lock("ofd"); }},
                   {"file-cycle", file_lock_cycle},
                   {"lock-4s", lock_for_4s},
                   {"condition-4s", condition_after_4s},
                   {"timed-condition", timed_condition}});
}
