#include <fmt/format.h>
#include <filesystem>

#include "cli/command.h"
#include "model/diagnosis_json.h"
#include "model/verdict.h"
#include "trial/command_plan.h"
#include "trial/supervisor.h"
#include "trial/watch_process.h"

namespace relapse::cli {

namespace {

using model::Movement;

struct DiagnoseOptions {
  int pid = 0;
  std::vector<std::string> command;
  double quiet_ms = 5'000;
  double limit_ms = 45'000;
  std::string input = "null";
  bool json = false;
};

int exit_code_of(const model::Diagnosis& diagnosis) {
  switch (diagnosis.verdict) {
    case Movement::kHang:
      return model::kExitFail;
    case Movement::kUndecided:
      return model::kExitInconclusive;
    case Movement::kProgress:
    case Movement::kEnded:
      return model::kExitPass;
  }
  return model::kExitHarness;
}

void print_for_people(const model::Diagnosis& diagnosis) {
  std::string verdict(model::to_word(diagnosis.verdict));
  if (diagnosis.proof != model::Proof::kNone) {
    verdict += fmt::format(" ({})", model::to_word(diagnosis.proof));
  }
  fmt::print("{}: {}\n", verdict, diagnosis.sentence);
  for (const auto& line : diagnosis.evidence) {
    fmt::print("    {}\n", line);
  }
}

int answer(const model::Diagnosis& diagnosis, bool as_json) {
  if (as_json) {
    print_document(model::to_json(diagnosis));
  } else {
    print_for_people(diagnosis);
  }
  return exit_code_of(diagnosis);
}

model::Result<model::Diagnosis> diagnose_command(const DiagnoseOptions& options) {
  run::CommandRequest request;
  request.command = options.command;
  request.folder = std::filesystem::current_path();
  request.env = caller_environment();
  request.quiet_ms = options.quiet_ms;
  request.deadline_ms = options.limit_ms;
  request.standard_input = options.input == "open"   ? model::StandardInput::kOpen
                           : options.input == "line" ? model::StandardInput::kLineThenOpen
                                                     : model::StandardInput::kNull;
  auto supervisor = run::Supervisor::start();
  if (!supervisor) {
    return supervisor.error();
  }
  auto seen = (*supervisor)->run({run::make_command_plan(request)}, 1, {}).front();
  if (seen.end == model::TrialEnd::kSetupFailed) {
    return seen.error;
  }
  model::Diagnosis diagnosis = seen.diagnosis.value_or(model::Diagnosis{});
  if (seen.end == model::TrialEnd::kExited) {
    diagnosis.verdict = Movement::kEnded;
    diagnosis.sentence = fmt::format(
        "{} ended after {:.1f} s {} {}", options.command.front(), seen.duration_ms / 1000,
        seen.signaled ? "by signal" : "with exit code", seen.exit_code);
    for (const auto& stall : seen.stalls) {
      diagnosis.evidence.push_back(
          fmt::format("it stood still for {:.1f} s: {}", stall.duration_ms / 1000, stall.sentence));
    }
  } else if (seen.end == model::TrialEnd::kInterrupted) {
    diagnosis.sentence = "interrupted";
  }
  return diagnosis;
}

int execute(const DiagnoseOptions& options) {
  if ((options.pid != 0) == !options.command.empty()) {
    return report_error({model::ErrorKind::kUsage, "diagnose takes a process or a command",
                         "relapse diagnose 510, or relapse diagnose -- COMMAND"});
  }
  auto diagnosis = options.pid != 0
                       ? run::watch_process(options.pid, options.quiet_ms, options.limit_ms)
                       : diagnose_command(options);
  if (!diagnosis) {
    return report_error(diagnosis.error());
  }
  return answer(*diagnosis, options.json);
}

}  // namespace

std::function<int()> declare_diagnose(CLI::App& app) {
  auto options = std::make_shared<DiagnoseOptions>();
  app.add_option("--quiet-ms", options->quiet_ms,
                 "how long nothing may have moved before a hang is spoken of")
      ->type_name("MS")
      ->check(CLI::Range(100, 600000))
      ->capture_default_str();
  app.add_option("--limit-ms", options->limit_ms, "say what can be said after so long")
      ->type_name("MS")
      ->check(CLI::Range(100, 86400000))
      ->capture_default_str();
  app.add_option("--stdin", options->input,
                 "what the command finds on its standard input: null (its end at once), open (a "
                 "pipe that stays open, silent), line (one line, then silent)")
      ->check(CLI::IsMember({"null", "open", "line"}))
      ->capture_default_str();
  app.add_flag("--json", options->json, "for programs");
  auto words = std::make_shared<std::vector<std::string>>();
  app.add_option("PID", *words, "a process of this host; or -- COMMAND to start one in a world")
      ->type_name("PID | -- COMMAND");
  app.footer(
      "Exit codes: 1 a hang, 0 it moves or has ended, 4 undecided.\n"
      "\n"
      "  relapse diagnose 510\n"
      "  relapse diagnose --stdin open -- claude --print hello");
  return [options, words] {
    if (words->size() == 1 && !words->front().empty() &&
        words->front().find_first_not_of("0123456789") == std::string::npos &&
        words->front().size() < 10) {
      options->pid = std::stoi(words->front());
    } else {
      options->command = *words;
    }
    return execute(*options);
  };
}

}  // namespace relapse::cli
