// fastbox: one binary, one command a file. This is the only place that catches.

#include <exception>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/memory.hpp"
#include "command_line.hpp"
#include "command_tree.hpp"
#include "train/tensor_memory.hpp"

int main(int argc, char** argv) {
  fastbox::keep_freed_memory();
  fastbox::train::pool_tensor_memory();
  try {
    const auto tree = fastbox::apps::make_command_tree();
    return static_cast<int>(fastbox::apps::run_command_line(*tree, argc, argv));
  } catch (const fastbox::Error& error) {
    if (error.code() == fastbox::ExitCode::stopped)
      fastbox::log::info(error.what());
    else
      fastbox::log::error(error.what());
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    fastbox::log::error("a defect of fastbox: ", error.what());
    return static_cast<int>(fastbox::ExitCode::defect);
  }
}
