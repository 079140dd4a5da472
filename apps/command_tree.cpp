#include "command_tree.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.hpp"
#include "commands.hpp"

namespace fastbox::apps {
namespace {

constexpr const char* untold = "TEXT";  // what CLI11 calls any word

/// What is no path here is told by its choices or its description.
const std::map<std::string, const char*>& values_by_name() {
  static const std::map<std::string, const char*> all = {
      {"--checkpoint", takes::run_folder},
      {"--config", takes::run_file},
      {"--curves", takes::folder},
      {"--data", takes::folder},
      {"--draw", takes::folder},
      {"--drives", takes::file},
      {"--folder", takes::folder},
      {"--frames", takes::file},
      {"--images", takes::folder},
      {"--json", takes::json},
      {"--labels", takes::folder},
      {"--out", takes::folder},
      {"--predictions", takes::path},
      {"--replay", takes::folder},
      {"--run-dir", takes::run_folder},
      {"--set", takes::setting},
      {"--split", takes::file},
      {"--to", takes::folder},
      {"--trace", takes::json},
      {"--train", takes::file},
      {"--val", takes::file},
      {"DIR", takes::folder},
      {"IMAGE_OR_FOLDER", takes::image},
      {"ROOT", takes::folder},
      {"RUN", takes::run_file},
      {"RUN.yaml", takes::run_file},
      {"RUN_A", takes::run_folder},
      {"RUN_B", takes::run_folder},
      {"RUN_DIR", takes::run_folder},
      {"ZIP", takes::file},
  };
  return all;
}

/// An option that may stand without its name as well is told by its name.
bool is_argument(const CLI::Option& option) {
  return option.get_positional() && option.get_lnames().empty();
}

std::string main_name(const CLI::Option& option) {
  return option.get_name(is_argument(option), false);
}

/// In the order of the alphabet: CLI11 keeps them by address.
std::vector<std::string> names_of(const std::set<CLI::Option*>& options) {
  std::vector<std::string> names;
  for (const CLI::Option* option : options) names.push_back(main_name(*option));
  std::sort(names.begin(), names.end());
  return names;
}

void fill_in_values(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    const auto found = values_by_name().find(main_name(*option));
    if (found != values_by_name().end() && option->get_type_name() == untold && option->get_type_size() != 0)
      option->type_name(found->second);
  }
  for (CLI::App* command : app.get_subcommands(nullptr)) fill_in_values(*command);
}

/// CLI11's own, less what it would say twice: an argument's name tells what it is.
class HelpText : public CLI::Formatter {
 public:
  HelpText() {
    column_width(34);
    label("REQUIRED", "(required)");
  }
  std::string make_option_opts(const CLI::Option* option) const override {
    if (is_argument(*option)) return option->get_expected_max() >= CLI::detail::expected_max_vector_size ? " ..." : "";
    std::string text = value_text(*option);
    if (option->get_required()) text += " " + get_label("REQUIRED");
    for (const auto& name : names_of(option->get_needs())) text += " (with " + name + ")";
    return text;
  }

 private:
  static std::string value_text(const CLI::Option& option) {
    if (option.get_type_size() == 0) return "";
    std::string text = option.get_type_name();
    if (const auto colon = text.find(":{"); colon != std::string::npos) text = text.substr(colon + 1);
    if (const auto colon = text.find(':'); colon != std::string::npos) text.resize(colon);
    if (!option.get_default_str().empty()) text += "=" + option.get_default_str();
    return " " + text;
  }
};

/// CLI11 writes a value's type and its checks as "TEXT:{kitti,coco}" or "INT:INT in [1 - 9]".
void read_type(const std::string& type, OptionEntry& entry) {
  const auto colon = type.find(':');
  entry.value = type.substr(0, colon);
  if (colon == std::string::npos) return;
  const std::string check = type.substr(colon + 1);
  if (check.starts_with('{')) {
    for (const auto word : split(std::string_view(check).substr(1, check.size() - 2), ','))
      entry.choices.emplace_back(word);
    return;
  }
  const auto open = check.find('[');
  entry.limits = open == std::string::npos ? lower(check) : check.substr(open + 1, check.size() - open - 2);
}

OptionEntry describe_option(const CLI::Option& option) {
  OptionEntry entry;
  if (is_argument(option))
    entry.names = {main_name(option)};
  else
    for (const auto& name : option.get_lnames()) entry.names.push_back("--" + name);
  for (const auto& name : option.get_snames()) entry.names.push_back("-" + name);
  if (option.get_type_size() != 0) read_type(option.get_type_name(), entry);
  entry.description = option.get_description();
  entry.default_text = option.get_default_str();
  entry.needs = names_of(option.get_needs());
  entry.excludes = names_of(option.get_excludes());
  if (option.get_group() != "Options") entry.group = option.get_group();
  entry.required = option.get_required();
  entry.repeated = option.get_items_expected_max() >= CLI::detail::expected_max_vector_size;
  return entry;
}

CommandEntry describe_below(const CLI::App& app, const std::string& path) {
  CommandEntry entry;
  entry.path = path;
  entry.name = app.get_name();
  entry.description = app.get_description();
  for (const CLI::Option* option : app.get_options())
    (is_argument(*option) ? entry.arguments : entry.options).push_back(describe_option(*option));
  for (const CLI::App* command : app.get_subcommands(nullptr))
    entry.commands.push_back(
        describe_below(*command, path.empty() ? command->get_name() : path + " " + command->get_name()));
  return entry;
}

void add_leaves(const CommandEntry& entry, std::vector<CommandEntry>& leaves) {
  if (entry.commands.empty()) leaves.push_back(entry);
  for (const auto& command : entry.commands) add_leaves(command, leaves);
}

}  // namespace

std::unique_ptr<CLI::App> make_command_tree() {
  auto app = std::make_unique<CLI::App>("Trains, evaluates and runs the FastBox detector on KITTI.", "fastbox");
  app->formatter(std::make_shared<HelpText>());
  app->require_subcommand(1);
  app->set_version_flag("--version", FASTBOX_VERSION, "Print the version and exit");
  add_train(*app);
  add_eval(*app);
  add_predict(*app);
  add_export(*app);
  add_data(*app);
  add_config(*app);
  add_bench(*app);
  add_report(*app);
  add_compare(*app);
  add_info(*app);
  add_completion(*app);
  add_commands(*app);
  fill_in_values(*app);
  return app;
}

CommandEntry describe(const CLI::App& app) {
  return describe_below(app, "");
}

std::vector<CommandEntry> leaves_of(const CommandEntry& root) {
  std::vector<CommandEntry> leaves;
  add_leaves(root, leaves);
  return leaves;
}

}  // namespace fastbox::apps
