// A network and everything between a frame and its detections: forward, decode, suppression, scaling.
//
// Views the model, which must outlive it. One thread.
#pragma once

#include <c10/core/Device.h>

#include <filesystem>
#include <memory>
#include <vector>

#include "config/object_classes.hpp"
#include "config/run_file.hpp"
#include "data/frame_reader.hpp"
#include "eval/decode.hpp"
#include "io/kitti_label.hpp"
#include "models/network.hpp"

namespace fastbox::train {

/// Whether the run changes factors and statistics of batch normalisation: model.batch_norm, with `auto` settled.
bool trains_batch_norm(const config::ModelSettings& settings);

/// The network that the settings describe, on the device and of run.precision; weights drawn from run.seed, frozen as
/// asked for. Throws Error(usage) for settings that do not fit each other.
std::unique_ptr<models::Network> make_model(const config::Settings& settings, c10::Device device);

/// Of scores in result files: as many as keep apart what evaluation.temperature brings together. 6 at temperature 1, else 12.
int score_decimals(const config::EvaluationSettings& settings);

/// How often a frame is looked at.
models::Looks looks_of(const config::EvaluationSettings& settings);

class Detector {
 public:
  Detector(models::Network& model, const config::Settings& settings);

  /// What the network says of one frame: contiguous and float32; on the network's device where suppression is standard
  /// (suppress_grid.hpp), else on the CPU. C classes, gh x gw cells.
  struct Seen {
    at::Tensor confidence;  ///< C x gh x gw
    at::Tensor box;         ///< gh x gw x 4
  };

  /// Detections in pixels of the original frame, class by class, surest first unless suppression is stitch. At another
  /// evaluation.temperature than 1, scores are those of temperature 1 as a result file holds them, at that temperature: so
  /// detections of equal scores stay equal, and AP is the same.
  std::vector<io::Object> detect(const data::EvaluationFrame& frame) const;

  /// Its two halves: the network, for which it waits only where the CPU needs what is seen; decoding and suppression.
  Seen see(const data::EvaluationFrame& frame) const;
  std::vector<io::Object> objects_of(const Seen& seen, int frame_width, int frame_height) const;

  /// A detection, and where it comes from.
  struct Found {
    io::Object object;
    int object_class;  ///< its place in config::object_classes
    int cell;          ///< row * gw + column of the cell whose box it is
  };

  /// objects_of's detections, in its order.
  std::vector<Found> found_in(const Seen& seen, int frame_width, int frame_height) const;

 private:
  /// What suppression keeps, class by class.
  std::vector<std::vector<eval::Candidate>> kept_in(const Seen& seen, const eval::GridGeometry& grid) const;

  models::Network& model_;
  config::ModelSettings size_;
  config::EvaluationSettings settings_;
  std::vector<ObjectClass> classes_;
  bool bf16_;
};

/// A model loaded from a checkpoint, with the settings of its run.
struct LoadedModel {
  config::RunConfig config;
  std::filesystem::path checkpoint;  ///< the step folder
  std::unique_ptr<models::Network> model;
};

/// `path`: a run folder (its newest whole checkpoint) or a step folder. `overrides` go over its run file, of which
/// run.device is taken unless overridden. Opens the CUDA plugin where a GPU is used. Throws Error(data).
LoadedModel load_model(const std::filesystem::path& path, const std::vector<std::string>& overrides, int local_rank);

}  // namespace fastbox::train
