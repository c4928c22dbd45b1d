#pragma once
// The scripts of a tree's package.json files, and where they stand.

#include <string>
#include <vector>

namespace relapse::env {

struct PackageScript {
  std::string folder;   // absolute: of the package.json
  std::string package;  // its "name"; may be empty
  std::string name;
  std::string body;  // in one line
  int line = 0;      // in package.json
};

// Of the whole tree but for dependencies. What is no JSON has none.
std::vector<PackageScript> find_package_scripts(const std::string& root);

// Words of the scripts that may be programs and that the system has not: a project's own tools,
// which lie in node_modules once they are installed.
std::vector<std::string> foreign_programs(const std::vector<PackageScript>& scripts);

}  // namespace relapse::env
