#include "support/support.hpp"

#include <unistd.h>

#include <stdexcept>

#include "base/text.hpp"

namespace fastbox::test {

ScratchFolder::ScratchFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "fastbox-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no scratch folder at " + pattern);
  path_ = pattern;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path shared_folder() {
  const char* named = std::getenv("FASTBOX_SHARED");
  return named != nullptr ? std::filesystem::path(named) : std::filesystem::path("..") / "shared";
}

Caught caught(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return {error.code(), error.what()};
  }
  throw std::runtime_error("expected an Error, none was thrown");
}

}  // namespace fastbox::test
