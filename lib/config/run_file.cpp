#include "config/run_file.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "base/files.hpp"
#include "base/text.hpp"
#include "config/contradictions.hpp"
#include "config/object_classes.hpp"
#include "config/problems.hpp"
#include "config/schema.hpp"
#include "config/value.hpp"
#include "config/yaml_tree.hpp"

namespace fastbox::config {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_bytes = 256 << 10;  // of a file: the largest of ours has 10 kB
constexpr int most_files = 100;

std::string unknown_key(const std::string& name) {
  const auto near = suggested_name(name);
  std::string message = concat("unknown key '", name, "'");
  if (!near.empty()) message += concat("; did you mean '", near, "'?");
  return message;
}

std::string at(const std::string& file, const YamlNode& node) {
  return concat(file, ':', node.line, ':', node.column);
}

std::string_view first_leaf(const std::string& group) {
  return std::ranges::find(keys(), group, &Key::group)->leaf();
}

/// The state of one load(): the values so far, their places, and the problems met.
class Loader {
 public:
  Loader() {
    for (const auto& key : keys()) result_.origins[key.name] = "default";
  }

  RunConfig load(const fs::path& path, const std::vector<std::string>& overrides) {
    std::error_code ignored;
    if (!path.empty()) {
      result_.file = fs::is_directory(path, ignored) ? path / "config.yaml" : path;
      add_file(result_.file, "");
    }
    result_.folder =
        result_.file.empty() ? fs::current_path() : fs::absolute(result_.file).lexically_normal().parent_path();
    add_overrides(overrides);
    add_environment();
    check_contradictions();
    problems_.throw_if_any();
    return std::move(result_);
  }

 private:
  /// Where a value was written: with the column for messages, without for origins.
  struct Place {
    std::string exact, origin;
  };
  /// What one file, or all of --set, gives: applied key by key, then its alternatives are settled.
  using Layer = std::map<const Key*, Place>;

  void add_file(const fs::path& path, const std::string& named_at);
  void add_bases(const YamlNode& root, const fs::path& path);
  void add_group(const std::string& file, const YamlNode& key, const YamlNode& value, Layer& layer);
  void add_overrides(const std::vector<std::string>& overrides);
  void add_override(const std::string& text, Layer& layer);
  void add_environment();
  void settle_alternatives(const Layer& layer);
  void check_contradictions();

  void set(const Key& key, const Place& place, Layer& layer) {
    layer[&key] = place;
    places_[&key] = place;
    result_.origins[key.name] = place.origin;
  }
  /// Where the first of both that is given was given; one at least differs from its default where this is
  /// asked.
  std::string place_of(const Key& key, const Key& other) const {
    auto found = places_.find(&key);
    if (found == places_.end()) found = places_.find(&other);
    return found == places_.end() ? "defaults" : found->second.exact;
  }

  RunConfig result_;
  Problems problems_;
  Layer places_;  ///< of the values in result_
  std::vector<fs::path> open_files_;
  int files_ = 0;
};

void Loader::add_file(const fs::path& path, const std::string& named_at) {
  const std::string file = path.string();
  const auto refuse = [&](const std::string& why) {
    if (named_at.empty())
      problems_.add(file, why);
    else
      problems_.add(named_at, "base file ", file, ": ", why);
  };
  std::error_code ignored;
  const auto canonical = fs::weakly_canonical(path, ignored);
  if (std::ranges::count(open_files_, canonical) != 0) return refuse("inherits from itself");
  if (++files_ > most_files) {
    if (files_ == most_files + 1) refuse(concat("more than ", most_files, " files are read for this run"));
    return;
  }
  std::string text;
  try {
    text = read_file(path, most_bytes);
  } catch (const Error& error) {
    std::string_view reason = error.what();
    if (reason.starts_with(file + ": ")) reason.remove_prefix(file.size() + 2);
    return refuse(std::string(reason));
  }
  const auto root = parse_yaml(file, text, problems_);
  if (root == nullptr || root->kind == YamlNode::Kind::null) return;
  if (root->kind != YamlNode::Kind::mapping)
    return problems_.add(at(file, *root), "found ", root->description(), ", expected keys such as 'train:'");

  open_files_.push_back(canonical);
  add_bases(*root, path);
  open_files_.pop_back();
  Layer layer;
  for (const auto& [key, value] : root->entries)
    if (key->text != "base") add_group(file, *key, *value, layer);
  settle_alternatives(layer);
}

void Loader::add_bases(const YamlNode& root, const fs::path& path) {
  for (const auto& [key, value] : root.entries) {
    if (key->text != "base") continue;
    std::vector<YamlNode::Pointer> bases = {value};
    if (value->kind == YamlNode::Kind::sequence) bases = value->items;
    for (const auto& base : bases) {
      if (base->kind != YamlNode::Kind::scalar || base->text.empty())
        problems_.add(at(path.string(), base->kind == YamlNode::Kind::null ? *key : *base),
                      "base: expected a path or a list of paths, found ", base->description());
      else
        add_file((path.parent_path() / base->text).lexically_normal(), at(path.string(), *base));
    }
  }
}

/// One top-level entry: a group's name and its keys.
void Loader::add_group(const std::string& file, const YamlNode& key, const YamlNode& value, Layer& layer) {
  const std::string& group = key.text;
  if (find_key(group) != nullptr)
    return problems_.add(at(file, key), "'", group, "' in one word; write it under '", find_key(group)->group(), ":'");
  if (std::ranges::count(groups(), group) == 0) return problems_.add(at(file, key), unknown_key(group));
  if (value.kind == YamlNode::Kind::null) return;
  if (value.kind != YamlNode::Kind::mapping)
    return problems_.add(at(file, value), group, ": expected keys such as '", group, ".", first_leaf(group),
                         "', found ", value.description());
  for (const auto& [leaf, node] : value.entries) {
    const auto name = concat(group, '.', leaf->text);
    const Key* known = find_key(name);
    if (known == nullptr) {
      problems_.add(at(file, *leaf), unknown_key(name));
      continue;
    }
    // An absent value has no place of its own.
    const bool absent = node->kind == YamlNode::Kind::null;
    if (const auto problem = read_value(*known, *node, result_.settings))
      problems_.add(absent ? at(file, *leaf) : concat(file, ':', problem->line, ':', problem->column),
                    problem->message);
    else
      set(*known, {at(file, *node), concat(file, ':', leaf->line)}, layer);
  }
}

void Loader::add_overrides(const std::vector<std::string>& overrides) {
  Layer layer;
  for (const auto& text : overrides) add_override(text, layer);
  settle_alternatives(layer);
}

void Loader::add_override(const std::string& text, Layer& layer) {
  const auto place = concat("--set ", text);
  const auto equals = text.find('=');
  if (equals == std::string::npos) return problems_.add(place, "expected key=value, such as train.samples=10000");
  const std::string name(trim(std::string_view(text).substr(0, equals)));
  const Key* key = find_key(name);
  if (key == nullptr) return problems_.add(place, unknown_key(name));

  YamlNode word;
  word.kind = YamlNode::Kind::scalar;
  word.text = text.substr(equals + 1);
  YamlNode::Pointer node = std::make_shared<YamlNode>(word);
  if (takes_list(*key)) {
    Problems syntax;  // its lines and columns would say nothing to the reader of a command line
    node = parse_yaml(key->name, word.text, syntax);
    if (!syntax.empty()) return problems_.add(place, key->name, ": expected ", expectation(*key), ", written [a, b]");
  }
  if (const auto problem = read_value(*key, *node, result_.settings)) return problems_.add(place, problem->message);
  set(*key, {place, "--set"}, layer);
}

void Loader::add_environment() {
  const char* root = std::getenv("FASTBOX_DATA");
  if (root == nullptr || *root == '\0' || !result_.settings.data.root.empty()) return;
  result_.settings.data.root = root;
  result_.origins["data.root"] = "FASTBOX_DATA";
}

void Loader::settle_alternatives(const Layer& layer) {
  for (const auto& [key, place] : layer) {
    if (key->alternative.empty()) continue;
    const Key& other = *find_key(key->alternative);
    const auto value = integer_value(*key, result_.settings);
    const auto others = integer_value(other, result_.settings);
    const auto both = layer.find(&other);
    if (both != layer.end()) {
      if (value != 0 && others != 0 && key < &other)
        problems_.add(both->second.exact, other.name, " contradicts ", key->name, " (", place.exact,
                      "); give one of them");
      continue;
    }
    // A zero that only says "not by steps" leaves the other in force where one of both is needed.
    if (others == 0 || (value == 0 && key->one_required)) continue;
    set_to_zero(other, result_.settings);
    places_[&other] = place;
    result_.origins[other.name] = concat(place.origin, " (", key->name, " replaces it)");
  }
}

/// What no single value can tell, of the result.
void Loader::check_contradictions() {
  const Settings& s = result_.settings;
  for (const auto& key : keys()) {
    if (!key.one_required || key.name > key.alternative) continue;
    const Key& other = *find_key(key.alternative);
    if (integer_value(key, s) == 0 && integer_value(other, s) == 0)
      problems_.add(place_of(key, other), key.name, " and ", other.name, " are both 0, expected one above 0");
  }
  for (const auto& [key, other, message] : contradictions(s))
    problems_.add(place_of(*find_key(key), *find_key(other)), message);
  const Key& classes = *find_key(s.targets.classes.empty() ? "evaluation.type" : "targets.classes");
  std::vector<ObjectClass> known;
  try {
    known = object_classes(s);
  } catch (const Error& problem) {
    problems_.add(place_of(classes, classes), problem.what());
    return;
  }
  const Key& overlaps = *find_key("evaluation.overlaps");
  try {
    parse_class_overlaps(s.evaluation.overlaps, evaluated_classes(known), overlaps.name);
  } catch (const Error& problem) {
    problems_.add(place_of(overlaps, overlaps), problem.what());
  }
  if (!s.targets.classes.empty()) return;  // targets.positives is without effect
  const Key& ignored = *find_key("targets.ignored");
  const Key& positives = *find_key("targets.positives");
  for (const auto& type : s.targets.ignored)
    if (std::ranges::count(s.targets.positives, type) != 0)
      problems_.add(place_of(ignored, positives), "targets.ignored: '", type, "' is also in targets.positives ",
                    value_text(positives, s));
}

}  // namespace

RunConfig load(const std::filesystem::path& path, const std::vector<std::string>& overrides) {
  return Loader().load(path, overrides);
}

}  // namespace fastbox::config
