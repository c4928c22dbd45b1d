#pragma once
// What commands that make a record have in common: progress while it runs, then the record for
// people or for programs, the reports, and the exit code.

#include <memory>
#include <string>

#include "cli/command.h"
#include "reports/progress.h"
#include "run/session.h"

namespace relapse::cli {

struct OutputOptions {
  std::string report_folder;
  bool json = false;
};

void add_output_options(CLI::App& app, OutputOptions& options);

// On standard error, and only where that is a terminal.
class LiveProgress {
 public:
  LiveProgress();
  run::SessionEvents events();
  void clear() { progress_.clear(); }

 private:
  reports::Progress progress_;
};

// The record that put_out will write; empty: none.
std::string record_file(const OutputOptions& options);

// Prints, writes the reports, and gives the exit code.
int put_out(const run::SessionResult& result, const OutputOptions& options);

}  // namespace relapse::cli
