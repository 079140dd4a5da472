// Predictions as text for people and as JSON.
//
// Pure functions; thread-safe.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "train/dry_run.hpp"

namespace fastbox::train {

/// One prediction at length: a figure a line, with its unit.
std::string prediction_text(const config::Settings& settings, const ModelCost& cost, const Assumptions& assumptions,
                            const Prediction& prediction);

/// Several predictions: a line for each number of ranks, then what they rest on.
std::string prediction_table(const config::Settings& settings, const ModelCost& cost, const Assumptions& assumptions,
                             const std::vector<Prediction>& predictions);

/// {"model", "assumptions", "predictions": [one for each number of ranks]}; seconds, bytes and FLOP.
nlohmann::ordered_json prediction_json(const ModelCost& cost, const Assumptions& assumptions,
                                       const std::vector<Prediction>& predictions);

}  // namespace fastbox::train
