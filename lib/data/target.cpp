#include "data/target.hpp"

#include "base/error.hpp"
#include "data/cell_targets.hpp"
#include "data/center_targets.hpp"

namespace fastbox::data {

PlainRectangle plain(const Rectangle& rectangle) {
  const auto& box = rectangle.box;
  return {box.left,
          box.top,
          box.right,
          box.bottom,
          rectangle.role == Role::positive ? rectangle.object_class : -1,
          rectangle.role == Role::ignored ? ~std::uint64_t{0} : rectangle.ignored_for};
}

Grid grid_of(int width, int height, int stride, int classes) {
  constexpr int coarsest = 32;  // of the encoders' features
  if (width <= 0 || height <= 0 || width % coarsest != 0 || height % coarsest != 0)
    fail(ExitCode::usage, "model.width and model.height: ", width, " x ", height, ", expected multiples of ", coarsest);
  return {width / stride, height / stride, stride, classes};
}

Grid grid_of(const config::Settings& settings) {
  const auto& model = settings.model;
  const int classes = static_cast<int>(config::object_classes(settings).size());
  return grid_of(model.width, model.height, model.decoder == "center" ? model.cell : 32, classes);
}

std::unique_ptr<TargetMaker> make_target_maker(const config::Settings& settings) {
  const Grid grid = grid_of(settings);
  if (settings.model.decoder == "center") return std::make_unique<CenterTargets>(grid);
  return std::make_unique<CellTargets>(settings.targets, grid);
}

}  // namespace fastbox::data
