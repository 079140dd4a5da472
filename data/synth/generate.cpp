#include "synth/generate.hpp"

#include <opencv2/core/utility.hpp>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <exception>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "base/error.hpp"
#include "base/files.hpp"
#include "io/image.hpp"
#include "io/json_text.hpp"
#include "io/split_list.hpp"

namespace fastbox::synth {
namespace {

namespace fs = std::filesystem;

/// Counts up when the same (seed, index) draws another scene, so that two generators' frames never mix in one
/// folder.
constexpr int generator_version = 1;
constexpr int most_frames = 1'000'000;          // names have six digits
constexpr std::size_t largest_manifest = 4096;  // bytes

std::string frame_name(int index) {
  char name[16];
  std::snprintf(name, sizeof name, "%06d", index);
  return name;
}

struct Layout {
  fs::path root;
  fs::path image(const std::string& name) const { return root / "training/image_2" / (name + ".png"); }
  fs::path label(const std::string& name) const { return root / "training/label_2" / (name + ".txt"); }
  /// Written last: the data set is whole.
  fs::path manifest() const { return root / "synth.json"; }
  /// Written first, removed at the end: what an interrupted run was making.
  fs::path beginning() const { return root / "synth.unfinished.json"; }
};

nlohmann::json describe(const Options& options) {
  return {{"generator", "fastbox data synth"},
          {"version", generator_version},
          {"seed", options.seed},
          {"train", options.train},
          {"val", options.val}};
}

/// Throws unless the manifest in the folder is the wanted one.
void require_same(const fs::path& file, const nlohmann::json& wanted, const fs::path& folder) {
  std::string found = "no JSON";
  try {
    const nlohmann::json made = io::parse_json(read_file(file, largest_manifest), file.string());
    if (made == wanted) return;
    found = shown(made.dump());
  } catch (const Error&) {
    // told below
  }
  fail(ExitCode::usage, folder.string(), ": the folder holds other frames (", file.filename().string(), " says ", found,
       ", wanted ", wanted.dump(), "); choose another folder or remove this one");
}

bool holds_frames(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder, ignored) && !fs::is_empty(folder, ignored);
}

void make_frame(const Layout& layout, std::uint64_t seed, int index) {
  const std::string name = frame_name(index);
  // The label comes last: where it is there, the image is there and whole.
  if (fs::exists(layout.label(name)) && fs::exists(layout.image(name))) return;
  const Scene scene = render_scene(seed, static_cast<std::uint64_t>(index));
  io::write_picture(layout.image(name), scene.rgb);
  write_file_atomically(layout.label(name), io::format_labels(scene.objects));
}

/// All frames, by `workers` threads; the first failure ends the others and is thrown again here.
void make_frames(const Layout& layout, const Options& options, int workers) {
  const int total = options.train + options.val;
  std::atomic<int> next{0};
  std::atomic<bool> failed{false};
  std::mutex mutex;
  int done = 0;
  std::exception_ptr failure;
  const auto work = [&] {
    try {
      for (int index = next++; index < total && !failed; index = next++) {
        make_frame(layout, options.seed, index);
        const std::lock_guard lock(mutex);
        ++done;
        if (options.progress) options.progress(done, total);
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failed.exchange(true)) failure = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < workers; ++i) threads.emplace_back(work);
  }
  if (failure) std::rethrow_exception(failure);
}

std::vector<std::string> names(int begin, int end) {
  std::vector<std::string> list;
  for (int i = begin; i < end; ++i) list.push_back(frame_name(i));
  return list;
}

}  // namespace

void generate(const Options& options) {
  if (options.train < 1 || options.val < 1 || options.train > most_frames - options.val)
    fail(ExitCode::usage, "a data set of ", options.train, " training and ", options.val,
         " validation frames was asked for, expected at least one of each and at most ", most_frames, " together");
  const Layout layout{options.folder};
  const auto wanted = describe(options);
  if (fs::exists(layout.manifest())) return require_same(layout.manifest(), wanted, options.folder);
  if (fs::exists(layout.beginning())) {
    require_same(layout.beginning(), wanted, options.folder);
  } else {
    for (const char* part : {"training/image_2", "training/label_2"})
      if (holds_frames(options.folder / part))
        fail(ExitCode::usage, (options.folder / part).string(),
             ": the folder holds frames that this command did not make; choose another folder");
    write_file_atomically(layout.beginning(), wanted.dump(2) + "\n");
  }
  create_folders(options.folder / "training/image_2");
  create_folders(options.folder / "training/label_2");

  const int hardware = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  make_frames(layout, options, options.workers > 0 ? options.workers : hardware);
  io::write_split_list(options.folder / "splits/train.txt", names(0, options.train));
  io::write_split_list(options.folder / "splits/val.txt", names(options.train, options.train + options.val));
  write_file_atomically(layout.manifest(), wanted.dump(2) + "\n");
  std::error_code ignored;
  fs::remove(layout.beginning(), ignored);
}

}  // namespace fastbox::synth
