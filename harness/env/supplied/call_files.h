#pragma once
// Which files of the project a call came from, by the processes around it: a makefile, a script,
// a line of package.json. Pure but for reading those files.

#include <optional>
#include <string>
#include <vector>

#include "supplied/job_run.h"
#include "supplied/package_scripts.h"

namespace relapse::env {

// The nearest first.
std::vector<SourceText> files_around(const RecordedCall& call, const std::string& root,
                                     const std::string& base,
                                     const std::vector<PackageScript>& scripts);

// The numbers of the calls of package managers whose scripts led to this one, the nearest first.
std::vector<int> scripts_around(const RecordedCall& call, const std::string& base);

// Of a step's calls, those that say what a build or a deployment was given. A package manager's
// call says it itself where its script calls no tool that is known: then the project's own tools
// in it do, else what the script as a whole was given.
std::vector<std::pair<RecordedCall, CallFacts>> building_calls(
    std::vector<RecordedCall> calls, const std::vector<std::string>& tools,
    const std::string& base);

}  // namespace relapse::env
