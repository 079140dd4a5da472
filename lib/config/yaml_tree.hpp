// A YAML text as a tree that knows the line and column of everything.
//
// yaml-cpp's own nodes forget duplicate keys and whether a scalar was quoted, and converting them says yes to
// 'Yes' and to 1_000; so the tree is built from its parser's events. Nodes are immutable and shared;
// thread-safe: no state.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/problems.hpp"

namespace fastbox::config {

struct YamlNode {
  enum class Kind { null, scalar, sequence, mapping };
  using Pointer = std::shared_ptr<const YamlNode>;

  Kind kind = Kind::null;
  int line = 1, column = 1;    ///< counted from 1
  std::string text;            ///< of a scalar
  bool quoted = false;         ///< the scalar was written in quotes (or as a block), so it is a text
  std::vector<Pointer> items;  ///< of a sequence
  std::vector<std::pair<Pointer, Pointer>> entries;  ///< of a mapping: key (a scalar) and value, in file order

  /// "a list", "a mapping", "nothing", "the text 'x'" or "'x'": for messages.
  std::string description() const;
};

/// The text's only document; a null node where the text is empty.
///
/// A duplicate key, or one that is no scalar, is added to `problems` with `name:line:column` and left out of
/// the tree. After a syntax error, a second document, a tag, an anchor within itself, more than 32 levels, or more than
/// 10,000 nodes or 1 MiB of text (an alias counts as all that it stands for, though it only shares the node) the answer is
/// null.
YamlNode::Pointer parse_yaml(const std::string& name, const std::string& text, Problems& problems);

}  // namespace fastbox::config
