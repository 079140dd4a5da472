// NCCL where each rank has a GPU; tests/mpi/gpu_exchange_test.cpp has all but CUDA and NCCL themselves.
#include <ATen/Context.h>

#include "comm/gpu_backend.hpp"
#include "gpu/gradients_on_gpu.hpp"
#include "support/support.hpp"

using namespace fastbox;
using namespace fastbox::test;

namespace {

constexpr const char* why = "NCCL needs a GPU for each rank";

/// Nothing where ranks would share one.
std::optional<c10::Device> own_gpu() {
  const auto gpu = gpu_of_rank();
  if (!gpu || static_cast<int>(at::getNumGPUs()) < world().node_size()) return std::nullopt;
  return gpu;
}

}  // namespace

TEST_CASE("NCCL gives the sum, the same on all ranks", "[nccl_exchange]") {
  const auto gpu = own_gpu();
  SKIP_UNLESS(gpu, why);
  const std::string name = world().size() == 1 ? "none" : "nccl";
  for (const int sets : {1, 2}) {
    check_averages(*gpu, "nccl", 0, sets, name);
    check_averages(*gpu, "auto", 0, sets, name);
  }
}

TEST_CASE("a communicator sums in place on a stream of ours, and goes away", "[nccl_exchange]") {
  const auto gpu = own_gpu();
  SKIP_UNLESS(gpu, why);
  auto& backend = comm::gpu_backend();
  REQUIRE(backend.has_nccl());
  const std::string id = world().broadcast(world().is_first() ? backend.make_id() : "");
  const at::Tensor values = at::full({1000}, 1.0 + world().rank(), at::TensorOptions(*gpu));
  const auto stream = backend.make_stream(gpu->index());
  {
    const auto ranks = backend.join(gpu->index(), id, world().rank(), world().size());
    stream->wait_for(*backend.mark_current(gpu->index()));
    ranks->sum(values.data_ptr(), comm::Element::float32, values.numel(), *stream);
    const auto over = stream->mark();
    while (!over->is_over()) ranks->check();
    const double sum = world().size() * (world().size() + 1) / 2.0;
    CHECK(at::all(values == sum).item<bool>());
  }
  // A failure unwinds: the communicator is aborted, whatever it still has queued.
  const std::string second = world().broadcast(world().is_first() ? backend.make_id() : "");
  CHECK_THROWS_WITH(
      [&] {
        const auto ranks = backend.join(gpu->index(), second, world().rank(), world().size());
        fail(ExitCode::numbers, "unwinding");
      }(),
      "unwinding");
}
