#pragma once
// Runs commands in worlds and waits for the worlds' ends, for the tests of this folder.

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "os/fd.h"
#include "world/zygote.h"

struct Finished {
  std::optional<relapse::world::SubjectEnd> end;
  std::optional<relapse::model::Error> error;
  std::string output;  // stdout and stderr together
  bool started = false;
  bool gone = false;  // nothing is left of the world
};

// One world from its request to its end.
class Trial {
 public:
  Trial(relapse::world::Zygote& zygote, const relapse::model::WorldSpec& spec);
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  void stop();
  bool over() const { return finished.gone || (finished.error && !world); }
  // Everything that was written so far.
  void read_output();

  Finished finished;
  std::unique_ptr<relapse::world::World> world;
  std::optional<relapse::os::Fd> listener;  // seccomp
  bool stop_at_exit = true;                 // the world is stopped when the subject has ended

 private:
  relapse::os::Fd output_;
};

class WorldDriver {
 public:
  // Where this host makes no worlds, the test program ends as skipped, or, where everything must
  // work, as failed.
  WorldDriver();

  relapse::model::WorldSpec shell(const std::string& script) const;
  std::unique_ptr<Trial> launch(const relapse::model::WorldSpec& spec);
  // Runs the event loop until `done` or the limit; says which.
  bool wait(const std::function<bool()>& done, int timeout_ms = 10'000);
  // Stops the world when the subject has ended or `timeout_ms` has passed.
  Finished run(const relapse::model::WorldSpec& spec, int timeout_ms = 10'000);

  relapse::world::Zygote& zygote() { return *zygote_; }
  void end_zygote() { zygote_.reset(); }

 private:
  boost::asio::io_context io_;
  std::unique_ptr<relapse::world::Zygote> zygote_;
};
