#pragma once
// The model service: enough of Anthropic's Messages API, and of OpenAI's Responses API
// (model_openai.h), for a real agent to do one turn. The answer carries a one-time word; that it
// comes back on the runner's side proves that a real agent asked a model, which no mock does.
//
//   "model": { "text": "The word is {word}.", "faults": [ … ] }
//
// text    the answer; {word} stands for the word. Default as above.
// faults  see stream_fault.h
//
// Answers POST /v1/messages (streamed or whole), POST /v1/messages/count_tokens and
// POST /v1/responses; anything else is a 404 in the API's own form. A request without a key is
// refused (401), any key is taken.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "fakes/http.h"
#include "fakes/stream_fault.h"
#include "model/result.h"

namespace relapse::fakes {

struct ModelConfig {
  std::string text = "The word is {word}.";
  FaultPlan faults;

  static model::Result<ModelConfig> parse(const nlohmann::json& value, const std::string& where);
};

class ModelFake : public Service {
 public:
  ModelFake(const ModelConfig& config, const std::string& word);

  void handle(Exchange exchange) override;
  Response error(int status, std::string_view message) const override;

 private:
  void answer_message(Exchange exchange, const nlohmann::json& body);
  std::string next_id(std::string_view prefix);

  std::string text_;
  std::string word_;  // also what makes identifiers differ between trials
  std::uint64_t answers_ = 0;
};

// Shared with model_openai.cpp.
// What a tokenizer would come to, roughly: four bytes a token.
std::int64_t token_estimate(std::string_view text);
// A text as a model streams it: word by word, with the spaces; joined it is `text` again.
std::vector<std::string> stream_pieces(const std::string& text);
std::string sse_event(const std::string& name, const nlohmann::json& data);

}  // namespace relapse::fakes
