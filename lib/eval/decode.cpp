#include "eval/decode.hpp"

#include <cmath>

#include "base/error.hpp"

namespace fastbox::eval {

std::vector<Candidate> decode(std::span<const float> confidences, std::span<const float> boxes,
                              const GridGeometry& grid, const DecodeOptions& options) {
  const auto cells = static_cast<std::size_t>(grid.cells());
  if (confidences.size() != cells || boxes.size() != 4 * cells)
    fail(ExitCode::defect, confidences.size(), " confidences and ", boxes.size(), " box numbers for a grid of ",
         grid.rows(), " x ", grid.columns(), " cells, expected ", cells, " and ", 4 * cells);

  const auto cut = [&](float value) { return options.whole_pixels ? std::trunc(double{value}) : double{value}; };
  std::vector<Candidate> candidates;
  for (int row = 0; row < grid.rows(); ++row)
    for (int column = 0; column < grid.columns(); ++column) {
      const auto cell = static_cast<std::size_t>(row * grid.columns() + column);
      const auto box = boxes.subspan(4 * cell, 4);
      const double confidence = confidences[cell];
      // One sum is finite exactly where all five are: float's range added in double cannot overflow.
      if (!std::isfinite(confidence + double{box[0]} + box[1] + box[2] + box[3]))
        fail(ExitCode::numbers, "the network's output at row ", row, ", column ", column, " is not finite: confidence ",
             confidence, ", box ", box[0], " ", box[1], " ", box[2], " ", box[3]);
      if (!(confidence > options.minimum_score)) continue;
      const Candidate candidate{cut(box[0]) + (column + 0.5) * grid.stride,
                                cut(box[1]) + (row + 0.5) * grid.stride,
                                cut(box[2]),
                                cut(box[3]),
                                confidence,
                                static_cast<int>(cell)};
      if (options.whole_pixels || (candidate.w > 0 && candidate.h > 0)) candidates.push_back(candidate);
    }
  return candidates;
}

}  // namespace fastbox::eval
