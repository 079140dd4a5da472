#include "comm/launcher.hpp"

#include <cstdlib>

#include "base/error.hpp"

namespace fastbox::comm {
namespace {

/// The variable as a number; 0 where it is unset or no number.
long long number_in_environment(const char* name) {
  const char* text = std::getenv(name);
  long long value = 0;
  return text != nullptr && parse_integer(text, value) ? value : 0;
}

}  // namespace

void refuse_singletons(int ranks) {
  if (ranks > 1) return;
  // SLURM_STEP_NUM_TASKS is set by srun alone: a batch script that runs one process of its own has SLURM_NTASKS too.
  if (const auto tasks = number_in_environment("SLURM_STEP_NUM_TASKS"); tasks > 1)
    fail(ExitCode::environment, "srun started ", tasks,
         " tasks, but each is a run of one rank; use 'srun --mpi=pmi2 fastbox ...'", " or 'mpiexec -n ", tasks,
         " fastbox ...'");
  if (const auto tasks = number_in_environment("OMPI_COMM_WORLD_SIZE"); tasks > 1)
    fail(ExitCode::environment, "Open MPI's mpirun started ", tasks,
         " processes, but fastbox is built on MPICH and each is a run of ", "one rank; use MPICH's 'mpiexec -n ", tasks,
         " fastbox ...'");
}

bool is_launched() {
  for (const char* name : {"PMI_RANK", "PMI_FD", "PMIX_RANK", "SLURM_STEP_NUM_TASKS", "OMPI_COMM_WORLD_SIZE"})
    if (std::getenv(name) != nullptr) return true;
  return false;
}

}  // namespace fastbox::comm
