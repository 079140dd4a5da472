#include "train/same_start.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>

#include "base/files.hpp"
#include "config/resolved.hpp"

namespace fastbox::train {
namespace {

/// The first 60 bits of the sha256 of a tensor's bytes in its own layout.
long long digest_of(const at::Tensor& tensor) {
  const at::Tensor host = tensor.detach().cpu().contiguous();
  const std::string digest = sha256(std::string_view(static_cast<const char*>(host.const_data_ptr()), host.nbytes()));
  return std::stoll(digest.substr(0, 15), nullptr, 16);
}

}  // namespace

void require_same_program(comm::World& world, const config::RunConfig& config) {
  if (world.size() == 1) return;
  if (const auto rank = world.first_that_differs(sha256_of_file("/proc/self/exe")); rank >= 0)
    fail(ExitCode::usage, "rank ", rank, " runs another fastbox than rank 0; all ranks need the same binary");

  const auto rank = world.first_that_differs(config::fingerprint(config));
  if (rank < 0) return;
  // Key by key, as text: the first that rank 0 has otherwise than that rank.
  const std::string text = config::to_yaml(config, /*with_origins=*/false), first = world.broadcast(text);
  const auto mine = split(text, '\n'), others = split(first, '\n');
  std::string difference;
  for (std::size_t i = 0; i < std::min(mine.size(), others.size()) && difference.empty(); ++i)
    if (mine[i] != others[i])
      difference = concat("'", trim(others[i]), "' on rank 0, '", trim(mine[i]), "' on rank ", rank);
  const auto texts = world.gather(world.rank() == rank ? difference : "");
  for (const auto& found : texts)
    if (!found.empty()) difference = found;
  fail(ExitCode::usage, "rank ", rank, " has another run file than rank 0: ", world.broadcast(difference),
       "; all ranks need the same");
}

void require_same_plan(comm::World& world, const comm::BucketPlan& plan) {
  std::string text;
  for (const auto& bucket : plan.buckets) text += concat(bucket.offset, '+', bucket.count, ' ');
  if (const auto rank = world.first_that_differs(text); rank >= 0)
    fail(ExitCode::usage, "rank ", rank, " has other gradient buckets than rank 0 (", plan.buckets.size(), " here)");
}

void require_same_tensors(comm::World& world, const NamedTensors& tensors, const std::string& when) {
  if (world.size() == 1) return;
  std::vector<long long> digests, negative;
  for (const auto& [name, tensor] : tensors) digests.push_back(digest_of(tensor)), negative.push_back(-digests.back());
  const auto high = world.max(digests), low = world.max(negative);
  std::size_t i = 0;
  for (const auto& [name, tensor] : tensors) {
    if (high[i] != -low[i]) {
      const auto rank = world.first_that_differs(concat(digests[i]));
      fail(ExitCode::numbers, when, ", ", name, " of rank ", rank,
           " is not rank 0's: a defect of memory, of a device or of fastbox. Go on from the last checkpoint with "
           "--resume");
    }
    ++i;
  }
}

}  // namespace fastbox::train
