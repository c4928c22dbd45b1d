#include "fakes/model.h"

#include <fmt/format.h>

#include <utility>

#include "fakes/model_openai.h"
#include "model/fields.h"
#include "os/files.h"

namespace relapse::fakes {

using model::Fields;
using model::Result;
using nlohmann::json;

namespace {

constexpr std::string_view kEventStream = "text/event-stream; charset=utf-8";

std::string_view error_type(int status) {
  switch (status) {
    case 400:
      return "invalid_request_error";
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 413:
      return "request_too_large";
    case 429:
      return "rate_limit_error";
    case 529:
      return "overloaded_error";
    default:
      return status >= 500 ? "api_error" : "invalid_request_error";
  }
}

// The first thing that the API would refuse, or empty.
std::string problem_of(const json& body, bool counting) {
  if (!body.is_object()) {
    return "The request body is not valid JSON";
  }
  if (!body.contains("model") || !body["model"].is_string()) {
    return "model: Field required";
  }
  if (!body.contains("messages") || !body["messages"].is_array() || body["messages"].empty()) {
    return "messages: at least one message is required";
  }
  if (!counting && (!body.contains("max_tokens") || !body["max_tokens"].is_number_integer())) {
    return "max_tokens: Field required";
  }
  return "";
}

json usage(std::int64_t input_tokens, std::int64_t output_tokens) {
  return {{"input_tokens", input_tokens},
          {"cache_creation_input_tokens", 0},
          {"cache_read_input_tokens", 0},
          {"output_tokens", output_tokens},
          {"service_tier", "standard"}};
}

void stream_message(Exchange& exchange, json message, const std::string& text,
                    const std::string& request_id) {
  std::int64_t output_tokens = token_estimate(text);
  message["usage"]["output_tokens"] = 1;
  exchange.begin(200, kEventStream, {{"Cache-Control", "no-cache"}, {"request-id", request_id}});
  auto send = [&exchange](const char* name, json data) {
    data["type"] = name;
    exchange.write(sse_event(name, data));
  };
  send("message_start", {{"message", std::move(message)}});
  send("content_block_start", {{"index", 0}, {"content_block", {{"type", "text"}, {"text", ""}}}});
  send("ping", json::object());
  for (const std::string& piece : stream_pieces(text)) {
    send("content_block_delta",
         {{"index", 0}, {"delta", {{"type", "text_delta"}, {"text", piece}}}});
  }
  send("content_block_stop", {{"index", 0}});
  send("message_delta", {{"delta", {{"stop_reason", "end_turn"}, {"stop_sequence", nullptr}}},
                         {"usage", {{"output_tokens", output_tokens}}}});
  send("message_stop", json::object());
  exchange.finish();
}

}  // namespace

std::int64_t token_estimate(std::string_view text) {
  return static_cast<std::int64_t>(text.size() / 4 + 1);
}

std::vector<std::string> stream_pieces(const std::string& text) {
  std::vector<std::string> pieces;
  std::size_t from = 0;
  while (from < text.size()) {
    std::size_t space = text.find(' ', from);
    std::size_t to = space == std::string::npos ? text.size() : space + 1;
    pieces.push_back(text.substr(from, to - from));
    from = to;
  }
  return pieces;
}

std::string sse_event(const std::string& name, const json& data) {
  return fmt::format("event: {}\ndata: {}\n\n", name, to_text(data));
}

Result<ModelConfig> ModelConfig::parse(const json& value, const std::string& where) {
  Fields fields(value, where);
  ModelConfig config;
  config.text = fields.text("text", config.text);
  const json* faults = fields.child("faults");
  if (auto done = fields.finish(); !done) {
    return done.error();
  }
  auto plan = FaultPlan::parse(faults == nullptr ? json() : *faults, where + "/faults");
  if (!plan) {
    return plan.error();
  }
  config.faults = *std::move(plan);
  return config;
}

ModelFake::ModelFake(const ModelConfig& config, const std::string& word)
    : text_(config.text), word_(word) {
  static constexpr std::string_view kPlace = "{word}";
  for (auto at = text_.find(kPlace); at != std::string::npos;
       at = text_.find(kPlace, at + word.size())) {
    text_.replace(at, kPlace.size(), word);
  }
}

std::string ModelFake::next_id(std::string_view prefix) {
  return std::string(prefix) +
         os::sha256_of_text(fmt::format("{} {}", word_, ++answers_)).substr(0, 24);
}

void ModelFake::handle(Exchange exchange) {
  const Request& request = exchange.request();
  std::string_view path = request.path();
  bool message = path == "/v1/messages";
  bool counting = path == "/v1/messages/count_tokens";
  bool openai = path == "/v1/responses";
  if (request.method != "POST" || (!message && !counting && !openai)) {
    exchange.reply(error(404, "Not Found"));
    return;
  }
  if (request.header("x-api-key").empty() && request.header("Authorization").empty()) {
    exchange.reply(error(401, "x-api-key header is required"));
    return;
  }
  json body = json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  if (openai) {
    answer_openai(std::move(exchange), body, text_, next_id(""));
    return;
  }
  if (std::string problem = problem_of(body, counting); !problem.empty()) {
    exchange.reply(error(400, problem));
  } else if (counting) {
    json count = {{"input_tokens", token_estimate(request.body)}};
    exchange.reply(json_response(200, count));
  } else {
    answer_message(std::move(exchange), body);
  }
}

void ModelFake::answer_message(Exchange exchange, const json& body) {
  std::int64_t input_tokens = token_estimate(exchange.request().body);
  json message = {
      {"id", next_id("msg_01")},  {"type", "message"},
      {"role", "assistant"},      {"model", body["model"]},
      {"content", json::array()}, {"stop_reason", nullptr},
      {"stop_sequence", nullptr}, {"usage", usage(input_tokens, token_estimate(text_))}};
  if (body.value("stream", json(false)) == true) {
    stream_message(exchange, std::move(message), text_, next_id("req_01"));
    return;
  }
  message["content"] = json::array({{{"type", "text"}, {"text", text_}}});
  message["stop_reason"] = "end_turn";
  exchange.reply(json_response(200, message));
}

Response ModelFake::error(int status, std::string_view message) const {
  json body = {{"type", "error"}, {"error", {{"type", error_type(status)}, {"message", message}}}};
  return json_response(status, body);
}

}  // namespace relapse::fakes
