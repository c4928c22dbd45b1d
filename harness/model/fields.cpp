#include "model/fields.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "model/nearest.h"

namespace relapse::model {

using nlohmann::json;

Error field_error(std::string_view pointer, std::string_view message, std::string remedy) {
  Error error{ErrorKind::kScenario, std::string(message), std::move(remedy), "", 0};
  error.pointer = pointer;
  return error;
}

std::string pointer_part(std::string_view name) {
  std::string out;
  for (char c : name) {
    out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  }
  return out;
}

std::optional<double> parse_duration_ms(std::string_view text) {
  double number = 0;
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || !std::isfinite(number) || number < 0) {
    return std::nullopt;
  }
  std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  unit.remove_prefix(std::min(unit.find_first_not_of(' '), unit.size()));
  constexpr std::array<std::pair<std::string_view, double>, 3> kUnits = {
      {{"ms", 1}, {"s", 1'000}, {"min", 60'000}}};
  for (auto [name, factor] : kUnits) {
    if (unit == name) {
      return number * factor;
    }
  }
  return std::nullopt;
}

Fields::Fields(const json& object, std::string pointer)
    : object_(object), pointer_(std::move(pointer)) {
  if (!object_.is_object()) {
    error_ = field_error(pointer_, "must be an object");
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

const json* Fields::find_of_type(const char* name, json::value_t type, const char* type_name) {
  const json* value = find(name);
  if (value != nullptr && value->type() != type) {
    fail(name, fmt::format("'{}' must be {}", name, type_name));
    return nullptr;
  }
  return value;
}

std::string Fields::text(const char* name, std::string fallback) {
  const json* value = find_of_type(name, json::value_t::string, "a string");
  return value == nullptr ? std::move(fallback) : value->get<std::string>();
}

std::string Fields::required_text(const char* name) {
  std::string value = text(name);
  if (value.empty()) {
    fail(name, fmt::format("'{}' is missing or empty", name));
  }
  return value;
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
    fail(name, fmt::format("'{}' must be a whole number from {} to {}", name, min, max));
    return fallback;
  }
  return number;
}

bool Fields::flag(const char* name, bool fallback) {
  const json* value = find_of_type(name, json::value_t::boolean, "true or false");
  return value == nullptr ? fallback : value->get<bool>();
}

double Fields::duration_ms(const char* name, double fallback_ms) {
  const json* value = find_of_type(name, json::value_t::string, "a duration in quotes");
  if (value == nullptr) {
    return fallback_ms;
  }
  auto parsed = parse_duration_ms(value->get_ref<const std::string&>());
  if (!parsed) {
    fail(name, fmt::format("'{}' is no duration", value->get_ref<const std::string&>()),
         "write a number and ms, s or min, as in \"30s\"");
  }
  return parsed.value_or(fallback_ms);
}

std::map<std::string, std::string> Fields::texts(const char* name) {
  std::map<std::string, std::string> out;
  const json* value = object(name);
  if (value == nullptr) {
    return out;
  }
  for (const auto& [key, text] : value->items()) {
    if (!text.is_string()) {
      fail(fmt::format("{}/{}", name, pointer_part(key)),
           fmt::format("'{}' must be a string", key));
      return out;
    }
    out[key] = text.get<std::string>();
  }
  return out;
}

std::vector<std::string> Fields::list(const char* name) {
  std::vector<std::string> out;
  const json* value = array(name);
  for (size_t i = 0; value != nullptr && i < value->size(); ++i) {
    if (!(*value)[i].is_string()) {
      fail(fmt::format("{}/{}", name, i), "must be a string");
      return out;
    }
    out.push_back((*value)[i].get<std::string>());
  }
  return out;
}

const json* Fields::child(const char* name) {
  return find(name);
}

const json* Fields::object(const char* name) {
  return find_of_type(name, json::value_t::object, "an object");
}

const json* Fields::array(const char* name) {
  return find_of_type(name, json::value_t::array, "a list");
}

void Fields::require(const char* name) {
  if (find(name) == nullptr) {
    fail(name, fmt::format("'{}' is missing", name));
  }
}

std::string Fields::stated_text(const char* name) {
  require(name);
  return text(name);
}

bool Fields::stated_flag(const char* name) {
  require(name);
  return flag(name, false);
}

double Fields::stated_amount(const char* name) {
  require(name);
  const json* value = find(name);
  if (value == nullptr) {
    return 0;
  }
  if (!value->is_number() || value->get<double>() < 0) {
    fail(name, fmt::format("'{}' must be a number that is not negative", name));
    return 0;
  }
  return value->get<double>();
}

std::uint64_t Fields::stated_count(const char* name, std::uint64_t min, std::uint64_t max) {
  require(name);
  const json* value = find(name);
  // The parser gives its unsigned type to every whole number that is not negative; one that was
  // put together in memory may have the other.
  const bool whole = value != nullptr && value->is_number_integer() &&
                     (value->is_number_unsigned() || value->get<std::int64_t>() >= 0);
  const std::uint64_t count = whole ? value->get<std::uint64_t>() : 0;
  if (!whole || count < min || count > max) {
    fail(name, fmt::format("'{}' must be a whole number from {} to {}", name, min, max));
    return min;
  }
  return count;
}

bool Fields::given(const char* name) const {
  return has(name) && !object_.at(name).is_null();
}

bool Fields::has(const char* name) const {
  return object_.is_object() && object_.contains(name);
}

std::string Fields::place(std::string_view name) const {
  return pointer_ + "/" + std::string(name);
}

void Fields::fail(std::string_view name, std::string_view message, std::string remedy) {
  if (!error_) {
    error_ = field_error(place(name), message, std::move(remedy));
  }
}

void Fields::fail(const Error& error) {
  if (!error_) {
    error_ = error;
  }
}

Result<> Fields::finish() {
  // A name that was misspelt is the likelier cause than the one that is then missing.
  static const json kNone = json::object();
  for (const auto& [name, value] : (object_.is_object() ? object_ : kNone).items()) {
    if (!asked_.contains(name)) {
      return field_error(place(pointer_part(name)), fmt::format("there is no field '{}'", name),
                         suggestion(name, {asked_.begin(), asked_.end()}));
    }
  }
  return finish_open();
}

Result<> Fields::finish_open() const {
  if (error_) {
    return *error_;
  }
  return Done{};
}

}  // namespace relapse::model
