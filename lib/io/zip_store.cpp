#include "io/zip_store.hpp"

#include <cstring>
#include <vector>

#include "base/error.hpp"
#include "io/crc32.hpp"

namespace fastbox::io {
namespace {

// Signatures and sizes of the records, APPNOTE 4.3.7, 4.3.12, 4.3.14 to 4.3.16.
constexpr std::uint32_t local_signature = 0x04034b50, central_signature = 0x02014b50, end_signature = 0x06054b50;
constexpr std::uint32_t end64_signature = 0x06064b50, locator64_signature = 0x07064b50;
constexpr std::size_t local_size = 30, central_size = 46, end_size = 22, end64_size = 56, locator64_size = 20;
constexpr std::uint16_t encrypted = 1;          // bit of the flags
constexpr std::uint16_t zip64_field = 1;        // header id of the extra field
constexpr std::uint32_t in_zip64 = 0xffffffff;  // "see the zip64 record"
constexpr std::uint16_t entries_in_zip64 = 0xffff;

template <typename Number>
Number number_at(std::string_view bytes, std::size_t at) {
  Number number;
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

/// Where the directory of entries lies.
struct Directory {
  std::uint64_t entries = 0, begin = 0, size = 0;
};

Directory directory_of(std::string_view bytes, const std::string& name) {
  // torch.save writes no comment, so the record of the end is the file's last.
  if (bytes.size() < end_size || number_at<std::uint32_t>(bytes, bytes.size() - end_size) != end_signature)
    fail(ExitCode::data, name, ": the zip archive has no directory at its end: cut off, or something follows it");
  const std::size_t end = bytes.size() - end_size;
  Directory directory{number_at<std::uint16_t>(bytes, end + 10), number_at<std::uint32_t>(bytes, end + 16),
                      number_at<std::uint32_t>(bytes, end + 12)};
  std::uint64_t expected_end = end;
  const bool has_locator =
      end >= locator64_size && number_at<std::uint32_t>(bytes, end - locator64_size) == locator64_signature;
  if (has_locator) {
    const auto at = number_at<std::uint64_t>(bytes, end - locator64_size + 8);
    if (end - locator64_size < end64_size || at > end - locator64_size - end64_size ||
        number_at<std::uint32_t>(bytes, at) != end64_signature)
      fail(ExitCode::data, name, ": the zip archive's zip64 record is not at byte ", at, ", where its locator says");
    expected_end = at;
    if (directory.entries == entries_in_zip64) directory.entries = number_at<std::uint64_t>(bytes, at + 32);
    if (directory.size == in_zip64) directory.size = number_at<std::uint64_t>(bytes, at + 40);
    if (directory.begin == in_zip64) directory.begin = number_at<std::uint64_t>(bytes, at + 48);
  }
  if (directory.begin > expected_end || directory.size != expected_end - directory.begin)
    fail(ExitCode::data, name, ": the zip directory claims ", directory.size, " bytes at ", directory.begin,
         ", expected it to end at ", expected_end);
  if (directory.entries > most_zip_entries || directory.entries * central_size > directory.size)
    fail(ExitCode::data, name, ": the zip directory claims ", directory.entries, " entries in ", directory.size,
         " bytes, expected at most ", most_zip_entries);
  return directory;
}

/// An entry as the directory describes it.
struct Entry {
  std::string_view name;
  std::uint16_t flags = 0, method = 0;
  std::uint32_t crc = 0;
  std::uint64_t packed = 0, size = 0, header = 0;  ///< bytes, bytes, where its local header lies
};

/// Fills in, from the extra fields, those of the three numbers that do not fit into 32 bits (APPNOTE 4.5.3).
void read_zip64_field(std::string_view extra, Entry& entry, const std::string& where) {
  std::vector<std::uint64_t*> wanted;
  for (std::uint64_t* number : {&entry.size, &entry.packed, &entry.header})
    if (*number == in_zip64) wanted.push_back(number);
  if (wanted.empty()) return;
  while (extra.size() >= 4) {
    const auto id = number_at<std::uint16_t>(extra, 0), size = number_at<std::uint16_t>(extra, 2);
    extra.remove_prefix(4);
    if (size > extra.size()) break;
    if (id == zip64_field && size >= wanted.size() * sizeof(std::uint64_t)) {
      for (std::size_t i = 0; i < wanted.size(); ++i)
        *wanted[i] = number_at<std::uint64_t>(extra, i * sizeof(std::uint64_t));
      return;
    }
    extra.remove_prefix(size);
  }
  fail(ExitCode::data, where, "its zip64 field is missing");
}

/// Reads the directory's next entry and removes it from `directory`.
Entry next_entry(std::string_view& directory, const std::string& name) {
  if (directory.size() < central_size || number_at<std::uint32_t>(directory, 0) != central_signature)
    fail(ExitCode::data, name, ": the zip directory is damaged");
  const std::size_t name_size = number_at<std::uint16_t>(directory, 28),
                    extra_size = number_at<std::uint16_t>(directory, 30),
                    comment_size = number_at<std::uint16_t>(directory, 32);
  if (directory.size() - central_size < name_size + extra_size + comment_size)
    fail(ExitCode::data, name, ": the zip directory is damaged");
  Entry entry{directory.substr(central_size, name_size), number_at<std::uint16_t>(directory, 8),
              number_at<std::uint16_t>(directory, 10),   number_at<std::uint32_t>(directory, 16),
              number_at<std::uint32_t>(directory, 20),   number_at<std::uint32_t>(directory, 24),
              number_at<std::uint32_t>(directory, 42)};
  read_zip64_field(directory.substr(central_size + name_size, extra_size), entry,
                   concat(name, ": zip entry '", shown(entry.name), "': "));
  directory.remove_prefix(central_size + name_size + extra_size + comment_size);
  return entry;
}

/// The entry's bytes, which end before `end`, where the directory begins.
std::string_view bytes_of(const Entry& entry, std::string_view archive, std::uint64_t end, const std::string& where) {
  if (entry.flags & encrypted) fail(ExitCode::data, where, "is encrypted");
  if (entry.header > end || end - entry.header < local_size ||
      number_at<std::uint32_t>(archive, entry.header) != local_signature)
    fail(ExitCode::data, where, "its header is not at byte ", entry.header, ", where the directory says");
  const std::size_t name_size = number_at<std::uint16_t>(archive, entry.header + 26),
                    extra_size = number_at<std::uint16_t>(archive, entry.header + 28);
  const std::uint64_t begin = entry.header + local_size + name_size + extra_size;
  if (begin > end || end - begin < entry.packed)
    fail(ExitCode::data, where, "claims bytes ", begin, " + ", entry.packed, " of ", end);
  if (archive.substr(entry.header + local_size, name_size) != entry.name)
    fail(ExitCode::data, where, "is called '", shown(archive.substr(entry.header + local_size, name_size)),
         "' in its own header");
  return archive.substr(begin, entry.packed);
}

}  // namespace

ZipStore::ZipStore(std::string_view bytes, std::string name) : name_(std::move(name)) {
  const Directory directory = directory_of(bytes, name_);
  std::string_view rest = bytes.substr(directory.begin, directory.size);
  std::map<std::uint64_t, std::pair<std::uint64_t, std::string_view>> extents;  // begin -> end, name
  for (std::uint64_t i = 0; i < directory.entries; ++i) {
    const Entry entry = next_entry(rest, name_);
    const std::string where = concat(name_, ": zip entry '", shown(entry.name), "': ");
    const std::string_view data = bytes_of(entry, bytes, directory.begin, where);
    const auto end = static_cast<std::uint64_t>(data.data() - bytes.data()) + data.size();
    if (!entries_.emplace(entry.name, Stored{data, entry.method}).second) fail(ExitCode::data, where, "is there twice");
    if (!extents.emplace(entry.header, std::pair(end, entry.name)).second)
      fail(ExitCode::data, where, "overlaps another");
    if (i == 0) first_name_ = entry.name;
  }
  if (!rest.empty()) fail(ExitCode::data, name_, ": the zip directory has ", rest.size(), " bytes too many");
  std::uint64_t free_from = 0;
  for (const auto& [begin, extent] : extents) {
    if (begin < free_from) fail(ExitCode::data, name_, ": zip entry '", shown(extent.second), "': overlaps another");
    free_from = extent.first;
  }
  // Only now, as entries on top of each other could be read any number of times.
  rest = bytes.substr(directory.begin, directory.size);
  for (std::uint64_t i = 0; i < directory.entries; ++i) {
    const Entry entry = next_entry(rest, name_);
    if (entry.method != 0) continue;  // never read
    if (entry.packed != entry.size)
      fail(ExitCode::data, name_, ": zip entry '", shown(entry.name), "': is stored in ", entry.packed,
           " bytes, expected ", entry.size);
    if (entry.crc != 0 && crc32(entries_.at(entry.name).bytes) != entry.crc)
      fail(ExitCode::data, name_, ": zip entry '", shown(entry.name), "': is damaged, its CRC-32 does not fit");
  }
}

std::optional<std::string_view> ZipStore::find(std::string_view entry) const {
  const auto found = entries_.find(entry);
  if (found == entries_.end()) return std::nullopt;
  if (found->second.method != 0)
    fail(ExitCode::data, name_, ": zip entry '", shown(entry), "': is compressed (method ", found->second.method,
         "), expected it stored, as torch.save does");
  return found->second.bytes;
}

}  // namespace fastbox::io
