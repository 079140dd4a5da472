// Reading and writing whole files so that a reader never sees half of one.
//
// Thread-safe as long as no two threads write the same path. Paths are used as given, relative to the working
// directory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace fastbox {

/// More than any file of ours holds: what a typing error (a device, a disk's image) may make us read.
constexpr std::size_t largest_file = std::size_t{4} << 30;

/// The bytes of the file. Throws Error(data) naming it where it cannot be read or holds more than `most` bytes; no more
/// than that is ever allocated.
std::string read_file(const std::filesystem::path& path, std::size_t most = largest_file);

/// What a file holds, in short.
struct FileDigest {
  std::uint64_t bytes = 0;
  std::string sha256;  ///< 64 lower-case hexadecimal digits
};

/// A file written piece by piece beside its final name, which appears there whole. One thread at a time.
class FileWriter {
 public:
  /// Creates `<path>.incomplete-<process id>` and missing parent folders. Throws Error(environment).
  explicit FileWriter(std::filesystem::path path);
  /// Without commit, the file is removed.
  ~FileWriter();
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

  /// Throws Error(environment).
  void write(std::string_view bytes);

  /// Syncs and renames; what was written, by the bytes that were given. Throws Error(environment).
  FileDigest commit();

 private:
  class State;
  std::unique_ptr<State> state_;
};

/// Writes beside `path`, syncs, and renames: afterwards the file is whole or what it was before. Creates missing
/// parent folders. Throws Error(environment).
FileDigest write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

/// Flushes a file's or folder's contents to disk. Throws Error(environment).
void sync_path(const std::filesystem::path& path);

/// Creates the folder and its parents. Throws Error(environment).
void create_folders(const std::filesystem::path& path);

/// SHA-256 of the bytes (of the file's bytes), in 64 lower-case hexadecimal digits.
std::string sha256(std::string_view bytes);
std::string sha256_of_file(const std::filesystem::path& path);

/// A folder that is filled beside its final name and appears there whole.
///
/// Files are written into path(); commit() syncs them, renames the folder to its final name (which must not
/// exist) and syncs the parent. Destroyed without commit, the folder is removed. One thread at a time.
class PendingFolder {
 public:
  /// Creates `<final name>.incomplete-<process id>` beside the final name. Throws Error(environment).
  explicit PendingFolder(std::filesystem::path final_path);
  ~PendingFolder();
  PendingFolder(const PendingFolder&) = delete;
  PendingFolder& operator=(const PendingFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  void commit();

 private:
  std::filesystem::path final_path_;
  std::filesystem::path path_;
  bool committed_ = false;
};

}  // namespace fastbox
