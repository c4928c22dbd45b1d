// What a command that starts a single world pays, as a program of its own: start the zygote, run
// /bin/true in a world, wait until it is gone, end.

#include "one_world.h"

int main() {
  boost::asio::io_context io;
  auto zygote = relapse::world::Zygote::start(io);
  return zygote && run_one_world(io, **zygote) ? 0 : 1;
}
