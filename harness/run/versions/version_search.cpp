#include "versions/version_search.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>

#include "model/nearest.h"
#include "os/scratch_folder.h"
#include "scenario/scenario_file.h"
#include "versions/npm_package.h"

namespace relapse::run {

using model::Error;
using model::ErrorKind;
using model::Result;
using model::VerdictKind;

namespace {

class Search {
 public:
  Search(const VersionSearchRequest& request, const SessionEvents& events)
      : request_(request), events_(events) {}

  Result<VersionSearch> run() {
    auto role = find_role();
    if (!role) {
      return role.error();
    }
    command_ = role->command;
    if (request_.package.empty()) {
      out_.versions = request_.paths;
    } else {
      auto versions = npm_versions(request_.package, request_.from, request_.to);
      if (!versions) {
        return versions.error();
      }
      out_.versions = *std::move(versions);
    }
    auto found = bisect(out_.versions.size(), [this](size_t index) { return ask(index); });
    if (!found && out_.interrupted_by == 0) {
      return found.error();
    }
    if (found) {
      out_.found = *std::move(found);
    }
    return std::move(out_);
  }

 private:
  Result<model::Role> find_role() const {
    auto scenario = load_scenario(request_.session.project, request_.session.scenarios.front());
    if (!scenario) {
      return scenario.error();
    }
    std::vector<std::string> names;
    for (const auto& [name, role] : scenario->roles) {
      names.push_back(name);
    }
    auto found = scenario->roles.find(request_.role);
    if (found == scenario->roles.end()) {
      return Error{ErrorKind::kUsage,
                   fmt::format("{} has no role '{}'", scenario->id, request_.role),
                   model::suggestion(request_.role, names)};
    }
    return found->second;
  }

  Result<Behaviour> ask(size_t index) {
    if (request_.package.empty()) {
      return try_program(index, out_.versions[index]);
    }
    auto folder = os::ScratchFolder::make();
    if (!folder) {
      return folder.error();
    }
    auto program =
        install_npm_package(request_.package, out_.versions[index], command_, folder->path());
    if (!program) {
      out_.reasons[index] = program.error().text();
      return Behaviour();
    }
    return try_program(index, *program);
  }

  Result<Behaviour> try_program(size_t index, const std::string& path) {
    SessionRequest session = request_.session;
    session.given[request_.role] = path;
    // Compared with one another: no proof is asked for.
    session.calibrate = CalibrateWhen::kNever;
    session.again = true;
    auto result = run_session(session, events_);
    if (!result) {
      return result.error();
    }
    if (result->interrupted_by != 0) {
      out_.interrupted_by = result->interrupted_by;
      return Error{ErrorKind::kSystem, "interrupted"};
    }
    return behaviour_of(result->record, out_.reasons[index]);
  }

  static Behaviour behaviour_of(const model::Record& record, std::string& reason) {
    std::vector<std::string> words;
    for (const auto& entry : record.scenarios) {
      const bool judged =
          entry.verdict == VerdictKind::kPass || entry.verdict == VerdictKind::kFail;
      if (reason.empty() || !judged) {
        reason = entry.reason;
      }
      if (!judged) {
        return std::nullopt;
      }
      const bool hung = entry.diagnosis && entry.diagnosis->verdict == model::Movement::kHang;
      words.push_back(fmt::format("{}{}{}{}",
                                  record.scenarios.size() > 1 ? entry.variant + ": " : "",
                                  to_word(entry.verdict), hung ? ", hang: " : "",
                                  hung ? to_word(entry.diagnosis->cause) : ""));
    }
    return words.empty() ? Behaviour() : fmt::format("{}", fmt::join(words, "; "));
  }

  const VersionSearchRequest& request_;
  const SessionEvents& events_;
  std::string command_;
  VersionSearch out_;
};

}  // namespace

Result<VersionSearch> search_versions(const VersionSearchRequest& request,
                                      const SessionEvents& events) {
  return Search(request, events).run();
}

}  // namespace relapse::run
