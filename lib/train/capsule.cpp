#include "train/capsule.hpp"

#include <ATen/Parallel.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "config/resolved.hpp"
#include "data/sampler.hpp"
#include "io/json_text.hpp"
#include "io/safetensors.hpp"
#include "train/checkpoint_state.hpp"
#include "train/detector.hpp"
#include "train/device.hpp"

namespace fastbox::train {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int capsule_format = 2;
/// The step's loss terms, and the norm of its gradient.
std::vector<std::string> number_names(const TrainStep& step) {
  auto names = step.loss_names();
  names.emplace_back("gradient_norm");
  return names;
}

std::string batch_file(int rank) {
  char name[40];
  std::snprintf(name, sizeof name, "batch-%04d.safetensors", rank);
  return name;
}

/// Every bit, also of what JSON has no number for.
std::string exact(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.17g", value);
  return text;
}

/// The global batch's numbers, in number_names()' order.
std::vector<std::string> numbers_of(const StepReport& report, comm::World& world) {
  auto terms = world.sum(report.losses);
  terms.push_back(report.gradient_norm);
  std::vector<std::string> numbers;
  for (const double term : terms) numbers.push_back(std::isnan(term) ? "nan" : exact(term));
  return numbers;
}

io::TensorView view_of(const std::vector<float>& values, std::vector<std::int64_t> shape) {
  return {"F32", std::move(shape), std::as_bytes(std::span(values))};
}

void write_batch(const fs::path& file, const data::Batch& batch) {
  const std::int64_t n = batch.images, rows = batch.grid.rows, columns = batch.grid.columns, c = batch.grid.classes;
  const std::vector<float> made = batch.frames.empty() ? std::vector<float>() : data::images_of(batch);
  const std::vector<float>& image = batch.frames.empty() ? batch.image : made;
  io::write_safetensors(file,
                        {{"image", view_of(image, {n, batch.height, batch.width, 3})},
                         {"confidence", view_of(batch.confidence, {n, rows, columns, c})},
                         {"box", view_of(batch.box, {n, rows, columns, 4})},
                         {"weight", view_of(batch.weight, {n, rows, columns})},
                         {"mask", view_of(batch.mask, {n, rows, columns, c})}},
                        {{"first_sample", std::to_string(batch.first_sample)}, {"frames", join(batch.names, " ")}});
}

/// capsule.json, checked.
struct Capsule {
  std::int64_t step = 0, samples = 0;
  int images = 0, ranks = 0, shards = 0, threads = 0;
  std::string reason, exchange;
  nlohmann::json numbers;  ///< by their names, texts
};

Capsule read_capsule(const fs::path& folder) {
  const std::string file = (folder / "capsule.json").string();
  const nlohmann::json json = io::parse_json(read_file(file, 1 << 20), file);
  const auto integer = [&](const char* key, std::int64_t low, std::int64_t high) {
    const nlohmann::json value = json.value(key, nlohmann::json());
    if (!value.is_number_integer() || value < low || value > high)
      fail(ExitCode::data, file, ": ", key, " is ", io::describe(value), ", expected an integer from ", low, " to ",
           high);
    return value.get<std::int64_t>();
  };
  const auto small = [&](const char* key, int low) { return static_cast<int>(integer(key, low, 1 << 20)); };
  const auto text = [&](const nlohmann::json& object, const char* key) {
    const nlohmann::json value = object.is_object() ? object.value(key, nlohmann::json()) : nlohmann::json();
    if (!value.is_string()) fail(ExitCode::data, file, ": ", key, " is ", io::describe(value), ", expected a text");
    return value.get<std::string>();
  };
  if (!json.is_object()) fail(ExitCode::data, file, ": is no object");
  if (const auto format = integer("format", 0, INT32_MAX); format != capsule_format)
    fail(ExitCode::data, file, ": format ", format, ", this fastbox reads format ", capsule_format);
  Capsule told;
  told.step = integer("step", 0, INT64_MAX / 2), told.samples = integer("samples", 0, INT64_MAX / 2);
  told.images = small("images", 1), told.ranks = small("ranks", 1);
  told.shards = small("shards", 0), told.threads = static_cast<int>(integer("threads", 1, 4096));
  told.reason = text(json, "reason"), told.exchange = text(json, "exchange");
  told.numbers = json.value("numbers", nlohmann::json());
  if (!told.numbers.is_object())
    fail(ExitCode::data, file, ": numbers is ", io::describe(told.numbers), ", expected an object");
  for (const auto& item : told.numbers.items()) text(told.numbers, item.key().c_str());
  return told;
}

/// A rank's images: a tensor of the file as floats, of which each image has so many.
std::vector<float> floats_of(const io::SafetensorsFile& file, const fs::path& path, const char* name,
                             std::int64_t each) {
  const io::TensorView& view = file.at(name);
  if (view.dtype != "F32" || view.shape.empty() ||
      static_cast<std::int64_t>(view.bytes.size()) != view.shape[0] * each * static_cast<std::int64_t>(sizeof(float)))
    fail(ExitCode::data, path.string(), ": ", name,
         " does not have the type and shape that config.yaml's model asks for");
  std::vector<float> values(view.bytes.size() / sizeof(float));
  if (!values.empty()) std::memcpy(values.data(), view.bytes.data(), view.bytes.size());
  return values;
}

/// The images begin .. begin + count - 1 of the global batch, whichever ranks had them.
data::Batch read_batch(const fs::path& capsule, const Capsule& told, const data::Share& share,
                       const config::Settings& settings) {
  const auto& model = settings.model;
  const data::Grid grid = data::grid_of(settings);
  const std::int64_t pixels = std::int64_t{3} * model.height * model.width, cells = grid.cells(),
                     of_classes = cells * grid.classes;
  data::Batch all;
  const auto append = [](std::vector<float>& to, const std::vector<float>& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  for (int rank = 0; rank < told.ranks; ++rank) {
    const fs::path path = capsule / batch_file(rank);
    const io::SafetensorsFile file(path);
    append(all.image, floats_of(file, path, "image", pixels));
    append(all.confidence, floats_of(file, path, "confidence", of_classes));
    append(all.box, floats_of(file, path, "box", 4 * cells));
    append(all.weight, floats_of(file, path, "weight", cells));
    append(all.mask, floats_of(file, path, "mask", of_classes));
  }
  data::Batch mine;
  const auto part = [&](const std::vector<float>& from, std::vector<float>& to, std::int64_t each) {
    if (static_cast<std::int64_t>(from.size()) != told.images * each)
      fail(ExitCode::data, capsule.string(), ": its ranks' files do not hold the ", told.images, " images of the step");
    to.assign(from.begin() + share.begin * each, from.begin() + (share.begin + share.count) * each);
  };
  part(all.image, mine.image, pixels);
  part(all.confidence, mine.confidence, of_classes);
  part(all.box, mine.box, 4 * cells);
  part(all.weight, mine.weight, cells);
  part(all.mask, mine.mask, of_classes);
  mine.images = static_cast<int>(share.count);
  mine.height = model.height, mine.width = model.width, mine.grid = grid;
  mine.first_sample = static_cast<std::uint64_t>(told.samples + share.begin);
  return mine;
}

void write_by_rank_0(const fs::path& folder, const CapsulePlace& place, const config::RunConfig& config,
                     TrainStep& step, int ranks, const std::vector<std::string>& numbers) {
  Json json = {{"format", capsule_format}, {"reason", place.reason},
               {"step", place.step},       {"samples", place.samples},
               {"images", place.images},   {"learning_rate", place.learning_rate},
               {"ranks", ranks},           {"shards", step.shards()},
               {"threads", place.threads}, {"exchange", step.averager().exchange().name()}};
  const auto names = number_names(step);
  for (std::size_t i = 0; i < numbers.size(); ++i) json["numbers"][names[i]] = numbers[i];
  write_tensors(folder / "parameters.safetensors", step.parameters());
  write_file_atomically(folder / "config.yaml", config::to_yaml(config, /*with_origins=*/false));
  write_file_atomically(folder / "capsule.json", json.dump(2) + "\n");
}

/// To the bit; where the losses were added up by other ranks (`tolerance` > 0), nearly.
bool are_same(const std::string& before, const std::string& now, double tolerance) {
  if (before == now) return true;
  const double a = std::strtod(before.c_str(), nullptr), b = std::strtod(now.c_str(), nullptr);
  return std::isfinite(a) && std::isfinite(b) && std::abs(a - b) <= tolerance * std::abs(a);
}

/// Runs `work`, and says on every rank whether it failed on any.
bool all_succeed(comm::World& world, const std::function<void()>& work) {
  bool fine = true;
  try {
    work();
  } catch (const std::exception& problem) {
    log::error("the capsule cannot be written: ", problem.what());
    fine = false;
  }
  return world.agree(fine ? ExitCode::done : ExitCode::environment) == ExitCode::done;
}

}  // namespace

void write_capsule(const fs::path& run_folder, const CapsulePlace& place, const config::RunConfig& config,
                   TrainStep& step, const data::Batch& batch, comm::World& world) {
  const auto numbers = numbers_of(step.report(), world);
  const fs::path final_path = run_folder / "capsules" / step_folder_name(place.step);
  std::optional<PendingFolder> folder;  // rank 0's
  const bool made = all_succeed(world, [&] {
    if (!world.is_first()) return;
    create_folders(final_path.parent_path());
    fs::remove_all(final_path);  // of an earlier try: the newest news count
    folder.emplace(final_path);
  });
  if (!made) return;
  const fs::path path = world.broadcast(folder ? folder->path().string() : "");
  const bool written = all_succeed(world, [&] {
    write_batch(path / batch_file(world.rank()), batch);
    if (world.is_first()) write_by_rank_0(path, place, config, step, world.size(), numbers);
  });
  if (!written) return;
  all_succeed(world, [&] {
    if (!folder) return;
    folder->commit();
    log::info("the step is kept: fastbox train --replay ", final_path.string());
  });
}

void replay(const fs::path& capsule, comm::World& world) {
  const Capsule told = read_capsule(capsule);
  if (told.shards == 0 && told.ranks != world.size())
    fail(ExitCode::usage, capsule.string(), ": its run had ", told.ranks,
         " ranks and no shards: replay it with as many (mpiexec -n ", told.ranks, ")");
  auto config = config::load(capsule / "config.yaml");
  auto& settings = config.settings;
  const bool comparable = settings.parallel.scheme == "synchronous";
  settings.parallel.scheme = "synchronous";  // other schemes apply something else in the step
  settings.parallel.shards = told.shards > 0 ? std::to_string(told.shards) : "off";
  settings.parallel.allreduce = told.shards == 0 && told.exchange == "mpi" ? "mpi" : "auto";
  settings.train.loss_limit = 0;
  settings.run.cuda_graph = "off";  // one step is never recorded
  at::set_num_threads(told.threads);
  const auto model = make_model(settings, choose_device(settings.run.device, world.node_rank()));
  TrainStep step(*model, world, settings);
  NamedTensors parameters = step.parameters();
  copy_by_name(read_tensors(capsule / "parameters.safetensors"), parameters, capsule.string());

  const data::Share share = data::share_of_rank(told.images, world.rank(), world.size(), told.shards);
  const data::Batch batch = read_batch(capsule, told, share, settings);
  std::string problem = "none";
  try {
    step.run(batch, told.images, /*learning_rate=*/0);
  } catch (const Error& error) {
    if (error.code() != ExitCode::numbers) throw;
    problem = error.what();
  }
  const auto numbers = numbers_of(step.report(), world);
  std::string differing, table = concat("step ", told.step, ": ", told.reason, "\n");
  const auto names = number_names(step);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const std::string before = told.numbers.value(names[i], "missing");
    const bool is_norm = i + 1 == numbers.size();
    const bool same =
        are_same(before, numbers[i], told.ranks == world.size() || is_norm ? 0 : 1e-9) || (is_norm && !comparable);
    if (!same) differing += concat(differing.empty() ? "" : ", ", names[i]);
    table += concat("  ", names[i], ": ", before, same ? "" : " -> " + numbers[i], "\n");
  }
  if (world.is_first()) std::cout << table << "problem now: " << problem << std::endl;
  if (!differing.empty()) fail(ExitCode::numbers, capsule.string(), ": the replay gave other numbers: ", differing);
  if (world.is_first()) std::cout << "the same numbers" << std::endl;
}

}  // namespace fastbox::train
