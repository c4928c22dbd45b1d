#pragma once
// What a world is to be: all that the zygote needs to build one and to start the subject in it.
// Plain data; it travels to the zygote as JSON.

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "model/result.h"

namespace relapse::model {

// Something of the host, shown in the world. Made where the target does not exist yet.
struct WorldMount {
  std::string source;  // absolute, on the host; a folder or a file
  std::string target;  // absolute, in the world
  // Of a folder: may be written to, and what is written is the world's own and goes with it.
  bool writable_copy = false;
};

// Made before the subject starts, owned by the subject's user; missing folders too.
struct WorldFile {
  enum class Kind { kFile, kFolder, kLink, kCopyOfTree };
  Kind kind = Kind::kFile;
  std::string path;     // absolute, in the world, below one of its private folders
  std::string content;  // the text; a link's target; for a copy, the host's folder
  unsigned mode = 0644;
};

struct WorldLimits {
  std::uint64_t memory_bytes = std::uint64_t{6} << 30;
  std::uint64_t processes = 512;  // threads count, as in pids.max
  std::uint64_t file_bytes = std::uint64_t{1} << 30;
  std::uint64_t disk_bytes = std::uint64_t{2} << 30;  // of all private folders together
  std::uint64_t open_files = 4096;
  std::uint64_t cpu_s = 600;
};

// A program under control of the scheduler: see os/seccomp_filter.h. Empty filter: uncontrolled.
struct WorldControl {
  std::vector<std::uint8_t> filter;  // struct sock_filter[], as bytes
  int cpu = -1;                      // pinned to it; -1: not pinned
  int fifo_priority = 0;             // SCHED_FIFO; 0: the normal policy
};

struct WorldSpec {
  std::string host_name = "relapse";
  std::string user = "user";
  unsigned uid = 1000;  // and the group of the same number
  std::string home = "/home/user";
  std::string folder = "/home/user";  // the subject's working directory
  std::vector<WorldMount> mounts;
  std::vector<WorldFile> files;
  std::vector<int> listen_ports;  // TCP, 127.0.0.1; the sockets are handed to the supervisor
  WorldLimits limits;
  std::vector<std::string> command;        // argv; [0] is looked up on the world's PATH
  std::map<std::string, std::string> env;  // the whole environment
  WorldControl control;
};

nlohmann::json to_json(const WorldSpec& spec);
Result<WorldSpec> world_spec_from_json(const nlohmann::json& document);

}  // namespace relapse::model
