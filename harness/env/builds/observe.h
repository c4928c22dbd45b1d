#pragma once
// What a real build asks of its environment, seen while it runs: in node and its workers, in
// bundlers (whose names are replaced in the text and never read), in Python, in dynamic programs,
// and in the sources that it opens.

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "builds/build_setup.h"
#include "builds/command_runner.h"
#include "wanted/scan.h"

namespace relapse::env {

struct ObservedName {
  std::string name;
  std::string by;    // process.env, bundler, os.environ, getenv or source
  std::string file;  // relative to the build's folder; empty where only the program is known
  int line = 0;
  std::string how;  // as the language writes it, or the program that asked

  bool operator==(const ObservedName&) const = default;
};

// What one source of knowledge cannot see.
struct Blindness {
  std::string source;
  std::string what;
};

struct ObserveReport {
  std::vector<ObservedName> names;  // by name, file and line
  std::vector<ObservedName> tools;  // read by dependencies, not supplied: their own settings
  std::vector<Blindness> blind_spots;
  bool passes = false;
  std::string end;  // of the build, where it does not pass: said for people, no value in it
  std::vector<std::string> notes;
  double seconds = 0;
};

struct ObserveRequest {
  std::vector<std::string> build;
  BuildSetup setup;
  std::string top;  // the work tree: what lies in it is the project's own
  Environment supplied;
  std::string observer;  // the host's folder of observers
  std::string scratch;
  double deadline_ms = 600'000;
};

model::Result<ObserveReport> run_observe(const ObserveRequest& request, CommandRunner& runner);
nlohmann::json to_json(const ObserveReport& report);

// The rest is pure.

struct LogReading {
  std::string folder;  // of the build
  std::string top;
  std::set<std::string> supplied;
  // What the scan finds in a file of the project, by its absolute path; nullopt: it cannot be read.
  std::function<std::optional<FileFindings>(const std::string& path)> scan;
  // Whether a file of the project was there before the build: what the build itself has made holds
  // its tools' code too. None: all were.
  std::function<bool(const std::string& path)> was_there;
};

// From the observers' lines to names. A read counts by its place: the project's own code counts,
// dependencies are listed apart, and what npm, node and compilers ask for themselves is noise;
// but a supplied name counts wherever it is read. Whoever copies the whole environment reads none.
ObserveReport read_logs(const std::vector<std::string>& lines, const LogReading& reading);

}  // namespace relapse::env
