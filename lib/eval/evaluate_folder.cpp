#include "eval/evaluate_folder.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <set>
#include <thread>

#include "base/error.hpp"
#include "base/log.hpp"
#include "io/split_list.hpp"

namespace fastbox::eval {
namespace {

void require_folder(const std::filesystem::path& folder, const char* what) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored))
    fail(ExitCode::data, folder.string(), ": expected a folder of ", what);
}

/// The names of the frames that have a result file; other entries' names go to `others`.
std::set<std::string> result_files(const std::filesystem::path& folder, std::vector<std::string>& others) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".txt" && entry.is_regular_file())
      names.insert(entry.path().stem().string());
    else
      others.push_back(entry.path().filename().string());
  }
  std::sort(others.begin(), others.end());
  return names;
}

/// Calls work(0) .. work(count - 1) on some threads; rethrows the exception of the lowest number that threw.
template <typename Work>
void in_parallel(std::size_t count, int threads, const Work& work) {
  std::atomic<std::size_t> next{0};
  std::vector<std::exception_ptr> errors(count);
  const auto run = [&] {
    for (std::size_t i = next++; i < count; i = next++) {
      try {
        work(i);
      } catch (...) {
        errors[i] = std::current_exception();
      }
    }
  };
  {
    std::vector<std::jthread> helpers;
    for (int t = 1; t < threads; ++t) helpers.emplace_back(run);
    run();
  }
  for (const auto& error : errors)
    if (error) std::rethrow_exception(error);
}

void report(const std::vector<std::string>& names, const std::filesystem::path& folder, const char* what) {
  if (!names.empty()) log::warning(folder.string(), ": ", names.size(), " ", what, ": ", join(names, ", "));
}

}  // namespace

FolderFrames read_folder(const FolderOptions& options) {
  require_folder(options.predictions, "result files");
  require_folder(options.labels, "label files");
  FolderFrames found;
  const std::set<std::string> present = result_files(options.predictions, found.not_results);
  std::vector<std::string> names(present.begin(), present.end());
  if (!options.split.empty()) {
    names = io::read_split_list(options.split);
    const std::set<std::string> listed(names.begin(), names.end());
    std::set_difference(present.begin(), present.end(), listed.begin(), listed.end(),
                        std::back_inserter(found.not_listed));
    std::copy_if(names.begin(), names.end(), std::back_inserter(found.taken_as_empty),
                 [&](const auto& name) { return present.count(name) == 0; });
  }
  if (present.empty() && !options.missing_as_empty)
    fail(ExitCode::data, options.predictions.string(), ": no result file, expected one such as 000123.txt");
  if (!found.taken_as_empty.empty() && !options.missing_as_empty)
    fail(ExitCode::data, options.predictions.string(), ": no result file for ", found.taken_as_empty.size(), " of ",
         names.size(), " listed frames, expected ", join(found.taken_as_empty, ".txt, "),
         ".txt (an empty file for a frame without detections)");

  const auto share = [&](int part) {
    return names.size() * static_cast<std::size_t>(part) / static_cast<std::size_t>(options.parts);
  };
  names = {names.begin() + static_cast<std::ptrdiff_t>(share(options.part)),
           names.begin() + static_cast<std::ptrdiff_t>(share(options.part + 1))};
  const int cores = std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, 4);
  found.frames.resize(names.size());
  in_parallel(names.size(), options.threads > 0 ? options.threads : cores, [&](std::size_t i) {
    FrameObjects& frame = found.frames[i];
    frame.name = names[i];
    frame.labels = io::read_labels(options.labels / (names[i] + ".txt"));
    if (present.count(names[i]) != 0) frame.detections = io::read_detections(options.predictions / (names[i] + ".txt"));
  });
  return found;
}

void warn_of_left_out(const FolderFrames& found, const FolderOptions& options) {
  report(found.not_results, options.predictions, "entries that are no result files, not read");
  report(found.not_listed, options.predictions, "result files of frames that are not in the list, not evaluated");
  report(found.taken_as_empty, options.predictions, "frames without a result file, taken as without detections");
}

KittiResult evaluate_folder(const FolderOptions& options, const Rules& rules) {
  const FolderFrames found = read_folder(options);
  warn_of_left_out(found, options);
  return evaluate(found.frames, rules);
}

}  // namespace fastbox::eval
