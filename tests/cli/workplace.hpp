// What the tests of the binary share: a made data set, settings under which a run takes seconds, and a
// finished run.
//
// Made once per test process, in a folder that goes when the process ends. One thread.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/command.hpp"

namespace fastbox::test {

/// A new name under the process's scratch folder; nothing is there yet.
std::filesystem::path new_path(const std::string& name);

/// A data set of 12 training and 6 validation frames (000000 to 000017). Not to be written to.
const std::filesystem::path& made_data();

/// The same frames in a folder of one's own: files are replaced there, never changed in place (they are hard
/// links).
class DataCopy {
 public:
  DataCopy();
  const std::filesystem::path& root() const { return root_; }
  std::filesystem::path image(const std::string& name) const;
  std::filesystem::path label(const std::string& name) const;
  std::filesystem::path list(const std::string& name) const;

  static void replace(const std::filesystem::path& file, const std::string& text);

 private:
  std::filesystem::path root_;
};

/// A list of frames, one a line; returns its file.
std::filesystem::path new_list(const Words& frames);

/// `--set` before each.
Words settings(const Words& keys_and_values);

/// fastbox train on made_data() with kitti-small in miniature, 1 thread, on the CPU: 4 steps of 12 images.
Words small_training(const std::filesystem::path& run_folder, const Words& more_settings = {});

/// Keys for small_training with which 40 steps on few frames, which are also evaluated, begin to learn them by heart.
Words by_heart(const std::filesystem::path& list);

/// A finished run of 40 steps on three frames, which it also evaluates and has begun to learn by heart: its
/// average precision is neither 0 nor 100.
const std::filesystem::path& learned_run();

std::string text_of(const std::filesystem::path& file);
nlohmann::json json_of(const std::filesystem::path& file);
std::vector<nlohmann::json> json_lines_of(const std::filesystem::path& file);

/// Names in the folder, in order; none where it is missing.
Words names_in(const std::filesystem::path& folder);

/// Relative path -> sha256 of every file below the folder.
std::map<std::string, std::string> digests_of(const std::filesystem::path& folder);

/// Whether the run left a checkpoint, or anywhere a file or folder that was never finished.
bool left_half_written(const std::filesystem::path& run_folder);

}  // namespace fastbox::test
