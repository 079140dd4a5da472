// Where each parameter's gradient lies in one flat buffer, and which stretches of it are exchanged together.
//
// The buffer runs in reverse order of the forward pass, the order in which backward finishes gradients, so each bucket
// is one contiguous stretch. Built once from sizes alone: equal on all ranks. Immutable; freely shared.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fastbox::comm {

struct Slot {
  std::size_t parameter;  ///< index in the order of the forward pass
  std::int64_t offset;    ///< elements from the buffer's begin; a multiple of `alignment`
  std::int64_t count;     ///< elements
};

struct Bucket {
  std::size_t first_slot, slots;
  std::int64_t offset, count;  ///< elements, padding between slots included
};

struct BucketPlan {
  static constexpr std::int64_t alignment = 16;  ///< elements; 64 bytes of float32

  std::int64_t elements = 0;    ///< of the whole buffer, padding included
  std::vector<Slot> slots;      ///< in the buffer's order: the last parameter of the forward pass first
  std::vector<Bucket> buckets;  ///< in the buffer's order, which is the order of launch
  std::vector<std::size_t> slot_of_parameter;
  std::vector<std::size_t> bucket_of_parameter;
};

/// `counts`: elements of each parameter in the order of the forward pass. The first bucket (and the last, so that
/// little remains to exchange once backward is over) holds at most `small_bucket` elements, the others `large_bucket`;
/// a parameter larger than that has a bucket of its own.
BucketPlan plan_buckets(const std::vector<std::int64_t>& counts, std::int64_t small_bucket, std::int64_t large_bucket);

}  // namespace fastbox::comm
