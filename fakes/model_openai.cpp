#include "fakes/model_openai.h"

#include <utility>

#include "fakes/model.h"

namespace relapse::fakes {

using nlohmann::json;

namespace {

json message_item(const std::string& id, const char* status, const std::string& text) {
  json content = json::array();
  if (!text.empty()) {
    content.push_back({{"type", "output_text"}, {"text", text}, {"annotations", json::array()}});
  }
  return {{"type", "message"},
          {"id", "msg_" + id},
          {"status", status},
          {"role", "assistant"},
          {"content", std::move(content)}};
}

json response_object(const json& body, const std::string& id, const char* status) {
  return {{"id", "resp_" + id}, {"object", "response"},         {"created_at", 0},
          {"status", status},   {"model", body["model"]},       {"output", json::array()},
          {"error", nullptr},   {"incomplete_details", nullptr}};
}

json completed(const json& body, const std::string& id, const std::string& text,
               std::int64_t input_tokens) {
  std::int64_t output_tokens = token_estimate(text);
  json response = response_object(body, id, "completed");
  response["output"].push_back(message_item(id, "completed", text));
  response["usage"] = {{"input_tokens", input_tokens},
                       {"input_tokens_details", {{"cached_tokens", 0}}},
                       {"output_tokens", output_tokens},
                       {"output_tokens_details", {{"reasoning_tokens", 0}}},
                       {"total_tokens", input_tokens + output_tokens}};
  return response;
}

void stream(Exchange& exchange, const json& body, const std::string& text, const std::string& id,
            std::int64_t input_tokens) {
  int sequence = 0;
  auto send = [&exchange, &sequence](const std::string& type, json data) {
    data["type"] = type;
    data["sequence_number"] = sequence++;
    exchange.write(sse_event(type, data));
  };
  const json place = {{"item_id", "msg_" + id}, {"output_index", 0}, {"content_index", 0}};
  auto at_place = [&place](const char* key, json value) {
    json data = place;
    data[key] = std::move(value);
    return data;
  };
  auto part = [](const std::string& said) {
    return json{{"type", "output_text"}, {"text", said}, {"annotations", json::array()}};
  };

  exchange.begin(200, "text/event-stream", {{"Cache-Control", "no-cache"}});
  send("response.created", {{"response", response_object(body, id, "in_progress")}});
  send("response.in_progress", {{"response", response_object(body, id, "in_progress")}});
  send("response.output_item.added",
       {{"output_index", 0}, {"item", message_item(id, "in_progress", "")}});
  send("response.content_part.added", at_place("part", part("")));
  for (const std::string& piece : stream_pieces(text)) {
    send("response.output_text.delta", at_place("delta", piece));
  }
  send("response.output_text.done", at_place("text", text));
  send("response.content_part.done", at_place("part", part(text)));
  send("response.output_item.done",
       {{"output_index", 0}, {"item", message_item(id, "completed", text)}});
  send("response.completed", {{"response", completed(body, id, text, input_tokens)}});
  exchange.finish();
}

}  // namespace

void answer_openai(Exchange exchange, const json& body, const std::string& text,
                   const std::string& id) {
  if (!body.is_object() || !body.contains("model") || !body["model"].is_string() ||
      !body.contains("input")) {
    json error = {{"error",
                   {{"message", "model and input are required"},
                    {"type", "invalid_request_error"},
                    {"param", nullptr},
                    {"code", nullptr}}}};
    exchange.reply(json_response(400, error));
    return;
  }
  std::int64_t input_tokens = token_estimate(exchange.request().body);
  if (body.value("stream", json(false)) == true) {
    stream(exchange, body, text, id, input_tokens);
  } else {
    exchange.reply(json_response(200, completed(body, id, text, input_tokens)));
  }
}

}  // namespace relapse::fakes
