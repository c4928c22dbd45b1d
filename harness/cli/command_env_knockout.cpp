#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "builds/build_setup.h"
#include "cli/command_env.h"
#include "cli/env_build.h"
#include "knockout/knockout.h"
#include "model/fields.h"
#include "model/verdict.h"
#include "os/scratch_folder.h"
#include "wanted/scan.h"

namespace relapse::cli {

namespace {

using env::Effect;

struct KnockoutOptions {
  std::string env_file;
  std::vector<std::string> candidates;
  std::vector<std::string> outputs;
  std::vector<std::string> build;
  int jobs = 0;
  std::string budget;
  std::string deadline = "10min";
  bool json = false;
};

bool fails_build(Effect effect) {
  return effect == Effect::kLoud || effect == Effect::kObscure;
}

bool says_nothing(Effect effect) {
  return effect == Effect::kTimeout || effect == Effect::kUndecidable ||
         effect == Effect::kNotTried;
}

int exit_code_of(const env::KnockoutReport& report) {
  bool undecided = report.interrupted;
  for (const auto& name : report.names) {
    for (Effect effect : {name.unset.effect, name.empty.effect}) {
      if (effect == Effect::kSilent || (!name.supplied && fails_build(effect))) {
        return model::kExitFail;
      }
      undecided = undecided || says_nothing(effect);
    }
  }
  return undecided ? model::kExitInconclusive : model::kExitPass;
}

void print_detail(const char* when, const env::Outcome& outcome) {
  if (!outcome.why.empty()) {
    fmt::print("      {}: {}\n", when, outcome.why);
  }
  if (!outcome.says.empty()) {
    fmt::print("      {} it says: {}\n", when, outcome.says);
  }
  if (!outcome.paths.empty()) {
    fmt::print("      {} differs: {}\n", when, fmt::join(outcome.paths, ", "));
  }
}

void print_for_people(const env::KnockoutReport& report) {
  const auto& reference = report.reference;
  fmt::print("reference: {:.1f} s, {} files, {}\n", reference.seconds, reference.files,
             reference.deterministic ? "the same twice"
                                     : fmt::format("varies by itself in {} paths (taken out)",
                                                   reference.varying.size()));
  if (!reference.passes) {
    fmt::print("           as supplied the build fails; compared with one that has every name\n");
  }
  size_t width = 4;
  for (const auto& name : report.names) {
    width = std::max(width, name.name.size());
  }
  for (const auto& name : report.names) {
    fmt::print("  {:<{}}  {:<12}  unset: {:<11}  empty: {:<11}  {:.1f} s\n", name.name, width,
               name.supplied ? "supplied" : "not supplied", env::to_word(name.unset.effect),
               env::to_word(name.empty.effect), name.seconds);
    print_detail("unset", name.unset);
    print_detail("empty", name.empty);
  }
  for (const auto& note : report.notes) {
    fmt::print("note: {}\n", note);
  }
  if (!report.not_tried.empty()) {
    fmt::print("not tried for want of time: {}\n", fmt::join(report.not_tried, ", "));
  }
  fmt::print("{} builds in {:.1f} s\n", report.builds, report.seconds);
}

// Those that were named, or else what the sources read.
model::Result<std::vector<std::string>> candidates_of(const KnockoutOptions& options,
                                                      const std::string& folder) {
  for (const auto& name : options.candidates) {
    if (!env::is_variable_name(name)) {
      return model::Error{model::ErrorKind::kUsage,
                          fmt::format("--candidates: '{}' is no name of a variable", name),
                          "--candidates API_URL,TOKEN"};
    }
  }
  if (!options.candidates.empty()) {
    return options.candidates;
  }
  auto scan = env::scan_folder(folder);
  if (!scan) {
    return scan.error();
  }
  return env::read_names(*scan);
}

model::Result<env::KnockoutRequest> make_request(const KnockoutOptions& options) {
  env::KnockoutRequest request;
  auto supplied = supplied_by(options.env_file);
  if (!supplied) {
    return supplied.error();
  }
  request.supplied = std::move(*supplied);
  std::error_code error;
  const auto folder = std::filesystem::current_path(error);
  if (error) {
    return model::system_error("find the current folder", error.value());
  }
  auto candidates = candidates_of(options, folder);
  if (!candidates) {
    return candidates.error();
  }
  request.candidates = std::move(*candidates);
  std::vector<std::string> tried = request.candidates;
  for (const auto& [name, value] : request.supplied) {
    tried.push_back(name);
  }
  auto setup = env::prepare_build(folder, caller_environment(), tried, options.outputs);
  request.build = env::command_of(options.build);
  request.folder = setup.folder;
  request.mounts = std::move(setup.mounts);
  request.outputs = std::move(setup.outputs);
  request.clean = std::move(setup.clean);
  request.base = std::move(setup.base);
  request.jobs = options.jobs > 0 ? options.jobs : usable_cores();
  if (!options.budget.empty()) {
    request.budget_ms = model::parse_duration_ms(options.budget);
  }
  request.deadline_ms = model::parse_duration_ms(options.deadline).value_or(600'000);
  request.now_ms = steady_ms;
  return request;
}

int execute(const KnockoutOptions& options) {
  auto request = make_request(options);
  if (!request) {
    return report_error(request.error());
  }
  auto scratch = os::ScratchFolder::make();
  if (!scratch) {
    return report_error(scratch.error());
  }
  request->scratch = scratch->path();
  return ask_in_worlds([&](auto& runner) { return env::run_knockout(*request, runner); },
                       [&](const auto& report) {
                         if (options.json) {
                           print_document(env::to_json(report));
                         } else {
                           print_for_people(report);
                         }
                         return exit_code_of(report);
                       });
}

}  // namespace

std::function<int()> declare_env_knockout(CLI::App& app) {
  auto options = std::make_shared<KnockoutOptions>();
  app.add_option("--env-file", options->env_file,
                 "NAME=VALUE lines: what the build is supplied with; each name is taken away")
      ->type_name("FILE");
  app.add_option("--candidates", options->candidates,
                 "names that may be wanted; those that are not supplied are tried with a value "
                 "(default: what the sources read)")
      ->type_name("A,B")
      ->delimiter(',')
      ->allow_extra_args(false);  // so that -- is left for the build
  app.add_option("--output", options->outputs, "the folder that the build writes")
      ->type_name("DIR")
      ->allow_extra_args(false)
      ->required();
  app.add_option("--jobs", options->jobs, "builds at a time (default: the cores)")
      ->type_name("N")
      ->check(CLI::Range(1, 1024));
  app.add_option("--budget", options->budget,
                 "begin no build that would not end within this time; says what was not tried")
      ->type_name("TIME")
      ->check(check_duration);
  app.add_option("--deadline", options->deadline, "of one build; a longer one is a timeout")
      ->type_name("TIME")
      ->check(check_duration)
      ->capture_default_str();
  app.add_flag("--json", options->json, "for programs");
  app.add_option("BUILD", options->build, "-- and the command that builds")
      ->type_name("-- BUILD")
      ->required();
  app.footer(
      "The current folder is shown to each build as a copy of its own, at its own path, and is\n"
      "never changed; the environment holds PATH, HOME and the file's names alone; no network.\n"
      "\n"
      "  loud      the build fails and names the variable\n"
      "  obscure   it fails without naming it\n"
      "  silent    it passes, and the output differs: users will notice instead\n"
      "  none      the output is the same\n"
      "\n"
      "Exit codes: 0 nothing is silent, 1 something is (or is not supplied and the build needs "
      "it),\n"
      "4 undecidable, not tried, or no build passes that others could be compared with.\n"
      "\n"
      "  relapse env knockout --env-file .env.ci --output dist -- npm run build");
  return [options] { return execute(*options); };
}

}  // namespace relapse::cli
