#include "fakes/stream_fault.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "model/fields.h"

namespace relapse::fakes {

using model::Done;
using model::field_error;
using model::Fields;
using model::Result;
using nlohmann::json;

namespace {

// No trial lasts an hour; beyond it, "hold" says better what is meant.
constexpr int kDelayMsMax = 3'600'000;
// A bound on what a scenario may ask for, far above any archive of a trial.
constexpr std::int64_t kBytesMax = std::int64_t{1} << 40;

constexpr std::array<std::string_view, 9> kMethods = {
    "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE"};

Result<Hold> parse_hold(const json& value, const std::string& where) {
  Hold hold;
  if (value.is_string()) {
    if (value.get_ref<const std::string&>() != "forever") {
      return field_error(where, "a hold is \"forever\" or an object");
    }
    return hold;
  }
  Fields fields(value, where);
  hold.release = fields.text("release");
  auto requests = fields.number("requests", 0, 1, kBytesMax);
  std::string match = fields.text("match");
  if (auto done = fields.finish(); !done) {
    return done.error();
  }
  if (!hold.release.empty() == (requests > 0)) {
    return field_error(where, "a hold needs either 'release' or 'requests' with 'match'");
  }
  if (!hold.release.empty()) {
    hold.kind = Hold::Kind::kRelease;
    return hold;
  }
  auto pattern = RequestPattern::parse(match, where + "/match");
  if (!pattern) {
    return pattern.error();
  }
  hold.kind = Hold::Kind::kRequests;
  hold.match = *std::move(pattern);
  hold.requests = static_cast<std::uint64_t>(requests);
  return hold;
}

Result<Slow> parse_slow(const json& value, const std::string& where) {
  Fields fields(value, where);
  Slow slow;
  slow.bytes = static_cast<std::size_t>(fields.number("bytes", 1, 1, kBytesMax));
  slow.every_ms = static_cast<int>(fields.number("every_ms", 1, 1, kDelayMsMax));
  if (auto done = fields.finish(); !done) {
    return done.error();
  }
  return slow;
}

Result<Cut> parse_cut(const json& value, const std::string& where) {
  Fields fields(value, where);
  Cut cut;
  const json* after = fields.child("after");
  if (after == nullptr) {
    fields.fail("after", "'after' is missing: a number of bytes of the body, or \"request\"");
  } else if (*after != "request") {
    cut.after_bytes = static_cast<std::uint64_t>(fields.number("after", 0, 0, kBytesMax));
  }
  std::string how = fields.text("how", "close");
  if (how == "reset") {
    cut.how = Cut::How::kReset;
  } else if (how == "stall") {
    cut.how = Cut::How::kStall;
  } else if (how != "close") {
    fields.fail("how", "'how' must be \"close\", \"reset\" or \"stall\"");
  }
  if (auto done = fields.finish(); !done) {
    return done.error();
  }
  return cut;
}

Result<Behaviour> behaviour_from_word(const std::string& word, const std::string& where) {
  Behaviour behaviour;
  if (word == "hold") {
    behaviour.hold = Hold{};
  } else if (word == "close") {
    behaviour.cut = Cut{};
  } else if (word == "reset") {
    behaviour.cut = Cut{std::nullopt, Cut::How::kReset};
  } else if (word != "ok") {
    return field_error(
        where, "a behaviour is \"ok\", \"hold\", \"close\", \"reset\", a status or an object");
  }
  return behaviour;
}

Result<Behaviour> behaviour_from_status(const json& value, const std::string& where) {
  Behaviour behaviour;
  if (!value.is_number_integer() || value < 200 || value > 599) {
    return field_error(where, "a status is a whole number from 200 to 599");
  }
  if (value != 200) {
    behaviour.status = value.get<int>();
  }
  return behaviour;
}

void read_headers(Fields& fields, std::vector<Header>& headers) {
  for (const auto& [name, text] : fields.texts("headers")) {
    // A line break would write into the reply what nobody asked for.
    if (name.empty() || (name + text).find_first_of("\r\n") != std::string::npos) {
      fields.fail("headers", "a header is one line");
    }
    headers.push_back({name, text});
  }
}

// The parts that are objects of their own.
Result<> read_parts(Fields& fields, Behaviour& behaviour) {
  if (const json* value = fields.child("hold")) {
    auto hold = parse_hold(*value, fields.place("hold"));
    if (!hold) {
      return hold.error();
    }
    behaviour.hold = *std::move(hold);
  }
  if (const json* value = fields.child("slow")) {
    auto slow = parse_slow(*value, fields.place("slow"));
    if (!slow) {
      return slow.error();
    }
    behaviour.slow = *slow;
  }
  if (const json* value = fields.child("cut")) {
    auto cut = parse_cut(*value, fields.place("cut"));
    if (!cut) {
      return cut.error();
    }
    behaviour.cut = *cut;
  }
  read_headers(fields, behaviour.headers);
  return Done{};
}

}  // namespace

bool glob_matches(std::string_view glob, std::string_view text) {
  std::size_t at_glob = 0;
  std::size_t at_text = 0;
  std::size_t star = std::string_view::npos;  // the last star, and where its run ends so far
  std::size_t run_end = 0;
  while (at_text < text.size()) {
    if (at_glob < glob.size() && glob[at_glob] == '*') {
      star = at_glob++;
      run_end = at_text;
    } else if (at_glob < glob.size() && glob[at_glob] == text[at_text]) {
      ++at_glob;
      ++at_text;
    } else if (star != std::string_view::npos) {
      at_glob = star + 1;
      at_text = ++run_end;
    } else {
      return false;
    }
  }
  return glob.find_first_not_of('*', at_glob) == std::string_view::npos;
}

Result<RequestPattern> RequestPattern::parse(std::string_view text, std::string_view where) {
  RequestPattern pattern;
  auto space = text.find(' ');
  if (space != std::string_view::npos) {
    pattern.method = text.substr(0, space);
    text.remove_prefix(space + 1);
    if (std::find(kMethods.begin(), kMethods.end(), pattern.method) == kMethods.end()) {
      return field_error(where, fmt::format("'{}' is not a request method", pattern.method));
    }
  }
  if (text.empty() || (text.front() != '/' && text.front() != '*')) {
    return field_error(where, "a pattern is \"METHOD /path*\" or \"/path*\" or \"*\"");
  }
  pattern.glob = text;
  return pattern;
}

bool RequestPattern::matches(std::string_view request_method, std::string_view target) const {
  if (!method.empty() && method != request_method) {
    return false;
  }
  bool with_query = glob.find('?') != std::string::npos;
  return glob_matches(glob, with_query ? target : target.substr(0, target.find('?')));
}

std::string RequestPattern::text() const {
  return method.empty() ? glob : method + " " + glob;
}

std::string Hold::text() const {
  switch (kind) {
    case Kind::kForever:
      return "";
    case Kind::kRequests:
      return fmt::format("{} requests {}", requests, match.text());
    case Kind::kRelease:
      return fmt::format("release of '{}'", release);
  }
  return "";
}

Response Behaviour::answer(const Service& service) const {
  Response response;
  int code = status.value_or(redirect.empty() ? 200 : 302);
  if (body) {
    response = Response{code, "text/plain", {}, *body};
  } else if (!redirect.empty() || code / 100 == 2) {
    response.status = code;
  } else {
    response = service.error(code, reason_phrase(code));
  }
  if (!redirect.empty()) {
    response.headers.push_back({"Location", redirect});
  }
  return response;
}

Result<Behaviour> parse_behaviour(const json& value, const std::string& where) {
  if (value.is_string()) {
    return behaviour_from_word(value.get<std::string>(), where);
  }
  if (!value.is_object()) {
    return behaviour_from_status(value, where);
  }
  Fields fields(value, where);
  Behaviour behaviour;
  if (const json* status = fields.child("status")) {
    auto parsed = behaviour_from_status(*status, fields.place("status"));
    if (!parsed) {
      return parsed.error();
    }
    behaviour.status = parsed->status;
  }
  behaviour.delay_ms = static_cast<int>(fields.number("delay_ms", 0, 0, kDelayMsMax));
  if (fields.has("body")) {
    behaviour.body = fields.text("body");
  }
  if (fields.has("content_type")) {
    behaviour.content_type = fields.text("content_type");
  }
  behaviour.redirect = fields.text("redirect");
  behaviour.length_add = fields.number("length_add", 0, -kBytesMax, kBytesMax);
  if (auto done = read_parts(fields, behaviour); !done) {
    return done.error();
  }
  if (!behaviour.redirect.empty() && behaviour.status.value_or(302) / 100 != 3) {
    fields.fail("status", "a redirect has a status from 300 to 399");
  }
  if ((behaviour.redirect + behaviour.content_type.value_or("")).find_first_of("\r\n") !=
      std::string::npos) {
    fields.fail("redirect", "redirect and content_type are one line each");
  }
  if (auto done = fields.finish(); !done) {
    return done.error();
  }
  return behaviour;
}

Result<FaultPlan> FaultPlan::parse(const json& value, const std::string& where) {
  FaultPlan plan;
  if (value.is_null()) {
    return plan;
  }
  if (!value.is_array()) {
    return field_error(where, "the faults must be a list of rules");
  }
  for (std::size_t i = 0; i < value.size(); ++i) {
    auto rule = parse_rule(value[i], fmt::format("{}/{}", where, i));
    if (!rule) {
      return rule.error();
    }
    plan.add(*std::move(rule));
  }
  return plan;
}

Result<FaultPlan::Rule> FaultPlan::parse_rule(const json& value, const std::string& where) {
  Fields fields(value, where);
  std::string match = fields.required_text("match");
  const json* then = fields.array("then");
  const json* always = fields.child("always");
  if (then == nullptr && always == nullptr) {
    fields.fail("then", "a rule needs 'then' or 'always'");
  }
  if (auto done = fields.finish(); !done) {
    return done.error();
  }
  Rule rule;
  auto pattern = RequestPattern::parse(match, where + "/match");
  if (!pattern) {
    return pattern.error();
  }
  rule.match = *std::move(pattern);
  for (std::size_t k = 0; then != nullptr && k < then->size(); ++k) {
    auto behaviour = parse_behaviour((*then)[k], fmt::format("{}/then/{}", where, k));
    if (!behaviour) {
      return behaviour.error();
    }
    rule.then.push_back(*std::move(behaviour));
  }
  if (always != nullptr) {
    auto behaviour = parse_behaviour(*always, where + "/always");
    if (!behaviour) {
      return behaviour.error();
    }
    rule.always = *std::move(behaviour);
  }
  return rule;
}

void FaultPlan::add(Rule rule) {
  auto count_for = [this](const Behaviour& behaviour) {
    if (behaviour.hold && behaviour.hold->kind == Hold::Kind::kRequests) {
      const RequestPattern& match = behaviour.hold->match;
      counts_.try_emplace(match.text(), Count{match, 0});
    }
  };
  std::for_each(rule.then.begin(), rule.then.end(), count_for);
  count_for(rule.always);
  rules_.push_back(std::move(rule));
}

const Behaviour& FaultPlan::on_request(std::string_view method, std::string_view target) {
  for (auto& [text, count] : counts_) {
    if (count.match.matches(method, target)) {
      ++count.seen;
    }
  }
  for (Rule& rule : rules_) {
    if (rule.match.matches(method, target)) {
      std::uint64_t k = rule.decided++;
      return k < rule.then.size() ? rule.then[k] : rule.always;
    }
  }
  return usual_;
}

bool FaultPlan::is_over(const Hold& hold) const {
  switch (hold.kind) {
    case Hold::Kind::kForever:
      return false;
    case Hold::Kind::kRequests: {
      auto count = counts_.find(hold.match.text());
      return count != counts_.end() && count->second.seen >= hold.requests;
    }
    case Hold::Kind::kRelease:
      return released_.contains(hold.release);
  }
  return false;
}

}  // namespace relapse::fakes
