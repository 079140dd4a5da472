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
    MPI_Comm node;
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &node);
    MPI_Comm_rank(node, &node_rank_);
    MPI_Comm_size(node, &node_size_);
    MPI_Comm_free(&node);
    MPI_Comm_dup(MPI_COMM_WORLD, &leaving_);
  });
  refuse_singletons(size_);
  log::set_rank(rank_, size_);
}

void World::barrier() {
  if (size_ == 1) return;
  mpi_->run([] { MPI_Barrier(MPI_COMM_WORLD); });
}

std::vector<double> World::sum(std::vector<double> values) {
  if (size_ == 1) return values;
  mpi_->run([&] {
    MPI_Allreduce(MPI_IN_PLACE, values.data(), static_cast<int>(values.size()), MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
  });
  return values;
}

std::vector<long long> World::max(std::vector<long long> values) {
  if (size_ == 1) return values;
  mpi_->run([&] {
    MPI_Allreduce(MPI_IN_PLACE, values.data(), static_cast<int>(values.size()), MPI_LONG_LONG, MPI_MAX, MPI_COMM_WORLD);
  });
  return values;
}

std::string World::broadcast(std::string text) {
  if (size_ == 1) return text;
  mpi_->run([&] {
    unsigned long long size = text.size();
    MPI_Bcast(&size, 1, MPI_UNSIGNED_LONG_LONG, 0, MPI_COMM_WORLD);
    text.resize(size);
    MPI_Bcast(text.data(), static_cast<int>(size), MPI_CHAR, 0, MPI_COMM_WORLD);
  });
  return text;
}

std::vector<std::string> World::gather(const std::string& text) {
  if (size_ == 1) return {text};
  std::vector<int> sizes(static_cast<std::size_t>(size_)), offsets(sizes.size());
  std::string all;
  mpi_->run([&] {
    const int size = static_cast<int>(text.size());
    MPI_Gather(&size, 1, MPI_INT, sizes.data(), 1, MPI_INT, 0, MPI_COMM_WORLD);
    std::exclusive_scan(sizes.begin(), sizes.end(), offsets.begin(), 0);
    all.resize(static_cast<std::size_t>(offsets.back() + sizes.back()));
    MPI_Gatherv(text.data(), size, MPI_CHAR, all.data(), sizes.data(), offsets.data(), MPI_CHAR, 0, MPI_COMM_WORLD);
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

void World::require_equal(const std::string& text, const std::string& what) {
  const std::string first = broadcast(text);
  const long long differs = first == text ? size_ : rank_;
  const long long first_that_differs = -max({-differs})[0];
  if (first_that_differs < size_)
    fail(ExitCode::usage, "rank ", first_that_differs, " has another ", what, " than rank 0; all ranks need the same");
}

void World::abort(ExitCode code) {
  MPI_Abort(MPI_COMM_WORLD, static_cast<int>(code));
  std::_Exit(static_cast<int>(code));
}

}  // namespace fastbox::comm
