#include "report/class_records.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "base/files.hpp"
#include "made_run.hpp"

using namespace fastbox;
using namespace fastbox::report;

namespace {

namespace fs = std::filesystem;

std::vector<std::string> names_of(const RunRecord& run) {
  std::vector<std::string> names;
  for (const auto& one : run.classes) names.push_back(one.name);
  return names;
}

/// Puts `value` into the place of a class of eval.json.
void replace_final(const fs::path& run, const std::string& name, const nlohmann::json& value) {
  auto json = nlohmann::json::parse(read_file(run / "eval.json"));
  json["classes"][name] = value;
  write_file_atomically(run / "eval.json", json.dump());
}

}  // namespace

TEST_CASE("every class of a run's files is read, the evaluated one first", "[class_records]") {
  const test::ScratchFolder scratch;
  test::make_three_class_run(scratch / "run", scratch / "data");
  const RunRecord run = read_run(scratch / "run");
  CHECK(run.problems.empty());
  REQUIRE(names_of(run) == std::vector<std::string>{"car", "pedestrian", "cyclist"});
  for (const auto& one : run.classes) {
    INFO(one.name);
    CHECK(one.evaluations.size() == run.evaluations.size());
    CHECK(has_final_figures(one));
    CHECK(why_without_figures(run, one).empty());
  }
  REQUIRE(run.evaluations.size() == 2);
  CHECK(run.classes[0].evaluations[0][1].ap40 == 40.25);
  CHECK(run.classes[1].evaluations[0][0].ap40 == 20.5);
  CHECK(run.classes[1].evaluations[1][2].ap40 == 31.25);
  CHECK(run.classes[2].evaluations[1][1].mean41 == 11);
  const auto& cyclists = *run.classes[2].final_figures;
  CHECK(cyclists[2].ap40 == 15.25);
  CHECK(cyclists[2].ground_truths == 7);
  CHECK(cyclists[2].precision.size() == 41);
  CHECK(run.final_evaluation->figures[0].ap40 == 62.5);  // the evaluated class's, as ever
}

TEST_CASE("a run of one class has that alone, though eval.json names others without figures", "[class_records]") {
  const test::ScratchFolder scratch;
  test::make_run(scratch / "run", scratch / "data");
  const RunRecord run = read_run(scratch / "run");
  REQUIRE(names_of(run) == std::vector<std::string>{"car"});
  CHECK(run.classes[0].evaluations[1][1].ap40 == 62.5);
  CHECK((*run.classes[0].final_figures)[1].ap40 == 62.5);
}

TEST_CASE("why a class has no figures", "[class_records]") {
  const test::ScratchFolder scratch;
  const auto folder = scratch / "run";
  test::make_three_class_run(folder, scratch / "data");
  const auto cyclists = [&] {
    const RunRecord run = read_run(folder);
    REQUIRE(run.classes.size() == 3);
    return std::pair(has_figures(run.classes[2]), why_without_figures(run, run.classes[2]));
  };
  SECTION("no detection of the last evaluation names it, though one before did") {
    replace_final(folder, "cyclist", nullptr);
    CHECK(cyclists() == std::pair(true, std::string("no detection of the last evaluation names it")));
  }
  SECTION("no detection ever named it") {
    replace_final(folder, "cyclist", nullptr);
    write_file_atomically(folder / "metrics.jsonl", test::evaluation_line(4, 16, 62.5));
    CHECK(cyclists() == std::pair(false, std::string("no detection of the last evaluation names it")));
    fs::remove(folder / "eval.json");
    CHECK(cyclists() == std::pair(false, std::string("no detection names it yet")));
  }
  SECTION("there is nothing to find: AP is 0, and says nothing") {
    const nlohmann::json none = {{"ap40", 0}, {"ap11", 0}, {"mean41", 0}, {"ground_truths", 0}};
    replace_final(folder, "cyclist", {{"easy", none}, {"moderate", none}, {"hard", none}});
    CHECK(cyclists() == std::pair(false, std::string("the frames hold no ground truth of it")));
  }
  SECTION("a run that goes on has those of its evaluations") {
    fs::remove(folder / "eval.json");
    CHECK(cyclists() == std::pair(true, std::string()));
  }
}

TEST_CASE("an evaluation that does not name a class has a gap there", "[class_records]") {
  const test::ScratchFolder scratch;
  const std::string bus = R"(,"bus":{"easy":{"ap40":5}})";
  write_file_atomically(scratch / "run" / "metrics.jsonl", test::evaluation_line(6, 24, 3, "", bus) +
                                                               test::evaluation_line(4, 16, 2) +
                                                               test::evaluation_line(2, 8, 1, "", bus));
  const RunRecord run = read_run(scratch / "run");
  REQUIRE(names_of(run) == std::vector<std::string>{"car", "bus"});
  REQUIRE(run.classes[1].evaluations.size() == 3);
  CHECK(run.classes[0].evaluations[0][1].ap40 == 1);  // by step, whatever the order of lines
  CHECK(run.classes[1].evaluations[0][0].ap40 == 5);
  CHECK(std::isnan(run.classes[1].evaluations[1][0].ap40));
  CHECK(run.classes[1].evaluations[2][0].ap40 == 5);
  CHECK(std::isnan(run.classes[1].evaluations[2][1].ap40));
}

TEST_CASE("classes of another kind are none, and harm nothing", "[class_records]") {
  const test::ScratchFolder scratch;
  write_file_atomically(
      scratch / "run" / "metrics.jsonl",
      R"({"step":2,"samples":8,"ap":{"car":7,"bus":[],"tram":{"easy":3},"van":{"easy":{"ap40":null}}}})"
      "\n"
      R"({"step":4,"samples":16,"ap":["bus"]})"
      "\n"
      R"(["ap"])"
      "\n"
      R"({"ap":{"lorry":{"easy":{"ap40":1}}}})"
      "\n");
  write_file_atomically(scratch / "run" / "eval.json", R"({"classes":{"car":null,"bus":3,"tram":{},"van":[]}})");
  const RunRecord run = read_run(scratch / "run");
  REQUIRE(names_of(run) == std::vector<std::string>{"car"});
  CHECK(run.classes[0].evaluations.size() == 2);
  CHECK_FALSE(has_figures(run.classes[0]));
  CHECK(run.final_evaluation);
}
