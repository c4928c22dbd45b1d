#include "trial.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>

#include "diagnose/watch.h"
#include "os/fd.h"

namespace relapse::test {

namespace {

using diagnose::Watch;

// In the child of a fork.
void must_enter(const std::string& folder) {
  if (::chdir(folder.c_str()) != 0) {
    ::_exit(126);
  }
}

// For the files that subjects make.
std::string make_folder() {
  std::string path = (std::filesystem::temp_directory_path() / "relapse-diagnose-XXXXXX").string();
  if (::mkdtemp(path.data()) == nullptr) {
    throw std::runtime_error("mkdtemp");
  }
  return path;
}

double now_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(now).count();
}

class Trial {
 public:
  explicit Trial(const TrialPlan& plan) : plan_(plan), began_ms_(now_ms()) {
    start();
    watch_ = std::make_unique<Watch>(pid_, plan.settings, began_ms_);
  }
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;
  ~Trial() {
    if (!done_) {
      end_all();
    }
    std::error_code error;  // what a killed subject left is not worth a failure
    std::filesystem::remove_all(folder_, error);
  }

  bool done() const { return done_; }
  const TrialResult& result() const { return result_; }

  void step() {
    const double now = now_ms();
    drain();
    if (done_ || now < watch_->next_due_ms()) {
      return;
    }
    reap();
    auto knowledge =
        plan_.knowledge ? plan_.knowledge(pid_, now - began_ms_) : diagnose::Knowledge{};
    auto step = watch_->step(now, knowledge);
    if (step.ended_stall) {
      result_.stalls.push_back(*step.ended_stall);
    }
    if (step.hang) {
      result_.slowest_analysis_ms = std::max(result_.slowest_analysis_ms, step.hang->analysis_ms);
    }
    const double spent_s = (now - began_ms_) / 1e3;
    if (step.ended) {
      result_.diagnosis.verdict = model::Movement::kEnded;
      finish(spent_s);
    } else if (step.hang && plan_.stop_at_hang) {
      result_.diagnosis = *step.hang;
      finish(spent_s);
    } else if (spent_s > plan_.limit_s) {
      result_.diagnosis = watch_->report(now, knowledge);
      finish(spent_s);
    }
  }

 private:
  void start() {
    auto in = os::make_pipe();
    auto out = os::make_pipe();
    if (!in || !out) {
      throw std::runtime_error("pipe");
    }
    std::vector<char*> words;
    for (const std::string& word : plan_.command) {
      words.push_back(const_cast<char*>(word.c_str()));
    }
    words.push_back(nullptr);
    const bool silent = plan_.input == "silent";
    pid_ = ::fork();
    if (pid_ == 0) {
      ::setsid();
      must_enter(folder_);
      const int input = silent ? in->read.get() : ::open("/dev/null", O_RDONLY);
      ::dup2(input, 0);
      ::dup2(out->write.get(), 1);
      ::dup2(out->write.get(), 2);
      ::execvp(words[0], words.data());
      ::_exit(127);
    }
    result_.host_pid = pid_;
    out_ = std::move(out->read);
    ::fcntl(out_.get(), F_SETFL, O_NONBLOCK);
    if (silent) {
      in_ = std::move(in->write);
    }
  }

  void drain() {
    std::array<char, 65536> buffer;
    while (::read(out_.get(), buffer.data(), buffer.size()) > 0) {
    }
  }

  void reap() {
    int status = 0;
    if (!reaped_ && ::waitpid(pid_, &status, WNOHANG) == pid_) {
      reaped_ = true;
    }
  }

  void finish(double spent_s) {
    result_.seconds = spent_s;
    result_.looks = watch_->looks();
    done_ = true;
    end_all();
  }

  // Only what belongs to this trial: it was given a session of its own.
  void end_all() {
    for (int pid : os::list_pids()) {
      auto stat = os::read_stat(pid);
      if (stat && (stat->session == pid_ || pid == pid_)) {
        ::kill(pid, SIGKILL);
      }
    }
    if (!reaped_) {
      int status = 0;
      while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
      }
      reaped_ = true;
    }
  }

  TrialPlan plan_;
  std::string folder_ = make_folder();
  double began_ms_;
  int pid_ = -1;
  bool reaped_ = false;
  bool done_ = false;
  os::Fd out_;
  os::Fd in_;
  std::unique_ptr<Watch> watch_;
  TrialResult result_;
};

}  // namespace

std::vector<TrialResult> run_trials(const std::vector<TrialPlan>& plans, size_t at_once) {
  ::signal(SIGPIPE, SIG_IGN);
  std::vector<TrialResult> results(plans.size());
  std::map<size_t, std::unique_ptr<Trial>> running;
  size_t next = 0;
  while (next < plans.size() || !running.empty()) {
    while (next < plans.size() && running.size() < at_once) {
      running.emplace(next, std::make_unique<Trial>(plans[next]));
      ++next;
    }
    for (auto& [index, trial] : running) {
      trial->step();
      if (trial->done()) {
        results[index] = trial->result();
      }
    }
    std::erase_if(running, [](const auto& entry) { return entry.second->done(); });
    ::poll(nullptr, 0, 10);  // the tick of this event loop
  }
  return results;
}

}  // namespace relapse::test
