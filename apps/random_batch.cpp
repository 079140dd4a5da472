#include "random_batch.hpp"

#include "base/random.hpp"

namespace fastbox::apps {

data::Batch random_batch(const config::Settings& settings, std::uint64_t first_sample, int images) {
  data::Batch batch;
  batch.first_sample = first_sample;
  const data::Grid grid = data::grid_of(settings);
  const auto classes = static_cast<std::size_t>(grid.classes);
  batch.resize(images, settings.model.height, settings.model.width, grid);
  for (int image = 0; image < images; ++image) {
    Random random(static_cast<std::uint64_t>(settings.run.seed), Purpose::augmentation,
                  first_sample + static_cast<std::uint64_t>(image));
    for (float& value : batch.pixels_of(image)) value = static_cast<float>(random.below(256));
    const auto targets = batch.targets_of(image);
    for (std::size_t cell = 0; cell < targets.weight.size(); ++cell) {
      const bool positive = random.chance(1.0 / 18), counts = !random.chance(1.0 / 20);
      for (std::size_t k = 0; k < classes; ++k) {
        targets.confidence[cell * classes + k] = positive && k == 0 ? 1 : 0;
        targets.mask[cell * classes + k] = counts ? 1 : 0;
      }
      targets.weight[cell] = positive ? 1 : 0;
      for (std::size_t i = 0; i < 4; ++i) {
        const double value = i < 2 ? random.uniform(-40, 40) : random.uniform(20, 140);  // pixels: centre, size
        targets.box[4 * cell + i] = positive ? static_cast<float>(value) : 0;
      }
    }
  }
  return batch;
}

}  // namespace fastbox::apps
