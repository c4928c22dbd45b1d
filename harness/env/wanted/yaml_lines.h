#pragma once
// YAML with the lines of what it says: workflows, actions, compose files.

#include <yaml-cpp/yaml.h>

#include <functional>
#include <string>
#include <string_view>

#include "model/result.h"

namespace relapse::env {

// A syntax error names the file and the line.
model::Result<YAML::Node> parse_yaml(const std::string& text, const std::string& file);

// The line on which the content of a scalar begins, 1-based: below the "|" of a block.
int first_line_of(const YAML::Node& scalar, std::string_view text);

// The line of a node itself, 1-based; of a mapping, its first key.
int line_of_node(const YAML::Node& node);

// Calls `visit(path of keys, scalar)` for each scalar value; list items add no key. Anchors that
// lead back into themselves end at a depth that no person writes.
void each_scalar(
    const YAML::Node& root,
    const std::function<void(const std::vector<std::string>&, const YAML::Node&)>& visit);

// A scalar's text, "" for anything else.
std::string text_of(const YAML::Node& node);

}  // namespace relapse::env
