#pragma once
// Whether anybody read from or wrote to a descriptor of another process, from now on: an inotify
// watch on the pipe, socket or file behind /proc/PID/fd/N. Counts of bytes are not to be had.
// (recv and send pass it by: they are no file operations.)

#include <cstdint>
#include <map>
#include <utility>

#include "model/result.h"
#include "os/fd.h"

namespace relapse::os {

struct Activity {
  std::uint64_t reads = 0;  // at least: equal events that nobody fetched yet count once
  std::uint64_t writes = 0;
};

class FdActivity {
 public:
  static model::Result<FdActivity> open();

  // False where it cannot be watched. Watching the same object twice is one watch.
  bool watch(int pid, int fd);
  void collect();  // takes in what has happened; never waits

  // Of the object behind a watched descriptor; a pipe's two ends are one object.
  Activity of(int pid, int fd) const;

 private:
  explicit FdActivity(Fd inotify) : inotify_(std::move(inotify)) {}

  Fd inotify_;
  std::map<std::pair<int, int>, int> watch_by_fd_;
  std::map<int, Activity> seen_;  // by watch
};

}  // namespace relapse::os
