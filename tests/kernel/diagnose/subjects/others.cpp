// Children, signals, stops, timers, work.

#include <fcntl.h>
#include <sys/time.h>

#include <ctime>
#include <vector>

#include "subject.h"

namespace {

int child_never_ends() {
  return wait_for(child_of("endless", sleep_for_ever));
}

int stopped_child() {
  return wait_for(child_of("halted", [] {
    ::raise(SIGSTOP);
    return 0;
  }));
}

// --- these go on by themselves ---

int busy() {
  volatile unsigned long n = 0;
  for (;;) {
    n = n + 1;
  }
}

int slow_disk() {
  const char* path = "disk";
  int fd = ::open(path, O_RDWR | O_CREAT, 0600);
  std::vector<char> block(4096, 'x');
  for (;;) {
    must(::pwrite(fd, block.data(), block.size(), 0) > 0, "pwrite");
    ::fsync(fd);
  }
}

int retries() {
  for (;;) {
    if (::access("no-such-file", F_OK) == 0) {
      return 0;
    }
    ::usleep(50'000);
  }
}

// Waits for an input that nobody writes, until its alarm rings after 7 s.
int alarm_after_7s() {
  int ends[2] = {-1, -1};
  must(::pipe(ends) == 0, "pipe");
  struct sigaction ring {};
  ring.sa_handler = [](int) {};
  ::sigaction(SIGALRM, &ring, nullptr);
  ::alarm(7);
  char byte = 0;
  return ::read(ends[0], &byte, 1) < 0 ? 0 : 1;
}

int posix_timer() {
  timer_t timer{};
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGUSR1;
  struct sigaction ring {};
  ring.sa_handler = [](int) {};
  ::sigaction(SIGUSR1, &ring, nullptr);
  must(::timer_create(CLOCK_MONOTONIC, &event, &timer) == 0, "timer_create");
  itimerspec due{};
  due.it_value.tv_sec = 7;
  ::timer_settime(timer, 0, &due, nullptr);
  ::pause();
  return 0;
}

int slow_vfork() {
  pid_t child = ::vfork();
  if (child == 0) {
    ::sleep(4);
    ::_exit(0);
  }
  return wait_for(child);
}

}  // namespace

int main(int argc, char** argv) {
  return run_case(argc, argv,
                  {{"child", child_never_ends},
                   {"stopped", stopped_child},
                   {"pause", sleep_for_ever},
                   {"busy", busy},
                   {"slow-disk", slow_disk},
                   {"retries", retries},
                   {"alarm", alarm_after_7s},
                   {"posix-timer", posix_timer},
                   {"slow-vfork", slow_vfork}});
}
