#include "knockout/artifact.h"

#include "catch.h"
#include "os/files.h"

namespace relapse::env {

namespace {

Artifact make(const std::map<std::string, std::string>& files) {
  Artifact artifact;
  for (const auto& [path, text] : files) {
    model::FileEntry entry;
    entry.mode = 0644;
    entry.bytes = text.size();
    entry.sha256 = os::sha256_of_text(text);
    artifact.tree[path] = entry;
  }
  artifact.read = [files](const std::string& path) { return std::optional(files.at(path)); };
  return artifact;
}

}  // namespace

TEST_CASE("equal builds leave nothing to take out") {
  const Reference reference(make({{"a", "1"}, {"b", "2"}}), make({{"a", "1"}, {"b", "2"}}));
  CHECK(reference.deterministic());
  CHECK(reference.compare(make({{"a", "1"}, {"b", "2"}})).same());
  CHECK(reference.compare(make({{"a", "1"}, {"b", "3"}})).paths == std::vector<std::string>{"b"});
  CHECK(reference.compare(make({{"a", "1"}})).paths == std::vector<std::string>{"b"});
  CHECK(reference.compare(make({{"a", "1"}, {"b", "2"}, {"c", ""}})).paths ==
        std::vector<std::string>{"c"});
}

TEST_CASE("a mode is part of what is delivered") {
  auto other = make({{"a", "1"}});
  other.tree["a"].mode = 0755;
  CHECK_FALSE(Reference(make({{"a", "1"}})).compare(other).same());
}

TEST_CASE("a random build id is taken out of paths and texts") {
  auto build = [](const std::string& id, const std::string& api) {
    return make({{"static/" + id + "/main.js", "run('" + id + "')"},
                 {"manifest.json", "{\"id\":\"" + id + "\",\"api\":\"" + api + "\"}"},
                 {"same.js", "x"}});
  };
  const Reference reference(build("Xa3-b", "one"), build("pQ9_z", "one"));
  CHECK_FALSE(reference.deterministic());
  CHECK(reference.varying_paths().size() == 2);
  CHECK(reference.compare(build("m7Kd0", "one")).same());
  CHECK(reference.compare(build("m7Kd0", "two")).paths ==
        std::vector<std::string>{"manifest.json"});
}

TEST_CASE("texts whose parts come and go are compared by their words") {
  const auto pattern = learn_pattern("spans: a 12, b 7, took 31", "spans: b 9, a 12 2, took 8");
  CHECK(pattern.how == FilePattern::How::kBag);
  CHECK(fits(pattern, "", "took 77 spans a b, 1 2 3 12"));
  CHECK_FALSE(fits(pattern, "", "took 77 spans a, 12"));        // b is lost
  CHECK_FALSE(fits(pattern, "", "took 77 spans a b key, 12"));  // a word is new
  CHECK(learn_pattern("one two", "three").how == FilePattern::How::kOpaque);
}

TEST_CASE("a random key in base64 is one word") {
  auto build = [](const std::string& key, const std::string& api) {
    return make({{"keys.json", "{\"key\":\"" + key + "\",\"api\":\"" + api + "\"}"}});
  };
  Reference reference(build("q83vASNFZ4mrze8BI0VniavN7wEjRWeJ", "one"),
                      build("/83v+SNFZ4mr/e8BI0Vniav+7wEjRWe=", "one"));
  CHECK(reference.compare(build("a+b/c+dSNFZ4mrze8BI0VniavN7wEjRW", "one")).same());
  CHECK_FALSE(reference.compare(build("a+b/c+dSNFZ4mrze8BI0VniavN7wEjRW", "two")).same());
  // Two that happen to hold neither sign, and a third that does.
  Reference plain(build("q83vASNFZ4mrze8BI0VniavN7wEjRWeJ", "one"),
                  build("x83vASNFZ4mrze8BI0VniavN7wEjRWeJ", "one"));
  CHECK(plain.compare(build("a+b/c+dSNFZ4mrze8BI0VniavN7wEjRW", "one")).same());
}

TEST_CASE("a time in a binary's header is passed over") {
  using namespace std::string_literals;
  auto archive = [](char time, char content) {
    return "head\0"s + std::string(1, time) + "\0rest of the content "s + std::string(20, content);
  };
  const auto pattern = learn_pattern(archive('1', 'x'), archive('2', 'x'));
  CHECK(pattern.how == FilePattern::How::kBytes);
  CHECK(fits(pattern, archive('1', 'x'), archive('7', 'x')));
  CHECK_FALSE(fits(pattern, archive('1', 'x'), archive('1', 'y')));
}

TEST_CASE("a time's further digits are learned from a third build") {
  using namespace std::string_literals;
  auto build = [](const std::string& time, char content) {
    return make({{"a", "head\0"s + time + "\0rest of the content "s + std::string(20, content)}});
  };
  Reference reference(build("12:30:41", 'x'), build("12:30:47", 'x'));
  CHECK_FALSE(reference.compare(build("12:31:09", 'x')).same());
  reference.check(build("12:31:09", 'x'));
  CHECK(reference.compare(build("12:38:55", 'x')).same());
  CHECK(reference.compare(build("12:38:55", 'y')).paths == std::vector<std::string>{"a"});
}

TEST_CASE("a table in another order is the same table") {
  using namespace std::string_literals;
  auto build = [](const std::string& table) { return make({{"deps", "\1\0"s + table}}); };
  Reference reference(build("src/main.rs|out/schema.rs"), build("out/schema.rs|src/main.rs"));
  reference.check(build("src/main.rs|out/schema.rs"));
  CHECK(reference.compare(build("out/schema.rs|src/main.rs")).same());
  CHECK(reference.compare(build("out/schema.rs|src/main.js")).paths.size() == 1);
}

TEST_CASE("nothing counts in a cache of which something varies, all does in one that is the same") {
  using namespace std::string_literals;
  auto build = [](const std::string& log, const std::string& entry) {
    return make({{"cache/tool/log", log}, {"cache/tool/entry", entry}, {"a.js", "t"}});
  };
  CHECK(Reference(build("took 1", "x"), build("took 2", "x")).compare(build("took 3", "y")).same());
  CHECK_FALSE(
      Reference(build("took 1", "x"), build("took 1", "x")).compare(build("took 1", "y")).same());
}

TEST_CASE("what varies in no known way decides nothing, and is named") {
  using namespace std::string_literals;
  auto build = [](const std::string& noise, const std::string& text) {
    return make({{"seal", "\0"s + noise}, {"cache/pack", "\0\0"s + noise}, {"a.js", text}});
  };
  const Reference reference(build("wertzuio", "t"), build("asdfghjk", "t"));
  const auto same = reference.compare(build("yxcvbnml", "t"));
  CHECK(same.paths.empty());
  CHECK(same.opaque == std::vector<std::string>{"seal"});  // a tool's cache is not delivered
  CHECK(reference.compare(build("yxcvbnml", "u")).paths == std::vector<std::string>{"a.js"});
}

TEST_CASE("numbers that agree in two builds by chance are learned from a third") {
  auto build = [](const std::string& log) { return make({{"log", log}}); };
  // In place: the second number agrees.
  Reference in_place(build("took 12, then 7"), build("took 13, then 7"));
  in_place.check(build("took 14, then 9"));
  CHECK(in_place.compare(build("took 15, then 8")).same());
  CHECK_FALSE(in_place.compare(build("took 15, than 8")).same());
  // Of changing number: 7 is in both.
  Reference bag(build("a 12 7, b 7"), build("a 13, b 7 1"));
  CHECK(bag.compare(build("a 1, b 2 3")).same());
  CHECK(bag.compare(build("a 1, c 2 3")).opaque == std::vector<std::string>{"log"});
}

TEST_CASE("a third build unlearns what held for two by chance") {
  using namespace std::string_literals;
  auto build = [](const std::string& date, const std::string& seal) {
    return make({{"main.js", "start('" + date + "')"}, {"seal", "\0"s + seal}});
  };
  // Both were done in the same second, and by some accident with the same seal.
  Reference reference(build("12:07:41", "wertzuio"), build("12:07:41", "wertzuio"));
  CHECK(reference.deterministic());
  reference.check(build("12:08:13", "asdfghjk"));
  CHECK_FALSE(reference.deterministic());
  const auto difference = reference.compare(build("12:18:02", "yxcvbnml"));
  CHECK(difference.paths.empty());
  CHECK(difference.opaque == std::vector<std::string>{"seal"});
}

TEST_CASE("what differs in two builds that lack the same decides nothing") {
  auto build = [](const std::string& a, const std::string& b) {
    return make({{"a", a}, {"b", b}});
  };
  Reference reference(build("1", "x"), build("1", "x"));
  reference.check_equal(build("1", "y"), build("1", "x"));
  CHECK(reference.compare(build("1", "y")).opaque == std::vector<std::string>{"b"});
  CHECK(reference.compare(build("2", "y")).paths == std::vector<std::string>{"a"});
}

}  // namespace relapse::env
