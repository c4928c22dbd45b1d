#pragma once
// One trial, from its plan to its observation: a world, its fakes, the subject's output, the
// watch that says when nothing moves, and the limits. Lives in the supervisor's event loop.

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "control/subject_control.h"
#include "fakes/fake_set.h"
#include "model/observation.h"
#include "model/plan.h"
#include "trial/monitor.h"
#include "trial/output_tail.h"
#include "world/zygote.h"

namespace relapse::run {

class Trial {
 public:
  using Finished = std::function<void(model::Observation)>;

  // `plan` outlives the trial. `finished` is called once, from the event loop, when nothing of
  // the trial is left; the trial may be destroyed after it has returned. `cpu`: where a subject
  // under call control runs; nobody else may have it so.
  Trial(boost::asio::io_context& io, world::Zygote& zygote, const model::TrialPlan& plan, int cpu,
        Finished finished);
  ~Trial();
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  void start();
  // Ends it, for a reason from outside; the first reason stands.
  void stop(model::TrialEnd reason);

 private:
  using Clock = std::chrono::steady_clock;
  // One of the subject's output streams.
  struct Stream {
    explicit Stream(boost::asio::io_context& io) : descriptor(io) {}
    boost::asio::posix::stream_descriptor descriptor;
    std::array<char, 16384> chunk{};
    bool open = false;
    std::uint64_t inode = 0;  // of the pipe: both ends have the same

    void take(os::Fd read_end);
  };

  model::Result<world::Zygote::Stdio> open_streams();
  model::Result<os::Fd> open_input();
  world::WorldEvents world_events();
  void on_cloned(model::Result<std::unique_ptr<world::World>> cloned);
  model::Result<> start_fakes();
  void on_control_over(const model::Result<>& kept);
  void on_started();
  void on_exited(const world::SubjectEnd& end);
  model::Result<> collect_trees();
  model::Result<> start_check();
  void on_check_end(const model::Result<world::SubjectEnd>& end);
  void fail(model::Error error);
  void read(Stream& stream, OutputTail& into);
  void note_sign();
  void schedule_look();
  void look();
  void finish_if_over();
  double now_ms() const;

  boost::asio::io_context& io_;
  world::Zygote& zygote_;
  const model::TrialPlan& plan_;
  Finished finished_;
  Clock::time_point began_ = Clock::now();
  double exec_ms_ = 0;

  fakes::CallLog calls_;
  std::unique_ptr<fakes::FakeSet> fakes_;
  std::unique_ptr<world::World> world_;
  Stream out_;
  Stream err_;
  os::Fd input_;  // our end of the subject's standard input, where it is to stay open
  std::uint64_t input_inode_ = 0;
  Stream check_out_;
  OutputTail output_;
  OutputTail check_output_;
  int cpu_;
  std::unique_ptr<SubjectControl> control_;
  std::optional<Monitor> monitor_;
  boost::asio::steady_timer look_timer_;
  boost::asio::steady_timer deadline_;

  model::Observation observation_;
  std::optional<double> exited_ms_;  // the subject has ended by itself; what follows is ours
  bool ended_ = false;               // the reason stands
  bool gone_ = false;                // no process is left, or there never was a world
  bool told_ = false;
};

}  // namespace relapse::run
