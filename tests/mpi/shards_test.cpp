// The same bits at any number of ranks: every rank also trains alone, by plain autograd, shard after shard, adding up over
// the tree by its definition, and compares bytes. What equals that at each number of ranks is equal at all.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <catch2/catch.hpp>

#include <cmath>

#include "base/random.hpp"
#include "comm/ordered_sum.hpp"
#include "data/sampler.hpp"
#include "models/dropout.hpp"
#include "models/fastbox.hpp"
#include "mpi/ranks.hpp"
#include "train/flat_parameters.hpp"
#include "train/optimizer.hpp"
#include "train/train_step.hpp"

using namespace fastbox;

namespace {

constexpr int all_steps = 50, batch = 12, height = 64, width = 64;

config::Settings settings_for_test(int shards) {
  config::Settings settings;
  settings.optimizer.learning_rate = 1e-3;
  settings.optimizer.clip_norm = 0.05;  // every step is clipped: the norm's bits matter
  settings.train.batch = batch;
  settings.parallel.shards = std::to_string(shards);
  settings.parallel.first_bucket_mib = 0.01;
  settings.parallel.bucket_mib = 0.05;
  return settings;
}

std::unique_ptr<models::FastBox> make_model() {
  models::FastBoxOptions options;
  options.encoder = "small";
  options.width_multiple = 0.125;
  options.hidden = 32;
  options.dropout = 0.5;
  auto model = std::make_unique<models::FastBox>(options);
  model->initialise(3);
  return model;
}

struct Images {
  train::BatchTensors tensors;
  std::vector<std::uint64_t> seeds;
};

/// The step's images begin .. begin + count - 1, a function of the step alone.
Images images_of(int step, std::int64_t begin, std::int64_t count) {
  auto generator = at::detail::createCPUGenerator(static_cast<std::uint64_t>(step));
  const std::int64_t rows = height / 32, columns = width / 32;
  const at::Tensor image = at::rand({batch, 3, height, width}, generator) * 255;
  const at::Tensor confidence = (at::rand({batch, rows, columns}, generator) < 0.4).to(at::kFloat);
  const at::Tensor box = (at::rand({batch, rows, columns, 4}, generator) * 40 + 1) * confidence.unsqueeze(-1);
  const at::Tensor mask = at::ones({batch, rows, columns});
  const auto part = [&](const at::Tensor& t) { return t.narrow(0, begin, count).contiguous(); };
  Images images{{part(image).contiguous(at::MemoryFormat::ChannelsLast),
                 {part(confidence.unsqueeze(-1)), part(box), part(mask.unsqueeze(-1)), part(confidence)}},
                {}};
  for (std::int64_t i = 0; i < count; ++i)
    images.seeds.push_back(Random(9, Purpose::dropout, static_cast<std::uint64_t>(step * batch + begin + i)).bits());
  return images;
}

/// The last step is uneven: seven images.
int images_in(int step, int steps) {
  return step + 1 == steps ? 7 : batch;
}

at::Tensor sum_over(const std::vector<at::Tensor>& leaves, comm::LeafRange node) {
  if (node.size() == 1) return leaves[static_cast<std::size_t>(node.begin)];
  const int middle = comm::SumTree::split(node);
  return sum_over(leaves, {node.begin, middle}) + sum_over(leaves, {middle, node.end});
}

at::Tensor train_alone(int shards, int steps) {
  const auto settings = settings_for_test(shards);
  auto model = make_model();
  auto parameters = model->parameters_in_forward_order();
  std::vector<std::int64_t> counts;
  for (const auto& [name, p] : parameters) counts.push_back(p.numel());
  const auto plan = comm::plan_buckets(counts, static_cast<std::int64_t>(0.01 * (1 << 18)),
                                       static_cast<std::int64_t>(0.05 * (1 << 18)));
  at::Tensor flat = train::flatten(parameters, plan);
  train::Optimizer optimizer(settings.optimizer, flat, {});
  for (int step = 0; step < steps; ++step) {
    std::vector<at::Tensor> leaves;
    for (int shard = 0; shard < shards; ++shard) {
      const auto share = data::share_of(images_in(step, steps), shard, shards);
      at::Tensor gradient = at::zeros({plan.elements});
      if (share.count > 0) {
        const Images images = images_of(step, share.begin, share.count);
        models::losses(model->forward(images.tensors.image, models::seed_tensor(images.seeds, at::kCPU)),
                       images.tensors.targets, model->encoder().kernels(), {}, images_in(step, steps))
            .total()
            .backward();
        for (std::size_t i = 0; i < parameters.size(); ++i) {
          at::Tensor& p = parameters[i].second;
          train::view_of(gradient, p, plan.slots[plan.slot_of_parameter[i]]).copy_(p.grad());
          p.mutable_grad() = at::Tensor();
        }
      }
      leaves.push_back(gradient);
    }
    const at::Tensor sum = sum_over(leaves, {0, shards});
    double squares = 0;
    for (const auto& bucket : plan.buckets) {
      std::vector<double> blocks(static_cast<std::size_t>(comm::blocks_of(bucket.count)));
      comm::block_squares(sum.const_data_ptr<float>() + bucket.offset, bucket.count, blocks.data());
      for (const double block : blocks) squares += block;
    }
    optimizer.step(sum, std::sqrt(squares), settings.optimizer.learning_rate);
  }
  return flat;
}

at::Tensor train_together(int shards, const std::string& allreduce, int steps) {
  auto& world = test::world();
  auto settings = settings_for_test(shards);
  settings.parallel.allreduce = allreduce;
  auto model = make_model();
  train::TrainStep step(*model, world, settings);
  for (int i = 0; i < steps; ++i) {
    const auto share = data::share_of_rank(images_in(i, steps), world.rank(), world.size(), shards);
    if (share.count == 0) {
      step.run(std::nullopt, {}, images_in(i, steps), settings.optimizer.learning_rate);
      continue;
    }
    const Images images = images_of(i, share.begin, share.count);
    step.run(images.tensors, images.seeds, images_in(i, steps), settings.optimizer.learning_rate);
  }
  return step.optimizer().parameters().clone();
}

}  // namespace

TEST_CASE("fifty steps with dropout have the bits of one process at any number of ranks", "[shards]") {
  at::set_num_threads(1);
  const at::Tensor alone = train_alone(12, all_steps);
  CHECK(at::isfinite(alone).all().item<bool>());
  CHECK(at::equal(train_together(12, "auto", all_steps), alone));
}

TEST_CASE("with each algorithm that keeps the order", "[shards]") {
  at::set_num_threads(1);
  constexpr int steps = 6;
  const at::Tensor alone = train_alone(12, steps);
  CHECK(at::equal(train_together(12, "hierarchical", steps), alone));
  if (test::world().nodes() == 1) CHECK(at::equal(train_together(12, "shared", steps), alone));
  // Not because nothing happened: another split has other bits.
  const int others = test::world().size() * (test::world().size() == 6 ? 1 : 2);
  CHECK_FALSE(at::equal(train_together(others, "auto", steps), alone));
}
