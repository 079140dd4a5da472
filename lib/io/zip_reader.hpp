// Reads the entries of a zip archive, compressed ones as well, through minizip.
//
// For archives of people (KITTI's are 12 GB); zip_store.hpp is for the stored ones of torch.save. One thread at a time. Nothing is
// written: an entry's name is a text here, and one that could lead out of a folder is refused.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace fastbox::io {

struct ZipFileEntry {
  std::string name;         ///< "training/image_2/000000.png"; a folder's ends with a slash
  std::uint64_t bytes = 0;  ///< unpacked
  std::uint32_t crc = 0;    ///< CRC-32 of the unpacked bytes
  bool is_folder() const { return name.ends_with('/'); }
};

class ZipReader {
 public:
  /// Reads the directory. Throws Error(data) naming the archive where it is missing, no zip archive or cut off, and naming the entry
  /// where one is encrypted or a link, or has a name that is absolute, holds "..", a backslash or a control character, or is there
  /// twice.
  explicit ZipReader(const std::filesystem::path& file);
  ~ZipReader();
  ZipReader(const ZipReader&) = delete;
  ZipReader& operator=(const ZipReader&) = delete;

  const std::filesystem::path& file() const { return file_; }
  const std::vector<ZipFileEntry>& entries() const { return entries_; }

  /// The entry's bytes, whose size and CRC-32 are the directory's. Throws Error(data) naming archive and entry where they are not, where
  /// it cannot be unpacked, or where it holds more than `most` bytes; no more than the entry's own size is ever allocated.
  std::string read(std::size_t index, std::size_t most);

 private:
  class Archive;
  std::filesystem::path file_;
  std::unique_ptr<Archive> archive_;
  std::vector<ZipFileEntry> entries_;
};

}  // namespace fastbox::io
