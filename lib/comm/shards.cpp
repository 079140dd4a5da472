#include "comm/shards.hpp"

#include "base/error.hpp"

namespace fastbox::comm {
namespace {

constexpr int most_automatic = 12;  // divided by 1, 2, 3, 4, 6 and 12 ranks

/// The rank counts that divide `shards`, nearest to `ranks` below and above: "3 or 4".
std::string nearest_ranks(int shards, int ranks) {
  int below = 0, above = 0;
  for (int r = 1; r <= shards; ++r) {
    if (shards % r != 0) continue;
    if (r < ranks) below = r;
    if (r > ranks && above == 0) above = r;
  }
  return above == 0 ? concat(below) : concat(below, " or ", above);
}

/// The multiples of `ranks` nearest to `shards`.
std::string nearest_shards(int shards, int ranks) {
  const int below = shards / ranks * ranks;
  return below == 0 ? concat(ranks) : concat(below, " or ", below + ranks);
}

}  // namespace

ShardChoice choose_shards(const std::string& setting, int batch, int ranks) {
  if (setting == "off") return {};
  long long number = 0;
  if (parse_integer(setting, number)) {
    const int shards = static_cast<int>(number);
    if (shards % ranks != 0)
      fail(ExitCode::usage, "parallel.shards: ", shards, " shards cannot be shared out equally among ", ranks,
           " ranks; the nearest: ", nearest_ranks(shards, ranks), " ranks, or ", nearest_shards(shards, ranks),
           " shards");
    return {shards, ""};
  }
  int shards = most_automatic;
  while (batch % shards != 0) --shards;
  if (shards % ranks == 0) return {shards, ""};
  return {0, concat("the batch of ", batch, " makes ", shards, " shards, which ", ranks,
                    " ranks do not divide: gradients are summed in no fixed order (parallel.shards)")};
}

}  // namespace fastbox::comm
