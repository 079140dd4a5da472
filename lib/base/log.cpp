#include "base/log.hpp"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <string_view>

#include "base/error.hpp"

namespace fastbox::log {
namespace {

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
    case Level::off:
      return spdlog::level::off;
  }
  return spdlog::level::info;
}

Level level_from_environment() {
  const char* text = std::getenv("FASTBOX_LOG");
  const std::string_view name = text ? text : "info";
  if (name == "debug") return Level::debug;
  if (name == "warning") return Level::warning;
  if (name == "error") return Level::error;
  if (name == "off") return Level::off;
  return Level::info;
}

struct State {
  std::atomic<int> rank{0};
  std::atomic<int> ranks{1};
  std::mutex mutex;  // guards the list of sinks while a file is added
  std::shared_ptr<spdlog::logger> logger;

  State() {
    auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
    if (std::getenv("NO_COLOR") != nullptr) sink->set_color_mode(spdlog::color_mode::never);
    logger = std::make_shared<spdlog::logger>("fastbox", std::move(sink));
    logger->set_pattern("%H:%M:%S %^%l%$ %v");
    logger->set_level(to_spdlog(level_from_environment()));
    logger->flush_on(spdlog::level::info);
  }
};

State& state() {
  static State instance;
  return instance;
}

}  // namespace

void set_level(Level level) {
  state().logger->set_level(to_spdlog(level));
}

void set_rank(int rank, int ranks) {
  state().rank = rank;
  state().ranks = ranks;
}

void open_file(const std::filesystem::path& file) {
  if (state().rank != 0) return;
  try {
    auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(file.string());
    sink->set_pattern("%Y-%m-%d %H:%M:%S.%e %l %v");
    const std::lock_guard lock(state().mutex);
    state().logger->sinks().push_back(std::move(sink));
  } catch (const spdlog::spdlog_ex& problem) {
    fail(ExitCode::environment, file.string(), ": the log cannot be written: ", problem.what());
  }
}

void write(Level level, const std::string& message) {
  State& s = state();
  const int rank = s.rank;
  if (rank != 0 && level < Level::warning) return;
  const std::lock_guard lock(s.mutex);
  if (s.ranks > 1 && level >= Level::warning)
    s.logger->log(to_spdlog(level), "rank {}: {}", rank, message);
  else
    s.logger->log(to_spdlog(level), "{}", message);
}

}  // namespace fastbox::log
