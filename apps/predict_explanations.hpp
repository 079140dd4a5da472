// `fastbox predict --explain`: pictures and figures of why the surest detections are there.
//
// An Explanations views the model. One thread.
#pragma once

#include <CLI/CLI.hpp>

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "comm/world.hpp"
#include "train/detector.hpp"
#include "train/explanation.hpp"

namespace fastbox::apps {

struct ExplainOptions {
  int most = 0;  ///< detections of each image; 0: nothing is explained
  std::string by = "gradient";
};

void add_explain_options(CLI::App& command, ExplainOptions& options);

class Explanations {
 public:
  /// Throws Error(usage) for an unknown way to explain.
  Explanations(models::Network& model, const config::Settings& settings, const ExplainOptions& options,
               std::filesystem::path out);

  /// Explains the surest of the detections in an image, and writes OUT/NAME-explained-01.png, 02, ...
  void add(const std::filesystem::path& image, const data::EvaluationFrame& frame,
           std::vector<train::Detector::Found> found);

  /// On rank 0: OUT/explanations.json of all ranks' images, and a table of them on standard output. Collective.
  void write(comm::World& world) const;

 private:
  models::Network& model_;
  const config::Settings& settings_;
  int most_;
  train::ExplainBy by_;
  std::filesystem::path out_;
  std::string lines_;  // a JSON object each
};

}  // namespace fastbox::apps
