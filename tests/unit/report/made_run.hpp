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

/// Lines of metrics.jsonl, each with its end.
std::string training_line(int step, int samples, double loss, const std::string& more = "");
std::string evaluation_line(int step, int samples, double moderate, const std::string& more = "");

}  // namespace fastbox::test
