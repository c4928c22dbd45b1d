#include "model/verdict.h"

#include "catch.h"

using relapse::model::VerdictKind;

TEST_CASE("the worst of many verdicts wins, and a skip is never green") {
  CHECK(worse(VerdictKind::kPass, VerdictKind::kInconclusive) == VerdictKind::kInconclusive);
  CHECK(worse(VerdictKind::kInconclusive, VerdictKind::kFail) == VerdictKind::kFail);
  CHECK(worse(VerdictKind::kFail, VerdictKind::kError) == VerdictKind::kError);
  CHECK(worse(VerdictKind::kPass, VerdictKind::kPass) == VerdictKind::kPass);
}

TEST_CASE("every verdict has its word and its exit code") {
  for (auto kind :
       {VerdictKind::kPass, VerdictKind::kFail, VerdictKind::kInconclusive, VerdictKind::kError}) {
    auto back = relapse::model::verdict_from_word(to_word(kind));
    REQUIRE(back.ok());
    CHECK(*back == kind);
  }
  CHECK(exit_code(VerdictKind::kPass) == 0);
  CHECK(exit_code(VerdictKind::kFail) == 1);
  CHECK(exit_code(VerdictKind::kError) == 3);
  CHECK(exit_code(VerdictKind::kInconclusive) == 4);
  CHECK_FALSE(relapse::model::verdict_from_word("green").ok());
}
