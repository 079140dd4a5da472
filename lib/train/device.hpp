// Which device a run computes on, and the CUDA plugin that a GPU needs.
//
// Called once at start, from one thread, before anything else asks torch about CUDA (the answer is cached).
#pragma once

#include <c10/core/Device.h>

#include <string>

namespace fastbox::train {

/// `wanted`: cpu, cuda, or auto (a GPU where the machine has one and the plugin is there). `local_rank` picks among
/// several GPUs, in turn. Only for a GPU opens the plugin, which lies beside the executable, and settles how CUDA's
/// libraries compute. Throws Error(environment) where cuda is wanted and the plugin or a GPU is missing.
c10::Device choose_device(const std::string& wanted, int local_rank);

/// Threads for one rank: `wanted`, or the process's cores shared out among the node's ranks where that is 0.
int choose_threads(int wanted, int ranks_on_node);

/// Whether the machine shows a GPU (its device file), asked without loading CUDA.
bool machine_has_gpu();

/// Where the plugin is expected: beside the executable.
std::string plugin_path();

}  // namespace fastbox::train
