// The cache of decoded frames that data.cache asks for: made or found again by the ranks of a node together.
//
// One file for a list of frames (frame_cache_file.hpp), mapped by all ranks of the node: never a copy per rank.
//   ram   a file without a name in memory: gone with the last process that has it open, however that ends
//   disk  a file under data.cache_folder, found again by the next run; made anew where a source has changed, where the
//         file is truncated, damaged or of another version, or where data.cache_mib now allows for more frames
// It is made by all the node's ranks and threads, in the order of the list, up to data.cache_mib; other frames are
// decoded each time. A source counts as changed when its size, its time or its last 64 bytes differ (frame_source.hpp).
//
// A cache that cannot be made (no room, no folder) is a warning, and the run goes on without. Of two runs that want the
// same file on disk one makes it and the other waits. A killed build leaves at most a file with ".incomplete" in its
// name, which the next one removes.
//
// Thread-safe once open.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "config/settings.hpp"
#include "data/dataset.hpp"
#include "data/frame_cache_file.hpp"

namespace fastbox::data {

/// How the ranks of a node speak with each other; the default is a process that is alone.
struct NodeRanks {
  int rank = 0, ranks = 1;  ///< of this node
  /// Collective over the node's ranks: gives all of them what rank 0 gave.
  std::function<std::string(const std::string&)> from_first = [](const std::string& text) { return text; };
};

struct FrameCacheOptions {
  std::string kind = "off";           ///< ram, disk or off
  std::filesystem::path folder = {};  ///< disk
  std::uint64_t limit = UINT64_MAX;   ///< bytes of pixels
  int threads = 1;                    ///< of this rank, that make it
  bool may_build = true;              ///< else only what lies on disk already is used

  /// As the settings say. Throws Error(usage) where there is no folder for data.cache: disk.
  static FrameCacheOptions of(const config::DataSettings& settings, int threads);
};

/// data.cache_folder, else FASTBOX_CACHE, else XDG_CACHE_HOME/fastbox, else HOME/.cache/fastbox; empty: none of them is
/// set.
std::filesystem::path cache_folder(const config::DataSettings& settings);

class FrameCache {
 public:
  /// Collective over the node's ranks. Nothing where there is to be no cache, or where it cannot be made (with a
  /// warning).
  static std::shared_ptr<const FrameCache> open(const Dataset& dataset, const FrameCacheOptions& options,
                                                const NodeRanks& node = {});

  FrameCache(std::filesystem::path path, std::unique_ptr<FrameCacheFile> file);

  /// A view of shared memory, H x W x 3 uint8, RGB: never write to it, and not to be used after the cache's end. Empty
  /// where the frame has to be decoded.
  cv::Mat picture(std::size_t index) const;

  const FrameCacheFile& file() const { return *file_; }
  const std::filesystem::path& path() const { return path_; }  ///< empty for ram

 private:
  std::filesystem::path path_;
  std::unique_ptr<FrameCacheFile> file_;
  mutable std::atomic<bool> told_ = false;  // that it is damaged
};

}  // namespace fastbox::data
