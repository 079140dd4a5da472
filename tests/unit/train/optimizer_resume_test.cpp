// An optimiser stopped half-way, written out and read back goes on with the same bits.
#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "models/fastbox.hpp"
#include "support/support.hpp"
#include "support/world.hpp"
#include "train/optimizer.hpp"
#include "train/tensor_file.hpp"
#include "train/train_step.hpp"

using namespace fastbox;

namespace {

config::OptimizerSettings settings_of(const std::string& name, double average) {
  config::OptimizerSettings settings;
  settings.name = name;
  settings.weight_decay = 0.1;
  settings.learning_rate = 0.01;
  settings.average = average;
  return settings;
}

at::Tensor flat_of(int step) {
  return at::sin(at::arange(5000).to(at::kFloat) * 0.37 + step);
}

void steps(train::Optimizer& optimizer, int first, int last) {
  for (int t = first; t <= last; ++t) {
    const at::Tensor g = flat_of(t);
    optimizer.step(g, g.norm().item<double>(), 0.01 / t);
  }
}

train::BatchTensors images_of(int step) {
  const at::Tensor image = (at::sin(at::arange(2 * 3 * 64 * 96).to(at::kFloat) * 0.01 + step) + 1) * 127;
  const at::Tensor box = at::ones({2, 2, 3, 4}) * 20, cells = at::ones({2, 2, 3});
  return {image.view({2, 3, 64, 96}),
          {(cells * (step % 2)).unsqueeze(-1), box, cells.unsqueeze(-1), cells * (step % 2)}};
}

std::unique_ptr<models::FastBox> make_model() {
  models::FastBoxOptions options;
  options.encoder = "small";
  options.width_multiple = 0.25;
  options.hidden = 16;
  options.dropout = 0;
  auto model = std::make_unique<models::FastBox>(options);
  model->initialise(3);
  return model;
}

}  // namespace

TEST_CASE("every optimiser resumes half-way with the same bits", "[optimizer_resume]") {
  const std::vector<train::Layer> layers = {{0, 4000, true}, {4000, 990, false}};
  for (const std::string name : {"adam", "adamw", "sgd", "lars", "lamb"}) {
    for (const double average : {0.0, 0.9}) {
      INFO(name << " with average " << average);
      train::Optimizer whole(settings_of(name, average), flat_of(0), layers);
      steps(whole, 1, 3);
      const at::Tensor evaluated = whole.evaluated().clone();
      std::map<std::string, at::Tensor> saved;
      for (const auto& [key, tensor] : whole.state()) saved[key] = tensor.clone();
      steps(whole, 4, 6);

      train::Optimizer resumed(settings_of(name, average), at::zeros({5000}), layers);
      resumed.evaluated().copy_(evaluated);
      auto state = resumed.state();
      REQUIRE(state.size() == saved.size());
      for (auto& [key, tensor] : state) tensor.copy_(saved.at(key));
      resumed.restore(3);
      steps(resumed, 4, 6);
      CHECK(at::equal(resumed.parameters(), whole.parameters()));
      CHECK(at::equal(resumed.evaluated(), whole.evaluated()));
    }
  }
}

TEST_CASE("a training step's LARS and LAMB state passes through a file", "[optimizer_resume]") {
  const test::ScratchFolder folder;
  for (const std::string name : {"lars", "lamb"}) {
    INFO(name);
    config::Settings settings;
    settings.optimizer = settings_of(name, 0);
    auto first_model = make_model(), second_model = make_model();
    const auto run = [&](train::TrainStep& step, int first, int last) {
      for (int t = first; t <= last; ++t) step.run(images_of(t), {}, 2, 0.01);
    };
    train::TrainStep whole(*first_model, test::world(), settings);
    const std::size_t parameters = whole.evaluated_parameters().size();
    CHECK(whole.optimizer_state().size() == (name == "lamb" ? 2 : 1) * parameters);
    run(whole, 1, 2);
    train::write_tensors(folder / "model.safetensors", whole.evaluated_parameters());
    train::write_tensors(folder / "optimizer.safetensors", whole.optimizer_state());
    run(whole, 3, 4);

    train::TrainStep resumed(*second_model, test::world(), settings);
    auto weights = resumed.evaluated_parameters(), state = resumed.optimizer_state();
    train::copy_by_name(train::read_tensors(folder / "model.safetensors"), weights, "model.safetensors");
    train::copy_by_name(train::read_tensors(folder / "optimizer.safetensors"), state, "optimizer.safetensors");
    resumed.optimizer().restore(2);
    run(resumed, 3, 4);
    for (const auto& [key, parameter] : resumed.evaluated_parameters()) {
      INFO(key);
      CHECK(at::equal(parameter, whole.evaluated_parameters().at(key)));
    }
  }
}
