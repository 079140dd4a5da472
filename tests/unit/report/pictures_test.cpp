#include "report/pictures.hpp"

#include <catch2/catch.hpp>

#include "base/files.hpp"
#include "made_run.hpp"

using namespace fastbox;
using namespace fastbox::report;

namespace {

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("base64 as RFC 4648 gives it", "[pictures]") {
  CHECK(base64("") == "");
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foo") == "Zm9v");
  CHECK(base64("foobar") == "Zm9vYmFy");
  CHECK(base64("\xff\xfe\xfd") == "//79");
}

TEST_CASE("worst frames and a gallery are drawn within the budget", "[pictures]") {
  const test::ScratchFolder scratch;
  test::make_data(scratch / "data");
  test::make_run(scratch / "run", scratch / "data");
  const auto detected = read_detected_frames(read_run(scratch / "run"));
  CHECK(detected.step_name == "step-00000004");
  REQUIRE(detected.frames.size() == 1);

  PictureBudget enough(1 << 20);
  const std::string worst = worst_frames_html(detected, 8, enough), gallery = gallery_html(detected, 8, enough);
  CHECK(count(worst, "data:image/jpeg;base64,/9j/") == 1);
  CHECK(worst.find("0 misses, 1 false detection with scores of 0.40 in all") != std::string::npos);
  CHECK(count(gallery, "data:image/jpeg;base64,/9j/") == 1);
  CHECK(gallery.find("2 detections of a score of at least 0.3, 1 label") != std::string::npos);

  PictureBudget nothing(100);
  CHECK(count(gallery_html(detected, 8, nothing), "<img") == 0);
}

TEST_CASE("frames are judged by the classes that detections name", "[pictures]") {
  DetectedFrames detected;
  CHECK(judged_classes(detected).empty());
  detected.frames.resize(2);
  detected.frames[0].detections.resize(2);
  detected.frames[0].detections[0].type = "Cyclist";
  detected.frames[0].detections[1].type = "Tram";  // of no rule
  detected.frames[1].detections.resize(1);
  detected.frames[1].detections[0].type = "CAR";
  CHECK(judged_classes(detected) == std::vector<std::string>{"car", "cyclist"});
}

TEST_CASE("where the data are not there, it says so", "[pictures]") {
  const test::ScratchFolder scratch;
  test::make_data(scratch / "data");
  test::make_run(scratch / "run", scratch / "elsewhere");
  const auto run = read_run(scratch / "run");
  CHECK(test::caught([&] { read_detected_frames(run); }).mentions("not at"));

  test::make_run(scratch / "other", scratch / "data");
  std::filesystem::remove_all(scratch / "other" / "detections");
  const auto without = read_run(scratch / "other");
  CHECK(test::caught([&] { read_detected_frames(without); }).mentions("holds no result files"));
}

TEST_CASE("a picture that cannot be read is told in its place", "[pictures]") {
  const test::ScratchFolder scratch;
  test::make_data(scratch / "data");
  test::make_run(scratch / "run", scratch / "data");
  write_file_atomically(scratch / "data" / "training" / "image_2" / "000002.png", "no <PNG>");
  const auto detected = read_detected_frames(read_run(scratch / "run"));
  PictureBudget budget(1 << 20);
  const std::string gallery = gallery_html(detected, 8, budget);
  CHECK(count(gallery, "<img") == 0);
  CHECK(gallery.find("000002.png") != std::string::npos);
}
