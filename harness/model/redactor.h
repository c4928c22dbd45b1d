#pragma once
// Takes secrets out of what is written down. The run knows the values (credentials handed to a
// subject, variables of the caller) and says them; nothing is guessed from names or patterns.

#include <string>
#include <string_view>
#include <vector>

#include "model/record.h"

namespace relapse::model {

class Redactor {
 public:
  // A shorter value would blank out ordinary words and numbers, and hides nothing worth hiding.
  static constexpr size_t kMinBytes = 4;

  // Values shorter than `kMinBytes` are ignored. A value is also recognised without the white
  // space around it, and as a JSON string would show it.
  explicit Redactor(const std::vector<std::string>& values);

  // Every stretch of `text` that values cover, overlapping ones as one, becomes "***". A text
  // must come here before it is shortened: a cut through a value leaves a half that nobody knows.
  std::string clean(std::string_view text) const;

  // Every string of the record but the words of fixed lists (verdicts, causes).
  Record clean(Record record) const;

 private:
  void clean_in_place(std::string& text) const;
  void clean_in_place(nlohmann::json& value) const;
  void clean_in_place(ProcessRef& process) const;
  void clean_in_place(Diagnosis& diagnosis) const;
  void clean_in_place(ScenarioRecord& scenario) const;

  std::vector<std::string> values_;
};

}  // namespace relapse::model
