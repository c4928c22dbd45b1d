#pragma once
// The supervisor's side of the zygote process: start it once, ask it for worlds.

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/world_spec.h"
#include "os/fd.h"
#include "world/zygote_process.h"

namespace relapse::world {

// How the subject ended: what waitid(2) knows.
struct SubjectEnd {
  bool signaled = false;
  int code = 0;      // the exit code, or the signal's number
  bool oom = false;  // the kernel has killed something in the world for want of memory
  double cpu_ms = 0;
  std::uint64_t memory_max_kib = 0;
};

// What a world tells. Called from the event loop; never after World's destructor. Each may
// destroy the World.
struct WorldEvents {
  std::function<void()> on_started;  // exec has succeeded
  // The subject could not be started, or the world died without the subject's end being known.
  std::function<void(model::Error)> on_failed;
  std::function<void(SubjectEnd)> on_exited;
  std::function<void(os::Fd)> on_listener;  // seccomp, of a controlled subject
  // Of start_command: its end, or why it could not be started.
  std::function<void(model::Result<SubjectEnd>)> on_command_end;
  // The last: every process of the world is dead, and its groups are removed (or, where the
  // zygote has died, left for the next one).
  std::function<void()> on_gone;
};

// What a program is started with; must not be 0, 1 or 2.
struct WorldStdio {
  os::Fd in, out, err;
};

class Zygote;

// A live world. Its destructor (or stop) ends everything in it.
class World {
 public:
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  int init_pid() const { return init_pid_; }  // PID 1, as the host sees it
  // The subject, from on_started on: its pid inside, and a handle on it that outlives its pid.
  int subject_pid_inside() const { return subject_pid_; }
  const os::Fd& subject_pidfd() const { return subject_pidfd_; }
  std::vector<os::Fd>& listeners() { return listeners_; }  // in the order of listen_ports
  // Where the host sees the world's file system, while the world lives.
  std::string root() const { return "/proc/" + std::to_string(init_pid_) + "/root"; }

  // A further command in the world, as the same user under the same limits, but uncontrolled; of
  // `spec`, only what concerns the start of a program counts. One at a time.
  model::Result<> start_command(const model::WorldSpec& spec, const WorldStdio& stdio);

  // Kills the world; on_gone follows, and nothing else.
  void stop();

 private:
  friend class Zygote;
  World(boost::asio::io_context& io, Zygote* zygote, int id, WorldEvents events);
  void listen();
  void read_last_words();
  void handle(const std::string& text, std::vector<os::Fd> fds);
  void fail(model::Error error);
  void gone();
  void zygote_died(const model::Error& error);

  Zygote* zygote_;  // null once it is destroyed
  int id_;
  WorldEvents events_;
  boost::asio::posix::stream_descriptor control_;
  boost::asio::posix::stream_descriptor pidfd_;
  bool end_known_ = false;  // told by on_exited or on_failed, or no longer wanted
  int init_pid_ = 0;
  int subject_pid_ = 0;
  os::Fd subject_pidfd_;
  std::vector<os::Fd> listeners_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

class Zygote {
 public:
  // Starts the zygote process (the program beside ours) and waits, for ten seconds at most,
  // until its template stands. kUnavailable where this host does not allow it.
  static model::Result<std::unique_ptr<Zygote>> start(boost::asio::io_context& io);
  // Ends what worlds are left, and waits until the zygote has cleaned up after them.
  ~Zygote();
  Zygote(const Zygote&) = delete;
  Zygote& operator=(const Zygote&) = delete;

  // For the record: which limits of a world hold in another way than by control groups, one
  // sentence each.
  const std::vector<std::string>& notes() const { return notes_; }

  pid_t pid() const { return process_.pid(); }

  using Stdio = WorldStdio;
  using Cloned = std::function<void(model::Result<std::unique_ptr<World>>)>;

  // Asks for a world. `cloned` is called once, never from inside this call when all is well, when
  // PID 1 lives and the listeners are there; what comes later comes through `events`.
  void start_world(const model::WorldSpec& spec, Stdio stdio, WorldEvents events, Cloned cloned);

 private:
  Zygote(boost::asio::io_context& io, os::Fd socket);
  friend class World;
  struct Pending {
    std::unique_ptr<World> world;
    Cloned cloned;
    std::unique_ptr<boost::asio::steady_timer> deadline;
  };
  model::Result<> greet();
  void listen();
  void handle(const std::string& text, std::vector<os::Fd> fds);
  void handle_gone(int id, int status, bool oom);
  void refuse(int id, const model::Error& error);
  void fail_all(const model::Error& error);
  void forget(int id) { live_.erase(id); }

  boost::asio::io_context& io_;
  boost::asio::posix::stream_descriptor socket_;
  ZygoteProcess process_;
  std::vector<std::string> notes_;
  int next_id_ = 1;
  std::map<int, World*> live_;
  std::map<int, Pending> pending_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace relapse::world
