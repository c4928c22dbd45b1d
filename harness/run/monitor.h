#pragma once
// Watches one world for the supervisor: joins what the kernel shows (diagnose) with what only we
// know: the roles of the programs, the fakes and their pending replies, our ends of the pipes.

#include <memory>
#include <optional>
#include <vector>

#include "model/call.h"
#include "model/diagnosis.h"
#include "model/plan.h"

namespace relapse::run {

struct MonitorInput {
  double now_ms = 0;  // since the subject's start
  std::uint64_t output_bytes = 0;
  std::uint64_t fake_changes = 0;
  std::vector<model::OpenCall> open_calls;
};

class Monitor {
 public:
  // `init_pid`: the world's PID 1 on the host; `subject_pid`: the subject's in the world.
  Monitor(const model::TrialPlan& plan, int init_pid, int subject_pid);
  ~Monitor();

  // One look, without any wait. A diagnosis is the end: a hang, proved or on evidence.
  std::optional<model::Diagnosis> look(const MonitorInput& input);
  double next_look_ms() const;  // how long until the next look is worth its cost

  // The newest analysis, whatever it said; for a trial that reaches its deadline.
  std::optional<model::Diagnosis> last_diagnosis() const;
  const std::vector<model::Stall>& stalls() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace relapse::run
