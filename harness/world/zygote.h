#pragma once
// The supervisor's side of the zygote process: start it once, ask it for worlds.

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/process/v2/process.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/world_spec.h"
#include "os/fd.h"

namespace relapse::world {

// How the subject ended: what waitid(2) knows.
struct SubjectEnd {
  bool signaled = false;
  int code = 0;  // the exit code, or the signal's number
  double cpu_ms = 0;
  std::uint64_t memory_max_kib = 0;
};

// What a world tells. Called from the event loop; never after World's destructor.
struct WorldEvents {
  std::function<void()> on_started;  // exec has succeeded
  std::function<void(model::Error)> on_failed;
  std::function<void(SubjectEnd)> on_exited;
  std::function<void(os::Fd)> on_listener;  // seccomp, of a controlled subject
  std::function<void()> on_gone;  // every process of the world is dead, its groups are removed
};

// A live world. Its destructor (or stop) lets go of PID 1, which ends everything in it.
class World {
 public:
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  int init_pid() const { return init_pid_; }  // PID 1, as the host sees it
  // The subject's pid inside; on the host it is found by os/proc through NSpid. 0: not started.
  int subject_pid_inside() const { return subject_pid_; }
  std::vector<os::Fd>& listeners() { return listeners_; }  // in the order of listen_ports
  // Where the host sees the world's file system, while the world lives.
  std::string root() const { return "/proc/" + std::to_string(init_pid_) + "/root"; }

  // Ends the world; on_gone follows.
  void stop();

 private:
  friend class Zygote;
  World(boost::asio::io_context& io, class Zygote& zygote, int id, WorldEvents events);
  void listen();
  void handle(const std::string& text, std::vector<os::Fd> fds);

  class Zygote& zygote_;
  int id_;
  WorldEvents events_;
  boost::asio::posix::stream_descriptor control_;
  os::Fd pidfd_;
  int init_pid_ = 0;
  int subject_pid_ = 0;
  std::vector<os::Fd> listeners_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

class Zygote {
 public:
  // Starts the zygote process (the program beside ours) and waits, for ten seconds at most,
  // until its template stands. kUnavailable where this host does not allow it.
  static model::Result<std::unique_ptr<Zygote>> start(boost::asio::io_context& io);
  ~Zygote();
  Zygote(const Zygote&) = delete;
  Zygote& operator=(const Zygote&) = delete;

  struct Stdio {
    os::Fd in, out, err;
  };
  using Cloned = std::function<void(model::Result<std::unique_ptr<World>>)>;

  // Asks for a world. `cloned` is called once, when PID 1 lives and the listeners are there;
  // what comes later comes through `events`.
  void start_world(const model::WorldSpec& spec, Stdio stdio, WorldEvents events, Cloned cloned);

 private:
  Zygote(boost::asio::io_context& io, os::Fd socket);
  friend class World;
  struct Pending {
    std::unique_ptr<World> world;
    Cloned cloned;
  };
  void listen();
  void handle(const std::string& text, std::vector<os::Fd> fds);
  void fail_all(const model::Error& error);
  void forget(int id) { live_.erase(id); }

  boost::asio::io_context& io_;
  boost::asio::posix::stream_descriptor socket_;
  std::unique_ptr<boost::process::v2::process> process_;
  int next_id_ = 1;
  std::map<int, Pending> pending_;
  std::map<int, World*> live_;
};

}  // namespace relapse::world
