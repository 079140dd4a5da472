// A CocoResult for people (an aligned table) and for programs (the key "coco" of `fastbox eval --json`).
//
// Thread-safe: no state.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "eval/coco_precision.hpp"

namespace fastbox::eval {

/// A line for each of the twelve figures, in percent, with a column per class and one for all; a class
/// without ground truth is "-". Ends with a newline.
std::string coco_table(const CocoResult& result);

/// {"classes": {"car": {"ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large", "ar_1", "ar_10", "ar_100",
/// "ar_small", "ar_medium", "ar_large", "ground_truths"}, ..}, "all": {the same}}. Figures in percent, every
/// digit of a double; null without ground truth.
nlohmann::ordered_json coco_json(const CocoResult& result);

}  // namespace fastbox::eval
