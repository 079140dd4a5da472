// A batch of noise, shaped and scaled as a frame's: what a training step costs does not depend on what it sees.
//
// Pure function; thread-safe.
#pragma once

#include <cstdint>

#include "config/settings.hpp"
#include "data/batch.hpp"

namespace fastbox::apps {

/// `images` images of the settings' size, the first of them sample `first_sample`; about one cell in eighteen positive,
/// one in twenty masked. A function of run.seed and the sample.
data::Batch random_batch(const config::Settings& settings, std::uint64_t first_sample, int images);

}  // namespace fastbox::apps
