#include "train/weights.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.hpp"
#include "io/weights_file.hpp"

namespace fastbox::train {
namespace {

using Views = std::map<std::string, const io::TensorView*>;

/// By name, without DataParallel's prefix.
Views views_of(const io::WeightsFile& file) {
  constexpr std::string_view prefix = "module.";
  const auto& tensors = file.tensors();
  const bool prefixed =
      std::ranges::all_of(tensors, [&](const auto& entry) { return entry.first.starts_with(prefix); });
  Views views;
  for (const auto& [name, view] : tensors) views[prefixed ? name.substr(prefix.size()) : name] = &view;
  return views;
}

constexpr std::string_view batch_count = "num_batches_tracked";  // torch's, of every batch normalisation
constexpr const char* normalisation_key = "normalisation";

/// A few of them, and how many more there are.
std::string some_of(std::vector<std::string> names) {
  constexpr std::size_t most = 8;
  const auto counts = std::erase_if(names, [](const std::string& name) { return name.ends_with(batch_count); });
  if (counts > 0) names.push_back(concat(counts, " of ", batch_count));
  std::vector<std::string> some;
  for (std::size_t i = 0; i < names.size() && i < most; ++i) some.push_back(shown(names[i]));
  const std::string text = join(some, ", ");
  return names.size() <= most ? text : concat(text, " and ", names.size() - most, " more");
}

/// Of torchvision's classification models.
bool is_of_classifier(const std::string& theirs) {
  constexpr std::string_view parts[] = {"classifier.", "fc.", "aux1.", "aux2."};
  return theirs.ends_with(batch_count) ||
         std::ranges::any_of(parts, [&](std::string_view part) { return theirs.starts_with(part); });
}

}  // namespace

WeightsAccount load_weights(const std::filesystem::path& file, NamedTensors& model, const ForeignName& foreign_name,
                            const MayLeave& may_leave) {
  const io::WeightsFile source(file);
  const Views views = views_of(source);
  WeightsAccount account;
  account.form = source.form();
  account.metadata = source.metadata();
  account.own_names = std::ranges::any_of(model, [&](const auto& entry) { return views.count(entry.first) != 0; });

  std::string problems;
  std::map<std::string, const io::TensorView*> from;  // by our name
  std::set<std::string> used;
  for (const auto& [name, tensor] : model) {
    const std::string theirs = account.own_names ? name : foreign_name(name);
    if (theirs.empty()) {
      account.drawn.push_back(name);
      continue;
    }
    const std::string called = theirs == name ? name : concat(name, " (", theirs, " in the file)");
    const auto found = views.find(theirs);
    if (found == views.end())
      problems += concat("\n  ", called, ": missing, expected shape ", tensor.sizes());
    else if (tensor.sizes() != at::IntArrayRef(found->second->shape))
      problems +=
          concat("\n  ", called, ": shape ", at::IntArrayRef(found->second->shape), ", expected ", tensor.sizes());
    else
      from[name] = found->second;
    used.insert(theirs);
  }
  for (const auto& [name, view] : views) {
    if (used.count(name) != 0) continue;
    account.unused.push_back(name);
    if (!account.own_names && !may_leave(name))
      problems += concat("\n  ", shown(name), ": not part of the model, shape ", at::IntArrayRef(view->shape));
  }
  if (used.empty())
    fail(ExitCode::data, file.string(), ": has no tensor of this model's, expected names such as ",
         model.empty() ? "" : model.begin()->first, "; it has ", views.empty() ? "none" : shown(views.begin()->first));
  if (!problems.empty())
    fail(ExitCode::data, file.string(), ": does not fit the model:", problems,
         account.unused.empty() ? "" : concat("\n  unused in the file: ", some_of(account.unused)));

  const at::NoGradGuard no_gradient;
  for (const auto& [name, view] : from) {
    model.at(name).copy_(copy_of(*view));
    account.loaded.push_back(name);
  }
  return account;
}

WeightsAccount start_from_weights(models::Network& network, config::ModelSettings& settings) {
  const models::Encoder& encoder = network.encoder();
  const auto theirs = [&](const std::string& own) {
    constexpr std::string_view prefix = "encoder.";
    return own.starts_with(prefix) ? encoder.torchvision_name(own.substr(prefix.size())) : "";
  };
  NamedTensors tensors = network.tensors();
  WeightsAccount account = load_weights(settings.weights, tensors, theirs, is_of_classifier);
  if (settings.normalisation != "auto") return account;
  const auto noted = account.metadata.find(normalisation_key);
  if (account.own_names && (noted == account.metadata.end() || noted->second != "torchvision")) return account;
  settings.normalisation = "torchvision";
  network.encoder().use_normalisation(models::Normalisation::torchvision);
  return account;
}

std::map<std::string, std::string> weights_metadata(const config::ModelSettings& settings) {
  if (settings.normalisation != "torchvision") return {};
  return {{normalisation_key, settings.normalisation}};
}

std::string account_text(const std::filesystem::path& file, const WeightsAccount& account) {
  std::string text = concat(file.string(), " (", account.form, account.own_names ? "" : ", torchvision's names",
                            "): loaded ", account.loaded.size(), " tensors");
  if (!account.drawn.empty()) text += concat("; drawn at random: ", some_of(account.drawn));
  if (!account.unused.empty()) text += concat("; unused in the file: ", some_of(account.unused));
  return text;
}

}  // namespace fastbox::train
