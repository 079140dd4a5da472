// A run folder and its data set, small enough to be written by hand.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "support/support.hpp"

namespace fastbox::test {

/// A data set of three frames of 200 x 100 pixels (000000 to 000002) with a car each; the last is for validation.
void make_data(const std::filesystem::path& root);

/// A finished run of two ranks: four lines of training, two of evaluation, eval.json, detections and a checkpoint.
void make_run(const std::filesystem::path& folder, const std::filesystem::path& data,
              const std::vector<std::string>& overrides = {});

/// The same of a run that tells cars, pedestrians and cyclists apart. Cars' figures are make_run's; AP40 of pedestrians
/// is 20.5 and then 31.25 percent, of cyclists 10.75 and then 15.25, at every difficulty. The result files name cars
/// alone.
void make_three_class_run(const std::filesystem::path& folder, const std::filesystem::path& data);

/// Lines of metrics.jsonl, each with its end. `others`: what "ap" holds behind the car, from a comma on.
std::string training_line(int step, int samples, double loss, const std::string& more = "");
std::string evaluation_line(int step, int samples, double moderate, const std::string& more = "",
                            const std::string& others = "");

}  // namespace fastbox::test
