#include "train/detector.hpp"

#include <ATen/ATen.h>

#include "base/text.hpp"
#include "eval/calibration.hpp"
#include "eval/suppression.hpp"
#include "models/center.hpp"
#include "models/fastbox.hpp"
#include "train/batch_tensors.hpp"
#include "train/checkpoint.hpp"
#include "train/device.hpp"
#include "train/mixed_precision.hpp"
#include "train/suppress_grid.hpp"
#include "train/tensor_file.hpp"

namespace fastbox::train {
namespace {

/// The first image's numbers, contiguous and in float32.
at::Tensor numbers_of(const at::Tensor& tensor, c10::Device device) {
  return tensor[0].to(device, at::kFloat).contiguous();
}

std::span<const float> span_of(const at::Tensor& tensor) {
  return {tensor.const_data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

constexpr int usual_decimals = 6;

/// The score that a result file of temperature 1 gives.
double as_written(double score) {
  double written = score;
  parse_double(fixed(score, usual_decimals), written);
  return written;
}

}  // namespace

bool trains_batch_norm(const config::ModelSettings& settings) {
  if (!models::has_batch_norm(settings.encoder)) return false;
  return settings.batch_norm == "train" || (settings.batch_norm == "auto" && settings.weights.empty());
}

std::unique_ptr<models::Network> make_model(const config::Settings& settings, c10::Device device) {
  const auto& wanted = settings.model;
  const int classes = static_cast<int>(config::object_classes(settings).size());
  std::unique_ptr<models::Network> model;
  if (wanted.decoder == "center")
    model = std::make_unique<models::Center>(
        models::CenterOptions{wanted.encoder, wanted.width_multiple, wanted.hidden, wanted.cell, classes});
  else
    model = std::make_unique<models::FastBox>(models::FastBoxOptions{
        wanted.encoder, wanted.width_multiple, wanted.hidden, wanted.dropout,
        wanted.gains == "balanced" ? models::Gains::balanced() : models::Gains::kittibox(), classes});
  model->initialise(static_cast<std::uint64_t>(settings.run.seed));
  model->to(device, settings.run.precision == "fp64" ? at::kDouble : at::kFloat);
  if (wanted.normalisation == "torchvision") model->encoder().use_normalisation(models::Normalisation::torchvision);
  model->encoder().freeze(wanted.freeze, trains_batch_norm(wanted));
  const bool is_single = settings.run.precision == "fp32";
  if (settings.run.convolution == "winograd" || (settings.run.convolution == "auto" && is_single))
    model->use_winograd();
  return model;
}

int score_decimals(const config::EvaluationSettings& settings) {
  return settings.temperature == 1 ? usual_decimals : 2 * usual_decimals;
}

models::Looks looks_of(const config::EvaluationSettings& settings) {
  return {settings.mirror, settings.shifts, settings.zoom};
}

Detector::Detector(models::Network& model, const config::Settings& settings)
    : model_(model),
      size_(settings.model),
      settings_(settings.evaluation),
      classes_(config::object_classes(settings)),
      bf16_(settings.run.precision == "bf16") {}

std::vector<io::Object> Detector::detect(const data::EvaluationFrame& frame) const {
  return objects_of(see(frame), frame.frame_width, frame.frame_height);
}

Detector::Seen Detector::see(const data::EvaluationFrame& frame) const {
  const at::TensorOptions options = model_.parameters().front().options().requires_grad(false);
  const at::Tensor image = to_tensor(frame, size_.width, size_.height, options);
  const MixedPrecision arithmetic(bf16_, image.device().type());
  const models::Prediction seen = model_.predict(image, looks_of(settings_));
  const c10::Device wanted = settings_.suppression == "standard" ? image.device() : c10::Device(at::kCPU);
  return {numbers_of(seen.confidence.permute({0, 3, 1, 2}), wanted), numbers_of(seen.box, wanted)};
}

std::vector<std::vector<eval::Candidate>> Detector::kept_in(const Seen& seen, const eval::GridGeometry& grid) const {
  const eval::DecodeOptions options{settings_.whole_pixels, settings_.minimum_score};
  if (settings_.suppression == "standard")
    return suppress_grid(seen.confidence, seen.box, grid, options, settings_.overlap);
  std::vector<std::vector<eval::Candidate>> kept;
  for (std::int64_t i = 0; i < seen.confidence.size(0); ++i) {
    const at::Tensor of_class = seen.confidence[i];
    const auto candidates = eval::decode(span_of(of_class), span_of(seen.box), grid, options);
    kept.push_back(settings_.suppression == "soft"
                       ? eval::suppress_softly(candidates, settings_.minimum_score)
                       : eval::stitch(candidates, settings_.overlap, settings_.whole_pixels));
  }
  return kept;
}

std::vector<Detector::Found> Detector::found_in(const Seen& seen, int frame_width, int frame_height) const {
  const eval::GridGeometry grid{size_.width, size_.height, model_.stride()};
  const auto kept_boxes = kept_in(seen, grid);
  std::vector<Found> found;
  for (std::size_t i = 0; i < classes_.size(); ++i) {
    for (const eval::Candidate& kept : kept_boxes[i]) {
      // KittiBox writes boxes that reach outside the frame; labels never do. Of one that lies outside nothing is left.
      const eval::ObjectOptions options{classes_[i].name, !settings_.whole_pixels};
      for (auto& object : eval::to_objects({kept}, grid, frame_width, frame_height, options))
        found.push_back({std::move(object), static_cast<int>(i), kept.cell});
    }
  }
  if (settings_.temperature != 1)
    for (auto& [object, object_class, cell] : found)
      object.score = eval::at_temperature(as_written(object.score), settings_.temperature);
  return found;
}

std::vector<io::Object> Detector::objects_of(const Seen& seen, int frame_width, int frame_height) const {
  std::vector<io::Object> objects;
  for (auto& found : found_in(seen, frame_width, frame_height)) objects.push_back(std::move(found.object));
  return objects;
}

LoadedModel load_model(const std::filesystem::path& path, const std::vector<std::string>& overrides, int local_rank) {
  LoadedModel loaded;
  loaded.checkpoint = find_checkpoint(path);
  loaded.config = config::load(loaded.checkpoint / "config.yaml", overrides);
  const c10::Device device = choose_device(loaded.config.settings.run.device, local_rank);
  loaded.model = make_model(loaded.config.settings, device);
  NamedTensors tensors = loaded.model->tensors();
  const auto file = loaded.checkpoint / "model.safetensors";
  copy_by_name(read_tensors(file), tensors, file.string());
  loaded.model->eval();  // nothing that is done with it is to change it
  return loaded;
}

}  // namespace fastbox::train
