// NCCL behind gpu_backend.hpp, or its absence: the plugin is linked with nccl_ranks.cpp or with no_nccl.cpp. Part of the
// plugin, never of the core. C++17.
#pragma once

#include <memory>
#include <string>

#include "comm/gpu_backend.hpp"

namespace fastbox::comm {

bool has_nccl();
std::string make_nccl_id();
std::unique_ptr<GpuRanks> join_nccl(int device, const std::string& id, int rank, int ranks);

}  // namespace fastbox::comm
