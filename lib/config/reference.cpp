#include "config/reference.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "config/schema.hpp"
#include "config/value.hpp"

namespace fastbox::config {
namespace {

constexpr const char* yaml_head =
    R"(# Every key of a run file, at its default: KittiBox's own schedule and constants. Other run files start with
# `base: base.yaml` and give what differs.
#
# Generated: fastbox config keys --format yaml > configs/base.yaml
)";

constexpr const char* markdown_head = R"(# Run files

<!-- Generated: fastbox config keys --format markdown > docs/configuration.md -->

A run file is YAML with the keys below, in groups. Every key has a default, so a run file gives what differs:

```yaml
base: base.yaml          # a path, or a list of paths, from this file's folder
train:
  samples: 100000
optimizer:
  learning_rate: 5e-5
```

## Where a value comes from

Later wins:

1. the default;
2. the files under `base:`, in their order, each with its own bases first;
3. the run file;
4. `--set key=value` on the command line, as often as needed: `--set optimizer.learning_rate=5e-5 --set 'targets.positives=[Car, Van]'`.

Files are merged key by key; a list replaces the list before it. `fastbox config show RUN.yaml --origin` says of every value which
file and line, flag or variable set it; `fastbox config diff A.yaml B.yaml` prints what differs (run folders work too).

Some keys are alternatives: `train.samples` and `train.steps`, `train.batch` and `train.batch_per_rank`, `evaluation.every` and
`evaluation.every_samples`, `checkpoint.every` and `checkpoint.every_samples`. The one given later replaces the other; both in the
same file, or both by `--set`, is an error.

`data.root` names the data set. Where neither a file nor `--set` gives it, the environment's `FASTBOX_DATA` does. Relative
paths in `data.root` and `model.weights` start at the working directory; lists in `data.train` and `data.val` are looked for in the
root, then in the run file's folder.

Numbers are decimal (`1e-5` too, and `1e5` where an integer is wanted), booleans are `true` or `false`. Whatever is wrong is reported at once, with exit code 2:

    my.yaml:12:3: unknown key 'optimizer.lerning_rate'; did you mean 'optimizer.learning_rate'?
    my.yaml:15:10: model.width: expected an integer from 32 to 8192, a multiple of 32, found '1250'

## Keys
)";

std::string default_text(const Key& key) {
  return value_text(key, Settings());
}

/// "images; at least 0; instead of train.steps", the parts that there are.
std::string limits(const Key& key, std::string_view separator) {
  std::vector<std::string> parts;
  if (!key.unit.empty()) parts.push_back(key.unit);
  if (!key.choices.empty()) parts.push_back(expectation(key));
  if (const auto range = key.range.text(); !range.empty() && !key.number_too)
    parts.push_back((key.low_high ? "each " : "") + range);
  if (key.range.multiple != 1) parts.push_back(concat("a multiple of ", key.range.multiple));
  if (!key.alternative.empty()) parts.push_back("instead of " + key.alternative);
  return join(parts, separator);
}

std::string short_type(const Key& key) {
  return key.choices.empty() ? type_name(key) : "a text";
}

/// `words` in lines of at most `width` characters, each after `prefix`.
std::string wrapped(const std::string& words, const std::string& prefix, std::size_t width) {
  std::string text;
  std::string line = prefix;
  for (const auto word : split_columns(words)) {
    if (line.size() + 1 + word.size() > width) {
      text += line + '\n';
      line = prefix;
    }
    line += concat(' ', word);
  }
  return text + line + '\n';
}

/// Whether the default leaves the key to its alternative.
bool is_unchosen(const Key& key) {
  return !key.alternative.empty() && integer_value(key, Settings()) == 0;
}

}  // namespace

std::string keys_as_text() {
  std::string text;
  std::size_t name_width = 0;
  for (const auto& key : keys()) name_width = std::max(name_width, key.name.size());
  for (const auto& group : groups()) {
    text += concat(text.empty() ? "" : "\n", group_description(group), ":\n");
    for (const auto& key : keys()) {
      if (key.group() != group) continue;
      std::string line = "  " + key.name;
      line.resize(name_width + 4, ' ');
      line += default_text(key);
      line.resize(std::max(line.size() + 2, name_width + 20), ' ');
      const auto more = limits(key, "; ");
      text += concat(line, key.description, more.empty() ? "" : concat(" (", more, ")"), '\n');
    }
  }
  return text;
}

std::string keys_as_yaml() {
  std::string text = yaml_head;
  for (const auto& group : groups()) {
    text += concat("\n# ", group_description(group), ".\n");
    const bool local =
        std::ranges::all_of(keys(), [&](const Key& key) { return key.group() != group || key.of_this_machine; });
    if (local) text += "# Of this machine, so never in a run file that is passed on: use --set or FASTBOX_DATA.\n";
    text += concat(local ? "# " : "", group, ":\n");
    for (const auto& key : keys()) {
      if (key.group() != group) continue;
      const auto more = limits(key, "; ");
      text += wrapped(concat(key.description, more.empty() ? "." : concat(" (", more, ").")), "  #", 110);
      const bool comment = key.of_this_machine || is_unchosen(key);
      text += concat(comment ? "  # " : "  ", key.leaf(), ": ", default_text(key), '\n');
    }
  }
  return text;
}

std::string keys_as_markdown() {
  std::string text = markdown_head;
  for (const auto& group : groups()) {
    text += concat("\n### ", group, "\n\n", group_description(group), ".\n\n");
    text += "| key | type | default | what | unit, limits |\n|---|---|---|---|---|\n";
    for (const auto& key : keys()) {
      if (key.group() != group) continue;
      text += concat("| `", key.name, "` | ", short_type(key), " | `", default_text(key), "` | ", key.description,
                     " | ", limits(key, "; "), " |\n");
    }
  }
  return text;
}

}  // namespace fastbox::config
