#include "base/append_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.hpp"
#include "base/log.hpp"

namespace fastbox {

AppendFile::AppendFile(std::filesystem::path path) : path_(std::move(path)) {
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail(ExitCode::environment, path_.string(), ": cannot be written: ", std::strerror(errno));
}

AppendFile::~AppendFile() {
  ::close(descriptor_);
}

bool AppendFile::write_waiting() {
  while (!waiting_.empty()) {
    const ssize_t written = ::write(descriptor_, waiting_.data(), waiting_.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    waiting_.erase(0, static_cast<std::size_t>(written));
  }
  return true;
}

void AppendFile::append(std::string_view bytes) {
  waiting_ += bytes;
  if (write_waiting()) {
    told_ = false;
  } else if (!told_) {
    log::error(path_.string(), ": writing failed: ", std::strerror(errno), "; what is to be written waits for room");
    told_ = true;
  }
}

void AppendFile::finish() {
  if (!write_waiting()) fail(ExitCode::environment, path_.string(), ": writing failed: ", std::strerror(errno));
}

}  // namespace fastbox
