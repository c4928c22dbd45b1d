#include <fmt/format.h>
#include <unistd.h>

#include <iostream>
#include <memory>

#include "cli/command.h"
#include "reports/terminal.h"
#include "reports/writers.h"
#include "run/record_file.h"

namespace relapse::cli {

namespace {

struct ReportOptions {
  std::string record_file;
  std::string form = "terminal";
  std::string folder;
};

int execute(const ReportOptions& options) {
  auto record = run::read_record_file(options.record_file);
  if (!record) {
    return report_error(record.error());
  }
  if (!options.folder.empty()) {
    auto written = reports::write_all(options.folder, *record);
    return written ? model::kExitPass : report_error(written.error());
  }
  if (options.form == "terminal") {
    std::cout << reports::terminal_report(*record, {wants_color(STDOUT_FILENO)});
  } else {
    std::cout << reports::find_writer(options.form)->write(*record);
  }
  std::cout.flush();
  return std::cout ? model::kExitPass
                   : report_error(model::system_error("write to standard output", errno));
}

}  // namespace

std::function<int()> declare_report(CLI::App& app) {
  auto options = std::make_shared<ReportOptions>();
  std::vector<std::string> forms;
  for (const auto& writer : reports::writers()) {
    forms.emplace_back(writer.name);
  }
  app.add_option("RECORD", options->record_file, "the record.json of a run")
      ->required()
      ->type_name("FILE")
      ->check(CLI::ExistingFile);
  auto* form = app.add_option("--as", options->form, "print it in this form")
                   ->type_name("FORM")
                   ->check(CLI::IsMember(forms))
                   ->capture_default_str();
  app.add_option("--report", options->folder,
                 "write every form into this folder, and print nothing")
      ->type_name("DIR")
      ->excludes(form);
  app.footer(
      "Exit codes: 0 it was written, whatever the record's verdict; 2 no record.\n"
      "\n"
      "  relapse report out/record.json --as html >page.html");
  return [options] { return execute(*options); };
}

}  // namespace relapse::cli
