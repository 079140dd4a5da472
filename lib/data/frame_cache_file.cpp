#include "data/frame_cache_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstring>
#include <mutex>
#include <span>
#include <thread>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "base/stop_request.hpp"
#include "io/image.hpp"

namespace fastbox::data {
namespace {

constexpr std::size_t header_bytes = 4096, alignment = 64, identity_length = 64;
constexpr char sealed_magic[] = "fbframes", open_magic[] = "fb-build";
constexpr std::uint32_t format_version = 1, byte_order_mark = 0x01020304;

enum class State : std::uint32_t { no_room, waiting, stored, unreadable };

/// What a reader checks.
struct FixedHeader {
  char magic[8];
  std::uint32_t version, byte_order;
  std::uint64_t frames, file_bytes;
  char identity[identity_length];
  std::uint64_t table_hash;
  std::uint64_t header_hash;  // of all above
};

/// What those who fill the file share.
struct Progress {
  std::atomic<std::uint64_t> next, done;
  std::atomic<std::uint32_t> stopped, reason_taken, reason_told;
  char reason[512];
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && std::atomic<std::uint32_t>::is_always_lock_free);

struct Header {
  FixedHeader fixed;
  alignas(alignment) Progress progress;
};
static_assert(sizeof(Header) <= header_bytes);

struct Entry {
  std::uint64_t offset;  // of the pixels in the file; 0: none
  std::uint32_t width, height;
  State state;
  std::uint32_t unused;
  std::uint64_t source_bytes;
  std::int64_t source_modified;
  std::uint64_t source_tail, pixel_hash, reserved;
};
static_assert(sizeof(Entry) == 64);

FrameSource source_of(const Entry& entry) {
  return {entry.source_bytes, entry.source_modified, entry.source_tail, static_cast<int>(entry.width),
          static_cast<int>(entry.height)};
}

std::uint64_t pixel_bytes_of(const Entry& entry) {
  return std::uint64_t{3} * entry.width * entry.height;
}

std::uint64_t aligned(std::uint64_t bytes) {
  return (bytes + alignment - 1) / alignment * alignment;
}

std::uint64_t hash_of(const FixedHeader& header) {
  return hash_bytes(&header, offsetof(FixedHeader, header_hash));
}

std::uint64_t hash_of(std::span<const Entry> table) {
  return hash_bytes(table.data(), table.size_bytes());
}

std::string reason() {
  return std::strerror(errno);
}

void write_at(int file, const void* bytes, std::size_t size, std::uint64_t offset) {
  const auto* at = static_cast<const std::byte*>(bytes);
  while (size > 0) {
    const ssize_t written = ::pwrite(file, at, size, static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(ExitCode::environment, "writing failed: ", reason());
    at += written, offset += static_cast<std::uint64_t>(written), size -= static_cast<std::size_t>(written);
  }
}

std::uint64_t size_of(int file) {
  struct stat status {};
  if (::fstat(file, &status) != 0) fail(ExitCode::environment, "cannot be read: ", reason());
  return static_cast<std::uint64_t>(status.st_size);
}

void* map(int file, std::size_t bytes, int protection) {
  void* const at = ::mmap(nullptr, bytes, protection, MAP_SHARED, file, 0);
  if (at == MAP_FAILED) fail(ExitCode::environment, "cannot be mapped into memory: ", reason());
  return at;
}

}  // namespace

OpenFile::~OpenFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::size_t frames_within(const std::vector<FrameSource>& sources, std::uint64_t limit) {
  std::size_t frames = 0;
  for (std::uint64_t bytes = 0; frames < sources.size(); ++frames) {
    bytes += sources[frames].pixel_bytes();
    if (bytes > limit) break;
  }
  return frames;
}

std::string identity_of(const Dataset& dataset) {
  std::error_code ignored;
  std::string text = std::filesystem::weakly_canonical(std::filesystem::absolute(dataset.root()), ignored).string();
  for (const auto& frame : dataset.frames()) text += "\n" + frame.name;
  return sha256(text);
}

// ---------------------------------------------------------------------------------------------------------- building

/// Header and table, shared by all who fill the file.
struct FrameCacheBuild::Mapping {
  Mapping(int file, std::size_t frames)
      : bytes(header_bytes + frames * sizeof(Entry)),
        header(static_cast<Header*>(map(file, bytes, PROT_READ | PROT_WRITE))),
        table(reinterpret_cast<Entry*>(reinterpret_cast<std::byte*>(header) + header_bytes), frames) {}
  ~Mapping() { ::munmap(header, bytes); }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  std::size_t bytes;
  Header* header;
  std::span<Entry> table;
};

FrameCacheBuild::FrameCacheBuild(OpenFile file, std::unique_ptr<Mapping> mapping)
    : file_(std::move(file)), mapping_(std::move(mapping)) {}

FrameCacheBuild::FrameCacheBuild(FrameCacheBuild&& other) noexcept = default;
FrameCacheBuild::~FrameCacheBuild() = default;

FrameCacheBuild FrameCacheBuild::create(OpenFile file, const Dataset& dataset, const std::vector<FrameSource>& sources,
                                        std::uint64_t limit, bool on_disk) {
  std::vector<Entry> table(sources.size(), Entry{});
  const std::size_t fitting = frames_within(sources, limit);
  std::uint64_t end = aligned(header_bytes + table.size() * sizeof(Entry));
  for (std::size_t i = 0; i < table.size(); ++i) {
    const FrameSource& source = sources[i];
    Entry& entry = table[i];
    entry.width = static_cast<std::uint32_t>(source.width), entry.height = static_cast<std::uint32_t>(source.height);
    entry.source_bytes = source.bytes, entry.source_modified = source.modified, entry.source_tail = source.tail;
    entry.state = i >= fitting ? State::no_room : source.pixel_bytes() == 0 ? State::unreadable : State::waiting;
    if (entry.state != State::waiting) continue;
    entry.offset = end;
    end += aligned(source.pixel_bytes());
  }
  // All at once: a disk that is too small says so now. Some file systems cannot; there writing says so. In memory it would
  // only be filled with zeros first.
  const bool reserved = on_disk && ::fallocate(file.get(), 0, 0, static_cast<off_t>(end)) == 0;
  if (!reserved && ((on_disk && errno == ENOSPC) || ::ftruncate(file.get(), static_cast<off_t>(end)) != 0))
    fail(ExitCode::environment, "no room for ", end >> 20, " MiB: ", reason());
  Header header{};
  std::memcpy(header.fixed.magic, open_magic, sizeof header.fixed.magic);
  header.fixed.version = format_version, header.fixed.byte_order = byte_order_mark;
  header.fixed.frames = table.size(), header.fixed.file_bytes = end;
  std::memcpy(header.fixed.identity, identity_of(dataset).data(), identity_length);
  write_at(file.get(), &header, sizeof header, 0);
  write_at(file.get(), table.data(), table.size() * sizeof(Entry), header_bytes);
  auto mapping = std::make_unique<Mapping>(file.get(), table.size());
  return {std::move(file), std::move(mapping)};
}

FrameCacheBuild FrameCacheBuild::join(OpenFile file) {
  if (file.get() < 0) fail(ExitCode::environment, "cannot be opened: ", reason());
  if (size_of(file.get()) < header_bytes) fail(ExitCode::environment, "is no cache under construction");
  std::uint64_t frames = 0;
  {
    const Mapping header(file.get(), 0);
    const std::string_view magic(header.header->fixed.magic, sizeof header.header->fixed.magic);
    if (magic != open_magic && magic != sealed_magic) fail(ExitCode::environment, "is no cache under construction");
    frames = header.header->fixed.frames;
  }
  auto mapping = std::make_unique<Mapping>(file.get(), frames);
  return {std::move(file), std::move(mapping)};
}

std::size_t FrameCacheBuild::frames() const {
  return mapping_->table.size();
}
std::size_t FrameCacheBuild::frames_done() const {
  return mapping_->header->progress.done;
}
std::string FrameCacheBuild::failure() const {
  const Progress& progress = mapping_->header->progress;
  return progress.reason_told != 0 ? progress.reason : "";
}

void FrameCacheBuild::stop(const std::string& why) {
  Progress& progress = mapping_->header->progress;
  if (progress.reason_taken.exchange(1) == 0) {
    why.copy(progress.reason, sizeof progress.reason - 1);  // the rest is zeros
    progress.reason_told = 1;
  }
  progress.stopped = 1;
}

/// The frame's pixels into their place. What cannot be read is marked: the run meets it again at its turn.
void FrameCacheBuild::take(std::size_t index, const Frame& frame) {
  Entry& entry = mapping_->table[index];
  cv::Mat picture;
  try {
    picture = io::read_frame(frame.image);
    if (inspect_source(frame.image) != source_of(entry))
      fail(ExitCode::data, frame.image.string(), ": is being changed");
  } catch (const Error& problem) {
    log::debug("not cached: ", problem.what());
    entry.state = State::unreadable;
    return;
  }
  CV_Assert(picture.isContinuous() && picture.total() * 3 == pixel_bytes_of(entry));
  write_at(file_.get(), picture.data, pixel_bytes_of(entry), entry.offset);
  entry.pixel_hash = hash_bytes(picture.data, pixel_bytes_of(entry));
  entry.state = State::stored;
}

void FrameCacheBuild::fill_until_none_is_left(const Dataset& dataset) {
  Progress& progress = mapping_->header->progress;
  while (progress.stopped == 0) {
    if (stop_requested()) return stop("a stop was requested");
    const std::uint64_t index = progress.next++;
    if (index >= mapping_->table.size()) return;
    try {
      if (mapping_->table[index].state == State::waiting) take(index, dataset[index]);
    } catch (const std::exception& problem) {
      return stop(problem.what());
    }
    ++progress.done;
  }
}

void FrameCacheBuild::fill(const Dataset& dataset, int threads, const std::function<void()>& beat) {
  std::mutex mutex;
  std::condition_variable ended;
  int running = std::max(threads, 1);
  std::vector<std::thread> helpers;
  for (int i = running; i > 0; --i)
    helpers.emplace_back([&] {
      fill_until_none_is_left(dataset);
      const std::lock_guard lock(mutex);
      if (--running == 0) ended.notify_one();
    });
  {
    std::unique_lock lock(mutex);
    while (!ended.wait_for(lock, std::chrono::milliseconds(200), [&] { return running == 0; })) beat();
  }
  for (auto& helper : helpers) helper.join();
}

bool FrameCacheBuild::finished(double patience_seconds, const std::function<void()>& beat) {
  using Clock = std::chrono::steady_clock;
  const Progress& progress = mapping_->header->progress;
  std::uint64_t seen = progress.done;
  for (auto since = Clock::now(); progress.done < mapping_->table.size();) {
    if (progress.stopped != 0) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    beat();
    if (progress.done != seen) seen = progress.done, since = Clock::now();
    if (std::chrono::duration<double>(Clock::now() - since).count() > patience_seconds) {
      stop("another rank does not finish its frames");
      return false;
    }
  }
  return true;
}

void FrameCacheBuild::seal() {
  FixedHeader header = mapping_->header->fixed;
  header.table_hash = hash_of(std::span<const Entry>(mapping_->table));
  std::memcpy(header.magic, sealed_magic, sizeof header.magic);
  header.header_hash = hash_of(header);
  write_at(file_.get(), &header, sizeof header, 0);
}

// ----------------------------------------------------------------------------------------------------------- reading

struct FrameCacheFile::Layout {
  explicit Layout(OpenFile opened) : file(std::move(opened)), bytes(size_of(file.get())) {
    if (bytes < header_bytes) fail(ExitCode::data, "is no frame cache, or a truncated one (", bytes, " bytes)");
    start = static_cast<const std::byte*>(map(file.get(), bytes, PROT_READ));
  }
  ~Layout() {
    if (start != nullptr) ::munmap(const_cast<std::byte*>(start), bytes);
  }
  Layout(const Layout&) = delete;
  Layout& operator=(const Layout&) = delete;

  void check(const Dataset& dataset) {
    const FixedHeader& header = *reinterpret_cast<const FixedHeader*>(start);
    if (std::memcmp(header.magic, sealed_magic, sizeof header.magic) != 0) fail(ExitCode::data, "is no frame cache");
    if (header.version != format_version || header.byte_order != byte_order_mark)
      fail(ExitCode::data, "is a frame cache of another version of fastbox");
    if (header.header_hash != hash_of(header)) fail(ExitCode::data, "has a damaged header");
    if (header.file_bytes != bytes)
      fail(ExitCode::data, "is truncated: ", bytes, " bytes, expected ", header.file_bytes);
    if (header.frames != dataset.size() || std::string_view(header.identity, identity_length) != identity_of(dataset))
      fail(ExitCode::data, "holds the frames of another list or folder");
    if (header.frames > (bytes - header_bytes) / sizeof(Entry)) fail(ExitCode::data, "has a damaged header");
    table = {reinterpret_cast<const Entry*>(start + header_bytes), header.frames};
    if (header.table_hash != hash_of(table)) fail(ExitCode::data, "has a damaged table");
    for (const Entry& entry : table)
      if (entry.state == State::stored && (entry.offset > bytes || pixel_bytes_of(entry) > bytes - entry.offset))
        fail(ExitCode::data, "has a damaged table");
  }

  OpenFile file;
  std::uint64_t bytes = 0;
  const std::byte* start = nullptr;
  std::span<const Entry> table;
};

FrameCacheFile::FrameCacheFile(OpenFile file, const Dataset& dataset, const std::vector<FrameSource>* sources,
                               bool verify)
    : layout_(std::make_unique<Layout>(std::move(file))), verify_(verify), verified_(dataset.size()) {
  layout_->check(dataset);
  for (std::size_t i = 0; sources != nullptr && i < sources->size(); ++i)
    if (source_of(layout_->table[i]) != (*sources)[i])
      fail(ExitCode::data, "was made from another ", dataset[i].image.string());
}

FrameCacheFile::~FrameCacheFile() = default;

std::size_t FrameCacheFile::frames() const {
  return layout_->table.size();
}
std::size_t FrameCacheFile::stored() const {
  return static_cast<std::size_t>(std::count_if(layout_->table.begin(), layout_->table.end(),
                                                [](const Entry& entry) { return entry.state == State::stored; }));
}
std::size_t FrameCacheFile::left_out_for_room() const {
  return static_cast<std::size_t>(std::count_if(layout_->table.begin(), layout_->table.end(),
                                                [](const Entry& entry) { return entry.state == State::no_room; }));
}
std::uint64_t FrameCacheFile::pixel_bytes() const {
  std::uint64_t sum = 0;
  for (const Entry& entry : layout_->table) sum += entry.state == State::stored ? pixel_bytes_of(entry) : 0;
  return sum;
}

cv::Mat FrameCacheFile::picture(std::size_t index, bool& damaged) const {
  const Entry& entry = layout_->table[index];
  if (entry.state != State::stored) return {};
  const std::byte* const pixels = layout_->start + entry.offset;
  if (verify_ && !verified_[index].load(std::memory_order_relaxed)) {
    if (hash_bytes(pixels, pixel_bytes_of(entry)) != entry.pixel_hash) {
      damaged = true;
      return {};
    }
    verified_[index].store(true, std::memory_order_relaxed);
  }
  return {static_cast<int>(entry.height), static_cast<int>(entry.width), CV_8UC3,
          const_cast<std::byte*>(pixels)};  // OpenCV has no read-only pictures; the mapping is one
}

}  // namespace fastbox::data
