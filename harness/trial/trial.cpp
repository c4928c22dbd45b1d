#include "trial/trial.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <map>

#include "os/file_tree.h"

namespace relapse::run {

namespace asio = boost::asio;
using model::Done;
using model::Error;
using model::Result;
using model::TrialEnd;

namespace {

constexpr std::string_view kLine = "one line\n";

std::uint64_t inode_of(const os::Fd& fd) {
  struct stat found {};
  return ::fstat(fd.get(), &found) == 0 ? found.st_ino : 0;
}

}  // namespace

Trial::Trial(asio::io_context& io, world::Zygote& zygote, const model::TrialPlan& plan, int cpu,
             Finished finished)
    : io_(io),
      zygote_(zygote),
      plan_(plan),
      finished_(std::move(finished)),
      calls_([this] { return now_ms(); }),
      out_(io),
      err_(io),
      check_out_(io),
      output_(plan.output_bytes_max),
      check_output_(plan.output_bytes_max),
      cpu_(cpu),
      look_timer_(io),
      deadline_(io) {
  calls_.on_change([this] { note_sign(); });
}

Trial::~Trial() = default;

void Trial::Stream::take(os::Fd read_end) {
  inode = inode_of(read_end);
  descriptor.assign(read_end.release());
}

double Trial::now_ms() const {
  return std::chrono::duration<double, std::milli>(Clock::now() - began_).count();
}

Result<os::Fd> Trial::open_input() {
  if (plan_.standard_input == model::StandardInput::kNull) {
    return os::open_fd("/dev/null", O_RDONLY);
  }
  auto pipe = os::make_pipe();
  if (!pipe) {
    return pipe.error();
  }
  input_ = std::move(pipe->write);
  input_inode_ = inode_of(input_);
  if (plan_.standard_input == model::StandardInput::kLineThenOpen &&
      ::write(input_.get(), kLine.data(), kLine.size()) != static_cast<ssize_t>(kLine.size())) {
    return model::system_error("write to the subject's standard input", errno);
  }
  return std::move(pipe->read);
}

Result<world::Zygote::Stdio> Trial::open_streams() {
  world::Zygote::Stdio stdio;
  auto nothing = open_input();
  auto out = os::make_pipe();
  auto err = os::make_pipe();
  if (!nothing || !out || !err) {
    return !nothing ? nothing.error() : !out ? out.error() : err.error();
  }
  stdio.in = std::move(*nothing);
  stdio.out = std::move(out->write);
  stdio.err = std::move(err->write);
  out_.take(std::move(out->read));
  err_.take(std::move(err->read));
  return stdio;
}

world::WorldEvents Trial::world_events() {
  world::WorldEvents events;
  events.on_started = [this] { on_started(); };
  events.on_failed = [this](Error error) { fail(std::move(error)); };
  events.on_exited = [this](const world::SubjectEnd& end) { on_exited(end); };
  events.on_listener = [this](os::Fd listener) {
    if (control_) {
      control_->take_listener(std::move(listener));
    }
  };
  events.on_command_end = [this](const auto& end) { on_check_end(end); };
  events.on_gone = [this] {
    gone_ = true;
    if (control_) {
      control_->world_is_gone();
    }
    finish_if_over();
  };
  return events;
}

void Trial::start() {
  auto stdio = open_streams();
  if (!stdio) {
    gone_ = true;
    fail(stdio.error());
    return;
  }
  read(out_, output_);
  read(err_, output_);
  deadline_.expires_after(std::chrono::milliseconds(static_cast<std::int64_t>(plan_.deadline_ms)));
  deadline_.async_wait([this](const boost::system::error_code& error) {
    if (!error) {
      stop(TrialEnd::kDeadline);
    }
  });
  model::WorldSpec spec = plan_.world;
  if (plan_.call_control) {
    control_ = std::make_unique<SubjectControl>(
        io_, *plan_.call_control, plan_.fake_names.empty() ? nullptr : &calls_, plan_.deadline_ms,
        cpu_, [this](auto kept) { on_control_over(kept); });
    auto control = control_->world_control();
    if (!control) {
      gone_ = true;
      fail(control.error());
      return;
    }
    spec.control = std::move(*control);
  }
  zygote_.start_world(spec, std::move(*stdio), world_events(),
                      [this](auto cloned) { on_cloned(std::move(cloned)); });
}

void Trial::on_control_over(const Result<>& kept) {
  if (!kept) {
    fail(kept.error());
  }
  finish_if_over();
}

void Trial::on_cloned(Result<std::unique_ptr<world::World>> cloned) {
  if (!cloned) {
    gone_ = true;
    fail(cloned.error());
    return;
  }
  world_ = std::move(*cloned);
  if (ended_) {
    world_->stop();  // interrupted in between
    return;
  }
  auto started = start_fakes();
  if (!started) {
    fail(started.error());
  }
}

Result<> Trial::start_fakes() {
  auto config = fakes::FakesConfig::parse(plan_.fakes, "/world/fakes");
  if (!config) {
    return config.error();
  }
  std::map<std::string, os::Fd> listeners;
  for (size_t i = 0; i < plan_.fake_names.size(); ++i) {
    listeners[plan_.fake_names[i]] = std::move(world_->listeners().at(i));
  }
  fakes::TrialParts parts;
  parts.log = &calls_;
  parts.word = plan_.word;
  parts.gate = control_ ? control_->reply_gate() : nullptr;
  auto fakes = fakes::FakeSet::start(io_, *config, parts, std::move(listeners));
  if (!fakes) {
    return fakes.error();
  }
  fakes_ = std::move(*fakes);
  return Done{};
}

void Trial::on_started() {
  exec_ms_ = now_ms();
  monitor_.emplace(plan_, world_->init_pid(), world_->subject_pid_inside(),
                   OwnEnds{{out_.inode, err_.inode}, input_inode_});
  auto controlled =
      control_ ? control_->start(world_->init_pid(), world_->subject_pidfd()) : Result<>(Done{});
  if (!controlled) {
    fail(controlled.error());
    return;
  }
  schedule_look();
}

void Trial::note_sign() {
  if (!observation_.first_sign_ms && exec_ms_ > 0) {
    observation_.first_sign_ms = now_ms() - exec_ms_;
  }
}

void Trial::read(Stream& stream, OutputTail& into) {
  stream.open = true;
  stream.descriptor.async_read_some(
      asio::buffer(stream.chunk),
      [this, &stream, &into](const boost::system::error_code& error, size_t n) {
        if (n > 0) {
          into.add({stream.chunk.data(), n});
          observation_.error_bytes += &stream == &err_ ? n : 0;
          note_sign();
        }
        if (error) {
          stream.open = false;
          finish_if_over();
        } else {
          read(stream, into);
        }
      });
}

void Trial::schedule_look() {
  // Not more often than this, whatever was asked for: the loop has other work.
  constexpr double kShortestMs = 10;
  const double wait_ms = std::max(monitor_->next_look_ms() - (now_ms() - exec_ms_), kShortestMs);
  look_timer_.expires_after(std::chrono::milliseconds(static_cast<std::int64_t>(wait_ms)));
  look_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error && !ended_ && !exited_ms_) {
      look();
    }
  });
}

void Trial::look() {
  MonitorInput input;
  input.now_ms = now_ms() - exec_ms_;
  input.output_bytes = output_.total_bytes();
  input.fake_changes = calls_.changes();
  if (fakes_) {
    input.open_calls = fakes_->outstanding();
  }
  auto hang = monitor_->look(input);
  if (hang) {
    observation_.diagnosis = std::move(*hang);
    stop(TrialEnd::kHang);
    return;
  }
  schedule_look();
}

void Trial::on_exited(const world::SubjectEnd& end) {
  if (!ended_) {
    observation_.signaled = end.signaled;
    observation_.exit_code = end.code;
    observation_.out_of_memory = end.oom;
    exited_ms_ = now_ms();
    look_timer_.cancel();
    // Before the check, which may write, and before stop: the world's files go with it.
    auto collected = collect_trees();
    if (!collected) {
      fail(collected.error());
      return;
    }
    if (!plan_.check.empty()) {
      auto started = start_check();
      if (!started) {
        fail(started.error());
      }
      return;
    }
  }
  stop(TrialEnd::kExited);
}

Result<> Trial::start_check() {
  auto out = os::make_pipe();
  auto in = os::open_fd("/dev/null", O_RDONLY);
  os::Fd err(out ? ::fcntl(out->write.get(), F_DUPFD_CLOEXEC, 3) : -1);
  if (!out || !in || !err.valid()) {
    return !out ? out.error() : !in ? in.error() : model::system_error("duplicate a pipe", errno);
  }
  check_out_.take(std::move(out->read));
  read(check_out_, check_output_);
  model::WorldSpec spec = plan_.world;
  spec.command = plan_.check;
  return world_->start_command(spec, {std::move(*in), std::move(out->write), std::move(err)});
}

void Trial::on_check_end(const Result<world::SubjectEnd>& end) {
  if (!end) {
    fail(end.error());
    return;
  }
  if (!ended_) {
    observation_.check = model::CommandEnd{end->signaled, end->code, ""};
  }
  stop(TrialEnd::kExited);
}

Result<> Trial::collect_trees() {
  if (plan_.collect.empty()) {
    return Done{};
  }
  auto root = os::open_fd(world_->root(), O_PATH | O_DIRECTORY);
  if (!root) {
    return root.error();
  }
  for (const auto& wanted : plan_.collect) {
    auto folder = os::open_folder_in(*root, wanted.path);
    if (!folder) {
      return folder.error();
    }
    if (!folder->has_value()) {
      continue;
    }
    auto tree = wanted.copy_to.empty() ? os::read_file_tree(**folder)
                                       : os::copy_file_tree(**folder, wanted.copy_to);
    if (!tree) {
      tree.error().message = fmt::format("{}: {}", wanted.path, tree.error().message);
      return tree.error();
    }
    observation_.trees[wanted.path] = std::move(*tree);
  }
  return Done{};
}

void Trial::fail(Error error) {
  if (!ended_) {
    observation_.error = std::move(error);
  }
  stop(TrialEnd::kSetupFailed);
}

void Trial::stop(TrialEnd reason) {
  if (!ended_) {
    ended_ = true;
    observation_.end = reason;
    observation_.duration_ms = exited_ms_.value_or(now_ms()) - exec_ms_;
    if (monitor_) {
      if (reason == TrialEnd::kDeadline) {
        observation_.diagnosis = monitor_->report();
      }
      observation_.stalls = monitor_->stalls();
    }
    look_timer_.cancel();
    deadline_.cancel();
    if (world_) {
      world_->stop();
    }
  }
  finish_if_over();
}

// Over when every process is gone: only then have the pipes said all that was written.
void Trial::finish_if_over() {
  const bool reading = out_.open || err_.open || check_out_.open;
  if (!ended_ || !gone_ || reading || (control_ && !control_->over()) || told_) {
    return;
  }
  told_ = true;
  if (fakes_) {
    fakes_->stop();
  }
  if (control_) {
    control_->tell(observation_);
  }
  if (observation_.check) {
    observation_.check->output = check_output_.text();
  }
  observation_.calls = calls_.calls();
  observation_.output_tail = output_.text();
  observation_.output_bytes = output_.total_bytes();
  // Not from inside the callbacks of what is about to be destroyed, and after those that the
  // cancelled timers still have in the queue.
  asio::post(io_, [finished = std::move(finished_), seen = std::move(observation_)]() mutable {
    finished(std::move(seen));
  });
}

}  // namespace relapse::run
