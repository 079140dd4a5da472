#include "report/report.hpp"

#include "base/files.hpp"
#include "base/text.hpp"
#include "report/html.hpp"
#include "report/page.hpp"
#include "report/run_record.hpp"
#include "report/sections.hpp"

namespace fastbox::report {

std::string make_report(const ReportOptions& options) {
  Runs runs;
  for (const auto& folder : options.runs) runs.push_back(read_run(folder));
  const bool several = runs.size() > 1;
  const std::vector<Section> sections = {
      {"summary", several ? "The runs" : "At a glance", summary_section(runs)},
      {"comparison", "Comparison", comparison_section(runs)},
      {"accuracy", "Accuracy", accuracy_section(runs)},
      {"robustness", "Robustness", robustness_section(runs)},
      {"training", "Training", training_section(runs)},
      {"time", "Where the time went", time_section(runs)},
      {"end-to-end", "From data to detections", end_to_end_section(runs)},
      {"pictures", "Pictures", picture_section(runs, options.picture_bytes)},
      {"data", "Data", data_section(runs)},
      {"run-file", "Run file", run_file_section(runs)},
      {"checkpoints", "Checkpoints", checkpoint_section(runs)},
      {"machine", "Machine", machine_section(runs, options.machine)},
  };
  std::vector<std::string> folders;
  for (const auto& run : runs) folders.push_back(run.folder.string());
  return page(several ? concat(runs.size(), " runs") : runs[0].name, join(folders, ", "), sections);
}

void write_report(const ReportOptions& options, const std::filesystem::path& file) {
  write_file_atomically(file, make_report(options));
}

}  // namespace fastbox::report
