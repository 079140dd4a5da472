#include "train/capsule.hpp"

#include <ATen/Parallel.h>

#include <cmath>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "config/resolved.hpp"
#include "data/sampler.hpp"
#include "io/safetensors.hpp"
#include "train/checkpoint_state.hpp"
#include "train/detector.hpp"
#include "train/device.hpp"

namespace fastbox::train {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int capsule_format = 1;
constexpr const char* number_names[] = {"confidence", "box",          "delta_confidence",
                                        "delta_box",  "weight_decay", "gradient_norm"};

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

/// The global batch's numbers, in number_names' order.
std::vector<std::string> numbers_of(const StepReport& report, comm::World& world) {
  auto terms =
      world.sum({report.confidence, report.box, report.delta_confidence, report.delta_box, report.weight_decay});
  terms.push_back(report.gradient_norm);
  std::vector<std::string> numbers;
  for (const double term : terms) numbers.push_back(std::isnan(term) ? "nan" : exact(term));
  return numbers;
}

io::TensorView view_of(const std::vector<float>& values, std::vector<std::int64_t> shape) {
  return {"F32", std::move(shape), std::as_bytes(std::span(values))};
}

void write_batch(const fs::path& file, const data::Batch& batch) {
  const std::int64_t n = batch.images, rows = batch.grid.rows, columns = batch.grid.columns;
  io::write_safetensors(file,
                        {{"image", view_of(batch.image, {n, batch.height, batch.width, 3})},
                         {"confidence", view_of(batch.confidence, {n, rows, columns})},
                         {"box", view_of(batch.box, {n, rows, columns, 4})},
                         {"mask", view_of(batch.mask, {n, rows, columns})}},
                        {{"first_sample", std::to_string(batch.first_sample)}, {"frames", join(batch.names, " ")}});
}

void append(std::vector<float>& to, const io::TensorView& view) {
  const auto* values = reinterpret_cast<const float*>(view.bytes.data());
  to.insert(to.end(), values, values + view.bytes.size() / sizeof(float));
}

/// The images begin .. begin + count - 1 of the global batch, whichever ranks had them.
data::Batch read_batch(const fs::path& capsule, int ranks, const data::Share& share, const data::Batch& shape) {
  data::Batch all = shape;
  all.image.clear(), all.confidence.clear(), all.box.clear(), all.mask.clear();
  for (int rank = 0; rank < ranks; ++rank) {
    const io::SafetensorsFile file(capsule / batch_file(rank));
    for (const char* name : {"image", "confidence", "box", "mask"})
      if (file.at(name).dtype != "F32") fail(ExitCode::data, (capsule / batch_file(rank)).string(), ": no float32");
    append(all.image, file.at("image"));
    append(all.confidence, file.at("confidence"));
    append(all.box, file.at("box"));
    append(all.mask, file.at("mask"));
  }
  data::Batch mine = shape;
  mine.resize(static_cast<int>(share.count), shape.height, shape.width, shape.grid);
  const auto part = [&](const std::vector<float>& from, std::vector<float>& to, std::int64_t each) {
    if (static_cast<std::int64_t>(from.size()) < (share.begin + share.count) * each)
      fail(ExitCode::data, capsule.string(), ": holds fewer images than its step had");
    std::copy_n(from.begin() + share.begin * each, share.count * each, to.begin());
  };
  const std::int64_t cells = std::int64_t{shape.grid.rows} * shape.grid.columns;
  part(all.image, mine.image, std::int64_t{3} * shape.height * shape.width);
  part(all.confidence, mine.confidence, cells);
  part(all.box, mine.box, 4 * cells);
  part(all.mask, mine.mask, cells);
  mine.first_sample = shape.first_sample + static_cast<std::uint64_t>(share.begin);
  return mine;
}

void write_by_rank_0(const fs::path& folder, const CapsulePlace& place, const config::RunConfig& config,
                     TrainStep& step, int ranks, const std::vector<std::string>& numbers) {
  Json json = {{"format", capsule_format}, {"reason", place.reason},
               {"step", place.step},       {"samples", place.samples},
               {"images", place.images},   {"learning_rate", place.learning_rate},
               {"ranks", ranks},           {"shards", step.shards()},
               {"threads", place.threads}, {"exchange", step.averager().exchange().name()}};
  for (std::size_t i = 0; i < numbers.size(); ++i) json["numbers"][number_names[i]] = numbers[i];
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
  const std::string file = (capsule / "capsule.json").string();
  Json json;
  try {
    json = Json::parse(read_file(file));
    if (json.at("format") != capsule_format)
      fail(ExitCode::data, file, ": format ", json.at("format").dump(), ", this fastbox reads ", capsule_format);
    for (const char* name : number_names) json.at("numbers").at(name).get_ref<const std::string&>();
    const int ranks = json.at("ranks"), shards = json.at("shards"), images = json.at("images"),
              threads = json.at("threads");
    if (shards == 0 && ranks != world.size())
      fail(ExitCode::usage, file, ": its run had ", ranks, " ranks and no shards: replay it with as many (mpiexec -n ",
           ranks, ")");
    auto config = config::load(capsule / "config.yaml");
    auto& settings = config.settings;
    settings.parallel.shards = shards > 0 ? std::to_string(shards) : "off";
    const bool comparable = settings.parallel.scheme == "synchronous";
    settings.parallel.scheme = "synchronous";  // other schemes apply something else in the step
    settings.parallel.allreduce = "auto";
    if (shards == 0) settings.parallel.allreduce = json.at("exchange") == "mpi" ? "mpi" : "auto";
    settings.train.loss_limit = 0;
    at::set_num_threads(threads);
    const auto model = make_model(settings, choose_device(settings.run.device, world.node_rank()));
    TrainStep step(*model, world, settings);
    NamedTensors parameters = step.parameters();
    copy_by_name(read_tensors(capsule / "parameters.safetensors"), parameters, capsule.string());

    data::Batch shape;
    shape.first_sample = json.at("samples").get<std::uint64_t>();
    shape.height = settings.model.height, shape.width = settings.model.width;
    const io::SafetensorsFile first(capsule / batch_file(0));
    const auto& confidence = first.at("confidence").shape;
    shape.grid.rows = static_cast<int>(confidence.at(1)), shape.grid.columns = static_cast<int>(confidence.at(2));
    const data::Share share = data::share_of_rank(images, world.rank(), world.size(), shards);
    const data::Batch batch = read_batch(capsule, ranks, share, shape);
    std::string problem = "none";
    try {
      step.run(batch, images, /*learning_rate=*/0);
    } catch (const Error& error) {
      if (error.code() != ExitCode::numbers) throw;
      problem = error.what();
    }
    const auto numbers = numbers_of(step.report(), world);
    std::string differing;
    if (world.is_first())
      std::cout << "step " << json.at("step") << ": " << json.at("reason").get<std::string>() << "\n";
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const std::string before = json["numbers"][number_names[i]];
      const bool is_norm = i + 1 == numbers.size();
      const bool same =
          are_same(before, numbers[i], ranks == world.size() || is_norm ? 0 : 1e-9) || (is_norm && !comparable);
      if (!same) differing += concat(differing.empty() ? "" : ", ", number_names[i]);
      if (world.is_first())
        std::cout << "  " << number_names[i] << ": " << before << (same ? "" : " -> " + numbers[i]) << "\n";
    }
    if (world.is_first()) std::cout << "problem now: " << problem << std::endl;
    if (!differing.empty()) fail(ExitCode::numbers, capsule.string(), ": the replay gave other numbers: ", differing);
    if (world.is_first()) std::cout << "the same numbers" << std::endl;
  } catch (const Json::exception& problem) {
    fail(ExitCode::data, file, ": is damaged: ", problem.what());
  }
}

}  // namespace fastbox::train
