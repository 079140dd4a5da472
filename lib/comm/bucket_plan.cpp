#include "comm/bucket_plan.hpp"

namespace fastbox::comm {
namespace {

std::int64_t padded(std::int64_t count) {
  return (count + BucketPlan::alignment - 1) / BucketPlan::alignment * BucketPlan::alignment;
}

/// The first slot of the last bucket: as many slots from the end as fit into a small bucket.
std::size_t begin_of_last_bucket(const std::vector<Slot>& slots, std::int64_t small_bucket) {
  std::size_t begin = slots.size();
  std::int64_t sum = 0;
  while (begin > 0 && sum + padded(slots[begin - 1].count) <= small_bucket) sum += padded(slots[--begin].count);
  return begin;
}

}  // namespace

BucketPlan plan_buckets(const std::vector<std::int64_t>& counts, std::int64_t small_bucket, std::int64_t large_bucket) {
  BucketPlan plan;
  plan.slot_of_parameter.resize(counts.size());
  plan.bucket_of_parameter.resize(counts.size());
  for (std::size_t parameter = counts.size(); parameter-- > 0;) {
    plan.slot_of_parameter[parameter] = plan.slots.size();
    plan.slots.push_back({parameter, plan.elements, counts[parameter]});
    plan.elements += padded(counts[parameter]);
  }

  const std::size_t last_begin = begin_of_last_bucket(plan.slots, small_bucket);
  for (std::size_t i = 0; i < plan.slots.size(); ++i) {
    const std::int64_t size = padded(plan.slots[i].count);
    const std::int64_t limit = plan.buckets.size() <= 1 ? small_bucket : large_bucket;
    if (plan.buckets.empty() || i == last_begin || plan.buckets.back().count + size > limit)
      plan.buckets.push_back({i, 0, plan.slots[i].offset, 0});
    plan.buckets.back().count += size;
    ++plan.buckets.back().slots;
    plan.bucket_of_parameter[plan.slots[i].parameter] = plan.buckets.size() - 1;
  }
  return plan;
}

}  // namespace fastbox::comm
