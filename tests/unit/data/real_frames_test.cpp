// Real KITTI frames and labels: every case is skipped where they are not there.
#include <catch2/catch.hpp>

#include "data/augment.hpp"
#include "data/cell_targets.hpp"
#include "data/check.hpp"
#include "data/loader.hpp"
#include "support/support.hpp"

using namespace fastbox;
namespace fs = std::filesystem;

namespace {

fs::path root() {
  return test::shared_folder() / "kitti";
}

#define NEEDS_KITTI SKIP_UNLESS(fs::is_directory(root() / "training"), "no real frames in " + root().string())

/// Rectangles and how many have no cell, over KittiBox's training labels at 1248 x 384.
data::TargetCounts count_rectangles(const std::string& assignment) {
  config::Settings settings;
  settings.targets.assignment = assignment;
  const data::ObjectRoles roles(settings);
  const data::CellTargets maker(settings.targets, data::grid_of(1248, 384));
  const auto cells = static_cast<std::size_t>(maker.grid().cells());
  std::vector<float> confidence(cells), box(4 * cells), weight(cells), mask(cells);
  data::TargetCounts total;
  for (const auto& name : data::kittibox_split(data::Part::train)) {
    const auto objects = io::read_labels(data::label_folder(root()) / (name + ".txt"));
    // Most images are not here; nearly all are of this size.
    const auto rectangles = data::place_objects(objects, roles, {0, 0, 1242, 375}, false, 1248, 384);
    const auto counts = maker.write(rectangles, {confidence, box, weight, mask});
    total.rectangles += counts.rectangles;
    total.without_cell += counts.without_cell;
    total.cells += counts.cells;
  }
  return total;
}

}  // namespace

TEST_CASE("all real frames load", "[real_frames]") {
  NEEDS_KITTI;
  config::Settings settings;
  settings.model.width = 320;
  settings.model.height = 96;
  settings.data.root = root().string();
  settings.data.workers = 2;
  settings.data.cache = "off";
  int frames = 0;
  for (const char* list : {"splits/have_image_train.txt", "splits/have_image_val.txt"}) {
    settings.data.train = list;
    const auto dataset = data::open_dataset(settings.data, ".", data::Part::train);
    data::Loader loader(dataset, settings, {.batch = 2});
    for (std::size_t i = 0; i < dataset.size(); i += 2) frames += loader.next().images;
  }
  CHECK(frames == 230);
}

TEST_CASE("the usual list names frames that are not here", "[real_frames]") {
  NEEDS_KITTI;
  config::DataSettings settings;
  settings.root = root().string();
  const auto missing = test::caught([&] { data::open_dataset(settings, ".", data::Part::train); });
  CHECK(missing.code == ExitCode::data);
  CHECK(missing.mentions("of 3712 frames listed, 3586 lack their image"));
}

TEST_CASE("the first rule leaves a sixth of the rectangles without a cell, the nearest rule next to none",
          "[real_frames]") {
  NEEDS_KITTI;
  const auto first = count_rectangles("first"), nearest = count_rectangles("nearest");
  CHECK(first.rectangles == nearest.rectangles);
  const auto percent = [](const data::TargetCounts& counts) { return 100.0 * counts.without_cell / counts.rectangles; };
  CHECK(percent(first) == Approx(17).margin(1));
  CHECK(percent(nearest) < 0.2);
}

TEST_CASE("the check of the real folder says what is not here in one line", "[real_frames]") {
  NEEDS_KITTI;
  const auto report = data::check_data(root(), 2);
  CHECK(report.ok());
  CHECK(report.pairs == 230);
  CHECK(report.sizes.at({1242, 375}) == 210);
  REQUIRE(report.notes.size() == 1);
  CHECK(report.notes[0].find("7251 labels have no image") != std::string::npos);
  INFO(data::format_report(report));
  CHECK(report.warnings.size() < 10);
}
