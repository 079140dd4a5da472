// A zip archive whose entries are stored as they are, which is how torch.save packs tensors.
//
// Every entry is a range of the archive's own bytes: nothing is unpacked, nothing is copied, and an entry's name is a
// key of a map, never a path. Source of the format: PKWARE's APPNOTE.TXT 6.3.10, 4.3 (zip64 included). Thread-safe:
// immutable after its construction.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace fastbox::io {

/// More entries than any model has tensors; each takes some 150 bytes here.
constexpr std::uint64_t most_zip_entries = 1 << 18;

class ZipStore {
 public:
  /// The views point into `bytes`, which must outlive them. Throws Error(data) beginning with `name` where the directory at the
  /// end is missing or damaged, where an entry is encrypted, lies outside of the file, overlaps another, bears another's
  /// name, or has not its CRC-32 (none is recorded where that is 0: torch.save can be told to leave it out).
  ZipStore(std::string_view bytes, std::string name);

  bool contains(std::string_view entry) const { return entries_.count(entry) != 0; }

  /// The entry's bytes; nothing where there is none. Throws Error(data) where it is compressed.
  std::optional<std::string_view> find(std::string_view entry) const;

  /// The name of the entry that comes first in the directory; "" where there is none.
  std::string_view first_name() const { return first_name_; }

 private:
  struct Stored {
    std::string_view bytes;  ///< as they lie in the archive
    std::uint16_t method;    ///< 0: stored; else a compression
  };

  std::string name_;
  std::map<std::string_view, Stored> entries_;
  std::string_view first_name_;
};

}  // namespace fastbox::io
