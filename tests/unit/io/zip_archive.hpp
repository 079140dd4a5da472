// Zip archives for tests: written out by hand, so that any field may lie.
#pragma once

#include <string>
#include <vector>

#include "io/crc32.hpp"
#include "io/zip_store.hpp"

namespace fastbox::test {

template <typename Number>
std::string little_endian(Number number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}

struct ZipEntry {
  std::string name, data;
  std::uint16_t method = 0, flags = 0;
  bool zip64 = false;           ///< sizes and place in the extra field
  std::string own_name = name;  ///< in the local header
  std::uint32_t size = static_cast<std::uint32_t>(data.size());
  std::uint32_t crc = io::crc32(data);
};

/// The archive, and where its directory begins.
struct ZipArchive {
  std::string bytes;
  std::size_t directory = 0;
};

inline ZipArchive make_zip(const std::vector<ZipEntry>& entries, bool zip64 = false) {
  const auto u16 = [](std::size_t n) { return little_endian(static_cast<std::uint16_t>(n)); };
  const auto u32 = [](std::size_t n) { return little_endian(static_cast<std::uint32_t>(n)); };
  const auto u64 = [](std::size_t n) { return little_endian(static_cast<std::uint64_t>(n)); };
  ZipArchive archive;
  std::string directory;
  for (const auto& entry : entries) {
    const std::size_t at = archive.bytes.size();
    const std::string packed_and_size = entry.zip64 ? std::string(8, '\xff') : u32(entry.size) + u32(entry.size);
    const std::string extra =
        entry.zip64 ? u16(7) + u16(0) + u16(1) + u16(24) + u64(entry.size) + u64(entry.size) + u64(at) : "";
    const std::string common =
        u16(0) + u16(entry.flags) + u16(entry.method) + u32(0) + u32(entry.crc) + packed_and_size;
    archive.bytes += u32(0x04034b50) + common + u16(entry.own_name.size()) + u16(0) + entry.own_name + entry.data;
    directory += u32(0x02014b50) + u16(0) + common + u16(entry.name.size()) + u16(extra.size()) + u16(0) + u16(0) +
                 u16(0) + u32(0) + u32(entry.zip64 ? 0xffffffff : at) + entry.name + extra;
  }
  archive.directory = archive.bytes.size();
  archive.bytes += directory;
  if (zip64) {
    const std::size_t record = archive.bytes.size();
    archive.bytes += u32(0x06064b50) + u64(44) + u16(0) + u16(0) + u32(0) + u32(0) + u64(entries.size()) +
                     u64(entries.size()) + u64(directory.size()) + u64(archive.directory);
    archive.bytes += u32(0x07064b50) + u32(0) + u64(record) + u32(1);
  }
  const std::size_t count = zip64 ? 0xffff : entries.size();
  archive.bytes += u32(0x06054b50) + u16(0) + u16(0) + u16(count) + u16(count) +
                   u32(zip64 ? 0xffffffff : directory.size()) + u32(zip64 ? 0xffffffff : archive.directory) + u16(0);
  return archive;
}

}  // namespace fastbox::test
