#pragma once
// One file's findings as lines of text, so that a test reads like the source that it is about.

#include <fmt/format.h>

#include <set>
#include <string>

#include "wanted/scan.h"

namespace relapse::env {

// "NAME:line how[ flags]"
inline std::set<std::string> found_in(const std::string& file, std::string_view text) {
  std::set<std::string> out;
  for (const auto& [name, place] : scan_text(file, text).found) {
    std::string line = fmt::format("{}:{} {}", name, place.line, place.how);
    line += place.role == Role::kRead ? "" : fmt::format(" {}", to_word(place.role));
    line += place.in_test ? " test" : "";
    line += place.has_default ? " default" : "";
    line += place.folded ? " folded" : "";
    line += place.assigned ? " assigned" : "";
    out.insert(line);
  }
  return out;
}

// "line what", as far as the first colon.
inline std::set<std::string> blind_in(const std::string& file, std::string_view text) {
  std::set<std::string> out;
  for (const auto& spot : scan_text(file, text).blind_spots) {
    out.insert(fmt::format("{} {}", spot.line, spot.what.substr(0, spot.what.find(": "))));
  }
  return out;
}

using Lines = std::set<std::string>;

}  // namespace relapse::env
