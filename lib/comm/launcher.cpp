#include "comm/launcher.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace fastbox::comm {
namespace {

/// The variable as a number; 0 where it is unset or no number.
long long number_in_environment(const char* name) {
  const char* text = std::getenv(name);
  long long value = 0;
  return text != nullptr && parse_integer(text, value) ? value : 0;
}

/// One line of PMI-1 to the launcher and its answer, which is at most a few words.
std::string ask_launcher(int channel, std::string_view line, const std::function<void()>& progress) {
  if (write(channel, line.data(), line.size()) != static_cast<ssize_t>(line.size())) return "";
  std::string answer;
  while (answer.empty() || answer.back() != '\n') {
    progress();
    pollfd waiting{channel, POLLIN, 0};
    const int ready = poll(&waiting, 1, /*milliseconds=*/1);
    if (ready < 0 && errno != EINTR) return "";
    if (ready <= 0) continue;
    char next = 0;
    if (read(channel, &next, 1) != 1) return "";
    answer += next;
  }
  return answer;
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

bool leave_by_launcher(const std::function<void()>& progress) {
  const auto channel = static_cast<int>(number_in_environment("PMI_FD"));
  if (channel <= 0) return false;
  if (ask_launcher(channel, "cmd=barrier_in\n", progress).find("cmd=barrier_out") == std::string::npos) return false;
  ask_launcher(channel, "cmd=finalize\n", progress);
  return true;
}

}  // namespace fastbox::comm
