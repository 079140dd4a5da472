// All ranks' operations as a Chrome trace: a JSON file for chrome://tracing or ui.perfetto.dev.
//
// A process for each rank, with a line for what it computes and waits for and one for its buckets. The ranks' clocks are
// laid over each other at one barrier: on one machine exactly, between hosts within the time of a message.
#pragma once

#include <filesystem>

#include "comm/world.hpp"

namespace fastbox::comm {

/// Operations that a rank keeps for a trace: about 3000 steps of a model of ten buckets.
inline constexpr std::size_t trace_operations = 100'000;

/// Collective. Rank 0 writes; throws Error(environment) there.
void write_trace(World& world, const std::filesystem::path& file);

}  // namespace fastbox::comm
