// What is found on a real host agrees with what the host then does.

#include "world/capabilities.h"

#include <unistd.h>

#include "catch.h"
#include "os/run_program.h"
#include "programs.h"
#include "world_driver.h"

using namespace relapse::world;

namespace {

const Capability& named(const std::vector<Capability>& all, const std::string& name) {
  for (const auto& one : all) {
    if (one.name == name) {
      return one;
    }
  }
  FAIL("no capability " << name);
  return all.front();
}

}  // namespace

TEST_CASE("what is found is complete: no remedy for a yes, one for everything else") {
  WorldDriver driver;  // so worlds work here
  const auto all = find_capabilities();
  for (const auto& one : all) {
    INFO(one.name << ": " << one.found << " / " << one.remedy);
    CHECK(one.remedy.empty() == (one.state == CapabilityState::kYes));
    CHECK_FALSE(one.found.empty());
  }
  CHECK(named(all, "worlds").state == CapabilityState::kYes);
  CHECK(named(all, "user-namespaces").state == CapabilityState::kYes);
  const bool all_groups = driver.zygote().notes().empty();
  CHECK((named(all, "control-groups").state == CapabilityState::kYes) == all_groups);

  const auto facts = host_facts(all);
  CHECK(facts.capabilities.at("worlds") == "yes");
  CHECK(facts.privileges == (::geteuid() == 0 ? "root" : "user"));
  CHECK(facts.cores > 0);
}

TEST_CASE("a host that allows no user namespaces is told what to do") {
  WorldDriver driver;
  driver.end_zygote();
  auto end = relapse::os::run_program({"unshare", "--user", "--map-root-user", "sh", "-c",
                                       "echo 0 > /proc/sys/user/max_user_namespaces && exec " +
                                           program("world_client") + " --capabilities"},
                                      60'000);
  REQUIRE(end);
  INFO(end->output);
  CHECK(end->status == 0);
  CHECK_THAT(end->output, ContainsSubstring("user-namespaces=no"));
  CHECK_THAT(end->output, ContainsSubstring("worlds=no"));
  CHECK_THAT(end->output, ContainsSubstring("sysctl user.max_user_namespaces=15000"));
}

TEST_CASE("a program is run to its end, and not beyond its limit") {
  auto end = relapse::os::run_program({"sh", "-c", "echo out; echo err >&2; exit 3"}, 10'000);
  REQUIRE(end);
  CHECK(end->output == "out\n");
  CHECK(end->status == 3 << 8);
  CHECK_FALSE(relapse::os::run_program({"no-such-program"}, 1000));
  auto late = relapse::os::run_program({"sh", "-c", "sleep 600 & sleep 600"}, 100);
  REQUIRE_FALSE(late);
  CHECK_THAT(late.error().message, ContainsSubstring("100 ms"));
}
