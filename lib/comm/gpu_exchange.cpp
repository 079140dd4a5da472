#include "comm/gpu_exchange.hpp"

#include <map>
#include <numeric>

#include "comm/ordered_sum.hpp"

namespace fastbox::comm {
namespace {

constexpr std::size_t alignment = 512;  // bytes, as CUDA's own allocations

}  // namespace

GpuExchange::GpuExchange(World& world, const ExchangeLayout& layout, int device) : layout_(layout), device_(device) {
  parts_ = {world.size() == 1 ? layout.tree.root() : leaves_of(layout.tree, world.rank(), world.size())};
  const auto sets = static_cast<std::size_t>(layout.sets);
  const std::size_t bytes = static_cast<std::size_t>(layout.elements) * size_of(layout.element);
  set_bytes_ = (bytes + alignment - 1) / alignment * alignment;
  block_begins_ = layout.block_begins();
  GpuBackend& backend = gpu_backend();
  memory_ = backend.allocate(device, sets * set_bytes_);
  squares_ = backend.allocate(device, sets * block_begins_.back() * sizeof(double));
  host_squares_ = backend.allocate_host(device, sets * block_begins_.back() * sizeof(double));
  ready_.resize(sets * layout.buckets.size());
  stream_ = backend.make_stream(device);
  if (world.size() > 1) {
    const std::string id = world.broadcast(world.is_first() ? backend.make_id() : "");
    ranks_ = backend.join(device, id, world.rank(), world.size());
  }
  queue_.emplace(world.mpi(), ranks_ ? std::function<void()>([this] { ranks_->check(); }) : nullptr);
}

void* GpuExchange::part(int set, std::size_t) {
  return static_cast<std::byte*>(memory_.get()) + static_cast<std::size_t>(set) * set_bytes_;
}

void GpuExchange::ready(int set, std::size_t bucket) {
  ready_[static_cast<std::size_t>(set) * layout_.buckets.size() + bucket] = gpu_backend().mark_current(device_);
}

void GpuExchange::start(int set, std::size_t index, std::function<void()> done) {
  const auto s = static_cast<std::size_t>(set);
  const Bucket& bucket = layout_.buckets[index];
  void* const values =
      static_cast<std::byte*>(part(set, 0)) + static_cast<std::size_t>(bucket.offset) * size_of(layout_.element);
  const std::size_t first = s * block_begins_.back() + block_begins_[index];
  std::unique_ptr<GpuEvent> over;
  queue_->attempt([&] {
    stream_->wait_for(*ready_[s * layout_.buckets.size() + index]);
    if (ranks_) ranks_->sum(values, layout_.element, bucket.count, *stream_);
    double* const squares = static_cast<double*>(squares_.get()) + first;
    stream_->block_squares(values, layout_.element, bucket.count, block_elements, squares);
    stream_->copy(static_cast<double*>(host_squares_.get()) + first, squares,
                  static_cast<std::size_t>(blocks_of(bucket.count)) * sizeof(double));
    over = stream_->mark();
  });
  queue_->after(std::move(over), std::move(done));
}

double GpuExchange::squared_norm(int set) const {
  const double* const first =
      static_cast<const double*>(host_squares_.get()) + static_cast<std::size_t>(set) * block_begins_.back();
  return std::accumulate(first, first + block_begins_.back(), 0.0);
}

std::optional<Error> refuse_nccl(const std::vector<GpuOfRank>& ranks) {
  std::map<std::string, std::size_t> owners;
  for (std::size_t rank = 0; rank < ranks.size(); ++rank)
    if (ranks[rank].identity.empty())
      return Error(ExitCode::usage, concat("parallel.allreduce: nccl sums between GPUs, and rank ", rank,
                                           " computes on the CPU; choose auto, or set run.device to cuda"));
  for (std::size_t rank = 0; rank < ranks.size(); ++rank)
    if (!ranks[rank].has_nccl)
      return Error(
          ExitCode::environment,
          concat("parallel.allreduce: nccl: the CUDA plugin of rank ", rank,
                 " was built without NCCL; run scripts/setup --cuda and build again, or choose mpi or shared"));
  for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
    const auto [owner, is_first] = owners.emplace(ranks[rank].identity, rank);
    if (!is_first)
      return Error(ExitCode::usage, concat("parallel.allreduce: nccl needs a GPU for each rank, and ranks ",
                                           owner->second, " and ", rank, " share ", ranks[rank].identity,
                                           "; start fewer ranks a node, or choose mpi or shared"));
  }
  return std::nullopt;
}

std::optional<Error> refuse_nccl(World& world, int device) {
  // One character before the identity: 'n' where the plugin has NCCL.
  std::string mine = " ";
  if (device >= 0) mine = concat(gpu_backend().has_nccl() ? 'n' : ' ', gpu_backend().identity(device));
  const auto texts = world.gather(mine);
  std::string answer;  // the exit code as a character, and the message
  if (world.is_first()) {
    std::vector<GpuOfRank> ranks;
    for (const auto& text : texts) ranks.push_back({text.substr(1), text[0] == 'n'});
    if (const auto refusal = refuse_nccl(ranks)) answer = concat(static_cast<int>(refusal->code()), refusal->what());
  }
  answer = world.broadcast(answer);
  if (answer.empty()) return std::nullopt;
  return Error(static_cast<ExitCode>(answer[0] - '0'), answer.substr(1));
}

}  // namespace fastbox::comm
