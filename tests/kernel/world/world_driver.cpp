#include "world_driver.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

#include "os/files.h"

using relapse::model::WorldSpec;
using relapse::os::Fd;

WorldDriver::WorldDriver() {
  auto zygote = relapse::world::Zygote::start(io_);
  if (!zygote) {
    throw std::runtime_error(zygote.error().text());
  }
  zygote_ = std::move(*zygote);
}

WorldDriver::~WorldDriver() = default;

WorldSpec WorldDriver::shell(const std::string& script) const {
  WorldSpec spec;
  spec.command = {"/bin/sh", "-c", script};
  spec.env = {{"PATH", "/usr/bin:/bin"}, {"HOME", spec.home}};
  return spec;
}

Finished WorldDriver::run(const WorldSpec& spec, int timeout_ms) {
  Finished finished;
  auto output = relapse::os::make_pipe();
  relapse::world::Zygote::Stdio stdio;
  stdio.in = Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  stdio.err = Fd(::fcntl(output->write.get(), F_DUPFD_CLOEXEC, 0));
  stdio.out = std::move(output->write);

  std::unique_ptr<relapse::world::World> world;
  auto stop = [&] {
    if (world) {
      world->stop();
    }
  };
  relapse::world::WorldEvents events;
  events.on_started = [] {};
  events.on_failed = [&](relapse::model::Error error) {
    finished.error = std::move(error);
    stop();
  };
  events.on_exited = [&](relapse::world::SubjectEnd end) {
    finished.end = end;
    stop();
  };
  events.on_gone = [&] { finished.gone = true; };
  zygote_->start_world(spec, std::move(stdio), std::move(events), [&](auto cloned) {
    if (cloned) {
      world = std::move(*cloned);
    } else {
      finished.error = cloned.error();
    }
  });
  boost::asio::steady_timer deadline(io_, std::chrono::milliseconds(timeout_ms));
  deadline.async_wait([&](const auto& error) {
    if (!error) {
      stop();
    }
  });
  const auto give_up =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms + 5000);
  while (!finished.gone && (world || !finished.error) &&
         std::chrono::steady_clock::now() < give_up) {
    io_.run_one_for(std::chrono::milliseconds(100));
  }
  world.reset();
  deadline.cancel();
  io_.poll();
  // Everything that wrote is dead, so the pipe has an end.
  std::array<char, 4096> chunk{};
  for (ssize_t count = 0; (count = ::read(output->read.get(), chunk.data(), chunk.size())) > 0;) {
    finished.output.append(chunk.data(), static_cast<size_t>(count));
  }
  return finished;
}
