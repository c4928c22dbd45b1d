#include "os/held_call.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include "os/foreign.h"
#include "os/subject_view.h"

namespace relapse::os {

namespace {

std::optional<std::string> resolve_path(const Notification& notification, const PathArg& where) {
  const auto& args = notification.data.args;
  int tid = notification.tid;
  if (where.path_arg == kNoArg) {
    return path_of_link(tid, fmt::format("fd/{}", static_cast<int>(args[where.dirfd_arg])));
  }
  auto path = read_memory_string(tid, args[where.path_arg]);
  if (!path) {
    return std::nullopt;
  }
  if (!path->empty() && path->front() == '/') {
    return normal_path("/", *path);
  }
  int dirfd = where.dirfd_arg == kNoArg ? AT_FDCWD : static_cast<int>(args[where.dirfd_arg]);
  auto base = path_of_link(tid, dirfd == AT_FDCWD ? "cwd" : fmt::format("fd/{}", dirfd));
  if (!base) {
    return std::nullopt;
  }
  // An empty path is the descriptor itself (AT_EMPTY_PATH), or an error that the kernel will say.
  return normal_path(*base, *path);
}

std::uint64_t open_flags(const PointCall& call, const Notification& notification) {
  if (call.open_flags_arg != kNoArg) {
    return notification.data.args[call.open_flags_arg];
  }
  if (call.number == SYS_openat2) {
    open_how how{};
    read_memory(notification.tid, notification.data.args[2], &how, sizeof(how));
    return how.flags;
  }
  return call.name == "open-create" ? O_CREAT | O_TRUNC : 0;
}

}  // namespace

std::optional<ResolvedCall> resolve_call(const SeccompListener& listener,
                                         const Notification& notification) {
  ResolvedCall out;
  const PointCall* call = find_point_call(notification.data.nr);
  if (call == nullptr) {
    out.name = name_of_number(notification.data.nr);
  } else {
    out.kind = call->kind;
    out.name = call->name;
    out.open_flags = open_flags(*call, notification);
    if (out.name == "open" && (out.open_flags & (O_CREAT | O_TRUNC)) != 0) {
      out.name = "open-create";
      out.kind = CallKind::kMutation;
    }
    if (call->unlink_flags_arg != kNoArg &&
        (notification.data.args[call->unlink_flags_arg] & AT_REMOVEDIR) != 0) {
      out.name = "rmdir";
    }
    for (const auto& where : {call->first, call->second}) {
      if (where.dirfd_arg == kNoArg && where.path_arg == kNoArg) {
        continue;
      }
      if (auto path = resolve_path(notification, where)) {
        out.paths.push_back(std::move(*path));
      }
    }
  }
  if (!listener.id_valid(notification.id)) {
    return std::nullopt;
  }
  return out;
}

}  // namespace relapse::os
