#pragma once
// Which program stands in for a role, and what it is: path, SHA-256, version, origin.

#include <map>
#include <string>
#include <vector>

#include "model/record.h"
#include "model/scenario.h"

namespace relapse::run {

struct ResolvedSubject {
  model::SubjectFacts facts;    // origin "missing": the program is not there
  bool is_node_script = false;  // started through node, whatever its mode
  bool is_executable = false;
  bool is_open = false;         // any user may read it (and execute it, where it is executable)
  bool folder_is_open = false;  // any user may list and enter the folder that it lies in
  std::map<std::string, std::string> env;  // of the choice
  std::vector<std::string> patches;        // as well; absolute
  std::string remedy;                      // where it is missing
};

// What the user gave: --subject NAME=PATH, or a subjects.json ({"NAME": "PATH"}).
using GivenSubjects = std::map<std::string, std::string>;
model::Result<GivenSubjects> read_given_subjects(const std::vector<std::string>& pairs,
                                                 const std::string& file);

class SubjectResolver {
 public:
  SubjectResolver(std::string project, GivenSubjects given)
      : project_(std::move(project)), given_(std::move(given)) {}

  // `choice` empty: the given program, else the role's default.
  ResolvedSubject resolve(const std::string& name, const model::Role& role,
                          const std::string& choice);
  bool is_given(const std::string& role) const { return given_.contains(role); }
  const GivenSubjects& given() const { return given_; }

 private:
  ResolvedSubject describe(const std::string& path, model::SubjectFacts facts);
  ResolvedSubject describe_project(const std::string& path, const std::vector<std::string>& patches,
                                   model::SubjectFacts facts);

  std::string project_;
  GivenSubjects given_;
  std::map<std::string, std::string> hashes_;  // by path: agents are large
};

}  // namespace relapse::run
