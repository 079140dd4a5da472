// How much of its average precision a model keeps on pictures made worse (data/corruption.hpp).
//
// Collective: all ranks call measure_robustness() with equal weights; the frames are shared out as in evaluate().
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "data/corruption.hpp"
#include "train/evaluator.hpp"

namespace fastbox::train {

struct Robustness {
  struct Row {
    data::Corruption corruption;
    eval::KittiResult result;
  };
  eval::KittiResult clean;
  std::vector<Row> rows;
};

/// `clean`: evaluate()'s result on the same frames. Noise is a function of run.seed and the frame's place. Throws as
/// evaluate() does.
Robustness measure_robustness(models::Network& model, const config::Settings& settings, const data::Dataset& frames,
                              const eval::KittiResult& clean, comm::World& world,
                              const std::vector<data::Corruption>& corruptions = data::standard_corruptions());

/// A line for each corruption: AP40 moderate of each class that is detected on clean pictures, and its change. Ends with a
/// newline.
std::string robustness_table(const Robustness& robustness);

/// {"frames", "clean": {"car": {"easy", "moderate", "hard"}}, "corruptions": [{"name", "severity", "strength", "classes": {..}}]}:
/// AP40 in percent; null for a NaN or an absent class.
nlohmann::ordered_json robustness_json(const Robustness& robustness);

}  // namespace fastbox::train
