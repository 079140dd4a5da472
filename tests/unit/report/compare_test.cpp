#include "report/compare.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "base/error.hpp"
#include "base/files.hpp"
#include "made_run.hpp"
#include "support/support.hpp"

using namespace fastbox;
using namespace fastbox::report;

namespace {

const ComparedFigure& figure(const RunComparison& comparison, const std::string& name) {
  for (const auto& one : comparison.figures)
    if (one.name == name) return one;
  FAIL("no figure " << name);
  throw std::logic_error("not reached");
}

}  // namespace

TEST_CASE("two runs: figures, keys and where they come from", "[compare]") {
  const test::ScratchFolder folder;
  test::make_data(folder / "data");
  test::make_run(folder / "a", folder / "data");
  test::make_run(folder / "b", folder / "data", {"optimizer.learning_rate=0.5"});
  const auto comparison = compare_runs(folder / "a", folder / "b");
  CHECK(comparison.a.name == "a");
  CHECK(comparison.a.state == "finished");
  REQUIRE(comparison.keys.size() == 1);
  CHECK(comparison.keys[0].key == "optimizer.learning_rate");
  CHECK(comparison.keys[0].b == "0.5");
  CHECK(comparison.keys[0].origin_b == "--set");
  const auto json = nlohmann::json::parse(read_file(folder / "a" / "eval.json"));
  const auto& moderate = figure(comparison, "car moderate AP40");
  CHECK(moderate.a == json.at("classes").at("car").at("moderate").at("ap40").get<double>());
  CHECK(moderate.a == moderate.b);
  CHECK(figure(comparison, "ranks").a == 2);
  CHECK(figure(comparison, "images/s").a > 0);

  const std::string text = comparison_text(comparison);
  CHECK(text.find("car moderate AP40, %") != std::string::npos);
  CHECK(text.find("optimizer.learning_rate") != std::string::npos);
  const auto written = comparison_json(comparison);
  CHECK(written.at("keys").at(0).at("origin_b") == "--set");
  CHECK(written.at("figures").size() == comparison.figures.size());
}

TEST_CASE("every class of eval.json is compared, and what one run lacks is unknown", "[compare]") {
  const test::ScratchFolder folder;
  test::make_data(folder / "data");
  test::make_run(folder / "a", folder / "data");
  test::make_run(folder / "b", folder / "data");
  auto json = nlohmann::json::parse(read_file(folder / "b" / "eval.json"));
  json["classes"]["cyclist"] = {{"easy", {{"ap40", 12.5}, {"ap11", nullptr}, {"mean41", 1}}}};
  write_file_atomically(folder / "b" / "eval.json", json.dump());
  const auto comparison = compare_runs(folder / "a", folder / "b");
  CHECK(std::isnan(figure(comparison, "cyclist easy AP40").a));
  CHECK(figure(comparison, "cyclist easy AP40").b == 12.5);
  for (const auto& one : comparison.figures) CHECK(one.name != "cyclist easy AP11");
  const auto written = comparison_json(comparison);
  for (const auto& one : written.at("figures"))
    if (one.at("name") == "cyclist easy AP40") {
      CHECK(one.at("a").is_null());
      CHECK(one.at("difference").is_null());
    }
}

TEST_CASE("every class of a run without eval.json is compared by its last evaluation", "[compare]") {
  const test::ScratchFolder folder;
  test::make_three_class_run(folder / "a", folder / "data");
  test::make_three_class_run(folder / "b", folder / "data");
  std::filesystem::remove(folder / "b" / "eval.json");
  const auto comparison = compare_runs(folder / "a", folder / "b");
  const auto& pedestrians = figure(comparison, "pedestrian hard AP11");
  CHECK(pedestrians.a == 61.5);
  CHECK(pedestrians.b == 10);
}

TEST_CASE("equal settings are said to be so, and no run folder is refused", "[compare]") {
  const test::ScratchFolder folder;
  test::make_data(folder / "data");
  test::make_run(folder / "a", folder / "data");
  CHECK(comparison_text(compare_runs(folder / "a", folder / "a")).find("the settings are the same") !=
        std::string::npos);
  CHECK_THROWS_AS(compare_runs(folder / "a", folder / "data"), Error);
}
