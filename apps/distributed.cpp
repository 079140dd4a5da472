#include "distributed.hpp"

#include <chrono>
#include <thread>

#include "base/log.hpp"

namespace fastbox::apps {
namespace {

// Ranks that fail for one reason do so within moments of each other.
constexpr std::chrono::seconds patience{5};

/// Whether all ranks reach this point in time. Collective for those that do.
bool all_ranks_arrive(comm::World& world) {
  if (world.size() == 1) return true;
  auto arrived = std::make_shared<std::promise<void>>();
  auto waiting = arrived->get_future();
  world.mpi().post([&world, arrived] {
    MPI_Request request;
    MPI_Ibarrier(MPI_COMM_WORLD, &request);
    world.mpi().watch(request, [arrived] { arrived->set_value(); });
  });
  return waiting.wait_for(patience) == std::future_status::ready;
}

}  // namespace

void run_distributed(const std::function<void(comm::World&)>& work) {
  comm::World world;
  try {
    work(world);
  } catch (const Error& error) {
    if (all_ranks_arrive(world)) throw;
    log::error(error.what());
    comm::World::abort(error.code());
  } catch (const std::exception& error) {
    if (all_ranks_arrive(world)) throw;
    log::error("a defect of fastbox: ", error.what());
    comm::World::abort(ExitCode::defect);
  }
}

}  // namespace fastbox::apps
