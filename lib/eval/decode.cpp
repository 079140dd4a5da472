#include "eval/decode.hpp"

#include "base/error.hpp"
#include "eval/decode_kernel.hpp"

namespace fastbox::eval {

std::vector<Candidate> decode(std::span<const float> confidences, std::span<const float> boxes,
                              const GridGeometry& grid, const DecodeOptions& options) {
  const auto cells = static_cast<std::size_t>(grid.cells());
  if (confidences.size() != cells || boxes.size() != 4 * cells)
    fail(ExitCode::defect, confidences.size(), " confidences and ", boxes.size(), " box numbers for a grid of ",
         grid.rows(), " x ", grid.columns(), " cells, expected ", cells, " and ", 4 * cells);

  const DecodeRule rule{grid.stride, options.whole_pixels, options.minimum_score};
  std::vector<Candidate> candidates;
  for (int row = 0; row < grid.rows(); ++row)
    for (int column = 0; column < grid.columns(); ++column) {
      const auto cell = static_cast<std::size_t>(row * grid.columns() + column);
      const auto box = boxes.subspan(4 * cell, 4);
      const float confidence = confidences[cell];
      DecodedBox decoded{};
      switch (decode_cell(confidence, box.data(), row, column, rule, decoded)) {
        case CellState::not_finite:
          fail(ExitCode::numbers, "the network's output at row ", row, ", column ", column,
               " is not finite: confidence ", double{confidence}, ", box ", box[0], " ", box[1], " ", box[2], " ",
               box[3]);
        case CellState::candidate:
          candidates.push_back({decoded.cx, decoded.cy, decoded.w, decoded.h, confidence, static_cast<int>(cell)});
          break;
        case CellState::passed_over:
          break;
      }
    }
  return candidates;
}

}  // namespace fastbox::eval
