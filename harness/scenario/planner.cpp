#include "scenario/planner.h"

#include <fmt/format.h>

#include <array>
#include <filesystem>

#include "model/fields.h"
#include "model/nearest.h"
#include "model/shell.h"
#include "os/files.h"
#include "scenario/expected_trees.h"

namespace relapse::run {

namespace fs = std::filesystem;
using model::Done;
using model::Error;
using model::ErrorKind;
using model::Result;
using model::Role;
using model::Scenario;
using model::TrialPlan;
using model::WorldFile;

namespace {

// Where the world shows what is relapse's doing. Below a private folder, so that it needs no
// place on the host.
constexpr const char* kToolFolder = "/run/relapse";
constexpr const char* kPath = "/run/relapse/bin:/usr/local/bin:/usr/bin:/bin";

// A world has its network to itself, so the numbers are free, and the same in every replay.
constexpr int kFirstPort = 7101;

}  // namespace

std::string expand(const std::string& text, const Variables& variables, std::string* unknown) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    size_t start = text.find("${", at);
    size_t end = start == std::string::npos ? start : text.find('}', start);
    if (end == std::string::npos) {
      return out + text.substr(at);
    }
    out += text.substr(at, start - at);
    std::string name = text.substr(start + 2, end - start - 2);
    auto found = variables.find(name);
    if (found == variables.end() && unknown != nullptr) {
      *unknown = name;
    }
    out += found != variables.end() ? found->second : text.substr(start, end + 1 - start);
    at = end + 1;
  }
  return out;
}

Variables fake_variables(const nlohmann::json& fakes) {
  Variables variables;
  int port = kFirstPort;
  for (const auto& [name, config] : fakes.items()) {
    variables[name + ".port"] = std::to_string(port);
    variables[name + ".url"] = fmt::format("http://127.0.0.1:{}", port);
    ++port;
  }
  return variables;
}

void place_fakes(const nlohmann::json& fakes, TrialPlan& plan) {
  plan.fakes = fakes;
  int port = kFirstPort;
  for (const auto& [name, config] : fakes.items()) {
    plan.fake_names.push_back(name);
    plan.world.listen_ports.push_back(port++);
  }
}

namespace {

Variables make_variables(const Scenario& scenario, const std::string& variant, std::uint64_t seed) {
  // Derived, not drawn: the same trial gets the same words when it is replayed.
  auto derive = [&](const char* what) {
    return os::sha256_of_text(fmt::format("{}/{}/{}/{}", seed, scenario.id, variant, what));
  };
  const std::string id = derive("run");
  Variables variables = {
      {"word", "w" + derive("word").substr(0, 15)},
      {"run_id", fmt::format("{}-{}-4{}-8{}-{}", id.substr(0, 8), id.substr(8, 4), id.substr(12, 3),
                             id.substr(15, 3), id.substr(18, 12))},
      {"token", "t" + derive("token").substr(0, 31)},
      {"user", scenario.world.user},
      {"home", scenario.world.home},
      {"folder", scenario.world.folder},
  };
  variables.merge(fake_variables(scenario.fakes));
  return variables;
}

nlohmann::json expand_json(const nlohmann::json& value, const Variables& variables) {
  if (value.is_string()) {
    return expand(value.get<std::string>(), variables);
  }
  nlohmann::json out = value;
  if (value.is_structured()) {
    for (auto& child : out) {
      child = expand_json(child, variables);
    }
  }
  return out;
}

Result<> find_unknown(const nlohmann::json& value, const std::string& pointer,
                      const Variables& variables) {
  if (value.is_string()) {
    std::string unknown;
    expand(value.get<std::string>(), variables, &unknown);
    if (unknown.empty()) {
      return Done{};
    }
    std::vector<std::string> names;
    for (const auto& [name, text] : variables) {
      names.push_back(name);
    }
    return model::field_error(pointer, fmt::format("there is no variable '{}'", unknown),
                              model::suggestion(unknown, names));
  }
  Result<> done = Done{};
  if (value.is_object()) {
    for (const auto& [key, child] : value.items()) {
      done = done ? find_unknown(child, pointer + "/" + model::pointer_part(key), variables) : done;
    }
  } else if (value.is_array()) {
    for (size_t i = 0; i < value.size(); ++i) {
      done = done ? find_unknown(value[i], fmt::format("{}/{}", pointer, i), variables) : done;
    }
  }
  return done;
}

// Folders that hold far more than a program: of these only the program itself is shown.
bool is_broad(const fs::path& folder) {
  constexpr std::array<const char*, 9> kBroad = {"/",    "/tmp",     "/home",    "/root", "/run",
                                                 "/opt", "/var/tmp", "/usr/bin", "/bin"};
  for (const char* broad : kBroad) {
    if (folder == broad) {
      return true;
    }
  }
  return folder.parent_path() == "/home";
}

// Shows the program, with the files that belong to it, at `place`; returns its path in the world.
std::string show_program(const ResolvedSubject& subject, const std::string& place,
                         TrialPlan& plan) {
  const fs::path program = subject.facts.path;
  // An npm package finds its dependencies through the node_modules folder that it lies in.
  const std::string text = program.string();
  const size_t modules = text.find("/node_modules/");
  if (modules != std::string::npos) {
    plan.world.mounts.push_back(
        {text.substr(0, modules) + "/node_modules", place + "/node_modules"});
    return place + text.substr(modules);
  }
  const fs::path target = fs::path(place) / program.filename();
  // A folder that is closed to others (as mkdtemp makes them) would be closed in the world too.
  if (is_broad(program.parent_path()) || !subject.folder_is_open) {
    plan.world.mounts.push_back({text, target});
  } else {
    plan.world.mounts.push_back({program.parent_path(), place});
  }
  return target;
}

struct PlacedSubject {
  std::string program;               // in the world
  std::vector<std::string> command;  // that starts it
};

PlacedSubject place_subject(const std::string& name, const Role& role,
                            const ResolvedSubject& subject, TrialPlan& plan) {
  PlacedSubject placed;
  const std::string place =
      role.place.empty() ? fmt::format("{}/{}", kToolFolder, name) : role.place;
  placed.program = show_program(subject, place, plan);
  if (subject.is_node_script) {
    placed.command.push_back("node");
  }
  placed.command.push_back(placed.program);
  plan.program_roles[placed.program] = name;
  if (role.command.empty()) {
    return placed;
  }
  // Called by name: a link keeps the program's own first line and name; a script that nobody
  // made executable is started as its maker's documentation starts it.
  const std::string by_name = fmt::format("{}/bin/{}", kToolFolder, role.command);
  plan.program_roles[by_name] = name;
  plan.program_roles[role.command] = name;
  if (subject.is_executable) {
    plan.world.files.push_back({WorldFile::Kind::kLink, by_name, placed.program, 0755});
  } else {
    plan.world.files.push_back(
        {WorldFile::Kind::kFile, by_name,
         fmt::format("#!/bin/sh\nexec node {} \"$@\"\n", model::shell_quoted(placed.program)),
         0755});
  }
  return placed;
}

// node lies in a user's home where it was installed by a version manager: then its whole prefix
// is shown.
void show_node(const HostTools& tools, TrialPlan& plan) {
  const fs::path node = tools.node;
  const bool visible = node.empty() || node.string().starts_with("/usr/") ||
                       node.string().starts_with("/bin/") || node.string().starts_with("/opt/");
  if (!visible) {
    plan.world.mounts.push_back(
        {node.parent_path().parent_path(), std::string(kToolFolder) + "/node"});
    plan.world.env["PATH"] = fmt::format("{}/node/bin:{}", kToolFolder, kPath);
  }
}

void fill_in(TrialPlan& plan, const Scenario& scenario, const Variables& variables) {
  for (auto& [name, value] : plan.world.env) {
    value = expand(value, variables);
  }
  for (auto& file : plan.world.files) {
    file.path = expand(file.path, variables);
    file.content = expand(file.content, variables);
  }
  for (auto& word : plan.world.command) {
    word = expand(word, variables);
  }
  plan.fakes = expand_json(scenario.fakes, variables);
  for (auto& expectation : plan.expect) {
    if (auto* call = std::get_if<model::CallExpectation>(&expectation.what)) {
      call->contains = expand(call->contains, variables);
      call->body = expand_json(call->body, variables);
    } else if (auto* tree = std::get_if<model::TreeExpectation>(&expectation.what)) {
      tree->at = expand(tree->at, variables);
      tree->entries = expand_json(tree->entries, variables);
    }
  }
  plan.world.folder = expand(plan.world.folder, variables);
  if (plan.syscall_error) {
    plan.syscall_error->path = expand(plan.syscall_error->path, variables);
    for (auto& folder : plan.syscall_error->folders) {
      folder = expand(folder, variables);
    }
  }
  if (plan.schedule) {
    for (auto& folder : plan.schedule->folders) {
      folder = expand(folder, variables);
    }
  }
}

}  // namespace

Result<> check_variables(const Scenario& scenario, const nlohmann::json& document) {
  Variables variables = make_variables(scenario, "", 0);
  for (const auto& variant : scenario.variants) {
    variables.merge(make_variables(model::in_variant(scenario, variant.name), "", 0));
  }
  for (const auto& one : scenario.calibration) {
    variables.merge(make_variables(model::in_case(scenario, one), "", 0));
  }
  for (const char* part : {"world", "expect", "roles", "variants", "calibration", "fault"}) {
    auto found = document.find(part);
    auto done = found == document.end() ? Result<>(Done{})
                                        : find_unknown(*found, std::string("/") + part, variables);
    if (!done) {
      return done;
    }
  }
  return Done{};
}

Result<> check_trees(const Scenario& scenario) {
  auto check = [](const Scenario& own) {
    TrialPlan plan;
    plan.expect = own.expect;
    plan.world = own.world;
    fill_in(plan, own, make_variables(own, "", 0));
    return expect_trees(plan);
  };
  for (const auto& variant : scenario.variants) {
    RELAPSE_TRY(check(model::in_variant(scenario, variant.name)));
  }
  for (const auto& one : scenario.calibration) {
    RELAPSE_TRY(check(model::in_case(scenario, one)));
  }
  return Done{};
}

Result<TrialPlan> make_plan(const Scenario& scenario, const std::string& variant,
                            const std::map<std::string, ResolvedSubject>& subjects,
                            const HostTools& tools, std::uint64_t seed) {
  TrialPlan plan;
  plan.id = scenario.id;
  plan.component = scenario.component;
  plan.variant = variant;
  plan.world = scenario.world;
  plan.world.env.emplace("PATH", kPath);
  plan.world.env.emplace("HOME", scenario.world.home);
  plan.world.env.emplace("USER", scenario.world.user);
  plan.world.env.emplace("LANG", "C.UTF-8");
  place_fakes(scenario.fakes, plan);
  plan.expect = scenario.expect;
  plan.schedule = scenario.schedule;
  plan.syscall_error = scenario.syscall_error;
  plan.quiet_ms = scenario.quiet_ms;
  plan.deadline_ms = scenario.deadline_ms;
  plan.main_role = scenario.subject;
  plan.world.files.push_back({WorldFile::Kind::kFolder, scenario.world.folder, "", 0755});
  for (const auto& [name, role] : scenario.roles) {
    const ResolvedSubject& subject = subjects.at(name);
    if (!subject.is_node_script && !subject.is_executable) {
      return Error{ErrorKind::kUsage,
                   fmt::format("{} cannot be started: it is neither executable nor a script for "
                               "node",
                               subject.facts.path),
                   "chmod +x it"};
    }
    if (!subject.is_open) {
      return Error{
          ErrorKind::kUsage,
          fmt::format("{} cannot be read by the world's ordinary user", subject.facts.path),
          subject.is_executable ? "chmod o+rx it" : "chmod o+r it"};
    }
    PlacedSubject placed = place_subject(name, role, subject, plan);
    if (name == scenario.subject) {
      plan.world.command = placed.command;
      plan.world.command.insert(plan.world.command.end(), role.arguments.begin(),
                                role.arguments.end());
    }
    for (const auto& [variable, value] : subject.env) {
      plan.world.env[variable] = value;  // what the choice says outweighs what all share
    }
    plan.subjects.push_back(subject.facts);
  }
  show_node(tools, plan);
  const Variables variables = make_variables(scenario, variant, seed);
  plan.word = variables.at("word");
  plan.secrets = {variables.at("token")};
  fill_in(plan, scenario, variables);
  RELAPSE_TRY(expect_trees(plan));
  return plan;
}

std::optional<TrialPlan> make_control(const Scenario& scenario, const TrialPlan& plan) {
  if (!scenario.control) {
    return std::nullopt;
  }
  const Role& role = scenario.roles.at(scenario.control->role);
  if (role.command.empty()) {
    return std::nullopt;
  }
  TrialPlan control = plan;
  // First on PATH: the same program, started with nothing to read.
  const std::string by_name = fmt::format("{}/bin/{}", kToolFolder, role.command);
  const std::string shim = fmt::format("{}/control/{}", kToolFolder, role.command);
  control.world.files.push_back(
      {WorldFile::Kind::kFile, shim,
       fmt::format("#!/bin/sh\nexec {} \"$@\" </dev/null\n", model::shell_quoted(by_name)), 0755});
  auto& path = control.world.env["PATH"];
  path = fmt::format("{}/control:{}", kToolFolder, path);
  control.control_change =
      fmt::format("standard input of the {} from /dev/null", scenario.control->role);
  return control;
}

}  // namespace relapse::run
