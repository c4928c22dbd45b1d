#include "world/capability_rules.h"

#include <cerrno>

#include "catch.h"

using namespace relapse::world;
using relapse::model::Error;
using relapse::model::ErrorKind;

TEST_CASE("a host without user namespaces: each cause has its remedy") {
  UserNamespaceFacts facts;
  CHECK(judge_user_namespaces(facts).state == CapabilityState::kYes);
  CHECK(judge_user_namespaces(facts).remedy.empty());

  std::string word;
  SECTION("none allowed") {
    facts.made = ENOSPC;
    facts.max_user_namespaces = "0";
    facts.root = GENERATE(true, false);
    word = "user.max_user_namespaces=15000";
  }
  SECTION("too many") {
    facts.made = ENOSPC;
    facts.max_user_namespaces = "12";
    word = "user.max_user_namespaces is 12";
  }
  SECTION("Debian's switch") {
    facts.made = EPERM;
    facts.unprivileged_userns_clone = "0";
    facts.max_user_namespaces = "1000";
    word = "kernel.unprivileged_userns_clone=1";
  }
  SECTION("Ubuntu's AppArmor") {
    facts.made = EACCES;
    facts.apparmor_restrict_unprivileged_userns = "1";
    facts.unprivileged_userns_clone = "1";
    word = "kernel.apparmor_restrict_unprivileged_userns=0";
  }
  SECTION("the switches of others do not explain what root may not do") {
    facts.made = EPERM;
    facts.root = true;
    facts.apparmor_restrict_unprivileged_userns = "1";
    facts.unprivileged_userns_clone = "0";
    word = "--privileged";
  }
  SECTION("a changed root") {
    facts.made = EPERM;
    facts.chrooted = true;
    word = "chroot";
  }
  SECTION("not built in") {
    facts.made = GENERATE(EINVAL, ENOSYS);
    word = "CONFIG_USER_NS";
  }
  const auto judged = judge_user_namespaces(facts);
  CHECK(judged.name == "user-namespaces");
  CHECK(judged.state == CapabilityState::kNo);
  CHECK_THAT(judged.remedy, ContainsSubstring(word));
}

TEST_CASE("worlds: the first cause wins") {
  const Capability good = judge_user_namespaces({});
  UserNamespaceFacts none;
  none.made = ENOSPC;
  none.max_user_namespaces = "0";
  const Capability bad = judge_user_namespaces(none);
  CHECK(judge_worlds({}, good).state == CapabilityState::kYes);

  const Error failure{ErrorKind::kSystem, "mount proc on /proc: Operation not permitted"};
  CHECK_THAT(judge_worlds({failure, EPERM}, good).remedy,
             ContainsSubstring("systempaths=unconfined"));
  CHECK(judge_worlds({failure, EPERM}, bad).remedy == bad.remedy);
  CHECK(judge_worlds({failure, 0}, good).found == failure.message);
  CHECK(judge_worlds({failure, 0}, good).state == CapabilityState::kNo);
  CHECK_THAT(judge_worlds({failure, 0}, good).remedy, ContainsSubstring("report"));
}

TEST_CASE("kernels by their release") {
  CHECK(judge_kernel("6.18.44-fc").state == CapabilityState::kYes);
  CHECK(judge_kernel("5.19.0").state == CapabilityState::kYes);
  CHECK(judge_kernel("5.15.0-91-generic").state == CapabilityState::kPartly);
  CHECK(judge_kernel("5.4.0").state == CapabilityState::kNo);
  CHECK(judge_kernel("4.19").state == CapabilityState::kNo);
  CHECK(judge_kernel("odd").state == CapabilityState::kNo);
  CHECK_THAT(judge_kernel("5.15.0").remedy, ContainsSubstring("5.19"));
}

TEST_CASE("limits by control groups") {
  CHECK(judge_groups("v2", true, true).state == CapabilityState::kYes);
  CHECK(judge_groups("v1 and v2", true, false).state == CapabilityState::kPartly);
  const auto none = judge_groups("", false, false);
  CHECK(none.state == CapabilityState::kNo);
  CHECK_THAT(none.found, ContainsSubstring("none mounted"));
  CHECK_FALSE(none.remedy.empty());
}

TEST_CASE("system call notification and what it wants") {
  const ListenerFacts all;
  CHECK(judge_listener(all).state == CapabilityState::kYes);
  CHECK(judge_wait_killable(all).state == CapabilityState::kYes);
  CHECK(judge_sync_wake_up(all).state == CapabilityState::kYes);

  const ListenerFacts nested{EBUSY, EBUSY, EBUSY};
  CHECK_THAT(judge_listener(nested).found, ContainsSubstring("another supervisor"));
  CHECK(judge_wait_killable(nested).remedy == judge_listener(nested).remedy);
  CHECK(judge_sync_wake_up(nested).remedy == judge_listener(nested).remedy);

  const ListenerFacts old{0, EINVAL, EINVAL};
  CHECK(judge_listener(old).state == CapabilityState::kYes);
  CHECK(judge_wait_killable(old).state == CapabilityState::kNo);
  CHECK_THAT(judge_wait_killable(old).remedy, ContainsSubstring("5.19"));
  CHECK(judge_sync_wake_up(old).state == CapabilityState::kPartly);
  CHECK_THAT(judge_sync_wake_up(old).remedy, ContainsSubstring("6.6"));
}

TEST_CASE("looking into other processes") {
  CHECK(judge_foreign_calls({0, "1"}).state == CapabilityState::kYes);
  CHECK(judge_foreign_descriptors({0, {}}).state == CapabilityState::kYes);
  CHECK_THAT(judge_foreign_calls({EPERM, "2"}).remedy, ContainsSubstring("ptrace_scope=1"));
  CHECK_THAT(judge_foreign_calls({EPERM, "3"}).remedy, ContainsSubstring("reboot"));
  CHECK_THAT(judge_foreign_calls({EPERM, "1"}).remedy, ContainsSubstring("security policy"));
  CHECK_THAT(judge_foreign_calls({ENOENT, {}}).remedy, ContainsSubstring("kernel"));
  CHECK_THAT(judge_foreign_descriptors({ENOSYS, {}}).remedy, ContainsSubstring("5.6"));
}

TEST_CASE("programs, privileges, policy") {
  CHECK(judge_program("node", {"/bin/node", "v20"}, "install it").state == CapabilityState::kYes);
  CHECK(judge_program("node", {"/bin/node", ""}, "install it").state == CapabilityState::kPartly);
  const auto missing = judge_program("node", {}, "install it");
  CHECK(missing.state == CapabilityState::kNo);
  CHECK(missing.remedy == "install it");
  CHECK(judge_privileges(true).remedy.empty());
  CHECK_FALSE(judge_privileges(false).remedy.empty());
  CHECK(judge_realtime(0).state == CapabilityState::kYes);
  CHECK_THAT(judge_realtime(EPERM).remedy, ContainsSubstring("root"));
}
