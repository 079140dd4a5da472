#include "eval/coco_frames.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"

namespace fastbox::eval {
namespace {

void require_finite(const std::vector<io::Object>& objects, const std::string& frame, const char* what) {
  for (const auto& object : objects)
    for (const double value : {object.box.left, object.box.top, object.box.right, object.box.bottom, object.score})
      if (!std::isfinite(value))
        fail(ExitCode::data, "frame ", frame, ": a ", what, " holds the number ", value,
             ", expected finite ones (COCO's files know no other)");
}

std::vector<std::vector<CocoTruth>> truths_of(const std::vector<io::Object>& labels, const Rules& rules) {
  std::vector<std::vector<CocoTruth>> truths(rules.classes.size());
  for (const auto& label : labels) {
    const std::string type = lower(label.type);
    for (std::size_t c = 0; c < rules.classes.size(); ++c) {
      const bool is_crowd = type == "dontcare" || rules.classes[c].ignores(type);
      if (is_crowd || rules.classes[c].counts(type)) truths[c].push_back({coco_box(label.box), is_crowd});
    }
  }
  return truths;
}

}  // namespace

std::optional<int> coco_category(std::string_view type, const Rules& rules) {
  const std::size_t place = rules.place_of(std::string(type));
  if (place == rules.classes.size()) return std::nullopt;
  return static_cast<int>(place) + 1;
}

CocoBox coco_box(const io::Box& box) {
  return {box.left, box.top, box.width(), box.height()};
}

io::Box box_of(const CocoBox& box) {
  return {box.x, box.y, box.x + box.w, box.y + box.h};
}

std::int64_t coco_image_id(const std::string& name) {
  constexpr std::size_t most_digits = 15, hash_digits = 13;  // decimal ones; hexadecimal ones: 52 bits
  std::int64_t id = 0;
  const bool is_number = name.find_first_not_of("0123456789") == std::string::npos;
  if (is_number && !name.empty() && name.size() <= most_digits) {
    std::from_chars(name.data(), name.data() + name.size(), id);
    return id;
  }
  const std::string hash = sha256(name);
  std::from_chars(hash.data(), hash.data() + hash_digits, id, 16);
  return (std::int64_t{1} << 52) + id;
}

std::vector<std::int64_t> coco_image_ids(std::span<const FrameObjects> frames) {
  std::vector<std::int64_t> ids;
  std::map<std::int64_t, const std::string*> names;
  for (const auto& frame : frames) {
    ids.push_back(coco_image_id(frame.name));
    const auto [other, is_new] = names.emplace(ids.back(), &frame.name);
    if (!is_new)
      fail(ExitCode::data, "frames ", *other->second, " and ", frame.name, " are both COCO's image ", ids.back(),
           ", expected a number of its own for each");
  }
  return ids;
}

std::vector<CocoFrame> coco_frames(std::span<const FrameObjects> frames, const Rules& rules) {
  const auto ids = coco_image_ids(frames);
  std::vector<CocoFrame> all;
  all.reserve(frames.size());
  for (std::size_t i = 0; i < frames.size(); ++i) {
    require_finite(frames[i].labels, frames[i].name, "label");
    require_finite(frames[i].detections, frames[i].name, "detection");
    CocoFrame& frame = all.emplace_back(CocoFrame{ids[i], frames[i].name, truths_of(frames[i].labels, rules), {}});
    frame.detections.resize(rules.classes.size());
    for (const auto& detection : frames[i].detections)
      if (const auto category = coco_category(detection.type, rules))
        frame.detections[static_cast<std::size_t>(*category - 1)].push_back({coco_box(detection.box), detection.score});
  }
  return all;
}

}  // namespace fastbox::eval
