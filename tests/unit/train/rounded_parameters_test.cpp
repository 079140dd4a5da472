// The parameters' bf16 buffer: what a cast makes of them, always at one address, and stale as soon as anything writes them.
#include "train/rounded_parameters.hpp"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "models/layers.hpp"
#include "support/support.hpp"
#include "train/flat_parameters.hpp"
#include "train/optimizer.hpp"

using namespace fastbox;

namespace {

/// A convolution's parameters, as a TrainStep holds them.
struct Flattened {
  models::Convolution layer{{8, 24}};
  std::vector<std::pair<std::string, at::Tensor>> parameters = {{"weight", layer.weight}, {"bias", layer.bias}};
  comm::BucketPlan plan;
  at::Tensor flat;

  Flattened() {
    auto generator = models::seeded_generator(5);
    layer.initialise(generator);
    plan = comm::plan_buckets({layer.weight.numel(), layer.bias.numel()}, 64, 64);
    flat = train::flatten(parameters, plan);
  }
};

/// Whether each copy is its parameter as a cast makes it, laid out alike.
bool are_casts(const models::RoundedCopies& copies, const Flattened& of) {
  for (const auto& [name, parameter] : of.parameters) {
    const at::Tensor& copy = copies.at(parameter.unsafeGetTensorImpl());
    if (copy.strides() != parameter.strides() || !at::equal(copy, parameter.detach().to(at::kBFloat16))) return false;
  }
  return copies.size() == of.parameters.size();
}

}  // namespace

TEST_CASE("whatever writes the parameters makes their copies stale", "[rounded_parameters]") {
  Flattened model;
  train::RoundedParameters rounded(model.flat, model.parameters, model.plan);
  CHECK_FALSE(rounded.is_fresh());
  CHECK(are_casts(rounded.fresh(), model));
  CHECK(rounded.is_fresh());
  const void* const memory = rounded.flat().const_data_ptr();
  train::Optimizer optimizer({}, model.flat, {});
  const at::Tensor gradient = at::ones_like(model.flat), other = at::full_like(model.flat, 0.3);
  const at::NoGradGuard no_gradient;
  const std::vector<std::function<void()>> writers = {
      [&] { model.flat.copy_(other); },  // the evaluated weights, an average over ranks
      [&] { train::view_of(model.flat, model.layer.bias, model.plan.slots[0]).add_(1); },  // a checkpoint
      [&] { model.layer.weight.mul_(2); }, [&] { model.layer.bias.zero_(); },
      [&] { optimizer.step(gradient, 1, 0.1); }};
  for (std::size_t i = 0; i < writers.size(); ++i) {
    INFO("writer " << i);
    writers[i]();
    CHECK_FALSE(rounded.is_fresh());
    CHECK(are_casts(rounded.fresh(), model));
    CHECK(rounded.is_fresh());
  }
  CHECK(rounded.flat().const_data_ptr() == memory);
}

TEST_CASE("every optimiser leaves the copies as a cast would, with nothing left to cast", "[rounded_parameters]") {
  for (const std::string name : {"adam", "adamw", "sgd", "lars", "lamb"}) {
    for (const double average : {0.0, 0.9}) {
      INFO(name << " with average " << average);
      Flattened model;
      train::RoundedParameters rounded(model.flat, model.parameters, model.plan);
      config::OptimizerSettings settings;
      settings.name = name;
      settings.weight_decay = 0.1;
      settings.average = average;
      std::vector<train::Layer> layers;
      for (const comm::Slot& slot : model.plan.slots) layers.push_back({slot.offset, slot.count, slot.parameter == 0});
      train::Optimizer optimizer(settings, model.flat, layers);
      for (int t = 0; t < 3; ++t) {
        const at::Tensor before = model.flat.clone();
        optimizer.step(at::sin(model.flat * 9 + t), 1, 0.01, rounded.flat());
        rounded.note_update();
        CHECK_FALSE(at::equal(model.flat, before));
        CHECK(rounded.is_fresh());
        CHECK(are_casts(rounded.fresh(), model));
      }
    }
  }
}
