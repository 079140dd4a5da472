// A disk that is full for a while or for good, and one that is read-only: a small tmpfs in a mount namespace of the test's own.
//
// Skipped where neither root nor a user namespace allows the mount.

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/files.hpp"
#include "base/text.hpp"
#include "faults/tiny_run.hpp"
#include "support/support.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;

constexpr int steps = 120, environment_error = 4;

void write_number_file(const char* file, const std::string& text) {
  const int fd = ::open(file, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || ::write(fd, text.data(), text.size()) < 0) return;  // the mount will tell
  ::close(fd);
}

/// This process's mounts are its own from now on; once a process.
bool own_mounts() {
  static const bool own = [] {
    const auto user = ::geteuid(), group = ::getegid();
    if (::unshare(user == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    if (user != 0) {
      write_number_file("/proc/self/setgroups", "deny");
      write_number_file("/proc/self/uid_map", concat("0 ", user, " 1"));
      write_number_file("/proc/self/gid_map", concat("0 ", group, " 1"));
    }
    return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  }();
  return own;
}

/// A tmpfs of so many KiB.
class SmallDisk {
 public:
  explicit SmallDisk(int kib) : path_(new_path("disk")) {
    fs::create_directories(path_);
    if (!own_mounts()) return;
    mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, concat("size=", kib, "k").c_str()) == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool mounted() const { return mounted_; }
  const fs::path& path() const { return path_; }
  bool make_read_only() const { return ::mount("none", path_.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0; }

  /// To the last byte.
  void fill() const {
    const int fd = ::open((path_ / "filler").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    const std::string zeros(4096, '\0');
    for (std::size_t size = zeros.size(); size > 0; size /= 2)
      while (::write(fd, zeros.data(), size) > 0) {
      }
    ::close(fd);
  }
  void empty() const { fs::remove(path_ / "filler"); }

 private:
  fs::path path_;
  bool mounted_ = false;
};

Words training(const fs::path& folder, int every) {
  return tiny_training(folder, steps, {concat("checkpoint.every=", every), "checkpoint.keep=2"});
}

const Trace& whole_run() {
  static const Trace trace = [] {
    const fs::path folder = new_path("whole");
    REQUIRE_THAT(run(training(folder, 5)), Exits(0));
    return trace_of(folder);
  }();
  return trace;
}

/// Whole or not, by the digests of its manifest.
bool is_whole(const fs::path& checkpoint) {
  const auto manifest = json_of(checkpoint / "manifest.json");
  for (const auto& [name, entry] : manifest.items())
    if (sha256_of_file(checkpoint / name) != entry.at("sha256")) return false;
  return manifest.size() == 4;
}

/// The run has saved twice; then the disk is full, and a save has failed.
void fill_midway(const SmallDisk& disk, Process& process, const fs::path& folder, const fs::path& errors) {
  REQUIRE(wait_until([&] { return newest_saved_step(folder) >= 10 || !process.running(); }));
  disk.fill();
  REQUIRE(wait_until(
      [&] { return text_if_any(errors).find("could not be saved") != std::string::npos || !process.running(); }));
}

TEST_CASE("a full disk: said, trained on, and saved once there is room", "[disk]") {
  const SmallDisk disk(3000);
  SKIP_UNLESS(disk.mounted(), "mounting a tmpfs needs root or user namespaces");
  for (const int ranks : {1, 2}) {
    INFO(ranks << " ranks");
    const fs::path folder = disk.path() / "run", errors = new_path("errors.txt");
    Process process(errors_to(errors, on(ranks, training(folder, 5))));
    fill_midway(disk, process, folder, errors);
    const std::int64_t saved = newest_saved_step(folder);
    CHECK(is_whole(folder / "checkpoints" / "latest"));
    const int failures = count_of(text_of(errors), "could not be saved");
    REQUIRE(
        wait_until([&] { return count_of(text_of(errors), "could not be saved") > failures || !process.running(); }));
    CHECK(newest_saved_step(folder) == saved);
    disk.empty();
    const Outcome outcome = process.wait();
    INFO(text_of(errors));
    REQUIRE_THAT(outcome, Exits(0));
    CHECK(newest_saved_step(folder) == steps);
    CHECK(text_of(errors).find("No space left on device") != std::string::npos);
    check_same(trace_of(folder), whole_run());
    CHECK_FALSE(text_of(errors).find("a defect") != std::string::npos);
    fs::remove_all(folder);
  }
}

TEST_CASE("a disk that stays full: 4 at the end, older checkpoints whole, and the run goes on from them", "[disk]") {
  const SmallDisk disk(3000);
  SKIP_UNLESS(disk.mounted(), "mounting a tmpfs needs root or user namespaces");
  for (const int ranks : {1, 2}) {
    INFO(ranks << " ranks");
    const fs::path folder = disk.path() / "run", errors = new_path("errors.txt");
    Process process(errors_to(errors, on(ranks, training(folder, 5))));
    fill_midway(disk, process, folder, errors);
    const Outcome outcome = process.wait();
    INFO(text_of(errors));
    CHECK_THAT(outcome, Exits(environment_error));
    CHECK(text_of(errors).find(concat("step ", steps, "/", steps)) != std::string::npos);  // trained to the end
    CHECK(text_of(errors).find("not saved") != std::string::npos);
    CHECK(text_of(errors).find(folder.string()) != std::string::npos);
    const std::int64_t saved = newest_saved_step(folder);
    CHECK(saved >= 10);
    CHECK(saved < steps);
    CHECK(is_whole(folder / "checkpoints" / "latest"));
    disk.empty();
    REQUIRE_THAT(run(training(folder, 5) + Words{"--resume"}), Exits(0) && Tells(concat("at step ", saved)));
    check_same(trace_of(folder), whole_run());
    fs::remove_all(folder);
  }
}

TEST_CASE("a disk too small for any checkpoint", "[disk]") {
  const SmallDisk disk(100);
  SKIP_UNLESS(disk.mounted(), "mounting a tmpfs needs root or user namespaces");
  const fs::path folder = disk.path() / "run";
  CHECK_THAT(run(training(folder, 20)), Exits(environment_error) && Tells(folder.string()) && Tells("No space left"));
  CHECK(newest_saved_step(folder) == -1);
}

TEST_CASE("a read-only run folder is named", "[disk]") {
  const SmallDisk disk(3000);
  SKIP_UNLESS(disk.mounted(), "mounting a tmpfs needs root or user namespaces");
  const fs::path folder = disk.path() / "run", fresh = disk.path() / "fresh";
  REQUIRE_THAT(run(training(folder, 60)), Exits(0));
  const auto digests = digests_of(folder);
  REQUIRE(disk.make_read_only());
  for (const int ranks : {1, 2}) {
    INFO(ranks << " ranks");
    CHECK_THAT(run(on(ranks, training(folder, 60)) + Words{"--resume"}),
               Exits(environment_error) && Tells(folder.string()) && Tells("Read-only"));
    CHECK_THAT(run(on(ranks, training(fresh, 60))),
               Exits(environment_error) && Tells(fresh.string()) && Tells("Read-only"));
  }
  CHECK(digests_of(folder) == digests);
}

}  // namespace
}  // namespace fastbox::test
