#include "comm/exchange.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "comm/gpu_exchange.hpp"
#include "comm/mpi_exchange.hpp"
#include "comm/ordered_sum.hpp"
#include "comm/staged_exchange.hpp"
#include "comm/tree_exchange.hpp"

namespace fastbox::comm {
namespace {

void check(const World& world, const ExchangeLayout& layout, const ExchangeOptions& options) {
  const std::string& algorithm = options.algorithm;
  if (algorithm != "auto" && algorithm != "mpi" && algorithm != "shared" && algorithm != "hierarchical" &&
      algorithm != "nccl")
    fail(ExitCode::usage, "parallel.allreduce: '", algorithm, "', expected auto, mpi, shared, hierarchical or nccl");
  if (layout.ordered && layout.tree.leaves() % world.size() != 0)
    fail(ExitCode::defect, layout.tree.leaves(), " shards on ", world.size(), " ranks");
  if (layout.ordered && (algorithm == "mpi" || algorithm == "nccl"))
    fail(ExitCode::usage, "parallel.allreduce: ", algorithm,
         " cannot keep the order of additions that parallel.shards asks for; "
         "choose shared or hierarchical, or set parallel.shards to off");
  if (layout.ordered && options.bf16)
    fail(ExitCode::usage,
         "parallel.wire: bf16 rounds what each node sends, so the result depends on the number of nodes, "
         "which parallel.shards rules out; choose fp32, or set parallel.shards to off");
  if (algorithm == "shared" && world.nodes() > 1)
    fail(ExitCode::usage, "parallel.allreduce: shared needs all ranks on one node, and they are on ", world.nodes(),
         "; choose hierarchical");
  if (options.bf16 && algorithm == "nccl")
    fail(ExitCode::usage, "parallel.wire: bf16 needs sums of our own, and nccl makes its own; choose fp32, or mpi");
  if (options.bf16 && layout.element != Element::float32)
    fail(ExitCode::usage, "parallel.wire: bf16 needs run.precision fp32");
}

/// Whether the ranks' GPUs sum among themselves. Collective; throws why not where that was asked for.
bool takes_nccl(World& world, const ExchangeLayout& layout, const ExchangeOptions& options) {
  const bool is_choice = options.algorithm == "auto" && !layout.ordered && !options.bf16 && world.size() > 1;
  if (options.algorithm != "nccl" && !is_choice) return false;
  const auto refusal = refuse_nccl(world, options.gpu);
  if (!refusal) return true;
  if (!is_choice) throw Error(*refusal);
  log::info("gradients go through the host's memory: ", refusal->what());
  return false;
}

std::unique_ptr<Exchange> make_host_exchange(World& world, const ExchangeLayout& layout,
                                             const ExchangeOptions& options) {
  if (world.size() == 1) return std::make_unique<MpiExchange>(world, layout);
  if (options.algorithm == "mpi") {
    if (!options.bf16) return std::make_unique<MpiExchange>(world, layout);
    return std::make_unique<TreeExchange>(world, layout, /*every_rank_alone=*/true, true, "mpi");
  }
  const std::string name = world.nodes() == 1 && options.algorithm == "auto" ? "shared"
                           : options.algorithm == "auto"                     ? "hierarchical"
                                                                             : options.algorithm;
  try {
    return std::make_unique<TreeExchange>(world, layout, /*every_rank_alone=*/false, options.bf16, name);
  } catch (const Error& error) {
    // All ranks of a node meet this together, but not all nodes need to: only a job of one node can fall back.
    if (options.algorithm != "auto" || layout.ordered || world.nodes() > 1) throw;
    log::warning(error.what(), "; gradients go through MPI instead");
    return std::make_unique<MpiExchange>(world, layout);
  }
}

}  // namespace

std::vector<std::size_t> ExchangeLayout::block_begins() const {
  std::vector<std::size_t> begins = {0};
  for (const auto& bucket : buckets)
    begins.push_back(begins.back() + static_cast<std::size_t>(blocks_of(bucket.count)));
  return begins;
}

std::unique_ptr<Exchange> make_exchange(World& world, const ExchangeLayout& layout, const ExchangeOptions& options) {
  check(world, layout, options);
  // Of any rank: nodes need not be alike, and what follows is collective.
  const bool some_gpu = world.size() == 1 ? options.gpu >= 0 : world.max({options.gpu >= 0 ? 1 : 0})[0] > 0;
  if ((some_gpu || options.algorithm == "nccl") && takes_nccl(world, layout, options))
    return std::make_unique<GpuExchange>(world, layout, options.gpu);
  if (options.gpu >= 0 && world.size() == 1) return std::make_unique<GpuExchange>(world, layout, options.gpu);
  auto host = make_host_exchange(world, layout, options);
  if (options.gpu < 0) return host;
  return std::make_unique<StagedExchange>(world, layout, std::move(host), options.gpu);
}

}  // namespace fastbox::comm
