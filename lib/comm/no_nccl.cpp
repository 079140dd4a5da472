// A plugin without NCCL: refuse_nccl() turns everyone away before anything else here is asked for.
#include "base/error.hpp"
#include "comm/nccl_ranks.hpp"

namespace fastbox::comm {

bool has_nccl() {
  return false;
}

std::string make_nccl_id() {
  fail(ExitCode::environment, "this build's CUDA plugin has no NCCL");
}

std::unique_ptr<GpuRanks> join_nccl(int, const std::string&, int, int) {
  fail(ExitCode::environment, "this build's CUDA plugin has no NCCL");
}

}  // namespace fastbox::comm
