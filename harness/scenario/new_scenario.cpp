#include "scenario/new_scenario.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "model/record.h"
#include "os/files.h"
#include "scenario/scenario_file.h"

namespace relapse::run {

using model::Error;
using model::ErrorKind;
using model::Result;
using nlohmann::ordered_json;

namespace {

namespace fs = std::filesystem;

constexpr const char* kBad = R"(#!/bin/sh
# A program with the incident's bug, as small as can be.
echo "the work could not be done" >&2
exit 1
)";

constexpr const char* kGood = R"(#!/bin/sh
# The same program with the cure.
echo "done"
)";

std::string readme_of(const NewScenario& wanted) {
  return fmt::format(R"(# {0}

What happened, when it began, whom it hit, how it was found.

**What is replayed.** What the world gives the subject (`world`), what is done to it (`fault`), and
why that is the incident's own failure mode.

**Expected.** What a subject without the bug does (`expect`).

**Calibration.** `bad.sh` has the bug and must fail, `good.sh` has the cure and must pass: put in
their place a program with each, the real ones if you have them. `relapse calibrate {1}` proves
that the scenario can tell them apart; without that proof it is never green.

**Sources.** The postmortem.
)",
                     wanted.title, wanted.id);
}

ordered_json document_of(const NewScenario& wanted) {
  const std::string folder = "scenarios/" + wanted.id;
  ordered_json choices;
  choices["good"] = {
      {"label", "cured"}, {"origin", "reconstruction"}, {"path", folder + "/good.sh"}};
  choices["bad"] = {{"label", "with the bug"}, {"path", folder + "/bad.sh"}};
  ordered_json out;
  out["$schema"] = "../schema.json";
  out["id"] = wanted.id;
  out["component"] = wanted.component;
  out["incident"] = {{"title", wanted.title}};
  out["subject"] = "program";
  out["roles"]["program"] = {{"default", "good"}, {"choices", std::move(choices)}};
  out["deadline"] = "30s";
  out["world"] = {{"user", "user"}};
  out["variants"] = ordered_json::array({{{"name", "plain"}}});
  out["expect"] = {{{"exit", 0}, {"otherwise", "the work was not done"}}, {{"within", "20s"}}};
  for (const char* name : {"bad", "good"}) {
    const ordered_json use = {{"program", name}};
    const bool fails = out["calibration"].empty();
    out["calibration"].push_back(
        {{"name", name}, {"use", use}, {"verdict", fails ? "fail" : "pass"}});
  }
  return out;
}

Result<> write_program(const fs::path& path, const char* text) {
  RELAPSE_TRY(os::write_file_atomically(path, text));
  std::error_code error;
  fs::permissions(path,
                  fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec |
                      fs::perms::others_read | fs::perms::others_exec,
                  error);
  return error ? Result<>(model::system_error("chmod " + path.string(), error.value()))
               : model::Done{};
}

Result<> fill(const fs::path& folder, const NewScenario& wanted) {
  const std::string text = model::json_text(document_of(wanted));
  RELAPSE_TRY(parse_scenario(text, "scenario.json"));
  RELAPSE_TRY(os::write_file_atomically(folder / "scenario.json", text));
  RELAPSE_TRY(os::write_file_atomically(folder / "README.md", readme_of(wanted)));
  RELAPSE_TRY(write_program(folder / "bad.sh", kBad));
  return write_program(folder / "good.sh", kGood);
}

bool may_be_an_id(const std::string& text) {
  constexpr const char* kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789-";
  return !text.empty() && text.front() != '-' &&
         text.find_first_not_of(kAllowed) == std::string::npos;
}

}  // namespace

Result<std::string> make_scenario(const std::string& project, const NewScenario& wanted) {
  if (!may_be_an_id(wanted.id)) {
    return Error{ErrorKind::kUsage, fmt::format("'{}' cannot be the name of a scenario", wanted.id),
                 "lower case letters, digits and dashes, as in agent-stdin-open"};
  }
  const fs::path folder = fs::path(project) / "scenarios" / wanted.id;
  std::error_code error;
  if (!fs::create_directory(folder, error)) {
    return error ? model::system_error("make the folder " + folder.string(), error.value())
                 : Error{ErrorKind::kUsage, folder.string() + " is there already",
                         "choose another name, or remove it"};
  }
  auto filled = fill(folder, wanted);
  if (!filled) {
    fs::remove_all(folder, error);  // made by us a moment ago
    return filled.error();
  }
  return folder.string();
}

}  // namespace relapse::run
