#include "data/import.hpp"

#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/error.hpp"
#include "base/files.hpp"
#include "data/dataset.hpp"
#include "data/frame_numbers.hpp"
#include "io/crc32.hpp"
#include "io/kitti_label.hpp"
#include "io/png.hpp"
#include "io/zip_reader.hpp"
#include "io/zip_store.hpp"

namespace fastbox::data {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t disk_block = 4096;          // bytes that a file takes at least
constexpr std::uint64_t room_to_spare = 1 << 26;    // bytes
constexpr const char* unfinished = ".incomplete-";  // base/files.hpp

/// What a folder of KITTI's object data holds.
enum class Kind { image, label, calibration };

struct KittiFolder {
  const char* path;
  Kind kind;
};

constexpr KittiFolder kitti_folders[] = {{"training/image_2", Kind::image},   {"testing/image_2", Kind::image},
                                         {"training/image_3", Kind::image},   {"testing/image_3", Kind::image},
                                         {"training/label_2", Kind::label},   {"training/calib", Kind::calibration},
                                         {"testing/calib", Kind::calibration}};

/// A file that an archive holds for one of the folders.
struct Wanted {
  io::ZipReader* archive;
  std::size_t index;
  const KittiFolder* folder;
  const io::ZipFileEntry& entry() const { return archive->entries()[index]; }
  std::size_t most_bytes() const { return folder->kind == Kind::image ? io::largest_png : io::largest_labels; }
};

/// Null for what is none of KITTI's.
const KittiFolder* folder_of(const fs::path& name) {
  const auto found = std::ranges::find_if(kitti_folders, [&](const KittiFolder& folder) {
    return name.parent_path() == folder.path && name.extension() == (folder.kind == Kind::image ? ".png" : ".txt");
  });
  return found == std::end(kitti_folders) ? nullptr : &*found;
}

/// P2 projects into the left colour image, a 3 x 4 matrix.
void check_calibration(std::string_view text, const std::string& name) {
  for (const auto line : split(text, '\n')) {
    const auto columns = split_columns(trim(line));
    if (columns.empty() || columns.front() != "P2:") continue;
    double number = 0;
    if (columns.size() == 13 &&
        std::all_of(columns.begin() + 1, columns.end(), [&](auto column) { return parse_double(column, number); }))
      return;
    fail(ExitCode::data, name, ": P2 has ", columns.size() - 1, " columns, expected 12 numbers");
  }
  fail(ExitCode::data, name, ": has no line P2, expected the calibration of a frame");
}

/// Throws Error(data) naming `name`.
void check_bytes(Kind kind, std::string_view bytes, const std::string& name) {
  if (kind == Kind::label) {
    io::parse_labels(bytes, name);
  } else if (kind == Kind::calibration) {
    check_calibration(bytes, name);
  } else {
    const auto header = io::parse_png_header(bytes, name);
    if (header.bit_depth != 8 || header.colour_type != 2)
      fail(ExitCode::data, name, ": a PNG of ", header.bit_depth, " bits and colour type ", header.colour_type,
           ", expected 8-bit RGB (type 2)");
  }
}

/// What killed imports left. The process id in the name tells whether that one still works.
void remove_leftovers(const fs::path& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    const auto at = name.rfind(unfinished);
    long long process = 0;
    if (at == std::string::npos ||
        !parse_integer(std::string_view(name).substr(at + std::string_view(unfinished).size()), process))
      continue;
    if (process > 0 && ::kill(static_cast<pid_t>(process), 0) != 0 && errno == ESRCH) fs::remove(entry.path(), ignored);
  }
}

class Import {
 public:
  explicit Import(const ImportOptions& options) : options_(options) {}

  ImportReport run() {
    read_directories();
    find_what_is_there();
    require_room();
    unpack();
    for (auto& [path, folder] : report_.folders) check_folder(path, folder);
    check_pairs();
    return std::move(report_);
  }

 private:
  void read_directories() {
    for (const auto& file : options_.archives) {
      archives_.push_back(std::make_unique<io::ZipReader>(file));
      io::ZipReader& archive = *archives_.back();
      for (std::size_t i = 0; i < archive.entries().size(); ++i) {
        const auto& entry = archive.entries()[i];
        if (entry.is_folder()) continue;
        if (const KittiFolder* const folder = folder_of(entry.name))
          want({&archive, i, folder});
        else
          ++report_.other_entries;
      }
    }
    if (wanted_.empty())
      fail(ExitCode::data, options_.archives.front().string(),
           ": holds nothing of KITTI's object data, expected training/image_2/000000.png or the like");
  }

  void want(const Wanted& wanted) {
    const auto [other, is_new] = wanted_.emplace(wanted.entry().name, wanted);
    if (is_new) {
      ++report_.folders[wanted.folder->path].archived;
    } else if (other->second.entry().crc != wanted.entry().crc || other->second.entry().bytes != wanted.entry().bytes) {
      fail(ExitCode::data, wanted.archive->file().string(), ": ", wanted.entry().name, " differs from the one in ",
           other->second.archive->file().string());
    }
  }

  /// Takes from the list what needs no writing.
  void find_what_is_there() {
    std::vector<std::string> different;
    for (const auto& [path, folder] : report_.folders) remove_leftovers(options_.root / path);
    for (auto wanted = wanted_.begin(); wanted != wanted_.end();) {
      const fs::path file = options_.root / wanted->first;
      const auto& entry = wanted->second.entry();
      std::error_code ignored;
      bool same = false;
      if (fs::exists(file, ignored)) {
        if (fs::file_size(file, ignored) == entry.bytes && entry.bytes <= wanted->second.most_bytes()) {
          const std::string bytes = read_file(file, wanted->second.most_bytes());
          same = io::crc32(bytes) == entry.crc;
          if (same) note_errors([&] { check_bytes(wanted->second.folder->kind, bytes, file.string()); });
        }
        if (!same) different.push_back(file.string());
      }
      report_.kept += same ? 1 : 0;
      wanted = same ? wanted_.erase(wanted) : std::next(wanted);
    }
    if (!different.empty() && !options_.replace)
      fail(ExitCode::data, different.front(), ": differs from the archive's file",
           different.size() > 1 ? concat(", as do ", different.size() - 1, " more") : "",
           "; nothing is unpacked (--force replaces what differs)");
  }

  void require_room() const {
    std::uint64_t needed = wanted_.empty() ? 0 : room_to_spare;
    for (const auto& [name, wanted] : wanted_)
      needed += (wanted.entry().bytes + disk_block - 1) / disk_block * disk_block;
    create_folders(options_.root);
    std::error_code problem;
    const auto space = fs::space(options_.root, problem);
    if (!problem && space.available < needed)
      fail(ExitCode::environment, options_.root.string(), ": the disk has ", space.available >> 20,
           " MiB left, the files that are missing need ", needed >> 20, " MiB; nothing is unpacked");
  }

  void unpack() {
    const auto total = static_cast<std::int64_t>(wanted_.size());
    std::int64_t done = 0;
    for (const auto& [name, wanted] : wanted_) {
      const std::string bytes = wanted.archive->read(wanted.index, wanted.most_bytes());
      note_errors([&] {
        check_bytes(wanted.folder->kind, bytes, concat(wanted.archive->file().string(), ": ", name));
        write_file_atomically(options_.root / name, bytes);
        ++report_.written;
        report_.written_bytes += bytes.size();
      });
      if (options_.progress) options_.progress(++done, total);
    }
  }

  /// A file that is not what its folder holds is no reason to leave the others out.
  void note_errors(const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& problem) {
      if (problem.code() != ExitCode::data) throw;
      report_.errors.emplace_back(problem.what());
    }
  }

  std::set<std::string> names_in(const std::string& folder) const {
    std::set<std::string> names;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(options_.root / folder, ignored))
      if (folder_of(fs::path(folder) / entry.path().filename()) != nullptr) names.insert(entry.path().stem().string());
    return names;
  }

  void check_folder(const std::string& path, ImportReport::Folder& folder) {
    const auto names = names_in(path);
    folder.there = names.size();
    const std::size_t expected = path.starts_with("training") ? kitti_training_frames : kitti_testing_frames;
    const auto missing = missing_numbers({names.begin(), names.end()}, expected);
    if (!missing.empty())
      report_.notes.push_back(concat((options_.root / path).string(), ": ", missing.size(), " of KITTI's ", expected,
                                     " frames are not there: ", runs_of_numbers(missing)));
  }

  void check_pairs() {
    const auto images = names_in("training/image_2"), labels = names_in("training/label_2");
    if (images.empty() || labels.empty()) return;
    const auto lacking = [&](const std::set<std::string>& some, const std::set<std::string>& others) {
      std::vector<std::string> names;
      std::set_difference(some.begin(), some.end(), others.begin(), others.end(), std::back_inserter(names));
      return names;
    };
    if (const auto names = lacking(images, labels); !names.empty())
      report_.errors.push_back(concat(label_folder(options_.root).string(), ": ", names.size(),
                                      " images have no label: ", runs_of_numbers(names)));
    if (const auto names = lacking(labels, images); !names.empty())
      report_.notes.push_back(concat(image_folder(options_.root).string(), ": ", names.size(),
                                     " labels have no image: ", runs_of_numbers(names)));
  }

  const ImportOptions& options_;
  std::vector<std::unique_ptr<io::ZipReader>> archives_;
  std::map<std::string, Wanted> wanted_;  // by the entry's name
  ImportReport report_;
};

}  // namespace

ImportReport import_archives(const ImportOptions& options) {
  return Import(options).run();
}

std::string format_import(const ImportReport& report, std::size_t most) {
  std::string text =
      concat(report.written, " files unpacked (", report.written_bytes >> 20, " MiB), ", report.kept, " were there\n");
  for (const auto& [path, folder] : report.folders)
    text += concat(path, ": ", folder.archived, " in the archives, ", folder.there, " in the folder\n");
  if (report.other_entries > 0)
    text += concat(report.other_entries, " entries are none of KITTI's and were left out\n");
  const auto list = [&](const char* kind, const std::vector<std::string>& lines) {
    for (std::size_t i = 0; i < std::min(lines.size(), most); ++i) text += concat(kind, ": ", lines[i], "\n");
    if (lines.size() > most) text += concat(kind, ": and ", lines.size() - most, " more\n");
  };
  list("error", report.errors);
  list("note", report.notes);
  return text;
}

}  // namespace fastbox::data
