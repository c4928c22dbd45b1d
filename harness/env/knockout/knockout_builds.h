#pragma once
// The builds of a knock-out as they are done: environments go in, and each becomes one build in a
// world, from a clean copy, with the time that it may take.

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "builds/command_runner.h"
#include "knockout/artifact.h"
#include "knockout/knockout.h"
#include "model/redactor.h"

namespace relapse::env {

// One build that has been done.
struct Built {
  Environment env;
  model::Observation seen;
  std::string copy;  // of its outputs, where one was made
};

class KnockoutBuilds {
 public:
  KnockoutBuilds(const KnockoutRequest& request, CommandRunner& runner);

  // One build a cell, in their order. `copy`: of what they put out. `in_budget`: none is begun
  // that would not end in time.
  model::Result<std::vector<Built>> build(const std::vector<Cell>& cells, bool copy,
                                          bool in_budget);

  // A failed build had `made_up` beside `given`. Other values for the names that it speaks of,
  // until it passes; a name for which none is left goes without. Where it speaks of none, all of
  // them get another, unless what it says is what it said without any of them. None: no values were
  // found.
  model::Result<std::optional<Built>> make_up(const Built& given, Environment made_up,
                                              Built failed);

  // What git ignores stays from now on, and the output folders are there but empty.
  void keep_ignored() { keeps_ignored_ = true; }
  bool keeps_ignored() const { return keeps_ignored_; }
  // How long a build takes that lacks nothing: one that takes very much longer has come to a halt.
  void set_typical(double ms);
  // Why nothing can be compared with this one.
  model::Error no_reference(const Built& built) const;

  // The outputs of a build as one tree, each below its number.
  Artifact artifact_of(const Built& built) const;
  // The names whose values are in its output, as they are.
  std::set<std::string> shown_values(const Built& built) const;
  // "0/assets/a.js" → "assets/a.js", with no value in it; with several outputs their own names
  // stand in front.
  std::string shown_path(const std::string& path) const;

  const model::Redactor& redactor() const { return redactor_; }
  int count() const { return count_; }
  double elapsed_ms() const { return request_.now_ms() - began_ms_; }

 private:
  WorldCommand command_for(const Environment& env, const std::string& label,
                           const std::string& copy) const;
  double left_ms() const;

  const KnockoutRequest& request_;
  CommandRunner& runner_;
  std::vector<std::string> secrets_;
  model::Redactor redactor_;
  double began_ms_;
  bool keeps_ignored_ = false;
  double deadline_ms_;
  double typical_ms_ = 0;
  int copies_ = 0;
  int count_ = 0;
};

}  // namespace relapse::env
