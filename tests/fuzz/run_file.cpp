// Loading of run files: refuses with Error(usage) or gives settings that to_yaml writes so that they load to the bit.

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "config/resolved.hpp"
#include "config/run_file.hpp"
#include "fuzz.hpp"

using namespace fastbox;

namespace {

/// A folder of this process's own; removed at its end, not after a crash.
class Folder {
 public:
  Folder() {
    ::unsetenv("FASTBOX_DATA");  // a layer of the settings
    std::filesystem::create_directories(path_);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  config::RunConfig load(const char* name, std::string_view text) const {
    std::error_code ignored;
    std::filesystem::remove(path_ / name, ignored);  // file systems flush what is emptied and written again
    std::ofstream(path_ / name, std::ios::binary) << text;
    return config::load(path_ / name);
  }

 private:
  std::filesystem::path path_ = std::filesystem::temp_directory_path() / ("fastbox-fuzz-" + std::to_string(::getpid()));
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const Folder folder;
  const auto run =
      fuzz::accepted(ExitCode::usage, [&] { return folder.load("input.yaml", fuzz::text_of(bytes, size)); });
  if (!run) return 0;
  for (const bool with_origins : {false, true}) {
    const auto again = folder.load("again.yaml", config::to_yaml(*run, with_origins));
    fuzz::require(config::fingerprint(again) == config::fingerprint(*run), "the values come back");
  }
  return 0;
}
