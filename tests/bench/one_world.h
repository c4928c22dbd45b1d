#pragma once
// One world with /bin/true, from its request until it is gone: what both benches time.

#include <fcntl.h>

#include <boost/asio/io_context.hpp>
#include <memory>

#include "world/zygote.h"

inline relapse::model::WorldSpec one_world() {
  relapse::model::WorldSpec spec;
  spec.command = {"/bin/true"};
  return spec;
}

// True when /bin/true has run and succeeded in the world.
inline bool run_one_world(boost::asio::io_context& io, relapse::world::Zygote& zygote) {
  relapse::world::Zygote::Stdio stdio;
  for (auto* stream : {&stdio.in, &stdio.out, &stdio.err}) {
    *stream = relapse::os::Fd(::open("/dev/null", O_RDWR | O_CLOEXEC));
  }
  bool succeeded = false;
  bool over = false;
  std::unique_ptr<relapse::world::World> world;
  relapse::world::WorldEvents events;
  events.on_exited = [&](const relapse::world::SubjectEnd& end) {
    succeeded = !end.signaled && end.code == 0;
    world->stop();
  };
  events.on_failed = [&](const relapse::model::Error&) { world->stop(); };
  events.on_gone = [&] { over = true; };
  zygote.start_world(one_world(), std::move(stdio), std::move(events), [&](auto cloned) {
    over = !cloned;
    if (cloned) {
      world = std::move(*cloned);
    }
  });
  while (!over) {
    io.run_one();
  }
  return succeeded;
}
