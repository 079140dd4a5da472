// Ranks that are to compute the same must start the same: their binary, run file, bucket plan and parameters are compared.
//
// Collective. Errors are thrown on every rank.
#pragma once

#include "comm/bucket_plan.hpp"
#include "comm/world.hpp"
#include "config/run_file.hpp"
#include "train/tensor_file.hpp"

namespace fastbox::train {

/// Throws Error(usage) naming the first rank whose binary differs, or whose run file does and in which key.
void require_same_program(comm::World& world, const config::RunConfig& config);

/// Throws Error(usage) naming the first rank whose buckets lie otherwise.
void require_same_plan(comm::World& world, const comm::BucketPlan& plan);

/// Throws Error(numbers) naming the first tensor that is not the same to the bit on all ranks, and a rank where it differs
/// from rank 0's. `when`: "at the start", "after step 1000".
void require_same_tensors(comm::World& world, const NamedTensors& tensors, const std::string& when);

}  // namespace fastbox::train
