#include "train/detector.hpp"

#include <ATen/ATen.h>

#include "base/error.hpp"
#include "eval/decode.hpp"
#include "eval/suppression.hpp"
#include "train/batch_tensors.hpp"
#include "train/checkpoint.hpp"
#include "train/device.hpp"
#include "train/tensor_file.hpp"

namespace fastbox::train {
namespace {

/// The first image's numbers, contiguous and in float32 on the CPU.
at::Tensor numbers_of(const at::Tensor& tensor) {
  return tensor[0].to(at::kCPU, at::kFloat).contiguous();
}

std::span<const float> span_of(const at::Tensor& tensor) {
  return {tensor.const_data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

}  // namespace

std::unique_ptr<models::FastBox> make_model(const config::Settings& settings, c10::Device device) {
  const auto& wanted = settings.model;
  auto model = std::make_unique<models::FastBox>(
      models::FastBoxOptions{wanted.encoder, wanted.width_multiple, wanted.hidden, wanted.dropout,
                             wanted.gains == "balanced" ? models::Gains::balanced() : models::Gains::kittibox()});
  model->initialise(static_cast<std::uint64_t>(settings.run.seed));
  model->to(device, settings.run.precision == "fp64" ? at::kDouble : at::kFloat);
  return model;
}

Detector::Detector(models::FastBox& model, const config::Settings& settings)
    : model_(model), size_(settings.model), settings_(settings.evaluation) {}

std::vector<io::Object> Detector::detect(const data::EvaluationFrame& frame) const {
  const at::NoGradGuard no_gradient;
  const at::TensorOptions options = model_.parameters().front().options().requires_grad(false);
  const models::Output out = model_.forward(to_tensor(frame, size_.width, size_.height, options));
  const at::Tensor logits = numbers_of(out.delta_logits), boxes = numbers_of(out.box + out.delta_box);

  const eval::GridGeometry grid{size_.width, size_.height, models::FastBox::stride};
  auto candidates = eval::decode(eval::confidences_of(span_of(logits)), span_of(boxes), grid,
                                 {settings_.whole_pixels, settings_.minimum_score});
  candidates = settings_.suppression == "stitch" ? eval::stitch(candidates, settings_.overlap, settings_.whole_pixels)
                                                 : eval::suppress(candidates, settings_.overlap);
  // KittiBox writes boxes that reach outside the frame; labels never do.
  return eval::to_objects(candidates, grid, frame.frame_width, frame.frame_height,
                          {settings_.type, !settings_.whole_pixels});
}

LoadedModel load_model(const std::filesystem::path& path, const std::vector<std::string>& overrides, int local_rank) {
  LoadedModel loaded;
  loaded.checkpoint = find_checkpoint(path);
  loaded.config = config::load(loaded.checkpoint / "config.yaml", overrides);
  const c10::Device device = choose_device(loaded.config.settings.run.device, local_rank);
  loaded.model = make_model(loaded.config.settings, device);
  NamedTensors parameters;
  for (const auto& [name, parameter] : loaded.model->parameters_in_forward_order()) parameters[name] = parameter;
  const auto file = loaded.checkpoint / "model.safetensors";
  copy_by_name(read_tensors(file), parameters, file.string());
  return loaded;
}

}  // namespace fastbox::train
