#include "config/yaml_tree.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>

namespace fastbox::config {
namespace {

constexpr std::size_t most_nodes = 10'000;
constexpr std::size_t most_text = 1 << 20;  // bytes
constexpr std::size_t deepest = 32;         // run files nest three deep; yaml-cpp's parser recurses

/// Builds the tree from the parser's events. A container is finished when its end event arrives; until then
/// its anchor names nothing.
///
/// What is counted is the document with every alias written out: nodes are shared, but whoever walks the tree, or
/// copies a list of texts out of it, meets what an alias stands for as often as it stands there.
class Builder : public YAML::EventHandler {
 public:
  Builder(const std::string& name, Problems& problems) : name_(name), problems_(problems) {}

  YamlNode::Pointer root() const { return root_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(begin(mark, YamlNode::Kind::null, "?"), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw YAML::ParserException(mark, "an alias within its own anchor");
    const auto& [node, size] = found->second;
    count(mark, size, "with its aliases written out, ");
    place(node);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    auto node = begin(mark, YamlNode::Kind::scalar, tag);
    count(mark, {0, value.size()}, "");
    node->text = value;
    node->quoted = tag == "!";
    add(node, anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, begin(mark, YamlNode::Kind::sequence, tag), anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, begin(mark, YamlNode::Kind::mapping, tag), anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  /// Of a node and all that stands in it, aliases written out.
  struct Size {
    std::size_t nodes = 0, text = 0;
  };
  struct Open {
    std::shared_ptr<YamlNode> node;
    YAML::anchor_t anchor;
    Size before;            ///< of the document, up to this node
    YamlNode::Pointer key;  ///< of a mapping: the key whose value comes next
  };

  void count(const YAML::Mark& mark, const Size& more, const char* how) {
    size_.nodes += more.nodes;
    size_.text += more.text;
    if (size_.nodes > most_nodes)
      throw YAML::ParserException(mark, concat(how, "more than ", most_nodes, " values: not a run file"));
    if (size_.text > most_text)
      throw YAML::ParserException(mark, concat(how, "more than ", most_text, " bytes of text: not a run file"));
  }

  std::shared_ptr<YamlNode> begin(const YAML::Mark& mark, YamlNode::Kind kind, const std::string& tag) {
    count(mark, {1, 0}, "");
    if (!tag.empty() && tag != "?" && tag != "!")
      throw YAML::ParserException(mark, "the tag '" + tag + "'; run files know no tags");
    auto node = std::make_shared<YamlNode>();
    node->kind = kind;
    node->line = mark.line + 1;
    node->column = mark.column + 1;
    return node;
  }

  void open(const YAML::Mark& mark, std::shared_ptr<YamlNode> node, YAML::anchor_t anchor) {
    if (open_.size() == deepest) throw YAML::ParserException(mark, concat("nested deeper than ", deepest));
    open_.push_back({std::move(node), anchor, {size_.nodes - 1, size_.text}, nullptr});
  }

  void close() {
    const Open done = open_.back();
    open_.pop_back();
    if (done.anchor != YAML::NullAnchor)
      anchors_[done.anchor] = {done.node, {size_.nodes - done.before.nodes, size_.text - done.before.text}};
    place(done.node);
  }

  /// A node that nothing stands in.
  void add(const YamlNode::Pointer& node, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) anchors_[anchor] = {node, {1, node->text.size()}};
    place(node);
  }

  void place(const YamlNode::Pointer& node) {
    if (open_.empty()) {
      root_ = node;
    } else if (open_.back().node->kind == YamlNode::Kind::sequence) {
      open_.back().node->items.push_back(node);
    } else if (open_.back().key == nullptr) {
      open_.back().key = node;
    } else {
      add_entry(open_.back(), node);
    }
  }

  void add_entry(Open& mapping, const YamlNode::Pointer& value) {
    const auto key = std::exchange(mapping.key, nullptr);
    const auto at = concat(name_, ':', key->line, ':', key->column);
    if (key->kind != YamlNode::Kind::scalar) {
      problems_.add(at, "a key is ", key->description(), ", expected a name");
      return;
    }
    for (const auto& [other, ignored] : mapping.node->entries) {
      if (other->text != key->text) continue;
      problems_.add(at, "'", key->text, "' is given twice, first in line ", other->line);
      return;
    }
    mapping.node->entries.emplace_back(key, value);
  }

  const std::string& name_;
  Problems& problems_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, std::pair<YamlNode::Pointer, Size>> anchors_;
  YamlNode::Pointer root_;
  Size size_;
};

/// The mark as name:line:column; one past the text's last character where the parser was at the end.
std::string place_of(const YAML::Mark& mark, const std::string& name, const std::string& text) {
  const auto lines = static_cast<int>(std::count(text.begin(), text.end(), '\n')) + (text.ends_with('\n') ? 0 : 1);
  if (mark.line < lines) return concat(name, ':', mark.line + 1, ':', mark.column + 1);
  const auto last = split(std::string_view(text).substr(0, text.size() - (text.ends_with('\n') ? 1 : 0)), '\n').back();
  return concat(name, ':', std::max(lines, 1), ':', last.size() + 1);
}

}  // namespace

std::string YamlNode::description() const {
  switch (kind) {
    case Kind::null:
      return "nothing";
    case Kind::sequence:
      return "a list";
    case Kind::mapping:
      return "a mapping";
    case Kind::scalar:
      break;
  }
  return concat(quoted ? "the text '" : "'", text, "'");
}

YamlNode::Pointer parse_yaml(const std::string& name, const std::string& text, Problems& problems) {
  Builder builder(name, problems);
  try {
    // yaml-cpp takes the end of the input for a closing quote; a document's end within quotes it refuses.
    std::istringstream stream(text + "\n...\n");
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) return std::make_shared<YamlNode>();
    const auto root = builder.root();
    if (!parser.HandleNextDocument(builder)) return root;
    const auto second = builder.root();
    problems.add(concat(name, ':', second->line, ':', second->column), "a second document, expected one");
  } catch (const YAML::Exception& error) {
    const bool open_quote = error.msg == YAML::ErrorMsg::DOC_IN_SCALAR;
    problems.add(place_of(error.mark, name, text), open_quote ? "a quote is not closed" : error.msg);
  }
  return nullptr;
}

}  // namespace fastbox::config
