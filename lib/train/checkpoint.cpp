#include "train/checkpoint.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/log.hpp"

namespace fastbox::train {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* files[] = {"model.safetensors", "optimizer.safetensors", "state.json", "config.yaml"};

std::string folder_name(std::int64_t step) {
  char name[32];
  std::snprintf(name, sizeof name, "step-%08lld", static_cast<long long>(step));
  return name;
}

/// Step folders of the run, oldest first; folders of an interrupted save are not among them.
std::vector<fs::path> step_folders(const fs::path& run_folder) {
  std::vector<fs::path> folders;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(run_folder / "checkpoints", none)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("step-") && name.find('.') == std::string::npos && !entry.is_symlink())
      folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

Json manifest_of(const fs::path& folder) {
  Json manifest = Json::object();
  for (const char* name : files)
    manifest[name] = {{"bytes", fs::file_size(folder / name)}, {"sha256", sha256_of_file(folder / name)}};
  return manifest;
}

void check_manifest(const fs::path& folder) {
  const fs::path file = folder / "manifest.json";
  try {
    const Json manifest = Json::parse(read_file(file));
    for (const char* name : files) {
      const auto& entry = manifest.at(name);
      const fs::path path = folder / name;
      if (!fs::exists(path)) fail(ExitCode::data, path.string(), ": missing, but the manifest names it");
      if (fs::file_size(path) != entry.at("bytes").get<std::uintmax_t>())
        fail(ExitCode::data, path.string(), ": ", fs::file_size(path), " bytes, expected ", entry.at("bytes"));
      if (sha256_of_file(path) != entry.at("sha256").get<std::string>())
        fail(ExitCode::data, path.string(), ": its contents are not what the manifest says (sha256 differs)");
    }
  } catch (const Json::exception& problem) {
    fail(ExitCode::data, file.string(), ": the manifest is damaged: ", problem.what());
  }
}

void point_latest_to(const fs::path& folder) {
  const fs::path link = folder.parent_path() / "latest";
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

}  // namespace

void save_checkpoint(const fs::path& run_folder, const CheckpointState& state, const NamedTensors& model,
                     const NamedTensors& optimizer, const std::string& config, int keep) {
  const fs::path checkpoints = run_folder / "checkpoints", folder = checkpoints / folder_name(state.step);
  create_folders(checkpoints);
  remove_incomplete(checkpoints);
  if (fs::exists(folder)) fs::remove_all(folder);  // unusable: a whole one of this step would have been resumed from
  try {
    PendingFolder pending(folder);
    write_tensors(pending.path() / "model.safetensors", model);
    write_tensors(pending.path() / "optimizer.safetensors", optimizer);
    const Json json = {{"format", checkpoint_format}, {"step", state.step},
                       {"samples", state.samples},    {"optimizer_steps", state.optimizer_steps},
                       {"threads", state.threads},    {"history", state.history}};
    write_file_atomically(pending.path() / "state.json", json.dump(2) + "\n");
    write_file_atomically(pending.path() / "config.yaml", config);
    write_file_atomically(pending.path() / "manifest.json", manifest_of(pending.path()).dump(2) + "\n");
    pending.commit();
  } catch (const fs::filesystem_error& problem) {
    fail(ExitCode::environment, folder.string(), ": the checkpoint cannot be written: ", problem.what());
  }
  point_latest_to(folder);

  auto folders = step_folders(run_folder);
  for (std::size_t i = 0; i + static_cast<std::size_t>(keep) < folders.size(); ++i) {
    std::error_code ignored;
    fs::remove_all(folders[i], ignored);
  }
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
  try {
    const Json json = Json::parse(read_file(file));
    const int format = json.at("format");
    if (format != checkpoint_format)
      fail(ExitCode::data, file.string(), ": format ", format, ", this fastbox reads format ", checkpoint_format);
    return {json.at("step"), json.at("samples"), json.at("optimizer_steps"), json.at("threads"), json.at("history")};
  } catch (const Json::exception& problem) {
    fail(ExitCode::data, file.string(), ": is damaged: ", problem.what());
  }
}

}  // namespace fastbox::train
