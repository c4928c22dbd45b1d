#include "fakes/site.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "model/fields.h"
#include "os/file_in.h"

namespace relapse::fakes {

using model::field_error;
using model::Fields;
using model::Result;
using nlohmann::json;

namespace {

// Larger than any file of a page; a fake holds what it sends in memory.
constexpr size_t kFileBytesMax = size_t{64} << 20;

constexpr std::array<std::pair<std::string_view, std::string_view>, 26> kTypes = {{
    {"html", "text/html; charset=utf-8"},
    {"htm", "text/html; charset=utf-8"},
    {"js", "text/javascript; charset=utf-8"},
    {"mjs", "text/javascript; charset=utf-8"},
    {"css", "text/css; charset=utf-8"},
    {"json", "application/json"},
    {"map", "application/json"},
    {"webmanifest", "application/manifest+json"},
    {"wasm", "application/wasm"},
    {"svg", "image/svg+xml"},
    {"png", "image/png"},
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"gif", "image/gif"},
    {"webp", "image/webp"},
    {"avif", "image/avif"},
    {"ico", "image/x-icon"},
    {"woff", "font/woff"},
    {"woff2", "font/woff2"},
    {"ttf", "font/ttf"},
    {"otf", "font/otf"},
    {"txt", "text/plain; charset=utf-8"},
    {"xml", "application/xml"},
    {"pdf", "application/pdf"},
    {"mp4", "video/mp4"},
    {"webm", "video/webm"},
}};

std::string_view ending_of(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  const size_t dot = name.rfind('.');
  return dot == std::string_view::npos || dot == 0 ? std::string_view() : name.substr(dot + 1);
}

// "%20" and the like; what is no such code stays as it is.
std::string decode(std::string_view text) {
  constexpr int kHex = 16;
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned code = 0;
    const bool escaped =
        text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(&text[i + 1], &text[i + 1] + 2, code, kHex).ptr == &text[i + 1] + 2;
    out += escaped ? static_cast<char>(code) : text[i];
    i += escaped ? 2 : 0;
  }
  return out;
}

// Where a static host looks for a path, in its order.
std::vector<std::string> places_of(const std::string& path) {
  if (path.ends_with('/')) {
    return {path + "index.html"};
  }
  return {path, path + ".html", path + "/index.html"};
}

}  // namespace

std::string content_type_of(std::string_view path) {
  const std::string_view ending = ending_of(path);
  for (const auto& [known, type] : kTypes) {
    if (known == ending) {
      return std::string(type);
    }
  }
  return "application/octet-stream";
}

Result<SiteConfig> SiteConfig::parse(const json& value, const std::string& where) {
  Fields fields(value, where);
  SiteConfig config;
  config.folders = fields.texts("folders");
  config.fallback = fields.text("fallback");
  const json* faults = fields.child("faults");
  if (config.folders.empty()) {
    fields.fail("folders", "'folders' is missing: by name, which folder of the host is served");
  }
  if (auto done = fields.finish(); !done) {
    return done.error();
  }
  for (const auto& [name, path] : config.folders) {
    if (path.empty() || path.front() != '/') {
      return field_error(where + "/folders/" + model::pointer_part(name),
                         "a folder's path is absolute");
    }
  }
  auto plan = FaultPlan::parse(faults == nullptr ? json() : *faults, where + "/faults");
  if (!plan) {
    return plan.error();
  }
  config.faults = *std::move(plan);
  return config;
}

Result<SiteFake> SiteFake::make(const SiteConfig& config) {
  std::map<std::string, os::Fd> folders;
  for (const auto& [name, path] : config.folders) {
    auto folder = os::open_fd(path, O_PATH | O_DIRECTORY);
    if (!folder) {
      return folder.error();
    }
    folders.emplace(name, *std::move(folder));
  }
  return SiteFake(std::move(folders), config.fallback);
}

const os::Fd* SiteFake::folder_for(std::string_view host) const {
  const std::string label(host.substr(0, host.find_first_of(".:")));
  auto found = folders_.find(label);
  if (found != folders_.end()) {
    return &found->second;
  }
  return folders_.size() == 1 ? &folders_.begin()->second : nullptr;
}

Response SiteFake::answer(const os::Fd& folder, const std::string& path) const {
  std::vector<std::string> places = places_of(path);
  if (!fallback_.empty() && ending_of(path).empty()) {
    places.push_back("/" + fallback_);
  }
  for (const auto& place : places) {
    auto content = os::read_file_in(folder, place, kFileBytesMax);
    if (!content) {
      return error(500, content.error().text());
    }
    if (*content) {
      return Response{200, content_type_of(place), {}, **std::move(content)};
    }
  }
  return error(404, "nothing is there");
}

void SiteFake::handle(Exchange exchange) {
  const Request& request = exchange.request();
  const os::Fd* folder = folder_for(request.header("Host"));
  const std::string path = decode(request.path());
  if (folder == nullptr) {
    exchange.reply(error(404, "no folder has this host's name"));
  } else if (request.method != "GET" && request.method != "HEAD") {
    exchange.reply(error(405, "only GET and HEAD"));
  } else if (path.find('\0') != std::string::npos) {
    exchange.reply(error(400, "a path with a NUL in it"));
  } else {
    exchange.reply(answer(*folder, path));
  }
}

Response SiteFake::error(int status, std::string_view message) const {
  return Response{status, "text/plain; charset=utf-8", {}, fmt::format("{}\n", message)};
}

}  // namespace relapse::fakes
