#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "data/frame_cache.hpp"
#include "data/frame_reader.hpp"
#include "data/loader.hpp"
#include "support/support.hpp"
#include "unit/data/made_frames.hpp"

using namespace fastbox;
namespace fs = std::filesystem;

namespace {

/// Frames of a few sizes, and a folder for the cache.
struct Place {
  explicit Place(int frames = 6) : dataset(folder / "kitti", test::write_frames(folder / "kitti", frames), "a test") {}

  std::shared_ptr<const data::FrameCache> open(data::FrameCacheOptions options = {}) const {
    if (options.kind == "off") options.kind = "disk";
    options.folder = folder / "cache";
    return data::FrameCache::open(dataset, options);
  }

  fs::path image(std::size_t index) const { return dataset[index].image; }

  /// Names in the cache's folder, without the lock.
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder / "cache"))
      if (entry.path().extension() != ".lock") names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }

  test::ScratchFolder folder;
  data::Dataset dataset;
};

ino_t inode(const fs::path& file) {
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  return status.st_ino;
}

/// Whether every frame is in the cache and as its source is.
bool holds_all(const data::FrameCache& cache, const data::Dataset& dataset) {
  bool all = cache.file().stored() == dataset.size();
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    const cv::Mat cached = cache.picture(i), decoded = io::read_frame(dataset[i].image);
    all = all && cached.size() == decoded.size() && cv::norm(cached, decoded, cv::NORM_INF) == 0;
  }
  return all;
}

void overwrite(const fs::path& file, std::size_t at, const std::string& bytes) {
  const int descriptor = ::open(file.c_str(), O_WRONLY);
  REQUIRE(::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(at)) == std::ssize(bytes));
  ::close(descriptor);
}

/// Keeps a file's time of change.
void set_modified(const fs::path& file, fs::file_time_type time) {
  fs::last_write_time(file, time);
}

}  // namespace

TEST_CASE("a cache holds every frame's pixels, in memory and on disk", "[frame_cache]") {
  const Place place;
  const auto ram = place.open({.kind = "ram"}), disk = place.open();
  REQUIRE((ram && disk));
  CHECK(holds_all(*ram, place.dataset));
  CHECK(holds_all(*disk, place.dataset));
  CHECK(ram->path().empty());
  CHECK(place.files() == std::vector<std::string>{disk->path().filename().string()});
  CHECK(data::FrameCache::open(place.dataset, {}) == nullptr);
}

TEST_CASE("memory without a name is gone with who has it open", "[frame_cache]") {
  const Place place;
  const auto links = [] {
    int count = 0;
    for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
      std::error_code gone;
      count += fs::read_symlink(entry.path(), gone).string().find("fastbox-frames") != std::string::npos;
    }
    return count;
  };
  auto ram = place.open({.kind = "ram"});
  CHECK(links() == 1);
  ram.reset();
  CHECK(links() == 0);
}

TEST_CASE("a file on disk is found again", "[frame_cache]") {
  const Place place;
  const fs::path file = place.open()->path();
  const auto before = inode(file);
  CHECK(holds_all(*place.open(), place.dataset));
  CHECK(inode(file) == before);
  // Another list in the same folder is another file.
  const data::Dataset fewer(place.folder / "kitti", {"000001", "000000"}, "a test");
  const auto other = data::FrameCache::open(fewer, {.kind = "disk", .folder = place.folder / "cache"});
  CHECK(holds_all(*other, fewer));
  CHECK(other->path() != file);
  CHECK(place.files().size() == 2);
  CHECK(holds_all(*place.open({.may_build = false}), place.dataset));
}

TEST_CASE("a changed source makes the file anew", "[frame_cache]") {
  const Place place;
  auto last = inode(place.open()->path());
  const auto made_anew = [&] {
    const auto cache = place.open();
    const auto now = inode(cache->path());
    const bool anew = now != last && holds_all(*cache, place.dataset);
    last = now;
    return anew;
  };
  CHECK_FALSE(made_anew());
  const auto time = fs::last_write_time(place.image(2));
  const std::string bytes = read_file(place.image(2));
  write_file_atomically(place.image(2), bytes);  // the same bytes at another time
  CHECK(made_anew());
  set_modified(place.image(2), time);
  CHECK(made_anew());
  // Other pixels of the same size, a compressed size that happens to be the same, and the old time.
  cv::Mat picture = io::read_frame(place.image(3));
  const auto time3 = fs::last_write_time(place.image(3));
  const auto size = fs::file_size(place.image(3));
  bool same_size = false;
  for (int value = 0; value < 256 && !same_size; ++value) {
    if (picture.data[7] == value) continue;
    cv::Mat changed = picture.clone();
    changed.data[7] = static_cast<uchar>(value);
    io::write_picture(place.image(3), changed);
    same_size = fs::file_size(place.image(3)) == size;
  }
  REQUIRE(same_size);
  set_modified(place.image(3), time3);
  CHECK(made_anew());
  CHECK_FALSE(made_anew());
}

TEST_CASE("a file that is truncated, damaged, foreign or of another version is made anew", "[frame_cache]") {
  const Place place;
  const fs::path file = place.open()->path();
  const std::string whole = read_file(file);
  const auto refused = [&](const std::string& bytes) {
    write_file_atomically(file, bytes);
    bool not_used = place.open({.may_build = false}) == nullptr;
    return not_used && holds_all(*place.open(), place.dataset) && read_file(file) == whole;
  };
  CHECK(refused(whole.substr(0, whole.size() - 1)));
  CHECK(refused(whole.substr(0, 5000)));
  CHECK(refused(whole.substr(0, 100)));
  CHECK(refused(""));
  CHECK(refused(std::string(whole.size(), 'x')));
  CHECK(refused("fb-build" + whole.substr(8)));  // never sealed
  for (const std::size_t at : {std::size_t{8}, std::size_t{16}, std::size_t{24}, std::size_t{40}, std::size_t{4100}}) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    INFO("byte " << at);
    CHECK(refused(damaged));
  }
}

TEST_CASE("damaged pixels are decoded from the source, and the file goes", "[frame_cache]") {
  const Place place;
  const fs::path file = place.open()->path();
  overwrite(file, fs::file_size(file) - 200, "other pixels");
  const auto cache = place.open();
  REQUIRE(cache);
  int missing = 0;
  for (std::size_t i = 0; i < place.dataset.size(); ++i) {
    if (cache->picture(i).empty()) {
      ++missing;
      continue;
    }
    CHECK(cv::norm(cache->picture(i), io::read_frame(place.image(i)), cv::NORM_INF) == 0);
  }
  CHECK(missing == 1);
  CHECK_FALSE(fs::exists(file));
  CHECK(holds_all(*place.open(), place.dataset));
}

TEST_CASE("what does not fit is left out, and comes in once it may", "[frame_cache]") {
  const Place place;
  std::uint64_t three = 0;
  for (std::size_t i = 0; i < 3; ++i) three += io::read_frame(place.image(i)).total() * 3;
  for (const char* kind : {"ram", "disk"}) {
    for (const std::uint64_t limit : {three, three + 100}) {
      const auto cache = place.open({.kind = kind, .limit = limit});
      CHECK(cache->file().stored() == 3);
      CHECK(cache->file().pixel_bytes() == three);
      CHECK(cache->picture(3).empty());
      CHECK_FALSE(cache->picture(2).empty());
    }
    CHECK(place.open({.kind = kind, .limit = three - 1})->file().stored() == (*kind == 'd' ? 3 : 2));
    CHECK(holds_all(*place.open({.kind = kind}), place.dataset));
  }
  CHECK(place.open({.kind = "ram", .limit = 100}) == nullptr);
}

TEST_CASE("a frame that cannot be read is left out, and met at its turn", "[frame_cache]") {
  const Place place;
  write_file_atomically(place.image(1), "no picture");
  write_file_atomically(place.image(4), read_file(place.image(4)).substr(0, 300));
  const auto cache = place.open();
  CHECK(cache->file().stored() == 4);
  CHECK(cache->picture(1).empty());
  data::FrameReader reader(place.dataset, cache);
  CHECK(reader.read(0).picture.cols == 150);
  CHECK(test::caught([&] { reader.read(4); }).mentions("000004.png: the PNG is truncated"));
  config::Settings settings;
  settings.model.width = 64, settings.model.height = 32;
  settings.data.on_error = "skip";
  data::Loader loader(place.dataset, settings, {.batch = 6}, cache);
  CHECK(loader.next().replaced.size() == 2);
}

TEST_CASE("ranks of a node make one cache together", "[frame_cache]") {
  const Place place;
  for (const char* kind : {"ram", "disk"}) {
    // The node's ranks as processes: the first one's text goes through pipes.
    int pipes[2][2];
    for (auto& pipe : pipes) REQUIRE(::pipe(pipe) == 0);
    const data::FrameCacheOptions options{.kind = kind, .folder = place.folder / "cache", .threads = 2};
    std::vector<pid_t> children;
    for (int rank = 1; rank < 3; ++rank) {
      const pid_t child = ::fork();
      if (child == 0) {
        data::NodeRanks node{rank, 3, [&](const std::string&) {
                               char text[512] = {};
                               if (::read(pipes[rank - 1][0], text, sizeof text) <= 0) ::_exit(9);
                               // The last one comes when all is done.
                               if (rank == 2) std::this_thread::sleep_for(std::chrono::milliseconds(300));
                               return std::string(text);
                             }};
        const auto cache = data::FrameCache::open(place.dataset, options, node);
        ::_exit(cache && holds_all(*cache, place.dataset) ? 0 : 1);
      }
      children.push_back(child);
    }
    data::NodeRanks first{0, 3, [&](const std::string& text) {
                            char padded[512] = {};
                            text.copy(padded, sizeof padded - 1);
                            for (auto& pipe : pipes) REQUIRE(::write(pipe[1], padded, sizeof padded) == sizeof padded);
                            return text;
                          }};
    const auto cache = data::FrameCache::open(place.dataset, options, first);
    REQUIRE(cache);
    CHECK(holds_all(*cache, place.dataset));
    for (const pid_t child : children) {
      int status = -1;
      ::waitpid(child, &status, 0);
      CHECK(status == 0);
    }
    for (auto& pipe : pipes) ::close(pipe[0]), ::close(pipe[1]);
  }
}

TEST_CASE("a killed build leaves nothing that is taken for whole", "[frame_cache]") {
  const Place place(9);
  int killed_inside = 0;
  for (int delay = 0; delay < 12; ++delay) {
    std::error_code ignored;
    fs::remove_all(place.folder / "cache", ignored);
    const pid_t child = ::fork();
    if (child == 0) {
      place.open();
      ::_exit(0);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(700 * delay));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    if (fs::exists(place.folder / "cache"))
      for (const auto& name : place.files()) killed_inside += name.find(".incomplete-") != std::string::npos;
    CHECK(holds_all(*place.open(), place.dataset));
    CHECK(place.files().size() == 1);  // what the killed one left is gone
  }
  INFO("of 12 builds, so many were killed inside");
  CHECK(killed_inside > 0);
}

TEST_CASE("of two that want the same file one waits for the other", "[frame_cache]") {
  const Place place;
  fs::create_directories(place.folder / "cache");
  // Who holds the lock is us; the other run waits, and builds once we let go.
  const fs::path file = place.open()->path();
  fs::remove(file);
  const int lock = ::open((file.string() + ".lock").c_str(), O_RDWR);
  REQUIRE(::flock(lock, LOCK_EX) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(lock);
    ::_exit(place.open() ? 0 : 1);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(250));
  CHECK(::waitpid(child, nullptr, WNOHANG) == 0);
  CHECK(place.files().empty());
  ::close(lock);
  int status = -1;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
  CHECK(place.files().size() == 1);

  // Many at once.
  fs::remove(file);
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    children.push_back(::fork());
    if (children.back() == 0) {
      const auto cache = place.open();
      ::_exit(cache && holds_all(*cache, place.dataset) ? 0 : 1);
    }
  }
  for (const pid_t one : children) {
    ::waitpid(one, &status, 0);
    CHECK(status == 0);
  }
  CHECK(place.files().size() == 1);
}

TEST_CASE("where no cache can be made the run goes on without", "[frame_cache]") {
  const Place place;
  write_file_atomically(place.folder / "file", "no folder");
  CHECK(data::FrameCache::open(place.dataset, {.kind = "disk", .folder = place.folder / "file"}) == nullptr);
  CHECK(place.open({.may_build = false}) == nullptr);
}

TEST_CASE("the folder is the setting's, else the environment's", "[frame_cache]") {
  config::DataSettings settings;
  settings.cache = "disk";
  settings.cache_folder = "/a";
  settings.cache_mib = 3;
  const auto options = data::FrameCacheOptions::of(settings, 0);
  CHECK(options.folder == "/a");
  CHECK(options.limit == 3 << 20);
  CHECK(options.threads == 1);
  settings.cache = "tape";
  CHECK(test::caught([&] { data::FrameCacheOptions::of(settings, 1); }).mentions("data.cache: 'tape'"));

  const std::vector<const char*> names = {"FASTBOX_CACHE", "XDG_CACHE_HOME", "HOME"};
  std::vector<std::string> before;
  for (const char* name : names) before.emplace_back(std::getenv(name) != nullptr ? std::getenv(name) : "");
  settings.cache_folder = "";
  settings.cache = "disk";
  for (const char* name : names) ::setenv(name, "/b", 1);
  CHECK(data::cache_folder(settings) == "/b");
  ::unsetenv("FASTBOX_CACHE");
  CHECK(data::cache_folder(settings) == "/b/fastbox");
  ::unsetenv("XDG_CACHE_HOME");
  CHECK(data::cache_folder(settings) == "/b/.cache/fastbox");
  ::unsetenv("HOME");
  CHECK(test::caught([&] { data::FrameCacheOptions::of(settings, 1); }).mentions("data.cache_folder"));
  for (std::size_t i = 0; i < names.size(); ++i)
    if (!before[i].empty()) ::setenv(names[i], before[i].c_str(), 1);
}
