#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "report/figure.hpp"
#include "report/html.hpp"
#include "report/run_totals.hpp"
#include "report/sections.hpp"

namespace fastbox::report {
namespace {

std::string tile(const std::string& name, const std::string& value, const std::string& remark) {
  return concat("<div class=\"tile\"><dt>", escape(name), "</dt><dd>", escape(value), "<small>", escape(remark),
                "</small></dd></div>\n");
}

std::string progress_text(const RunRecord& run) {
  const std::string done = counted(run.samples(), "sample", "samples");
  if (run.planned_samples == 0) return done;
  return concat(grouped(run.samples()), " of ", counted(run.planned_samples, "sample", "samples"));
}

std::string tiles(const RunRecord& run) {
  std::string html = "<dl class=\"tiles\">\n";
  const auto figures = latest_figures(run);
  const char* const difficulties[] = {"easy", "moderate", "hard"};
  for (std::size_t d = 0; d < 3; ++d)
    html += tile(concat("AP40 ", difficulties[d]), dash_or_fixed(figures[d].ap40, 1),
                 d == 0 ? concat("percent, class ", run.object_class) : "percent");
  html += tile("speed", dash_or_significant(steady_images_per_second(run.intervals), 3), "images/s");
  html += tile("training", duration_text(stage_seconds(run.intervals).whole), "without evaluations");
  html += tile("steps", grouped(run.steps()), progress_text(run));
  return html + "</dl>\n";
}

std::string line_of(const RunRecord& run) {
  std::vector<std::string> words;
  if (run.config) {
    const auto& model = run.config->settings.model;
    words.push_back(concat("encoder ", model.encoder, " at ", model.width, " × ", model.height));
    words.push_back(concat(run.config->settings.optimizer.name, ", batch ", batch_of(run)));
  }
  if (run.ranks() > 0) words.push_back(counted(run.ranks(), "rank", "ranks"));
  if (!run.first_time.empty()) words.push_back(concat(run.first_time, " to ", run.last_time));
  return join(words, " · ");
}

std::string troubles(const RunRecord& run) {
  std::string items;
  const auto add = [&](const Html& words) { items += element("li", "", words); };
  for (const auto& problem : run.problems) add(problem);
  if (const auto replaced = whole_in(run.state, "replaced_samples").value_or(0); replaced > 0)
    add(concat(counted(replaced, "sample", "samples"),
               " could not be read and gave way to another frame (data.on_error: skip)."));
  if (const auto failed = whole_in(run.state, "failed_evaluations").value_or(0); failed > 0)
    add(concat(counted(failed, "evaluation", "evaluations"), " failed; log.txt says why."));
  std::string html = items.empty() ? "" : concat("<ul class=\"problems\">", items, "</ul>\n");
  if (!run.warnings.empty()) {
    std::string lines;
    for (const auto& line : run.warnings) lines += line + "\n";
    html += details(counted(std::ssize(run.warnings), "warning or error", "warnings and errors") + " in log.txt",
                    concat("<pre>", escape(lines), "</pre>\n"));
  }
  return html;
}

}  // namespace

std::vector<std::string> labels_of(const Runs& runs) {
  std::vector<std::string> labels;
  for (const auto& run : runs) {
    const auto same =
        std::count_if(runs.begin(), runs.end(), [&](const auto& other) { return other.name == run.name; });
    labels.push_back(same > 1 ? run.folder.string() : run.name);
  }
  return labels;
}

std::string series_kind(std::size_t index) {
  return concat("k", index % series_styles, " d", index % 5);
}

std::string run_heading(const Runs& runs, std::size_t run) {
  return runs.size() > 1 ? element("h3", "", labels_of(runs)[run]) : "";
}

std::string status_text(const RunRecord& run) {
  switch (run.status) {
    case Status::running:
      return "still going";
    case Status::finished:
      return "finished";
    case Status::ended_early:
      return "stopped before its end";
    case Status::untold:
      break;
  }
  return "state unknown";
}

std::string summary_section(const Runs& runs) {
  std::string html;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    const RunRecord& run = runs[r];
    const char* const kinds[] = {"running", "finished", "early", "early"};
    html += run_heading(runs, r);
    html += concat("<p class=\"lead\"><span class=\"status ", kinds[static_cast<std::size_t>(run.status)], "\">",
                   escape(status_text(run)), "</span> ", escape(line_of(run)), "</p>\n");
    html += tiles(run);
    if (run.status == Status::running)
      html += note("A process holds the run folder: this is what it had written when the report was made.");
    if (run.status == Status::ended_early)
      html += note(concat("The run stands at ", progress_text(run),
                          "; fastbox train with --resume goes on from its newest checkpoint."));
    html += troubles(run);
  }
  return html;
}

}  // namespace fastbox::report
