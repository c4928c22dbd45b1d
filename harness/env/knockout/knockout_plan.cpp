#include "knockout/knockout_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "builds/build_text.h"

namespace relapse::env {

std::string canary_of(size_t index) {
  // Of one length, so that none is the beginning of another.
  return fmt::format("relapse{:04}canary", index);
}

const std::vector<std::string>& made_up_values() {
  static const std::vector<std::string> kValues = {"1", "https://relapse.invalid/", "true"};
  return kValues;
}

Environment telling_values(const Environment& env) {
  constexpr size_t kShortest = 6;  // a shorter one stands in any text
  Environment telling;
  for (const auto& entry : env) {
    const std::string& value = entry.second;
    const bool plain = std::all_of(value.begin(), value.end(), [](unsigned char c) {
      return std::isalnum(c) != 0 ||
             std::string_view("-_./:@").find(static_cast<char>(c)) != std::string_view::npos;
    });
    const bool own = std::none_of(env.begin(), env.end(), [&](const auto& other) {
      return other.first != entry.first && other.second.find(value) != std::string::npos;
    });
    if (value.size() >= kShortest && plain && own) {
      telling.insert(entry);
    }
  }
  return telling;
}

std::set<std::string> blamed(std::string_view output, const Environment& made_up) {
  // "1" and "true" stand in any text.
  constexpr size_t kTelling = 6;
  std::set<std::string> by_error;
  std::set<std::string> anywhere;
  for (size_t at = 0; at < output.size();) {
    const size_t end = std::min(output.find('\n', at), output.size());
    const std::string_view line = output.substr(at, end - at);
    at = end + 1;
    for (const auto& [name, value] : made_up) {
      const bool shows_value =
          value.size() >= kTelling && line.find(value) != std::string_view::npos;
      if (shows_value || names_word(line, name)) {
        (speaks_of_error(line) ? by_error : anywhere).insert(name);
      }
    }
  }
  return by_error.empty() ? anywhere : by_error;
}

Environment without(const Environment& env, const std::string& name, Lack lack) {
  Environment out = env;
  if (lack == Lack::kEmpty) {
    out[name] = "";
  } else {
    out.erase(name);
  }
  return out;
}

std::vector<std::string> likely_first(const std::map<std::string, Standing>& names) {
  auto rank = [&](const std::string& name) {
    const Standing& standing = names.at(name);
    if (standing.named_by_failure) {
      return 0;
    }
    return (standing.reaches_output ? 1 : 3) + (standing.supplied ? 1 : 0);
  };
  std::vector<std::string> order;
  order.reserve(names.size());
  for (const auto& [name, standing] : names) {
    order.push_back(name);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](const std::string& a, const std::string& b) { return rank(a) < rank(b); });
  return order;
}

}  // namespace relapse::env
