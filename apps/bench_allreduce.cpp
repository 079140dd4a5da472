// fastbox bench allreduce [--json FILE] [--size BYTES]... [--repeat N] [--shards V]
//
// Every algorithm sums the same gradients, one repetition of each in turn, so that whatever else the machine does falls
// on all alike. A repetition is timed on the MPI thread, between barriers, from the first bucket's start to the last
// one's sum, and counts as long as the slowest rank took. Messages that are over within microseconds are repeated within
// the timing. Every sum is checked.

#include <chrono>
#include <cmath>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/log.hpp"
#include "bench.hpp"
#include "comm/exchange.hpp"
#include "config/settings.hpp"
#include "distributed.hpp"
#include "json_output.hpp"
#include "machine.hpp"
#include "models/fastbox.hpp"
#include "timings.hpp"

namespace fastbox::apps {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t element_bytes = sizeof(float);
constexpr std::int64_t once_from_bytes = 1 << 18;  // from here on a single exchange is timed, below that many
constexpr std::int64_t bytes_per_timing = 1 << 18, most_rounds = 100;

struct Options {
  std::string json;
  std::vector<std::int64_t> sizes;
  int repeat = 15, shards = 0;
};

comm::BucketPlan plan_of(const std::vector<std::int64_t>& counts) {
  const config::ParallelSettings defaults;
  const double mib = 1024.0 * 1024.0 / element_bytes;
  return comm::plan_buckets(counts, static_cast<std::int64_t>(defaults.first_bucket_mib * mib),
                            static_cast<std::int64_t>(defaults.bucket_mib * mib));
}

/// The gradient of KittiBox's own model, VGG16 at full width, in the buckets that training sends it in.
comm::BucketPlan vgg16_plan() {
  const models::FastBox model{models::FastBoxOptions{}};
  std::vector<std::int64_t> counts;
  for (const auto& [name, parameter] : model.parameters_in_forward_order()) counts.push_back(parameter.numel());
  return plan_of(counts);
}

/// So many bytes, rounded up to whole cache lines, as if they were parameters of up to 256 KiB.
comm::BucketPlan plan_of_bytes(std::int64_t bytes) {
  constexpr std::int64_t parameter = 1 << 16;
  const std::int64_t elements = bytes / static_cast<std::int64_t>(element_bytes);
  std::vector<std::int64_t> counts;
  for (std::int64_t at = 0; at < elements; at += parameter) counts.push_back(std::min(parameter, elements - at));
  return plan_of(counts);
}

/// Small whole numbers, so that any order of additions gives the same sum.
float value_of(int leaf, std::int64_t element) {
  return static_cast<float>((element + 3 * leaf) % 16);
}

/// One way to sum one size of gradients: the memory, and how an exchange of it is run.
class Contender {
 public:
  Contender(comm::World& world, const comm::ExchangeLayout& layout) : world_(world), layout_(layout) {}
  virtual ~Contender() = default;
  Contender(const Contender&) = delete;
  Contender& operator=(const Contender&) = delete;

  /// Seconds of the slowest rank for one sum of gradients that are newly written, which is checked.
  double sum_once();

  /// Seconds for each of `rounds` sums, one after another.
  double sum_many(int rounds);

 protected:
  virtual const std::vector<comm::LeafRange>& parts() const = 0;
  virtual float* part(std::size_t index) = 0;
  virtual const float* result() = 0;
  virtual double run(int rounds) = 0;  // seconds of this rank
  virtual double tolerance() const { return 0; }

  comm::World& world_;
  const comm::ExchangeLayout& layout_;

 private:
  double slowest(double seconds) { return static_cast<double>(world_.max({std::llround(seconds * 1e9)})[0]) / 1e9; }
  void check();
};

double Contender::sum_once() {
  for (std::size_t p = 0; p < parts().size(); ++p) {
    float* const out = part(p);
    for (std::int64_t i = 0; i < layout_.elements; ++i) {
      out[i] = 0;
      for (int leaf = parts()[p].begin; leaf < parts()[p].end; ++leaf) out[i] += value_of(leaf, i);
    }
  }
  const double seconds = slowest(run(1));
  check();
  return seconds;
}

/// Of zeros: sums that are summed again do not grow.
double Contender::sum_many(int rounds) {
  for (std::size_t p = 0; p < parts().size(); ++p) std::fill_n(part(p), layout_.elements, 0.0f);
  return slowest(run(rounds)) / rounds;
}

void Contender::check() {
  std::array<double, 16> expected{};
  for (std::size_t i = 0; i < expected.size(); ++i)
    for (int leaf = 0; leaf < layout_.tree.leaves(); ++leaf)
      expected[i] += static_cast<double>(value_of(leaf, static_cast<std::int64_t>(i)));
  for (std::int64_t i = 0; i < layout_.elements; ++i) {
    const double wanted = expected[static_cast<std::size_t>(i) % expected.size()];
    if (std::abs(static_cast<double>(result()[i]) - wanted) > tolerance() * wanted)
      fail(ExitCode::defect, "a sum over the ranks is wrong: element ", i, " of ", layout_.elements, " is ",
           result()[i], ", expected ", wanted);
  }
}

/// What one writes without a library of one's own: one blocking call for everything.
class MpiCall : public Contender {
 public:
  MpiCall(comm::World& world, const comm::ExchangeLayout& layout)
      : Contender(world, layout),
        parts_{comm::leaves_of(layout.tree, world.rank(), world.size())},
        memory_(static_cast<std::size_t>(layout.elements)) {}

 protected:
  const std::vector<comm::LeafRange>& parts() const override { return parts_; }
  float* part(std::size_t) override { return memory_.data(); }
  const float* result() override { return memory_.data(); }

  double run(int rounds) override {
    return world_.mpi().run([&] {
      MPI_Barrier(MPI_COMM_WORLD);
      const auto begin = Clock::now();
      for (int round = 0; round < rounds; ++round)
        MPI_Allreduce(MPI_IN_PLACE, memory_.data(), static_cast<int>(memory_.size()), MPI_FLOAT, MPI_SUM,
                      MPI_COMM_WORLD);
      return std::chrono::duration<double>(Clock::now() - begin).count();
    });
  }

 private:
  std::vector<comm::LeafRange> parts_;
  std::vector<float> memory_;
};

class OurExchange : public Contender {
 public:
  OurExchange(comm::World& world, const comm::ExchangeLayout& layout, const comm::ExchangeOptions& options)
      : Contender(world, layout),
        exchange_(comm::make_exchange(world, layout, options)),
        // Twice rounded to 8 bits: by the senders, and after the sum.
        tolerance_(options.bf16 ? 0x1p-7 : 0) {}

 protected:
  const std::vector<comm::LeafRange>& parts() const override { return exchange_->parts(); }
  float* part(std::size_t index) override { return static_cast<float*>(exchange_->part(0, index)); }
  const float* result() override { return static_cast<const float*>(exchange_->result(0)); }
  double tolerance() const override { return tolerance_; }

  double run(int rounds) override {
    std::promise<double> seconds;
    auto measured = seconds.get_future();
    rounds_left_ = rounds;
    finished_ = &seconds;
    world_.mpi().post([this] {
      if (world_.size() > 1) MPI_Barrier(MPI_COMM_WORLD);
      begin_ = Clock::now();
      start_round();
    });
    return measured.get();
  }

 private:
  void start_round() {
    buckets_left_ = layout_.buckets.size();
    for (std::size_t bucket = 0; bucket < layout_.buckets.size(); ++bucket)
      exchange_->start(0, bucket, [this] { end_bucket(); });
  }

  void end_bucket() {
    if (--buckets_left_ > 0) return;
    if (--rounds_left_ > 0)
      world_.mpi().post([this] { start_round(); });
    else
      finished_->set_value(std::chrono::duration<double>(Clock::now() - begin_).count());
  }

  std::unique_ptr<comm::Exchange> exchange_;
  double tolerance_;
  // MPI thread, while a run is under way.
  std::size_t buckets_left_ = 0;
  int rounds_left_ = 0;
  Clock::time_point begin_;
  std::promise<double>* finished_ = nullptr;
};

struct Entry {
  std::string name;
  comm::ExchangeLayout layout;
  std::unique_ptr<Contender> contender;
  std::vector<double> seconds;
};

comm::ExchangeLayout layout_of(const comm::BucketPlan& plan, int leaves, bool ordered) {
  comm::ExchangeLayout layout;
  layout.buckets = plan.buckets;
  layout.elements = plan.elements;
  layout.ordered = ordered;
  layout.tree = comm::SumTree(leaves);
  return layout;
}

/// Those that this job can have: `shared` needs all its ranks on one node. The two last keep the order of additions.
std::vector<std::unique_ptr<Entry>> make_entries(comm::World& world, const comm::BucketPlan& plan, int shards) {
  std::vector<std::unique_ptr<Entry>> entries;
  const auto add = [&](const std::string& name, bool ordered) -> Entry& {
    const auto layout = layout_of(plan, ordered ? shards : world.size(), ordered);
    entries.push_back(std::make_unique<Entry>(Entry{name, layout, nullptr, {}}));
    return *entries.back();
  };
  const auto add_ours = [&](const std::string& name, const std::string& algorithm, bool ordered, bool bf16 = false) {
    Entry& entry = add(name, ordered);
    entry.contender = std::make_unique<OurExchange>(world, entry.layout, comm::ExchangeOptions{algorithm, bf16});
  };
  Entry& call = add("mpi_allreduce", false);
  call.contender = std::make_unique<MpiCall>(world, call.layout);
  add_ours("mpi", "mpi", false);
  add_ours("mpi_bf16", "mpi", false, true);
  if (world.nodes() == 1) add_ours("shared", "shared", true);
  add_ours("hierarchical", "hierarchical", true);
  if (world.nodes() > 1) add_ours("hierarchical_bf16", "hierarchical", false, true);
  return entries;
}

/// Interleaved: a repetition of each, again and again. The first is not counted.
nlohmann::ordered_json measure(comm::World& world, const comm::BucketPlan& plan, const Options& options) {
  const std::int64_t bytes = plan.elements * static_cast<std::int64_t>(element_bytes);
  const auto entries = make_entries(world, plan, options.shards);
  const auto rounds = static_cast<int>(std::clamp(bytes_per_timing / bytes, std::int64_t{1}, most_rounds));
  for (int repetition = 0; repetition <= options.repeat; ++repetition) {
    for (const auto& entry : entries) {
      double seconds = entry->contender->sum_once();
      if (bytes < once_from_bytes) seconds = entry->contender->sum_many(rounds);
      if (repetition > 0) entry->seconds.push_back(seconds);
    }
  }
  nlohmann::ordered_json seconds;
  for (const auto& entry : entries) seconds[entry->name] = spread(entry->seconds);
  return {{"bytes", bytes}, {"buckets", plan.buckets.size()}, {"seconds", seconds}};
}

std::string size_text(std::int64_t bytes) {
  if (bytes < 1000) return concat(bytes, " B");
  if (bytes < 1000000) return concat(significant(static_cast<double>(bytes) / 1e3, 3), " kB");
  return concat(significant(static_cast<double>(bytes) / 1e6, 3), " MB");
}

/// A line for each size: medians in milliseconds.
void print_table(const nlohmann::ordered_json& report) {
  std::string header = "size";
  for (const auto& [name, seconds] : report["sizes"][0]["seconds"].items()) header += "\t" + name;
  std::cout << header << "  (median milliseconds; " << report["ranks"] << " ranks on " << report["nodes"]
            << " nodes)\n";
  for (const auto& size : report["sizes"]) {
    std::cout << size_text(size["bytes"]);
    for (const auto& [name, seconds] : size["seconds"].items())
      std::cout << '\t' << significant(1e3 * seconds["median"].get<double>(), 3);
    std::cout << '\n';
  }
  std::cout << report["speedup_of"].get<std::string>() << " is " << fixed(report["speedup_over_mpi"], 2)
            << " times as fast as MPI_Allreduce on the largest\n";
}

void bench(const Options& asked) {
  run_distributed([&](comm::World& world) {
    if (world.size() == 1) fail(ExitCode::usage, "bench allreduce needs at least two ranks: mpiexec -n 2 fastbox ...");
    Options options = asked;
    if (options.shards == 0) options.shards = world.size();
    if (options.shards % world.size() != 0)
      fail(ExitCode::usage, "--shards: ", options.shards, " is not a multiple of ", world.size(), " ranks");
    nlohmann::ordered_json sizes = nlohmann::ordered_json::array();
    if (options.sizes.empty()) {
      for (const std::int64_t bytes : {1LL << 6, 1LL << 10, 1LL << 12, 1LL << 16, 1LL << 20, 1LL << 23})
        sizes.push_back(measure(world, plan_of_bytes(bytes), options));
      sizes.push_back(measure(world, vgg16_plan(), options));
    }
    std::sort(options.sizes.begin(), options.sizes.end());
    for (const auto bytes : options.sizes) sizes.push_back(measure(world, plan_of_bytes(bytes), options));

    const auto& largest = sizes.back()["seconds"];
    const std::string ours = world.nodes() == 1 ? "shared" : "hierarchical";
    const double ratio = largest["mpi_allreduce"]["median"].get<double>() / largest[ours]["median"].get<double>();
    const nlohmann::ordered_json report = {{"speedup_over_mpi", ratio},   {"speedup_of", ours},
                                           {"ranks", world.size()},       {"nodes", world.nodes()},
                                           {"shards", options.shards},    {"repetitions", options.repeat},
                                           {"machine", processor_name()}, {"sizes", sizes}};
    if (!world.is_first()) return;
    if (options.json != "-") print_table(report);
    write_json(options.json, report);
  });
}

}  // namespace

void add_bench_allreduce(CLI::App& bench_command) {
  auto* command = bench_command.add_subcommand(
      "allreduce", "Sums gradients over the ranks in every way there is; under mpiexec, needs no run file");
  auto options = std::make_shared<Options>();
  command->add_option("--json", options->json, "write the figures to this file as JSON; - for standard output");
  command
      ->add_option("--size", options->sizes,
                   "bytes of a gradient; may be given again (default: seven, the largest VGG16's 61.3 MB)")
      ->allow_extra_args(false)
      ->check(CLI::Range(std::int64_t{4}, std::int64_t{1} << 32));
  command->add_option("--repeat", options->repeat, "timings of each algorithm and size (default: 15)")
      ->check(CLI::Range(1, 100000));
  command
      ->add_option("--shards", options->shards,
                   "leaves of the tree that keeps the order of additions (default: one for each rank)")
      ->check(CLI::Range(1, 4096));
  command->callback([options] { bench(*options); });
}

}  // namespace fastbox::apps
