// The folder of one run: its lock, and what is kept where.
//
// Rank 0 holds the lock for as long as the object lives; the kernel frees it when the process ends, however it ends.
#pragma once

#include <filesystem>
#include <string>

namespace fastbox::train {

class RunFolder {
 public:
  /// Creates the folder and takes its lock, waiting up to 10 s for a run that is just ending. Throws Error(environment)
  /// where it is in use or cannot be written.
  explicit RunFolder(std::filesystem::path path);
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

 private:
  int lock_ = -1;
};

/// Where a run's files go: `given`, or runs/<name of the run file>, under FASTBOX_RUNS where that is set.
std::filesystem::path run_folder_for(const std::string& given, const std::filesystem::path& run_file);

}  // namespace fastbox::train
