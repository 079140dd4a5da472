#include "base/error.hpp"
#include "base/text.hpp"
#include "report/html.hpp"
#include "report/sections.hpp"

namespace fastbox::report {
namespace {

/// Of a run that tells classes apart: which of them count.
std::string judged_by(const RunRecord& run, const DetectedFrames& detected) {
  const auto names = judged_classes(detected);
  if (run.classes.size() < 2 || names.empty()) return "";
  return concat(names.size() == 1 ? ", of the class " : ", of the classes ", join(names, ", "));
}

std::string pictures_of(const RunRecord& run, std::size_t bytes, std::size_t most) {
  try {
    const auto detected = read_detected_frames(run);
    PictureBudget worst_budget(bytes / 2), gallery_budget(bytes - bytes / 2);
    return concat(
        note(concat("The detections of ", detected.step_name, " on ",
                    counted(std::ssize(detected.frames), "frame", "frames"), ". ")),
        element("h4", "", "Where it errs most"),
        note(concat("Dashed red: missed. Amber: false. Thin: found, and other labels. A frame's place is by its misses "
                    "plus the scores of its false detections, at difficulty moderate",
                    judged_by(run, detected), "; boxes of a score below 0.3 are counted and not drawn.")),
        worst_frames_html(detected, most, worst_budget), element("h4", "", "What it sees"),
        note("Frames spread evenly over the list. Coloured: detections with their scores. Thin and dashed: labels."),
        gallery_html(detected, most, gallery_budget));
  } catch (const Error& problem) {
    return note(problem.what());
  }
}

}  // namespace

std::string picture_section(const Runs& runs, std::size_t bytes) {
  const std::size_t most = runs.size() > 1 ? 4 : 8;
  std::string html;
  for (std::size_t r = 0; r < runs.size(); ++r)
    html += run_heading(runs, r) + pictures_of(runs[r], bytes / runs.size(), most);
  return html;
}

}  // namespace fastbox::report
