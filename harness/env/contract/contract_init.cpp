#include "contract/contract_init.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "os/files.h"
#include "supplied/workflow.h"

namespace relapse::env {

namespace fs = std::filesystem;
using nlohmann::json;
using nlohmann::ordered_json;

namespace {

bool holds(const fs::path& folder, std::initializer_list<const char*> names) {
  std::error_code error;
  return std::any_of(names.begin(), names.end(),
                     [&](const char* name) { return fs::exists(folder / name, error); });
}

// The nearest lock file upwards tells the package manager.
std::string package_manager(const fs::path& project) {
  for (fs::path folder = project; folder.has_relative_path(); folder = folder.parent_path()) {
    if (holds(folder, {"pnpm-lock.yaml"})) {
      return "pnpm";
    }
    if (holds(folder, {"yarn.lock"})) {
      return "yarn";
    }
    if (holds(folder, {"bun.lock", "bun.lockb"})) {
      return "bun";
    }
    if (holds(folder, {"package-lock.json", ".git"})) {
      break;
    }
  }
  return "npm";
}

json read_package(const fs::path& project) {
  auto text = os::read_file(project / "package.json");
  json package = text ? json::parse(*text, nullptr, false) : json::object();
  return package.is_object() ? package : json::object();
}

bool has_script(const json& package, const char* name) {
  return package.contains("scripts") && package["scripts"].is_object() &&
         package["scripts"].contains(name) && package["scripts"][name].is_string();
}

std::string output_of(const fs::path& project) {
  if (holds(project, {"next.config.js", "next.config.mjs", "next.config.ts"})) {
    return ".next";
  }
  if (holds(project, {"svelte.config.js", "svelte.config.ts"})) {
    return "build";
  }
  if (holds(project, {"nuxt.config.ts", "nuxt.config.js"})) {
    return ".output";
  }
  if (holds(project, {"Cargo.toml"})) {
    return "target/release";
  }
  return "dist";
}

ordered_json build_of(const fs::path& project, const json& package) {
  std::string command;
  if (has_script(package, "build")) {
    command = package_manager(project) + " run build";
  } else if (holds(project, {"Cargo.toml"})) {
    command = "cargo build --release";
  } else if (holds(project, {"Makefile", "makefile", "GNUmakefile"})) {
    command = "make";
  }
  return command.empty() ? ordered_json()
                         : ordered_json{{"command", command}, {"output", output_of(project)}};
}

// Vite and what is built on it print this line once they listen.
ordered_json dev_of(const fs::path& project, const json& package) {
  const bool vite = holds(project, {"vite.config.ts", "vite.config.js", "vite.config.mjs",
                                    "astro.config.mjs", "svelte.config.js"});
  if (!has_script(package, "dev") || !vite) {
    return {};
  }
  return {{"command", package_manager(project) + " run dev"}, {"ready", "Local"}};
}

bool is_secret(const ScannedName& name) {
  return std::any_of(name.places.begin(), name.places.end(),
                     [](const Place& place) { return place.how == "workflow secrets"; });
}

ordered_json name_entry(const ScannedName& name) {
  ordered_json entry = {{"need", name.needed ? "required" : "optional"}};
  if (is_secret(name)) {
    entry["secret"] = true;
  }
  const Place& first = name.places.front();
  entry["why"] = name.needed
                     ? fmt::format("read in {}:{}", first.file, first.line)
                     : fmt::format("read in {}:{}, {}", first.file, first.line, name.because);
  return entry;
}

// How much a job looks like the one that deploys this project.
int likelihood(const WorkflowJob& job, const std::string& text, const std::string& project) {
  int points = 0;
  auto mentions = [&](std::string_view word) { return text.find(word) != std::string::npos; };
  for (std::string_view word : {"deploy", "publish", "release"}) {
    points += job.id.find(word) != std::string::npos || mentions(word) ? 2 : 0;
  }
  for (const auto& step : job.steps) {
    const std::string all = step.run + " " + step.uses;
    for (const auto& tool : deploying_tools()) {
      const bool manager = tool == "npm" || tool == "npx" || tool == "pnpm" || tool == "yarn";
      points += all.find(tool + " ") != std::string::npos ? (manager ? 1 : 3) : 0;
    }
    points += step.uses.starts_with("./") ? 2 : 0;
    points += (step.folder + all).find(project) != std::string::npos ? 2 : 0;
    for (const auto& entry : step.with) {
      points += entry.text.find(project) != std::string::npos ? 2 : 0;
    }
  }
  return points;
}

}  // namespace

std::vector<DeployPlace> find_deploys(const std::string& project) {
  const fs::path folder = fs::path(project).lexically_normal();
  fs::path workflows;
  for (fs::path at = folder; at.has_relative_path(); at = at.parent_path()) {
    std::error_code error;
    if (fs::is_directory(at / ".github" / "workflows", error)) {
      workflows = at / ".github" / "workflows";
      break;
    }
  }
  std::vector<std::pair<int, DeployPlace>> found;
  std::error_code error;
  for (fs::directory_iterator at(workflows, error), end; !error && at != end; at.increment(error)) {
    const std::string file = at->path().string();
    auto text = os::read_file(file);
    if (!text || !(file.ends_with(".yml") || file.ends_with(".yaml"))) {
      continue;
    }
    auto workflow = parse_workflow(*text, file);
    if (!workflow) {
      continue;
    }
    for (const auto& job : workflow->jobs) {
      const std::string about = at->path().stem().string() + " " + job.id;
      const int points = likelihood(job, about, folder.filename());
      if (points > 0) {
        found.push_back({points, {file, job.id}});
      }
    }
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return std::tuple(-a.first, a.second.workflow, a.second.job) <
           std::tuple(-b.first, b.second.workflow, b.second.job);
  });
  std::vector<DeployPlace> out;
  for (auto& [points, place] : found) {
    out.push_back(std::move(place));
  }
  return out;
}

std::string first_contract(const std::string& project, const ScanResult& scan,
                           const std::optional<DeployPlace>& deploy,
                           const std::optional<SuppliedReport>& supplied) {
  const json package = read_package(project);
  ordered_json out;
  if (ordered_json build = build_of(project, package); !build.is_null()) {
    out["build"] = std::move(build);
  }
  if (deploy) {
    ordered_json values = {{"vars", ordered_json::object()}, {"secrets", ordered_json::object()}};
    out["deploy"] = {{"workflow", fs::path(deploy->workflow).lexically_relative(project).string()},
                     {"job", deploy->job},
                     {"values", values}};
  }
  if (ordered_json dev = dev_of(project, package); !dev.is_null()) {
    out["dev"] = std::move(dev);
  }
  out["names"] = ordered_json::object();
  for (const auto& name : scan.names) {
    const bool read = std::any_of(name.places.begin(), name.places.end(), [](const Place& place) {
      return place.role == Role::kRead && !place.in_test && !place.assigned;
    });
    if (read) {
      out["names"][name.name] = name_entry(name);
    }
  }
  if (supplied) {
    for (const auto& one : supplied->names) {
      if (!out["names"].contains(one.name)) {
        out["names"][one.name] = {{"need", "optional"},
                                  {"why", fmt::format("supplied by {}:{}, and nothing that was "
                                                      "read wants it",
                                                      one.file, one.line)}};
      }
    }
  }
  return out.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace relapse::env
