#pragma once
// Reading a JSON object: every value is checked, and each error says where it stands. In what a
// person wrote, a name that nobody asked for is an error with the nearest valid one; in what a
// program wrote, fields are always there, and a newer program may have added some.

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/result.h"

namespace relapse::model {

// kScenario; `pointer` is a JSON pointer (RFC 6901) into the document.
Error field_error(std::string_view pointer, std::string_view message, std::string remedy = "");

// The fields of one JSON object. The first thing wrong is kept and told by finish(); until then
// every getter answers with its default, so that a reader needs no test after each field.
class Fields {
 public:
  // `object` must outlive this. `pointer` is where it stands in its document.
  Fields(const nlohmann::json& object, std::string pointer);

  std::string text(const char* name, std::string fallback = "");
  std::string required_text(const char* name);
  std::int64_t number(const char* name, std::int64_t fallback, std::int64_t min, std::int64_t max);
  bool flag(const char* name, bool fallback);
  double duration_ms(const char* name, double fallback_ms);    // "30s", "250ms", "2min"
  std::map<std::string, std::string> texts(const char* name);  // an object of strings
  std::vector<std::string> list(const char* name);             // an array of strings
  const nlohmann::json* child(const char* name);               // null when absent
  const nlohmann::json* object(const char* name);              // an object, or null when absent
  const nlohmann::json* array(const char* name);

  // Fields that a program always writes: their absence is an error.
  std::string stated_text(const char* name);  // may be empty
  bool stated_flag(const char* name);
  double stated_amount(const char* name);  // a number, not negative
  std::uint64_t stated_count(const char* name, std::uint64_t min, std::uint64_t max);
  void require(const char* name);

  bool has(const char* name) const;
  bool given(const char* name) const;  // there, and not null
  std::string place(std::string_view name) const;
  void fail(std::string_view name, std::string_view message, std::string remedy = "");
  // Another reader's error, if it comes first.
  void fail(const Error& error);

  // The first error, or the first field that no getter asked for.
  Result<> finish();
  // The first error; names that nobody asked for are left alone.
  Result<> finish_open() const;

 private:
  const nlohmann::json* find(const char* name);
  const nlohmann::json* find_of_type(const char* name, nlohmann::json::value_t type,
                                     const char* type_name);

  const nlohmann::json& object_;
  std::string pointer_;
  std::set<std::string, std::less<>> asked_;
  std::optional<Error> error_;
};

// One part of a pointer, escaped.
std::string pointer_part(std::string_view name);

// Calls `read(element, pointer)` for each element of an array, absent being empty, and keeps the
// first error.
template <typename Read>
void each_element(Fields& fields, const char* name, Read read) {
  const nlohmann::json* elements = fields.array(name);
  for (size_t i = 0; elements != nullptr && i < elements->size(); ++i) {
    auto done = read((*elements)[i], fields.place(name) + "/" + std::to_string(i));
    if (!done) {
      fields.fail(done.error());
    }
  }
}

// "30s", "250ms", "2min" in milliseconds; nullopt where it is no duration.
std::optional<double> parse_duration_ms(std::string_view text);

}  // namespace relapse::model
