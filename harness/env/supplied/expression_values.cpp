#include "supplied/expression_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>

#include "model/nearest.h"

namespace relapse::env {

using model::Error;
using model::ErrorKind;
using nlohmann::json;

namespace {

constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

double number_of_text(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) {
    text.remove_prefix(1);
  }
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) {
    text.remove_suffix(1);
  }
  if (text.empty()) {
    return 0;
  }
  if (text.starts_with("0x")) {
    unsigned long long whole = 0;
    auto [end, failed] = std::from_chars(text.data() + 2, text.data() + text.size(), whole, 16);
    return failed == std::errc() && end == text.data() + text.size() ? static_cast<double>(whole)
                                                                     : kNotANumber;
  }
  double number = 0;
  const size_t plus = text.front() == '+' ? 1 : 0;
  auto [end, failed] = std::from_chars(text.data() + plus, text.data() + text.size(), number);
  return failed == std::errc() && end == text.data() + text.size() ? number : kNotANumber;
}

}  // namespace

double to_number(const json& value) {
  if (value.is_number()) {
    return value.get<double>();
  }
  if (value.is_null()) {
    return 0;
  }
  if (value.is_boolean()) {
    return value.get<bool>() ? 1 : 0;
  }
  return value.is_string() ? number_of_text(value.get_ref<const std::string&>()) : kNotANumber;
}

std::string to_text(const json& value) {
  if (value.is_string()) {
    return value.get<std::string>();
  }
  if (value.is_null()) {
    return "";
  }
  if (value.is_boolean()) {
    return value.get<bool>() ? "true" : "false";
  }
  if (value.is_number()) {
    const double number = value.get<double>();
    return std::isnan(number) ? "NaN" : fmt::format("{:.15g}", number);
  }
  return value.is_array() ? "Array" : "Object";
}

bool is_true(const json& value) {
  if (value.is_string()) {
    return !value.get_ref<const std::string&>().empty();
  }
  if (value.is_structured()) {
    return true;
  }
  const double number = to_number(value);
  return number != 0 && !std::isnan(number);
}

std::optional<int> compare(const json& a, const json& b) {
  if (a.is_string() && b.is_string()) {
    const int order = lower(a.get<std::string>()).compare(lower(b.get<std::string>()));
    return order < 0 ? -1 : order > 0 ? 1 : 0;
  }
  if (a.is_structured() || b.is_structured()) {
    return a.is_structured() && b.is_structured() && &a == &b ? std::optional<int>(0)
                                                              : std::nullopt;
  }
  const double left = to_number(a);
  const double right = to_number(b);
  if (std::isnan(left) || std::isnan(right)) {
    return std::nullopt;
  }
  return left < right ? -1 : left > right ? 1 : 0;
}

const json* find_member(const json& object, const std::string& name) {
  if (!object.is_object()) {
    return nullptr;
  }
  if (auto found = object.find(name); found != object.end()) {
    return &*found;
  }
  const std::string wanted = lower(name);
  for (const auto& [key, value] : object.items()) {
    if (lower(key) == wanted) {
      return &value;
    }
  }
  return nullptr;
}

namespace {

struct CallContext {
  const ExpressionScope& scope;
  std::vector<std::string>& notes;
};

using Arguments = std::vector<json>;
using Function = model::Result<json> (*)(const Arguments& arguments, CallContext& context);

model::Result<json> contains(const Arguments& arguments, CallContext&) {
  if (arguments[0].is_structured()) {
    return json(std::any_of(arguments[0].begin(), arguments[0].end(),
                            [&](const json& one) { return compare(one, arguments[1]) == 0; }));
  }
  return json(lower(to_text(arguments[0])).find(lower(to_text(arguments[1]))) != std::string::npos);
}

model::Result<json> starts_with(const Arguments& arguments, CallContext&) {
  return json(lower(to_text(arguments[0])).starts_with(lower(to_text(arguments[1]))));
}

model::Result<json> ends_with(const Arguments& arguments, CallContext&) {
  return json(lower(to_text(arguments[0])).ends_with(lower(to_text(arguments[1]))));
}

// format('{0} and {1}', a, b); "{{" is a brace.
model::Result<json> format(const Arguments& arguments, CallContext&) {
  const std::string pattern = to_text(arguments[0]);
  std::string out;
  for (size_t at = 0; at < pattern.size(); ++at) {
    const char c = pattern[at];
    const bool doubled = at + 1 < pattern.size() && pattern[at + 1] == c;
    if ((c == '{' || c == '}') && doubled) {
      out += c;
      ++at;
      continue;
    }
    if (c != '{') {
      out += c;
      continue;
    }
    size_t index = 0;
    const char* end = pattern.data() + pattern.size();
    auto read = std::from_chars(pattern.data() + at + 1, end, index);
    if (read.ec != std::errc() || read.ptr == end || *read.ptr != '}' ||
        index + 1 >= arguments.size()) {
      return Error{ErrorKind::kScenario, "format() has a hole that no argument fills"};
    }
    out += to_text(arguments[index + 1]);
    at = static_cast<size_t>(read.ptr - pattern.data());
  }
  return json(out);
}

model::Result<json> join(const Arguments& arguments, CallContext&) {
  if (!arguments[0].is_array()) {
    return json(to_text(arguments[0]));
  }
  const std::string between = arguments.size() > 1 ? to_text(arguments[1]) : ",";
  std::string out;
  for (size_t i = 0; i < arguments[0].size(); ++i) {
    out += (i == 0 ? "" : between) + to_text(arguments[0][i]);
  }
  return json(out);
}

model::Result<json> to_json_text(const Arguments& arguments, CallContext&) {
  return json(arguments[0].dump(2, ' ', false, json::error_handler_t::replace));
}

model::Result<json> from_json(const Arguments& arguments, CallContext&) {
  json parsed = json::parse(to_text(arguments[0]), nullptr, false);
  if (parsed.is_discarded()) {
    return Error{ErrorKind::kScenario, "fromJSON() was given what is not JSON"};
  }
  return parsed;
}

model::Result<json> hash_files(const Arguments&, CallContext& context) {
  context.notes.emplace_back("hashFiles() is not computed: a fixed word stands for it");
  return json("0000000000000000000000000000000000000000000000000000000000000000");
}

model::Result<json> success(const Arguments&, CallContext& context) {
  return json(!context.scope.failed);
}

model::Result<json> failure(const Arguments&, CallContext& context) {
  return json(context.scope.failed);
}

model::Result<json> always(const Arguments&, CallContext&) {
  return json(true);
}

model::Result<json> cancelled(const Arguments&, CallContext&) {
  return json(false);
}

struct Known {
  const char* name;
  Function function;
  size_t least;
  size_t most;
};

constexpr size_t kAny = 255;

constexpr std::array<Known, 12> kFunctions = {{
    {"contains", contains, 2, 2},
    {"startsWith", starts_with, 2, 2},
    {"endsWith", ends_with, 2, 2},
    {"format", format, 1, kAny},
    {"join", join, 1, 2},
    {"toJSON", to_json_text, 1, 1},
    {"fromJSON", from_json, 1, 1},
    {"hashFiles", hash_files, 1, kAny},
    {"success", success, 0, 0},
    {"failure", failure, 0, 0},
    {"always", always, 0, 0},
    {"cancelled", cancelled, 0, 0},
}};

}  // namespace

model::Result<json> call_function(const std::string& name, const std::vector<json>& arguments,
                                  const ExpressionScope& scope, std::vector<std::string>& notes) {
  std::vector<std::string> names;
  for (const auto& known : kFunctions) {
    names.emplace_back(known.name);
    if (lower(known.name) != lower(name)) {
      continue;
    }
    if (arguments.size() < known.least || arguments.size() > known.most) {
      return Error{ErrorKind::kScenario,
                   fmt::format("{}() does not take {} arguments", known.name, arguments.size())};
    }
    CallContext context{scope, notes};
    return known.function(arguments, context);
  }
  return Error{ErrorKind::kScenario, fmt::format("there is no function '{}'", name),
               model::suggestion(name, names)};
}

}  // namespace relapse::env
