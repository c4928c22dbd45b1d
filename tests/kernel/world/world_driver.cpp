#include "world_driver.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string_view>

using relapse::model::WorldSpec;
using relapse::os::Fd;
using relapse::world::WorldEvents;
using relapse::world::Zygote;

Trial::Trial(Zygote& zygote, const WorldSpec& spec) {
  auto output = relapse::os::make_pipe();
  Zygote::Stdio stdio;
  stdio.in = Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  stdio.err = Fd(::fcntl(output->write.get(), F_DUPFD_CLOEXEC, 0));
  stdio.out = std::move(output->write);
  output_ = std::move(output->read);
  ::fcntl(output_.get(), F_SETFL, O_NONBLOCK);

  WorldEvents events;
  events.on_started = [this] { finished.started = true; };
  events.on_listener = [this](Fd fd) { listener = std::move(fd); };
  events.on_failed = [this](relapse::model::Error error) {
    finished.error = std::move(error);
    stop();
  };
  events.on_exited = [this](relapse::world::SubjectEnd end) {
    finished.end = end;
    if (stop_at_exit) {
      stop();
    }
  };
  events.on_gone = [this] { finished.gone = true; };
  zygote.start_world(spec, std::move(stdio), std::move(events), [this](auto cloned) {
    if (cloned) {
      world = std::move(*cloned);
    } else {
      finished.error = cloned.error();
    }
  });
}

void Trial::stop() {
  if (world) {
    world->stop();
  }
}

void Trial::read_output() {
  std::array<char, 4096> chunk{};
  for (ssize_t count = 0; (count = ::read(output_.get(), chunk.data(), chunk.size())) > 0;) {
    finished.output.append(chunk.data(), static_cast<size_t>(count));
  }
}

WorldDriver::WorldDriver() {
  auto zygote = Zygote::start(io_);
  if (zygote) {
    zygote_ = std::move(*zygote);
    return;
  }
  const char* must = std::getenv("RELAPSE_MUST_WORK");
  const bool skip = zygote.error().kind == relapse::model::ErrorKind::kUnavailable &&
                    (must == nullptr || std::string_view(must) != "1");
  (void)std::fprintf(stderr, "%s: %s\n", skip ? "skipped" : "failed",
                     zygote.error().text().c_str());
  std::exit(skip ? 77 : 1);
}

WorldSpec WorldDriver::shell(const std::string& script) const {
  WorldSpec spec;
  spec.command = {"/bin/sh", "-c", script};
  spec.env = {{"PATH", "/usr/bin:/bin:/usr/sbin:/sbin"}, {"HOME", spec.home}};
  return spec;
}

std::unique_ptr<Trial> WorldDriver::launch(const WorldSpec& spec) {
  return std::make_unique<Trial>(*zygote_, spec);
}

bool WorldDriver::wait(const std::function<bool()>& done, int timeout_ms) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  while (!done()) {
    if (std::chrono::steady_clock::now() >= give_up) {
      return false;
    }
    io_.restart();
    io_.run_one_for(std::chrono::milliseconds(20));
  }
  return true;
}

Finished WorldDriver::run(const WorldSpec& spec, int timeout_ms) {
  auto trial = launch(spec);
  auto over = [&] {
    trial->read_output();
    return trial->over();
  };
  if (!wait(over, timeout_ms)) {
    trial->stop();
    wait(over);
  }
  trial->read_output();
  return std::move(trial->finished);
}
