// Which launcher started this process, read from the environment.
//
// Thread-safe as long as nobody changes the environment.
#pragma once

#include <functional>

namespace fastbox::comm {

/// Throws Error(environment) with the right command where a launcher meant `ranks > 1` but MPI sees a single one: plain
/// srun without a PMI starts N runs of one rank each, and so does another MPI's mpirun.
void refuse_singletons(int ranks);

/// Whether an MPI launcher started this process: else it is one rank of one, and MPI need not be started at all.
bool is_launched();

/// Leaves the job by the launcher's own protocol (PMI-1) in place of MPI_Finalize: waits until all ranks have come here,
/// calling `progress` meanwhile, and says goodbye. False, with nothing done, where the launcher speaks another protocol.
bool leave_by_launcher(const std::function<void()>& progress);

}  // namespace fastbox::comm
