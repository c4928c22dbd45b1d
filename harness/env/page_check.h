#pragma once
// Opens built pages in a browser, in one world without a network, and judges each distinct one.

#include <string>
#include <vector>

#include "env/command_runner.h"
#include "env/page.h"
#include "model/result.h"

namespace relapse::env {

// What the host must have for it.
struct PageTools {
  std::string driver;    // the folder of page_driver, with its node_modules
  std::string node;      // "node" where it is on the world's PATH
  std::string chromium;  // the program
};

// Looks for the distribution's Chromium and the driver's packages. What is missing is said with
// how to get it: kUnavailable.
model::Result<PageTools> find_page_tools(const std::string& driver_folder);

struct PageArtifact {
  std::string name;    // a-z, 0-9 and '-': part of a host name
  std::string folder;  // of the host: what the build put out
  bool reference = false;
};

struct PageVerdict {
  std::string name;
  std::string same_as;  // an earlier artifact with the same content: its verdict is this one's
  PageSeen seen;
  std::vector<PageFinding> findings;  // empty: the page works
};

struct PageCheckRequest {
  PageExpectation expect;
  std::vector<PageArtifact> artifacts;
  std::string screenshots;           // a folder that does not exist yet; empty: none are kept
  std::vector<std::string> secrets;  // values that nothing may show
};

// One verdict an artifact, in their order. A page that does not work is a verdict; an error says
// that nothing could be looked at.
model::Result<std::vector<PageVerdict>> check_pages(CommandRunner& runner, const PageTools& tools,
                                                    const PageCheckRequest& request);

}  // namespace relapse::env
