#include "fault/explain.h"

#include <algorithm>
#include <cerrno>

#include "catch.h"

using namespace relapse;
using model::ScheduleEvent;
using model::ScheduleTrace;

namespace {

ScheduleEvent event(const std::string& actor, const std::string& call, const std::string& path,
                    int error = 0) {
  ScheduleEvent out;
  out.actor = actor;
  out.call = call;
  out.paths = {path};
  out.source = model::ResultSource::kPredicted;
  out.error = error;
  return out;
}

ScheduleTrace trace(std::vector<ScheduleEvent> events) {
  ScheduleTrace out;
  out.events = std::move(events);
  for (const auto& entry : out.events) {
    out.programs[entry.actor] = "guest-download";
  }
  return out;
}

constexpr const char* kHome = "/home/user/.claude";
constexpr const char* kSkill = "/home/user/.claude/skills/school";

std::vector<fault::ActorHint> hints() {
  return {{kHome, "storages.0"}, {kSkill, "storages.2"}};
}

}  // namespace

TEST_CASE("the incident: removed after it was made and before it was used") {
  auto failing = trace({event("0.2", "mkdir", kSkill), event("0.1", "open", kHome),
                        event("0.1", "rmdir", kSkill), event("0.1", "rmdir", kHome),
                        event("0.2", "readlink", "/home/user", EINVAL),
                        event("0.2", "readlink", kSkill, ENOENT)});
  auto passing = trace(
      {event("0.1", "open", kHome), event("0.1", "rmdir", kHome), event("0.2", "mkdir", kSkill),
       event("0.2", "readlink", "/home/user", EINVAL), event("0.2", "readlink", kSkill, EINVAL)});
  auto explanation = fault::explain(failing, passing, hints());
  REQUIRE(explanation);
  CHECK(explanation->cause.call == "rmdir");
  CHECK(explanation->sentence ==
        "storages.0 removed /home/user/.claude/skills/school after storages.2 had made it and "
        "before it used it.");
  std::string expected =
      "storages.0 (/home/user/.claude)    storages.2 (/home/user/.claude/skills/school)\n"
      "                                   mkdir …/skills/school  ok\n"
      "rmdir …/skills/school  ok  ←\n"
      "rmdir …/user/.claude  ok\n"
      "                                   readlink …/skills/school  ENOENT";
  CHECK(explanation->picture == expected);
}

TEST_CASE("what one made and another removed needs no passing trace") {
  auto failing = trace({event("0.2", "mkdir", kSkill), event("0.1", "rmdir", kSkill),
                        event("0.1", "rmdir", kHome), event("0.1", "mkdir", kHome)});
  auto explanation = fault::explain(failing, std::nullopt, hints());
  REQUIRE(explanation);
  CHECK(explanation->sentence ==
        std::string("storages.0 removed ") + kSkill + " after storages.2 had made it.");
  failing.events.push_back(event("0.2", "readlink", kSkill, ENOENT));
  explanation = fault::explain(failing, std::nullopt, hints());
  REQUIRE(explanation);
  CHECK_THAT(explanation->sentence, ContainsSubstring("before it used it"));
  CHECK_FALSE(fault::explain(trace({event("0.1", "mkdir", kHome)}), std::nullopt, {}));
}

TEST_CASE("of an actor's failing calls about one path, the last one is what it stumbled over") {
  const char* file = "/out/file";
  auto failing =
      trace({event("0.1", "unlink", file), event("0.2", "unlink", file, ENOENT),
             event("0.1", "open-create", file), event("0.2", "open-create", file, EEXIST)});
  auto passing = trace({event("0.1", "unlink", file), event("0.1", "open-create", file),
                        event("0.2", "unlink", file), event("0.2", "open-create", file)});
  auto explanation = fault::explain(failing, passing, {});
  REQUIRE(explanation);
  CHECK(explanation->effect.call == "open-create");
  CHECK(explanation->cause.call == "open-create");
  CHECK(std::count(explanation->picture.begin(), explanation->picture.end(), '\n') == 4);
}

TEST_CASE("silent loss: no call fails, yet what was made is gone") {
  std::string file = std::string(kSkill) + "/file";
  auto failing = trace({event("0.2", "mkdir", kSkill), event("0.2", "open-create", file),
                        event("0.1", "unlink", file), event("0.1", "rmdir", kSkill),
                        event("0.1", "mkdir", kHome)});
  auto passing = trace({event("0.1", "mkdir", kHome), event("0.2", "mkdir", kSkill),
                        event("0.2", "open-create", file)});
  auto explanation = fault::explain(failing, passing, hints());
  REQUIRE(explanation);
  CHECK_THAT(explanation->sentence, ContainsSubstring(std::string("storages.0 removed ") + kSkill));
  CHECK_THAT(explanation->sentence, ContainsSubstring("after storages.2 had"));
}

TEST_CASE("a lost update: two writes in conflict whose order changed") {
  auto failing = trace({event("0.1", "read", "/w/count"), event("0.2", "read", "/w/count"),
                        event("0.1", "write", "/w/count"), event("0.2", "write", "/w/count")});
  auto passing = trace({event("0.1", "read", "/w/count"), event("0.1", "write", "/w/count"),
                        event("0.2", "read", "/w/count"), event("0.2", "write", "/w/count")});
  auto explanation = fault::explain(failing, passing, {});
  REQUIRE(explanation);
  CHECK(explanation->effect.call == "write");
  CHECK_THAT(explanation->sentence, ContainsSubstring("guest-download #2 read /w/count before"));
}

TEST_CASE("equal traces, and traces without conflict, explain nothing") {
  auto same = trace({event("0.1", "mkdir", "/a"), event("0.2", "mkdir", "/b")});
  CHECK_FALSE(fault::explain(same, same, {}));
  auto other = trace({event("0.2", "mkdir", "/b"), event("0.1", "mkdir", "/a")});
  CHECK_FALSE(fault::explain(same, other, {}));
}

TEST_CASE("a failure that stands in both orders is nobody's doing") {
  auto failing = trace({event("0.1", "rmdir", "/a"), event("0.2", "stat", "/a", ENOENT)});
  CHECK_FALSE(fault::explain(failing, failing, {}));
}

TEST_CASE("actors are told apart though their work is nested, and no two share a name") {
  auto first = trace({event("0.3", "mkdir", kSkill), event("0.3", "mkdir", kHome),
                      event("0.1", "rmdir", kSkill), event("0.1", "rmdir", kHome),
                      event("0.1", "mkdir", kHome), event("0.4", "mkdir", "/elsewhere"),
                      event("0.5", "mkdir", "/elsewhere")});
  auto names = fault::name_actors(first, first, hints());
  CHECK(names.at("0.1").name == "storages.0");
  CHECK(names.at("0.3").name == "storages.2");
  CHECK(names.at("0.4").name != names.at("0.5").name);
}

TEST_CASE("where no calls are in conflict, the order of replies tells") {
  auto reply = [](const std::string& request, const std::string& status) {
    auto out = event("storage " + request, "reply " + status, request);
    out.source = model::ResultSource::kUnknown;
    return out;
  };
  auto named = [](ScheduleTrace out) {
    out.programs = {{"0", "client"}, {"storage GET /a", "storage"}, {"storage GET /b", "storage"}};
    return out;
  };
  auto failing = named(trace({reply("GET /b", "503"), event("0", "mkdir", "/w/b"),
                              reply("GET /a", "200"), event("0", "mkdir", "/w/a")}));
  auto passing = named(trace({reply("GET /a", "200"), event("0", "mkdir", "/w/a"),
                              reply("GET /b", "503"), event("0", "mkdir", "/w/b")}));
  auto explanation = fault::explain(failing, passing, {});
  REQUIRE(explanation);
  CHECK(explanation->sentence == "storage answered GET /b with 503 before it answered GET /a.");
  CHECK(explanation->picture ==
        "storage                 client (/w/b)\n"
        "reply GET /b  503  ←\n"
        "                        mkdir /w/b  ok\n"
        "reply GET /a  200\n"
        "                        mkdir /w/a  ok");
  CHECK_FALSE(fault::explain(failing, std::nullopt, {}));
}

TEST_CASE("the picture shows the answers that let the two go on") {
  ScheduleEvent reply = event("storage GET /s", "reply 200", "GET /s");
  auto failing =
      trace({event("0.2", "mkdir", kSkill), event("0.2", "open-create", std::string(kSkill) + "/a"),
             reply, event("0.1", "rmdir", kSkill)});
  auto passing = trace({event("0.1", "rmdir", kSkill, ENOENT), event("0.2", "mkdir", kSkill),
                        event("0.2", "open-create", std::string(kSkill) + "/a")});
  auto explanation = fault::explain(failing, passing, hints());
  REQUIRE(explanation);
  CHECK_THAT(explanation->picture, ContainsSubstring("storage\n"));
  CHECK_THAT(explanation->picture, ContainsSubstring("reply GET /s  200"));
}

TEST_CASE("a thread that works now here and now there bears no hint's name") {
  auto failing = trace({event("0.1", "open-create", std::string(kSkill) + "/a"),
                        event("0.1", "mkdir", "/home/user/.claude/skills/mail"),
                        event("0.2", "unlink", std::string(kSkill) + "/a")});
  auto passing = trace({event("0.2", "unlink", std::string(kSkill) + "/a", ENOENT),
                        event("0.1", "open-create", std::string(kSkill) + "/a"),
                        event("0.1", "mkdir", "/home/user/.claude/skills/mail")});
  std::vector<fault::ActorHint> skills = {{kSkill, "storages.2"},
                                          {"/home/user/.claude/skills/mail", "storages.3"}};
  auto names = fault::name_actors(failing, passing, skills);
  CHECK(names.at("0.1").name == "guest-download");
  CHECK(names.at("0.2").name == "storages.2");
}

TEST_CASE(
    "what one thread undid is told at the last; that it asks what a thing is, is no failure") {
  const std::string file = std::string(kSkill) + "/a";
  auto failing = trace({event("0.1", "open-create", file), event("0.1", "unlink", kSkill, EISDIR),
                        event("0.1", "unlink", file)});
  auto passing = trace({event("0.1", "unlink", kSkill, ENOENT), event("0.1", "open-create", file)});
  auto explanation = fault::explain(failing, passing, {});
  REQUIRE(explanation);
  CHECK(explanation->sentence == "guest-download removed " + file + " after it had created it.");
}

TEST_CASE("a lost update: read, written by another, written from what was read") {
  auto read = [](const char* actor) { return event(actor, "read", "/w/n"); };
  auto write = [](const char* actor) { return event(actor, "write", "/w/n"); };
  auto failing = trace({read("0.1"), read("0.2"), write("0.2"), write("0.1")});
  auto passing = trace({read("0.1"), write("0.1"), read("0.2"), write("0.2")});
  auto told = fault::explain(failing, passing, {{"/w/n", "one"}});
  REQUIRE(told);
  CHECK_THAT(told->sentence, ContainsSubstring("read /w/n before"));
  CHECK_THAT(told->sentence, ContainsSubstring("is lost"));
  CHECK(told->cause.actor == "0.2");
  CHECK_THAT(told->picture, ContainsSubstring("  read /w/n"));

  // Who reads again builds on what was written: nothing is lost.
  auto fresh = trace({read("0.1"), read("0.2"), write("0.2"), read("0.1"), write("0.1")});
  auto other = fault::explain(fresh, passing, {});
  CHECK((!other || other->sentence.find("is lost") == std::string::npos));
}

TEST_CASE("a shell's reader and writer are one story, and another family's write breaks it") {
  auto failing = trace({event("0.1.1", "read", "/w/n"), event("0.2.1", "read", "/w/n"),
                        event("0.2.2", "write", "/w/n"), event("0.1.2", "write", "/w/n")});
  auto told = fault::explain(failing, std::nullopt, {});
  REQUIRE(told);
  CHECK(told->cause.actor == "0.2.2");
  CHECK(told->effect.actor == "0.1.2");
  // Strangers that have nobody but the first process in common are no family.
  auto strangers = trace(
      {event("0.1", "read", "/w/n"), event("0.2", "write", "/w/n"), event("0.3", "write", "/w/n")});
  CHECK_FALSE(fault::explain(strangers, std::nullopt, {}));
}

TEST_CASE("what one wrote for itself is overwritten before it is read") {
  auto failing = trace({event("0.1", "write", "/t"), event("0.2", "write", "/t"),
                        event("0.1", "read", "/t"), event("0.2", "read", "/t")});
  auto passing = trace({event("0.1", "write", "/t"), event("0.1", "read", "/t"),
                        event("0.2", "write", "/t"), event("0.2", "read", "/t")});
  auto told = fault::explain(failing, passing, {{"/t", "first"}});
  REQUIRE(told);
  CHECK_THAT(told->sentence, ContainsSubstring("wrote to /t after first had and before first"));
}

TEST_CASE("who removes something in a folder has not undone the folder's making") {
  auto failing = trace({event("0.1", "mkdir", "/w"), event("0.2", "rmdir", "/w/a")});
  CHECK_FALSE(fault::explain(failing, trace({event("0.1", "mkdir", "/w")}), {}));
}
