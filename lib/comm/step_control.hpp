// One small message from every rank to all, once a step: who wants to stop, whose numbers broke, and how long each took.
//
// 64 bytes a rank, by one non-blocking allgather that travels while the gradients do: what all ranks learn from it they
// learn in the same step, so they agree without another exchange. One thread.
#pragma once

#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "comm/world.hpp"

namespace fastbox::comm {

/// Flags of a step, joined by OR over the ranks.
enum StepFlag : std::uint32_t {
  stop_wanted = 1,   ///< a signal came
  time_is_over = 2,  ///< the run's time limit is near
  not_a_number = 4,  ///< this rank's loss is not finite
  report_due = 8,    ///< rank 0: so long ago was the last progress line
};

/// A rank's step. Seconds are its own work, before any waiting for other ranks.
struct RankStep {
  std::int64_t step = 0;
  std::uint32_t flags = 0;
  std::int32_t rank = 0;
  double data_seconds = 0;      ///< waited for the loader
  double compute_seconds = 0;   ///< forward, backward and the optimiser of the step before
  double exchange_seconds = 0;  ///< the MPI thread's own work since the last message: sums, copies, conversions
  double loss = 0;              ///< its share of the global batch's
  std::int64_t replaced = 0;    ///< samples whose frame could not be read, since the process began
  double spare = 0;
};
static_assert(sizeof(RankStep) == 64);

class StepControl {
 public:
  /// Collective.
  explicit StepControl(World& world);
  ~StepControl();
  StepControl(const StepControl&) = delete;
  StepControl& operator=(const StepControl&) = delete;

  /// Sends this rank's step on its way. At most one is under way.
  void post(RankStep mine);

  /// All ranks' steps of the message under way; waits for it. Good until the next post().
  std::span<const RankStep> wait();

  bool is_under_way() const { return is_under_way_; }

 private:
  /// Shared with the MPI thread: where an exception unwinds, what is under way outlives the StepControl.
  struct Message {
    RankStep mine;
    std::vector<RankStep> all;
    std::promise<void> arrived;
  };

  World& world_;
  MPI_Comm ranks_ = MPI_COMM_NULL;
  std::shared_ptr<Message> message_;
  bool is_under_way_ = false;
};

/// The rank that the others wait for, and why.
struct Straggler {
  int rank = 0;
  const char* cause = "";   ///< data, compute or exchange: where it is furthest behind the median rank
  double late_seconds = 0;  ///< per step, behind the median rank
};

/// From each rank's mean own times: nothing where no rank is behind the median by more than `least_share` of its time
/// and by a millisecond.
std::optional<Straggler> find_straggler(std::span<const RankStep> means, double least_share = 0.05);

}  // namespace fastbox::comm
