#include "versions/bisect.h"

#include <vector>

#include "catch.h"

using namespace relapse::run;
using relapse::model::Error;
using relapse::model::Result;

namespace {

struct Versions {
  std::vector<std::string> does;  // "": cannot be judged
  size_t asked = 0;

  BisectResult search() {
    auto result = bisect(does.size(), [this](size_t index) -> Result<Behaviour> {
      ++asked;
      return does[index].empty() ? Behaviour() : Behaviour(does[index]);
    });
    REQUIRE(result);
    return *result;
  }
};

std::vector<std::string> changed_at(size_t count, size_t at) {
  std::vector<std::string> does(count, "hangs");
  std::fill(does.begin() + static_cast<std::ptrdiff_t>(at), does.end(), "ends");
  return does;
}

}  // namespace

TEST_CASE("the first version of the other kind is found, wherever it is, in a logarithm of steps") {
  for (size_t count = 2; count < 40; ++count) {
    for (size_t at = 1; at < count; ++at) {
      Versions versions{changed_at(count, at)};
      auto found = versions.search();
      CHECK(found.last_old == at - 1);
      CHECK(found.first_new == at);
      CHECK(versions.asked <= 8);  // the two ends, and log2 of 39
    }
  }
}

TEST_CASE("versions that cannot be judged are stepped around") {
  Versions versions{{"hangs", "hangs", "", "", "ends", "ends"}};
  auto found = versions.search();
  CHECK(found.last_old == 1);
  CHECK(found.first_new == 4);
  CHECK(found.tried.at(2) == Behaviour());
}

TEST_CASE("where both ends do the same, or one cannot be judged, nothing is claimed") {
  for (const auto& does : std::vector<std::vector<std::string>>{
           {"ends", "hangs", "ends"}, {"", "ends"}, {"hangs", ""}, {"ends"}, {}}) {
    CHECK_FALSE(Versions{does}.search().first_new);
  }
}

TEST_CASE("every version is asked once at most") {
  Versions versions{{"a", "", "", "", "", "b"}};
  versions.search();
  CHECK(versions.asked == 6);
}

TEST_CASE("an error ends the search") {
  auto result = bisect(5, [](size_t) -> Result<Behaviour> {
    return Error{relapse::model::ErrorKind::kUsage, "no"};
  });
  CHECK_FALSE(result);
}
