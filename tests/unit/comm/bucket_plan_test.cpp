#include <catch2/catch.hpp>

#include "comm/bucket_plan.hpp"

using namespace fastbox::comm;

namespace {

void check_whole(const BucketPlan& plan, const std::vector<std::int64_t>& counts) {
  std::int64_t offset = 0;
  std::size_t slot = 0;
  for (const auto& bucket : plan.buckets) {
    CHECK(bucket.offset == offset);
    CHECK(bucket.first_slot == slot);
    CHECK(bucket.count % BucketPlan::alignment == 0);
    offset += bucket.count;
    slot += bucket.slots;
  }
  CHECK(offset == plan.elements);
  CHECK(slot == counts.size());
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const Slot& own = plan.slots[plan.slot_of_parameter[i]];
    const Bucket& bucket = plan.buckets[plan.bucket_of_parameter[i]];
    CHECK(own.parameter == i);
    CHECK(own.count == counts[i]);
    CHECK(own.offset >= bucket.offset);
    CHECK(own.offset + own.count <= bucket.offset + bucket.count);
  }
}

}  // namespace

TEST_CASE("gradients lie in reverse order of the forward pass, each aligned", "[bucket_plan]") {
  const std::vector<std::int64_t> counts = {5, 16, 17};
  const auto plan = plan_buckets(counts, 1000, 1000);
  check_whole(plan, counts);
  CHECK(plan.slots[0].parameter == 2);
  CHECK(plan.slots[1].offset == 32);
  CHECK(plan.elements == 32 + 16 + 16);
}

TEST_CASE("first and last bucket are small, those between large, a giant has its own", "[bucket_plan]") {
  std::vector<std::int64_t> counts(100, 16);
  counts[50] = 1000;
  const auto plan = plan_buckets(counts, 64, 320);
  check_whole(plan, counts);
  CHECK(plan.buckets.front().count == 64);
  CHECK(plan.buckets.back().count == 64);
  CHECK(plan.buckets[plan.bucket_of_parameter[50]].slots == 1);
  for (std::size_t i = 1; i + 1 < plan.buckets.size(); ++i)
    CHECK((plan.buckets[i].count <= 320 || plan.buckets[i].slots == 1));
}

TEST_CASE("a model that fits one bucket has one", "[bucket_plan]") {
  CHECK(plan_buckets({3}, 1000, 1000).buckets.size() == 1);
  CHECK(plan_buckets({3, 4, 5}, 1000, 1000).buckets.size() == 1);
}
