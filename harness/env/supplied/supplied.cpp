#include "supplied/supplied.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>

#include "model/fields.h"
#include "model/json_lines.h"
#include "model/nearest.h"
#include "os/run_program.h"
#include "supplied/dotenv.h"
#include "supplied/supply_source.h"
#include "wanted/env_file.h"
#include "wanted/scan.h"

namespace relapse::env {

namespace fs = std::filesystem;
using model::Error;
using model::ErrorKind;
using nlohmann::json;

namespace {

// How directly a call gave a name: what was said to the tool outranks what it found.
enum class Rank { kFile, kEnvironment, kFlag };

struct Candidate {
  Rank rank = Rank::kFile;
  SuppliedName name;
};

// What a shell or a stand-in adds by itself.
bool is_noise(const std::string& name) {
  return !well_known(name).empty() || name == "_" || name.starts_with("relapse_");
}

// "vars.X is not defined", for what the line of the value refers to.
std::string undefined_in(const std::string& text, const JobReport& report) {
  for (const auto& missing : report.missing) {
    const size_t at = text.find(missing);
    if (at != std::string::npos && text.find("${{") != std::string::npos) {
      return missing + " is not defined";
    }
  }
  return "";
}

class SupplyJudge {
 public:
  SupplyJudge(const JobReport& report, const JobRequest& request)
      : report_(report),
        root_(request.root.empty() ? repository_of(request.workflow) : request.root) {}

  SuppliedReport run() {
    for (const auto& leg : report_.legs) {
      best_.emplace_back();
      for (const auto& call : leg.calls) {
        out_.calls.push_back({call.facts.tool, call.step, leg.label, call.file, call.line});
        add_flags(call, leg);
        add_environment(call, leg);
        add_files(call, leg);
      }
    }
    out_.notes = report_.notes;
    out_.notes.insert(out_.notes.end(), notes_.begin(), notes_.end());
    join_legs();
    return std::move(out_);
  }

 private:
  void add(Candidate candidate) {
    auto& best = best_.back();
    auto [at, is_new] = best.try_emplace(candidate.name.name, candidate);
    if (is_new || candidate.rank < at->second.rank) {
      return;
    }
    // Of two calls that say it in the same way, the one that is worse off counts.
    if (candidate.rank > at->second.rank || candidate.name.state < at->second.name.state) {
      at->second = std::move(candidate);
    }
  }

  SuppliedName place(const std::string& name, const SuppliedValue& value, bool by_flag,
                     const BuildCall& call, const JobLeg& leg) const {
    SuppliedName out;
    out.name = name;
    out.state = state_of(value);
    out.value = value.value_or("");
    out.leg = leg.label;
    const auto began = call.step_env.find(name);
    const bool as_it_began = began != call.step_env.end() && began->second == value;
    const SupplySource source = find_source(name,
                                            by_flag       ? SupplyWay::kFlag
                                            : as_it_began ? SupplyWay::kStep
                                                          : SupplyWay::kScript,
                                            call.sources);
    out.file = source.line == 0 ? call.file : source.file;
    out.line = source.line == 0 ? call.line : source.line;
    if (out.state == SupplyState::kEmpty) {
      out.because = undefined_in(source.text, report_);
    }
    return out;
  }

  void add_flags(const BuildCall& call, const JobLeg& leg) {
    for (const auto& [name, value] : call.facts.named) {
      Candidate one{Rank::kFlag, place(name, value, true, call, leg)};
      one.name.how = "said to " + call.facts.tool;
      add(std::move(one));
    }
  }

  void add_environment(const BuildCall& call, const JobLeg& leg) {
    if (!call.facts.env_reaches) {
      return;
    }
    for (const auto& [name, value] : call.call.env) {
      if (!is_noise(name)) {
        Candidate one{Rank::kEnvironment, place(name, value, false, call, leg)};
        one.name.how = "environment of " + call.facts.tool;
        add(std::move(one));
      }
    }
  }

  // .env files lie beside what is built, and go along where it is sent away.
  void add_files(const BuildCall& call, const JobLeg& leg) {
    std::vector<std::string> beside;
    std::error_code error;
    for (fs::directory_iterator at(call.call.folder, error), end; !error && at != end;
         at.increment(error)) {
      beside.push_back(at->path().filename());
    }
    for (const auto& file : dotenv_files(dotenv_reader(beside), call.facts.mode)) {
      const auto found = call.call.env_files.find(file);
      if (found == call.call.env_files.end() || is_private(call.call.folder, file, found->second)) {
        continue;
      }
      auto entries = parse_env_text(found->second, file);
      if (!entries) {
        notes_.push_back({file, entries.error().line, entries.error().message});
        continue;
      }
      const std::string shown = fs::path(call.call.folder).lexically_relative(root_) / file;
      for (const auto& [name, entry] : *entries) {
        Candidate one;
        one.name = {name,       state_of(entry.value), shown, entry.line, file, "", leg.label,
                    entry.value};
        // Files come with the weightiest first.
        best_.back().try_emplace(name, std::move(one));
      }
    }
  }

  // A file that git does not keep is this machine's: whoever deploys from a clone has it not.
  bool is_private(const std::string& folder, const std::string& file, const std::string& text) {
    constexpr int kLimitMs = 5'000;
    const fs::path path = fs::path(folder) / file;
    auto here = parse_env_text(text, file);
    auto on_disk = read_env_file(path);
    std::error_code error;
    const bool as_on_disk =
        fs::exists(path, error) && here && on_disk && here->size() == on_disk->size();
    if (!as_on_disk) {
      return false;  // a step wrote it
    }
    auto repository = os::run_program({"git", "-C", folder, "rev-parse", "--git-dir"}, kLimitMs);
    if (!repository || repository->status != 0) {
      return false;
    }
    auto kept =
        os::run_program({"git", "-C", folder, "ls-files", "--error-unmatch", file}, kLimitMs);
    if (kept && kept->status != 0) {
      const JobNote note = {file, 0, "is not kept by git: a deploy from a clone does not have it"};
      if (std::find(notes_.begin(), notes_.end(), note) == notes_.end()) {
        notes_.push_back(note);
      }
      return true;
    }
    return false;
  }

  // The worst leg counts: a release goes out only when all of them work.
  void join_legs() {
    std::map<std::string, SuppliedName> joined;
    for (const auto& leg : best_) {
      for (const auto& [name, candidate] : leg) {
        auto [at, is_new] = joined.try_emplace(name, candidate.name);
        if (!is_new && candidate.name.state < at->second.state) {
          at->second = candidate.name;
        }
      }
    }
    for (auto& [name, one] : joined) {
      for (size_t i = 0; i < best_.size(); ++i) {
        if (!best_[i].contains(name) && !report_.legs[i].calls.empty()) {
          one.state = SupplyState::kAbsent;
          one.value.clear();
          one.leg = report_.legs[i].label;
        }
      }
      out_.names.push_back(std::move(one));
    }
  }

  const JobReport& report_;
  std::string root_;
  std::vector<std::map<std::string, Candidate>> best_;  // by leg
  std::vector<JobNote> notes_;
  SuppliedReport out_;
};

}  // namespace

const SuppliedName* SuppliedReport::find(const std::string& name) const {
  for (const auto& one : names) {
    if (one.name == name) {
      return &one;
    }
  }
  return nullptr;
}

SuppliedReport judge_supply(const JobReport& report, const JobRequest& request) {
  return SupplyJudge(report, request).run();
}

model::Result<SuppliedReport> find_supplied(const JobRequest& request, CommandRunner& runner) {
  auto report = run_job(request, runner);
  if (!report) {
    return report.error();
  }
  return judge_supply(*report, request);
}

std::map<std::string, std::string> values_of(const SuppliedReport& report) {
  std::map<std::string, std::string> values;
  for (const auto& one : report.names) {
    if (one.state != SupplyState::kAbsent) {
      values[one.name] = one.value;
    }
  }
  return values;
}

model::Result<json> parse_values(const std::string& text, const std::string& file) {
  json values = json::parse(text, nullptr, false);
  if (values.is_discarded()) {
    // What the parser would quote may be a secret.
    return Error{ErrorKind::kScenario, "not JSON",
                 "an object of vars, secrets, inputs and github, each an object", file, 1};
  }
  model::Fields fields(values, "");
  for (const char* name : {"vars", "secrets", "inputs", "github"}) {
    fields.object(name);
  }
  if (auto done = fields.finish(); !done) {
    Error error = done.error();
    error.file = file;
    error.line = model::line_of(model::lines_of_json(text), error.pointer);
    return error;
  }
  return values;
}

nlohmann::ordered_json to_json(const SuppliedReport& report) {
  nlohmann::ordered_json out;
  out["names"] = nlohmann::ordered_json::array();
  for (const auto& name : report.names) {
    nlohmann::ordered_json one = {{"name", name.name},
                                  {"state", to_word(name.state)},
                                  {"file", name.file},
                                  {"line", name.line},
                                  {"how", name.how}};
    if (!name.because.empty()) {
      one["because"] = name.because;
    }
    if (!name.leg.empty()) {
      one["leg"] = name.leg;
    }
    out["names"].push_back(std::move(one));
  }
  out["calls"] = nlohmann::ordered_json::array();
  for (const auto& call : report.calls) {
    out["calls"].push_back({{"tool", call.tool},
                            {"step", call.step},
                            {"leg", call.leg},
                            {"file", call.file},
                            {"line", call.line}});
  }
  out["notes"] = nlohmann::ordered_json::array();
  for (const auto& note : report.notes) {
    out["notes"].push_back({{"file", note.file}, {"line", note.line}, {"what", note.what}});
  }
  return out;
}

std::string to_table(const SuppliedReport& report) {
  std::string out;
  size_t width = 0;
  for (const auto& name : report.names) {
    width = std::max(width, name.name.size());
  }
  for (const auto& name : report.names) {
    std::string remark = name.because.empty() ? name.how : name.because;
    remark += name.leg.empty() ? "" : fmt::format(" [{}]", name.leg);
    out += fmt::format("  {:<{}}  {:<6}  {}:{}  {}\n", name.name, width, to_word(name.state),
                       name.file, name.line, remark);
  }
  if (report.names.empty()) {
    out += report.calls.empty() ? "No step calls a tool that builds or deploys.\n"
                                : "Nothing is supplied.\n";
  }
  for (const auto& note : report.notes) {
    out += fmt::format("Note: {}:{}  {}\n", note.file, note.line, note.what);
  }
  return out;
}

}  // namespace relapse::env
