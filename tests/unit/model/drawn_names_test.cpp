#include "model/drawn_names.h"

#include "catch.h"

using namespace relapse::model;

namespace {

ScheduleEvent event(const std::string& call, std::vector<std::string> paths, int occurrence = 1) {
  ScheduleEvent out;
  out.actor = "0.1";
  out.call = call;
  out.paths = std::move(paths);
  out.occurrence = occurrence;
  return out;
}

}  // namespace

TEST_CASE("what a program draws anew is told from what it means to be another name") {
  CHECK(differ_as_drawn("tmp_obj_Y7u920", "tmp_obj_En0UYL"));
  CHECK(differ_as_drawn("tcXV6Fl", "tQr9sTu"));
  CHECK(differ_as_drawn("log.1763790001", "log.1763790002"));
  CHECK(differ_as_drawn("n.139872", "n.140031"));
  CHECK_FALSE(differ_as_drawn("a", "b"));
  CHECK_FALSE(differ_as_drawn("config1", "config2"));
  CHECK_FALSE(differ_as_drawn("job-9", "job-10"));
  CHECK_FALSE(differ_as_drawn("index", "index.lock"));
  CHECK_FALSE(differ_as_drawn("one", "one"));
}

TEST_CASE("traces whose temporary names differ are the same order") {
  std::vector<ScheduleEvent> first = {event("open-create", {"/w/t.aB3dE6"}),
                                      event("rename", {"/w/t.aB3dE6", "/w/out"})};
  std::vector<ScheduleEvent> second = {event("open-create", {"/w/t.Zy9wV1"}),
                                       event("rename", {"/w/t.Zy9wV1", "/w/out"})};
  CHECK(same_order(first, second));
  second[1].paths[0] = "/w/t.Qqqqqq";  // not the file that was created
  CHECK_FALSE(same_order(first, second));
  second[1].paths = {"/w/t.Zy9wV1", "/w/other"};
  CHECK_FALSE(same_order(first, second));
}

TEST_CASE("a name stands for one other name alone") {
  DrawnNames names;
  CHECK(names.accept(event("mkdir", {"/d/x.abcdef"}), event("mkdir", {"/d/x.uvwxyz"})));
  CHECK_FALSE(names.accept(event("mkdir", {"/d/x.ghijkl"}), event("mkdir", {"/d/x.uvwxyz"}, 1)));
  CHECK_FALSE(names.alike(event("mkdir", {"/d/x.abcdef"}), event("mkdir", {"/d/x.abcdef"})));
  CHECK_FALSE(names.alike(event("mkdir", {"/d/x.abcdef"}), event("rmdir", {"/d/x.uvwxyz"})));
  CHECK(names.alike(event("mkdir", {"/d/x.abcdef/e"}), event("mkdir", {"/d/x.uvwxyz/e"})));
}
