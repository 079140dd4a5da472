// How long an exchange of gradients takes and how much of it backward hides: predicted, not measured.
//
// The alpha-beta model: a message of b bytes takes latency + b / bandwidth; additions and copies are free. Formulas as in
// Thakur, Rabenseifner, Gropp: Optimization of Collective Communication Operations in MPICH (2005). Plain numbers, no
// torch and no MPI. Pure functions; thread-safe.
#pragma once

#include <string>
#include <vector>

#include "comm/bucket_plan.hpp"

namespace fastbox::comm {

struct Link {
  double bandwidth = 0;  ///< bytes per second, in each direction at once
  double latency = 0;    ///< seconds per message
};

/// Nodes of equal size: ranks reduce within the node, one rank's worth of data is reduced between the nodes, and the
/// result is spread within the node (parallel.allreduce: hierarchical). One rank per node: between nodes alone.
struct Cluster {
  Link within_node, between_nodes;
  int ranks_per_node = 1;
};

/// ring     2 (n-1) steps of b / n bytes
/// tree     reduced up and spread down a binary tree, unpipelined: 2 log2(n) steps of b bytes
/// halving  Rabenseifner's recursive halving and doubling: 2 log2(n) steps, b (n-1) / n bytes each way (two more steps
///          of b bytes where n is no power of two)
/// best     whichever is the fastest for the size and the ranks, as MPI and NCCL choose
enum class Algorithm { ring, tree, halving, best };

const std::vector<std::string>& algorithm_names();

/// Throws Error(usage) for an unknown name.
Algorithm algorithm_named(const std::string& name);

/// Seconds until the sum of `bytes` bytes is on all `ranks`, each with a link of its own. 0 for one rank.
double allreduce_seconds(Algorithm algorithm, double bytes, int ranks, const Link& link);

/// The same over a cluster. The ranks fill nodes one after another. `bytes` travel within a node, `wire_bytes` between
/// nodes (parallel.wire: bf16 halves them).
double allreduce_seconds(Algorithm algorithm, double bytes, double wire_bytes, int ranks, const Cluster& cluster);

/// When each bucket's last gradient is complete, in seconds from the begin of backward. `parameter_seconds`: what
/// backward spends on each parameter's layer, in the order of the forward pass.
std::vector<double> bucket_ready_seconds(const BucketPlan& plan, const std::vector<double>& parameter_seconds);

struct ExchangeCost {
  double total_seconds = 0;    ///< of the exchanges themselves, one after another
  double exposed_seconds = 0;  ///< from the end of backward until the last bucket is summed
};

/// The buckets go one after another over one channel, each as soon as it is ready and the one before it is through.
/// `ready` and `seconds` by bucket in the order of launch; backward ends at `backward_seconds`.
ExchangeCost overlapped(const std::vector<double>& ready, const std::vector<double>& seconds, double backward_seconds);

/// How many standard deviations the slowest of `ranks` lies above the mean, where their times are normal and
/// independent: Blom's approximation of the largest order statistic (Statistical Estimates and Transformed
/// Beta-Variables, 1958). 0 for one rank.
double expected_slowest(int ranks);

}  // namespace fastbox::comm
