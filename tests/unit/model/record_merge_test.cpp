#include "model/record_merge.h"

#include "catch.h"

using namespace relapse::model;

namespace {

Record made(const std::string& id, VerdictKind verdict, const std::string& started) {
  Record record;
  record.version = "1";
  record.started = started;
  record.duration_ms = 1000;
  record.verdict = verdict;
  record.scenarios.emplace_back().id = id;
  record.scenarios.back().verdict = verdict;
  return record;
}

Record shard(int index, int count) {
  Record record = made("s" + std::to_string(index), VerdictKind::kPass, "2026-05-04T03:02:01Z");
  record.shard = ShardFacts{index, count};
  return record;
}

}  // namespace

TEST_CASE("records merge to the worst verdict, and nothing is lost") {
  auto merged = merge_records({made("a", VerdictKind::kPass, "2026-05-04T03:02:11Z"),
                               made("a", VerdictKind::kFail, "2026-05-04T03:02:01Z"),
                               made("b", VerdictKind::kPass, "2026-05-04T03:02:21Z")});
  REQUIRE(merged);
  CHECK(merged->verdict == VerdictKind::kFail);
  CHECK(merged->scenarios.size() == 3);
  CHECK(merged->started == "2026-05-04T03:02:01Z");
  CHECK(merged->duration_ms == 21'000);
}

TEST_CASE("shards merge when all are there") {
  auto merged = merge_records({shard(2, 3), shard(1, 3), shard(3, 3)});
  REQUIRE(merged);
  CHECK(merged->verdict == VerdictKind::kPass);
  CHECK_FALSE(merged->shard);
  CHECK(merge_records({shard(1, 2), shard(2, 2), shard(2, 2)}));  // one was run again
}

TEST_CASE("a shard that has not run is no pass") {
  auto merged = merge_records({shard(1, 3), shard(3, 3)});
  REQUIRE_FALSE(merged);
  CHECK(merged.error().kind == ErrorKind::kUnavailable);
  CHECK_THAT(merged.error().message, Catch::Matchers::Contains("of 3 shards 2 is missing"));
}

TEST_CASE("what does not belong together is not merged") {
  CHECK_FALSE(merge_records({}));
  auto other = shard(2, 2);
  other.version = "2";
  CHECK(merge_records({shard(1, 2), other}).error().kind == ErrorKind::kUsage);
  CHECK(merge_records({shard(1, 2), shard(2, 3)}).error().kind == ErrorKind::kUsage);
  auto whole = made("a", VerdictKind::kPass, "2026-05-04T03:02:01Z");
  CHECK(merge_records({shard(1, 2), whole}).error().kind == ErrorKind::kUsage);
}

TEST_CASE("a record says which shard it is, also after it was written and read") {
  auto back = record_from_json(to_json(shard(2, 3)));
  REQUIRE(back);
  CHECK(back->shard == ShardFacts{2, 3});
  auto wrong = to_json(shard(3, 3));
  wrong["shard"]["index"] = 4;
  CHECK_FALSE(record_from_json(wrong));
}
