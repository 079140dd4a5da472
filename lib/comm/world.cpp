#include "comm/world.hpp"

#include <algorithm>
#include <numeric>

#include "base/files.hpp"
#include "base/log.hpp"
#include "comm/launcher.hpp"

namespace fastbox::comm {

World::World() : mpi_(std::make_unique<MpiThread>()) {
  mpi_->run([this] {
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &node_);
    MPI_Comm_rank(node_, &node_rank_);
    MPI_Comm_size(node_, &node_size_);
    int first_rank = rank_;
    MPI_Bcast(&first_rank, 1, MPI_INT, 0, node_);
    nodes_of_ranks_.resize(static_cast<std::size_t>(size_));
    MPI_Allgather(&first_rank, 1, MPI_INT, nodes_of_ranks_.data(), 1, MPI_INT, MPI_COMM_WORLD);
    MPI_Comm_dup(MPI_COMM_WORLD, &leaving_);
  });
  std::vector<int> first_ranks = nodes_of_ranks_;
  std::sort(first_ranks.begin(), first_ranks.end());
  first_ranks.erase(std::unique(first_ranks.begin(), first_ranks.end()), first_ranks.end());
  nodes_ = static_cast<int>(first_ranks.size());
  for (int& node : nodes_of_ranks_)
    node = static_cast<int>(std::lower_bound(first_ranks.begin(), first_ranks.end(), node) - first_ranks.begin());
  if (nodes_ > 1) mpi_->set_several_nodes();
  refuse_singletons(size_);
  log::set_rank(rank_, size_);
}

World::Waiting::Waiting(World& world, Op op) : world_(world), span_(world.timeline(), world.timeline().begin(op)) {
  world_.standing().waiting_since = now();
}

World::Waiting::~Waiting() {
  world_.standing().waiting_since = 0;
}

void World::collective(const std::function<void(MPI_Request*)>& start) {
  ++standing_.collectives;
  const Waiting waiting(*this, Op::waiting_for_ranks);
  std::promise<void> done;
  mpi_->post([&] {
    MPI_Request request;
    start(&request);
    mpi_->watch(request, [&] { done.set_value(); });
  });
  done.get_future().wait();
}

void World::barrier() {
  if (size_ == 1) return;
  collective([](MPI_Request* request) { MPI_Ibarrier(MPI_COMM_WORLD, request); });
}

std::vector<double> World::sum(std::vector<double> values) {
  if (size_ == 1) return values;
  collective([&](MPI_Request* request) {
    MPI_Iallreduce(MPI_IN_PLACE, values.data(), static_cast<int>(values.size()), MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD,
                   request);
  });
  return values;
}

std::vector<long long> World::max(std::vector<long long> values) {
  if (size_ == 1) return values;
  collective([&](MPI_Request* request) {
    MPI_Iallreduce(MPI_IN_PLACE, values.data(), static_cast<int>(values.size()), MPI_LONG_LONG, MPI_MAX, MPI_COMM_WORLD,
                   request);
  });
  return values;
}

std::string World::broadcast(std::string text) {
  if (size_ == 1) return text;
  unsigned long long size = text.size();
  collective([&](MPI_Request* request) { MPI_Ibcast(&size, 1, MPI_UNSIGNED_LONG_LONG, 0, MPI_COMM_WORLD, request); });
  text.resize(size);
  collective([&](MPI_Request* request) {
    MPI_Ibcast(text.data(), static_cast<int>(size), MPI_CHAR, 0, MPI_COMM_WORLD, request);
  });
  return text;
}

std::vector<std::string> World::gather(const std::string& text) {
  if (size_ == 1) return {text};
  std::vector<int> sizes(static_cast<std::size_t>(size_)), offsets(sizes.size());
  const int size = static_cast<int>(text.size());
  collective([&](MPI_Request* request) {
    MPI_Igather(&size, 1, MPI_INT, sizes.data(), 1, MPI_INT, 0, MPI_COMM_WORLD, request);
  });
  std::exclusive_scan(sizes.begin(), sizes.end(), offsets.begin(), 0);
  std::string all(static_cast<std::size_t>(offsets.back() + sizes.back()), ' ');
  collective([&](MPI_Request* request) {
    MPI_Igatherv(text.data(), size, MPI_CHAR, all.data(), sizes.data(), offsets.data(), MPI_CHAR, 0, MPI_COMM_WORLD,
                 request);
  });
  std::vector<std::string> texts;
  if (rank_ == 0)
    for (std::size_t r = 0; r < sizes.size(); ++r)
      texts.push_back(all.substr(static_cast<std::size_t>(offsets[r]), static_cast<std::size_t>(sizes[r])));
  return texts;
}

ExitCode World::agree(ExitCode code) {
  return static_cast<ExitCode>(max({static_cast<long long>(code)})[0]);
}

int World::first_that_differs(const std::string& text) {
  const long long differs = broadcast(text) == text ? size_ : rank_;
  const auto first = static_cast<int>(-max({-differs})[0]);
  return first == size_ ? -1 : first;
}

void World::require_equal(const std::string& text, const std::string& what) {
  if (const int rank = first_that_differs(text); rank >= 0)
    fail(ExitCode::usage, "rank ", rank, " has another ", what, " than rank 0; all ranks need the same");
}

void World::abort(ExitCode code) {
  MPI_Abort(MPI_COMM_WORLD, static_cast<int>(code));
  std::_Exit(static_cast<int>(code));
}

}  // namespace fastbox::comm
