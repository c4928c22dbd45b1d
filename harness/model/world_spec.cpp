#include "model/world_spec.h"

namespace relapse::model {

NLOHMANN_JSON_SERIALIZE_ENUM(WorldFile::Kind, {{WorldFile::Kind::kFile, "file"},
                                               {WorldFile::Kind::kFolder, "folder"},
                                               {WorldFile::Kind::kLink, "link"},
                                               {WorldFile::Kind::kCopyOfTree, "copy"}})
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(WorldMount, source, target, writable_copy)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(WorldFile, kind, path, content, mode)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(WorldLimits, memory_bytes, processes, file_bytes, disk_bytes,
                                   open_files, cpu_s)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(WorldControl, filter, cpu, fifo_priority)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(WorldSpec, host_name, user, uid, home, folder, mounts, files,
                                   listen_ports, limits, command, env, control)

nlohmann::json to_json(const WorldSpec& spec) {
  nlohmann::json document;
  to_json(document, spec);
  return document;
}

Result<WorldSpec> world_spec_from_json(const nlohmann::json& document) {
  try {
    return document.get<WorldSpec>();
  } catch (const nlohmann::json::exception& e) {
    return Error{ErrorKind::kSystem, std::string("world description: ") + e.what(), "", "", 0};
  }
}

}  // namespace relapse::model
