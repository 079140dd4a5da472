// The ranks of this job and the small collectives between them.
//
// One World per process, made before anything else that is distributed and destroyed last. A process that no launcher
// started is rank 0 of 1: there is one code path. Collectives must be called by all ranks in the same order; each may
// be called from any thread but from one at a time.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "comm/mpi_thread.hpp"
#include "comm/timeline.hpp"

namespace fastbox::comm {

/// Where this rank's main thread stands, for the watchdog, which asks from the MPI thread.
struct Standing {
  std::atomic<double> waiting_since = 0;      ///< on the clock of timeline.hpp; 0: it does not wait for other ranks
  std::atomic<std::int64_t> collectives = 0;  ///< small ones begun so far
  std::atomic<std::int64_t> buckets_ready = 0, buckets_done = 0;  ///< of all steps so far
  std::atomic<std::int64_t> step = 0;
  std::atomic<int> next_parameter = -1;  ///< the first, in backward's order, whose gradient is not there yet
};

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

  /// Nodes are numbered in the order of their first ranks. nodes_of_ranks()[rank]: that rank's node.
  int nodes() const { return nodes_; }
  const std::vector<int>& nodes_of_ranks() const { return nodes_of_ranks_; }

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

  /// The first rank whose text is not rank 0's, on all ranks; -1 where all are the same.
  int first_that_differs(const std::string& text);

  /// Throws Error(usage) on every rank, naming the first rank that differs from rank 0 and `what` it differs in.
  void require_equal(const std::string& text, const std::string& what);

  /// Ends the whole job at once: for a rank that failed alone, while others may wait in a collective. The one call of
  /// MPI from another thread than its own, which may be stuck in that collective; MPICH's abort only tells the
  /// launcher.
  [[noreturn]] static void abort(ExitCode code);

  MpiThread& mpi() { return *mpi_; }
  Timeline& timeline() { return timeline_; }
  Standing& standing() { return standing_; }

  /// Notes, for as long as it lives, that the calling thread waits for other ranks.
  class Waiting {
   public:
    Waiting(World& world, Op op);
    ~Waiting();
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

   private:
    World& world_;
    Timeline::Span span_;
  };

  /// For the last barrier of ranks that fail, and nothing else: on MPI_COMM_WORLD it would be matched with the
  /// gradients' exchange that other ranks still have under way.
  MPI_Comm leaving() const { return leaving_; }

  /// The ranks of this node, in rank order. MPI thread only.
  MPI_Comm node() const { return node_; }

 private:
  /// Starts a non-blocking collective on the MPI thread and waits for it here, so that the thread stays free to poll
  /// other requests and to tell others that this rank lives.
  void collective(const std::function<void(MPI_Request*)>& start);

  Timeline timeline_;
  Standing standing_;
  std::unique_ptr<MpiThread> mpi_;
  int rank_ = 0, size_ = 1, node_rank_ = 0, node_size_ = 1, nodes_ = 1;
  std::vector<int> nodes_of_ranks_ = {0};
  MPI_Comm leaving_ = MPI_COMM_NULL, node_ = MPI_COMM_NULL;  // until MPI ends
};

}  // namespace fastbox::comm
