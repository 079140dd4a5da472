// The table of the whole work, from data to detections: process, wall time, proportion.

#include <chrono>
#include <cmath>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "io/json_text.hpp"
#include "report/html.hpp"
#include "report/run_totals.hpp"
#include "report/sections.hpp"

namespace fastbox::report {
namespace {

namespace fs = std::filesystem;

/// A process of the work. `seconds` NaN: `words` say why it is not known.
struct Process {
  std::string name;
  double seconds = unknown;
  std::string words;
};

/// From the first frame to the file that says that the set is whole. The same seed gives the same bytes, so none of them can
/// tell how long it took.
double seconds_of_scenes(const fs::path& root, const fs::path& whole) {
  std::error_code no_begin, no_end;
  const auto begin = fs::last_write_time(root / "training/image_2/000000.png", no_begin);
  const auto end = fs::last_write_time(whole, no_end);
  const double seconds = std::chrono::duration<double>(end - begin).count();
  return no_begin || no_end || seconds <= 0 ? unknown : seconds;
}

/// What made the data set tells how long it took.
Process preparation(const RunRecord& run) {
  Process process{"prepare", unknown, "the run's settings, which name the data, are not known"};
  if (!run.config) return process;
  const fs::path root = run.config->settings.data.root;
  process.words = "the data set's folder holds neither synth.json nor import.json";
  std::error_code ignored;
  if (const fs::path scenes = root / "synth.json"; fs::exists(scenes, ignored)) {
    process.seconds = seconds_of_scenes(root, scenes);
    process.words = "making the frames, by the times of the first and of synth.json";
  } else if (const fs::path archives = root / "import.json"; fs::exists(archives, ignored)) {
    try {
      process.seconds = number_in(io::parse_json(read_file(archives), archives.string()), "seconds");
      process.words = "unpacking the archives, as import.json tells";
    } catch (const Error& problem) {
      process.words = problem.what();
    }
  }
  return process;
}

/// The latest call of `fastbox predict` on a checkpoint of the run.
Process prediction(const RunRecord& run) {
  const double milliseconds = run.final_evaluation      ? run.final_evaluation->milliseconds_per_image
                              : run.evaluations.empty() ? unknown
                                                        : run.evaluations.back().milliseconds_per_image;
  Process process{"predict", unknown, "not done yet"};
  if (std::isfinite(milliseconds))
    process.words += concat("; ", dash_or_significant(milliseconds, 3), " ms an image at the latest evaluation");
  const fs::path file = run.folder / "predict.json";
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return process;
  try {
    const auto told = io::parse_json(read_file(file), file.string());
    process.seconds = number_in(told, "seconds");
    process.words =
        concat("the latest call of fastbox predict, ", dash_or_significant(number_in(told, "images"), 6), " images");
  } catch (const Error& problem) {
    process.words = problem.what();
  }
  return process;
}

std::vector<Process> processes_of(const RunRecord& run) {
  const auto train = stage_seconds(run.intervals).whole;
  const auto& told = run.told;
  const auto words = [](double seconds, const std::string& known, const std::string& why) {
    return std::isfinite(seconds) ? known : why;
  };
  std::vector<Process> all = {preparation(run)};
  // Frames are decoded before the first step: their time is told as a part of the start.
  const double start = told.startup - (std::isfinite(told.cache) ? told.cache : 0);
  all.push_back({"start", start,
                 words(start, "from the process's begin to the first step, less the cache",
                       "metrics.jsonl does not tell it (startup_seconds)")});
  all.push_back({"cache", told.cache,
                 words(told.cache, "decoding frames ahead of training",
                       "nothing is decoded ahead (data.cache, or a run shorter than an epoch)")});
  all.push_back({"train", train, words(train, "steps alone", "metrics.jsonl has no speeds yet")});
  const bool timed = run.evaluations_untimed == 0;
  const std::string evaluations = counted(std::ssize(run.evaluations), "evaluation", "evaluations");
  all.push_back({"evaluate", timed ? told.evaluation : unknown,
                 !timed ? concat("metrics.jsonl does not tell it for ", run.evaluations_untimed, " of ", evaluations,
                                 " (evaluation_seconds)")
                        : words(told.evaluation, evaluations, "there has been no evaluation")});
  all.push_back({"save", told.save,
                 words(told.save, "what the steps waited for copies; writing goes on beside them",
                       "no line of metrics.jsonl tells of a save (save_seconds)")});
  all.push_back(prediction(run));
  return all;
}

std::string table_of(const RunRecord& run) {
  const auto processes = processes_of(run);
  double sum = 0;
  for (const auto& process : processes) sum += std::isfinite(process.seconds) ? process.seconds : 0;
  Table table({{"process"}, {"wall time", true}, {"proportion", true}, {""}});
  for (const auto& process : processes) {
    const bool known = std::isfinite(process.seconds) && sum > 0;
    table.add({process.name, duration_text(process.seconds), known ? fixed(100 * process.seconds / sum, 1) + " %" : "–",
               process.words});
  }
  table.add_sum({"together", duration_text(sum), sum > 0 ? "100.0 %" : "–", "of what is known"});
  return table.html();
}

}  // namespace

std::string end_to_end_section(const Runs& runs) {
  std::string html;
  for (std::size_t r = 0; r < runs.size(); ++r) html += run_heading(runs, r) + table_of(runs[r]);
  return html;
}

}  // namespace fastbox::report
