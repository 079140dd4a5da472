// Batches made ready ahead of the training step by worker threads.
//
// The Loader owns its threads and its buffers; next() is for one thread. What a batch holds depends on the
// data, the settings, the seed and the samples only, never on the number of workers or ranks: the shares of
// ranks 0..R-1, one after another, are the one-rank batch to the bit.
#pragma once

#include <cstdint>
#include <memory>

#include "config/settings.hpp"
#include "data/batch.hpp"
#include "data/dataset.hpp"
#include "data/frame_cache.hpp"

namespace fastbox::data {

/// Which samples a Loader delivers.
struct LoaderPlan {
  std::uint64_t seed = 1;
  int rank = 0, ranks = 1;
  int batch = 1;                               ///< images a step over all ranks
  int shards = 0;                              ///< of the batch, shared out among the ranks; 0: images are
  std::uint64_t first_sample = 0;              ///< where the first step begins: 0, or the samples done before a resume
  std::uint64_t end_sample = UINT64_MAX >> 1;  ///< one past the run's last: its last batch may be smaller
  int kept = 1;                                ///< a batch is good until so many calls of next() later
  /// Where it is set, batches hold frames in memory from here, and not images: they are resized and coloured elsewhere.
  MemorySource frame_memory = {};
};

class Loader {
 public:
  /// Starts settings.data.workers threads. `cache`: of this data set, or nothing. Throws Error(usage) for settings that
  /// make no sense.
  Loader(Dataset dataset, const config::Settings& settings, const LoaderPlan& plan,
         std::shared_ptr<const FrameCache> cache = nullptr);
  /// Returns once each worker has finished the image in hand.
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  /// This rank's share of the next step; empty past the end. Waits until it is ready. The reference is good until the
  /// next call, or a later one (LoaderPlan::kept). Throws what a worker met, naming the frame; every later call throws it
  /// again. With data.on_error: skip, a frame that cannot be read is replaced by one drawn from (seed, sample), which the
  /// batch tells.
  const Batch& next();

 private:
  class Work;
  std::unique_ptr<Work> work_;
};

}  // namespace fastbox::data
