#pragma once
// A chain into words: the sentence, the evidence, the picture. Pure.

#include <string>
#include <vector>

#include "diagnose/chain.h"
#include "model/diagnosis.h"

namespace relapse::diagnose {

model::ProcessRef ref_of(const ProcessFact& process);
// "agent (claude, pid 7)", "cat (pid 9)".
std::string name_of(const ProcessFact& process);

// Cause, process, fd, peer, peer_fd, bytes and the sentence, from the chain's named link.
void tell_cause(const WaitGraph& graph, const Chain& chain, model::Diagnosis& into);

// The link in a few words: "waits for input on fd 0 (socket:[81])".
std::string activity_of(const ProcessFact& process, const ThreadFact& thread);

// What was looked at, one fact a line; nodes and edges of the picture.
void tell_evidence(const WaitGraph& graph, const Chain& chain, model::Diagnosis& into);

}  // namespace relapse::diagnose
