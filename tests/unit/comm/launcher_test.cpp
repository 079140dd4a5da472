#include <catch2/catch.hpp>

#include <cstdlib>

#include "comm/launcher.hpp"
#include "support/support.hpp"

using namespace fastbox;

namespace {

/// Sets a variable for the test case only.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  ~Variable() { unsetenv(name_); }

 private:
  const char* name_;
};

}  // namespace

TEST_CASE("N runs of one rank each are refused with the right command", "[launcher]") {
  comm::refuse_singletons(1);
  {
    const Variable tasks("SLURM_STEP_NUM_TASKS", "4");
    const auto refused = test::caught([] { comm::refuse_singletons(1); });
    CHECK(refused.code == ExitCode::environment);
    CHECK(refused.mentions("srun --mpi=pmi2"));
    CHECK(refused.mentions("mpiexec -n 4"));
    comm::refuse_singletons(4);  // as it should be
  }
  const Variable ranks("OMPI_COMM_WORLD_SIZE", "2");
  CHECK(test::caught([] { comm::refuse_singletons(1); }).mentions("MPICH"));
}

TEST_CASE("a batch script that runs one process is no mistake", "[launcher]") {
  const Variable tasks("SLURM_NTASKS", "4"), one("SLURM_STEP_NUM_TASKS", "1");
  comm::refuse_singletons(1);
}
