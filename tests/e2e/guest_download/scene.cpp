#include "scene.h"

#include <poll.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace guest_download_test {

namespace fs = std::filesystem;

namespace {

fs::path make_root() {
  std::string name = fs::temp_directory_path() / "guest-download-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) {
    throw std::runtime_error("cannot make " + name);
  }
  return name;
}

}  // namespace

Scene::Scene()
    : root_(make_root()),
      server_([this](Socket& socket, const Request& request) { answer(socket, request); }) {
  fs::create_directory(home());
  fs::create_directory(outside());
}

Scene::~Scene() {
  std::error_code ignored;
  fs::remove_all(root_, ignored);
}

void Scene::answer(Socket& socket, const Request& request) {
  Handler handler;
  {
    const std::lock_guard lock(mutex_);
    const auto route = routes_.find(std::string(request.target()));
    if (route != routes_.end()) {
      handler = route->second;
    }
  }
  if (handler) {
    handler(socket, request);
  } else {
    send_status(socket, 404);
  }
}

std::string Scene::route(const std::string& target, Handler handler) {
  const std::lock_guard lock(mutex_);
  routes_[target] = std::move(handler);
  return server_.origin() + target;
}

std::string Scene::serve(const std::string& body) {
  const std::string target = "/body-" + std::to_string(routes_.size());
  return route(target, [body](Socket& socket, const Request&) { send_ok(socket, body); });
}

nlohmann::json Scene::entry(const std::string& mount, const nlohmann::json& url) const {
  return {{"mountPath", (home() / mount).string()}, {"archiveUrl", url}};
}

Run Scene::run(const nlohmann::json& manifest, Build build,
               const std::vector<std::string>& environment) {
  const fs::path path = root_ / "manifest.json";
  write_text(path, manifest.dump());
  return run_with({program(build), {path}, environment, ""});
}

Tree Scene::tree() const {
  Tree found;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(home())) {
    const std::string name = entry.path().lexically_relative(home());
    if (entry.is_symlink()) {
      found[name] = "-> " + fs::read_symlink(entry.path()).string();
    } else if (entry.is_regular_file()) {
      found[name] = read_text(entry.path());
    } else if (entry.is_directory() && fs::is_empty(entry.path())) {
      found[name] = "dir";
    }
  }
  return found;
}

fs::path program(Build build) {
  const char* name =
      build == Build::kBad ? "guest-download-2026-04-09" : "guest-download-2026-04-10";
  return fs::path(RELAPSE_BINARY_DIR) / "specimens" / name;
}

void write_text(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) {
      return false;
    }
    poll(nullptr, 0, 1);
  }
  return true;
}

}  // namespace guest_download_test
