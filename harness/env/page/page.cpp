#include "page/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "model/fields.h"

namespace relapse::env {

using model::Error;
using model::ErrorKind;
using model::Fields;
using model::Result;
using nlohmann::json;

namespace {

// A sentence in a report, not a log.
constexpr size_t kShownMax = 200;

std::string brief(const std::string& text) {
  const std::string line = text.substr(0, text.find('\n'));
  return line.size() <= kShownMax ? line : line.substr(0, kShownMax) + " …";
}

Result<json> service_from(const json& value, const std::string& place, const std::string& folder) {
  if (value.is_string()) {
    const auto path = std::filesystem::path(folder) / value.get<std::string>();
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error)) {
      return model::field_error(place, fmt::format("there is no file {}", path.string()),
                                "name a module that exports answer(), relative to the contract");
    }
    return json(std::filesystem::canonical(path, error).string());
  }
  if (!value.is_object() || !value.contains("url") || !value["url"].is_string()) {
    return model::field_error(place, "a service is the path of a module, or an object with a url");
  }
  return value;
}

std::vector<PageMessage> messages_of(const json& value, const char* text, const char* place) {
  std::vector<PageMessage> messages;
  for (const auto& one : value) {
    messages.push_back({one.at(text).get<std::string>(), one.at(place).get<std::string>()});
  }
  return messages;
}

PageSeen seen_from(const json& value) {
  PageSeen seen;
  seen.name = value.at("name");
  const std::string url = value.at("url");
  const size_t scheme = url.find("://");
  if (scheme != std::string::npos) {
    const size_t start = scheme + 3;
    seen.site = url.substr(start, url.find('/', start) - start);
  }
  seen.status = value.at("status");
  seen.trouble = value.value("trouble", "");
  seen.settled = value.value("settled", false);
  seen.title = value.value("title", "");
  seen.text = value.at("text").get<std::vector<std::string>>();
  for (const auto& [selector, shown] : value.at("marks").items()) {
    seen.marks.emplace_back(selector, shown.get<bool>());
  }
  seen.exceptions = messages_of(value.at("exceptions"), "message", "stack");
  seen.console_errors = messages_of(value.at("console_errors"), "message", "place");
  for (const auto& one : value.at("requests")) {
    seen.requests.push_back({one.at("host"), one.at("path"), one.at("method"), one.at("outcome")});
  }
  seen.screenshot = value.value("screenshot", "");
  seen.duration_ms = value.at("duration_ms");
  return seen;
}

bool contains_any(const std::string& text, const std::vector<std::string>& parts) {
  return std::any_of(parts.begin(), parts.end(), [&](const auto& part) {
    return !part.empty() && text.find(part) != std::string::npos;
  });
}

std::set<std::string> hosts_of(const PageSeen& seen) {
  std::set<std::string> hosts;
  for (const auto& request : seen.requests) {
    if (request.host != seen.site) {
      hosts.insert(request.host);
    }
  }
  return hosts;
}

// What all of the references have: what only some have comes and goes by itself.
template <typename Of>
std::set<std::string> common(const std::vector<PageSeen>& references, Of of) {
  std::set<std::string> all = of(references.front());
  for (const auto& reference : references) {
    const auto own = of(reference);
    std::erase_if(all, [&](const auto& one) { return !own.contains(one); });
  }
  return all;
}

std::set<std::string> lines_of(const PageSeen& seen) {
  return {seen.text.begin(), seen.text.end()};
}

class Judge {
 public:
  Judge(const PageExpectation& wanted, const PageSeen& seen,
        const std::vector<PageSeen>& references)
      : wanted_(wanted), seen_(seen), references_(references) {}

  std::vector<PageFinding> findings() {
    opened();
    exceptions();
    marks();
    if (!references_.empty()) {
      text();
      hosts();
    }
    console();
    return std::move(findings_);
  }

 private:
  void add(PageOracle oracle, std::string sentence) {
    findings_.push_back({oracle, std::move(sentence)});
  }

  void opened() {
    if (!seen_.trouble.empty()) {
      add(PageOracle::kOpened,
          fmt::format("the page could not be looked at: {}", brief(seen_.trouble)));
    } else if (seen_.status < 200 || seen_.status >= 300) {
      add(PageOracle::kOpened, fmt::format("the page was answered with status {}", seen_.status));
    }
  }

  // The same message from a page that works is no news; nor is one that the contract lets pass.
  bool is_known(const PageMessage& message, std::vector<PageMessage> PageSeen::*list) const {
    if (contains_any(message.text, wanted_.ignored)) {
      return true;
    }
    return std::any_of(references_.begin(), references_.end(), [&](const auto& reference) {
      return std::any_of((reference.*list).begin(), (reference.*list).end(),
                         [&](const auto& other) { return other.text == message.text; });
    });
  }

  void exceptions() {
    for (const auto& one : seen_.exceptions) {
      if (!is_known(one, &PageSeen::exceptions)) {
        add(PageOracle::kException, fmt::format("the page throws: {}", brief(one.text)));
      }
    }
  }

  void marks() {
    for (const auto& [selector, shown] : seen_.marks) {
      if (shown) {
        continue;
      }
      const char* what = selector == wanted_.ready ? "the ready mark" : "what it must show:";
      add(PageOracle::kMark, fmt::format("{} {} did not appear within {:.1f} s", what, selector,
                                         seen_.duration_ms / 1000));
    }
  }

  void text() {
    const auto own = lines_of(seen_);
    for (const auto& line : common(references_, lines_of)) {
      if (!own.contains(line)) {
        add(PageOracle::kText,
            fmt::format("the page lacks the text '{}'{}", brief(line), instead(own)));
      }
    }
  }

  // The lines that stand there, and in no reference.
  std::string instead(const std::set<std::string>& own) const {
    for (const auto& line : own) {
      const bool known = std::any_of(references_.begin(), references_.end(),
                                     [&](const auto& one) { return lines_of(one).contains(line); });
      if (!known) {
        return fmt::format(" and says '{}'", brief(line));
      }
    }
    return "";
  }

  void hosts() {
    const auto own = hosts_of(seen_);
    for (const auto& host : common(references_, hosts_of)) {
      if (!own.contains(host)) {
        add(PageOracle::kHosts, fmt::format("the page never asked {}", host));
      }
    }
    for (const auto& host : own) {
      const bool known = std::any_of(references_.begin(), references_.end(),
                                     [&](const auto& one) { return hosts_of(one).contains(host); });
      if (!known) {
        add(PageOracle::kHosts,
            fmt::format("the page asked {}, which the reference does not", host));
      }
    }
  }

  // A world has no network: that somebody else's host was not reached says nothing of the page.
  bool is_of_the_world(const PageMessage& message) const {
    return message.text.find("net::ERR_NAME_NOT_RESOLVED") != std::string::npos &&
           message.place.find(seen_.site) == std::string::npos;
  }

  void console() {
    for (const auto& one : seen_.console_errors) {
      if (!is_of_the_world(one) && !is_known(one, &PageSeen::console_errors)) {
        add(PageOracle::kConsole,
            fmt::format("the page logs an error: {} ({})", brief(one.text), one.place));
      }
    }
  }

  const PageExpectation& wanted_;
  const PageSeen& seen_;
  const std::vector<PageSeen>& references_;
  std::vector<PageFinding> findings_;
};

}  // namespace

Result<PageExpectation> page_from_json(const json& value, const std::string& place,
                                       const std::string& folder) {
  Fields fields(value, place);
  PageExpectation page;
  page.path = fields.text("path", page.path);
  page.ready = fields.text("ready");
  page.shows = fields.list("shows");
  page.fallback = fields.text("fallback", page.fallback);
  page.ignored = fields.list("ignore");
  page.limit_ms = fields.duration_ms("limit", page.limit_ms);
  const json* services = fields.array("services");
  if (page.path.empty() || page.path.front() != '/') {
    fields.fail("path", "the path that is opened begins with '/'");
  }
  for (size_t i = 0; services != nullptr && i < services->size(); ++i) {
    auto service =
        service_from((*services)[i], fmt::format("{}/{}", fields.place("services"), i), folder);
    if (!service) {
      fields.fail(service.error());
      break;
    }
    page.services.push_back(*std::move(service));
  }
  if (auto done = fields.finish(); !done) {
    return done.error();
  }
  return page;
}

Result<PageSeen> page_seen_from_text(std::string_view text) {
  const json value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  try {
    return seen_from(value);
  } catch (const json::exception& error) {
    return Error{ErrorKind::kSystem,
                 fmt::format("what the page driver wrote cannot be read: {}", error.what())};
  }
}

std::string_view to_word(PageOracle oracle) {
  switch (oracle) {
    case PageOracle::kOpened:
      return "opened";
    case PageOracle::kException:
      return "exception";
    case PageOracle::kMark:
      return "mark";
    case PageOracle::kText:
      return "text";
    case PageOracle::kHosts:
      return "hosts";
    case PageOracle::kConsole:
      return "console";
  }
  return "";
}

std::vector<PageFinding> judge_page(const PageExpectation& wanted, const PageSeen& seen,
                                    const std::vector<PageSeen>& references) {
  return Judge(wanted, seen, references).findings();
}

}  // namespace relapse::env
