// world_client SCRIPT...: a supervisor that runs each script in a world of its own, tells on
// stdout how far it is, and then waits to be killed.
// world_client --capabilities: what relapse doctor would find here.

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include "world/capabilities.h"
#include "world_driver.h"

namespace {

void say(const char* what, int number) {
  std::printf("%s %d\n", what, number);
  (void)std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--capabilities") {
    for (const auto& one : relapse::world::find_capabilities()) {
      std::printf("%s=%s (%s) %s\n", one.name.c_str(), to_string(one.state).c_str(),
                  one.found.c_str(), one.remedy.c_str());
    }
    return 0;
  }
  say("begun", ::getpid());
  WorldDriver driver;
  say("zygote", driver.zygote().pid());
  std::vector<std::unique_ptr<Trial>> trials;
  for (int i = 1; i < argc; ++i) {
    auto spec = driver.shell(argv[i]);
    if (const char* mark = std::getenv("WORLD_MARK"); mark != nullptr) {
      spec.env["WORLD_MARK"] = mark;
    }
    trials.push_back(driver.launch(spec));
    trials.back()->stop_at_exit = false;
  }
  for (const auto& trial : trials) {
    driver.wait([&] { return trial->finished.started || trial->over(); });
    if (trial->finished.started) {
      say("world", trial->world->init_pid());
    } else if (trial->finished.error) {
      (void)std::fprintf(stderr, "%s\n", trial->finished.error->text().c_str());
    }
  }
  say("running", static_cast<int>(trials.size()));
  // Nobody who forgot to kill us is served for ever.
  driver.wait([] { return false; }, 60'000);
  return 0;
}
