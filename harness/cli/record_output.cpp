#include "cli/record_output.h"

#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "os/terminal.h"
#include "reports/step_summary.h"
#include "reports/terminal.h"
#include "reports/writers.h"

namespace relapse::cli {

namespace {

model::Result<> write_reports(const OutputOptions& options, const model::Record& record) {
  if (!options.report_folder.empty()) {
    auto written = reports::write_all(options.report_folder, record);
    if (!written) {
      return written;
    }
  }
  const char* summary = std::getenv("GITHUB_STEP_SUMMARY");
  if (summary != nullptr && *summary != '\0') {
    auto appended = reports::append_step_summary(summary, record);
    if (!appended) {
      return appended.error();
    }
  }
  return model::Done{};
}

}  // namespace

void add_output_options(CLI::App& app, OutputOptions& options) {
  app.add_option("--report", options.report_folder,
                 "write record.json, junit.xml, report.md and index.html into this folder")
      ->type_name("DIR");
  app.add_flag("--json", options.json, "print the record instead of the lines for people");
}

LiveProgress::LiveProgress()
    : progress_(
          std::cerr, os::is_live_terminal(STDERR_FILENO),
          [] { return std::chrono::steady_clock::now(); },
          [] { return os::terminal_width(STDERR_FILENO); }) {}

run::SessionEvents LiveProgress::events() {
  run::SessionEvents events;
  events.expected = [this](int more) { progress_.expect(more); };
  events.started = [this](int trial, const std::string& label) { progress_.started(trial, label); };
  events.finished = [this](int trial) { progress_.finished(trial); };
  events.tick = [this] { progress_.tick(); };
  return events;
}

std::string record_file(const OutputOptions& options) {
  return options.report_folder.empty() ? "" : options.report_folder + "/record.json";
}

int put_out(const run::SessionResult& result, const OutputOptions& options) {
  const model::Record& record = result.record;
  if (options.json) {
    print_json(reports::find_writer("json")->write(record));
  } else {
    std::cout << reports::terminal_report(record, {wants_color(STDOUT_FILENO)}) << std::flush;
  }
  auto written = write_reports(options, record);
  if (!written) {
    return report_error(written.error());
  }
  return result.interrupted_by != 0 ? interrupted_exit(result.interrupted_by)
                                    : model::exit_code(record.verdict);
}

}  // namespace relapse::cli
