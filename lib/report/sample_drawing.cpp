#include "report/sample_drawing.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <set>

#include "eval/drawing_parts.hpp"

namespace fastbox::report {
namespace {

constexpr int gap = 4;  // pixels between two pictures of a sheet
constexpr double masked_strength = 0.45, confident_strength = 0.4;

cv::Scalar colour_of_class(int object_class) {
  static const cv::Scalar colours[] = {{64, 255, 96}, {255, 96, 200}, {255, 200, 0}, {0, 200, 200}};
  return colours[static_cast<std::size_t>(object_class) % std::size(colours)];
}

/// Of the part of the picture, so much becomes the colour.
void tint(cv::Mat& rgb, const cv::Rect& area, const cv::Scalar& colour, double strength) {
  if (strength <= 0) return;
  cv::Mat part = rgb(area & cv::Rect({}, rgb.size()));
  cv::addWeighted(part, 1 - strength, cv::Mat(part.size(), part.type(), colour), strength, 0, part);
}

/// One image's targets, read cell by cell.
struct Cells {
  const data::Grid& grid;
  const float *confidence, *box, *weight, *mask;

  Cells(const data::Batch& batch, int index) : grid(batch.grid) {
    const auto first = static_cast<std::size_t>(index) * static_cast<std::size_t>(grid.cells());
    const auto classes = static_cast<std::size_t>(grid.classes);
    confidence = batch.confidence.data() + first * classes;
    box = batch.box.data() + first * 4;
    weight = batch.weight.data() + first;
    mask = batch.mask.data() + first * classes;
  }

  cv::Rect area(int cell) const {
    return {cell % grid.columns * grid.stride, cell / grid.columns * grid.stride, grid.stride, grid.stride};
  }

  io::Box box_of(int cell) const {
    const float* const b = box + 4 * cell;
    const double x = (cell % grid.columns + 0.5) * grid.stride + static_cast<double>(b[0]),
                 y = (static_cast<double>(cell / grid.columns) + 0.5) * grid.stride + static_cast<double>(b[1]),
                 half_width = static_cast<double>(b[2]) / 2, half_height = static_cast<double>(b[3]) / 2;
    return {x - half_width, y - half_height, x + half_width, y + half_height};
  }

  int surest_class(int cell) const {
    const float* const begin = confidence + cell * grid.classes;
    return static_cast<int>(std::max_element(begin, begin + grid.classes) - begin);
  }

  double masked_share(int cell) const {
    double sum = 0;
    for (int c = 0; c < grid.classes; ++c) sum += 1 - static_cast<double>(mask[cell * grid.classes + c]);
    return sum / grid.classes;
  }
};

cv::Mat picture_of(const data::Batch& batch, int index) {
  const auto pixels = static_cast<std::size_t>(batch.height) * static_cast<std::size_t>(batch.width) * 3;
  const float* const begin = batch.image.data() + static_cast<std::size_t>(index) * pixels;
  cv::Mat rgb(batch.height, batch.width, CV_8UC3);
  std::transform(begin, begin + pixels, rgb.ptr<std::uint8_t>(),
                 [](float value) { return cv::saturate_cast<std::uint8_t>(value); });
  return rgb;
}

}  // namespace

cv::Mat draw_sample(const data::Batch& batch, int index) {
  cv::Mat rgb = picture_of(batch, index);
  const Cells cells(batch, index);
  for (int cell = 0; cell < cells.grid.cells(); ++cell) {
    tint(rgb, cells.area(cell), {160, 0, 0}, masked_strength * cells.masked_share(cell));
    const int object_class = cells.surest_class(cell);
    const double confidence = static_cast<double>(cells.confidence[cell * cells.grid.classes + object_class]);
    tint(rgb, cells.area(cell), colour_of_class(object_class), confident_strength * confidence);
  }
  const int width = eval::line_width(rgb.size());
  std::set<std::array<long, 4>> drawn;  // cells of one object tell the same box, but for rounding
  for (int cell = 0; cell < cells.grid.cells(); ++cell) {
    if (cells.weight[cell] <= 0) continue;
    const io::Box box = cells.box_of(cell);
    if (drawn.insert({std::lround(box.left), std::lround(box.top), std::lround(box.right), std::lround(box.bottom)})
            .second)
      eval::draw_box(rgb, box, colour_of_class(cells.surest_class(cell)), width);
  }
  const std::string& name = batch.names[static_cast<std::size_t>(index)];
  const io::Box corner{0, 0, static_cast<double>(rgb.cols), static_cast<double>(rgb.rows)};
  for (const auto& plate : eval::place_captions({{corner, name}}, rgb.size()))
    eval::draw_plate(rgb, plate, {230, 230, 230});
  return rgb;
}

cv::Mat contact_sheet(const std::vector<cv::Mat>& pictures, int columns, int width) {
  const int count = static_cast<int>(pictures.size()), across = std::min(columns, count);
  const int height = std::max(1, static_cast<int>(std::lround(1.0 * width * pictures[0].rows / pictures[0].cols)));
  const int rows = (count + across - 1) / across;
  cv::Mat sheet(rows * (height + gap) + gap, across * (width + gap) + gap, CV_8UC3, cv::Scalar(24, 24, 24));
  for (int i = 0; i < count; ++i) {
    cv::Mat place = sheet(cv::Rect(gap + i % across * (width + gap), gap + i / across * (height + gap), width, height));
    cv::resize(pictures[static_cast<std::size_t>(i)], place, place.size(), 0, 0, cv::INTER_AREA);
  }
  return sheet;
}

}  // namespace fastbox::report
