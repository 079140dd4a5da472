// fastbox predict: result files and pictures from images that have no labels.

#include "cli/workplace.hpp"
#include "io/image.hpp"
#include "io/kitti_label.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;

std::string image(const std::string& name) {
  return (made_data() / "training" / "image_2" / (name + ".png")).string();
}

Words prediction(const fs::path& out, const Words& inputs) {
  return fastbox({"predict", "--checkpoint", learned_run().string(), "--out", out.string()}) + inputs;
}

TEST_CASE("a validation frame gets what the run's evaluation wrote for it", "[predict]") {
  const fs::path out = new_path("out");
  const Outcome outcome = run(prediction(out, {image("000000"), image("000002")}));
  REQUIRE_THAT(outcome, Exits(0));
  CHECK(outcome.out.empty());
  CHECK(names_in(out) == Words{"000000.txt", "000002.txt"});
  for (const char* name : {"000000.txt", "000002.txt"}) {
    CHECK(text_of(out / name) == text_of(learned_run() / "detections" / "step-00000040" / name));
    const auto detections = io::read_detections(out / name);  // refuses anything but 16 columns
    CHECK(detections.size() > 0);
    for (const auto& detection : detections) CHECK(detection.type == "Car");
  }
}

TEST_CASE("--draw writes a picture of the frame's size that differs from it", "[predict]") {
  const fs::path out = new_path("out");
  REQUIRE_THAT(run(prediction(out, {"--draw", "--draw-score", "0.01", image("000001")})), Exits(0));
  CHECK(names_in(out) == Words{"000001.png", "000001.txt"});
  const cv::Mat before = io::read_frame(image("000001")), after = io::read_frame(out / "000001.png");
  REQUIRE(before.size() == after.size());
  CHECK(cv::norm(before, after, cv::NORM_INF) > 50);
}

TEST_CASE("a folder stands for its images", "[predict]") {
  const fs::path out = new_path("out"), folder = new_path("images");
  fs::create_directories(folder);
  for (const char* name : {"000003", "000004"})
    fs::create_hard_link(image(name), folder / (std::string(name) + ".png"));
  DataCopy::replace(folder / "notes.txt", "no image\n");
  REQUIRE_THAT(run(prediction(out, {folder.string()})), Exits(0));
  CHECK(names_in(out) == Words{"000003.txt", "000004.txt"});
}

TEST_CASE("images that cannot be read, and names that collide", "[predict]") {
  const fs::path out = new_path("out"), folder = new_path("images");
  CHECK_THAT(run(prediction(out, {"no/such/000000.png"})), Exits(3) && Tells("no/such/000000.png"));
  fs::create_directories(folder);
  CHECK_THAT(run(prediction(out, {folder.string()})), Exits(3) && Tells(folder.string()));
  fs::create_hard_link(image("000003"), folder / "000000.png");
  CHECK_THAT(run(prediction(out, {image("000000"), folder.string()})), Exits(2) && Tells("000000.png"));
  const fs::path damaged = folder / "damaged.png";
  DataCopy::replace(damaged, text_of(image("000000")).substr(0, 5000));
  CHECK_THAT(run(prediction(out, {damaged.string()})), Exits(3) && Tells(damaged.string()) && Tells("truncated"));
  CHECK(names_in(out).empty());
  CHECK_THAT(run(fastbox({"predict", "--out", out.string(), image("000000")})), Exits(2) && Tells("--checkpoint"));
}

}  // namespace
}  // namespace fastbox::test
