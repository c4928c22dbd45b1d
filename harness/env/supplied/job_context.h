#pragma once
// What the service puts around a step: contexts, inputs, the environment of its process.

#include <yaml-cpp/yaml.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "supplied/job_run.h"

namespace relapse::env {

using Texts = std::map<std::string, std::string>;

nlohmann::json to_object(const Texts& texts);
std::string lower(std::string text);

// YAML's own types, as the service reads a matrix: numbers and flags are no texts.
nlohmann::json to_json_value(const YAML::Node& node, int depth);

// The github context of a push to the main branch, where the values given say nothing else.
void add_github(nlohmann::json& github, const std::string& root, const std::string& job);

// An input that is given, if only empty, does not take its default.
nlohmann::json inputs_of(const std::vector<WorkflowInput>& declared, const nlohmann::json& given);

void lay_over(Texts& below, const Texts& above);

void add_sources(std::vector<SourceText>& sources, SourceText::Kind kind,
                 const std::vector<WorkflowEntry>& entries, const std::string& file);

// `env` over what a runner gives to every step; `paths` come before the usual ones.
Texts process_env(const Texts& env, const nlohmann::json& github, const std::string& action_folder,
                  const std::vector<std::string>& paths);

// Every text of a document of values.
void add_secrets(const nlohmann::json& values, std::vector<std::string>& secrets);

}  // namespace relapse::env
