#include "data/frame_cost.hpp"

#include <chrono>

#include "base/error.hpp"
#include "data/augment.hpp"

namespace fastbox::data {
namespace {

using Clock = std::chrono::steady_clock;

FrameCost cost_of(Clock::time_point begin, Clock::time_point middle, Clock::time_point end) {
  return {std::chrono::duration<double>(middle - begin).count(), std::chrono::duration<double>(end - middle).count()};
}

}  // namespace

FrameCost time_sample(FrameReader& reader, const config::Settings& settings, std::uint64_t sample,
                      std::vector<float>& image) {
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
  return cost_of(begin, middle, Clock::now());
}

FrameCost time_sample(FrameReader& reader, std::uint64_t sample, FramePixels& frame) {
  const auto begin = Clock::now();
  const FrameContents contents = reader.read(sample % reader.dataset().size());
  const auto middle = Clock::now();
  frame.take(contents.picture, [](std::size_t bytes) { return std::make_shared<std::uint8_t[]>(bytes); });
  return cost_of(begin, middle, Clock::now());
}

FrameCost time_frames(const Dataset& dataset, std::shared_ptr<const FrameCache> cache, const config::Settings& settings,
                      int frames, bool of_images) {
  FrameReader reader(dataset, std::move(cache));
  std::vector<float> image;
  FramePixels pixels;
  FrameCost least;
  for (int i = 0; i < frames; ++i) {
    try {
      const auto sample = static_cast<std::uint64_t>(i);
      const FrameCost cost =
          of_images ? time_sample(reader, settings, sample, image) : time_sample(reader, sample, pixels);
      if (least.sum() == 0 || cost.sum() < least.sum()) least = cost;
    } catch (const Error&) {
      continue;
    }
  }
  return least;
}

}  // namespace fastbox::data
