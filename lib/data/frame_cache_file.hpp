// One file of decoded frames: how it is laid out, filled by several processes at once, and read by all of them in
// place.
//
// Little-endian. A header of 4096 bytes, a table of one entry a frame, then pixels [height][width][3] uint8 (RGB), each
// picture at a multiple of 64 bytes. docs/formats.md has the fields. The file may be one without a name, in memory
// (ram), or one on disk.
//
// A file is made by one process (create), filled by that and by others of the same machine (join, fill) and sealed by
// the first. Threads and processes take frames from a counter in the shared header; a frame whose picture cannot be
// read is marked so and left out. A file that is not sealed is never opened for reading.
//
// Once open, read-only and thread-safe. The mapping lives as long as the object; pictures are views of it.
#pragma once

#include <opencv2/core.hpp>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "data/dataset.hpp"
#include "data/frame_source.hpp"

namespace fastbox::data {

/// A file descriptor that closes itself.
class OpenFile {
 public:
  explicit OpenFile(int descriptor = -1) : descriptor_(descriptor) {}
  ~OpenFile();
  OpenFile(OpenFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  OpenFile& operator=(OpenFile&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

/// How many of the first frames fit into `limit` bytes of pixels.
std::size_t frames_within(const std::vector<FrameSource>& sources, std::uint64_t limit);

/// What stands for this list of frames in this folder: 64 hexadecimal digits.
std::string identity_of(const Dataset& dataset);

/// A file under construction.
class FrameCacheBuild {
 public:
  /// Lays the file out: room for the first frames within `limit` bytes of pixels, taken at once on a disk. Throws
  /// Error(environment) where there is not enough room.
  static FrameCacheBuild create(OpenFile file, const Dataset& dataset, const std::vector<FrameSource>& sources,
                                std::uint64_t limit, bool on_disk);

  /// One that another process has created; it may have been sealed since, and then nothing is left to fill. Throws
  /// Error(environment) where it cannot be opened.
  static FrameCacheBuild join(OpenFile file);

  FrameCacheBuild(FrameCacheBuild&& other) noexcept;
  ~FrameCacheBuild();

  /// Decodes frames with so many threads until none is left to take, somebody has failed, or a stop is requested;
  /// `beat` is called in between every few tenths of a second. Where writing fails, all who fill stop.
  void fill(const Dataset& dataset, int threads, const std::function<void()>& beat);

  /// Waits until the others have finished theirs. False where filling failed or was stopped (failure() tells), or where
  /// nothing has moved for so many seconds.
  bool finished(double patience_seconds, const std::function<void()>& beat);

  /// Marks the file as whole. Requires finished().
  void seal();

  std::size_t frames() const, frames_done() const;
  std::string failure() const;
  /// The file, once there is nothing more to fill.
  OpenFile release() { return std::move(file_); }

 private:
  struct Mapping;
  FrameCacheBuild(OpenFile file, std::unique_ptr<Mapping> mapping);
  void fill_until_none_is_left(const Dataset& dataset);
  void take(std::size_t index, const Frame& frame);
  void stop(const std::string& why);

  OpenFile file_;
  std::unique_ptr<Mapping> mapping_;
};

class FrameCacheFile {
 public:
  /// Throws Error(data) saying in what the file is not a whole cache of this data set, of pictures that are as
  /// `sources` says; no sources: that has been checked. `verify`: each picture is compared with its hash when it is
  /// first wanted.
  FrameCacheFile(OpenFile file, const Dataset& dataset, const std::vector<FrameSource>* sources, bool verify);
  ~FrameCacheFile();
  FrameCacheFile(const FrameCacheFile&) = delete;
  FrameCacheFile& operator=(const FrameCacheFile&) = delete;

  std::size_t frames() const;             ///< all that the data set lists
  std::size_t stored() const;             ///< of these, with their pixels
  std::size_t left_out_for_room() const;  ///< of these, without because they were too many
  std::uint64_t pixel_bytes() const;      ///< of those stored

  /// A view of the mapping, H x W x 3 uint8, RGB: never write to it. Empty where the frame is not stored, or is damaged
  /// (then `damaged` becomes true).
  cv::Mat picture(std::size_t index, bool& damaged) const;

 private:
  struct Layout;
  std::unique_ptr<Layout> layout_;
  bool verify_;
  mutable std::vector<std::atomic<bool>> verified_;
};

}  // namespace fastbox::data
