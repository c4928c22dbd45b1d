#pragma once
// From what was found on a host to what it means and what to do about it. Pure; the finding is in
// capabilities.cpp.

#include <optional>
#include <string>
#include <vector>

#include "model/result.h"
#include "world/capabilities.h"

namespace relapse::world {

// An attempt at a system call: 0, or the errno that it gave.
using Attempt = int;

// Text of a file below /proc/sys without its newline; nothing where the kernel has no such file.
using Setting = std::optional<std::string>;

struct UserNamespaceFacts {
  Attempt made = 0;  // unshare(CLONE_NEWUSER), and then something that needs its privileges
  bool root = false;
  Setting max_user_namespaces;                    // user.max_user_namespaces
  Setting unprivileged_userns_clone;              // kernel.unprivileged_userns_clone, of Debian
  Setting apparmor_restrict_unprivileged_userns;  // kernel.apparmor_…, of Ubuntu
  bool chrooted = false;                          // the root is not that of the mount namespace
};

struct ListenerFacts {
  Attempt made = 0;           // SECCOMP_FILTER_FLAG_NEW_LISTENER
  Attempt wait_killable = 0;  // the same with SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
  Attempt sync_wake_up = 0;   // SECCOMP_IOCTL_NOTIF_SET_FLAGS
};

struct PeekFacts {
  Attempt made = 0;
  Setting ptrace_scope;  // kernel.yama.ptrace_scope
};

struct ProgramFacts {
  std::string path;     // empty: not on the PATH
  std::string version;  // first line of --version; empty: it gave none in time
};

struct WorldFacts {
  std::optional<model::Error> failure;  // what kept a world with a program that does nothing
  Attempt new_proc = 0;                 // a /proc of its own for new namespaces
};

Capability judge_kernel(const std::string& release);
Capability judge_privileges(bool root);
Capability judge_user_namespaces(const UserNamespaceFacts& facts);
Capability judge_worlds(const WorldFacts& facts, const Capability& user_namespaces);
// `version`: "v1", "v2", both or neither; the rest: which limits groups can hold.
Capability judge_groups(const std::string& version, bool memory, bool processes);
Capability judge_listener(const ListenerFacts& facts);
Capability judge_wait_killable(const ListenerFacts& facts);
Capability judge_sync_wake_up(const ListenerFacts& facts);
Capability judge_realtime(Attempt made);
Capability judge_foreign_descriptors(const PeekFacts& facts);  // pidfd_getfd
Capability judge_foreign_calls(const PeekFacts& facts);        // /proc/PID/syscall
Capability judge_program(const std::string& name, const ProgramFacts& facts,
                         const std::string& remedy);

}  // namespace relapse::world
