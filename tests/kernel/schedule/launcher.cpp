#include "launcher.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "catch.h"
#include "os/files.h"

namespace relapse::test {

namespace fs = std::filesystem;

namespace {

bool send_fd(int socket, int fd) {
  char byte = 0;
  iovec data{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &fd, sizeof(int));
  return ::sendmsg(socket, &message, 0) == 1;
}

os::Fd receive_fd(int socket) {
  char byte = 0;
  iovec data{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  if (::recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1) {
    return {};
  }
  int fd = -1;
  if (cmsghdr* header = CMSG_FIRSTHDR(&message)) {
    std::memcpy(&fd, CMSG_DATA(header), sizeof(int));
  }
  return os::Fd(fd);
}

// Between fork and exec: async-signal-safe calls only.
[[noreturn]] void become_subject(const std::vector<sock_filter>& filter, char* const* argv,
                                 int socket, int output) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  int listener =
      os::install_notify_filter(filter.data(), static_cast<std::uint16_t>(filter.size()), true);
  if (listener < 0 || !send_fd(socket, listener)) {
    ::_exit(120);
  }
  char go = 0;
  if (::recv(socket, &go, 1, 0) != 1) {
    ::_exit(121);
  }
  ::execvp(argv[0], argv);
  ::_exit(122);
}

struct Child {
  int pid = 0;
  os::Fd socket;
};

Child spawn(const std::vector<sock_filter>& filter, std::vector<std::string> argv,
            const std::string& output_file) {
  std::vector<char*> arguments;
  for (auto& word : argv) {
    arguments.push_back(word.data());
  }
  arguments.push_back(nullptr);
  auto sockets = os::make_socket_pair(SOCK_SEQPACKET);
  auto output = os::open_fd(output_file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  REQUIRE(sockets);
  REQUIRE(output);
  int pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    become_subject(filter, arguments.data(), sockets->second.get(), output->get());
  }
  return {pid, std::move(sockets->first)};
}

int reap(int pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    REQUIRE(errno == EINTR);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Bench::Bench(const std::string& name) {
  root_ = std::string(RELAPSE_BINARY_DIR "/tests/kernel/schedule/bench-") + name;
  fs::remove_all(root_);
  folder_ = root_ + "/" + name;
  template_ = root_ + "/template";
  fs::create_directories(template_);
}

Bench::~Bench() {
  std::error_code ignored;  // a courtesy: the folder is in /tmp
  fs::remove_all(root_, ignored);
}

Trial Bench::run(const std::vector<std::string>& argv, const model::SchedulePlan& plan,
                 TrialOptions options) const {
  fs::remove_all(folder_);
  fs::copy(template_, folder_, fs::copy_options::recursive);
  auto filter = run::schedule_filter(plan, options.rule_calls);
  REQUIRE(filter);
  std::vector<std::string> words;
  for (const auto& word : argv) {
    words.push_back(word == "{}" ? folder_ : word);
  }
  std::string output_file = root_ + "/output";
  Child child = spawn(*filter, words, output_file);
  run::ScheduleSubject subject;
  subject.listener = receive_fd(child.socket.get());
  REQUIRE(subject.listener.valid());
  subject.root_pid = child.pid;
  subject.folders = options.folders.empty() ? std::vector{folder_} : options.folders;
  if (options.session.limits.deadline_ms == run::ScheduleLimits{}.deadline_ms) {
    options.session.limits.deadline_ms = 30'000;
  }
  auto session = run::ScheduleSession::start(std::move(subject), plan, options.session);
  REQUIRE(session);
  REQUIRE(::send(child.socket.get(), "", 1, MSG_NOSIGNAL) == 1);
  auto outcome = (*session)->finish();
  REQUIRE(outcome);
  Trial trial;
  trial.outcome = std::move(*outcome);
  trial.mode = (*session)->mode();
  if (trial.outcome.end != run::ScheduleEnd::kSubjectEnded) {
    ::kill(-child.pid, SIGKILL);
  }
  trial.exit_code = reap(child.pid);
  ::kill(-child.pid, SIGKILL);  // whatever it left behind
  auto output = os::read_file(output_file);
  REQUIRE(output);
  trial.output = *output;
  return trial;
}

model::SchedulePlan plan_of(const std::string& strategy, std::uint64_t seed,
                            model::PointSet points) {
  model::SchedulePlan plan;
  plan.strategy = strategy;
  plan.seed = seed;
  plan.points = points;
  return plan;
}

std::string subject(const std::string& kind) {
  return RELAPSE_BINARY_DIR "/tests/kernel/schedule/subjects/schedule_subject_" + kind;
}

std::string script(const std::string& name) {
  return RELAPSE_SOURCE_DIR "/tests/kernel/schedule/subjects/" + name;
}

}  // namespace relapse::test
