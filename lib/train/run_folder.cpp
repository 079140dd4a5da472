#include "train/run_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "base/error.hpp"
#include "base/files.hpp"

namespace fastbox::train {
namespace {

// Ranks outlive a killed mpiexec by a second or two.
constexpr std::chrono::seconds patience{10};
constexpr std::chrono::milliseconds pause{200};

}  // namespace

RunFolder::RunFolder(std::filesystem::path path) {
  create_folders(path);
  const std::filesystem::path file = path / ".lock";
  lock_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (lock_ < 0) fail(ExitCode::environment, file.string(), ": cannot be written: ", std::strerror(errno));
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK || std::chrono::steady_clock::now() > deadline) {
      const std::string reason = errno == EWOULDBLOCK ? "another run is using this folder" : std::strerror(errno);
      ::close(lock_);
      fail(ExitCode::environment, path.string(), ": ", reason);
    }
    std::this_thread::sleep_for(pause);
  }
}

RunFolder::~RunFolder() {
  ::close(lock_);
}

std::filesystem::path run_folder_for(const std::string& given, const std::filesystem::path& run_file) {
  if (!given.empty()) return given;
  const char* root = std::getenv("FASTBOX_RUNS");
  return std::filesystem::path(root != nullptr && *root != '\0' ? root : "runs") / run_file.stem();
}

}  // namespace fastbox::train
