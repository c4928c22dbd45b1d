// strategy.matrix: the product of its lists, less what is excluded, with what is included.
#include <fmt/format.h>

#include <algorithm>

#include "supplied/job_run.h"

namespace relapse::env {

using nlohmann::json;

namespace {

constexpr size_t kMostLegs = 256;  // the service's own limit

// Every key that both have is the same.
bool agrees(const json& leg, const json& with, const json& keys) {
  for (const auto& [key, value] : with.items()) {
    if (keys.contains(key) && leg.contains(key) && leg[key] != value) {
      return false;
    }
  }
  return true;
}

bool holds_all(const json& leg, const json& part) {
  return std::all_of(part.items().begin(), part.items().end(), [&](const auto& item) {
    return leg.contains(item.key()) && leg[item.key()] == item.value();
  });
}

std::vector<json> product(const json& keys) {
  std::vector<json> legs = {json::object()};
  for (const auto& [key, values] : keys.items()) {
    std::vector<json> more;
    for (const auto& leg : legs) {
      for (const auto& value : values) {
        json one = leg;
        one[key] = value;
        more.push_back(std::move(one));
        if (more.size() > kMostLegs) {
          return more;
        }
      }
    }
    legs = std::move(more);
  }
  return keys.empty() ? std::vector<json>() : legs;
}

}  // namespace

model::Result<std::vector<json>> matrix_legs(const json& matrix) {
  if (!matrix.is_object() || matrix.empty()) {
    return std::vector<json>{json::object()};
  }
  json keys = json::object();
  for (const auto& [key, values] : matrix.items()) {
    if (key != "include" && key != "exclude") {
      keys[key] = values.is_array() ? values : json::array({values});
    }
  }
  std::vector<json> legs = product(keys);
  if (matrix.contains("exclude")) {
    for (const auto& part : matrix["exclude"]) {
      std::erase_if(legs,
                    [&](const json& leg) { return part.is_object() && holds_all(leg, part); });
    }
  }
  const size_t of_product = legs.size();
  if (matrix.contains("include")) {
    for (const auto& part : matrix["include"]) {
      if (!part.is_object()) {
        continue;
      }
      bool added = false;
      for (size_t i = 0; i < of_product; ++i) {
        if (agrees(legs[i], part, keys)) {
          legs[i].update(part);
          added = true;
        }
      }
      if (!added) {
        legs.push_back(part);
      }
    }
  }
  if (legs.size() > kMostLegs) {
    return model::Error{model::ErrorKind::kScenario,
                        fmt::format("the matrix has more than {} legs", kMostLegs)};
  }
  return legs.empty() ? std::vector<json>{json::object()} : legs;
}

}  // namespace relapse::env
