#pragma once
// Reading a fake's JSON configuration: every value is checked, a name that nobody asked for is an
// error, and each error says where it stands ("world.fakes.model.faults[0].delay_ms").

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "model/result.h"

namespace relapse::fakes {

// kScenario, with the place in front.
model::Error config_error(std::string_view where, std::string_view message);

// Text to JSON without exceptions; `what` names the text in the error.
model::Result<nlohmann::json> parse_json(std::string_view text, std::string_view what);

// JSON to text without exceptions: bytes that are no UTF-8 are replaced.
std::string to_text(const nlohmann::json& value);

// The fields of one JSON object. The first thing wrong is kept and told by finish(); until then
// every getter answers with its default, so that a reader needs no test after each field.
class Fields {
 public:
  // `object` must outlive this.
  Fields(const nlohmann::json& object, std::string where);

  std::string text(const char* name, std::string fallback = "");
  std::int64_t number(const char* name, std::int64_t fallback, std::int64_t min, std::int64_t max);
  bool flag(const char* name, bool fallback);
  const nlohmann::json* child(const char* name);  // null when absent

  bool has(const char* name) const;
  std::string place(std::string_view name) const { return where_ + "." + std::string(name); }
  void fail(std::string_view name, std::string_view message);

  // The first error, or the first field that no getter asked for.
  model::Result<> finish();

 private:
  const nlohmann::json* find(const char* name);

  const nlohmann::json& object_;
  std::string where_;
  std::set<std::string, std::less<>> asked_;
  std::optional<model::Error> error_;
};

}  // namespace relapse::fakes
