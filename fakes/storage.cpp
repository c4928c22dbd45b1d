#include "fakes/storage.h"

#include <fmt/format.h>

#include <utility>

#include "model/fields.h"

namespace relapse::fakes {

using model::field_error;
using model::Fields;
using model::Result;
using nlohmann::json;

namespace {

std::string_view s3_code(int status) {
  switch (status) {
    case 403:
      return "AccessDenied";
    case 404:
      return "NoSuchKey";
    case 405:
      return "MethodNotAllowed";
    case 429:
    case 503:
      return "SlowDown";
    default:
      return status >= 500 ? "InternalError" : "InvalidRequest";
  }
}

}  // namespace

Result<StorageConfig> StorageConfig::parse(const json& value, const std::string& where) {
  Fields fields(value, where);
  const json* archives = fields.object("archives");
  const json* faults = fields.child("faults");
  if (archives == nullptr) {
    fields.fail("archives", "'archives' is missing: by path, what is there");
  }
  if (auto done = fields.finish(); !done) {
    return done.error();
  }
  StorageConfig config;
  for (const auto& [path, description] : archives->items()) {
    std::string place = where + "/archives/" + model::pointer_part(path);
    if (path.empty() || path.front() != '/' || path.find('?') != std::string::npos) {
      return field_error(place, "an archive's path begins with '/' and has no query");
    }
    auto spec = ArchiveSpec::parse(description, place);
    if (!spec) {
      return spec.error();
    }
    config.archives.emplace(path, *std::move(spec));
  }
  auto plan = FaultPlan::parse(faults == nullptr ? json() : *faults, where + "/faults");
  if (!plan) {
    return plan.error();
  }
  config.faults = *std::move(plan);
  return config;
}

Result<StorageFake> StorageFake::make(const StorageConfig& config) {
  std::map<std::string, BuiltArchive, std::less<>> archives;
  for (const auto& [path, spec] : config.archives) {
    auto built = build_archive(spec);
    if (!built) {
      return built.error();
    }
    archives.emplace(path, *std::move(built));
  }
  return StorageFake(std::move(archives));
}

void StorageFake::handle(Exchange exchange) {
  const Request& request = exchange.request();
  auto found = archives_.find(request.path());
  if (found == archives_.end()) {
    exchange.reply(error(404, "The specified key does not exist."));
  } else if (request.method != "GET" && request.method != "HEAD") {
    exchange.reply(error(405, "The specified method is not allowed against this resource."));
  } else {
    exchange.reply(Response{200, "application/gzip", {}, found->second.bytes});
  }
}

Response StorageFake::error(int status, std::string_view message) const {
  std::string body = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}</Message>"
      "</Error>",
      s3_code(status), message);
  return Response{status, "application/xml", {}, std::move(body)};
}

}  // namespace relapse::fakes
