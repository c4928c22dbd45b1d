#pragma once
// What the zygote tells a world's PID 1 when a subject is to be started in it: the world's
// description and all descriptors that go with it, over the socket between the two.

#include <array>
#include <optional>

#include "model/world_spec.h"
#include "os/fd.h"
#include "world/zygote/sources.h"

namespace relapse::world {

// As the supervisor sends them: the description as a text, not yet read.
struct Request {
  os::Fd description;
  os::Fd control;               // the far end of World's socket; its closing ends the world
  std::array<os::Fd, 3> stdio;  // the subject's
};

model::Result<model::WorldSpec> read_description(const os::Fd& description);

model::Result<> send_orders(const os::Fd& socket, const Request& request, const Sources& sources);

struct Orders {
  Request request;
  Sources sources;
};
// Waits. nullopt: the zygote has closed its end, and there will be no subject.
model::Result<std::optional<Orders>> receive_orders(const os::Fd& socket);

}  // namespace relapse::world
