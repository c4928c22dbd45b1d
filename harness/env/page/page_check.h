#pragma once
// Opens built pages in a browser, in one world without a network, and judges each distinct one.

#include <set>
#include <string>
#include <vector>

#include "builds/command_runner.h"
#include "model/result.h"
#include "page/page.h"

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
  std::string screenshots;           // a folder for the pages' pictures; empty: none are kept
  std::vector<std::string> secrets;  // values that nothing may show
};

// A check in two halves, for who runs its command together with others.
class PageCheck {
 public:
  // `scratch`: an existing folder of the host that outlives this.
  static model::Result<PageCheck> plan(const PageTools& tools, PageCheckRequest request,
                                       const std::string& scratch);

  WorldCommand command() const;

  // One verdict an artifact, in their order. A page that does not work is a verdict; an error
  // says that nothing could be looked at.
  model::Result<std::vector<PageVerdict>> judge(const model::Observation& seen) const;

 private:
  // The artifacts whose content no earlier one has, and for each the one that stands for it.
  struct Distinct {
    std::vector<size_t> first;      // indexes of those that are opened
    std::set<size_t> references;    // of these: one of the same content is a reference
    std::vector<size_t> stands_in;  // by artifact: the index of the one that is opened for it
  };

  PageCheck(PageTools tools, PageCheckRequest request)
      : tools_(std::move(tools)), request_(std::move(request)) {}
  model::Result<> find_distinct();
  nlohmann::json job() const;
  bool is_reference(size_t index) const { return distinct_.references.contains(index); }
  int looks_at(size_t index) const;
  model::Result<PageSeen> read(const std::string& name) const;
  model::Result<> keep_pictures() const;
  model::Result<std::vector<PageVerdict>> judge_pages() const;

  PageTools tools_;
  PageCheckRequest request_;
  Distinct distinct_;
  std::string folder_;  // where the driver's results are copied to
};

// Both halves at once.
model::Result<std::vector<PageVerdict>> check_pages(CommandRunner& runner, const PageTools& tools,
                                                    const PageCheckRequest& request);

}  // namespace relapse::env
