#include "comm/mpi_exchange.hpp"

#include <chrono>
#include <exception>
#include <memory>
#include <numeric>

#include "comm/ordered_sum.hpp"

namespace fastbox::comm {
namespace {

constexpr std::size_t alignment = 64;  // bytes

}  // namespace

MpiExchange::MpiExchange(World& world, const ExchangeLayout& layout) : world_(world), layout_(layout) {
  parts_ = {world.size() == 1 ? layout.tree.root() : leaves_of(layout.tree, world.rank(), world.size())};
  const std::size_t bytes = static_cast<std::size_t>(layout.elements) * size_of(layout.element);
  set_bytes_ = (bytes + alignment - 1) / alignment * alignment;
  memory_.resize(static_cast<std::size_t>(layout.sets) * set_bytes_ + alignment);
  block_begins_ = layout.block_begins();
  squares_.resize(static_cast<std::size_t>(layout.sets) * block_begins_.back());
  // Of its own: small collectives of other threads' asking must not be matched with gradients.
  if (world.size() > 1) world.mpi().run([this] { MPI_Comm_dup(MPI_COMM_WORLD, &ranks_); });
}

MpiExchange::~MpiExchange() {
  if (ranks_ == MPI_COMM_NULL || std::uncaught_exceptions() > 0) return;
  world_.mpi().run([this] { MPI_Comm_free(&ranks_); });
}

void* MpiExchange::part(int set, std::size_t) {
  void* begin = memory_.data();
  std::size_t space = memory_.size();
  std::align(alignment, space - alignment, begin, space);
  return static_cast<std::byte*>(begin) + static_cast<std::size_t>(set) * set_bytes_;
}

std::byte* MpiExchange::memory_of(int set, std::size_t bucket) {
  return static_cast<std::byte*>(part(set, 0)) +
         static_cast<std::size_t>(layout_.buckets[bucket].offset) * size_of(layout_.element);
}

void MpiExchange::start(int set, std::size_t bucket, std::function<void()> done) {
  if (world_.size() == 1) {
    finish(set, bucket);
    done();
    return;
  }
  MPI_Request request;
  MPI_Iallreduce(MPI_IN_PLACE, memory_of(set, bucket), static_cast<int>(layout_.buckets[bucket].count),
                 layout_.element == Element::float32 ? MPI_FLOAT : MPI_DOUBLE, MPI_SUM, ranks_, &request);
  world_.mpi().watch(request, [this, set, bucket, done = std::move(done)] {
    finish(set, bucket);
    done();
  });
}

void MpiExchange::finish(int set, std::size_t bucket) {
  const auto begin = std::chrono::steady_clock::now();
  const std::int64_t count = layout_.buckets[bucket].count;
  double* const squares =
      squares_.data() + static_cast<std::size_t>(set) * block_begins_.back() + block_begins_[bucket];
  if (layout_.element == Element::float32)
    block_squares(reinterpret_cast<const float*>(memory_of(set, bucket)), count, squares);
  else
    block_squares(reinterpret_cast<const double*>(memory_of(set, bucket)), count, squares);
  busy_seconds_ = busy_seconds_ + std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double MpiExchange::squared_norm(int set) const {
  const auto first =
      squares_.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(set) * block_begins_.back());
  return std::accumulate(first, first + static_cast<std::ptrdiff_t>(block_begins_.back()), 0.0);
}

}  // namespace fastbox::comm
