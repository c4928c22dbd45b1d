// What a held file system call costs under a schedule, beside `strace -e inject`, which intercepts
// the same calls by ptrace to fail one of them.
//
// For one and for four threads: the microseconds per call with nothing in between, under a
// schedule (every call held, one chosen, let go), and under strace with an injection that is never
// due (the 65535th, the last that it can count to). Ratio: what a schedule adds to the call against
// what strace adds, from the medians of kRounds, taken in turns so that a change in the machine's
// load meets all three. Usage: hold_cost [FILE]: one JSON object goes to FILE, or to stdout.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "control/schedule_session.h"
#include "os/files.h"
#include "os/message.h"
#include "os/run_program.h"

namespace {

using namespace relapse;
using model::Result;

constexpr int kRounds = 5;
constexpr int kTimeoutMs = 60'000;

double number_in(const std::string& text) {
  char* end = nullptr;
  double value = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || value <= 0) {
    fmt::print(stderr, "hold_cost: no measurement in '{}'\n", text);
    std::exit(1);
  }
  return value;
}

double plain(const std::vector<std::string>& argv) {
  auto ran = os::run_program(argv, kTimeoutMs);
  if (!ran) {
    fmt::print(stderr, "hold_cost: {}\n", ran.error().text());
    std::exit(1);
  }
  return number_in(ran->output);
}

Result<double> held(std::vector<std::string> argv, const std::string& folder,
                    const model::SchedulePlan& plan) {
  auto filter = run::schedule_filter(plan, {});
  auto sockets = os::make_socket_pair(SOCK_SEQPACKET);
  auto output = os::make_pipe();
  if (!filter || !sockets || !output) {
    return model::Error{model::ErrorKind::kSystem, "could not set up", "", "", 0};
  }
  std::vector<char*> arguments;
  arguments.reserve(argv.size() + 1);
  for (auto& word : argv) {
    arguments.push_back(word.data());
  }
  arguments.push_back(nullptr);
  int pid = ::fork();
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(output->write.get(), STDOUT_FILENO);
    int listener =
        os::install_notify_filter(filter->data(), static_cast<std::uint16_t>(filter->size()), true);
    if (listener < 0 || os::send_fd(sockets->second.get(), "listener", listener) != 0) {
      ::_exit(1);
    }
    ::execv(arguments[0], arguments.data());
    ::_exit(1);
  }
  output->write.reset();
  auto message = os::receive_message(sockets->first.get());
  if (!message) {
    return message.error();
  }
  if (!*message || (*message)->fds.empty()) {
    return model::Error{model::ErrorKind::kSystem, "no listener came", "", "", 0};
  }
  run::ScheduleSubject subject;
  subject.listener = std::move((*message)->fds[0]);
  subject.root_pid = pid;
  subject.folders = {folder};
  run::SessionOptions options;
  options.limits.deadline_ms = kTimeoutMs;
  options.predict = false;  // exploring does without; the reduced schedule is run with it once
  auto session = run::ScheduleSession::start(std::move(subject), plan, options);
  if (!session) {
    return session.error();
  }
  auto outcome = (*session)->finish();
  if (!outcome) {
    return outcome.error();
  }
  char text[64] = {};
  ssize_t size = ::read(output->read.get(), text, sizeof(text) - 1);
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  return number_in(std::string(text, size > 0 ? static_cast<size_t>(size) : 0));
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

double measure(int threads, int calls, const std::string& folder) {
  std::vector<std::string> argv = {RELAPSE_CALL_LOOP, std::to_string(threads),
                                   std::to_string(calls), folder};
  std::vector<std::string> traced = {"strace", "-f",
                                     "-o",     "/dev/null",
                                     "-e",     "trace=mkdir,rmdir",
                                     "-e",     "inject=mkdir:error=EIO:when=65535"};
  traced.insert(traced.end(), argv.begin(), argv.end());
  model::SchedulePlan plan;
  std::vector<double> uncontrolled;
  std::vector<double> scheduled;
  std::vector<double> injected;
  for (int round = 0; round < kRounds; ++round) {
    uncontrolled.push_back(plain(argv));
    plan.seed = static_cast<std::uint64_t>(round);
    auto cost = held(argv, folder, plan);
    if (!cost) {
      fmt::print(stderr, "hold_cost: {}\n", cost.error().text());
      std::exit(1);
    }
    scheduled.push_back(*cost);
    injected.push_back(plain(traced));
  }
  const double plain_us = median(uncontrolled);
  const double held_us = median(scheduled);
  const double injected_us = median(injected);
  fmt::print(stderr, "{} thread(s): a call {:.1f} us, held {:.1f}, under strace -e inject {:.1f}\n",
             threads, plain_us, held_us, injected_us);
  return (held_us - plain_us) / (injected_us - plain_us);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = fmt::format("/dev/shm/relapse-hold-cost-{}", ::getpid());
  std::filesystem::create_directories(folder);
  const nlohmann::ordered_json out = {
      {"held_call_vs_strace_inject", measure(1, 4000, folder)},
      {"held_call_vs_strace_inject_4_threads", measure(4, 1000, folder)}};
  std::filesystem::remove_all(folder);
  const std::string line = out.dump() + "\n";
  if (argc > 1) {
    std::ofstream file(argv[1]);
    return (file << line).flush() ? 0 : 1;
  }
  return std::fputs(line.c_str(), stdout) < 0 ? 1 : 0;
}
