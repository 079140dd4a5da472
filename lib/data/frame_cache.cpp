#include "data/frame_cache.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <thread>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "base/memory.hpp"
#include "base/progress_bar.hpp"
#include "base/stop_request.hpp"

namespace fastbox::data {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr double progress_seconds = 3, waiting_seconds = 10;
// A frame takes a hundredth of a second. File systems that are shared show a time that is a minute old.
constexpr double patience_seconds = 120;
constexpr auto leftover_age = std::chrono::hours(1);

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

std::string mib(std::uint64_t bytes) {
  return concat((bytes + (1 << 19)) >> 20, " MiB");
}

/// The right to make a file, among processes that want the same one. The kernel ends it with the process.
class BuildLock {
 public:
  /// Waits for who has it as long as that makes progress. Throws Error(environment). On a file system without locks
  /// everyone has it.
  explicit BuildLock(const fs::path& path) : file_name_(path.string() + ".lock") {
    create_folders(path.parent_path());
    file_ = OpenFile(::open(file_name_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
    if (file_.get() < 0) fail(ExitCode::environment, file_name_, ": cannot be written: ", std::strerror(errno));
    auto since = Clock::now(), told = since;
    auto moved = last_progress();
    bool waited = false;
    while (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EINTR) continue;
      if (errno != EWOULDBLOCK) return;
      if (stop_requested()) fail(ExitCode::environment, "a stop was requested");
      if (const auto now = last_progress(); now != moved) moved = now, since = Clock::now();
      if (seconds_since(since) > patience_seconds)
        fail(ExitCode::environment, file_name_, ": another run holds it and makes no progress");
      if (!std::exchange(waited, true) || seconds_since(told) > waiting_seconds) {
        log::info("another run is making the frame cache ", path.string(), ": waiting for it");
        told = Clock::now();
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    held_ = true;
  }

  bool held() const { return held_; }

  void show_progress() const { ::futimens(file_.get(), nullptr); }

 private:
  std::int64_t last_progress() const {
    struct stat status {};
    ::stat(file_name_.c_str(), &status);
    return std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
  }

  std::string file_name_;
  OpenFile file_;
  bool held_ = false;
};

/// What killed builds of the file left: this machine's, since the lock is ours, and others' that are old.
void remove_leftovers(const fs::path& path, bool locked) {
  const std::string ours = path.filename().string() + ".incomplete-", here = ours + host_name() + "-";
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(path.parent_path(), ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(ours)) continue;
    const auto age = fs::file_time_type::clock::now() - entry.last_write_time(ignored);
    if ((locked && name.starts_with(here)) || age > leftover_age) fs::remove(entry.path(), ignored);
  }
}

/// Says how far all who fill the file are, and shows those who wait for it that there is progress.
class FillProgress {
 public:
  FillProgress(const FrameCacheBuild& build, const BuildLock* lock)
      : build_(build),
        lock_(lock),
        bar_("frame cache", static_cast<std::int64_t>(build.frames()), ProgressBar::Seconds(progress_seconds)) {}

  void beat() {
    bar_.show(static_cast<std::int64_t>(build_.frames_done()));
    if (lock_ == nullptr || seconds_since(told_) < progress_seconds) return;
    told_ = Clock::now();
    lock_->show_progress();
  }

 private:
  const FrameCacheBuild& build_;
  const BuildLock* lock_;
  ProgressBar bar_;
  Clock::time_point told_ = Clock::now();
};

/// One rank's way to the cache. The node's first rank looks, decides and tells the others; all fill.
class Opening {
 public:
  Opening(const Dataset& dataset, const FrameCacheOptions& options, const NodeRanks& node)
      : dataset_(dataset), options_(options), node_(node), limit_(options.limit) {
    if (options_.kind == "disk")
      path_ = options_.folder / file_name();
    else
      limit_ = std::min(limit_, available_memory() / 2);  // the step needs some as well
  }

  std::shared_ptr<const FrameCache> open() {
    std::string plan = "none";
    if (node_.rank == 0) attempt([&] { plan = look_or_create(); });
    plan = node_.from_first(plan);
    if (plan.starts_with("fill ")) {
      std::string outcome = "none";
      attempt([&] {
        if (node_.rank != 0) build_.emplace(FrameCacheBuild::join(open_shared(plan.substr(5))));
        fill();
        if (node_.rank == 0 && all_filled()) outcome = "use";
      });
      plan = node_.from_first(outcome);
    }
    std::shared_ptr<const FrameCache> cache;
    if (plan == "use") attempt([&] { cache = use(); });
    if (node_.rank == 0 && !incomplete_.empty()) ::unlink(incomplete_.c_str());
    return cache;
  }

 private:
  /// A cache is a help: without it the run goes on.
  void attempt(const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& problem) {
      if (problem.code() == ExitCode::defect) throw;
      log::warning("no frame cache, frames are decoded each time: ", problem.what());
    }
  }

  /// The file that the first rank makes; a rank that is late may find it made and renamed.
  OpenFile open_shared(const fs::path& incomplete) const {
    OpenFile file(::open(incomplete.c_str(), O_RDWR | O_CLOEXEC));
    return file.get() < 0 && !path_.empty() ? OpenFile(::open(path_.c_str(), O_RDWR | O_CLOEXEC)) : std::move(file);
  }

  fs::path file_name() const {
    return concat(fs::absolute(dataset_.root() / "").parent_path().filename().string(), "-",
                  identity_of(dataset_).substr(0, 16), ".frames");
  }

  /// "use" what is there, "fill PATH" of a new file, or "none".
  std::string look_or_create() {
    std::error_code ignored;
    if (!options_.may_build && !fs::exists(path_, ignored)) return "none";
    const auto sources = inspect_sources(dataset_, options_.threads);
    if (usable(sources)) return "use";
    if (!options_.may_build) return "none";
    if (frames_within(sources, limit_) == 0) {
      log::info("no frame cache: there is no room for a frame; frames are decoded each time");
      return "none";
    }
    OpenFile file;
    if (path_.empty()) {
      file = OpenFile(::memfd_create("fastbox-frames", MFD_CLOEXEC));
      shared_path_ = concat("/proc/", ::getpid(), "/fd/", file.get());
    } else {
      lock_.emplace(path_);
      if (usable(sources)) return "use";  // another run has made it meanwhile
      remove_leftovers(path_, lock_->held());
      incomplete_ = concat(path_.string(), ".incomplete-", host_name(), "-", ::getpid());
      shared_path_ = incomplete_;
      file = OpenFile(::open(incomplete_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    }
    if (file.get() < 0) fail(ExitCode::environment, shared_path_, ": cannot be made: ", std::strerror(errno));
    build_.emplace(FrameCacheBuild::create(std::move(file), dataset_, sources, limit_, /*on_disk=*/!path_.empty()));
    return "fill " + shared_path_;
  }

  /// Whether there is a file that holds; a reason that it does not is told once.
  bool usable(const std::vector<FrameSource>& sources) {
    OpenFile file = path_.empty() ? OpenFile() : OpenFile(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) return false;
    std::string why;
    try {
      const FrameCacheFile found(std::move(file), dataset_, &sources, /*verify=*/true);
      const std::size_t left_out = found.left_out_for_room();
      if (left_out == 0 || !options_.may_build || found.frames() - left_out >= frames_within(sources, limit_))
        return true;
      why = concat("holds ", found.frames() - left_out, " of ", found.frames(), " frames and may hold more now");
    } catch (const Error& problem) {
      why = problem.what();
    }
    if (!std::exchange(told_unusable_, true))
      log::info("frame cache ", path_.string(), ": ", why,
                options_.may_build ? "; it is made anew" : "; it is not used");
    return false;
  }

  void fill() {
    FillProgress progress(*build_, lock_ ? &*lock_ : nullptr);
    const auto begin = Clock::now();
    build_->fill(dataset_, options_.threads, [&] { progress.beat(); });
    if (node_.rank == 0) build_->finished(patience_seconds, [&] { progress.beat(); });
    seconds_ = seconds_since(begin);
  }

  bool all_filled() {
    if (!build_->failure().empty())
      fail(ExitCode::environment, path_.string(), path_.empty() ? "" : ": ", build_->failure());
    build_->seal();
    if (path_.empty()) return true;
    if (::rename(incomplete_.c_str(), path_.c_str()) != 0)
      fail(ExitCode::environment, path_.string(), ": renaming failed: ", std::strerror(errno));
    incomplete_.clear();
    return true;
  }

  std::shared_ptr<const FrameCache> use() {
    OpenFile file;
    if (build_)
      file = build_->release();
    else
      file = OpenFile(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) fail(ExitCode::environment, path_.string(), ": cannot be opened: ", std::strerror(errno));
    // Memory that was filled just now needs no check.
    auto cache = std::make_shared<const FrameCache>(
        path_, std::make_unique<FrameCacheFile>(std::move(file), dataset_, nullptr, /*verify=*/!build_));
    if (node_.rank == 0) tell(cache->file());
    return cache;
  }

  void tell(const FrameCacheFile& file) const {
    const std::size_t all = file.frames(), stored = file.stored(), left_out = file.left_out_for_room();
    std::string text = concat("frame cache: ", stored, " of ", all, " frames, ", mib(file.pixel_bytes()),
                              path_.empty() ? " in memory" : " in " + path_.string());
    if (node_.ranks > 1) text += concat(", shared by ", node_.ranks, " ranks");
    if (build_) text += concat(", made in ", fixed(seconds_, 1), " s");
    if (left_out > 0)
      text += concat("; ", left_out, " are decoded each time: ",
                     limit_ < options_.limit ? "half of the memory that is free" : "data.cache_mib", " allows for ",
                     mib(limit_), ", ", mib(file.pixel_bytes() * all / std::max<std::size_t>(all - left_out, 1)),
                     " would hold all");
    if (const std::size_t bad = all - stored - left_out; bad > 0) text += concat("; ", bad, " cannot be read");
    log::info(text);
  }

  const Dataset& dataset_;
  const FrameCacheOptions& options_;
  const NodeRanks& node_;
  std::uint64_t limit_;  // bytes of pixels
  fs::path path_;        // on disk; empty: in memory
  std::string shared_path_, incomplete_;
  std::optional<BuildLock> lock_;
  std::optional<FrameCacheBuild> build_;
  double seconds_ = 0;
  bool told_unusable_ = false;
};

std::string environment(const char* name) {
  const char* const text = std::getenv(name);
  return text == nullptr ? "" : text;
}

}  // namespace

fs::path cache_folder(const config::DataSettings& settings) {
  if (!settings.cache_folder.empty()) return settings.cache_folder;
  if (const auto folder = environment("FASTBOX_CACHE"); !folder.empty()) return folder;
  if (const auto folder = environment("XDG_CACHE_HOME"); !folder.empty()) return fs::path(folder) / "fastbox";
  if (const auto home = environment("HOME"); !home.empty()) return fs::path(home) / ".cache" / "fastbox";
  return {};
}

FrameCacheOptions FrameCacheOptions::of(const config::DataSettings& settings, int threads) {
  FrameCacheOptions options;
  options.kind = settings.cache;
  options.threads = std::max(threads, 1);
  options.limit = static_cast<std::uint64_t>(std::max(settings.cache_mib, 0)) << 20;
  if (options.kind != "ram" && options.kind != "disk" && options.kind != "off")
    fail(ExitCode::usage, "data.cache: '", options.kind, "', expected ram, disk or off");
  if (options.kind != "disk") return options;
  options.folder = cache_folder(settings);
  if (options.folder.empty())
    fail(ExitCode::usage,
         "data.cache is disk, and none of data.cache_folder, FASTBOX_CACHE, XDG_CACHE_HOME and HOME says where");
  return options;
}

std::shared_ptr<const FrameCache> FrameCache::open(const Dataset& dataset, const FrameCacheOptions& options,
                                                   const NodeRanks& node) {
  if (options.kind == "off") return nullptr;
  return Opening(dataset, options, node).open();
}

FrameCache::FrameCache(fs::path path, std::unique_ptr<FrameCacheFile> file)
    : path_(std::move(path)), file_(std::move(file)) {}

cv::Mat FrameCache::picture(std::size_t index) const {
  bool damaged = false;
  cv::Mat picture = file_->picture(index, damaged);
  if (damaged && !told_.exchange(true)) {
    log::warning("frame cache ", path_.string(), ": frame ", index + 1,
                 " of the list is damaged; damaged frames are "
                 "decoded from their sources, and the file is removed: the next run makes it anew");
    ::unlink(path_.c_str());
  }
  return picture;
}

}  // namespace fastbox::data
