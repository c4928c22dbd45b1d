#pragma once
// The storage service: archives (archive.h) at URL paths, for GET and HEAD.
//
//   "storage": { "archives": { "/skills/a.tar.gz": { "entries": [ … ] } }, "faults": [ … ] }
//
// archives  by path; a query is ignored, as a signature would be
// faults    see stream_fault.h; redirects too are made there
//
// Another path is a 404 in the form of S3.

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "fakes/archive.h"
#include "fakes/http.h"
#include "fakes/stream_fault.h"
#include "model/result.h"

namespace relapse::fakes {

struct StorageConfig {
  std::map<std::string, ArchiveSpec, std::less<>> archives;  // by path
  FaultPlan faults;

  static model::Result<StorageConfig> parse(const nlohmann::json& value, const std::string& where);
};

class StorageFake : public Service {
 public:
  static model::Result<StorageFake> make(const StorageConfig& config);

  void handle(Exchange exchange) override;
  Response error(int status, std::string_view message) const override;

  // By path, for the oracle that compares trees.
  const std::map<std::string, BuiltArchive, std::less<>>& archives() const { return archives_; }

 private:
  explicit StorageFake(std::map<std::string, BuiltArchive, std::less<>> archives)
      : archives_(std::move(archives)) {}

  std::map<std::string, BuiltArchive, std::less<>> archives_;
};

}  // namespace relapse::fakes
