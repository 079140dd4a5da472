// The parser of COCO's result files: refuses with Error(data) or gives entries that such a file can hold.

#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "eval/coco_files.hpp"
#include "fuzz.hpp"

using namespace fastbox;

namespace {

std::string written(const std::vector<eval::CocoEntry>& entries) {
  std::vector<std::string> items;
  for (const auto& [id, category, box, score] : entries)
    items.push_back(concat("{\"image_id\": ", id, ", \"category_id\": ", category, ", \"bbox\": [", shortest(box.x),
                           ", ", shortest(box.y), ", ", shortest(box.w), ", ", shortest(box.h),
                           "], \"score\": ", shortest(score), "}"));
  return concat("[", join(items, ","), "]");
}

bool same(const eval::CocoEntry& a, const eval::CocoEntry& b) {
  return a.image_id == b.image_id && a.category_id == b.category_id && a.box.x == b.box.x && a.box.y == b.box.y &&
         a.box.w == b.box.w && a.box.h == b.box.h && a.score == b.score;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto parse = [](std::string_view text) { return eval::parse_coco_results(text, "input"); };
  const auto entries = fuzz::accepted(ExitCode::data, [&] { return parse(fuzz::text_of(bytes, size)); });
  if (!entries) return 0;
  for (const auto& entry : *entries) {
    fuzz::require(entry.image_id >= 0 && entry.category_id >= 1 && entry.category_id <= 3, "an image and a category");
    for (const double number : {entry.box.x, entry.box.y, entry.box.w, entry.box.h, entry.score})
      fuzz::require(std::isfinite(number), "JSON has finite numbers");
  }
  const auto again = parse(written(*entries));
  fuzz::require(std::equal(entries->begin(), entries->end(), again.begin(), again.end(), same),
                "the entries come back");
  return 0;
}
