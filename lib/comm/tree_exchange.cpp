#include "comm/tree_exchange.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <numeric>

#include "base/error.hpp"

namespace fastbox::comm {
namespace {

constexpr std::size_t line = 64;  // bytes

// Sums of gradients that are larger do not wait in a cache for the optimiser: they go past it.
constexpr std::size_t cached_bytes = 16 << 20;

std::size_t whole_lines(std::size_t bytes) {
  return (bytes + line - 1) / line * line;
}

/// Whose leaves are whose, by rank. Where the order is fixed by shards, ranks hold them in rank order; else a leaf is a
/// rank's, and the ranks of a node are neighbours, so that each node has one partial sum.
std::vector<LeafRange> leaves_by_rank(const ExchangeLayout& layout, const std::vector<int>& node_of) {
  const int ranks = static_cast<int>(node_of.size());
  std::vector<int> place(node_of.size());
  std::iota(place.begin(), place.end(), 0);
  if (!layout.ordered) {
    std::vector<int> by_node = place;
    std::stable_sort(by_node.begin(), by_node.end(), [&](int a, int b) {
      return node_of[static_cast<std::size_t>(a)] < node_of[static_cast<std::size_t>(b)];
    });
    for (int i = 0; i < ranks; ++i) place[static_cast<std::size_t>(by_node[static_cast<std::size_t>(i)])] = i;
  }
  std::vector<LeafRange> leaves;
  for (const int p : place) leaves.push_back(leaves_of(layout.tree, p, ranks));
  return leaves;
}

}  // namespace

TreeExchange::TreeExchange(World& world, ExchangeLayout layout, bool every_rank_alone, bool bf16, std::string name)
    : world_(world), layout_(std::move(layout)), name_(std::move(name)) {
  find_members(every_rank_alone);
  block_begins_ = layout_.block_begins();
  std::vector<LeafRange> inputs;
  for (const auto& parts : parts_of_members_) inputs.insert(inputs.end(), parts.begin(), parts.end());
  sum_.emplace(inputs, parts_of_nodes_[my_node_]);
  open_window(every_rank_alone);
  meet_leaders(every_rank_alone, bf16);
}

TreeExchange::~TreeExchange() {
  // As the window: a rank that fails alone must not wait for the others.
  if (leaders_ == MPI_COMM_NULL || std::uncaught_exceptions() > 0) return;
  world_.mpi().run([this] { MPI_Comm_free(&leaders_); });
}

void TreeExchange::find_members(bool every_rank_alone) {
  std::vector<int> node_of = world_.nodes_of_ranks();
  if (every_rank_alone) std::iota(node_of.begin(), node_of.end(), 0);
  nodes_ = static_cast<std::size_t>(*std::max_element(node_of.begin(), node_of.end())) + 1;
  const auto leaves = leaves_by_rank(layout_, node_of);
  std::vector<std::vector<LeafRange>> owned(nodes_);
  my_node_ = static_cast<std::size_t>(node_of[static_cast<std::size_t>(world_.rank())]);
  for (std::size_t rank = 0; rank < leaves.size(); ++rank) {
    const auto node = static_cast<std::size_t>(node_of[rank]);
    owned[node].push_back(leaves[rank]);
    if (node != my_node_) continue;
    if (static_cast<int>(rank) == world_.rank()) me_ = parts_of_members_.size();
    parts_of_members_.push_back(layout_.tree.maximal_subtrees(leaves[rank]));
  }
  for (auto& ranges : owned) {
    std::sort(ranges.begin(), ranges.end(), [](LeafRange a, LeafRange b) { return a.begin < b.begin; });
    parts_of_nodes_.push_back(layout_.tree.maximal_subtrees(ranges));
  }
}

std::size_t TreeExchange::buffer_bytes() const {
  return whole_lines(static_cast<std::size_t>(layout_.elements) * size_of(layout_.element));
}

/// A segment: progress, this rank's parts; the leader's also: results, squared norms, and the node's parts where they are
/// not the result.
void TreeExchange::open_window(bool every_rank_alone) {
  const auto sets = static_cast<std::size_t>(layout_.sets);
  std::size_t bytes = sizeof(Progress) + sets * parts().size() * buffer_bytes();
  if (me_ == 0) {
    bytes += sets * (buffer_bytes() + whole_lines(block_begins_.back() * sizeof(double)));
    if (nodes_ > 1) bytes += sets * parts_of_nodes_[my_node_].size() * buffer_bytes();
  }
  window_.emplace(world_, every_rank_alone ? MPI_COMM_SELF : world_.node(), bytes);
  new (window_->segment(static_cast<int>(me_))) Progress{};
  world_.barrier();  // nobody reads a counter that is not there yet
}

void TreeExchange::meet_leaders(bool every_rank_alone, bool bf16) {
  if (nodes_ == 1) return;
  world_.mpi().run([&] {
    const bool leads = every_rank_alone || me_ == 0;
    MPI_Comm_split(MPI_COMM_WORLD, leads ? 0 : MPI_UNDEFINED, static_cast<int>(my_node_), &leaders_);
    if (leads) between_.emplace(leaders_, layout_, parts_of_nodes_, bf16);
  });
}

TreeExchange::Progress& TreeExchange::progress_of(std::size_t member) const {
  return *std::launder(reinterpret_cast<Progress*>(window_->segment(static_cast<int>(member))));
}

void* TreeExchange::part(int set, std::size_t index) {
  const std::size_t place = static_cast<std::size_t>(set) * parts().size() + index;
  return window_->segment(static_cast<int>(me_)) + sizeof(Progress) + place * buffer_bytes();
}

void* TreeExchange::result(int set) {
  const std::size_t parts_of_leader = parts_of_members_[0].size() * static_cast<std::size_t>(layout_.sets);
  return leader_memory() + sizeof(Progress) + (parts_of_leader + static_cast<std::size_t>(set)) * buffer_bytes();
}

double* TreeExchange::squares(int set, std::size_t bucket) const {
  const auto sets = static_cast<std::size_t>(layout_.sets);
  std::byte* const begin =
      leader_memory() + sizeof(Progress) + (parts_of_members_[0].size() + 1) * sets * buffer_bytes();
  const std::size_t bytes = whole_lines(block_begins_.back() * sizeof(double));
  return reinterpret_cast<double*>(begin + static_cast<std::size_t>(set) * bytes) + block_begins_[bucket];
}

void* TreeExchange::node_part(int set, std::size_t index) const {
  const auto sets = static_cast<std::size_t>(layout_.sets);
  const std::size_t count = parts_of_nodes_[my_node_].size();
  std::byte* const begin =
      reinterpret_cast<std::byte*>(squares(0, 0)) + sets * whole_lines(block_begins_.back() * sizeof(double));
  return begin + (static_cast<std::size_t>(set) * count + index) * buffer_bytes();
}

bool TreeExchange::all_members(std::atomic<std::uint64_t> Progress::*counter, std::uint64_t at_least) const {
  for (std::size_t member = 0; member < parts_of_members_.size(); ++member)
    if ((progress_of(member).*counter).load(std::memory_order_acquire) < at_least) return false;
  return true;
}

void TreeExchange::start(int set, std::size_t bucket, std::function<void()> done) {
  const std::uint64_t number = ++started_;
  progress_of(me_).published.store(number, std::memory_order_release);
  active_.push_back({number, set, bucket, std::move(done), Active::Stage::publishing, nullptr});
  if (active_.size() == 1) world_.mpi().watch([this] { return poll(); });
}

bool TreeExchange::poll() {
  for (Active& active : active_)
    if (!advance(active)) break;  // buckets go through each stage in order, so later ones have no more luck
  while (!active_.empty() && active_.front().stage == Active::Stage::finishing &&
         (nodes_ == 1 || progress_of(0).finished.load(std::memory_order_acquire) >= active_.front().number)) {
    const auto done = std::move(active_.front().done);
    active_.pop_front();
    done();
  }
  return active_.empty();
}

/// As far as the bucket can go without waiting; false where it is still before its last stage.
bool TreeExchange::advance(Active& active) {
  using Stage = Active::Stage;
  if (active.stage == Stage::publishing) {
    if (!all_members(&Progress::published, active.number)) return false;
    const auto begin = std::chrono::steady_clock::now();
    if (layout_.element == Element::float32)
      sum_my_slice<float>(active);
    else
      sum_my_slice<double>(active);
    busy_seconds_ = busy_seconds_ + std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    progress_of(me_).summed.store(active.number, std::memory_order_release);
    active.stage = Stage::summing;
  }
  if (active.stage == Stage::summing) {
    if (!all_members(&Progress::summed, active.number)) return false;
    if (!between_) {
      active.stage = Stage::finishing;
      return true;
    }
    std::vector<const void*> inputs;
    for (std::size_t i = 0; i < parts_of_nodes_[my_node_].size(); ++i) inputs.push_back(node_part(active.set, i));
    active.operation = between_->start(inputs, result(active.set), active.bucket);
    active.stage = Stage::between_nodes;
  }
  if (active.stage == Stage::between_nodes) {
    if (!active.operation->poll()) return false;
    active.operation.reset();
    finish_between_nodes(active);
    active.stage = Stage::finishing;
  }
  return true;
}

/// This rank's share of the bucket, whole blocks, from the members' parts to the node's.
template <typename T>
void TreeExchange::sum_my_slice(const Active& active) {
  const Bucket& bucket = layout_.buckets[active.bucket];
  std::vector<const T*> inputs;
  for (std::size_t member = 0; member < parts_of_members_.size(); ++member) {
    const std::byte* parts = window_->segment(static_cast<int>(member)) + sizeof(Progress);
    const std::size_t count = parts_of_members_[member].size();
    for (std::size_t i = 0; i < count; ++i) {
      const std::byte* buffer = parts + (static_cast<std::size_t>(active.set) * count + i) * buffer_bytes();
      inputs.push_back(reinterpret_cast<const T*>(buffer) + bucket.offset);
    }
  }
  std::vector<T*> outputs;
  if (nodes_ == 1)
    outputs = {static_cast<T*>(result(active.set)) + bucket.offset};
  else
    for (std::size_t i = 0; i < parts_of_nodes_[my_node_].size(); ++i)
      outputs.push_back(static_cast<T*>(node_part(active.set, i)) + bucket.offset);

  const std::int64_t blocks = blocks_of(bucket.count), members = static_cast<std::int64_t>(parts_of_members_.size());
  const auto begin_of = [&](std::size_t member) {
    return std::min(bucket.count, blocks * static_cast<std::int64_t>(member) / members * block_elements);
  };
  sum_->run<T>(inputs, outputs, begin_of(me_), begin_of(me_ + 1),
               nodes_ == 1 ? squares(active.set, active.bucket) : nullptr, buffer_bytes() > cached_bytes);
}

void TreeExchange::finish_between_nodes(const Active& active) {
  const Bucket& bucket = layout_.buckets[active.bucket];
  if (layout_.element == Element::float32)
    block_squares(static_cast<float*>(result(active.set)) + bucket.offset, bucket.count,
                  squares(active.set, active.bucket));
  else
    block_squares(static_cast<double*>(result(active.set)) + bucket.offset, bucket.count,
                  squares(active.set, active.bucket));
  progress_of(me_).finished.store(active.number, std::memory_order_release);
}

double TreeExchange::squared_norm(int set) const {
  const double* const all = squares(set, 0);
  return std::accumulate(all, all + block_begins_.back(), 0.0);
}

std::vector<float*> TreeExchange::residuals() {
  return between_ ? between_->residuals() : std::vector<float*>();
}

}  // namespace fastbox::comm
