#include "models/encoder.hpp"

#include "base/error.hpp"
#include "models/small.hpp"
#include "models/vgg16.hpp"

namespace fastbox::models {

std::vector<at::Tensor> Encoder::kernels() const {
  std::vector<at::Tensor> found;
  for (const auto& parameter : parameters())
    if (parameter.dim() == 4) found.push_back(parameter);
  return found;
}

const std::vector<std::string>& encoder_names() {
  static const std::vector<std::string> names = {"small", "vgg16"};
  return names;
}

std::shared_ptr<Encoder> make_encoder(const std::string& name, double width_multiple) {
  if (name == "small") return std::make_shared<Small>(width_multiple);
  if (name == "vgg16") return std::make_shared<Vgg16>(width_multiple);
  fail(ExitCode::usage, "unknown encoder '", name, "', expected one of ", join(encoder_names(), ", "));
}

}  // namespace fastbox::models
