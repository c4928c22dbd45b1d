#pragma once
// The BPF program that hands a subject's scheduling points to a listener. It is made here and
// exported as plain bytes, because another, small process installs it in the subject.
//
// Besides the points it keeps the ways around itself shut: io_uring, the 32-bit and the x32
// calls are answered with ENOSYS, upon which libraries fall back to what the filter sees.

#include <linux/filter.h>

#include <cstdint>
#include <string>
#include <vector>

#include "model/result.h"

namespace relapse::os {

struct FilterPoints {
  bool mutations = true;          // mkdir, unlink, rename, open-create
  bool reads = false;             // stat, readlink, open, read, write
  bool random = true;             // getrandom, to be answered from the seed
  bool policy = true;             // changes of CPU or scheduling policy, to be answered with 0
  std::vector<int> more_numbers;  // further calls that a rule wants to see
};

// Thread and process starts are always notified: actors are named by who started whom.
model::Result<std::vector<sock_filter>> build_notify_filter(const FilterPoints& points);

// The same program as bytes: an array of struct sock_filter.
std::string filter_bytes(const std::vector<sock_filter>& program);

// What whoever installs the program must pass as `flags` to seccomp(SECCOMP_SET_MODE_FILTER).
std::uint32_t notify_filter_flags();

// Installs `program` in the calling thread and returns the listener's descriptor, or -errno.
// Sets no_new_privs first if asked (needed without CAP_SYS_ADMIN in the user namespace).
// Async-signal-safe. EBUSY: a supervisor outside already has a listener on this thread.
int install_notify_filter(const sock_filter* program, std::uint16_t length, bool no_new_privs);

}  // namespace relapse::os
