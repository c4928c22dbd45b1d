// Pipes, FIFOs, terminals: inputs that nobody writes, outputs that nobody reads.

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

#include <array>
#include <thread>
#include <vector>

#include "subject.h"

namespace {

struct Ends {
  int read;
  int write;
};

Ends make_pipe() {
  std::array<int, 2> fds{};
  must(::pipe(fds.data()) == 0, "pipe");
  return {fds[0], fds[1]};
}

int read_all(int fd) {
  std::array<char, 4096> buffer{};
  while (::read(fd, buffer.data(), buffer.size()) > 0) {
  }
  return 0;
}

// The parent keeps the child's input open and waits for the child.
int stdin_open(const std::function<int()>& reader) {
  Ends in = make_pipe();
  pid_t child = child_of("agent", [&] {
    ::dup2(in.read, 0);
    ::close(in.read);
    ::close(in.write);
    return reader();
  });
  ::close(in.read);
  return wait_for(child);
}

int stdin_open_pair() {
  std::array<int, 2> pair{};
  must(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()) == 0, "socketpair");
  pid_t child = child_of("agent", [&] {
    ::dup2(pair[1], 0);
    ::close(pair[0]);
    ::close(pair[1]);
    return read_all(0);
  });
  ::close(pair[1]);
  must(::write(pair[0], "hello\n", 6) == 6, "write");
  return wait_for(child);
}

// A helper thread reads, the main thread and ten more idle.
int read_in_a_thread() {
  std::vector<std::thread> threads;
  threads.emplace_back([] { read_all(0); });
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
  for (int i = 0; i < 10; ++i) {
    threads.emplace_back([] {
      pthread_mutex_lock(&lock);
      for (;;) {
        pthread_cond_wait(&never, &lock);
      }
    });
  }
  threads.front().join();
  return 0;
}

// Housekeeping every 100 ms, an input in the set, and a time-out that never matters.
int poll_with_housekeeping() {
  for (;;) {
    pollfd input{0, POLLIN, 0};
    if (::poll(&input, 1, 100) > 0) {
      return 0;
    }
  }
}

int write_end_leaked() {
  Ends in = make_pipe();
  pid_t child = child_of("leaker", [&] {
    ::dup2(in.read, 0);
    ::close(in.read);  // and forgets in.write
    return read_all(0);
  });
  ::close(in.read);
  ::close(in.write);
  return wait_for(child);
}

int pipe_empty() {
  Ends control = make_pipe();
  pid_t child = child_of("worker", [&] {
    ::close(control.write);
    return read_all(control.read);
  });
  ::close(control.read);
  return wait_for(child);
}

int pipe_full() {
  Ends out = make_pipe();
  pid_t child = child_of("writer", [&] {
    ::close(out.read);
    std::vector<char> much(size_t{200} << 10, 'x');
    return ::write(out.write, much.data(), much.size()) > 0 ? 0 : 1;
  });
  ::close(out.write);
  return wait_for(child);  // before it reads
}

int orphan_holds_output() {
  Ends out = make_pipe();
  pid_t child = child_of("child", [&] {
    ::dup2(out.write, 1);
    ::close(out.write);
    ::close(out.read);
    child_of("orphan", sleep_for_ever);
    ::usleep(300'000);
    return 0;
  });
  ::close(out.write);
  wait_for(child);
  return read_all(out.read);
}

int fifo_open() {
  std::string path = "fifo";
  must(::mkfifo(path.c_str(), 0600) == 0, "mkfifo");
  int fd = ::open(path.c_str(), O_RDONLY);
  return fd < 0 ? 1 : 0;
}

// The parent has the terminal's other side and waits for the child, who asks there.
int terminal() {
  int master = -1;
  int slave = -1;
  must(::openpty(&master, &slave, nullptr, nullptr, nullptr) == 0, "openpty");
  pid_t child = child_of("prompt", [&] {
    ::close(master);
    ::dup2(slave, 0);
    ::close(slave);
    std::array<char, 16> answer{};
    return ::read(0, answer.data(), answer.size()) > 0 ? 0 : 1;
  });
  ::close(slave);
  return wait_for(child);
}

// --- these go on by themselves ---

int written_after_4s() {
  Ends in = make_pipe();
  pid_t child = child_of("agent", [&] {
    ::close(in.write);
    return read_all(in.read);
  });
  ::close(in.read);
  ::sleep(4);
  ::close(in.write);
  return wait_for(child);
}

int grace_of_3s() {
  return stdin_open([] {
    pollfd input{0, POLLIN, 0};
    return ::poll(&input, 1, 3000) == 0 ? 0 : 1;
  });
}

int slow_reader() {
  Ends out = make_pipe();
  pid_t child = child_of("writer", [&] {
    ::close(out.read);
    std::vector<char> much(size_t{96} << 10, 'x');
    return ::write(out.write, much.data(), much.size()) > 0 ? 0 : 1;
  });
  ::close(out.write);
  std::array<char, 16384> buffer{};
  while (::read(out.read, buffer.data(), buffer.size()) > 0) {
    ::usleep(1'000'000);
  }
  return wait_for(child);
}

int receive_timeout() {
  std::array<int, 2> pair{};
  must(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()) == 0, "socketpair");
  timeval limit{4, 0};
  ::setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  char byte = 0;
  return ::recv(pair[0], &byte, 1, 0) < 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  return run_case(argc, argv,
                  {{"stdin-open", [] { return stdin_open([] { return read_all(0); }); }},
                   {"stdin-thread", [] { return stdin_open(read_in_a_thread); }},
                   {"stdin-poll", [] { return stdin_open(poll_with_housekeeping); }},
                   {"stdin-pair", stdin_open_pair},
                   {"write-end-leaked", write_end_leaked},
                   {"pipe-empty", pipe_empty},
                   {"pipe-full", pipe_full},
                   {"orphan", orphan_holds_output},
                   {"fifo", fifo_open},
                   {"terminal", terminal},
                   {"written-after-4s", written_after_4s},
                   {"grace-3s", grace_of_3s},
                   {"slow-reader", slow_reader},
                   {"receive-timeout", receive_timeout}});
}
