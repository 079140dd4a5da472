#include "comm/gpu_exchange.hpp"

#include <catch2/catch.hpp>

using namespace fastbox;
using comm::GpuOfRank;

TEST_CASE("NCCL serves ranks with a GPU each", "[refuse_nccl]") {
  CHECK_FALSE(comm::refuse_nccl({{"GPU-a", true}}));
  CHECK_FALSE(comm::refuse_nccl({{"GPU-a", true}, {"GPU-b", true}, {"GPU-c", true}}));
}

TEST_CASE("a refusal names the ranks and what to choose", "[refuse_nccl]") {
  const auto check = [](const std::vector<GpuOfRank>& ranks, ExitCode code, const std::vector<std::string>& texts) {
    const auto refusal = comm::refuse_nccl(ranks);
    REQUIRE(refusal);
    CHECK(refusal->code() == code);
    for (const auto& text : texts) CHECK_THAT(refusal->what(), Catch::Contains(text));
  };
  check({{"GPU-a", true}, {"", false}}, ExitCode::usage, {"rank 1 computes on the CPU", "run.device"});
  check({{"GPU-a", true}, {"GPU-b", false}}, ExitCode::environment,
        {"rank 1", "built without NCCL", "scripts/setup --cuda"});
  check({{"GPU-a", true}, {"GPU-b", true}, {"GPU-a", true}}, ExitCode::usage,
        {"ranks 0 and 2 share GPU-a", "choose mpi or shared"});
}
