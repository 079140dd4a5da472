// Settings under which every kind of change is made of small frames.
#pragma once

#include "config/settings.hpp"

namespace fastbox::test {

inline config::Settings changing_settings() {
  config::Settings result;
  result.model.width = 128;
  result.model.height = 64;
  result.data.workers = 3;
  result.augmentation.scale = {0.8, 1.2};
  result.augmentation.shift = 8;
  result.augmentation.saturation = {0.5, 1.6};
  result.augmentation.hue = 0.1;
  return result;
}

}  // namespace fastbox::test
