#include "fault/syscall_error.h"

#include <cerrno>

#include "catch.h"

using namespace relapse;
using fault::InjectionKind;

namespace {

model::ScheduleEvent call(const std::string& name, const std::string& path,
                          const std::string& actor = "0") {
  model::ScheduleEvent out;
  out.actor = actor;
  out.call = name;
  out.paths = {path};
  return out;
}

}  // namespace

TEST_CASE("the Nth call is counted over the whole tree of actors") {
  fault::SyscallErrors errors({{"mkdir", "/w/*", "", 3, {InjectionKind::kErrno, ENOSPC}}});
  CHECK_FALSE(errors.on_call(call("mkdir", "/w/a", "0.1"), "x"));
  CHECK_FALSE(errors.on_call(call("mkdir", "/w/b", "0.2"), "x"));
  CHECK_FALSE(errors.on_call(call("mkdir", "/elsewhere", "0.2"), "x"));
  CHECK_FALSE(errors.on_call(call("rmdir", "/w/b", "0.2"), "x"));
  CHECK_FALSE(errors.all_reached());
  auto hit = errors.on_call(call("mkdir", "/w/c/d", "0.3"), "x");
  REQUIRE(hit);
  CHECK(hit->value == ENOSPC);
  CHECK_FALSE(errors.on_call(call("mkdir", "/w/e", "0.1"), "x"));
  CHECK(errors.all_reached());
}

TEST_CASE("a program's name narrows a rule, and zero means every call") {
  fault::SyscallErrors errors({{"unlink", "", "r?", 0, {InjectionKind::kErrno, EPERM}}});
  CHECK_FALSE(errors.on_call(call("unlink", "/a"), "sh"));
  CHECK(errors.on_call(call("unlink", "/a"), "rm"));
  CHECK(errors.on_call(call("unlink", "/b"), "rm"));
}

TEST_CASE("what was never reached is said, with how far it came") {
  fault::SyscallErrors errors({{"rename", "*.json", "", 2, {InjectionKind::kShortWrite, 5}}});
  errors.on_call(call("rename", "/a.json"), "x");
  auto text = errors.never_reached();
  REQUIRE(text.size() == 1);
  CHECK(
      text[0] ==
      "a write of 5 bytes at rename number 2 of *.json was never reached: 1 such calls were made");
}

TEST_CASE("of two rules that meet the first decides, and both count") {
  fault::SyscallErrors errors({{"mkdir", "", "", 1, {InjectionKind::kErrno, EIO}},
                               {"mkdir", "", "", 1, {InjectionKind::kErrno, EPERM}}});
  auto hit = errors.on_call(call("mkdir", "/a"), "x");
  REQUIRE(hit);
  CHECK(hit->value == EIO);
  CHECK(errors.all_reached());
}

TEST_CASE("a sweep goes on until there is no Nth call") {
  constexpr int kCalls = 4;
  fault::SyscallErrorSweep sweep({"mkdir", "", "", 1, {InjectionKind::kErrno, EIO}}, 100);
  std::vector<int> tried;
  while (auto rule = sweep.next()) {
    tried.push_back(rule->nth);
    fault::SyscallErrors errors({*rule});
    for (int i = 0; i < kCalls; ++i) {
      errors.on_call(call("mkdir", "/a"), "x");
    }
    sweep.ran(errors.all_reached());
  }
  CHECK(tried == std::vector<int>{1, 2, 3, 4, 5});
  CHECK(sweep.tried() == kCalls);
  CHECK_FALSE(sweep.cut_off());
}

TEST_CASE("a sweep that meets its limit says so") {
  fault::SyscallErrorSweep sweep({"mkdir", "", "", 1, {InjectionKind::kErrno, EIO}}, 3);
  while (sweep.next()) {
    sweep.ran(true);
  }
  CHECK(sweep.tried() == 3);
  CHECK(sweep.cut_off());
}

TEST_CASE("a sweep counts what was reached, also with several trials under way") {
  fault::SyscallErrorSweep sweep({"mkdir", "", "", 1, {InjectionKind::kErrno, EIO}}, 100);
  for (int i = 0; i < 3; ++i) {
    CHECK(sweep.next()->nth == i + 1);
  }
  sweep.ran(true);
  sweep.ran(false);
  sweep.ran(false);
  CHECK_FALSE(sweep.next());
  CHECK(sweep.tried() == 1);
  CHECK_FALSE(sweep.cut_off());
}

TEST_CASE("each call meets each effect") {
  model::SyscallErrorSettings settings;
  settings.calls = {"write", "mkdir"};
  settings.errors = {"ENOSPC", "5"};
  settings.path = "/w/*";
  settings.nth = 3;
  auto rules = fault::rules_of(settings);
  REQUIRE(rules.ok());
  REQUIRE(rules->size() == 4);
  CHECK(rules->back().call == "mkdir");
  CHECK(rules->back().injection.value == EIO);
  CHECK(rules->back().nth == 3);
  CHECK(rules->front().path == "/w/*");
  CHECK(fault::to_text(rules->front().injection) == "ENOSPC");

  settings.errors = {"ENOTHING"};
  CHECK_FALSE(fault::rules_of(settings).ok());
  settings.errors = {};
  settings.short_writes = {4};
  CHECK_FALSE(fault::rules_of(settings).ok());  // a short mkdir
  settings.calls = {"write"};
  CHECK(fault::rules_of(settings)->front().injection.kind == InjectionKind::kShortWrite);
}

TEST_CASE("an errno by name or number") {
  CHECK(*fault::errno_from_text("ENOSPC") == ENOSPC);
  CHECK(*fault::errno_from_text("5") == EIO);
  CHECK_FALSE(fault::errno_from_text("ENOTHING").ok());
  CHECK_FALSE(fault::errno_from_text("0").ok());
  CHECK_FALSE(fault::errno_from_text("5x").ok());
  CHECK_FALSE(fault::errno_from_text("").ok());
}
