// What tests of several rooms share: a scratch folder, paths of shared material, and a way to skip.
//
// Test processes only; one thread.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <string>

#include "base/error.hpp"

namespace fastbox::test {

/// A folder under the system's temporary one that lives as long as the object.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// Real KITTI frames and reference detections: the folder that FASTBOX_SHARED names, else ../shared beside the
/// checkout. They are never part of it.
std::filesystem::path shared_folder();

/// The message and code of the Error that `action` throws; fails where it throws none.
struct Caught {
  ExitCode code;
  std::string message;
  bool mentions(const std::string& text) const { return message.find(text) != std::string::npos; }
};
Caught caught(const std::function<void()>& action);

}  // namespace fastbox::test

/// Ends the test case where `condition` is false; ctest then calls the entry skipped. A test file that can skip holds
/// no case that cannot.
#define SKIP_UNLESS(condition, why)                   \
  do {                                                \
    if (!(condition)) {                               \
      std::cout << "SKIPPED: " << (why) << std::endl; \
      SUCCEED();                                      \
      return;                                         \
    }                                                 \
  } while (false)
