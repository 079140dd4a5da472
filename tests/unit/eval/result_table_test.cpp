#include <catch2/catch.hpp>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "eval/result_table.hpp"
#include "scenes.hpp"

using namespace fastbox;
using namespace fastbox::eval;

namespace {

/// 41 cars found, one pedestrian found, cyclists never named; easy pedestrians have a NaN.
KittiResult example() {
  auto frames = test::found_cars(41);
  const io::Box box{600, 100, 700, 200};
  frames[0].labels.push_back(test::label("Pedestrian", box));
  frames[0].detections.push_back(test::detection("Pedestrian", box, 0.5));
  frames[0].labels.push_back(test::label("Cyclist", {900, 100, 1000, 200}));
  KittiResult result = evaluate(frames);
  auto& easy = result.classes[1][0];
  easy.precision[0] = easy.ap11 = easy.mean41 = std::nan("");
  return result;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (const auto line : split(text, '\n')) lines.emplace_back(line);
  return lines;
}

std::string squeezed(const std::string& line) {
  std::vector<std::string> words;
  for (const auto word : split_columns(line)) words.emplace_back(word);
  return join(words, " ");
}

}  // namespace

TEST_CASE("the table for people is aligned and shows what is unknown as -", "[result_table]") {
  const auto lines = lines_of(result_table(example(), 12.345));
  REQUIRE(lines.size() == 13);  // title, blank, head, nine rows, the end
  CHECK(lines[0] == "41 frames, evaluator kitti2017, 12.35 ms per image");
  CHECK(squeezed(lines[2]) == "AP40 AP11 mean of 41 ground truths");
  CHECK(squeezed(lines[3]) == "car easy 100.00 100.00 100.00 41");
  CHECK(squeezed(lines[4]) == "moderate 100.00 100.00 100.00 41");
  CHECK(squeezed(lines[6]) == "pedestrian easy 0.00 - - 1");
  CHECK(squeezed(lines[7]) == "moderate 0.00 9.09 2.44 1");
  CHECK(squeezed(lines[9]) == "cyclist easy - - - 1");
  for (std::size_t i = 3; i < 12; ++i) CHECK(lines[i].size() == lines[2].size());
  CHECK(lines[12].empty());
  CHECK(lines_of(result_table(example()))[0] == "41 frames, evaluator kitti2017");
}

TEST_CASE("the JSON for programs holds every digit, and null for what is unknown", "[result_table]") {
  const auto json = result_json(example(), 0.1);
  CHECK(json["frames"] == 41);
  CHECK(json["evaluator"] == "kitti2017");
  CHECK(json["milliseconds_per_image"] == 0.1);
  CHECK(json["classes"]["car"]["easy"]["ap40"] == 100.0);
  CHECK(json["classes"]["car"]["easy"]["precision"].size() == 41);
  CHECK(json["classes"]["cyclist"].is_null());
  const auto& pedestrian = json["classes"]["pedestrian"];
  CHECK(pedestrian["easy"]["ap11"].is_null());
  CHECK(pedestrian["easy"]["precision"][0].is_null());
  CHECK(pedestrian["easy"]["precision"][1] == 0.0);
  CHECK(pedestrian["hard"]["ground_truths"] == 1);
  const auto back = nlohmann::json::parse(json.dump());
  CHECK(back["classes"]["pedestrian"]["moderate"]["ap11"].get<double>() == example().classes[1][1].ap11);
  CHECK(result_json(example())["milliseconds_per_image"].is_null());

  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  CHECK(keys == std::vector<std::string>{"frames", "evaluator", "classes", "milliseconds_per_image"});
  keys.clear();
  for (const auto& [key, value] : json["classes"]["car"]["hard"].items()) keys.push_back(key);
  CHECK(keys == std::vector<std::string>{"ap40", "ap11", "mean41", "ground_truths", "precision"});
}
