#include "data/paste.hpp"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace fastbox::data {
namespace {

constexpr int tries = 16;         // for each object: a rare class is in few frames
constexpr double horizon = 0.46;  // of the frame's height: KITTI's principal point
constexpr double least_scale = 0.7, most_scale = 1.4;
constexpr double least_height = 25;       // pixels: what KITTI judges
constexpr double most_covered = 1.0 / 3;  // of another object
constexpr int soft_edge = 6;              // pixels, outside of the rectangle

double shared_area(const io::Box& a, const io::Box& b) {
  const double width = std::min(a.right, b.right) - std::max(a.left, b.left);
  const double height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  return width > 0 && height > 0 ? width * height : 0;
}

/// Of larger y, nearer: objects stand on the ground.
bool has_room(const io::Box& box, const std::vector<io::Object>& objects) {
  return std::all_of(objects.begin(), objects.end(), [&](const io::Object& other) {
    const double shared = shared_area(box, other.box);
    if (shared == 0) return true;
    return box.bottom > other.box.bottom && shared <= most_covered * other.box.width() * other.box.height();
  });
}

cv::Rect whole_pixels(const io::Box& box) {
  const int left = static_cast<int>(std::lround(box.left)), top = static_cast<int>(std::lround(box.top));
  return {left, top, static_cast<int>(std::lround(box.right)) - left, static_cast<int>(std::lround(box.bottom)) - top};
}

cv::Rect grown(const cv::Rect& rect, int by) {
  return {rect.x - by, rect.y - by, rect.width + 2 * by, rect.height + 2 * by};
}

/// Puts the donor's pixels `from` over the picture's `to`; beyond `to`, the soft edge mixes both. Both with their edges lie inside.
void blend(const cv::Mat& donor, const cv::Rect& from, bool mirrored, cv::Mat& picture, const cv::Rect& to) {
  const double scale = static_cast<double>(to.width) / from.width;
  const cv::Rect target = grown(to, soft_edge);
  cv::Mat patch;
  cv::resize(donor(grown(from, static_cast<int>(std::ceil(soft_edge / scale)))), patch, target.size(), 0, 0,
             scale < 1 ? cv::INTER_AREA : cv::INTER_LINEAR);
  if (mirrored) cv::flip(patch, patch, 1);
  for (int y = 0; y < target.height; ++y) {
    auto* out = picture.ptr<cv::Vec3b>(target.y + y) + target.x;
    const auto* in = patch.ptr<cv::Vec3b>(y);
    const int to_row_edge = std::min(y, target.height - 1 - y);
    for (int x = 0; x < target.width; ++x) {
      const int inside = std::min({to_row_edge, x, target.width - 1 - x, soft_edge});
      for (int c = 0; c < 3; ++c)
        out[x][c] = static_cast<std::uint8_t>((in[x][c] * inside + out[x][c] * (soft_edge - inside)) / soft_edge);
    }
  }
}

bool fits(const cv::Rect& rect, int width, int height) {
  return rect.x >= 0 && rect.y >= 0 && rect.br().x <= width && rect.br().y <= height;
}

}  // namespace

Random paste_stream(std::uint64_t seed, std::uint64_t epoch, std::uint64_t sample) {
  return Random(seed, Purpose::paste, epoch, sample);
}

FrameContents ObjectPaster::paste(const FrameContents& frame, std::size_t frames, const Read& read,
                                  Random& random) const {
  const auto count = random.below(static_cast<std::uint64_t>(most_) + 1);
  if (count == 0) return frame;
  FrameContents result{frame.picture.clone(), frame.objects};
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto wanted = static_cast<int>(random.below(static_cast<std::uint64_t>(roles_.classes())));
    for (int attempt = 0; attempt < tries; ++attempt)
      if (try_one(result, read(random.below(frames)), wanted, random)) break;
  }
  return result;
}

bool ObjectPaster::try_one(FrameContents& frame, const Donor& donor, int wanted, Random& random) const {
  if (!donor.outline) return false;
  const FrameOutline& outline = *donor.outline;
  std::vector<const io::Object*> candidates;
  for (const auto& object : outline.objects) {
    const auto role = roles_.of(object.type);
    if (role.role == Role::positive && role.object_class == wanted && object.occluded == 0 && object.truncated <= 0 &&
        object.box.height() >= least_height)
      candidates.push_back(&object);
  }
  if (candidates.empty()) return false;
  const io::Object& object = *candidates[random.below(candidates.size())];
  const double scale = random.uniform(least_scale, most_scale), place = random.uniform();
  const bool mirrored = random.chance(0.5);

  // The horizon of one frame upon that of the other.
  const cv::Rect from = whole_pixels(object.box);
  const double from_horizon = horizon * outline.height, to_horizon = horizon * frame.picture.rows;
  io::Box box;
  box.top = to_horizon + (from.y - from_horizon) * scale;
  box.bottom = box.top + from.height * scale;
  box.left = soft_edge + place * (frame.picture.cols - 2 * soft_edge - from.width * scale);
  box.right = box.left + from.width * scale;
  const cv::Rect to = whole_pixels(box);
  if (to.width < 1 || to.height < 1 || !fits(grown(to, soft_edge), frame.picture.cols, frame.picture.rows) ||
      !fits(grown(from, static_cast<int>(std::ceil(soft_edge * static_cast<double>(from.width) / to.width))),
            outline.width, outline.height))
    return false;
  box = {static_cast<double>(to.x), static_cast<double>(to.y), static_cast<double>(to.br().x),
         static_cast<double>(to.br().y)};
  if (!has_room(box, frame.objects)) return false;
  const cv::Mat picture = donor.picture();
  if (picture.cols != outline.width || picture.rows != outline.height) return false;  // none, or another one by now
  blend(picture, from, mirrored, frame.picture, to);
  frame.objects.push_back(object);
  frame.objects.back().box = box;
  return true;
}

}  // namespace fastbox::data
