#include "eval/coco_files.hpp"

#include <map>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "io/image.hpp"
#include "io/json_text.hpp"
#include "io/split_list.hpp"

namespace fastbox::eval {
namespace {

using Json = nlohmann::json;

// Bytes: two million detections. Parsed, they take six times as many, and what only looks like them 25 times.
constexpr std::size_t largest_results = std::size_t{256} << 20;

std::string quoted(const std::string& text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string list_of(const CocoBox& box) {
  return concat('[', shortest(box.x), ", ", shortest(box.y), ", ", shortest(box.w), ", ", shortest(box.h), ']');
}

/// The items one a line between brackets.
std::string list_of(const std::vector<std::string>& items) {
  return items.empty() ? "[]" : concat("[\n", join(items, ",\n"), "\n]");
}

void report_other_types(std::span<const FrameObjects> frames, const std::filesystem::path& file, const Rules& rules) {
  std::map<std::string, int> others;
  for (const auto& frame : frames)
    for (const auto& detection : frame.detections)
      if (!coco_category(detection.type, rules)) ++others[detection.type];
  std::vector<std::string> words;
  for (const auto& [type, count] : others) words.push_back(concat(type, " (", count, ")"));
  if (!words.empty())
    log::warning(file.string(), ": detections of types that have no category, not written: ", join(words, ", "));
}

/// COCO's wider kind of a class. Of people's own classes nothing is known.
std::string kind_of(const ClassRules& one) {
  if (one.name == "car") return "vehicle";
  return one.name == "pedestrian" || one.name == "cyclist" ? "person" : "object";
}

std::string description_of(const CocoTruth& truth, std::size_t id, std::int64_t image_id, std::size_t category) {
  return concat("{\"id\": ", id, ", \"image_id\": ", image_id, ", \"category_id\": ", category,
                ", \"bbox\": ", list_of(truth.box), ", \"area\": ", shortest(truth.box.area()),
                ", \"iscrowd\": ", truth.is_crowd ? 1 : 0, '}');
}

double number_of(const Json& value, const std::string& where, const char* what) {
  if (!value.is_number()) fail(ExitCode::data, where, ": ", what, " is ", io::describe(value), ", expected a number");
  return value.get<double>();
}

const Json& member(const Json& entry, const char* key, const std::string& where) {
  const auto found = entry.find(key);
  if (found == entry.end())
    fail(ExitCode::data, where, ": has no '", key, "', expected image_id, category_id, bbox and score");
  return *found;
}

std::int64_t integer_of(const Json& entry, const char* key, const std::string& where) {
  const Json& value = member(entry, key, where);
  if (!value.is_number_integer() || value.get<std::int64_t>() < 0)  // those beyond 2^63 turn negative
    fail(ExitCode::data, where, ": '", key, "' is ", io::describe(value), ", expected a whole number");
  return value.get<std::int64_t>();
}

/// "1 (Car), 2 (Pedestrian) or 3 (Cyclist)".
std::string categories_text(const Rules& rules) {
  std::string text;
  const std::size_t count = rules.classes.size();
  for (std::size_t c = 0; c < count; ++c)
    text += concat(c == 0 ? "" : c + 1 == count ? " or " : ", ", c + 1, " (", rules.classes[c].title, ')');
  return text;
}

CocoEntry entry_of(const Json& json, const std::string& where, const Rules& rules) {
  if (!json.is_object()) fail(ExitCode::data, where, ": expected an object with image_id, category_id, bbox and score");
  CocoEntry entry;
  entry.image_id = integer_of(json, "image_id", where);
  const std::int64_t category = integer_of(json, "category_id", where);
  if (category < 1 || category > std::ssize(rules.classes))
    fail(ExitCode::data, where, ": category_id ", category, ", expected ", categories_text(rules));
  entry.category_id = static_cast<int>(category);
  const Json& box = member(json, "bbox", where);
  if (!box.is_array() || box.size() != 4)
    fail(ExitCode::data, where, ": expected a bbox of four numbers, [x, y, w, h]");
  entry.box = {number_of(box[0], where, "the bbox's x"), number_of(box[1], where, "the bbox's y"),
               number_of(box[2], where, "the bbox's width"), number_of(box[3], where, "the bbox's height")};
  entry.score = number_of(member(json, "score", where), where, "the score");
  return entry;
}

io::Object object_of(const CocoEntry& entry, const Rules& rules) {
  io::Object object;
  object.type = rules.classes[static_cast<std::size_t>(entry.category_id - 1)].title;
  object.box = box_of(entry.box);
  object.score = entry.score;
  return object;
}

/// Frames' names by their id.
std::map<std::int64_t, std::string> names_in(const std::filesystem::path& labels) {
  std::vector<FrameObjects> frames;
  for (const auto& entry : std::filesystem::directory_iterator(labels))
    if (entry.path().extension() == ".txt") frames.push_back({entry.path().stem().string(), {}, {}});
  const auto ids = coco_image_ids(frames);
  std::map<std::int64_t, std::string> names;
  for (std::size_t i = 0; i < ids.size(); ++i) names.emplace(ids[i], frames[i].name);
  return names;
}

using EntriesOfImages = std::map<std::int64_t, std::vector<const CocoEntry*>>;

/// The frames that the entries name, by id.
std::vector<std::string> named_frames(const EntriesOfImages& entries, const FolderOptions& options) {
  if (entries.empty())
    fail(ExitCode::data, options.predictions.string(),
         ": holds no detection and so names no frame, expected a list of the frames to evaluate (--split) with it");
  const auto labelled = names_in(options.labels);
  std::vector<std::string> names, unknown;
  for (const auto& [id, ignored] : entries) {
    const auto found = labelled.find(id);
    if (found == labelled.end())
      unknown.push_back(std::to_string(id));
    else
      names.push_back(found->second);
  }
  if (!unknown.empty())
    fail(ExitCode::data, options.predictions.string(), ": no label file in ", options.labels.string(), " for image_id ",
         join(unknown, ", "), ", expected a frame's number such as 7 for 000007.txt");
  log::warning(options.predictions.string(), ": the ", names.size(), " frames that have detections are evaluated; ",
               "frames without any are not in a COCO result file, only a list (--split) can name them");
  return names;
}

}  // namespace

std::string format_coco_results(std::span<const FrameObjects> frames, const Rules& rules) {
  const auto checked = coco_frames(frames, rules);
  std::vector<std::string> items;
  for (std::size_t i = 0; i < frames.size(); ++i)
    for (const auto& detection : frames[i].detections)
      if (const auto category = coco_category(detection.type, rules))
        items.push_back(concat("{\"image_id\": ", checked[i].image_id, ", \"category_id\": ", *category, ", \"bbox\": ",
                               list_of(coco_box(detection.box)), ", \"score\": ", shortest(detection.score), '}'));
  return list_of(items) + '\n';
}

std::string format_coco_ground_truth(std::span<const FrameObjects> frames, const std::filesystem::path& images,
                                     const Rules& rules) {
  std::vector<std::string> pictures, annotations, categories;
  for (const auto& frame : coco_frames(frames, rules)) {
    std::string size;
    if (!images.empty()) {
      const io::PngHeader header = io::read_png_header(images / (frame.name + ".png"));
      size = concat(", \"width\": ", header.width, ", \"height\": ", header.height);
    }
    pictures.push_back(
        concat("{\"id\": ", frame.image_id, ", \"file_name\": ", quoted(frame.name + ".png"), size, '}'));
    for (std::size_t c = 0; c < rules.classes.size(); ++c)
      for (const auto& truth : frame.truths[c])
        annotations.push_back(description_of(truth, annotations.size() + 1, frame.image_id, c + 1));
  }
  for (std::size_t c = 0; c < rules.classes.size(); ++c)
    categories.push_back(concat("{\"id\": ", c + 1, ", \"name\": ", quoted(rules.classes[c].title),
                                ", \"supercategory\": ", quoted(kind_of(rules.classes[c])), '}'));
  std::vector<std::string> crowds = {"DontCare in every category"};
  for (const auto& one : rules.classes)
    for (const auto& neighbour : one.neighbours) crowds.push_back(concat(neighbour, " with ", one.title));
  return concat("{\"info\": {\"description\": ",
                quoted(concat("KITTI objects, written by fastbox. iscrowd: ", join(crowds, ", "), '.')),
                "},\n\"images\": ", list_of(pictures), ",\n\"annotations\": ", list_of(annotations),
                ",\n\"categories\": ", list_of(categories), "}\n");
}

void write_coco_results(const std::filesystem::path& file, std::span<const FrameObjects> frames, const Rules& rules) {
  report_other_types(frames, file, rules);
  write_file_atomically(file, format_coco_results(frames, rules));
}

void write_coco_ground_truth(const std::filesystem::path& file, std::span<const FrameObjects> frames,
                             const std::filesystem::path& images, const Rules& rules) {
  write_file_atomically(file, format_coco_ground_truth(frames, images, rules));
}

std::vector<CocoEntry> parse_coco_results(std::string_view text, const std::string& name, const Rules& rules) {
  const Json all = io::parse_json(text, name);
  if (!all.is_array())
    fail(ExitCode::data, name,
         ": expected a list of results, [{\"image_id\", \"category_id\", \"bbox\", \"score\"}, ..]");
  std::vector<CocoEntry> entries;
  entries.reserve(all.size());
  for (const auto& json : all) entries.push_back(entry_of(json, concat(name, ": entry ", entries.size() + 1), rules));
  return entries;
}

std::vector<CocoEntry> read_coco_results(const std::filesystem::path& file, const Rules& rules) {
  return parse_coco_results(read_file(file, largest_results), file.string(), rules);
}

CocoPredictions read_coco_predictions(const FolderOptions& options, const Rules& rules) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(options.labels, ignored))
    fail(ExitCode::data, options.labels.string(), ": expected a folder of label files");
  const auto entries = read_coco_results(options.predictions, rules);
  EntriesOfImages by_image;
  for (const auto& entry : entries) by_image[entry.image_id].push_back(&entry);

  CocoPredictions read;
  auto& frames = read.folder.frames;
  for (const auto& name : options.split.empty() ? named_frames(by_image, options) : io::read_split_list(options.split))
    frames.push_back({name, io::read_labels(options.labels / (name + ".txt")), {}});
  read.frames = coco_frames(frames, rules);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const auto found = by_image.find(read.frames[i].image_id);
    if (found == by_image.end()) continue;
    for (const CocoEntry* entry : found->second) {
      frames[i].detections.push_back(object_of(*entry, rules));
      read.frames[i].detections[static_cast<std::size_t>(entry->category_id - 1)].push_back({entry->box, entry->score});
    }
    by_image.erase(found);
  }
  for (const auto& [id, unused] : by_image) read.folder.not_listed.push_back(concat("image_id ", id));
  if (!by_image.empty())
    log::warning(options.predictions.string(), ": ", by_image.size(),
                 " images that are not in the list, not evaluated: ", join(read.folder.not_listed, ", "));
  return read;
}

}  // namespace fastbox::eval
