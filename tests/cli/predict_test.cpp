// fastbox predict: result files and pictures from images that have no labels.

#include <algorithm>

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

TEST_CASE("--explain draws what the surest detections rest on, and tells how much lies in their boxes", "[explain]") {
  const std::string by = GENERATE("gradient", "occlusion");
  const fs::path out = new_path("out");
  const Words inputs = {image("000000"), image("000001")};
  const Outcome outcome = run(prediction(out, Words{"--explain", "2", "--explain-by", by} + inputs));
  REQUIRE_THAT(outcome, Exits(0));
  CHECK(names_in(out) == Words{"000000-explained-01.png", "000000-explained-02.png", "000000.txt",
                               "000001-explained-01.png", "000001-explained-02.png", "000001.txt",
                               "explanations.json"});
  CHECK(text_of(out / "000000.txt") == text_of(learned_run() / "detections" / "step-00000040" / "000000.txt"));
  const auto told = json_of(out / "explanations.json");
  CHECK(told["by"] == by);
  REQUIRE(told["detections"].size() == 4);
  for (const auto& one : told["detections"]) {
    CAPTURE(one.dump());
    const std::string name = one["image"];
    const cv::Mat before = io::read_frame(image(name)), after = io::read_frame(out / one["picture"].get<std::string>());
    CHECK(before.size() == after.size());
    CHECK(cv::norm(before, after, cv::NORM_INF) > 50);
    // Of a frame that is known by heart, the surest detections rest on their objects more than on the road.
    if (one["number"] == 1) CHECK(one["inside"].get<double>() > one["even"].get<double>());
    CHECK(outcome.out.find(name) != std::string::npos);
  }
  double surest = 0;
  for (const auto& detection : io::read_detections(out / "000000.txt")) surest = std::max(surest, detection.score);
  CHECK(told["detections"][0]["score"].get<double>() == Approx(surest).margin(1e-6));
}

TEST_CASE("explanations in COCO's format, by several ranks, and wrong words for them", "[explain]") {
  const fs::path out = new_path("out");
  const Words inputs = {image("000000"), image("000001"), image("000002")};
  const Words more = Words{"--format", "coco", "--explain", "1"} + inputs;
  const Outcome outcome = run(on_ranks(2, prediction(out, more)));
  REQUIRE_THAT(outcome, Exits(0));
  CHECK(names_in(out) == Words{"000000-explained-01.png", "000001-explained-01.png", "000002-explained-01.png",
                               "explanations.json", "results.json"});
  const fs::path alone = new_path("alone");
  REQUIRE_THAT(run(prediction(alone, more)), Exits(0));
  CHECK(json_of(out / "explanations.json") == json_of(alone / "explanations.json"));
  CHECK_THAT(run(prediction(out, Words{"--explain-by", "gradient"} + inputs)), Exits(2) && Tells("--explain"));
  CHECK_THAT(run(prediction(out, Words{"--explain", "1", "--explain-by", "guess"} + inputs)),
             Exits(2) && Tells("gradient"));
  CHECK_THAT(run(prediction(out, Words{"--explain", "0"} + inputs)), Exits(2) && Tells("--explain"));
}

}  // namespace
}  // namespace fastbox::test
