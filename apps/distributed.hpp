// Runs a command's work on all ranks, so that they leave together with one exit code.
#pragma once

#include <functional>

#include "comm/world.hpp"

namespace fastbox::apps {

/// Makes the World, runs `work`, and lets the ranks agree on the worst code of them all before it rethrows. A rank
/// whose failure the others do not share cannot wait for them: it says why and ends the job (MPI_Abort).
void run_distributed(const std::function<void(comm::World&)>& work);

}  // namespace fastbox::apps
