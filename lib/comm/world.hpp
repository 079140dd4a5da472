// The ranks of this job and the small collectives between them.
//
// One World per process, made before anything else that is distributed and destroyed last. A process that no launcher
// started is rank 0 of 1: there is one code path. Collectives must be called by all ranks in the same order; each may
// be called from any thread but from one at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "comm/mpi_thread.hpp"

namespace fastbox::comm {

class World {
 public:
  /// Throws Error(environment) where MPI cannot start or the launcher made N runs of one rank.
  World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }
  bool is_first() const { return rank_ == 0; }

  /// This rank's number among those of its node, and how many they are.
  int node_rank() const { return node_rank_; }
  int node_size() const { return node_size_; }

  void barrier();

  /// Element-wise over the ranks; the vectors have the same length on all.
  std::vector<double> sum(std::vector<double> values);
  std::vector<long long> max(std::vector<long long> values);

  /// The text of rank 0, on all ranks.
  std::string broadcast(std::string text);

  /// On rank 0 the texts of all ranks in rank order, elsewhere nothing. Together at most 2 GiB.
  std::vector<std::string> gather(const std::string& text);

  /// All ranks agree on one exit code before they leave: the highest of those given. hydra combines the codes of the
  /// ranks by OR, so they must be equal.
  ExitCode agree(ExitCode code);

  /// Throws Error(usage) on every rank, naming the first rank that differs from rank 0 and `what` it differs in.
  void require_equal(const std::string& text, const std::string& what);

  /// Ends the whole job at once: for a rank that failed alone, while others may wait in a collective. The one call of
  /// MPI from another thread than its own, which may be stuck in that collective; MPICH's abort only tells the
  /// launcher.
  [[noreturn]] static void abort(ExitCode code);

  MpiThread& mpi() { return *mpi_; }

  /// For the last barrier of ranks that fail, and nothing else: on MPI_COMM_WORLD it would be matched with the
  /// gradients' exchange that other ranks still have under way.
  MPI_Comm leaving() const { return leaving_; }

 private:
  std::unique_ptr<MpiThread> mpi_;
  int rank_ = 0, size_ = 1, node_rank_ = 0, node_size_ = 1;
  MPI_Comm leaving_ = MPI_COMM_NULL;  // until MPI ends
};

}  // namespace fastbox::comm
