#include "model/error_json.h"

namespace relapse::model {

NLOHMANN_JSON_SERIALIZE_ENUM(ErrorKind, {{ErrorKind::kSystem, "system"},
                                         {ErrorKind::kUsage, "usage"},
                                         {ErrorKind::kScenario, "scenario"},
                                         {ErrorKind::kUnavailable, "unavailable"}})

nlohmann::json to_json(const Error& error) {
  return {{"kind", error.kind}, {"message", error.message}, {"remedy", error.remedy}};
}

Error error_from_json(const nlohmann::json& document) {
  try {
    return {document.at("kind").get<ErrorKind>(), document.at("message").get<std::string>(),
            document.at("remedy").get<std::string>()};
  } catch (const nlohmann::json::exception&) {
    return {ErrorKind::kSystem, "an error came without its reason: " + document.dump()};
  }
}

}  // namespace relapse::model
