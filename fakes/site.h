#pragma once
// A web server for built pages: files of folders, for GET and HEAD.
//
//   "site": { "folders": { "built": "/path/dist" }, "fallback": "index.html", "faults": [ … ] }
//
// folders   by the first label of the host name that a request is for: http://built.localhost:PORT
//           is served from the folder "built", an unknown name from the only one, where there is
//           but one. Absolute paths on the host. No link in them leads out.
// fallback  what a path without a file and without an ending gets (a single-page app's routes);
//           none by default: 404.
// faults    see stream_fault.h
//
// A folder's own path gets its index.html, and /about the file about.html, as static hosts do.

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "fakes/http.h"
#include "fakes/stream_fault.h"
#include "model/result.h"
#include "os/fd.h"

namespace relapse::fakes {

struct SiteConfig {
  std::map<std::string, std::string> folders;  // label → absolute path on the host
  std::string fallback;
  FaultPlan faults;

  static model::Result<SiteConfig> parse(const nlohmann::json& value, const std::string& where);
};

class SiteFake : public Service {
 public:
  // Opens the folders; one that is missing is an error.
  static model::Result<SiteFake> make(const SiteConfig& config);

  void handle(Exchange exchange) override;
  Response error(int status, std::string_view message) const override;

 private:
  SiteFake(std::map<std::string, os::Fd> folders, std::string fallback)
      : folders_(std::move(folders)), fallback_(std::move(fallback)) {}
  const os::Fd* folder_for(std::string_view host) const;
  Response answer(const os::Fd& folder, const std::string& path) const;

  std::map<std::string, os::Fd> folders_;
  std::string fallback_;
};

// The type that a browser is told for a file of this name.
std::string content_type_of(std::string_view path);

}  // namespace relapse::fakes
