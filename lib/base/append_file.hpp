// A file that grows while a run goes on, and outlasts a full disk: what cannot be written waits in memory.
//
// One thread at a time.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace fastbox {

class AppendFile {
 public:
  /// Opens the file at its end, or makes it. Throws Error(environment).
  explicit AppendFile(std::filesystem::path path);
  ~AppendFile();
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;

  /// Writes, with one call where the system takes it whole. Where it takes none, that is logged once and the bytes are kept
  /// for the next call.
  void append(std::string_view bytes);

  /// Throws Error(environment) where bytes are left that the disk has no room for.
  void finish();

 private:
  bool write_waiting();

  std::filesystem::path path_;
  int descriptor_ = -1;
  std::string waiting_;
  bool told_ = false;
};

}  // namespace fastbox
