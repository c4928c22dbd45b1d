#pragma once
// Follows a process of this host, with all that descends from it, until something can be said.

#include "model/diagnosis.h"
#include "model/result.h"

namespace relapse::run {

// The process is only looked at: neither stopped nor changed. Answers as soon as there is a hang
// or an end; once the quiet period has gone by, also that it moves; after `limit_ms`, whatever can
// be said then.
model::Result<model::Diagnosis> watch_process(int pid, double quiet_ms, double limit_ms);

}  // namespace relapse::run
