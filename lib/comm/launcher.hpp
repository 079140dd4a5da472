// Which launcher started this process, read from the environment.
//
// Thread-safe as long as nobody changes the environment.
#pragma once

namespace fastbox::comm {

/// Throws Error(environment) with the right command where a launcher meant `ranks > 1` but MPI sees a single one: plain
/// srun without a PMI starts N runs of one rank each, and so does another MPI's mpirun.
void refuse_singletons(int ranks);

/// Whether an MPI launcher started this process: else it is one rank of one, and MPI need not be started at all.
bool is_launched();

}  // namespace fastbox::comm
