#include "models/encoder.hpp"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.hpp"
#include "models/batch_norm.hpp"
#include "models/googlenet.hpp"
#include "models/resnet.hpp"
#include "models/small.hpp"
#include "models/vgg16.hpp"

namespace fastbox::models {
namespace {

struct Known {
  const char* name;
  bool has_batch_norm;
  std::shared_ptr<Encoder> (*make)(double width_multiple);
};

template <typename Kind>
std::shared_ptr<Encoder> make(double width_multiple) {
  return std::make_shared<Kind>(width_multiple);
}

std::shared_ptr<Encoder> make_vgg16_bn(double width_multiple) {
  return std::make_shared<Vgg16>(width_multiple, /*batch_norm=*/true);
}

template <int layer3_blocks>
std::shared_ptr<Encoder> make_resnet(double width_multiple) {
  return std::make_shared<ResNet>(std::vector{3, 4, layer3_blocks, 3}, width_multiple);
}

constexpr Known known[] = {{"small", false, make<Small>},        {"vgg16", false, make<Vgg16>},
                           {"vgg16_bn", true, make_vgg16_bn},    {"resnet50", true, make_resnet<6>},
                           {"resnet101", true, make_resnet<23>}, {"googlenet", true, make<GoogLeNet>}};

}  // namespace

void Encoder::use_normalisation(Normalisation wanted) {
  if (wanted == Normalisation::torchvision)
    fail(ExitCode::usage,
         "model.normalisation: torchvision, but torchvision has no such encoder; expected own or auto");
}

std::string Encoder::torchvision_name(const std::string&) const {
  return "";
}

int Encoder::stage_of(const std::string& own) const {
  int stage = 0;
  for (const auto& child : named_children()) {
    ++stage;
    if (own == child.key() || own.starts_with(child.key() + ".")) return stage;
  }
  return 0;
}

int Encoder::stages() const {
  int most = 0;
  for (const auto& parameter : named_parameters()) most = std::max(most, stage_of(parameter.key()));
  return most;
}

void Encoder::freeze(int frozen_stages, bool trains_batch_norm) {
  if (frozen_stages > stages())
    fail(ExitCode::usage, "model.freeze: ", frozen_stages, ", expected at most ", stages(), ", the encoder's stages");
  const auto is_frozen = [&](const std::string& own) {
    const int stage = stage_of(own);
    return stage > 0 && stage <= frozen_stages;
  };
  for (const auto& parameter : named_parameters())
    if (is_frozen(parameter.key())) parameter.value().set_requires_grad(false);
  for (const auto& module : named_modules("", /*include_self=*/false)) {
    auto* const norm = dynamic_cast<BatchNorm*>(module.value().get());
    if (norm != nullptr && (!trains_batch_norm || is_frozen(module.key()))) norm->freeze();
  }
}

std::vector<std::pair<std::string, at::Tensor>> Encoder::trained_statistics() const {
  std::vector<std::pair<std::string, at::Tensor>> found;
  for (const auto& module : named_modules("", /*include_self=*/false)) {
    const auto* const norm = dynamic_cast<const BatchNorm*>(module.value().get());
    if (norm == nullptr || norm->is_frozen()) continue;
    found.emplace_back(module.key() + ".running_mean", norm->running_mean);
    found.emplace_back(module.key() + ".running_var", norm->running_var);
  }
  return found;
}

std::vector<at::Tensor> Encoder::kernels() const {
  std::vector<at::Tensor> found;
  for (const auto& parameter : parameters())
    if (parameter.dim() == 4 && parameter.requires_grad()) found.push_back(parameter);
  return found;
}

const std::vector<std::string>& encoder_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> found;
    for (const Known& one : known) found.emplace_back(one.name);
    return found;
  }();
  return names;
}

bool has_batch_norm(const std::string& encoder) {
  return std::ranges::any_of(known, [&](const Known& one) { return one.has_batch_norm && one.name == encoder; });
}

std::shared_ptr<Encoder> make_encoder(const std::string& name, double width_multiple) {
  for (const Known& one : known)
    if (one.name == name) return one.make(width_multiple);
  fail(ExitCode::usage, "unknown encoder '", name, "', expected one of ", join(encoder_names(), ", "));
}

}  // namespace fastbox::models
