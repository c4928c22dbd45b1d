#pragma once
// Watches one world for the supervisor: joins what the kernel shows (diagnose) with what only we
// know: the roles of the programs, the fakes and their pending replies, our ends of the pipes.

#include <cstdint>
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

// The far ends of the subject's standard streams, which relapse holds: by inode.
struct OwnEnds {
  std::vector<std::uint64_t> drained;  // outputs: always read
  std::uint64_t silent_input = 0;      // an input that is kept open without a word; 0: none
};

class Monitor {
 public:
  // `init_pid`: the world's PID 1 on the host; `subject_pid`: the subject's in the world.
  Monitor(const model::TrialPlan& plan, int init_pid, int subject_pid, OwnEnds own);
  ~Monitor();

  // One look, without any wait. A diagnosis is the end: a hang, proved or on evidence.
  std::optional<model::Diagnosis> look(const MonitorInput& input);
  double next_look_ms() const;  // when, on the input's clock, the next look is worth its cost

  // What can be said now, whatever it is; for a trial that reaches its deadline.
  model::Diagnosis report();
  const std::vector<model::Stall>& stalls() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace relapse::run
