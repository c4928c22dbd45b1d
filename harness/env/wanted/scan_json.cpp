#include "wanted/scan_json.h"

#include <fmt/format.h>

#include <algorithm>

namespace relapse::env {

namespace {

using nlohmann::ordered_json;

ordered_json place_json(const Place& place) {
  ordered_json out = {{"file", place.file},
                      {"line", place.line},
                      {"how", place.how},
                      {"role", to_word(place.role)}};
  out["test"] = place.in_test;
  out["default"] = place.has_default;
  out["folded"] = place.folded;
  out["assigned"] = place.assigned;
  return out;
}

ordered_json names_json(const std::vector<ScannedName>& names) {
  ordered_json out = ordered_json::array();
  for (const auto& name : names) {
    ordered_json one = {{"name", name.name}, {"needed", name.needed}};
    if (!name.because.empty()) {
      one["because"] = name.because;
    }
    one["places"] = ordered_json::array();
    for (const auto& place : name.places) {
      one["places"].push_back(place_json(place));
    }
    out.push_back(std::move(one));
  }
  return out;
}

std::string remarks(const Place& place) {
  std::string out = place.role == Role::kRead ? "" : fmt::format(", {}", to_word(place.role));
  out += place.in_test ? ", test" : "";
  out += place.has_default ? ", default" : "";
  out += place.folded ? ", only tested" : "";
  out += place.assigned ? ", set in the same file" : "";
  return out;
}

void add_places(std::string& out, const ScannedName& name, size_t width) {
  std::string first = name.name;
  for (const auto& place : name.places) {
    out += fmt::format("  {:<{}}  {}:{}  {}{}\n", first, width, place.file, place.line, place.how,
                       remarks(place));
    first.clear();
  }
}

}  // namespace

ordered_json to_json(const ScanResult& result) {
  ordered_json out;
  out["names"] = names_json(result.names);
  out["ignored"] = names_json(result.ignored);
  out["blind_spots"] = ordered_json::array();
  for (const auto& spot : result.blind_spots) {
    out["blind_spots"].push_back({{"file", spot.file}, {"line", spot.line}, {"what", spot.what}});
  }
  out["skipped"] = ordered_json::array();
  for (const auto& skipped : result.skipped) {
    out["skipped"].push_back({{"folder", skipped.folder}, {"why", skipped.why}});
  }
  out["prefixes"] = ordered_json::array();
  for (const auto& one : result.prefixes) {
    out["prefixes"].push_back({{"file", one.file}, {"line", one.line}, {"prefixes", one.prefixes}});
  }
  out["files"] = result.files;
  return out;
}

std::string to_table(const ScanResult& result) {
  size_t width = 0;
  for (const auto& name : result.names) {
    width = std::max(width, name.name.size());
  }
  std::string wanted;
  std::string others;
  for (const auto& name : result.names) {
    if (name.needed) {
      add_places(wanted, name, width);
    } else {
      others += fmt::format("  {:<{}}  {}:{}  {}\n", name.name, width, name.places.front().file,
                            name.places.front().line, name.because);
    }
  }
  std::string out = wanted.empty() ? "No variable is wanted.\n" : "Wanted:\n" + wanted;
  out += others.empty() ? "" : "Named, and not wanted from outside:\n" + others;
  if (!result.ignored.empty()) {
    out += "Given by systems and tools:\n";
    for (const auto& name : result.ignored) {
      out += fmt::format("  {:<{}}  {}\n", name.name, width, name.because);
    }
  }
  if (!result.blind_spots.empty()) {
    out += "Not to be seen by reading:\n";
    for (const auto& spot : result.blind_spots) {
      out += spot.file.empty() ? fmt::format("  {}\n", spot.what)
                               : fmt::format("  {}:{}  {}\n", spot.file, spot.line, spot.what);
    }
  }
  for (const auto& skipped : result.skipped) {
    out += fmt::format("Left out: {} ({})\n", skipped.folder, skipped.why);
  }
  return out;
}

}  // namespace relapse::env
