#include "data/frame_cost.hpp"

#include <chrono>

#include "base/error.hpp"
#include "data/augment.hpp"

namespace fastbox::data {

FrameCost time_sample(FrameReader& reader, const config::Settings& settings, std::uint64_t sample,
                      std::vector<float>& image) {
  using Clock = std::chrono::steady_clock;
  thread_local ImageMaker maker;
  const int width = settings.model.width, height = settings.model.height;
  image.resize(3 * static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
  Random random = image_stream(static_cast<std::uint64_t>(settings.run.seed), 0, sample);
  const Geometry geometry = draw_geometry(settings.augmentation, random);
  const Colour colour = draw_colour(settings.augmentation, random);
  const auto begin = Clock::now();
  const FrameContents frame = reader.read(sample % reader.dataset().size());
  const auto middle = Clock::now();
  maker.make(frame.picture, visible_region(geometry, frame.picture.cols, frame.picture.rows, width, height),
             geometry.flip, colour, width, height, image);
  const auto end = Clock::now();
  return {std::chrono::duration<double>(middle - begin).count(), std::chrono::duration<double>(end - middle).count()};
}

FrameCost time_frames(const Dataset& dataset, std::shared_ptr<const FrameCache> cache, const config::Settings& settings,
                      int frames) {
  FrameReader reader(dataset, std::move(cache));
  std::vector<float> image;
  FrameCost least;
  for (int i = 0; i < frames; ++i) {
    try {
      const FrameCost cost = time_sample(reader, settings, static_cast<std::uint64_t>(i), image);
      if (least.sum() == 0 || cost.sum() < least.sum()) least = cost;
    } catch (const Error&) {
      continue;
    }
  }
  return least;
}

}  // namespace fastbox::data
