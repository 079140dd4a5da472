// A KittiResult for people (an aligned table) and for programs (the JSON of `fastbox eval --json`).
//
// Thread-safe: no state.
#pragma once

#include <limits>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "eval/average_precision.hpp"

namespace fastbox::eval {

inline constexpr double unknown_time = std::numeric_limits<double>::quiet_NaN();

/// A line per class and difficulty: AP40, AP11 and the mean of all 41 precisions in percent, and the counted
/// ground truths. A NaN and the figures of a class that no detection names are "-". Ends with a newline.
std::string result_table(const KittiResult& result, double milliseconds_per_image = unknown_time);

/// {"frames", "evaluator", "classes": {"car": {"easy": {"ap40", "ap11", "mean41", "ground_truths",
/// "precision": [41]}, ..}}, "milliseconds_per_image"}. AP in percent, precisions 0..1, every digit of a
/// double; a NaN and an absent class are null.
nlohmann::ordered_json result_json(const KittiResult& result, double milliseconds_per_image = unknown_time);

}  // namespace fastbox::eval
