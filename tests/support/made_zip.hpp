// Zip archives for tests, compressed as KITTI's are, written by minizip.
#pragma once

#include <minizip/zip.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace fastbox::test {

struct ZipPart {
  std::string name, bytes;
  bool is_link = false;
  bool stored = false;  ///< not compressed
};

inline void write_zip(const std::filesystem::path& file, const std::vector<ZipPart>& parts) {
  const zipFile archive = zipOpen64(file.c_str(), APPEND_STATUS_CREATE);
  bool good = archive != nullptr;
  for (const auto& part : parts) {
    zip_fileinfo info{};
    info.external_fa = part.is_link ? 0120777ul << 16 : 0100644ul << 16;  // the mode, as Unix has it
    good = good &&
           zipOpenNewFileInZip64(archive, part.name.c_str(), &info, nullptr, 0, nullptr, 0, nullptr,
                                 part.stored ? 0 : Z_DEFLATED, Z_DEFAULT_COMPRESSION, 0) == ZIP_OK &&
           zipWriteInFileInZip(archive, part.bytes.data(), static_cast<unsigned>(part.bytes.size())) == ZIP_OK &&
           zipCloseFileInZip(archive) == ZIP_OK;
  }
  if (!good || zipClose(archive, nullptr) != ZIP_OK) throw std::runtime_error("the zip archive cannot be made");
}

}  // namespace fastbox::test
