// The parser of KITTI's result files: refuses with Error(data) or gives objects that a file can hold.

#include "fuzz.hpp"
#include "io/kitti_label.hpp"

using namespace fastbox;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto parse = [](std::string_view text) { return io::parse_detections(text, "input"); };
  const auto objects = fuzz::accepted(ExitCode::data, [&] { return parse(fuzz::text_of(bytes, size)); });
  if (!objects) return 0;
  // Writing rounds boxes and scores, so the second text, not the objects, is what must come back.
  const std::string text = io::format_detections(*objects);
  const auto again = parse(text);
  fuzz::require(again.size() == objects->size(), "as many objects come back");
  fuzz::require(io::format_detections(again) == text, "what was written is written again");
  return 0;
}
