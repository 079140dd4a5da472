#include "comm/cost_model.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "base/error.hpp"
#include "base/text.hpp"

namespace fastbox::comm {
namespace {

double message(double bytes, const Link& link) {
  return link.latency + bytes / link.bandwidth;
}

double ring_seconds(double bytes, int ranks, const Link& link) {
  return 2 * (ranks - 1) * message(bytes / ranks, link);
}

double tree_seconds(double bytes, int ranks, const Link& link) {
  return 2 * std::ceil(std::log2(ranks)) * message(bytes, link);
}

double halving_seconds(double bytes, int ranks, const Link& link) {
  const double levels = std::floor(std::log2(ranks)), paired = std::exp2(levels);
  const double seconds = 2 * (levels * link.latency + bytes * (paired - 1) / paired / link.bandwidth);
  // Ranks beyond the power of two hand their sums to a partner and get the result back.
  return paired == ranks ? seconds : seconds + 2 * message(bytes, link);
}

double normal_below(double x) {
  return 0.5 * std::erfc(-x / std::numbers::sqrt2);
}

}  // namespace

const std::vector<std::string>& algorithm_names() {
  static const std::vector<std::string> names = {"ring", "tree", "halving", "best"};
  return names;
}

Algorithm algorithm_named(const std::string& name) {
  const auto& names = algorithm_names();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end())
    fail(ExitCode::usage, "unknown algorithm '", name, "', expected one of ", join(names, ", "));
  return static_cast<Algorithm>(found - names.begin());
}

double allreduce_seconds(Algorithm algorithm, double bytes, int ranks, const Link& link) {
  if (ranks <= 1) return 0;
  switch (algorithm) {
    case Algorithm::ring:
      return ring_seconds(bytes, ranks, link);
    case Algorithm::tree:
      return tree_seconds(bytes, ranks, link);
    case Algorithm::halving:
      return halving_seconds(bytes, ranks, link);
    case Algorithm::best:
      break;
  }
  return std::min(
      {ring_seconds(bytes, ranks, link), tree_seconds(bytes, ranks, link), halving_seconds(bytes, ranks, link)});
}

double allreduce_seconds(Algorithm algorithm, double bytes, double wire_bytes, int ranks, const Cluster& cluster) {
  const int in_node = std::min(ranks, cluster.ranks_per_node);
  const int nodes = (ranks + cluster.ranks_per_node - 1) / cluster.ranks_per_node;
  return allreduce_seconds(algorithm, bytes, in_node, cluster.within_node) +
         allreduce_seconds(algorithm, wire_bytes, nodes, cluster.between_nodes);
}

std::vector<double> bucket_ready_seconds(const BucketPlan& plan, const std::vector<double>& parameter_seconds) {
  if (parameter_seconds.size() != plan.slots.size())
    fail(ExitCode::defect, "the bucket plan has ", plan.slots.size(), " parameters, backward's times ",
         parameter_seconds.size());
  std::vector<double> ready;
  double now = 0;
  for (const auto& bucket : plan.buckets) {
    for (std::size_t slot = bucket.first_slot; slot < bucket.first_slot + bucket.slots; ++slot)
      now += parameter_seconds[plan.slots[slot].parameter];
    ready.push_back(now);
  }
  return ready;
}

ExchangeCost overlapped(const std::vector<double>& ready, const std::vector<double>& seconds, double backward_seconds) {
  if (ready.size() != seconds.size())
    fail(ExitCode::defect, ready.size(), " buckets become ready, ", seconds.size(), " are exchanged");
  ExchangeCost exchange;
  exchange.total_seconds = std::accumulate(seconds.begin(), seconds.end(), 0.0);
  double free = 0;
  for (std::size_t i = 0; i < ready.size(); ++i) free = std::max(free, ready[i]) + seconds[i];
  exchange.exposed_seconds = std::max(0.0, free - backward_seconds);
  return exchange;
}

double expected_slowest(int ranks) {
  if (ranks <= 1) return 0;
  const double wanted = (ranks - 0.375) / (ranks + 0.25);
  double low = 0, high = 10;
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (low + high);
    (normal_below(middle) < wanted ? low : high) = middle;
  }
  return low;
}

}  // namespace fastbox::comm
