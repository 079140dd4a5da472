#include "eval/drawing_parts.hpp"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.hpp"

namespace fastbox::eval {
namespace {

constexpr int font = cv::FONT_HERSHEY_SIMPLEX;
const cv::Scalar black(0, 0, 0), white(255, 255, 255);

/// Lines of 2 and letters of 10 pixels suit KITTI's 1242 x 375; other sizes in proportion, never unreadably
/// small.
double scale_of(cv::Size frame) {
  return std::clamp(frame.width / 1242.0, 0.7, 4.0);
}

/// Corners far outside would overflow the drawing's fixed-point numbers.
cv::Rect pixels_of(const io::Box& box) {
  const auto near = [](double value) { return cvRound(std::clamp(value, -10'000.0, 20'000.0)); };
  return {cv::Point(near(box.left), near(box.top)), cv::Point(near(box.right), near(box.bottom))};
}

/// Black on bright plates, white on dark ones (luma of ITU-R BT.601).
cv::Scalar text_colour(const cv::Scalar& plate) {
  return 0.299 * plate[0] + 0.587 * plate[1] + 0.114 * plate[2] > 130 ? black : white;
}

void dashed_line(cv::Mat& rgb, cv::Point from, cv::Point to, const cv::Scalar& colour, int width) {
  const double dash = 5 * scale_of(rgb.size()) + width;  // 6 for the thinnest line
  const cv::Point2d span = to - from;
  const double length = std::hypot(span.x, span.y);
  cv::line(rgb, from, to, black, width, cv::LINE_AA);
  for (double at = 0; at < length; at += 2 * dash) {
    const auto point = [&](double share) { return cv::Point(cv::Point2d(from) + span * share); };
    cv::line(rgb, point(at / length), point(std::min(1.0, (at + dash) / length)), colour, width, cv::LINE_AA);
  }
}

}  // namespace

int line_width(cv::Size frame) {
  return std::max(1, cvRound(2 * scale_of(frame)));
}

std::vector<Plate> place_captions(const std::vector<Caption>& captions, cv::Size frame) {
  const double font_scale = 0.45 * scale_of(frame);
  const int margin = line_width(frame);
  std::vector<Plate> plates;
  for (const auto& caption : captions) {
    Plate plate{{}, {}, caption.text, font_scale};
    int below = 0;
    const cv::Size text = cv::getTextSize(plate.text, font, font_scale, std::max(1, cvRound(scale_of(frame))), &below);
    const cv::Size size(text.width + 2 * margin, text.height + below + margin);
    const cv::Rect box = pixels_of(caption.box);
    const int left = box.x - margin / 2, right = box.br().x + margin / 2 - size.width;
    const int above = box.y - size.height, under = box.br().y;
    std::vector<cv::Point> places = {{left, above}, {left, under}, {right, above}, {right, under}, {left, box.y}};
    for (int step = 1; step <= 4; ++step) {
      places.push_back({left, above - step * size.height});
      places.push_back({left, under + step * size.height});
    }
    const auto inside = [&](cv::Point at) {
      return cv::Rect({std::clamp(at.x, 0, std::max(0, frame.width - size.width)),
                       std::clamp(at.y, 0, std::max(0, frame.height - size.height))},
                      size);
    };
    const auto is_free = [&](cv::Point at) {
      const cv::Rect area = inside(at);
      const bool moved = area.y != at.y;  // over the box, where another place may be clear of it
      return !moved && std::none_of(plates.begin(), plates.end(),
                                    [&](const Plate& other) { return (other.area & area).area() > 0; });
    };
    const auto place = std::find_if(places.begin(), places.end(), is_free);
    plate.area = inside(place == places.end() ? places[0] : *place);
    plate.origin = {plate.area.x + margin, plate.area.br().y - below};
    plates.push_back(std::move(plate));
  }
  return plates;
}

void draw_box(cv::Mat& rgb, const io::Box& box, const cv::Scalar& colour, int width) {
  const cv::Rect area = pixels_of(box);
  cv::rectangle(rgb, area, black, width + 2, cv::LINE_AA);
  cv::rectangle(rgb, area, colour, width, cv::LINE_AA);
}

void draw_dashed_box(cv::Mat& rgb, const io::Box& box, const cv::Scalar& colour, int width) {
  const cv::Rect area = pixels_of(box);
  const cv::Point corners[] = {area.tl(), {area.br().x, area.y}, area.br(), {area.x, area.br().y}};
  for (int side = 0; side < 4; ++side) dashed_line(rgb, corners[side], corners[(side + 1) % 4], colour, width);
}

void draw_plate(cv::Mat& rgb, const Plate& plate, const cv::Scalar& colour) {
  cv::rectangle(rgb, plate.area, colour, cv::FILLED);
  cv::putText(rgb, plate.text, plate.origin, font, plate.font_scale, text_colour(colour),
              std::max(1, cvRound(scale_of(rgb.size()))), cv::LINE_AA);
}

void require_rgb(const cv::Mat& picture) {
  if (picture.type() != CV_8UC3) fail(ExitCode::defect, "a picture of another kind, expected 8-bit RGB");
}

}  // namespace fastbox::eval
