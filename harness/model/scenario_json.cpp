#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "model/fields.h"
#include "model/nearest.h"
#include "model/scenario.h"

namespace relapse::model {

using nlohmann::json;

namespace {

template <typename Map>
std::vector<std::string> keys(const Map& map) {
  std::vector<std::string> out;
  for (const auto& [key, value] : map) {
    out.push_back(key);
  }
  return out;
}

// Calls `read(value, pointer, key)` for each member, and keeps the first error.
template <typename Read>
void each_member(Fields& fields, const char* name, Read read) {
  const json* members = fields.object(name);
  static const json kNone = json::object();
  for (const auto& [key, value] : (members != nullptr ? *members : kNone).items()) {
    auto done = read(value, fields.place(name) + "/" + pointer_part(key), key);
    if (!done) {
      fields.fail(done.error());
    }
  }
}

Result<> read_choice(const json& value, const std::string& pointer, Choice& choice) {
  Fields fields(value, pointer);
  choice.label = fields.text("label");
  choice.path = fields.required_text("path");
  choice.origin = fields.text("origin", "specimen");
  choice.env = fields.texts("env");
  choice.patches = fields.list("patches");
  constexpr std::array kOrigins = {"package", "reconstruction", "specimen"};
  if (std::find(kOrigins.begin(), kOrigins.end(), choice.origin) == kOrigins.end()) {
    fields.fail("origin", fmt::format("'{}' is no origin", choice.origin),
                suggestion(choice.origin, {kOrigins.begin(), kOrigins.end()}));
  }
  return fields.finish();
}

Result<> read_role(const json& value, const std::string& pointer, Role& role) {
  Fields fields(value, pointer);
  role.command = fields.text("command");
  role.place = fields.text("place");
  role.default_choice = fields.text("default");
  role.arguments = fields.list("arguments");
  role.is_project = fields.flag("project", false);
  each_member(fields, "choices", [&](const json& member, const std::string& at, const auto& key) {
    return read_choice(member, at, role.choices[key]);
  });
  if (!role.default_choice.empty() && !role.choices.contains(role.default_choice)) {
    fields.fail("default", fmt::format("'{}' is none of the choices", role.default_choice),
                suggestion(role.default_choice, keys(role.choices)));
  }
  return fields.finish();
}

Result<> read_limits(const json& value, const std::string& pointer, WorldLimits& limits) {
  Fields fields(value, pointer);
  constexpr std::int64_t kMax = std::int64_t{1} << 50;
  auto read = [&](const char* name, std::uint64_t& field) {
    field =
        static_cast<std::uint64_t>(fields.number(name, static_cast<std::int64_t>(field), 1, kMax));
  };
  read("memory_bytes", limits.memory_bytes);
  read("processes", limits.processes);
  read("file_bytes", limits.file_bytes);
  read("disk_bytes", limits.disk_bytes);
  read("open_files", limits.open_files);
  read("cpu_s", limits.cpu_s);
  return fields.finish();
}

// A file's content: text as it stands, an object or a list as the JSON text that a program reads.
Result<> read_file(const json& value, const std::string& pointer, const std::string& path,
                   WorldSpec& world) {
  if (!value.is_string() && !value.is_structured()) {
    return field_error(pointer, "a file's content is a text, or JSON (an object or a list)");
  }
  const std::string content = value.is_string() ? value.get<std::string>() : value.dump(2) + "\n";
  world.files.push_back({WorldFile::Kind::kFile, path, content, 0644});
  return Done{};
}

Result<> read_world(const json& value, const std::string& pointer, VariantWorld& out) {
  Fields fields(value, pointer);
  WorldSpec& world = out.world;
  world.user = fields.text("user", world.user);
  world.home = fields.text("home", "/home/" + world.user);
  world.folder = fields.text("folder", world.home);
  world.env = fields.texts("env");
  each_member(fields, "files", [&](const json& content, const std::string& at, const auto& path) {
    return read_file(content, at, path, world);
  });
  for (const auto& path : fields.list("folders")) {
    world.files.push_back({WorldFile::Kind::kFolder, path, "", 0755});
  }
  if (const json* fakes = fields.object("fakes")) {
    out.fakes = *fakes;
  }
  if (const json* limits = fields.object("limits")) {
    auto read = read_limits(*limits, fields.place("limits"), world.limits);
    if (!read) {
      fields.fail(read.error());
    }
  }
  return fields.finish();
}

Result<> read_call(const json& value, const std::string& pointer, CallExpectation& call) {
  Fields fields(value, pointer);
  call.fake = fields.required_text("fake");
  call.method = fields.text("method");
  call.path = fields.required_text("path");
  call.contains = fields.text("contains");
  if (const json* body = fields.object("body")) {
    call.body = *body;
  }
  return fields.finish();
}

Result<> read_tree(const json& value, const std::string& pointer, TreeExpectation& tree) {
  constexpr const char* kAsArchived = "as-archived";
  if (value == kAsArchived) {
    tree.as_archived = true;
    return Done{};
  }
  if (!value.is_object()) {
    return field_error(
        pointer, "'tree' is \"as-archived\" or an object",
        R"(as in {"at": "${home}/out", "entries": [{"path": "a", "content": "x"}]})");
  }
  Fields fields(value, pointer);
  const std::string is = fields.text("is");
  tree.as_archived = is == kAsArchived;
  tree.at = fields.text("at");
  const json* entries = fields.array("entries");
  tree.entries = entries != nullptr ? *entries : json();
  tree.others_allowed = fields.flag("others_allowed", false);
  tree.or_error = fields.flag("or_error", false);
  if (!is.empty() && !tree.as_archived) {
    fields.fail("is", fmt::format("'{}' is nothing that a tree can be", is),
                suggestion(is, {kAsArchived}));
  } else if (tree.as_archived == (entries != nullptr) || tree.at.empty() != tree.as_archived) {
    fields.fail("is", "a tree is either \"as-archived\", or has \"at\" and \"entries\"");
  }
  return fields.finish();
}

Result<> read_expectation(const json& value, const std::string& pointer, Expectation& out) {
  Fields fields(value, pointer);
  out.otherwise = fields.text("otherwise");
  int kinds = 0;
  auto note = [&](const char* name) { return fields.has(name) && ++kinds > 0; };
  if (note("exit")) {
    out.what = ExitExpectation{static_cast<int>(fields.number("exit", 0, 0, 255))};
  }
  if (note("within")) {
    out.what = WithinExpectation{fields.duration_ms("within", 0)};
  }
  if (note("first_output_within")) {
    out.what = FirstOutputExpectation{fields.duration_ms("first_output_within", 0)};
  }
  if (note("no_stall_of")) {
    out.what = StallExpectation{fields.duration_ms("no_stall_of", 0)};
  }
  if (note("call")) {
    CallExpectation call;
    auto read = read_call(value["call"], fields.place("call"), call);
    fields.child("call");
    if (!read) {
      fields.fail(read.error());
    }
    out.what = call;
  }
  if (note("tree")) {
    TreeExpectation tree;
    auto read = read_tree(value["tree"], fields.place("tree"), tree);
    fields.child("tree");
    if (!read) {
      fields.fail(read.error());
    }
    out.what = tree;
  }
  if (note("step")) {
    out.what = StepExpectation{fields.required_text("step"), fields.text("prints")};
  }
  // Asked for here, so that the nearest valid name can be told to who misspells one.
  for (const char* name :
       {"exit", "within", "first_output_within", "no_stall_of", "call", "tree", "step"}) {
    fields.child(name);
  }
  auto done = fields.finish();
  if (done && kinds != 1) {
    return field_error(pointer, "an expectation names exactly one thing",
                       "exit, within, first_output_within, no_stall_of, call, tree or step");
  }
  return done;
}

// Every role and choice that `use` names must exist.
Result<> check_use(const Scenario& scenario, const std::map<std::string, std::string>& use,
                   const std::string& pointer) {
  for (const auto& [role, choice] : use) {
    auto found = scenario.roles.find(role);
    const std::string at = pointer + "/use/" + pointer_part(role);
    if (found == scenario.roles.end()) {
      return field_error(at, fmt::format("there is no role '{}'", role),
                         suggestion(role, keys(scenario.roles)));
    }
    if (!found->second.choices.contains(choice)) {
      return field_error(at, fmt::format("the role '{}' has no choice '{}'", role, choice),
                         suggestion(choice, keys(found->second.choices)));
    }
  }
  return Done{};
}

// By the name of a variant, as JSON; under the empty name the scenario's own.
using Worlds = std::map<std::string, json>;

// The changes that `fields` holds, made to `world`.
void read_changes(Fields& fields, json& world, std::optional<VariantWorld>& out) {
  if (const json* changes = fields.object("world")) {
    world.merge_patch(*changes);
    auto read = read_world(world, fields.place("world"), out.emplace());
    if (!read) {
      fields.fail(read.error());
    }
  }
}

Result<> read_variant(const json& value, const std::string& pointer, Worlds& worlds,
                      Scenario& scenario) {
  Fields fields(value, pointer);
  Variant variant;
  variant.name = fields.required_text("name");
  variant.use = fields.texts("use");
  json& world = worlds[variant.name] = worlds.at("");
  read_changes(fields, world, variant.world);
  auto done = fields.finish();
  done = done ? check_use(scenario, variant.use, pointer) : done;
  scenario.variants.push_back(std::move(variant));
  return done;
}

Result<> read_case(const json& value, const std::string& pointer, const Worlds& worlds,
                   Scenario& scenario) {
  Fields fields(value, pointer);
  CalibrationCase one;
  one.name = fields.required_text("name");
  one.variant = fields.text("variant");
  one.use = fields.texts("use");
  auto known = worlds.find(one.variant);
  json world = known != worlds.end() ? known->second : worlds.at("");
  read_changes(fields, world, one.world);
  auto verdict = verdict_from_word(fields.required_text("verdict"));
  if (!verdict) {
    fields.fail("verdict", verdict.error().message, verdict.error().remedy);
  } else {
    one.verdict = *verdict;
  }
  one.step = fields.text("step");
  std::string cause = fields.text("cause");
  if (!cause.empty()) {
    one.cause = cause_from_word(cause);
    if (!one.cause) {
      fields.fail("cause", fmt::format("'{}' is no cause", cause),
                  suggestion(cause, cause_words()));
    }
  }
  auto done = fields.finish();
  done = done ? check_use(scenario, one.use, pointer) : done;
  scenario.calibration.push_back(std::move(one));
  return done;
}

Result<> read_incident(const json& value, const std::string& pointer, Incident& incident) {
  Fields fields(value, pointer);
  incident.title = fields.required_text("title");
  incident.began = fields.text("began");
  incident.ended = fields.text("ended");
  return fields.finish();
}

template <typename Out>
void read_object(Fields& fields, const char* name, Out& out,
                 Result<> (*read)(const json&, const std::string&, Out&)) {
  if (const json* value = fields.object(name)) {
    auto done = read(*value, fields.place(name), out);
    if (!done) {
      fields.fail(done.error());
    }
  }
}

Result<> read_control(const json& value, const std::string& pointer, ControlRule& rule) {
  Fields fields(value, pointer);
  rule.role = fields.required_text("role");
  return fields.finish();
}

Result<> read_fault(const json& value, const std::string& pointer, Scenario& scenario) {
  Fields fields(value, pointer);
  if (const json* schedule = fields.object("schedule")) {
    auto settings = schedule_settings_from_json(*schedule, fields.place("schedule"));
    if (settings) {
      scenario.schedule = std::move(*settings);
    } else {
      fields.fail(settings.error());
    }
  }
  if (const json* errors = fields.object("syscall_error")) {
    auto settings = syscall_error_settings_from_json(*errors, fields.place("syscall_error"));
    if (settings) {
      scenario.syscall_error = std::move(*settings);
    } else {
      fields.fail(settings.error());
    }
  }
  if (scenario.schedule && scenario.syscall_error) {
    fields.fail("syscall_error", "a fault is one thing: a schedule, or failing calls",
                "make two scenarios of it");
  }
  return fields.finish();
}

void read_parts(Fields& fields, Scenario& scenario) {
  read_object(fields, "incident", scenario.incident, read_incident);
  each_member(fields, "roles", [&](const json& member, const std::string& at, const auto& key) {
    return read_role(member, at, scenario.roles[key]);
  });
  const json* given_world = fields.object("world");
  Worlds worlds = {{"", given_world != nullptr ? *given_world : json::object()}};
  VariantWorld common;
  if (auto read = read_world(worlds.at(""), "/world", common); !read) {
    fields.fail(read.error());
  }
  scenario.world = std::move(common.world);
  scenario.fakes = std::move(common.fakes);
  read_object(fields, "fault", scenario, read_fault);
  if (fields.has("control")) {
    scenario.control.emplace();
    read_object(fields, "control", *scenario.control, read_control);
  }
  if (const json* steps = fields.array("steps")) {
    auto read = steps_from_json(*steps, "/steps");
    if (read) {
      scenario.steps = std::move(*read);
    } else {
      fields.fail(read.error());
    }
  }
  each_element(fields, "variants", [&](const json& element, const std::string& at) {
    return read_variant(element, at, worlds, scenario);
  });
  each_element(fields, "expect", [&](const json& element, const std::string& at) {
    return read_expectation(element, at, scenario.expect.emplace_back());
  });
  each_element(fields, "calibration", [&](const json& element, const std::string& at) {
    return read_case(element, at, worlds, scenario);
  });
}

// Variants and cases are asked for by name.
template <typename Named>
Result<> check_unique(const std::vector<Named>& all, const char* list) {
  std::set<std::string> names;
  for (size_t i = 0; i < all.size(); ++i) {
    if (!names.insert(all[i].name).second) {
      return field_error(fmt::format("/{}/{}/name", list, i),
                         fmt::format("there is another '{}' before it", all[i].name));
    }
  }
  return Done{};
}

Result<> check_variant(const Scenario& scenario, const std::string& name, size_t index) {
  std::vector<std::string> names;
  for (const auto& variant : scenario.variants) {
    names.push_back(variant.name);
  }
  if (name.empty() || std::find(names.begin(), names.end(), name) != names.end()) {
    return Done{};
  }
  return field_error(fmt::format("/calibration/{}/variant", index),
                     fmt::format("there is no variant '{}'", name), suggestion(name, names));
}

Result<> check_whole(const Scenario& scenario) {
  if (!scenario.roles.contains(scenario.subject)) {
    return field_error("/subject", fmt::format("there is no role '{}'", scenario.subject),
                       suggestion(scenario.subject, keys(scenario.roles)));
  }
  if (scenario.control && !scenario.roles.contains(scenario.control->role)) {
    return field_error("/control/role",
                       fmt::format("there is no role '{}'", scenario.control->role),
                       suggestion(scenario.control->role, keys(scenario.roles)));
  }
  for (size_t i = 0; i < scenario.calibration.size(); ++i) {
    auto known = check_variant(scenario, scenario.calibration[i].variant, i);
    if (!known) {
      return known;
    }
  }
  auto steps = check_steps(scenario);
  if (!steps) {
    return steps;
  }
  auto unique = check_unique(scenario.variants, "variants");
  unique = unique ? check_unique(scenario.calibration, "calibration") : unique;
  if (!unique) {
    return unique;
  }
  if (scenario.variants.empty()) {
    return field_error("/variants", "a scenario has at least one variant");
  }
  if (scenario.expect.empty()) {
    return field_error("/expect", "a scenario without an expectation cannot fail",
                       "add one, as in {\"exit\": 0}");
  }
  auto caught = [&](VerdictKind kind) {
    return std::any_of(scenario.calibration.begin(), scenario.calibration.end(),
                       [&](const auto& one) { return one.verdict == kind; });
  };
  if (!caught(VerdictKind::kFail) || !caught(VerdictKind::kPass)) {
    return field_error("/calibration", "the calibration needs a bad case and a good one",
                       "one with \"verdict\": \"fail\", one with \"pass\"");
  }
  return Done{};
}

}  // namespace

namespace {

Scenario in_world(Scenario scenario, const std::optional<VariantWorld>& own) {
  if (own) {
    scenario.world = own->world;
    scenario.fakes = own->fakes;
  }
  return scenario;
}

}  // namespace

Scenario in_variant(const Scenario& scenario, const std::string& variant) {
  for (const auto& one : scenario.variants) {
    if (one.name == variant) {
      return in_world(scenario, one.world);
    }
  }
  return scenario;
}

Scenario in_case(const Scenario& scenario, const CalibrationCase& one) {
  return in_world(in_variant(scenario, one.variant), one.world);
}

Result<Scenario> scenario_from_json(const json& document) {
  Scenario scenario;
  Fields fields(document, "");
  fields.text("$schema");
  scenario.id = fields.required_text("id");
  scenario.component = fields.required_text("component");
  scenario.subject = fields.required_text("subject");
  scenario.quiet_ms = fields.duration_ms("quiet", scenario.quiet_ms);
  scenario.deadline_ms = fields.duration_ms("deadline", scenario.deadline_ms);
  read_parts(fields, scenario);
  auto done = fields.finish();
  done = done ? check_whole(scenario) : done;
  if (!done) {
    return done.error();
  }
  return scenario;
}

}  // namespace relapse::model
