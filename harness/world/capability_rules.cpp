#include "world/capability_rules.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace relapse::world {

namespace {

using State = CapabilityState;

// Of the features that a world cannot do without, mount_setattr is the youngest; of those that
// schedules want, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV.
constexpr int kKernelForWorlds = 512;
constexpr int kKernelForSchedules = 519;

std::string because(Attempt made) {
  return fmt::format("refused: {}", std::strerror(made));
}

// Yama's levels (Documentation/admin-guide/LSM/Yama.rst): 2 asks for a capability, 3 refuses all.
std::string peek_remedy(const PeekFacts& facts) {
  const std::string scope = facts.ptrace_scope.value_or("0");
  if (scope == "2" || scope == "3") {
    return fmt::format(
        "kernel.yama.ptrace_scope is {}: set it to 1 (sysctl kernel.yama.ptrace_scope=1{})", scope,
        scope == "3" ? ", after a reboot" : "");
  }
  return "a security policy forbids it (a container's seccomp profile?): allow ptrace to relapse";
}

}  // namespace

std::string to_string(CapabilityState state) {
  switch (state) {
    case State::kYes:
      return "yes";
    case State::kPartly:
      return "partly";
    case State::kNo:
      return "no";
  }
  return "no";
}

Capability judge_kernel(const std::string& release) {
  int major = 0;
  int minor = 0;
  if (std::sscanf(release.c_str(), "%d.%d", &major, &minor) != 2) {  // NOLINT: two small numbers
    return {"kernel", State::kNo, release, "this does not look like Linux 5.19 or later"};
  }
  const int version = major * 100 + minor;
  if (version >= kKernelForSchedules) {
    return {"kernel", State::kYes, release, ""};
  }
  return {"kernel", version >= kKernelForWorlds ? State::kPartly : State::kNo, release,
          version >= kKernelForWorlds ? "Linux 5.19 or later is needed to control schedules"
                                      : "Linux 5.12 or later is needed, 5.19 for schedules"};
}

Capability judge_privileges(bool root) {
  if (root) {
    return {"privileges", State::kYes, "root", ""};
  }
  return {"privileges", State::kPartly, "user",
          "run as root for limits by control groups and for the real-time scheduling policy"};
}

Capability judge_user_namespaces(const UserNamespaceFacts& facts) {
  Capability result{"user-namespaces", State::kNo, because(facts.made), ""};
  if (facts.made == 0) {
    return {"user-namespaces", State::kYes, "allowed", ""};
  }
  if (facts.made == ENOSYS || facts.made == EINVAL) {
    result.remedy = "the kernel was built without user namespaces (CONFIG_USER_NS)";
  } else if (facts.max_user_namespaces == "0") {
    result.remedy =
        "user.max_user_namespaces is 0: allow some (sysctl user.max_user_namespaces=15000)";
  } else if (facts.made == ENOSPC) {
    result.remedy =
        fmt::format("too many exist or they are nested too deeply; user.max_user_namespaces is {}",
                    facts.max_user_namespaces.value_or("unknown"));
  } else if (facts.chrooted) {
    result.remedy = "a changed root (chroot) forbids them: run outside of it";
  } else if (facts.unprivileged_userns_clone == "0" && !facts.root) {
    result.remedy =
        "kernel.unprivileged_userns_clone is 0: set it to 1 "
        "(sysctl kernel.unprivileged_userns_clone=1), or run as root";
  } else if (facts.apparmor_restrict_unprivileged_userns.value_or("0") != "0" && !facts.root) {
    result.remedy =
        "AppArmor restricts them: run as root, or lift the restriction "
        "(sysctl kernel.apparmor_restrict_unprivileged_userns=0)";
  } else {
    result.remedy =
        "a security policy forbids them (a container's seccomp profile?): run the container with "
        "--privileged, or outside of one";
  }
  return result;
}

Capability judge_worlds(const WorldFacts& facts, const Capability& user_namespaces) {
  if (!facts.failure) {
    return {"worlds", State::kYes, "a program was run in one", ""};
  }
  Capability result{"worlds", State::kNo, facts.failure->message, ""};
  if (user_namespaces.state == State::kNo) {
    result.remedy = user_namespaces.remedy;
  } else if (facts.new_proc == EPERM) {
    // A container that hides parts of /proc gets no new one (mount_namespaces(7)).
    result.remedy =
        "parts of /proc are hidden here, so no new one may be mounted: run the container with "
        "--security-opt systempaths=unconfined or --privileged";
  } else {
    result.remedy = "this should work on Linux 5.12 or later: please report it";
  }
  return result;
}

Capability judge_groups(const std::string& version, bool memory, bool processes) {
  const std::string holds = memory && processes ? "memory and processes"
                            : memory            ? "memory only"
                            : processes         ? "processes only"
                                                : "no limit";
  Capability result{"control-groups", State::kYes,
                    fmt::format("{}; {} can be limited for a world",
                                version.empty() ? "none mounted" : version, holds),
                    ""};
  if (!memory || !processes) {
    result.state = memory || processes ? State::kPartly : State::kNo;
    result.remedy =
        "limits hold for each process and user instead; as root on a host with the memory and "
        "pids controllers they hold for a whole world";
  }
  return result;
}

Capability judge_listener(const ListenerFacts& facts) {
  Capability result{"syscall-notification", State::kNo, because(facts.made), ""};
  if (facts.made == 0) {
    return {"syscall-notification", State::kYes, "a listener was made", ""};
  }
  if (facts.made == EBUSY) {
    result.found = "another supervisor holds the one listener that a process may have";
    result.remedy = "run outside of the sandbox that supervises relapse's own system calls";
  } else if (facts.made == ENOSYS || facts.made == EINVAL) {
    result.remedy = "the kernel was built without CONFIG_SECCOMP_FILTER, or is older than 5.0";
  } else {
    result.remedy = "a security policy forbids seccomp filters: run outside of it";
  }
  return result;
}

Capability judge_wait_killable(const ListenerFacts& facts) {
  if (facts.made == 0 && facts.wait_killable == 0) {
    return {"syscall-wait-killable", State::kYes, "signals wait for a held system call", ""};
  }
  return {"syscall-wait-killable", State::kNo,
          facts.made != 0 ? "no listener to try it on" : because(facts.wait_killable),
          facts.made != 0 ? judge_listener(facts).remedy
                          : "Linux 5.19 or later is needed to control schedules"};
}

Capability judge_sync_wake_up(const ListenerFacts& facts) {
  if (facts.made == 0 && facts.sync_wake_up == 0) {
    return {"syscall-sync-wake-up", State::kYes, "held system calls are cheap", ""};
  }
  return {"syscall-sync-wake-up", State::kPartly,
          facts.made != 0 ? "no listener to try it on" : because(facts.sync_wake_up),
          facts.made != 0 ? judge_listener(facts).remedy
                          : "Linux 6.6 or later makes schedules about four times faster"};
}

Capability judge_realtime(Attempt made) {
  if (made == 0) {
    return {"realtime-scheduling", State::kYes, "SCHED_FIFO is allowed", ""};
  }
  return {"realtime-scheduling", State::kNo, because(made),
          "schedules are less exact without it: run as root, or allow it (ulimit -r 1)"};
}

Capability judge_foreign_descriptors(const PeekFacts& facts) {
  if (facts.made == 0) {
    return {"foreign-descriptors", State::kYes, "pidfd_getfd works on a child", ""};
  }
  return {"foreign-descriptors", State::kNo, because(facts.made),
          facts.made == ENOSYS ? "Linux 5.6 or later is needed" : peek_remedy(facts)};
}

Capability judge_foreign_calls(const PeekFacts& facts) {
  if (facts.made == 0) {
    return {"foreign-calls", State::kYes, "/proc/PID/syscall of a child can be read", ""};
  }
  return {"foreign-calls", State::kNo, because(facts.made),
          facts.made == ENOENT ? "the kernel was built without CONFIG_HAVE_ARCH_TRACEHOOK"
                               : peek_remedy(facts)};
}

Capability judge_program(const std::string& name, const ProgramFacts& facts,
                         const std::string& remedy) {
  if (facts.path.empty()) {
    return {name, State::kNo, "not on the PATH", remedy};
  }
  if (facts.version.empty()) {
    return {name, State::kPartly, facts.path, name + " gave no version: does it run?"};
  }
  return {name, State::kYes, fmt::format("{} ({})", facts.version, facts.path), ""};
}

}  // namespace relapse::world
