#include "knockout/knockout_builds.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "builds/build_text.h"
#include "os/files.h"

namespace relapse::env {

using model::Error;
using model::ErrorKind;
using model::Result;
using model::TrialEnd;

namespace {

// A machine can be ten times as slow in one minute as in another; a build much slower than that
// is waiting for something.
constexpr double kSlowerAtMost = 10;
constexpr double kDeadlineMsMin = 60'000;

std::vector<std::string> values_of(const Environment& env) {
  std::vector<std::string> values;
  for (const auto& [name, value] : env) {
    values.push_back(value);
  }
  return values;
}

}  // namespace

KnockoutBuilds::KnockoutBuilds(const KnockoutRequest& request, CommandRunner& runner)
    : request_(request),
      runner_(runner),
      secrets_(values_of(request.supplied)),
      redactor_(secrets_),
      began_ms_(request.now_ms()),
      deadline_ms_(request.deadline_ms) {}

Artifact KnockoutBuilds::artifact_of(const Built& built) const {
  Artifact artifact;
  for (size_t i = 0; i < request_.outputs.size(); ++i) {
    auto found = built.seen.trees.find(request_.outputs[i]);
    if (found == built.seen.trees.end()) {
      continue;
    }
    for (const auto& [path, entry] : found->second) {
      artifact.tree[fmt::format("{}/{}", i, path)] = entry;
    }
  }
  if (!built.copy.empty()) {
    artifact.read = [copy = built.copy](const std::string& path) -> std::optional<std::string> {
      auto text = os::read_file(copy + "/" + path);
      return text ? std::optional(std::move(*text)) : std::nullopt;
    };
  }
  return artifact;
}

std::string KnockoutBuilds::shown_path(const std::string& path) const {
  const auto& outputs = request_.outputs;
  const size_t slash = path.find('/');
  const std::string rest = path.substr(slash + 1);
  return redactor_.clean(
      outputs.size() == 1 ? rest : outputs[std::stoul(path.substr(0, slash))] + "/" + rest);
}

void KnockoutBuilds::set_typical(double ms) {
  typical_ms_ = ms;
  deadline_ms_ = std::min(request_.deadline_ms, std::max(kDeadlineMsMin, ms * kSlowerAtMost));
}

double KnockoutBuilds::left_ms() const {
  return request_.budget_ms ? *request_.budget_ms - elapsed_ms() : 1e12;
}

WorldCommand KnockoutBuilds::command_for(const Environment& env, const std::string& label,
                                         const std::string& copy) const {
  WorldCommand command;
  command.label = label;
  std::vector<std::string> remove = request_.clean.remove;
  std::vector<std::string> empty;
  if (keeps_ignored_) {
    empty = request_.clean.outputs;
  } else {
    remove.insert(remove.end(), request_.clean.ignored.begin(), request_.clean.ignored.end());
    remove.insert(remove.end(), request_.clean.outputs.begin(), request_.clean.outputs.end());
  }
  // Not the folder that the build stands in.
  auto here = [&](const std::string& path) {
    return (request_.folder + "/").starts_with(path + "/");
  };
  std::erase_if(remove, here);
  std::erase_if(empty, here);
  command.argv = begin_clean(request_.build, remove, empty);
  command.folder = request_.folder;
  command.env = request_.base;
  for (const auto& [name, value] : env) {
    command.env[name] = value;
  }
  command.mounts = request_.mounts;
  command.deadline_ms = deadline_ms_;
  command.secrets = secrets_;
  for (size_t i = 0; i < request_.outputs.size(); ++i) {
    command.collect.push_back(
        {request_.outputs[i], copy.empty() ? std::string() : fmt::format("{}/{}", copy, i)});
  }
  return command;
}

Result<std::vector<Built>> KnockoutBuilds::build(const std::vector<Cell>& cells, bool copy,
                                                 bool in_budget) {
  std::vector<WorldCommand> commands;
  std::vector<Built> built(cells.size());
  for (size_t i = 0; i < cells.size(); ++i) {
    if (copy) {
      built[i].copy = fmt::format("{}/build-{}", request_.scratch, copies_++);
    }
    built[i].env = cells[i].env;
    commands.push_back(command_for(cells[i].env, cells[i].label, built[i].copy));
    if (in_budget) {
      commands.back().still_wanted = [this] { return left_ms() > typical_ms_; };
    }
  }
  auto seen = runner_.run(commands, request_.jobs);
  if (!seen) {
    return seen.error();
  }
  for (size_t i = 0; i < cells.size(); ++i) {
    built[i].seen = std::move((*seen)[i]);
    count_ += built[i].seen.end == TrialEnd::kInterrupted ? 0 : 1;
  }
  return built;
}

Error KnockoutBuilds::no_reference(const Built& built) const {
  const model::Observation& seen = built.seen;
  if (seen.end == TrialEnd::kSetupFailed) {
    return seen.error;
  }
  std::string how = seen.end == TrialEnd::kDeadline
                        ? fmt::format("does not end within {:.0f} s", deadline_ms_ / 1000)
                    : seen.signaled ? fmt::format("is ended by signal {}", seen.exit_code)
                                    : fmt::format("fails with exit code {}", seen.exit_code);
  // Redacted before it is cut.
  std::string text = redactor_.clean(plain_text(seen.output_tail));
  constexpr size_t kShown = 1200;
  if (text.size() > kShown) {
    text = "…" + text.substr(text.size() - kShown);
  }
  return {
      ErrorKind::kUnavailable,
      fmt::format("the build {} although nothing was taken from it; it printed:\n{}", how, text),
      "it runs without network, in a clean copy and with no variables but those of --env-file: "
      "is something missing there? Names that are wanted: --candidates A,B"};
}

std::set<std::string> KnockoutBuilds::shown_values(const Built& built) const {
  const Artifact artifact = artifact_of(built);
  const Environment values = telling_values(built.env);
  std::set<std::string> shown;
  for (const auto& [path, entry] : artifact.tree) {
    if (entry.kind != model::FileEntry::Kind::kFile || shown.size() == values.size()) {
      continue;
    }
    const auto text = artifact.read(path);
    for (const auto& [name, value] : values) {
      if (text && text->find(value) != std::string::npos) {
        shown.insert(name);
      }
    }
  }
  return shown;
}

Result<std::optional<Built>> KnockoutBuilds::make_up(const Built& given, Environment made_up,
                                                     Built failed) {
  const std::string without = plain_text(given.seen.output_tail);
  std::map<std::string, size_t> next;  // of the values that can be made up
  std::set<std::string> names;
  // A build may refuse one name after the other; each has a value for every kind, and none.
  const size_t rounds = 2 * (made_up_values().size() + 1);
  for (size_t round = 0; round < rounds && failed.seen.end == TrialEnd::kExited; ++round) {
    const std::string said = plain_text(failed.seen.output_tail);
    if (auto now = blamed(said, made_up); !now.empty()) {
      names = std::move(now);
    } else if (names.empty()) {
      if (!passes(given.seen) && new_lines(said, without).empty()) {
        break;
      }
      for (const auto& [name, value] : made_up) {
        names.insert(name);
      }
    }  // else it refuses the new values as it did the old
    for (const auto& name : names) {
      const size_t choice = next[name]++;
      if (choice < made_up_values().size()) {
        made_up[name] = made_up_values()[choice];
      } else {
        made_up.erase(name);
      }
    }
    Environment env = given.env;
    env.insert(made_up.begin(), made_up.end());
    auto built = build({{"", Lack::kUnset, env, "build with other made-up values"}}, true, true);
    if (!built) {
      return built.error();
    }
    failed = std::move(built->front());
    if (passes(failed.seen)) {
      return std::optional(std::move(failed));
    }
  }
  return std::optional<Built>();
}

}  // namespace relapse::env
