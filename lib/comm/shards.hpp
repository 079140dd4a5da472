// How many shards every global batch is split into: parallel.shards made a number.
//
// Pure functions; thread-safe.
#pragma once

#include <string>

namespace fastbox::comm {

struct ShardChoice {
  int shards = 0;      ///< 0: one share per rank, summed in no fixed order
  std::string reason;  ///< where `auto` came to 0: why, for the log
};

/// `setting`: auto, off or a number. auto takes the largest divisor of the batch up to 12, whatever the ranks, so that a
/// run keeps its bits at all rank counts that divide it; where this one does not, 0. Throws Error(usage), naming the
/// nearest numbers that fit, where an explicit number is not a multiple of `ranks`.
ShardChoice choose_shards(const std::string& setting, int batch, int ranks);

}  // namespace fastbox::comm
