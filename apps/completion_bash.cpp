#include "base/text.hpp"
#include "completion.hpp"

namespace fastbox::apps {
namespace {

constexpr const char* head = R"bash(# Completion of fastbox's command lines in bash. Generated: fastbox completion bash
# Read it with `source`, or save it as ~/.local/share/bash-completion/completions/fastbox
)bash";

// Bash cuts words at "=", so the line is cut here again, at blanks; what is offered must then begin where bash's word
// does.
constexpr const char* machinery = R"bash(
# Sets `kind` and `choices` to what may stand at the word `$word`, and `value` to the part of it that is being typed.
_fastbox_place() {
  local path='' option='' one arguments=0
  for one in "${words[@]:1:${#words[@]}-2}"; do
    if [[ $option ]]; then
      option=''
    elif [[ $one == -* ]]; then
      kind=''
      [[ $one == *=* ]] || _fastbox_option "$path" "$one"
      [[ $kind ]] && option=$one
    else
      _fastbox_commands "$path"
      if [[ " $choices " == *" $one "* ]]; then
        path=${path:+$path }$one
      else
        ((++arguments))
      fi
    fi
  done
  kind='' choices='' value=$word
  if [[ $option ]]; then
    _fastbox_option "$path" "$option"
  elif [[ $word == --*=* ]]; then
    _fastbox_option "$path" "${word%%=*}"
    value=${word#*=}
  elif [[ $word == -* ]]; then
    _fastbox_options "$path"
    kind=words
  else
    _fastbox_commands "$path"
    kind=words
    [[ $choices ]] || _fastbox_argument "$path" "$((arguments + 1))"
  fi
}

_fastbox_setting() {
  if [[ $value == *=* ]]; then
    local key=${value%%=*}
    _fastbox_key_values "$key"
    local of_key=$choices one
    choices=''
    for one in $of_key; do choices+=" $key=$one"; done
  else
    choices=$_fastbox_keys
    compopt -o nospace
  fi
}

_fastbox_complete() {
  local line=${COMP_LINE:0:COMP_POINT} word value kind choices words=() typed
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  word=${words[-1]}
  _fastbox_place
  typed=$value
  COMPREPLY=()
  [[ $kind == KEY=VALUE ]] && _fastbox_setting && kind=words
  case $kind in
    words) mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$value") ;;
    FOLDER | RUN_FOLDER) mapfile -t COMPREPLY < <(compgen -d -- "$value") ;;
    FILE | PATH) mapfile -t COMPREPLY < <(compgen -f -- "$value") ;;
    RUN.yaml) mapfile -t COMPREPLY < <(compgen -d -- "$value"; compgen -f -X '!*.yaml' -- "$value") ;;
    FILE.json) mapfile -t COMPREPLY < <(compgen -d -- "$value"; compgen -f -X '!*.json' -- "$value") ;;
    FILE.zip) mapfile -t COMPREPLY < <(compgen -d -- "$value"; compgen -f -X '!*.zip' -- "$value") ;;
    IMAGE) mapfile -t COMPREPLY < <(compgen -d -- "$value"; compgen -f -X '!*.png' -- "$value") ;;
  esac
  [[ $kind == words ]] || compopt -o filenames
  if [[ $COMP_WORDBREAKS == *=* && $typed == *=* ]]; then
    local before=${typed%=*}=
    COMPREPLY=("${COMPREPLY[@]#"$before"}")
  fi
}

complete -F _fastbox_complete fastbox
)bash";

std::string case_of(const std::string& pattern, const std::string& action) {
  return concat("    ", pattern, ") ", action, " ;;\n");
}

/// A function of this name whose body is `case WORD in ...`.
std::string function(const char* name, const char* word, const std::string& cases) {
  return concat("\n", name, "() {\n  case ", word, " in\n", cases, "    *) choices='' ;;\n  esac\n}\n");
}

std::string offer(const OptionEntry& entry) {
  if (!entry.choices.empty()) return concat("kind=words choices=", single_quoted(join(entry.choices, " ")));
  return concat("kind=", entry.value);
}

}  // namespace

std::string bash_completion(const CommandEntry& root) {
  std::string commands, options, option, argument, values;
  for (const CommandEntry* command : all_commands(root)) {
    const std::string path = single_quoted(command->path);
    std::vector<std::string> below, names;
    for (const auto& one : command->commands) below.push_back(one.name);
    if (!below.empty()) commands += case_of(path, "choices=" + single_quoted(join(below, " ")));
    for (const auto& one : command->options) {
      for (const auto& name : one.names) {
        if (name.starts_with("--")) names.push_back(name);
        if (!one.value.empty()) option += case_of(single_quoted(command->path + " " + name), offer(one));
      }
    }
    options += case_of(path, "choices=" + single_quoted(join(names, " ")));
    for (std::size_t i = 0; i < command->arguments.size(); ++i) {
      const auto& one = command->arguments[i];
      const std::string place = single_quoted(concat(command->path, " ", i + 1));
      argument += case_of(one.repeated ? single_quoted(command->path + " ") + "*" : place, offer(one));
    }
  }
  std::vector<std::string> keys;
  for (const auto& key : offered_keys()) {
    keys.push_back(key.name + "=");
    if (!key.values.empty()) values += case_of(key.name, "choices=" + single_quoted(join(key.values, " ")));
  }
  return concat(head, "\n_fastbox_keys=", single_quoted(join(keys, " ")), "\n",
                function("_fastbox_commands", "$1", commands), function("_fastbox_options", "$1", options),
                function("_fastbox_option", "\"$1 $2\"", option), function("_fastbox_argument", "\"$1 $2\"", argument),
                function("_fastbox_key_values", "$1", values), machinery);
}

}  // namespace fastbox::apps
