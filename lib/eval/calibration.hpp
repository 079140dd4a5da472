// Whether a confidence of .8 is right four times in five: reliability, expected calibration error, and the temperature
// that mends it.
//
// A detection is right where it is the surest that overlaps a counted ground truth enough, by the official evaluator's
// matching (Matcher::judgements); detections that the evaluator ignores are left out. Sources: Guo et al. 2017, "On Calibration of
// Modern Neural Networks" (bins, temperature); Naeini et al. 2015 (expected and maximum calibration error); Kueppers et al.
// 2020, "Multivariate Confidence Calibration for Object Detection" (precision in accuracy's place). Thread-safe: no state.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "eval/matching.hpp"

namespace fastbox::eval {

struct CalibrationOptions {
  std::size_t difficulty = 1;  ///< of the ground truths that count: 0 easy, 1 moderate, 2 hard
  int bins = 15;               ///< of equal width from 0 to 1; a score on a limit belongs to the bin below it
};

/// One bin. Where it is empty, confidence and precision are NaN.
struct ReliabilityBin {
  std::int64_t detections = 0;
  double confidence = 0;  ///< mean score
  double precision = 0;   ///< share that is right
};

/// How far scores are from precisions. NaN where there is no detection.
struct CalibrationError {
  double expected = 0;  ///< mean over detections of their bin's |confidence - precision|
  double maximum = 0;   ///< of a bin that is not empty
  double brier = 0;     ///< mean of (score - right)^2
  double log_loss = 0;  ///< mean of -log(score) where right and -log(1 - score) where wrong; scores clamped as below
};

/// sigmoid(logit(score) / temperature), the score clamped to 1e-7 .. 1 - 1e-7, as the logits of 0 and 1 are infinite: the order
/// of scores stays. Temperatures above 1 are for a network that is too sure of itself. At 1 the score itself, to the last bit.
double at_temperature(double score, double temperature);

struct ClassCalibration {
  std::int64_t detections = 0, right = 0;
  std::vector<ReliabilityBin> bins;
  CalibrationError as_is;
  /// The one of least log loss, within .01 .. 100; NaN where all or none of the detections are right: nothing to tell apart.
  double temperature = 0;
  CalibrationError scaled;  ///< at that temperature, on the detections that it was fitted to
  /// Each half of the frames (even and odd places) at the temperature that fits the other: what it would be on new frames.
  /// NaN where a half has no temperature.
  CalibrationError held_out;
};

struct CalibrationResult {
  std::int64_t frames = 0;
  Rules rules;
  CalibrationOptions options;
  std::vector<bool> detected;             ///< a class: false: absent, its figures say nothing
  std::vector<ClassCalibration> classes;  ///< in the order of the rules'
};

/// Scores must lie within 0 .. 1: throws Error(data) naming the frame otherwise, or for a NaN.
CalibrationResult calibrate(std::span<const FrameObjects> frames, const Rules& rules = {},
                            const CalibrationOptions& options = {});

/// The temperature of least log loss for judgements; NaN as above.
double fitted_temperature(std::span<const Judgement> judgements);

/// A block of lines for each detected class. Ends with a newline.
std::string calibration_table(const CalibrationResult& result);

/// {"difficulty", "classes": {"car": {"detections", "right", "as_is": {"expected", "maximum", "brier", "log_loss"}, "temperature",
/// "scaled", "held_out", "bins": [{"from", "to", "detections", "confidence", "precision"}]}}}; an absent class is null.
nlohmann::ordered_json calibration_json(const CalibrationResult& result);

}  // namespace fastbox::eval
