// Gradients on real GPUs, averaged and compared with plain sums on the CPU.
//
// Every rank calls the same functions in the same order.
#pragma once

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include <optional>
#include <string>
#include <vector>

#include "comm/gradient_averager.hpp"
#include "gpu/random_tensors.hpp"
#include "mpi/ranks.hpp"
#include "train/device.hpp"

namespace fastbox::test {

/// This rank's, in turn among the machine's; nothing where there is none. Opens the plugin.
inline std::optional<c10::Device> gpu_of_rank() {
  if (!train::machine_has_gpu()) return std::nullopt;
  return train::choose_device("cuda", world().node_rank());
}

/// Of what `values_of(leaf)` gives, added up as the tree says.
template <typename Values>
at::Tensor tree_sum(comm::LeafRange node, const Values& values_of) {
  if (node.size() == 1) return values_of(node.begin);
  const int middle = comm::SumTree::split(node);
  return tree_sum({node.begin, middle}, values_of) + tree_sum({middle, node.end}, values_of);
}

/// A few steps. Ordered sums must be exact, others near; all the same on every rank, and the norm that of the result.
inline void check_averages(c10::Device device, const std::string& algorithm, int shards, int sets,
                           const std::string& expected_name) {
  std::vector<comm::GradientAverager::NamedParameter> parameters;
  const std::vector<std::int64_t> sizes = {5000, 1, 70000, 333, 4096};
  for (std::size_t i = 0; i < sizes.size(); ++i)
    parameters.emplace_back(concat("p", i), at::zeros({sizes[i]}, at::TensorOptions(device)).set_requires_grad(true));
  comm::AveragerOptions options;
  options.first_bucket_mib = options.bucket_mib = 0.02;
  options.shards = shards;
  options.sets = sets;
  options.exchange.algorithm = algorithm;
  comm::GradientAverager averager(world(), parameters, options);
  INFO(algorithm << ", " << shards << " shards, " << sets << " sets");
  CHECK(averager.exchange().name() == expected_name);
  REQUIRE(averager.plan().buckets.size() > 2);
  const int leaves = shards > 0 ? shards : world().size();
  for (int step = 0; step < 4; ++step) {
    const auto values_of = [&](std::size_t i, int leaf) {
      return random_values(sizes[i], static_cast<std::uint64_t>((step * 100 + leaf) * 10) + i);
    };
    averager.begin();
    for (int leaf = averager.leaves().begin; leaf < averager.leaves().end; ++leaf) {
      averager.begin_pass(leaf, true, true);
      at::Tensor loss = at::zeros({}, at::TensorOptions(device));
      for (std::size_t i = 0; i < sizes.size(); ++i)
        loss = loss + (parameters[i].second * values_of(i, leaf).to(device)).sum();
      loss.backward();
      averager.end_pass();
    }
    const auto report = averager.wait();
    const at::Tensor sum = averager.gradient().cpu();
    for (const auto& slot : averager.plan().slots) {
      const at::Tensor plain = tree_sum({0, leaves}, [&](int leaf) { return values_of(slot.parameter, leaf); });
      const at::Tensor ours = sum.narrow(0, slot.offset, slot.count);
      CHECK(at::allclose(ours, plain, 1e-5, 1e-5));
      if (shards > 0) CHECK(at::equal(ours, plain));
    }
    CHECK(report.squared_norm == averager.squared_norm_of(sum));
    world().require_equal(
        std::string(static_cast<const char*>(sum.const_data_ptr()), static_cast<std::size_t>(sum.nbytes())), "sum");
  }
}

}  // namespace fastbox::test
