// What the run was: its run file, its checkpoints, its machine.

#include "base/text.hpp"
#include "report/html.hpp"
#include "report/run_entries.hpp"
#include "report/sections.hpp"

namespace fastbox::report {
namespace {

std::string code(const std::string& words) {
  return concat("<code>", escape(words), "</code>");
}

/// The last word on a key: not a default, nor a file that others inherit from.
bool is_own(const RunEntry& entry) {
  return entry.origin != "default" && entry.origin.find("base.yaml:") == std::string::npos;
}

std::string entry_table(const std::vector<RunEntry>& entries, bool all) {
  Table table({{"key"}, {"value"}, {"from"}});
  for (const auto& entry : entries)
    if (all || is_own(entry))
      table.add({Html::raw(code(entry.key)), Html::raw(code(entry.value)), entry.origin.empty() ? "–" : entry.origin});
  return table.empty() ? note("Every value is a default.") : table.html();
}

std::string run_file_of(const RunRecord& run) {
  const auto entries = run_entries(run.config_text);
  if (entries.empty()) return note("config.yaml cannot be read.");
  return concat(paragraph("What this run sets itself, beyond the defaults:"), entry_table(entries, false),
                details(concat("Every value: ", entries.size(), " keys"), entry_table(entries, true)));
}

std::string checkpoints_of(const RunRecord& run) {
  if (run.checkpoints.empty()) return note("There is no checkpoint.");
  Table table({{"folder"}, {"step", true}, {"samples", true}, {"AP40 moderate", true}, {"size", true}, {""}});
  for (const auto& saved : run.checkpoints) {
    double ap = unknown;
    for (const auto& evaluation : run.evaluations)
      if (evaluation.step == saved.step) ap = evaluation.figures[1].ap40;
    std::vector<std::string> marks;
    if (saved.best) marks.push_back("best");
    if (saved.latest) marks.push_back("latest");
    table.add({Html::raw(code("checkpoints/" + saved.name)), grouped(saved.step),
               saved.samples < 0 ? "–" : grouped(saved.samples), dash_or_fixed(ap, 2), bytes_text(saved.bytes),
               join(marks, ", ")});
  }
  return table.html();
}

std::string state_table(const RunRecord& run) {
  if (!run.state.is_object()) return "";
  Table table({{"of the newest checkpoint's state"}, {"", true}});
  const std::pair<const char*, const char*> keys[] = {
      {"epoch", "epochs done"},
      {"frames", "frames in the training list"},
      {"ranks", "ranks"},
      {"threads", "threads a rank"},
      {"shards", "shards of a batch"},
      {"seed", "seed"},
      {"replaced_samples", "samples replaced, as their frame could not be read"},
      {"failed_evaluations", "evaluations that failed"}};
  for (const auto& [key, words] : keys)
    if (const auto value = whole_in(run.state, key)) table.add({words, grouped(*value)});
  if (const auto exchange = run.state.find("exchange"); exchange != run.state.end() && exchange->is_string())
    table.add({"exchange of gradients", exchange->get<std::string>()});
  return table.empty() ? "" : table.html();
}

std::string machine_table(const nlohmann::ordered_json& machine) {
  Table table({{"machine and versions"}, {""}});
  for (const auto& [key, value] : machine.items())
    table.add({key, value.is_string() ? value.get<std::string>()
                                      : value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)});
  return table.html();
}

}  // namespace

std::string run_file_section(const Runs& runs) {
  std::string html;
  for (std::size_t r = 0; r < runs.size(); ++r) html += run_heading(runs, r) + run_file_of(runs[r]);
  return html;
}

std::string checkpoint_section(const Runs& runs) {
  std::string html;
  for (std::size_t r = 0; r < runs.size(); ++r)
    html += run_heading(runs, r) + checkpoints_of(runs[r]) + state_table(runs[r]);
  return html;
}

std::string machine_section(const Runs& runs, const nlohmann::ordered_json& here) {
  std::string html;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    html += run_heading(runs, r);
    if (runs[r].machine.is_object())
      html += note("As the run wrote it down (machine.json).") + machine_table(runs[r].machine);
    else if (here.is_object())
      html +=
          note(
              "The run folder holds no machine.json: this is the machine that made the report, which need not be the "
              "one that trained.") +
          machine_table(here);
  }
  return html;
}

}  // namespace fastbox::report
