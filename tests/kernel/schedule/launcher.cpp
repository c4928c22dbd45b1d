#include "launcher.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "catch.h"
#include "os/files.h"
#include "os/message.h"

namespace relapse::test {

namespace fs = std::filesystem;

namespace {

// Between fork and exec: async-signal-safe calls only.
[[noreturn]] void become_subject(const std::vector<sock_filter>& filter, char* const* argv,
                                 int socket, int output) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  int listener =
      os::install_notify_filter(filter.data(), static_cast<std::uint16_t>(filter.size()), true);
  if (listener < 0 || os::send_fd(socket, "listener", listener) != 0) {
    ::_exit(120);
  }
  ::execvp(argv[0], argv);
  ::_exit(121);
}

struct Child {
  int pid = 0;
  os::Fd socket;
};

Child spawn(const std::vector<sock_filter>& filter, std::vector<std::string> argv,
            const std::string& output_file) {
  std::vector<char*> arguments;
  arguments.reserve(argv.size() + 1);
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
  words.reserve(argv.size());
  for (const auto& word : argv) {
    words.push_back(word == "{}" ? folder_ : word);
  }
  std::string output_file = root_ + "/output";
  Child child = spawn(*filter, words, output_file);
  run::ScheduleSubject subject;
  auto message = os::receive_message(child.socket.get());
  REQUIRE(message);
  REQUIRE(*message);
  REQUIRE((*message)->fds.size() == 1);
  subject.listener = std::move((*message)->fds[0]);
  subject.root_pid = child.pid;
  subject.folders = options.folders.empty() ? std::vector{folder_} : options.folders;
  if (options.session.limits.deadline_ms == run::ScheduleLimits{}.deadline_ms) {
    options.session.limits.deadline_ms = 30'000;
  }
  auto session = run::ScheduleSession::start(std::move(subject), plan, options.session);
  REQUIRE(session);
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
