// One GPU, whatever the ranks that share it: CUDA's part of the exchange, and gradients through page-locked memory.
#include "comm/gpu_backend.hpp"
#include "comm/ordered_sum.hpp"
#include "gpu/gradients_on_gpu.hpp"
#include "support/support.hpp"

using namespace fastbox;
using namespace fastbox::test;

namespace {

constexpr const char* why = "there is no GPU here";

}  // namespace

TEST_CASE("host exchanges give a GPU's gradients their sum, in the shards' order where asked", "[staged_exchange]") {
  const auto gpu = gpu_of_rank();
  SKIP_UNLESS(gpu, why);
  const bool alone = world().size() == 1;
  const auto name = [&](const std::string& host) { return alone ? "none" : host + " through page-locked memory"; };
  for (const int sets : {1, 2}) {
    check_averages(*gpu, "mpi", 0, sets, name("mpi"));
    check_averages(*gpu, "hierarchical", 12, sets, name("hierarchical"));
    if (world().nodes() > 1) continue;
    check_averages(*gpu, "shared", 0, sets, name("shared"));
    check_averages(*gpu, "shared", 12, sets, name("shared"));
    check_averages(*gpu, "auto", 12, sets, name("shared"));
  }
}

TEST_CASE("squared norms of a GPU have the bits of the CPU's", "[staged_exchange]") {
  const auto gpu = gpu_of_rank();
  SKIP_UNLESS(gpu, why);
  auto& backend = comm::gpu_backend();
  const auto stream = backend.make_stream(gpu->index());
  for (const std::int64_t count : {1, 7, 8, 1023, 1024, 1025, 100000}) {
    const at::Tensor values = random_values(count, 5);
    for (const auto type : {at::kFloat, at::kDouble}) {
      const at::Tensor host = values.to(type), device = host.to(*gpu);
      const std::int64_t blocks = comm::blocks_of(count);
      std::vector<double> expected(static_cast<std::size_t>(blocks));
      const at::Tensor squares = at::zeros({blocks}, at::TensorOptions(*gpu).dtype(at::kDouble));
      if (type == at::kFloat)
        comm::block_squares(host.const_data_ptr<float>(), count, expected.data());
      else
        comm::block_squares(host.const_data_ptr<double>(), count, expected.data());
      stream->wait_for(*backend.mark_current(gpu->index()));
      stream->block_squares(device.const_data_ptr(),
                            type == at::kFloat ? comm::Element::float32 : comm::Element::float64, count,
                            comm::block_elements, squares.data_ptr<double>());
      const auto over = stream->mark();
      while (!over->is_over()) continue;
      const at::Tensor ours = squares.cpu();
      INFO(count << " elements of " << at::toString(type));
      CHECK(std::vector<double>(ours.const_data_ptr<double>(), ours.const_data_ptr<double>() + blocks) == expected);
    }
  }
}

TEST_CASE("page-locked memory is copied to and from a GPU, and locked once only", "[staged_exchange]") {
  const auto gpu = gpu_of_rank();
  SKIP_UNLESS(gpu, why);
  auto& backend = comm::gpu_backend();
  const at::Tensor values = random_values(300000, 6);
  at::Tensor there = at::zeros_like(values), back = at::zeros_like(values);
  const auto bytes = static_cast<std::size_t>(values.nbytes());
  const auto memory = backend.allocate(gpu->index(), bytes);
  const auto stream = backend.make_stream(gpu->index());
  {
    const auto lock = backend.page_lock(there.data_ptr(), bytes);
    CHECK_THROWS_WITH(backend.page_lock(there.data_ptr(), bytes), Catch::Contains("page-locking"));
    there.copy_(values);
    stream->copy(memory.get(), there.data_ptr(), bytes);
    stream->copy(back.data_ptr(), memory.get(), bytes);
    const auto over = stream->mark();
    while (!over->is_over()) continue;
  }
  CHECK(at::equal(back, values));
  CHECK_NOTHROW(backend.page_lock(there.data_ptr(), bytes));  // it has been given back
}
