#include "eval/coco_table.hpp"

#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "scenes.hpp"

using namespace fastbox;
using namespace fastbox::eval;

TEST_CASE("the table and the JSON of COCO's figures", "[coco_table]") {
  const io::Box box{10, 20, 60, 70};  // medium
  CocoResult result = coco_precision(
      coco_frames(std::vector<FrameObjects>{{"7", {test::label("Car", box)}, {test::detection("Car", box, 1)}}}));
  result.classes[0].values[0] = 1.0 / 3;
  const std::string table = coco_table(result);
  std::vector<std::string> lines;
  for (const auto line : split(table, '\n')) {
    std::vector<std::string> words;
    for (const auto word : split_columns(line)) words.emplace_back(word);
    lines.push_back(join(words, " "));
  }
  REQUIRE(lines.size() == 17);  // title, blank, head, twelve figures, ground truths, the end
  CHECK(lines[2] == "car pedestrian cyclist all");
  CHECK(lines[3] == "AP IoU .50:.95 33.33 - - 100.00");
  CHECK(lines[9] == "AR 1 detection 100.00 - - 100.00");
  CHECK(lines[6] == "small - - - -");
  CHECK(lines[15] == "ground truths 1 0 0 1");
  const auto figures = coco_json(result);
  CHECK(figures.at("classes").at("car").at("ap").get<double>() == 100 * (1.0 / 3));
  CHECK(figures.at("classes").at("car").at("ap_small").is_null());
  CHECK(figures.at("classes").at("pedestrian").at("ar_large").is_null());
  CHECK(figures.at("all").at("ar_medium") == 100);
  CHECK(figures.at("all").at("ground_truths") == 1);
  CHECK(figures.at("classes").at("car").size() == coco_figure_count + 1);
}
