#include "distributed.hpp"

#include <chrono>
#include <thread>

#include "base/log.hpp"

namespace fastbox::apps {
namespace {

// Ranks that fail for one reason do so within moments of each other.
constexpr std::chrono::seconds patience{5};
// hydra drops what a rank has written but not yet passed on when the job is aborted.
constexpr std::chrono::milliseconds time_to_be_heard{500};

/// Whether all ranks reach this point in time. Collective for those that do.
bool all_ranks_arrive(comm::World& world) {
  if (world.size() == 1) return true;
  auto arrived = std::make_shared<std::promise<void>>();
  auto waiting = arrived->get_future();
  world.mpi().post([&world, arrived] {
    MPI_Request request;
    MPI_Ibarrier(world.leaving(), &request);
    world.mpi().watch(request, [arrived] { arrived->set_value(); });
  });
  return waiting.wait_for(patience) == std::future_status::ready;
}

/// What all ranks met is said once: by rank 0, and by those that have something else to say.
void let_rank_0_speak(comm::World& world, const std::string& message) {
  if (world.broadcast(message) == message && !world.is_first()) log::set_level(log::Level::off);
}

}  // namespace

void run_distributed(const std::function<void(comm::World&)>& work) {
  comm::World world;
  ExitCode code = ExitCode::defect;
  std::string message;
  try {
    work(world);
    return;
  } catch (const Error& error) {
    code = error.code();
    message = error.what();
  } catch (const std::exception& error) {
    message = concat("a defect of fastbox: ", error.what());
  }
  if (!all_ranks_arrive(world)) {
    log::error(message);
    std::this_thread::sleep_for(time_to_be_heard);
    comm::World::abort(code);
  }
  code = world.agree(code);
  let_rank_0_speak(world, message);
  throw Error(code, message);
}

}  // namespace fastbox::apps
