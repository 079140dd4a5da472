// fastbox info [--json FILE]

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <mpi.h>
#include <torch/version.h>

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <opencv2/core/version.hpp>
#include <thread>

#include "base/text.hpp"
#include "commands.hpp"
#include "info.hpp"
#include "json_output.hpp"
#include "machine.hpp"
#include "train/device.hpp"

namespace fastbox::apps {
namespace {

/// MPICH's first line is "MPICH Version:<tab>4.0.2".
std::string mpi_version() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0;
  MPI_Get_library_version(text, &length);
  const std::string_view first = split(std::string_view(text, static_cast<std::size_t>(length)), '\n')[0];
  const auto colon = first.find(':');
  return colon == std::string_view::npos ? std::string(first) : concat("MPICH ", trim(first.substr(colon + 1)));
}

}  // namespace

nlohmann::ordered_json build_and_machine() {
  const bool plugin = std::filesystem::exists(train::plugin_path());
  return {{"fastbox", FASTBOX_VERSION},
          {"libtorch", TORCH_VERSION},
          {"mpi", mpi_version()},
          {"opencv", CV_VERSION},
          {"processor", processor_name()},
          {"cores", std::thread::hardware_concurrency()},
          {"vector_instructions", at::get_cpu_capability()},
          {"threads", at::get_num_threads()},
          {"cuda_plugin", plugin ? "built" : "not built"},
          {"gpu", train::machine_has_gpu() ? "present" : "none"}};
}

void add_info(CLI::App& app) {
  auto* command = app.add_subcommand("info", "This build and this machine, for bug reports");
  auto target = std::make_shared<std::string>();
  command->add_option("--json", *target, "write it to this file as JSON; - for standard output");
  command->callback([target] {
    const auto description = build_and_machine();
    if (*target != "-")
      for (const auto& [key, value] : description.items())
        std::cout << key << ": " << (value.is_string() ? value.get<std::string>() : value.dump()) << '\n';
    write_json(*target, description);
  });
}

}  // namespace fastbox::apps
