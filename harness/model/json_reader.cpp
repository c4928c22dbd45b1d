#include "model/json_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace relapse::model {

namespace {

using nlohmann::json;

// The library opens its messages with its own name for the error, in brackets.
std::string_view without_tag(std::string_view what) {
  const size_t end = what.find("] ");
  return what.starts_with('[') && end != std::string_view::npos ? what.substr(end + 2) : what;
}

int line_at(std::string_view text, size_t offset) {
  const auto head = text.substr(0, std::min(offset, text.size()));
  return 1 + static_cast<int>(std::count(head.begin(), head.end(), '\n'));
}

bool deeper_than(const json& value, int limit) {
  if (!value.is_structured()) {
    return false;
  }
  return limit == 0 || std::any_of(value.begin(), value.end(), [limit](const json& child) {
           return deeper_than(child, limit - 1);
         });
}

std::string shown(const json& value) {
  if (value.is_number()) {
    return value.dump();
  }
  return fmt::format("{} {}", value.is_array() || value.is_object() ? "an" : "a",
                     value.type_name());
}

const json& empty_object() {
  static const json empty = json::object();
  return empty;
}

}  // namespace

Result<json> parse_json(std::string_view text, const std::string& file) {
  try {
    return json::parse(text);
  } catch (const json::parse_error& error) {
    return Error{ErrorKind::kScenario, fmt::format("not JSON: {}", without_tag(error.what())), "",
                 file, line_at(text, error.byte)};
  } catch (const json::exception& error) {  // a number that no type holds
    return Error{ErrorKind::kScenario, fmt::format("not usable: {}", without_tag(error.what())), "",
                 file, 0};
  }
}

JsonReader::JsonReader(const json& value, std::string path, std::optional<Error>& first_error)
    : value_(&value), path_(std::move(path)), first_error_(&first_error) {
  if (!value.is_object()) {
    wrong_type("", "an object", value);
    value_ = &empty_object();
  }
}

std::string JsonReader::path_of(std::string_view key) const {
  if (path_.empty() || key.empty()) {
    return path_.empty() ? std::string(key) : path_;
  }
  return fmt::format("{}.{}", path_, key);
}

void JsonReader::fail(std::string_view key, std::string_view message, std::string remedy) const {
  if (!*first_error_) {
    const std::string path = path_of(key);
    *first_error_ = Error{ErrorKind::kScenario,
                          fmt::format("{}: {}", path.empty() ? "the document" : path, message),
                          std::move(remedy), "", 0};
  }
}

void JsonReader::wrong_type(std::string_view key, std::string_view wanted, const json& is) const {
  fail(key, fmt::format("must be {}, is {}", wanted, shown(is)));
}

const json* JsonReader::find(std::string_view key) const {
  const auto found = value_->find(key);
  return found == value_->end() || found->is_null() ? nullptr : &*found;
}

const json* JsonReader::require(std::string_view key) const {
  const json* found = find(key);
  if (found == nullptr) {
    fail(key, "missing");
  }
  return found;
}

bool JsonReader::has(std::string_view key) const {
  return find(key) != nullptr;
}

std::string JsonReader::text(std::string_view key) const {
  require(key);
  return text_or_empty(key);
}

std::string JsonReader::text_or_empty(std::string_view key) const {
  const json* found = find(key);
  if (found == nullptr) {
    return "";
  }
  if (!found->is_string()) {
    wrong_type(key, "a string", *found);
    return "";
  }
  return found->get<std::string>();
}

bool JsonReader::flag(std::string_view key) const {
  const json* found = require(key);
  if (found == nullptr) {
    return false;
  }
  if (!found->is_boolean()) {
    wrong_type(key, "true or false", *found);
    return false;
  }
  return found->get<bool>();
}

double JsonReader::amount(std::string_view key) const {
  const json* found = require(key);
  if (found == nullptr) {
    return 0;
  }
  if (!found->is_number() || found->get<double>() < 0) {
    wrong_type(key, "a number that is not negative", *found);
    return 0;
  }
  return found->get<double>();
}

std::vector<std::string> JsonReader::texts_or_none(std::string_view key) const {
  const json* found = find(key);
  std::vector<std::string> texts;
  if (found == nullptr) {
    return texts;
  }
  if (!found->is_array()) {
    wrong_type(key, "an array", *found);
    return texts;
  }
  for (size_t i = 0; i < found->size(); ++i) {
    const json& item = (*found)[i];
    if (!item.is_string()) {
      wrong_type(fmt::format("{}[{}]", key, i), "a string", item);
      return {};
    }
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

std::map<std::string, std::string> JsonReader::text_map(std::string_view key) const {
  const json* found = require(key);
  std::map<std::string, std::string> out;
  if (found == nullptr) {
    return out;
  }
  const JsonReader inner(*found, path_of(key), *first_error_);
  for (const auto& [name, unused] : inner.value_->items()) {
    out[name] = inner.text(name);
  }
  return out;
}

JsonReader JsonReader::object(std::string_view key) const {
  const json* found = require(key);
  return {found == nullptr ? empty_object() : *found, path_of(key), *first_error_};
}

std::optional<JsonReader> JsonReader::object_or_none(std::string_view key) const {
  const json* found = find(key);
  if (found == nullptr) {
    return std::nullopt;
  }
  return JsonReader(*found, path_of(key), *first_error_);
}

std::vector<JsonReader> JsonReader::objects(std::string_view key) const {
  require(key);
  return objects_or_none(key);
}

std::vector<JsonReader> JsonReader::objects_or_none(std::string_view key) const {
  const json* found = find(key);
  std::vector<JsonReader> readers;
  if (found == nullptr) {
    return readers;
  }
  if (!found->is_array()) {
    wrong_type(key, "an array", *found);
    return readers;
  }
  for (size_t i = 0; i < found->size(); ++i) {
    readers.emplace_back((*found)[i], fmt::format("{}[{}]", path_of(key), i), *first_error_);
  }
  return readers;
}

json JsonReader::any(std::string_view key) const {
  const json* found = find(key);
  if (found == nullptr) {
    return nullptr;
  }
  if (deeper_than(*found, kMaxDepth)) {
    fail(key, fmt::format("is nested more than {} levels deep", kMaxDepth));
    return nullptr;
  }
  return *found;
}

}  // namespace relapse::model
