#include <algorithm>
#include <map>

#include "base/error.hpp"
#include "base/text.hpp"
#include "data/dataset.hpp"
#include "eval/matching.hpp"
#include "report/bar_chart.hpp"
#include "report/html.hpp"
#include "report/sections.hpp"

namespace fastbox::report {
namespace {

constexpr const char* part_names[] = {"training", "validation"};
constexpr std::size_t most_colours = 8;            // of the page: k0 to k7
constexpr double bin_height = 10, last_bin = 300;  // pixels; what is higher is counted in the last bin

/// One list of frames.
struct Labels {
  std::vector<eval::FrameObjects> frames;
  std::map<std::string, std::int64_t> objects;  ///< by type as written
  eval::Grid<std::int64_t> counted;             ///< ground truths by the evaluator's rules
};

Labels read_part(const RunRecord& run, data::Part part) {
  const auto dataset = data::open_dataset(run.config->settings.data, run.folder, part);
  Labels labels;
  for (const auto& frame : dataset.frames()) {
    labels.frames.push_back({frame.name, io::read_labels(frame.label), {}});
    for (const auto& object : labels.frames.back().labels) ++labels.objects[object.type];
  }
  const eval::Matcher matcher(labels.frames, run.rules);
  labels.counted.resize(matcher.class_count());
  for (std::size_t c = 0; c < matcher.class_count(); ++c)
    for (std::size_t d = 0; d < eval::difficulty_count; ++d) labels.counted[c][d] = matcher.ground_truths(c, d);
  return labels;
}

std::string object_table(const std::array<Labels, 2>& parts) {
  std::map<std::string, std::array<std::int64_t, 2>> objects;
  std::array<std::int64_t, 2> sums{};
  for (std::size_t p = 0; p < 2; ++p)
    for (const auto& [type, count] : parts[p].objects) objects[type][p] = count, sums[p] += count;
  std::vector<std::pair<std::string, std::array<std::int64_t, 2>>> order(objects.begin(), objects.end());
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.second[0] + a.second[1] > b.second[0] + b.second[1]; });
  Table table({{"objects"}, {part_names[0], true}, {part_names[1], true}});
  for (const auto& [type, counts] : order) table.add({type, grouped(counts[0]), grouped(counts[1])});
  table.add_sum({"all", grouped(sums[0]), grouped(sums[1])});
  table.add({"frames", grouped(std::ssize(parts[0].frames)), grouped(std::ssize(parts[1].frames))});
  return table.html();
}

std::string difficulty_table(const std::array<Labels, 2>& parts, const eval::Rules& rules) {
  Table table({{"class"}, {"list"}, {"easy", true}, {"moderate", true}, {"hard", true}});
  for (std::size_t c = 0; c < rules.classes.size(); ++c)
    for (std::size_t p = 0; p < 2; ++p)
      table.add({rules.classes[c].name, part_names[p], grouped(parts[p].counted[c][0]), grouped(parts[p].counted[c][1]),
                 grouped(parts[p].counted[c][2])});
  return table.html() +
         note("Ground truths that count, by the rules of evaluator kitti2017; each difficulty holds the one before.");
}

/// The class whose ground truth a label is, or as many as there are classes.
std::size_t class_of(const std::string& type, const eval::Rules& rules) {
  const auto found = std::find_if(rules.classes.begin(), rules.classes.end(),
                                  [&](const eval::ClassRules& one) { return one.counts(type); });
  return static_cast<std::size_t>(found - rules.classes.begin());
}

std::string height_chart(const Labels& labels, const eval::Rules& rules) {
  UprightBars chart{.title = "Heights of boxes",
                    .subtitle = "training list; what is higher than 300 pixels is in the last bar",
                    .x_title = "pixels",
                    .y_title = "objects",
                    .parts = {},
                    .lines = {{25, ""}, {40, "counted from 25 (moderate, hard), 40 (easy)"}}};
  const std::size_t shown = std::min(rules.classes.size(), most_colours);
  for (std::size_t c = 0; c < shown; ++c) chart.parts.push_back({rules.classes[c].name, concat('k', c)});
  for (double from = 0; from < last_bin; from += bin_height)
    chart.bars.push_back({from, from + bin_height, std::vector<double>(shown)});
  for (const auto& frame : labels.frames)
    for (const auto& object : frame.labels) {
      const std::size_t known = class_of(object.type, rules);
      if (known >= shown) continue;
      const double height = std::clamp(object.box.height(), 0.0, last_bin - 1);
      ++chart.bars[static_cast<std::size_t>(height / bin_height)].values[known];
    }
  return draw(chart);
}

std::string data_of(const RunRecord& run) {
  if (!run.config) return note("The run's settings, which name the data, are not known.");
  try {
    const std::array<Labels, 2> parts = {read_part(run, data::Part::train), read_part(run, data::Part::val)};
    return concat(note(concat("Read from ", run.config->settings.data.root, " when this report was made.")),
                  "<div class=\"charts\">\n<div>", object_table(parts), "</div>\n", height_chart(parts[0], run.rules),
                  "</div>\n", difficulty_table(parts, run.rules));
  } catch (const Error& problem) {
    return note(concat("There are no statistics of the data: ", problem.what()));
  }
}

}  // namespace

std::string data_section(const Runs& runs) {
  const auto labels = labels_of(runs);
  // Runs of the same data share their statistics.
  std::vector<std::pair<std::string, std::string>> told;  // labels of runs, html
  std::map<std::string, std::size_t> places;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    const auto* const config = runs[r].config ? &runs[r].config->settings.data : nullptr;
    const std::string data = config == nullptr ? "" : concat(config->root, '\n', config->train, '\n', config->val);
    const auto [place, is_new] = places.try_emplace(data, told.size());
    if (is_new)
      told.emplace_back(labels[r], data_of(runs[r]));
    else
      told[place->second].first += ", " + labels[r];
  }
  std::string html;
  for (const auto& [names, part] : told) html += (told.size() > 1 ? element("h3", "", names) : "") + part;
  return html;
}

}  // namespace fastbox::report
