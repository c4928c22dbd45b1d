#pragma once
// Reads a JSON document into plain data. The first thing that is wrong is kept, named by its key
// ("scenarios[2].trials.run"); reading goes on with defaults, so a reader is written straight down
// and asks once, at the end, whether all was well.

#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/result.h"

namespace relapse::model {

// The document, or where it stops being JSON (file and line).
Result<nlohmann::json> parse_json(std::string_view text, const std::string& file = "");

class JsonReader {
 public:
  // Deeper documents are refused where they are copied as they are: writing one out recurses.
  static constexpr int kMaxDepth = 64;

  // `value` and `first_error` must outlive the reader. `path` names the value in errors; empty
  // for the whole document.
  JsonReader(const nlohmann::json& value, std::string path, std::optional<Error>& first_error);

  bool has(std::string_view key) const;  // there, and not null

  std::string text(std::string_view key) const;
  std::string text_or_empty(std::string_view key) const;
  bool flag(std::string_view key) const;
  double amount(std::string_view key) const;  // a number, not negative
  std::vector<std::string> texts_or_none(std::string_view key) const;
  std::map<std::string, std::string> text_map(std::string_view key) const;

  template <std::integral T>
  T integer(std::string_view key, T low = std::numeric_limits<T>::min()) const;
  template <std::integral T>
  std::optional<T> integer_or_none(std::string_view key,
                                   T low = std::numeric_limits<T>::min()) const;

  JsonReader object(std::string_view key) const;
  std::optional<JsonReader> object_or_none(std::string_view key) const;
  std::vector<JsonReader> objects(std::string_view key) const;
  std::vector<JsonReader> objects_or_none(std::string_view key) const;

  // As it stands; null when absent.
  nlohmann::json any(std::string_view key) const;

  // Says that the value of `key` will not do. Only the first such remark is kept.
  void fail(std::string_view key, std::string_view message, std::string remedy = "") const;

 private:
  const nlohmann::json* find(std::string_view key) const;     // null when absent
  const nlohmann::json* require(std::string_view key) const;  // absent is an error
  std::string path_of(std::string_view key) const;
  void wrong_type(std::string_view key, std::string_view wanted, const nlohmann::json& is) const;

  const nlohmann::json* value_;
  std::string path_;
  std::optional<Error>* first_error_;
};

template <std::integral T>
T JsonReader::integer(std::string_view key, T low) const {
  require(key);
  return integer_or_none<T>(key, low).value_or(T{});
}

template <std::integral T>
std::optional<T> JsonReader::integer_or_none(std::string_view key, T low) const {
  const nlohmann::json* found = find(key);
  if (found == nullptr) {
    return std::nullopt;
  }
  // JSON knows no sizes: look at the two forms that a parsed integer has before narrowing it.
  if (found->is_number_unsigned()) {
    const auto value = found->get<std::uint64_t>();
    if (std::in_range<T>(value) && std::cmp_greater_equal(value, low)) {
      return static_cast<T>(value);
    }
  } else if (found->is_number_integer()) {
    const auto value = found->get<std::int64_t>();
    if (std::in_range<T>(value) && std::cmp_greater_equal(value, low)) {
      return static_cast<T>(value);
    }
  }
  wrong_type(key,
             "an integer from " + std::to_string(low) + " to " +
                 std::to_string(std::numeric_limits<T>::max()),
             *found);
  return std::nullopt;
}

}  // namespace relapse::model
