#include "base/log.hpp"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <optional>
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

/// What FASTBOX_LOG asks for; nothing where it is no level.
std::optional<Level> level_from_environment() {
  const char* text = std::getenv("FASTBOX_LOG");
  const std::string_view name = text && *text != '\0' ? text : "info";
  if (name == "debug") return Level::debug;
  if (name == "info") return Level::info;
  if (name == "warning") return Level::warning;
  if (name == "error") return Level::error;
  if (name == "off") return Level::off;
  return std::nullopt;
}

bool is_capable_terminal() {
  const char* type = std::getenv("TERM");
  return isatty(STDERR_FILENO) != 0 && type != nullptr && std::string_view(type) != "dumb" && *type != '\0';
}

std::size_t terminal_width() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds between_live_lines{100};

struct State {
  std::atomic<int> rank{0};
  std::atomic<int> ranks{1};
  std::mutex mutex;  // guards all below
  std::shared_ptr<spdlog::logger> logger;
  std::shared_ptr<spdlog::logger> file;  // the log file alone; null: there is none
  const bool terminal = is_capable_terminal();
  std::string live;  // as it stands on the terminal
  Clock::time_point live_since{};

  State() {
    auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
    // no-color.org: empty, it asks for nothing.
    if (const char* plain = std::getenv("NO_COLOR"); plain != nullptr && *plain != '\0')
      sink->set_color_mode(spdlog::color_mode::never);
    logger = std::make_shared<spdlog::logger>("fastbox", std::move(sink));
    logger->set_pattern("%H:%M:%S %^%l%$ %v");
    const auto level = level_from_environment();
    logger->set_level(to_spdlog(level.value_or(Level::info)));
    logger->flush_on(spdlog::level::info);
    if (!level)
      logger->warn("FASTBOX_LOG: '{}', expected debug, info, warning, error or off", std::getenv("FASTBOX_LOG"));
  }
};

State& state() {
  static State instance;
  return instance;
}

// The three below: under the state's mutex.

void erase_live(const State& s) {
  if (!s.live.empty()) std::fprintf(stderr, "\r%*s\r", static_cast<int>(s.live.size()), "");
}

void draw_live(const State& s) {
  if (!s.live.empty()) std::fprintf(stderr, "%s", s.live.c_str());
  std::fflush(stderr);
}

/// The last column stays free: some terminals begin a new line after it.
std::string fitting(const std::vector<std::string>& parts, std::size_t width) {
  std::string line;
  for (const auto& part : parts) {
    const std::string longer = line.empty() ? part : line + "  " + part;
    if (longer.size() >= width) break;
    line = longer;
  }
  return line;
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
    State& s = state();
    const std::lock_guard lock(s.mutex);
    s.file = std::make_shared<spdlog::logger>("fastbox", sink);
    s.file->set_level(s.logger->level());
    s.file->flush_on(spdlog::level::info);
    s.logger->sinks().push_back(std::move(sink));
  } catch (const spdlog::spdlog_ex& problem) {
    fail(ExitCode::environment, file.string(), ": the log cannot be written: ", problem.what());
  }
}

void write(Level level, const std::string& message) {
  State& s = state();
  const int rank = s.rank;
  if (rank != 0 && level < Level::warning) return;
  const std::lock_guard lock(s.mutex);
  erase_live(s);
  if (s.ranks > 1 && level >= Level::warning)
    s.logger->log(to_spdlog(level), "rank {}: {}", rank, message);
  else
    s.logger->log(to_spdlog(level), "{}", message);
  draw_live(s);
}

bool has_live_line() {
  const State& s = state();
  return s.terminal && s.rank == 0 && s.logger->should_log(spdlog::level::info);
}

void show_live(const std::vector<std::string>& parts) {
  if (!has_live_line()) return;
  State& s = state();
  const std::lock_guard lock(s.mutex);
  const auto now = Clock::now();
  if (!parts.empty() && now - s.live_since < between_live_lines) return;
  s.live_since = parts.empty() ? Clock::time_point{} : now;
  erase_live(s);
  s.live = fitting(parts, terminal_width());
  draw_live(s);
}

void write_beside_live(const std::string& message) {
  if (!has_live_line()) return write(Level::info, message);
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (s.file) s.file->log(spdlog::level::info, "{}", message);
}

}  // namespace fastbox::log
