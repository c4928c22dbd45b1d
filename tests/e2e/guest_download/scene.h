#pragma once
// What one test plays in: a temporary folder, a server with routes, and a guest-download to run.

#include <filesystem>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "archives.h"
#include "http_server.h"
#include "run_program.h"

namespace guest_download_test {

// Path to content; "dir" for an empty directory, "-> text" for a link.
using Tree = std::map<std::string, std::string>;

enum class Build { kBad, kGood };

class Scene {
 public:
  Scene();
  ~Scene();
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  // Where the archives are unpacked to; everything below is compared with what is expected.
  std::filesystem::path home() const { return root_ / "home"; }
  std::filesystem::path outside() const { return root_ / "outside"; }
  HttpServer& server() { return server_; }

  // Both return the URL.
  std::string route(const std::string& target, Handler handler);
  std::string serve(const std::string& body);

  // An entry of a manifest, mounted below home.
  nlohmann::json entry(const std::string& mount, const nlohmann::json& url) const;

  Run run(const nlohmann::json& manifest, Build build = Build::kGood,
          const std::vector<std::string>& environment = {});
  Run run_with(const Command& command) const { return run_program(command, root_); }

  // What is below home.
  Tree tree() const;

 private:
  void answer(Socket& socket, const Request& request);

  std::filesystem::path root_;
  std::mutex mutex_;  // guards the next one
  std::map<std::string, Handler> routes_;
  HttpServer server_;  // last: its handlers use all of the above
};

std::filesystem::path program(Build build);
void write_text(const std::filesystem::path& path, const std::string& text);
std::string read_text(const std::filesystem::path& path);

// Looks every millisecond whether `condition` holds; false when it never did.
bool eventually(const std::function<bool()>& condition,
                std::chrono::milliseconds limit = std::chrono::seconds(10));

}  // namespace guest_download_test
