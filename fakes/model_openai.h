#pragma once
// OpenAI's Responses API, as far as one text answer needs it: what `codex exec` speaks.

#include <nlohmann/json.hpp>
#include <string>

#include "fakes/http.h"

namespace relapse::fakes {

// `body`: the request's JSON (discarded when it was none); streamed or whole, as it asks.
void answer_openai(Exchange exchange, const nlohmann::json& body, const std::string& text,
                   const std::string& id);

}  // namespace relapse::fakes
