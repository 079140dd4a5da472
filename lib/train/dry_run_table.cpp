#include "train/dry_run_table.hpp"

#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/text.hpp"

namespace fastbox::train {
namespace {

constexpr double mib = 1024.0 * 1024.0;

std::string milliseconds(double seconds) {
  return fixed(1e3 * seconds, 2);
}

/// A title's indented lines: name, figure.
class Lines {
 public:
  void title(const std::string& text) { stream_ << (stream_.tellp() > 0 ? "\n" : "") << text << '\n'; }
  template <typename... Parts>
  void line(const std::string& name, const Parts&... parts) {
    stream_ << "  " << std::left << std::setw(20) << name << concat(parts...) << '\n';
  }
  std::string text() const { return stream_.str(); }

 private:
  std::ostringstream stream_;
};

std::string algorithm_name(comm::Algorithm algorithm) {
  return comm::algorithm_names().at(static_cast<std::size_t>(algorithm));
}

std::string network_text(const Assumptions& assumptions) {
  const auto link = [](const comm::Link& one) {
    return concat(significant(one.bandwidth * 1e-9, 3), " GB/s and ", significant(one.latency * 1e6, 3), " us");
  };
  const auto& cluster = assumptions.cluster;
  const int ranks = cluster.ranks_per_node;
  std::string text = concat(link(cluster.between_nodes), " between nodes of ", ranks, ranks == 1 ? " rank" : " ranks");
  if (ranks > 1) text += concat(", ", link(cluster.within_node), " within");
  return text;
}

std::string rate_text(const Assumptions& assumptions) {
  return concat(significant(assumptions.images_per_second, 4), " images/s (", assumptions.rate_origin, ")");
}

std::string jitter_text(const Assumptions& assumptions) {
  return concat(significant(100 * assumptions.jitter, 3), " % of a step, normal, independent by rank");
}

std::string exchange_text(const config::Settings& settings, const ModelCost& cost) {
  const auto plan = bucket_plan(settings, cost);
  return concat(fixed(static_cast<double>(plan.elements) * 1e-6, 2), " million gradients in ", plan.buckets.size(),
                " buckets, ", settings.parallel.wire, " between nodes, scheme ", settings.parallel.scheme);
}

void add_schedule(Lines& lines, const config::Settings& settings, const Assumptions& assumptions,
                  const Prediction& one) {
  const auto& optimizer = settings.optimizer;
  const int last = static_cast<int>(one.plan.samples - (one.plan.steps - 1) * one.plan.batch);
  lines.title("run");
  lines.line("ranks", one.ranks);
  lines.line("batch", one.plan.batch, " images a step, ", one.images_per_rank,
             one.plan.batch % one.ranks == 0 ? "" : " at most", " a rank");
  lines.line("steps", one.plan.steps, last == one.plan.batch ? "" : concat(", the last of ", last, " images"));
  lines.line("samples", one.plan.samples, ", ", one.samples_per_rank, " a rank");
  lines.line("epochs", fixed(one.epochs, 2), " of ", assumptions.frames, " frames (", assumptions.frames_origin, ")");
  lines.line("learning rate", significant(one.plan.peak_learning_rate, 4), " at its peak: ", optimizer.name, ", ",
             shortest(optimizer.learning_rate), " for a batch of ", optimizer.reference_batch, ", scaling ",
             optimizer.scaling);
  lines.line("schedule", optimizer.schedule, ", ",
             optimizer.warmup_samples == 0 ? "no warm-up"
                                           : concat("warm-up of ", optimizer.warmup_samples, " samples (",
                                                    one.warmup_steps, one.warmup_steps == 1 ? " step)" : " steps)"));
}

void add_memory(Lines& lines, const Memory& memory) {
  lines.title("memory of a rank, MiB");
  const auto line = [&](const std::string& name, double bytes, const std::string& remark = "") {
    lines.line(name, fixed(bytes / mib, 1), remark);
  };
  line("parameters", memory.parameters);
  line("gradients", memory.gradients);
  line("optimizer", memory.optimizer_state);
  line("moving average", memory.average);
  if (memory.rounded_parameters > 0) line("parameters, bf16", memory.rounded_parameters);
  line("activations", memory.activations, "  estimated: kept from forward until backward, without workspaces");
  line("together", memory.total());
  line("frames", memory.frame_cache, "  at most, in the host's memory (data.cache_mib)");
}

}  // namespace

std::string prediction_text(const config::Settings& settings, const ModelCost& cost, const Assumptions& assumptions,
                            const Prediction& one) {
  Lines lines;
  add_schedule(lines, settings, assumptions, one);
  add_memory(lines, one.memory);
  lines.title("exchange of a step, ms");
  lines.line("what", exchange_text(settings, cost));
  lines.line("network", network_text(assumptions));
  lines.line("ring", milliseconds(one.ring_seconds));
  lines.line("tree", milliseconds(one.tree_seconds));
  lines.line("halving", milliseconds(one.halving_seconds));
  lines.line(concat("used: ", algorithm_name(assumptions.algorithm)), milliseconds(one.exchange.total_seconds),
             ", of which ", milliseconds(one.exchange.exposed_seconds), " exposed: not hidden by computing");
  lines.title("time");
  lines.line("one rank alone", rate_text(assumptions));
  lines.line("arithmetic", fixed(cost.forward_flop() * 1e-9, 1), " GFLOP an image forward, ",
             fixed((cost.forward_flop() + cost.backward_flop()) * 1e-9, 1), " in training");
  lines.line("jitter", jitter_text(assumptions));
  lines.line("step", milliseconds(one.step_seconds), " ms: ", milliseconds(one.compute_seconds), " computing, ",
             milliseconds(one.slowest_seconds), " waiting for the slowest, ",
             milliseconds(one.exchange.exposed_seconds), " exchanging");
  lines.line("speed", significant(one.images_per_second, 4), " images/s");
  lines.line("efficiency", fixed(100 * one.efficiency, 1), " %");
  lines.line("all steps", significant(one.hours, 3), " h, without evaluations and checkpoints");
  return lines.text();
}

std::string prediction_table(const config::Settings& settings, const ModelCost& cost, const Assumptions& assumptions,
                             const std::vector<Prediction>& predictions) {
  std::ostringstream table;
  const auto row = [&](const std::vector<std::string>& cells) {
    constexpr int widths[] = {5, 7, 8, 10, 9, 9, 9, 9, 9, 11, 10, 7, 9};
    for (std::size_t i = 0; i < cells.size(); ++i) table << std::right << std::setw(widths[i]) << cells[i];
    table << '\n';
  };
  row({"", "", "", "learning", "ring", "tree", "halving", "exposed", "slowest", "step", "", "effic."});
  row({"ranks", "batch", "steps", "rate", "ms", "ms", "ms", "ms", "ms", "ms", "images/s", "%", "hours"});
  for (const auto& one : predictions)
    row({concat(one.ranks), concat(one.plan.batch), concat(one.plan.steps), significant(one.plan.peak_learning_rate, 3),
         milliseconds(one.ring_seconds), milliseconds(one.tree_seconds), milliseconds(one.halving_seconds),
         milliseconds(one.exchange.exposed_seconds), milliseconds(one.slowest_seconds), milliseconds(one.step_seconds),
         fixed(one.images_per_second, 1), fixed(100 * one.efficiency, 1), significant(one.hours, 3)});
  table << "\none rank alone: " << rate_text(assumptions) << "\nnetwork: " << network_text(assumptions)
        << "\nexchange: " << exchange_text(settings, cost) << ", algorithm " << algorithm_name(assumptions.algorithm)
        << "\njitter: " << jitter_text(assumptions) << '\n';
  return std::move(table).str();
}

nlohmann::ordered_json prediction_json(const ModelCost& cost, const Assumptions& assumptions,
                                       const std::vector<Prediction>& predictions) {
  const auto link = [](const comm::Link& one) {
    return nlohmann::ordered_json{{"bytes_per_second", one.bandwidth}, {"latency_seconds", one.latency}};
  };
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const auto& one : predictions)
    list.push_back({{"ranks", one.ranks},
                    {"batch", one.plan.batch},
                    {"images_per_rank", one.images_per_rank},
                    {"steps", one.plan.steps},
                    {"samples", one.plan.samples},
                    {"samples_per_rank", one.samples_per_rank},
                    {"epochs", one.epochs},
                    {"peak_learning_rate", one.plan.peak_learning_rate},
                    {"warmup_steps", one.warmup_steps},
                    {"memory_bytes",
                     {{"parameters", one.memory.parameters},
                      {"gradients", one.memory.gradients},
                      {"optimizer", one.memory.optimizer_state},
                      {"average", one.memory.average},
                      {"rounded_parameters", one.memory.rounded_parameters},
                      {"activations", one.memory.activations},
                      {"total", one.memory.total()},
                      {"frame_cache", one.memory.frame_cache}}},
                    {"exchange_seconds",
                     {{"ring", one.ring_seconds},
                      {"tree", one.tree_seconds},
                      {"halving", one.halving_seconds},
                      {"used", one.exchange.total_seconds},
                      {"exposed", one.exchange.exposed_seconds}}},
                    {"compute_seconds", one.compute_seconds},
                    {"slowest_seconds", one.slowest_seconds},
                    {"step_seconds", one.step_seconds},
                    {"images_per_second", one.images_per_second},
                    {"efficiency", one.efficiency},
                    {"hours", one.hours}});
  return {{"model",
           {{"parameters", cost.count()},
            {"forward_flop", cost.forward_flop()},
            {"backward_flop", cost.backward_flop()},
            {"activation_elements", cost.activation_elements}}},
          {"assumptions",
           {{"between_nodes", link(assumptions.cluster.between_nodes)},
            {"within_node", link(assumptions.cluster.within_node)},
            {"ranks_per_node", assumptions.cluster.ranks_per_node},
            {"algorithm", algorithm_name(assumptions.algorithm)},
            {"jitter", assumptions.jitter},
            {"images_per_second", assumptions.images_per_second},
            {"rate_origin", assumptions.rate_origin},
            {"frames", assumptions.frames},
            {"frames_origin", assumptions.frames_origin}}},
          {"predictions", std::move(list)}};
}

}  // namespace fastbox::train
