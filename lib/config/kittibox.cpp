#include "config/kittibox.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "config/schema.hpp"

namespace fastbox::config {
namespace {

using Json = nlohmann::ordered_json;

constexpr int deepest = 8;  // KittiBox's own are two deep

/// What becomes of one of KittiBox's keys that needs no thought.
struct Rule {
  enum class Kind { mapped, fixed, ignored };
  const char* name;
  Kind kind;
  const char* what;  ///< mapped: our key; fixed: the only value there is, as JSON; ignored: why
  const char* why;   ///< fixed: what fastbox does
};

constexpr auto mapped = Rule::Kind::mapped, fixed_value = Rule::Kind::fixed, ignored = Rule::Kind::ignored;
constexpr const char* own_code = "names KittiBox's own code";
constexpr const char* own_folders = "a folder of KittiBox's";

constexpr Rule rules[] = {
    {"model.input_file", ignored, own_code, ""},
    {"model.objective_file", ignored, own_code, ""},
    {"model.optimizer_file", ignored, own_code, ""},
    {"model.evaluator_file", ignored, own_code, ""},
    {"data.train_file", ignored, "KittiBox's own split is the default; another list: data.train", ""},
    {"data.val_file", ignored, "KittiBox's own split is the default; another list: data.val", ""},
    {"data.train_idl", ignored, "KittiBox's own split is the default; another list: data.train", ""},
    {"data.val_idl", ignored, "KittiBox's own split is the default; another list: data.val", ""},
    {"data.truncate_data", fixed_value, "false", "every frame of the lists is used"},
    {"data.eval_cmd", ignored, "the evaluator is built in", ""},
    {"data.label_dir", ignored, "training/label_2 of data.root", ""},
    {"logging.display_iter", mapped, "run.log_every", ""},
    {"logging.eval_iter", mapped, "evaluation.every", ""},
    {"logging.save_iter", mapped, "checkpoint.every", ""},
    {"logging.write_iter", ignored, "metrics are written with every progress line", ""},
    {"logging.image_iter", ignored,
     "pictures are made at each evaluation: run.detection_pictures; after the run: fastbox report, fastbox predict "
     "--draw",
     ""},
    {"path", ignored, own_code, ""},
    {"dirs.base_path", ignored, own_folders, ""},
    {"dirs.data_dir", ignored, own_folders, ""},
    {"dirs.image_dir", ignored, own_folders, ""},
    {"dirs.output_dir", ignored, own_folders, ""},
    {"solver.rnd_seed", mapped, "run.seed", ""},
    {"solver.epsilon", mapped, "optimizer.epsilon", ""},
    {"solver.learning_rate", mapped, "optimizer.learning_rate", ""},
    {"solver.learning_rate_step", fixed_value, "null", "the learning rate is constant, see optimizer.schedule"},
    {"solver.hungarian_iou", ignored, "has no part in KittiBox's targets", ""},
    {"solver.max_steps", mapped, "train.steps", ""},
    {"solver.weights", fixed_value, "\"\"", "see model.weights for parameters to start from"},
    {"solver.batch_size", ignored, "batch_size has the last word", ""},
    {"arch.layers", ignored, "part of the encoder's name", ""},
    {"use_rezoom", fixed_value, "true", "the decoder always has its rezoom layer"},
    {"use_mask", fixed_value, "true", "cells under DontCare are always masked"},
    {"biggest_box_px", ignored, "has no part in KittiBox's targets", ""},
    {"early_feat_channels", fixed_value, "256", "the rezoom layer reads 256 channels"},
    {"rezoom_change_loss", fixed_value, "\"center\"", "a box is inside where its centre is"},
    {"rezoom_w_coords", fixed_value, "[-0.25,0,0.25]", "the rezoom layer reads nine points"},
    {"rezoom_h_coords", fixed_value, "[-0.25,0,0.25]", "the rezoom layer reads nine points"},
    {"image_height", mapped, "model.height", ""},
    {"image_width", mapped, "model.width", ""},
    {"grid_height", ignored, "a cell has 32 pixels", ""},
    {"grid_width", ignored, "a cell has 32 pixels", ""},
    {"region_size", fixed_value, "32", "a cell has 32 pixels"},
    {"tau", mapped, "evaluation.overlap", ""},
    {"scale_down", fixed_value, "0.1", "features are scaled by 0.1"},
    {"focus_size", mapped, "targets.radius", ""},
    {"clip_norm", mapped, "optimizer.clip_norm", ""},
    {"num_inner_channel", mapped, "model.hidden", ""},
    {"num_classes", fixed_value, "2", "object or background"},
    {"wd", mapped, "loss.weight_decay", ""},
    {"use_moving_average_bn", ignored, "of KittiBox's ResNet only", ""},
    {"load_pretrained", ignored, "model.weights names the parameters to start from, and none is the default", ""},
};

/// "solver.max_steps" -> its value; lists and what is not an object are values.
void flatten(const Json& object, const std::string& prefix, std::vector<std::pair<std::string, Json>>& all, int depth) {
  for (const auto& [name, value] : object.items()) {
    if (value.is_object() && depth < deepest)
      flatten(value, prefix + name + ".", all, depth + 1);
    else
      all.emplace_back(prefix + name, value);
  }
}

class Import {
 public:
  Import(const Json& hypes, std::string name) : name_(std::move(name)) {
    flatten(hypes, "", hypes_, 0);
    for (const auto& [key, value] : hypes_) take(key, value);
  }

  ImportedRunFile result() const {
    std::string text = concat("# From KittiBox's ", one_line(name_),
                              " by fastbox config import. What is not given here has fastbox's default,\n"
                              "# which is KittiBox's.\n");
    std::string_view group;
    for (const auto& key : keys()) {
      const auto found = entries_.find(key.name);
      if (found == entries_.end()) continue;
      if (group != key.group()) text += concat("\n", group = key.group(), ":\n");
      std::string line = concat("  ", key.leaf(), ": ", found->second.value);
      line.resize(std::max<std::size_t>(line.size() + 2, 32), ' ');
      text += concat(line, "# ", found->second.from, "\n");
    }
    if (!without_effect_.empty()) text += "\n# Without effect:\n";
    for (const auto& line : without_effect_) text += concat("#   ", one_line(line), "\n");
    if (!warnings_.empty()) text += "\n# Otherwise than in KittiBox:\n";
    for (const auto& line : warnings_) text += concat("#   ", one_line(line), "\n");
    return {text, warnings_};
  }

 private:
  struct Entry {
    std::string value, from;
  };

  /// A stranger's text must not leave its comment.
  static std::string one_line(std::string text) {
    std::ranges::replace_if(
        text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
    return text;
  }

  [[noreturn]] void refuse(const std::string& key, const Json& value, const char* expected) const {
    fail(ExitCode::usage, name_, ": ", key, ": expected ", expected, ", found ", shown(value.dump()));
  }

  void set(const char* key, std::string value, const std::string& from) {
    entries_[key] = {std::move(value), one_line(from)};
  }

  double number(const std::string& key, const Json& value) const {
    if (!value.is_number()) refuse(key, value, "a number");
    return value.get<double>();
  }
  std::string text(const std::string& key, const Json& value) const {
    if (!value.is_string()) refuse(key, value, "a text");
    return value.get<std::string>();
  }
  bool truth(const std::string& key, const Json& value) const {
    if (!value.is_boolean()) refuse(key, value, "true or false");
    return value.get<bool>();
  }

  void take(const std::string& key, const Json& value) {
    if (take_specially(key, value)) return;
    const auto* rule = std::ranges::find_if(rules, [&](const Rule& one) { return key == one.name; });
    if (rule == std::ranges::end(rules)) {
      warnings_.push_back(concat(key, " (", shown(value.dump()), ") is not known, and left out"));
    } else if (rule->kind == mapped) {
      number(key, value);
      set(rule->what, value.dump(), key);
    } else if (rule->kind == ignored) {
      without_effect_.push_back(concat(key, ": ", rule->what));
    } else if (value == Json::parse(rule->what)) {
      without_effect_.push_back(concat(key, ": always so (", rule->why, ")"));
    } else {
      warnings_.push_back(concat(key, " is ", shown(value.dump()), " there; fastbox: ", rule->why));
    }
  }

  bool take_specially(const std::string& key, const Json& value) {
    if (key == "model.architecture_file")
      take_encoder(key, text(key, value));
    else if (key == "arch.deep_feat")
      take_deep_features(text(key, value));
    else if (key == "solver.opt")
      take_optimizer(key, text(key, value));
    else if (key == "solver.use_jitter")
      take_jitter(key, truth(key, value));
    else if (key == "solver.head_weights")
      take_head_weights(key, value);
    else if (key == "batch_size")
      take_batch(key, value);
    else if (key == "augment_level")
      take_augment_level(key, number(key, value));
    else if (key == "detect_truck")
      set("targets.positives", truth(key, value) ? "[Car, Van, Truck]" : "[Car, Van]", key);
    else
      return false;
    return true;
  }

  /// "../encoder/resnet.py" with arch.layers 50 is resnet50.
  void take_encoder(const std::string& key, const std::string& file) {
    const auto slash = file.rfind('/');
    std::string encoder = file.substr(slash == std::string::npos ? 0 : slash + 1);
    encoder.resize(std::min(encoder.size(), encoder.find('.')));
    if (encoder == "vgg") encoder = "vgg16";
    for (const auto& [name, layers] : hypes_)
      if (name == "arch.layers" && encoder == "resnet") encoder += layers.dump();
    const auto& known = find_key("model.encoder")->choices;
    if (std::ranges::count(known, encoder) != 0)
      set("model.encoder", encoder, concat(key, " ", file));
    else
      warnings_.push_back(concat(key, " is ", shown(file), " there; fastbox has no encoder '", shown(encoder),
                                 "' and takes its default (", join(known, ", "), ")"));
  }

  void take_deep_features(const std::string& layer) {
    if (layer == "pool5" || layer == "fc7")
      without_effect_.push_back("arch.deep_feat: the encoder's last features of stride 32");
    else
      warnings_.push_back(concat("arch.deep_feat is ", shown(layer), " there; fastbox: features of stride 32"));
  }

  void take_optimizer(const std::string& key, const std::string& optimizer) {
    if (optimizer == "Adam" || optimizer == "SGD")
      set("optimizer.name", lower(optimizer), key);
    else
      warnings_.push_back(concat(key, " is ", shown(optimizer), " there; fastbox has adam and others, and takes adam"));
  }

  /// KittiBox's scale and shift jitter never runs; the flip does.
  void take_jitter(const std::string& key, bool jitter) {
    set("augmentation.flip", jitter ? "0.5" : "0", concat(key, ": the flip, all that runs of it"));
  }

  /// fastBox.py multiplies them by 0.1 and 0.03 for the second losses.
  void take_head_weights(const std::string& key, const Json& value) {
    if (!value.is_array() || value.size() != 2 || !value[0].is_number() || !value[1].is_number())
      refuse(key, value, "two numbers");
    const double confidence = value[0].get<double>(), box = value[1].get<double>();
    set("loss.confidence", shortest(confidence), key + "[0]");
    set("loss.box", shortest(box), key + "[1]");
    set("loss.delta_confidence", significant(confidence * 0.1, 12), key + "[0] * 0.1");
    set("loss.delta_box", significant(box * 0.03, 12), key + "[1] * 0.03");
  }

  /// KittiBox has one process: its batch is the whole step's.
  void take_batch(const std::string& key, const Json& value) {
    number(key, value);
    set("train.batch", value.dump(), key);
    set("optimizer.reference_batch", value.dump(), key);
  }

  void take_augment_level(const std::string& key, double level) {
    const std::string from = concat(key, " ", shortest(level));
    set("augmentation.brightness", level > 0 ? "30" : "0", from);
    set("augmentation.contrast", level > 0 ? "[0.75, 1.25]" : "[1, 1]", from);
    set("augmentation.saturation", level > 1 ? "[0.5, 1.6]" : "[1, 1]", from);
    set("augmentation.hue", level > 1 ? "0.15" : "0", from);
  }

  std::string name_;
  std::vector<std::pair<std::string, Json>> hypes_;
  std::map<std::string, Entry> entries_;  // by our key
  std::vector<std::string> without_effect_, warnings_;
};

}  // namespace

ImportedRunFile import_kittibox(std::string_view json, const std::string& name) {
  Json hypes;
  try {
    hypes = Json::parse(json, [](int depth, Json::parse_event_t, Json&) {
      if (depth > deepest) throw std::length_error("it nests too deep");
      return true;
    });
  } catch (const std::exception& problem) {
    fail(ExitCode::usage, name, ": no JSON: ", problem.what());
  }
  if (!hypes.is_object()) fail(ExitCode::usage, name, ": expected an object of KittiBox's hypes");
  return Import(hypes, name).result();
}

}  // namespace fastbox::config
