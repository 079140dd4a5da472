// fastbox export --checkpoint DIR --format safetensors|torchscript --out FILE

#include <ATen/Parallel.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "command_entry.hpp"
#include "commands.hpp"
#include "train/checkpoint.hpp"
#include "train/detector.hpp"
#include "train/device.hpp"
#include "train/tensor_file.hpp"
#include "train/torchscript.hpp"
#include "train/weights.hpp"

namespace fastbox::apps {
namespace {

struct Options {
  std::string checkpoint, format = "torchscript", output;
  std::vector<std::string> overrides;
};

/// What a program that gets the file alone must know of the model.
nlohmann::ordered_json description_of(const train::LoadedModel& loaded) {
  const auto& settings = loaded.config.settings;
  nlohmann::ordered_json classes = nlohmann::ordered_json::array();
  for (const auto& one : config::object_classes(settings)) classes.push_back(one.name);
  return {{"fastbox", FASTBOX_VERSION},
          {"encoder", settings.model.encoder},
          {"decoder", settings.model.decoder},
          {"classes", classes},
          {"width", settings.model.width},
          {"height", settings.model.height},
          {"step", train::read_state(loaded.checkpoint).step},
          {"weights_sha256", sha256_of_file(loaded.checkpoint / "model.safetensors")}};
}

/// safetensors' metadata holds text alone: classes by commas.
std::map<std::string, std::string> as_texts(const nlohmann::ordered_json& description) {
  std::map<std::string, std::string> texts;
  for (const auto& [key, value] : description.items())
    texts[key] = value.is_array()    ? join(value.get<std::vector<std::string>>(), ",")
                 : value.is_string() ? value.get<std::string>()
                                     : value.dump();
  return texts;
}

void export_model(const Options& options) {
  if (std::filesystem::exists(options.output))
    fail(ExitCode::usage, options.output, ": is there already, expected the name of a new file");
  auto overrides = options.overrides;
  overrides.push_back("run.device=cpu");
  const auto loaded = train::load_model(options.checkpoint, overrides, 0);
  const auto& settings = loaded.config.settings;
  at::set_num_threads(train::choose_threads(settings.run.threads, 1));
  const auto description = description_of(loaded);
  if (options.format == "safetensors") {
    auto metadata = train::weights_metadata(settings.model);  // so that model.weights takes the file
    metadata.merge(as_texts(description));
    train::write_tensors(options.output, loaded.model->tensors(), metadata);
  } else {
    write_file_atomically(options.output, train::torchscript_archive(*loaded.model, settings, description.dump(2)));
  }
  log::info(options.output, ": ", options.format, " of ", loaded.checkpoint.string());
}

}  // namespace

void add_export(CLI::App& app) {
  auto* command = app.add_subcommand("export", "A checkpoint's model as one file for other programs");
  auto options = std::make_shared<Options>();
  command->add_option("--checkpoint,CHECKPOINT", options->checkpoint, "run folder or step folder")->required();
  command
      ->add_option("--format", options->format,
                   "torchscript: from a resized frame to boxes, for PyTorch; safetensors: the evaluated weights")
      ->check(CLI::IsMember({"torchscript", "safetensors"}))
      ->capture_default_str();
  command->add_option("--out,--output", options->output, "the file to write; it must not exist")
      ->required()
      ->type_name(takes::file);
  command->add_option("--set", options->overrides, "a key's value over the run's: key=value")->allow_extra_args(false);
  command->callback([options] { export_model(*options); });
}

}  // namespace fastbox::apps
