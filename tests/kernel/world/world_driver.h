#pragma once
// Runs one command in a world and waits for the world's end, for the tests of this folder.

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "os/fd.h"
#include "world/zygote.h"

struct Finished {
  std::optional<relapse::world::SubjectEnd> end;
  std::optional<relapse::model::Error> error;
  std::string output;  // stdout and stderr together
  bool gone = false;   // the zygote has said that nothing is left
};

class WorldDriver {
 public:
  WorldDriver();
  ~WorldDriver();
  relapse::model::WorldSpec shell(const std::string& script) const;
  // Stops the world when the subject has ended or `timeout_ms` has passed.
  Finished run(const relapse::model::WorldSpec& spec, int timeout_ms = 10'000);
  boost::asio::io_context& io() { return io_; }
  relapse::world::Zygote& zygote() { return *zygote_; }

 private:
  boost::asio::io_context io_;
  std::unique_ptr<relapse::world::Zygote> zygote_;
};
