#include "fakes/model.h"

#include <sstream>
#include <string>
#include <vector>

#include "bench.h"
#include "catch.h"

using namespace relapse;
using nlohmann::json;
using test::Bench;
using test::request;

namespace {

struct Event {
  std::string name;
  json data;
};

std::vector<Event> events_of(const std::string& body) {
  std::vector<Event> events;
  std::istringstream lines(body);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("event: ", 0) == 0) {
      events.push_back({line.substr(7), nullptr});
    } else if (line.rfind("data: ", 0) == 0) {
      events.back().data = json::parse(line.substr(6));
      CHECK(events.back().data["type"] == events.back().name);
    } else {
      CHECK(line.empty());
    }
  }
  return events;
}

constexpr const char* kKey = "x-api-key: anything\r\n";

std::string post(const std::string& target, const json& body) {
  return request("POST", target, body.dump(), kKey);
}

json message_request(bool stream) {
  return {{"model", "claude-test-1"},
          {"max_tokens", 100},
          {"stream", stream},
          {"messages", {{{"role", "user"}, {"content", "hello"}}}}};
}

}  // namespace

TEST_CASE("a streamed message, event by event", "[model]") {
  fakes::ModelFake model(fakes::ModelConfig{}, "kiwi-42");
  Bench bench(model);
  auto reply = bench.ask(post("/v1/messages?beta=true", message_request(true)));
  CHECK(reply.status == 200);
  CHECK(reply.header("Content-Type") == "text/event-stream; charset=utf-8");
  auto events = events_of(reply.body);
  CHECK(reply.chunks == events.size());  // each event on its own, as it comes from the real one
  std::vector<std::string> names;
  std::string text;
  for (const Event& event : events) {
    names.push_back(event.name);
    if (event.name == "content_block_delta") {
      CHECK(event.data["index"] == 0);
      CHECK(event.data["delta"]["type"] == "text_delta");
      text += event.data["delta"]["text"].get<std::string>();
    }
  }
  CHECK(names == std::vector<std::string>{"message_start", "content_block_start", "ping",
                                          "content_block_delta", "content_block_delta",
                                          "content_block_delta", "content_block_delta",
                                          "content_block_stop", "message_delta", "message_stop"});
  CHECK(text == "The word is kiwi-42.");
  const json& message = events[0].data["message"];
  CHECK(message["model"] == "claude-test-1");
  CHECK(message["role"] == "assistant");
  CHECK(message["content"] == json::array());
  CHECK(message["stop_reason"].is_null());
  CHECK(message["id"].get<std::string>().rfind("msg_01", 0) == 0);
  CHECK(message["usage"]["input_tokens"] > 10);
  CHECK(events[1].data["content_block"] == json{{"type", "text"}, {"text", ""}});
  CHECK(events[8].data["delta"]["stop_reason"] == "end_turn");
  CHECK(events[8].data["usage"]["output_tokens"] > 1);
}

TEST_CASE("a message in one piece", "[model]") {
  fakes::ModelFake model(fakes::ModelConfig{}, "kiwi-42");
  Bench bench(model);
  auto first = json::parse(bench.ask(post("/v1/messages", message_request(false))).body);
  CHECK(first["content"][0]["text"] == "The word is kiwi-42.");
  CHECK(first["stop_reason"] == "end_turn");
  CHECK(first["type"] == "message");
  auto second = json::parse(bench.ask(post("/v1/messages", message_request(false))).body);
  CHECK(first["id"] != second["id"]);
}

TEST_CASE("tokens are counted", "[model]") {
  fakes::ModelFake model(fakes::ModelConfig{}, "w");
  Bench bench(model);
  json body = {{"model", "m"}, {"messages", {{{"role", "user"}, {"content", "hello"}}}}};
  auto reply = bench.ask(post("/v1/messages/count_tokens?beta=true", body));
  CHECK(reply.status == 200);
  CHECK(json::parse(reply.body)["input_tokens"] == static_cast<int>(body.dump().size() / 4 + 1));
}

TEST_CASE("what the model does not take is refused in the API's form, and logged", "[model]") {
  fakes::ModelFake model(fakes::ModelConfig{}, "w");
  Bench bench(model);
  auto refused = [&bench](const std::string& bytes, int status, const char* type) {
    auto reply = bench.ask(bytes);
    INFO(reply.body);
    CHECK(reply.status == status);
    auto body = json::parse(reply.body);
    CHECK(body["type"] == "error");
    CHECK(body["error"]["type"] == type);
    CHECK_FALSE(body["error"]["message"].get<std::string>().empty());
  };
  refused(request("GET", "/"), 404, "not_found_error");
  refused(request("GET", "/v1/messages", "", kKey), 404, "not_found_error");
  refused(request("POST", "/v1/complete", "{}", kKey), 404, "not_found_error");
  refused(request("POST", "/v1/messages", message_request(false).dump()), 401,
          "authentication_error");
  for (const char* body : {"", "{", "[]", "\xff", R"({"model": 1})", R"({"model": "m"})",
                           R"({"model": "m", "messages": []})",
                           R"({"model": "m", "messages": [{}], "max_tokens": "many"})"}) {
    refused(request("POST", "/v1/messages", body, kKey), 400, "invalid_request_error");
  }
  CHECK(bench.ask(request("HEAD", "/"), /*no_body=*/true).status == 404);
  CHECK(bench.log.calls().size() == 13);
}

TEST_CASE("a bearer token is a key too", "[model]") {
  fakes::ModelFake model(fakes::ModelConfig{}, "w");
  Bench bench(model);
  auto bytes =
      request("POST", "/v1/messages", message_request(false).dump(), "Authorization: Bearer t\r\n");
  CHECK(bench.ask(bytes).status == 200);
}

TEST_CASE("an overloaded model says so in its own form", "[model]") {
  fakes::ModelFake model(fakes::ModelConfig{}, "w");
  Bench bench(model, json::parse(R"([{"match": "POST /v1/messages", "then": [529, 429]}])"));
  auto overloaded = bench.ask(post("/v1/messages", message_request(true)));
  CHECK(overloaded.status == 529);
  CHECK(json::parse(overloaded.body)["error"]["type"] == "overloaded_error");
  auto limited = bench.ask(post("/v1/messages", message_request(true)));
  CHECK(json::parse(limited.body)["error"]["type"] == "rate_limit_error");
  CHECK(bench.ask(post("/v1/messages", message_request(true))).status == 200);
}

TEST_CASE("a stream that stalls half-way has sent whole events before", "[model]") {
  fakes::ModelFake model(fakes::ModelConfig{}, "w");
  Bench bench(model, json::parse(R"([{"match": "*", "always": {"cut": {"after": 500}}}])"));
  auto reply = bench.ask(post("/v1/messages", message_request(true)));
  CHECK(reply.body.size() == 500);
  CHECK_FALSE(reply.whole);
}

TEST_CASE("the Responses API, event by event", "[model]") {
  fakes::ModelFake model(fakes::ModelConfig{}, "kiwi-42");
  Bench bench(model);
  json body = {{"model", "gpt-test"}, {"stream", true}, {"input", json::array()}};
  auto reply = bench.ask(post("/v1/responses", body));
  CHECK(reply.status == 200);
  auto events = events_of(reply.body);
  std::string text;
  for (std::size_t i = 0; i < events.size(); ++i) {
    CHECK(events[i].data["sequence_number"] == i);
    if (events[i].name == "response.output_text.delta") {
      text += events[i].data["delta"].get<std::string>();
    }
  }
  CHECK(text == "The word is kiwi-42.");
  CHECK(events.front().name == "response.created");
  const Event& last = events.back();
  CHECK(last.name == "response.completed");
  CHECK(last.data["response"]["status"] == "completed");
  CHECK(last.data["response"]["model"] == "gpt-test");
  CHECK(last.data["response"]["output"][0]["content"][0]["text"] == "The word is kiwi-42.");
  const json& usage = last.data["response"]["usage"];
  CHECK(usage["total_tokens"] ==
        usage["input_tokens"].get<int>() + usage["output_tokens"].get<int>());
  const json& done = events[events.size() - 2].data["item"];
  CHECK(done["content"][0]["text"] == "The word is kiwi-42.");

  body["stream"] = false;
  auto whole = json::parse(bench.ask(post("/v1/responses", body)).body);
  CHECK(whole["output"][0]["content"][0]["text"] == "The word is kiwi-42.");
  CHECK(bench.ask(request("POST", "/v1/responses", "{", kKey)).status == 400);
}

TEST_CASE("the answer's text can be set; every {word} in it is the word", "[model]") {
  auto config =
      fakes::ModelConfig::parse(json::parse(R"({"text": "{word}, {word}!", "faults": []})"), "m");
  REQUIRE(config.ok());
  fakes::ModelFake model(*config, "a{word}b");
  Bench bench(model);
  auto reply = json::parse(bench.ask(post("/v1/messages", message_request(false))).body);
  CHECK(reply["content"][0]["text"] == "a{word}b, a{word}b!");
  CHECK_FALSE(fakes::ModelConfig::parse(json::parse(R"({"text": 1})"), "m").ok());
  CHECK_FALSE(fakes::ModelConfig::parse(json::parse(R"({"words": ""})"), "m").ok());
  CHECK_FALSE(fakes::ModelConfig::parse(json::parse(R"({"faults": {}})"), "m").ok());
}

TEST_CASE("a text is streamed word by word and stays the same", "[model]") {
  for (const char* text : {"", "one", "a b", " a  b ", "a\nb c"}) {
    std::string joined;
    for (const std::string& piece : fakes::stream_pieces(text)) {
      joined += piece;
    }
    CHECK(joined == text);
  }
}
