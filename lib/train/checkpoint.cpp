#include "train/checkpoint.hpp"

#include <unistd.h>

#include <map>
#include <vector>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/log.hpp"

namespace fastbox::train {
namespace {

namespace fs = std::filesystem;

// Bytes. A history of a hundred thousand evaluations fits.
constexpr std::size_t most_manifest = 64 << 10, most_state = 64 << 20;

/// Step folders of the run, oldest first; folders of an interrupted save are not among them.
std::vector<fs::path> step_folders(const fs::path& run_folder) {
  std::map<std::int64_t, fs::path> folders;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(run_folder / "checkpoints", none)) {
    const std::int64_t step = step_of(entry.path().filename().string());
    if (step >= 0 && !entry.is_symlink()) folders[step] = entry.path();
  }
  std::vector<fs::path> in_order;
  for (auto& [step, folder] : folders) in_order.push_back(std::move(folder));
  return in_order;
}

void check_manifest(const fs::path& folder) {
  const fs::path file = folder / "manifest.json";
  for (const auto& [name, digest] : parse_manifest(read_file(file, most_manifest), file.string())) {
    const fs::path path = folder / name;
    if (!fs::exists(path)) fail(ExitCode::data, path.string(), ": missing, but the manifest names it");
    if (fs::file_size(path) != digest.bytes)
      fail(ExitCode::data, path.string(), ": ", fs::file_size(path), " bytes, expected ", digest.bytes);
    if (sha256_of_file(path) != digest.sha256)
      fail(ExitCode::data, path.string(), ": its contents are not what the manifest says (sha256 differs)");
  }
}

/// Moves a link beside the step folders.
void point(const char* name, const fs::path& folder) {
  const fs::path link = folder.parent_path() / name;
  const fs::path incomplete = concat(link.string(), ".incomplete-", ::getpid());
  std::error_code problem;
  fs::remove(incomplete, problem);
  fs::create_directory_symlink(folder.filename(), incomplete, problem);
  if (!problem) fs::rename(incomplete, link, problem);
  if (problem) fail(ExitCode::environment, link.string(), ": cannot be moved: ", problem.message());
  sync_path(link.parent_path());
}

/// What an interrupted save, of this or an earlier process, left behind.
void remove_incomplete(const fs::path& checkpoints) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(checkpoints, ignored))
    if (entry.path().filename().string().find(".incomplete-") != std::string::npos)
      fs::remove_all(entry.path(), ignored);
}

/// Moves the link. -1: none of the saved was evaluated.
std::int64_t point_best(const fs::path& run_folder, const nlohmann::ordered_json& history, const std::string& best_by) {
  std::vector<std::int64_t> steps;
  for (const auto& folder : step_folders(run_folder)) steps.push_back(step_of(folder.filename().string()));
  const std::int64_t best = best_step(history, best_by, steps);
  if (best >= 0) point("best", run_folder / "checkpoints" / step_folder_name(best));
  return best;
}

void keep_the_best_and_latest(const fs::path& run_folder, const Checkpoint& checkpoint) {
  const std::int64_t best = point_best(run_folder, checkpoint.state.history, checkpoint.best_by);
  const auto folders = step_folders(run_folder);
  for (std::size_t i = 0; i + static_cast<std::size_t>(checkpoint.keep) < folders.size(); ++i) {
    std::error_code ignored;
    if (step_of(folders[i].filename().string()) != best) fs::remove_all(folders[i], ignored);
  }
}

}  // namespace

void save_checkpoint(const fs::path& run_folder, const Checkpoint& checkpoint) {
  const fs::path checkpoints = run_folder / "checkpoints",
                 folder = checkpoints / step_folder_name(checkpoint.state.step);
  create_folders(checkpoints);
  remove_incomplete(checkpoints);
  if (fs::exists(folder)) fs::remove_all(folder);  // unusable: a whole one of this step would have been resumed from
  try {
    PendingFolder pending(folder);
    Manifest manifest;
    manifest["model.safetensors"] =
        write_tensors(pending.path() / "model.safetensors", checkpoint.model, checkpoint.metadata);
    manifest["optimizer.safetensors"] = write_tensors(pending.path() / "optimizer.safetensors", checkpoint.optimizer);
    manifest["state.json"] = write_file_atomically(pending.path() / "state.json", format_state(checkpoint.state));
    manifest["config.yaml"] = write_file_atomically(pending.path() / "config.yaml", checkpoint.config);
    write_file_atomically(pending.path() / "manifest.json", format_manifest(manifest));
    pending.commit();
  } catch (const fs::filesystem_error& problem) {
    fail(ExitCode::environment, folder.string(), ": the checkpoint cannot be written: ", problem.what());
  }
  point("latest", folder);
  keep_the_best_and_latest(run_folder, checkpoint);
}

void settle_links(const fs::path& newest, const nlohmann::ordered_json& history, const std::string& best_by) {
  point("latest", newest);
  point_best(newest.parent_path().parent_path(), history, best_by);
}

void remove_leftovers(const fs::path& run_folder) {
  for (const char* folder : {"", "checkpoints", "detections", "capsules"}) remove_incomplete(run_folder / folder);
}

bool holds_checkpoints(const fs::path& run_folder) {
  return !step_folders(run_folder).empty();
}

std::optional<fs::path> newest_checkpoint(const fs::path& run_folder) {
  auto folders = step_folders(run_folder);
  if (folders.empty()) return std::nullopt;
  for (auto folder = folders.rbegin(); folder != folders.rend(); ++folder) {
    try {
      check_manifest(*folder);
      return *folder;
    } catch (const Error& problem) {
      log::warning("unusable checkpoint passed over: ", problem.what());
    }
  }
  fail(ExitCode::data, run_folder.string(), ": none of its ", folders.size(), " checkpoints is usable");
}

fs::path find_checkpoint(const fs::path& path) {
  if (!fs::exists(path))
    fail(ExitCode::data, path.string(), ": there is no such folder, expected a run or a checkpoint");
  if (fs::exists(path / "manifest.json")) {
    check_manifest(path);
    return path;
  }
  if (const auto newest = newest_checkpoint(path)) return *newest;
  fail(ExitCode::data, path.string(), ": holds no checkpoint, expected checkpoints/step-NNNNNNNN or a manifest.json");
}

CheckpointState read_state(const fs::path& step_folder) {
  check_manifest(step_folder);
  const fs::path file = step_folder / "state.json";
  return parse_state(read_file(file, most_state), file.string());
}

}  // namespace fastbox::train
