#include "train/torchscript.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/frontend/resolver.h>
#include <torch/csrc/jit/frontend/sugared_value.h>
#include <torch/csrc/jit/frontend/tracer.h>

#include <sstream>

#include "base/text.hpp"
#include "eval/suppression.hpp"
#include "train/detector.hpp"
#include "train/tensor_file.hpp"
#include "train/torchscript_source.hpp"

namespace fastbox::train {
namespace {

namespace jit = torch::jit;

/// LibTorch's own knows `torch` and no exception.
struct Names : jit::NativeResolver {
  std::shared_ptr<jit::SugaredValue> resolveValue(const std::string& name, jit::GraphFunction& function,
                                                  const jit::SourceRange& place) override {
    if (name == "Exception") return std::make_shared<jit::ExceptionValue>(name);
    return NativeResolver::resolveValue(name, function, place);
  }
};

/// The tensors as attributes of modules that are nested as their names are, so that state_dict() has the names of
/// model.safetensors.
jit::Module module_of(const NamedTensors& tensors, const std::shared_ptr<jit::CompilationUnit>& unit) {
  jit::Module module("__torch__.fastbox.Part", unit, /*shouldMangle=*/true);
  std::map<std::string, NamedTensors> parts;
  for (const auto& [name, tensor] : tensors) {
    const auto dot = name.find('.');
    if (dot == std::string::npos)
      module.register_parameter(name, tensor, /*is_buffer=*/false);
    else
      parts[name.substr(0, dot)][name.substr(dot + 1)] = tensor;
  }
  for (const auto& [name, inside] : parts) module.register_module(name, module_of(inside, unit));
  return module;
}

/// 1 x 3 x H x W -> (confidence, box) of models::Prediction, recorded on an image of grey.
jit::Module traced(models::Network& network, const config::Settings& settings,
                   const std::shared_ptr<jit::CompilationUnit>& unit) {
  NamedTensors tensors = network.tensors();
  for (auto& [name, tensor] : tensors) tensor.set_requires_grad(false);
  jit::Module module = module_of(tensors, unit);
  const at::Tensor image =
      at::full({1, 3, settings.model.height, settings.model.width}, 128, tensors.begin()->second.options())
          .contiguous(at::MemoryFormat::ChannelsLast);
  const auto forward = [&](const jit::Stack& inputs) {
    const auto seen = network.predict(inputs.at(0).toTensor(), looks_of(settings.evaluation));
    return jit::Stack{c10::ivalue::Tuple::create({seen.confidence, seen.box})};
  };
  const auto unnamed = [](const at::Tensor&) { return std::string(); };
  const auto state =
      jit::tracer::trace({image}, forward, unnamed, /*strict=*/true, /*force_outplace=*/false, &module, {"image"})
          .first;
  auto* method = unit->create_function(c10::QualifiedName(*module.type()->name(), "forward"), state->graph);
  module.type()->addMethod(method);
  return module;
}

/// One side of stitch's passes: floats, held against confidences that are floats too.
c10::List<double> limits(float eval::StitchPass::*side) {
  c10::List<double> list;
  for (const auto& pass : eval::stitch_passes) list.push_back(pass.*side);
  return list;
}

}  // namespace

std::string torchscript_archive(models::Network& network, const config::Settings& settings,
                                const std::string& metadata) {
  const at::NoGradGuard no_gradient;
  const auto unit = std::make_shared<jit::CompilationUnit>();
  const auto& [model, evaluation] = std::tie(settings.model, settings.evaluation);
  jit::Module detector("__torch__.fastbox.Detector", unit, /*shouldMangle=*/false);
  const auto whole = [&](const char* name, std::int64_t value) {
    detector.register_attribute(name, c10::IntType::get(), value);
  };
  const auto number = [&](const char* name, double value) {
    detector.register_attribute(name, c10::FloatType::get(), value);
  };
  const auto text = [&](const char* name, const std::string& value) {
    detector.register_attribute(name, c10::StringType::get(), value);
  };
  whole("width", model.width);
  whole("height", model.height);
  whole("stride", network.stride());
  whole("input_type", static_cast<std::int64_t>(network.parameters().front().scalar_type()));
  number("minimum_score", evaluation.minimum_score);
  number("overlap_limit", evaluation.overlap);
  number("replacing_overlap", eval::stitch_replacing_overlap);
  number("soft_sigma", eval::soft_sigma);
  number("temperature", evaluation.temperature);
  detector.register_attribute("whole_pixels", c10::BoolType::get(), evaluation.whole_pixels);
  detector.register_attribute("lower", c10::ListType::ofFloats(), limits(&eval::StitchPass::lower));
  detector.register_attribute("upper", c10::ListType::ofFloats(), limits(&eval::StitchPass::upper));
  text("suppression", evaluation.suppression);
  text("expected", concat("images: expected N x 3 x ", model.height, " x ", model.width, ", RGB, 0..255"));
  detector.register_module("network", traced(network, settings, unit));
  detector.define(torchscript_decoding, std::make_shared<Names>());
  detector.eval();
  std::ostringstream archive;
  detector.save(archive, {{"fastbox.json", metadata}});
  return std::move(archive).str();
}

}  // namespace fastbox::train
