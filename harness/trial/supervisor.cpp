#include "trial/supervisor.h"

#include <algorithm>
#include <chrono>
#include <csignal>

#include "control/control_cpus.h"
#include "trial/trial.h"

namespace relapse::run {

using model::Observation;
using model::Result;
using model::TrialEnd;

namespace {

constexpr std::chrono::milliseconds kTick{250};

bool is_controlled(const model::TrialPlan& plan) {
  return plan.call_control.has_value();
}

}  // namespace

Supervisor::Supervisor() : signals_(io_, SIGINT, SIGTERM) {
  std::signal(SIGPIPE, SIG_IGN);  // a subject that stops reading is an error code, not our end
  wait_for_signal();
}

Supervisor::~Supervisor() = default;

Result<std::unique_ptr<Supervisor>> Supervisor::start() {
  std::unique_ptr<Supervisor> supervisor(new Supervisor());
  auto zygote = world::Zygote::start(supervisor->io_);
  if (!zygote) {
    return zygote.error();
  }
  supervisor->zygote_ = std::move(*zygote);
  return supervisor;
}

void Supervisor::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int number) {
    if (error) {
      return;
    }
    interrupted_ = number;
    for (auto& trial : live_) {
      if (trial) {
        trial->stop(TrialEnd::kInterrupted);
      }
    }
    wait_for_signal();
  });
}

std::vector<Observation> Supervisor::run(const std::vector<model::TrialPlan>& plans, int jobs,
                                         const Events& events) {
  std::vector<Observation> observations(plans.size());
  for (auto& observation : observations) {
    observation.end = TrialEnd::kInterrupted;  // until it has been run
  }
  live_.clear();
  live_.resize(plans.size());
  std::vector<int> cpus = control_cpus();
  std::optional<OffControlCpus> off;
  if (std::any_of(plans.begin(), plans.end(), is_controlled)) {
    off.emplace();
  }
  size_t next = 0;
  int running = 0;
  auto may_start = [&] {
    return running < jobs && next < plans.size() && interrupted_ == 0 &&
           !(is_controlled(plans[next]) && cpus.empty());
  };
  auto start_more = [&] {
    while (may_start()) {
      const size_t index = next++;
      if (events.wanted && !events.wanted(index)) {
        continue;
      }
      ++running;
      const int cpu = is_controlled(plans[index]) ? cpus.back() : -1;
      if (cpu >= 0) {
        cpus.pop_back();
      }
      auto finished = [&, index, cpu](auto seen) {
        observations[index] = std::move(seen);
        live_[index].reset();
        --running;
        if (cpu >= 0) {
          cpus.push_back(cpu);
        }
        if (events.finished) {
          events.finished(index, observations[index]);
        }
      };
      live_[index] = std::make_unique<Trial>(io_, *zygote_, plans[index], cpu, std::move(finished));
      if (events.started) {
        events.started(index);
      }
      live_[index]->start();
    }
  };
  // Every trial has a deadline, so the loop ends.
  for (start_more(); running > 0; start_more()) {
    io_.run_one_for(kTick);
    if (events.tick) {
      events.tick();
    }
  }
  live_.clear();
  return observations;
}

}  // namespace relapse::run
