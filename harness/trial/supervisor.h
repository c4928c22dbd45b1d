#pragma once
// The single event loop: owns the zygote, the trials and the signals. Only here is anything
// waited for.

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "model/observation.h"
#include "model/plan.h"
#include "world/zygote.h"

namespace relapse::run {

class Trial;

class Supervisor {
 public:
  static model::Result<std::unique_ptr<Supervisor>> start();
  ~Supervisor();

  struct Events {
    std::function<bool(size_t index)> wanted;  // asked before a trial; none: all are
    std::function<void(size_t index)> started;
    std::function<void(size_t index, const model::Observation&)> finished;
    std::function<void()> tick;  // about four times a second
  };

  // Runs every plan, `jobs` at a time, in their order; such with call control at most one on each
  // of control_cpus(). The observations stand in the plans' order. After an interrupt (SIGINT,
  // SIGTERM) the live trials are ended and the rest are not begun; their observations say
  // kInterrupted.
  std::vector<model::Observation> run(const std::vector<model::TrialPlan>& plans, int jobs,
                                      const Events& events);

  // The number of the signal that interrupted; 0: none.
  int interrupted() const { return interrupted_; }
  boost::asio::io_context& io() { return io_; }

 private:
  Supervisor();
  void wait_for_signal();

  boost::asio::io_context io_;
  boost::asio::signal_set signals_;
  std::unique_ptr<world::Zygote> zygote_;
  std::vector<std::unique_ptr<Trial>> live_;
  int interrupted_ = 0;
};

}  // namespace relapse::run
