#pragma once
// Does a built page work? What is expected of it, what a browser saw of it, and the judgement,
// which is pure. No single sign suffices: a page may throw behind a skeleton that looks alive,
// swallow what was thrown, or start well and say that its service is away.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/result.h"

namespace relapse::env {

// "page" of a contract. Selectors are playwright's: CSS, or text=Sign in.
struct PageExpectation {
  std::string path = "/";                // what is opened
  std::string ready;                     // shows when the page has started; empty: nothing does
  std::vector<std::string> shows;        // must be visible too: "[data-testid=sign-in]"
  std::string fallback = "index.html";   // of the server, for paths without a file
  std::vector<nlohmann::json> services;  // what answers for whom: see page_driver/services.mjs
  std::vector<std::string> ignored;      // texts of exceptions and console errors that may be
  double limit_ms = 15'000;              // to its start, on a loaded machine
};

// Paths of services are resolved against `folder`, where the contract lies. `place` is the
// pointer for errors.
model::Result<PageExpectation> page_from_json(const nlohmann::json& value, const std::string& place,
                                              const std::string& folder);

struct PageMessage {
  std::string text;
  std::string place;  // of a console error: URL and line; of an exception: its stack
};

struct PageRequest {
  std::string host;
  std::string path;
  std::string method;
  std::string outcome;  // "served", "answered", "unreachable", "status 404", "websocket"
};

// What the driver wrote down.
struct PageSeen {
  std::string name;
  std::string site;  // host and port that served it
  int status = 0;
  std::string trouble;  // the look ended early, and why
  bool settled = false;
  std::string title;
  std::vector<std::string> text;  // visible lines
  std::vector<std::pair<std::string, bool>> marks;
  std::vector<PageMessage> exceptions;  // and unhandled rejections
  std::vector<PageMessage> console_errors;
  std::vector<PageRequest> requests;
  std::string screenshot;  // file name; empty: there is none
  double duration_ms = 0;
};

model::Result<PageSeen> page_seen_from_text(std::string_view text);

enum class PageOracle { kOpened, kException, kMark, kText, kHosts, kConsole };
std::string_view to_word(PageOracle oracle);

struct PageFinding {
  PageOracle oracle = PageOracle::kOpened;
  std::string sentence;
};

// What is wrong with the page, the weightiest first; empty: nothing. `references` are looks at a
// page that works: what they agree on is expected of this one too, and what they log is no news.
std::vector<PageFinding> judge_page(const PageExpectation& wanted, const PageSeen& seen,
                                    const std::vector<PageSeen>& references);

}  // namespace relapse::env
