#pragma once
// What a notified system call is about: its name as traces have it, and its paths, resolved.

#include <optional>
#include <string>
#include <vector>

#include "os/point_calls.h"
#include "os/seccomp_listener.h"

namespace relapse::os {

struct ResolvedCall {
  CallKind kind = CallKind::kRead;
  std::string name;
  std::vector<std::string> paths;  // absolute and normal; none if it names none, or unreadable
  std::uint64_t open_flags = 0;
};

// Reads the caller's memory and descriptors. Nothing if the caller went away meanwhile: what was
// read is then worth nothing.
std::optional<ResolvedCall> resolve_call(const SeccompListener& listener,
                                         const Notification& notification);

}  // namespace relapse::os
