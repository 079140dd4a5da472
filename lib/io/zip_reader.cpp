#include "io/zip_reader.hpp"

#include <minizip/unzip.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <climits>
#include <set>

#include "base/error.hpp"

namespace fastbox::io {
namespace {

constexpr std::uint64_t most_entries = 1 << 20;
constexpr uLong encrypted = 1;         // bit of the flags, APPNOTE 4.4.4
constexpr uLong unix_mode_shift = 16;  // of the external attributes
constexpr std::size_t longest_name = 4096;

/// Whether a file of this name lies in the folder that it is unpacked into.
bool stays_inside(const std::string& name) {
  if (name.empty() || name.front() == '/') return false;
  for (const auto part : split(name, '/'))
    if (part == ".." || part == ".") return false;
  return std::ranges::none_of(name, [](unsigned char c) { return c == '\\' || c == ':' || std::iscntrl(c) != 0; });
}

}  // namespace

/// minizip's handle, and where each entry's record lies in the directory.
class ZipReader::Archive {
 public:
  explicit Archive(const std::filesystem::path& file) : handle_(unzOpen64(file.c_str())) {
    std::error_code ignored;
    if (handle_ == nullptr && !std::filesystem::is_regular_file(file, ignored))
      fail(ExitCode::data, file.string(), ": there is no such file");
    if (handle_ == nullptr)
      fail(ExitCode::data, file.string(), ": no zip archive, or a download that was cut off (",
           std::filesystem::file_size(file, ignored), " bytes, and no directory of a zip archive at their end)");
  }
  ~Archive() { unzClose(handle_); }
  Archive(const Archive&) = delete;
  Archive& operator=(const Archive&) = delete;

  unzFile handle() const { return handle_; }
  std::vector<unz64_file_pos> places;

 private:
  unzFile handle_;
};

ZipReader::ZipReader(const std::filesystem::path& file) : file_(file), archive_(std::make_unique<Archive>(file)) {
  const unzFile handle = archive_->handle();
  std::set<std::string> names;
  for (int state = unzGoToFirstFile(handle); state != UNZ_END_OF_LIST_OF_FILE; state = unzGoToNextFile(handle)) {
    unz_file_info64 info{};
    std::array<char, longest_name> name{};
    unz64_file_pos place{};
    if (state != UNZ_OK || entries_.size() == most_entries ||
        unzGetCurrentFileInfo64(handle, &info, name.data(), name.size() - 1, nullptr, 0, nullptr, 0) != UNZ_OK ||
        unzGetFilePos64(handle, &place) != UNZ_OK)
      fail(ExitCode::data, file.string(), ": the zip directory is damaged after entry ", entries_.size());
    const ZipFileEntry entry{name.data(), info.uncompressed_size, static_cast<std::uint32_t>(info.crc)};
    const std::string where = concat(file.string(), ": zip entry '", shown(entry.name), "': ");
    if (info.size_filename != entry.name.size() || !stays_inside(entry.name))
      fail(ExitCode::data, where, "leads out of the folder that it is unpacked into; nothing is unpacked");
    if (S_ISLNK(static_cast<mode_t>(info.external_fa >> unix_mode_shift)))
      fail(ExitCode::data, where, "is a link, expected files and folders; nothing is unpacked");
    if ((info.flag & encrypted) != 0) fail(ExitCode::data, where, "is encrypted; nothing is unpacked");
    if (!names.insert(entry.name).second) fail(ExitCode::data, where, "is there twice; nothing is unpacked");
    entries_.push_back(entry);
    archive_->places.push_back(place);
  }
}

ZipReader::~ZipReader() = default;

std::string ZipReader::read(std::size_t index, std::size_t most) {
  const ZipFileEntry& entry = entries_.at(index);
  const std::string where = concat(file_.string(), ": zip entry '", shown(entry.name), "': ");
  if (entry.bytes > most || entry.bytes > INT_MAX)
    fail(ExitCode::data, where, "claims ", entry.bytes, " bytes, expected at most ", most);
  const unzFile handle = archive_->handle();
  if (unzGoToFilePos64(handle, &archive_->places[index]) != UNZ_OK || unzOpenCurrentFile(handle) != UNZ_OK)
    fail(ExitCode::data, where, "is damaged, or compressed in a way that minizip does not know");
  std::string bytes(static_cast<std::size_t>(entry.bytes), '\0');
  std::size_t done = 0;
  int count = 1;
  while (done < bytes.size() && count > 0) {
    count = unzReadCurrentFile(handle, bytes.data() + done, static_cast<unsigned>(bytes.size() - done));
    if (count > 0) done += static_cast<std::size_t>(count);
  }
  const int closed = unzCloseCurrentFile(handle);
  if (count < 0 || done != bytes.size()) fail(ExitCode::data, where, "cannot be unpacked, it is damaged");
  if (closed != UNZ_OK) fail(ExitCode::data, where, "is damaged, its CRC-32 does not fit");
  return bytes;
}

}  // namespace fastbox::io
