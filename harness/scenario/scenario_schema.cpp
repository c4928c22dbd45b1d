#include "scenario/scenario_schema.h"

#include <fmt/format.h>

#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "model/fields.h"

namespace relapse::run {

using valijson::adapters::NlohmannJsonAdapter;

model::Result<> check_schema(const nlohmann::json& schema, const nlohmann::json& document) {
  try {
    valijson::Schema parsed;
    valijson::SchemaParser(valijson::SchemaParser::kDraft7)
        .populateSchema(NlohmannJsonAdapter(schema), parsed);
    valijson::ValidationResults violations;
    valijson::Validator validator;
    if (validator.validate(parsed, NlohmannJsonAdapter(document), &violations)) {
      return model::Done{};
    }
    // The first is the most specific: the validator reports from the inside out.
    valijson::ValidationResults::Error first;
    violations.popError(first);
    std::string pointer;
    for (const std::string& part : first.context) {
      // "<root>", "[name]" and "[0]" as the validator writes them.
      if (part.size() > 2 && part.front() == '[') {
        pointer += "/" + model::pointer_part(part.substr(1, part.size() - 2));
      }
    }
    return model::field_error(pointer, first.description, "see scenarios/schema.json");
  } catch (const std::exception& e) {
    return model::Error{model::ErrorKind::kSystem,
                        fmt::format("scenarios/schema.json cannot be used: {}", e.what())};
  }
}

}  // namespace relapse::run
