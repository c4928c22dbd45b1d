#include "world/zygote/world_maker.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "os/mounts.h"
#include "world/zygote/network.h"
#include "world/zygote/sources.h"

namespace relapse::world {

using model::Done;
using model::Error;
using model::ErrorKind;
using model::Result;
using model::system_error;
using model::WorldSpec;

namespace {

constexpr const char* kGroupPrefix = "relapse";

Result<> write_own(const std::string& path, const std::string& text) {
  auto file = os::open_fd(path, O_WRONLY);
  if (!file) {
    return file.error();
  }
  if (::write(file->get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return system_error(fmt::format("write '{}' to {}", text, path), errno);
  }
  return Done{};
}

// As root of a user namespace of our own, with the mounts of the host that belong to it.
Result<> become_root_of_own_namespace() {
  const unsigned uid = ::geteuid();
  const unsigned gid = ::getegid();
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
    Error error = system_error("make a user namespace", errno);
    error.kind = ErrorKind::kUnavailable;
    error.remedy = "relapse doctor says what is missing";
    return error;
  }
  RELAPSE_TRY(write_own("/proc/self/setgroups", "deny"));
  RELAPSE_TRY(write_own("/proc/self/uid_map", fmt::format("0 {} 1", uid)));
  RELAPSE_TRY(write_own("/proc/self/gid_map", fmt::format("0 {} 1", gid)));
  return os::make_private();
}

Result<std::set<Target>> targets_of(const WorldSpec& spec, const Sources& sources) {
  std::set<Target> targets;
  for (size_t i = 0; i < spec.mounts.size(); ++i) {
    const auto path = std::filesystem::path(spec.mounts[i].target).lexically_normal();
    struct stat found {};
    if (!path.is_absolute() || !path.has_filename()) {
      return Error{ErrorKind::kScenario, "not a place for a mount: " + spec.mounts[i].target,
                   "an absolute path without a slash at its end"};
    }
    if (::fstat(sources.mounts.at(i).get(), &found) != 0) {
      return system_error("stat " + spec.mounts[i].source, errno);
    }
    targets.insert({path.string(), S_ISDIR(found.st_mode)});
  }
  return targets;
}

using Ranges = std::set<std::pair<unsigned long, unsigned long>>;

Ranges read_map(const char* path) {
  Ranges ranges;
  std::ifstream map(path);
  for (unsigned long first = 0, outside = 0, count = 0; map >> first >> outside >> count;) {
    ranges.insert({first, count});
  }
  return ranges;
}

bool holds(const Ranges& ranges, unsigned id) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const auto& range) {
    return id >= range.first && id - range.first < range.second;
  });
}

}  // namespace

Result<> WorldMaker::prepare() {
  // Before anything changes: these look at the host as it is.
  parents_ = os::CgroupParents::find();
  sweep();
  group_prefix_ = fmt::format("{}.{}.{}", kGroupPrefix, ::getpid(), os::start_ticks(::getpid()));
  if (::geteuid() != 0 || !os::may_mount()) {
    RELAPSE_TRY(become_root_of_own_namespace());
  }
  users_ = read_map("/proc/self/uid_map");
  groups_ = read_map("/proc/self/gid_map");
  auto roots = MountRoots::find();
  if (!roots) {
    return roots.error();
  }
  roots_ = std::move(*roots);
  return roots_.enter_template({});
}

std::vector<std::string> WorldMaker::notes() const {
  std::vector<std::string> notes;
  if (!parents_.limits_memory()) {
    notes.emplace_back(
        "memory is limited for each process (RLIMIT_DATA), not for the whole world: "
        "no memory cgroup may be made here");
  }
  if (!parents_.limits_processes()) {
    notes.emplace_back(
        "processes are limited by RLIMIT_NPROC, for the world's user: "
        "no pids cgroup may be made here");
  }
  return notes;
}

bool WorldMaker::is_mapped(unsigned id) const {
  return holds(users_, id) && holds(groups_, id);
}

Result<> WorldMaker::ensure_network() {
  if (!network_fresh_) {
    RELAPSE_TRY(enter_new_network());
    network_fresh_ = true;
  }
  return Done{};
}

Result<WorldMaker::Ready> WorldMaker::make(const Likeness& likeness) {
  RELAPSE_TRY(ensure_network());
  RELAPSE_TRY(roots_.enter_template(likeness.targets));
  // One more process than the subject may have: PID 1.
  auto group = parents_.make(fmt::format("{}.{}", group_prefix_, ++groups_made_),
                             {likeness.shape.memory_bytes, likeness.shape.processes + 1});
  if (!group) {
    return group.error();
  }
  auto init = clone_world(likeness.shape, *group, roots_.proc());
  if (!init) {
    leaving_.emplace_back(Gone{}, World{std::move(*group), os::Fd()});
    return init.error();
  }
  living_[init->pid] = {std::move(*group), std::move(init->mounts)};
  return Ready{likeness, std::move(*init)};
}

// The world that was made ahead, if it is like what is wanted now; else a new one.
Result<WorldMaker::Ready> WorldMaker::take_ready(const Likeness& likeness) {
  if (ready_ && ready_->likeness == likeness) {
    Ready taken = std::move(*ready_);
    ready_.reset();
    return taken;
  }
  discard_ready();
  return make(likeness);
}

Result<WorldMaker::Started> WorldMaker::start(Request request) {
  work_failed_ = false;
  auto spec = read_description(request.description);
  if (!spec) {
    return spec.error();
  }
  Sources sources;
  if (needs_sources(*spec)) {
    RELAPSE_TRY(roots_.enter_host());
    auto fetched = fetch_sources(*spec);
    if (!fetched) {
      return fetched.error();
    }
    sources = std::move(*fetched);
  }
  auto targets = targets_of(*spec, sources);
  if (!targets) {
    return targets.error();
  }
  const bool as_root = is_mapped(0) && is_mapped(spec->uid);
  last_ = Likeness{shape_of(*spec, as_root), std::move(*targets)};
  auto ready = take_ready(*last_);
  if (!ready) {
    return ready.error();
  }
  network_fresh_ = false;  // it is this world's now, even of one that comes to nothing
  Started started;
  for (int port : spec->listen_ports) {
    auto listener = listen_on(port);
    if (!listener) {
      return listener.error();  // the world goes with the socket of its orders
    }
    started.listeners.push_back(std::move(*listener));
  }
  lend_policy(ready->init.pid, spec->control.fifo_priority);
  RELAPSE_TRY(send_orders(ready->init.orders, request, sources));
  started.pid = ready->init.pid;
  started.pidfd = std::move(ready->init.pidfd);
  return started;
}

bool WorldMaker::work_ahead() {
  if (!old_mounts_.empty()) {
    old_mounts_.clear();
    return true;
  }
  if (work_failed_ || ready_) {
    return false;
  }
  if (!last_) {
    const bool fresh = network_fresh_;
    work_failed_ = !ensure_network().ok();
    return !fresh && !work_failed_;
  }
  auto made = make(*last_);
  work_failed_ = !made.ok();
  if (made) {
    ready_ = std::move(*made);
  }
  return !work_failed_;
}

void WorldMaker::stop_working_ahead() {
  work_failed_ = true;
  discard_ready();
}

void WorldMaker::discard_ready() {
  if (ready_) {
    ::kill(ready_->init.pid, SIGKILL);  // a child of ours, not yet reaped
    ready_.reset();
  }
}

std::vector<WorldMaker::Gone> WorldMaker::reap() {
  int status = 0;
  for (int pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    auto found = living_.find(pid);
    if (found == living_.end()) {
      continue;
    }
    if (ready_ && ready_->init.pid == pid) {
      ready_.reset();
    }
    Gone gone{pid, status, os::oom_kills(found->second.group.open_memory_events()) > 0};
    leaving_.emplace_back(gone, std::move(found->second));
    living_.erase(found);
  }
  std::vector<Gone> gone;
  std::erase_if(leaving_, [&](auto& one) {
    if (!one.second.group.remove()) {
      return false;
    }
    gone.push_back(one.first);
    old_mounts_.push_back(std::move(one.second.mounts));
    return true;
  });
  return gone;
}

void WorldMaker::sweep() const {
  parents_.sweep(kGroupPrefix);
}

}  // namespace relapse::world
