#include <catch2/catch.hpp>

#include "base/files.hpp"
#include "io/kitti_label.hpp"
#include "support/support.hpp"

using namespace fastbox;
using io::parse_detections;
using io::parse_labels;

namespace {
const std::string label = "Car 0.25 1 1.85 387.63 181.54 423.81 203.12 1.67 1.87 3.69 -16.53 2.39 58.49 1.57";
}

TEST_CASE("a label's columns land where they belong", "[kitti_label]") {
  const auto objects = parse_labels(label + "\n\nDontCare -1 -1 -10 1 2 3 4 -1 -1 -1 -1000 -1000 -1000 -10\n", "x");
  REQUIRE(objects.size() == 2);
  CHECK(objects[0].type == "Car");
  CHECK(objects[0].truncated == 0.25);
  CHECK(objects[0].occluded == 1);
  CHECK(objects[0].box.left == 387.63);
  CHECK(objects[0].box.bottom == 203.12);
  CHECK(objects[0].length == 3.69);
  CHECK(objects[0].rotation_y == 1.57);
  CHECK(objects[1].type == "DontCare");
}

TEST_CASE("an empty label file is a frame without objects", "[kitti_label]") {
  CHECK(parse_labels("", "x").empty());
  CHECK(parse_labels("\n\n", "x").empty());
}

TEST_CASE("formatted objects read back the same", "[kitti_label]") {
  const auto objects = parse_detections(label + " 0.5\n", "x");
  CHECK(io::format_detections(objects) == label + " 0.500000\n");
  CHECK(io::format_labels(objects) == label + "\n");
}

TEST_CASE("a bad line is named by file, line and column", "[kitti_label]") {
  const auto wrong = [](const std::string& text) { return test::caught([&] { parse_labels(text, "f.txt"); }); };
  const std::string fourteen = label.substr(0, label.rfind(' '));
  CHECK(wrong(label + "\n" + fourteen).code == ExitCode::data);
  CHECK(wrong(label + "\n" + fourteen).mentions("f.txt:2: 14 columns, expected 15"));
  CHECK(wrong(label + " 0.5").mentions("16 columns, expected 15"));
  CHECK(test::caught([&] { parse_detections(label, "d.txt"); }).mentions("15 columns, expected 16"));

  std::string word = label;
  word.replace(word.find("181.54"), 6, "wide");
  CHECK(wrong(word).mentions("f.txt:1: column 6 (top) is 'wide', expected a number"));
  std::string nan = label;
  nan.replace(nan.find("181.54"), 6, "nan");
  CHECK(wrong(nan).mentions("column 6 (top)"));
  std::string part = label;
  part.replace(part.find(" 1 "), 3, " 1.5 ");
  CHECK(wrong(part).mentions("column 3 (occluded)"));
  std::string inside_out = label;
  inside_out.replace(inside_out.find("387.63"), 6, "500.00");
  CHECK(wrong(inside_out).mentions("inside out"));
}

TEST_CASE("a label file that is not there is named", "[kitti_label]") {
  const test::ScratchFolder folder;
  CHECK(test::caught([&] { io::read_labels(folder / "000001.txt"); }).mentions("000001.txt"));
}
