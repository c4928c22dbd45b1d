#include "builds/observe.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "builds/build_text.h"
#include "model/redactor.h"
#include "os/files.h"

namespace relapse::env {

namespace fs = std::filesystem;
using model::Observation;
using model::Result;
using model::TrialEnd;

namespace {

// In the world. Below private folders, so that they need no place on the host.
const std::string kObserver = "/run/relapse/observer";
const std::string kLogs = "/tmp/relapse-observe";

// What an environment says already, with something in front.
void put_in_front(Environment& env, const std::string& name, const std::string& what,
                  const std::string& between) {
  auto found = env.find(name);
  env[name] = found == env.end() || found->second.empty() ? what : what + between + found->second;
}

WorldCommand command_for(const ObserveRequest& request, bool clean) {
  const BuildSetup& setup = request.setup;
  WorldCommand command;
  command.label = "the build, observed";
  std::vector<std::string> remove = setup.clean.remove;
  if (clean) {
    remove.insert(remove.end(), setup.clean.ignored.begin(), setup.clean.ignored.end());
    remove.insert(remove.end(), setup.clean.outputs.begin(), setup.clean.outputs.end());
  }
  command.argv = begin_clean(request.build, remove, {});
  command.folder = setup.folder;
  command.env = setup.base;
  for (const auto& [name, value] : request.supplied) {
    command.env[name] = value;
  }
  command.env["RELAPSE_OBSERVE"] = kLogs;
  command.env["RELAPSE_OBSERVE_ROOT"] = request.top;
  put_in_front(command.env, "LD_PRELOAD", kObserver + "/relapse-preload.so", ":");
  put_in_front(command.env, "NODE_OPTIONS", "--require " + kObserver + "/hook.cjs", " ");
  put_in_front(command.env, "PYTHONPATH", kObserver, ":");
  command.mounts = setup.mounts;
  command.mounts.push_back({request.observer, kObserver, false});
  command.files.push_back({model::WorldFile::Kind::kFolder, kLogs, "", 0777});
  command.collect.push_back(
      {kLogs, fmt::format("{}/{}", request.scratch, clean ? "clean" : "as-it-is")});
  command.deadline_ms = request.deadline_ms;
  for (const auto& [name, value] : request.supplied) {
    command.secrets.push_back(value);
  }
  return command;
}

bool passed(const Observation& seen) {
  return seen.end == TrialEnd::kExited && !seen.signaled && seen.exit_code == 0;
}

std::vector<std::string> lines_of(const std::string& folder, const Observation& seen) {
  std::vector<std::string> lines;
  auto tree = seen.trees.find(kLogs);
  if (tree == seen.trees.end()) {
    return lines;
  }
  for (const auto& [path, entry] : tree->second) {
    auto text = entry.kind == model::FileEntry::Kind::kFile ? os::read_file(fs::path(folder) / path)
                                                            : Result<std::string>(std::string());
    for (size_t at = 0; text && at < text->size();) {
      const size_t end = std::min(text->find('\n', at), text->size());
      lines.push_back(text->substr(at, end - at));
      at = end + 1;
    }
  }
  return lines;
}

std::optional<FileFindings> scan_file(const ObserveRequest& request, const std::string& path) {
  // Sources are small; what is larger is data.
  constexpr size_t kSourceBytesMax = size_t{4} << 20;
  const std::string relative = fs::path(path).lexically_relative(request.top);
  std::error_code error;
  if (!fs::is_regular_file(path, error)) {
    return std::nullopt;
  }
  auto text = os::read_file(path, kSourceBytesMax);
  return text ? std::optional(scan_text(relative, *text)) : std::nullopt;
}

bool was_there(const ObserveRequest& request, const std::string& path) {
  const CleanCopy& clean = request.setup.clean;
  for (const auto* leftovers : {&clean.remove, &clean.ignored, &clean.outputs}) {
    for (const auto& leftover : *leftovers) {
      if ((path + "/").starts_with(leftover + "/")) {
        return false;
      }
    }
  }
  std::error_code error;
  return fs::exists(path, error);
}

std::string end_of(const Observation& seen, const ObserveRequest& request,
                   const model::Redactor& redactor) {
  if (seen.end == TrialEnd::kDeadline) {
    return fmt::format("it had not ended after {:.0f} s; nothing of it was seen",
                       request.deadline_ms / 1000);
  }
  std::string text = redactor.clean(plain_text(seen.output_tail));
  constexpr size_t kShown = 1200;
  if (text.size() > kShown) {
    text = "…" + text.substr(text.size() - kShown);
  }
  return fmt::format("it {} {}, so only what came before was seen; it printed:\n{}",
                     seen.signaled ? "was ended by signal" : "failed with exit code",
                     seen.exit_code, text);
}

}  // namespace

Result<ObserveReport> run_observe(const ObserveRequest& request, CommandRunner& runner) {
  std::vector<std::string> notes;
  std::optional<Observation> seen;
  std::string folder;
  for (bool clean : {true, false}) {
    auto command = command_for(request, clean);
    folder = command.collect.front().copy_to;
    auto ran = runner.run({std::move(command)}, 1);
    if (!ran) {
      return ran.error();
    }
    seen = std::move(ran->front());
    const bool nothing_to_keep =
        request.setup.clean.ignored.empty() && request.setup.clean.outputs.empty();
    if (passed(*seen) || seen->end == TrialEnd::kInterrupted || nothing_to_keep) {
      break;
    }
    if (clean) {
      notes.emplace_back(
          "in a clean copy the build fails; observed with what git ignores in place");
    }
  }
  if (seen->end == TrialEnd::kSetupFailed) {
    return seen->error;
  }
  if (seen->end == TrialEnd::kInterrupted) {
    return model::Error{model::ErrorKind::kUnavailable, "interrupted while the build ran"};
  }
  LogReading reading;
  reading.folder = request.setup.folder;
  reading.top = request.top;
  std::vector<std::string> values;
  for (const auto& [name, value] : request.supplied) {
    reading.supplied.insert(name);
    values.push_back(value);
  }
  reading.scan = [&](const std::string& path) { return scan_file(request, path); };
  reading.was_there = [&](const std::string& path) { return was_there(request, path); };
  auto report = read_logs(lines_of(folder, *seen), reading);
  report.passes = passed(*seen);
  report.end = report.passes ? "" : end_of(*seen, request, model::Redactor(values));
  report.notes = std::move(notes);
  report.seconds = seen->duration_ms / 1000;
  return report;
}

nlohmann::json to_json(const ObserveReport& report) {
  auto list = [](const std::vector<ObservedName>& names) {
    auto out = nlohmann::json::array();
    for (const auto& one : names) {
      nlohmann::json entry = {{"name", one.name}, {"by", one.by}, {"how", one.how}};
      if (!one.file.empty()) {
        entry["file"] = one.file;
        if (one.line > 0) {
          entry["line"] = one.line;
        }
      }
      out.push_back(std::move(entry));
    }
    return out;
  };
  nlohmann::json out = {{"names", list(report.names)},
                        {"tools", list(report.tools)},
                        {"blind_spots", nlohmann::json::array()},
                        {"passes", report.passes},
                        {"notes", report.notes},
                        {"seconds", report.seconds}};
  for (const auto& spot : report.blind_spots) {
    out["blind_spots"].push_back({{"source", spot.source}, {"what", spot.what}});
  }
  if (!report.end.empty()) {
    out["end"] = report.end;
  }
  return out;
}

}  // namespace relapse::env
