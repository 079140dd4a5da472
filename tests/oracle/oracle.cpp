#include "oracle/oracle.hpp"

#include <ATen/ATen.h>

#include <cstdlib>

#include "base/text.hpp"

namespace fastbox::test {

Oracle::Oracle(const std::filesystem::path& file) : tensors_(train::read_tensors(file)) {}

bool Oracle::is_double() const {
  return image().scalar_type() == at::kDouble;
}

bool Oracle::has_trained() const {
  return tensors_.count("trained/ip") != 0;
}

std::unique_ptr<models::FastBox> Oracle::model() const {
  const at::Tensor& ip = tensors_.at("weight/ip");  // deep channels x hidden
  models::FastBoxOptions options;
  if (tensors_.count("weight/encoder.stem.convolution.weight") != 0)
    options.encoder = "small";
  else
    options.width_multiple = static_cast<double>(ip.size(0)) / 512;
  options.hidden = static_cast<int>(ip.size(1));
  options.dropout = 0;
  auto model = std::make_unique<models::FastBox>(options);
  model->to(image().scalar_type());
  train::NamedTensors parameters, weights;
  for (const auto& [name, parameter] : model->parameters_in_forward_order()) parameters[name] = parameter;
  for (const auto& [name, tensor] : tensors_)
    if (name.starts_with("weight/")) weights[name.substr(7)] = tensor;
  train::copy_by_name(weights, parameters, "the oracle");
  return model;
}

models::Targets Oracle::targets() const {
  const at::Tensor &confidence = tensors_.at("batch/confidence"), &mask = tensors_.at("batch/mask");
  return {confidence.unsqueeze(-1), tensors_.at("batch/box"), mask.unsqueeze(-1), confidence};
}

double relative_difference(const at::Tensor& ours, const at::Tensor& reference) {
  const at::Tensor a = ours.detach().to(at::kDouble), b = reference.to(at::kDouble);
  const double scale = b.abs().max().item<double>();
  return (a - b).abs().max().item<double>() / (scale > 0 ? scale : 1);
}

std::string python_with_torch() {
  if (const char* named = std::getenv("FASTBOX_PYTHON")) return named;
  const std::filesystem::path beside = FASTBOX_TORCH_PYTHON;
  return std::filesystem::exists(beside) ? beside.string() : "";
}

bool make_oracle(const std::filesystem::path& script, const std::filesystem::path& file, const std::string& arguments,
                 bool script_takes_command) {
  const std::string command =
      concat("'", python_with_torch(), "' '", script.string(), "' ", script_takes_command ? "oracle " : "", "'",
             file.string(), "' ", arguments, " > /dev/null");
  return std::system(command.c_str()) == 0;
}

}  // namespace fastbox::test
