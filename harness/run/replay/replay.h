#pragma once
// A trial of a record again: the same scenario or command, subjects and seed, and, where its
// order was decided, the same order.

#include <string>

#include "run/session.h"

namespace relapse::run {

struct ReplayRequest {
  std::string project;
  std::string record_file;
  std::string entry;                       // "ID/VARIANT"; empty: the one that failed
  std::map<std::string, std::string> env;  // the caller's whole environment
  int jobs = 4;
};

// An error is of usage: a record that cannot be read, or no single entry that is meant.
model::Result<SessionResult> replay_record(const ReplayRequest& request,
                                           const SessionEvents& events);

}  // namespace relapse::run
