// Memory that the ranks of one node share: an MPI window with a segment for each rank.
//
// Every rank sees all segments at addresses of its own. The segments are zero at first; a rank should be the first to
// touch its own, so that it lies near its core. MPI offers no ordering between plain loads and stores of two ranks: what
// is published through std::atomic inside the window is visible after it, as between threads.
#pragma once

#include <cstddef>
#include <vector>

#include "comm/world.hpp"

namespace fastbox::comm {

class SharedWindow {
 public:
  /// Collective over `ranks`, which are on one node. `bytes`: of this rank's segment. Throws Error(environment) on all of
  /// them where
  /// /dev/shm has not enough room.
  SharedWindow(World& world, MPI_Comm ranks, std::size_t bytes);

  /// Collective, but not where an exception unwinds: a rank that fails alone must not wait for the others here. MPI's
  /// end then frees the memory.
  ~SharedWindow();
  SharedWindow(const SharedWindow&) = delete;
  SharedWindow& operator=(const SharedWindow&) = delete;

  /// The segment of a rank of this node, aligned to 64 bytes.
  std::byte* segment(int node_rank) const { return segments_[static_cast<std::size_t>(node_rank)]; }

 private:
  World& world_;
  MPI_Win window_ = MPI_WIN_NULL;
  std::vector<std::byte*> segments_;
};

}  // namespace fastbox::comm
