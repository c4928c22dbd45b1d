#include "fakes/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

namespace relapse::fakes {

using model::Done;
using model::Error;
using model::ErrorKind;
using model::Result;
using nlohmann::json;

Error config_error(std::string_view where, std::string_view message) {
  return Error{ErrorKind::kScenario, fmt::format("{}: {}", where, message), "", "", 0};
}

Result<json> parse_json(std::string_view text, std::string_view what) {
  json parsed = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (parsed.is_discarded()) {
    return config_error(what, "not JSON");
  }
  return parsed;
}

std::string to_text(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

Fields::Fields(const json& object, std::string where) : object_(object), where_(std::move(where)) {
  if (!object_.is_object()) {
    error_ = config_error(where_, "must be an object");
  }
}

const json* Fields::find(const char* name) {
  asked_.emplace(name);
  if (!object_.is_object()) {
    return nullptr;
  }
  auto found = object_.find(name);
  return found == object_.end() ? nullptr : &*found;
}

std::string Fields::text(const char* name, std::string fallback) {
  const json* value = find(name);
  if (value == nullptr) {
    return fallback;
  }
  if (!value->is_string()) {
    fail(name, "must be a string");
    return fallback;
  }
  return value->get<std::string>();
}

std::int64_t Fields::number(const char* name, std::int64_t fallback, std::int64_t min,
                            std::int64_t max) {
  const json* value = find(name);
  if (value == nullptr) {
    return fallback;
  }
  // An unsigned number beyond int64 would wrap in get(): it is out of range whatever `max` is.
  bool in_int64 = value->is_number_integer() &&
                  (!value->is_number_unsigned() || value->get<std::uint64_t>() <= INT64_MAX);
  std::int64_t number = in_int64 ? value->get<std::int64_t>() : 0;
  if (!in_int64 || number < min || number > max) {
    fail(name, fmt::format("must be a whole number from {} to {}", min, max));
    return fallback;
  }
  return number;
}

bool Fields::flag(const char* name, bool fallback) {
  const json* value = find(name);
  if (value == nullptr) {
    return fallback;
  }
  if (!value->is_boolean()) {
    fail(name, "must be true or false");
    return fallback;
  }
  return value->get<bool>();
}

const json* Fields::child(const char* name) {
  return find(name);
}

bool Fields::has(const char* name) const {
  return object_.is_object() && object_.contains(name);
}

void Fields::fail(std::string_view name, std::string_view message) {
  if (!error_) {
    error_ = config_error(place(name), message);
  }
}

Result<> Fields::finish() {
  if (error_) {
    return *error_;
  }
  for (const auto& [name, value] : object_.items()) {
    if (!asked_.contains(name)) {
      Error error = config_error(place(name), "no such field");
      error.remedy = fmt::format("known here: {}", fmt::join(asked_, ", "));
      return error;
    }
  }
  return Done{};
}

}  // namespace relapse::fakes
