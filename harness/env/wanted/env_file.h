#pragma once
// A file of NAME=VALUE lines (.env): names, values, and where each stands.

#include <map>
#include <string>
#include <string_view>

#include "model/result.h"

namespace relapse::env {

struct EnvEntry {
  std::string value;
  int line = 0;
};

// Letters, digits and underscores, no digit first: what shells and files can carry.
bool is_variable_name(std::string_view name);

// As the common readers do: `export` in front, # comments, 'single' quotes as they stand, "double"
// quotes with \n and \" and over several lines; the last of several wins. No reference to other
// variables is resolved. An error names the file and the line, never a value.
model::Result<std::map<std::string, EnvEntry>> parse_env_text(std::string_view text,
                                                              const std::string& file);
model::Result<std::map<std::string, EnvEntry>> read_env_file(const std::string& file);

}  // namespace relapse::env
