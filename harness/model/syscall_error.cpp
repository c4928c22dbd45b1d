#include "model/syscall_error.h"

#include <limits>

#include "model/fields.h"

namespace relapse::model {

using nlohmann::json;
using nlohmann::ordered_json;

namespace {

// No program is meant to make so many calls of one kind in one trial.
constexpr int kMostMax = 1'000'000;
constexpr int kDelayMaxMs = 3'600'000;
// As many as a write may be cut to: see run/kernel_gate.cpp.
constexpr int kShortWriteMax = 1 << 20;

// One text, or a list of them.
std::vector<std::string> one_or_more(Fields& fields, const char* name) {
  const json* value = fields.child(name);
  if (value != nullptr && value->is_string()) {
    return {value->get<std::string>()};
  }
  return fields.list(name);
}

std::vector<int> numbers(Fields& fields, const char* name, int min, int max) {
  std::vector<int> out;
  if (fields.has(name)) {
    out.push_back(static_cast<int>(fields.number(name, min, min, max)));
  }
  return out;
}

Result<> read_run(const json& object, const std::string& pointer, InjectionRun& out) {
  Fields fields(object, pointer);
  constexpr auto kMax = std::numeric_limits<int>::max();
  out.call = fields.stated_text("call");
  out.effect = fields.stated_text("effect");
  out.injected = static_cast<int>(fields.stated_count("injected", 0, kMax));
  out.failed = static_cast<int>(fields.stated_count("failed", 0, kMax));
  out.cut_off = fields.stated_flag("cut_off");
  return fields.finish_open();
}

Result<> read_failure(const json& object, const std::string& pointer, InjectionFailure& out) {
  Fields fields(object, pointer);
  out.call = fields.stated_text("call");
  out.effect = fields.stated_text("effect");
  out.option = fields.stated_text("option");
  out.value = fields.stated_text("value");
  out.nth = static_cast<int>(fields.stated_count("nth", 0, std::numeric_limits<int>::max()));
  out.at = fields.stated_text("at");
  out.reason = fields.stated_text("reason");
  return fields.finish_open();
}

}  // namespace

ordered_json to_json(const SyscallErrorSettings& settings) {
  ordered_json out = {{"call", settings.calls}};
  auto add = [&out](const char* name, const std::string& text) {
    if (!text.empty()) {
      out[name] = text;
    }
  };
  add("path", settings.path);
  add("program", settings.program);
  if (!settings.errors.empty()) {
    out["error"] = settings.errors;
  }
  if (!settings.short_writes.empty()) {
    out["short"] = settings.short_writes.front();
  }
  if (!settings.delays_ms.empty()) {
    out["delay_ms"] = settings.delays_ms.front();
  }
  out["folders"] = settings.folders;
  if (settings.sweep) {
    out["sweep"] = true;
    out["most"] = settings.most;
  } else {
    out["nth"] = settings.nth;
  }
  return out;
}

Result<SyscallErrorSettings> syscall_error_settings_from_json(const json& object,
                                                              const std::string& pointer) {
  SyscallErrorSettings settings;
  Fields fields(object, pointer);
  settings.calls = one_or_more(fields, "call");
  settings.path = fields.text("path");
  settings.program = fields.text("program");
  settings.errors = one_or_more(fields, "error");
  settings.short_writes = numbers(fields, "short", 0, kShortWriteMax);
  settings.delays_ms = numbers(fields, "delay_ms", 1, kDelayMaxMs);
  settings.folders = fields.list("folders");
  settings.nth = static_cast<int>(fields.number("nth", settings.nth, 0, kMostMax));
  settings.sweep = fields.flag("sweep", false);
  settings.most = static_cast<int>(fields.number("most", settings.most, 1, kMostMax));
  if (settings.calls.empty()) {
    fields.fail("call", "'call' is missing: which system calls fail",
                R"(as in "call": "write", or ["write", "mkdir"])");
  } else if (settings.errors.empty() && settings.short_writes.empty() &&
             settings.delays_ms.empty()) {
    fields.fail("error", "nothing is said to happen to the call",
                R"(as in "error": "ENOSPC", "short": 4 or "delay_ms": 100)");
  } else if (settings.sweep && fields.has("nth")) {
    fields.fail("nth", "a sweep tries every occurrence: 'nth' has no place in it");
  } else if (!settings.sweep && fields.has("most")) {
    fields.fail("most", "'most' limits a sweep, and this is none", R"(add "sweep": true)");
  }
  auto done = fields.finish();
  if (!done) {
    return done.error();
  }
  return settings;
}

ordered_json to_json(const InjectionFacts& facts) {
  ordered_json runs = ordered_json::array();
  for (const auto& run : facts.runs) {
    runs.push_back({{"call", run.call},
                    {"effect", run.effect},
                    {"injected", run.injected},
                    {"failed", run.failed},
                    {"cut_off", run.cut_off}});
  }
  ordered_json failures = ordered_json::array();
  for (const auto& failure : facts.failures) {
    failures.push_back({{"call", failure.call},
                        {"effect", failure.effect},
                        {"option", failure.option},
                        {"value", failure.value},
                        {"nth", failure.nth},
                        {"at", failure.at},
                        {"reason", failure.reason}});
  }
  ordered_json out = {{"settings", ordered_json(facts.settings)},
                      {"runs", std::move(runs)},
                      {"failures", std::move(failures)}};
  if (!facts.command.is_null()) {
    out["command"] = ordered_json(facts.command);
  }
  return out;
}

Result<std::optional<SyscallErrorSettings>> first_failure_of(const InjectionFacts& facts) {
  if (facts.failures.empty()) {
    return std::optional<SyscallErrorSettings>();
  }
  const InjectionFailure& failure = facts.failures.front();
  json settings = facts.settings;
  settings["call"] = failure.call;
  for (const char* name : {"error", "short", "delay_ms", "sweep", "most"}) {
    settings.erase(name);
  }
  settings["nth"] = failure.nth;
  if (failure.option == "error") {
    settings["error"] = failure.value;
  } else {
    // Text where it was written: the record is the user's to edit.
    const json value = json::parse(failure.value, nullptr, /*allow_exceptions=*/false);
    settings[failure.option == "short" ? "short" : "delay_ms"] = value;
  }
  auto read = syscall_error_settings_from_json(settings, "/injection/settings");
  return read ? Result<std::optional<SyscallErrorSettings>>(std::move(*read)) : read.error();
}

Result<> read_injection_facts(const json& object, const std::string& pointer, InjectionFacts& out) {
  Fields fields(object, pointer);
  if (const json* settings = fields.object("settings")) {
    out.settings = *settings;
  }
  if (const json* command = fields.object("command")) {
    out.command = *command;
  }
  each_element(fields, "runs", [&out](const json& run, const std::string& at) {
    return read_run(run, at, out.runs.emplace_back());
  });
  each_element(fields, "failures", [&out](const json& failure, const std::string& at) {
    return read_failure(failure, at, out.failures.emplace_back());
  });
  return fields.finish_open();
}

}  // namespace relapse::model
