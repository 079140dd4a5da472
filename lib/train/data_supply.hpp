// Where a run's training frames come from: the cache that a node's ranks make together, and whether data or step set
// the pace.
//
// One thread of each rank.
#pragma once

#include <cstdint>
#include <memory>

#include "comm/world.hpp"
#include "config/settings.hpp"
#include "data/frame_cache.hpp"
#include "data/frame_cost.hpp"

namespace fastbox::train {

/// The cache that data.cache asks for. A run that reads its frames no more than once makes none: decoding is all there
/// is to do. `threads`: of this rank. Collective over each node's ranks.
std::shared_ptr<const data::FrameCache> open_frame_cache(comm::World& world, const data::Dataset& frames,
                                                         const config::DataSettings& settings, int threads,
                                                         std::int64_t samples_left);

/// Tells rank 0's log twice: what a frame costs, at the start, and once steps have been timed, which of the two holds
/// the other back.
class DataPace {
 public:
  /// `of_images`: the loader makes them; else a GPU does, from frames.
  DataPace(const data::Dataset& frames, std::shared_ptr<const data::FrameCache> cache, const config::Settings& settings,
           const comm::World& world, bool of_images);

  /// Means over the steps since the last call; `data_seconds`: that a step waited for its data. Only the second call
  /// says something: the first steps also wait for the loader to get ahead.
  void judge(double images_per_second, double data_seconds, double step_seconds);

 private:
  double supply_ = 0;  // images/s that all ranks' workers bring where each has a core; 0: not known
  int workers_ = 1;
  bool cached_ = false;
  int calls_ = 0;
};

}  // namespace fastbox::train
