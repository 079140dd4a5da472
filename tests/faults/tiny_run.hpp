// What the tests of faults share: the quickest run there is, what it must leave whatever happened to it, and a look at its
// processes and files while it goes on.
//
// Some 50 steps a second, 0.4 s to start. The data is made once per test process, in a folder that goes when the process ends. One thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "cli/workplace.hpp"

namespace fastbox::test {

/// 12 training frames (000000 to 000011) and 3 validation frames of 128 x 64 pixels, a car in each.
const std::filesystem::path& tiny_data();

/// The same in a folder of its own, whose files may be replaced.
std::filesystem::path copy_of_tiny_data();

std::filesystem::path image_in(const std::filesystem::path& data, const std::string& frame);
std::filesystem::path label_in(const std::filesystem::path& data, const std::string& frame);

/// Half of the image is gone; the returned function puts the whole one back.
std::function<void()> damage(const std::filesystem::path& file);

/// fastbox train on tiny_data(): so many steps of 6 images in 6 shards, a line of metrics.jsonl at every step. Saves and
/// evaluates at the end only.
Words tiny_training(const std::filesystem::path& run_folder, int steps, const Words& more_settings = {});

/// On one rank without mpiexec.
Words on(int ranks, const Words& command);

/// The command with its standard error in a file, which can be read while it runs.
Words errors_to(const std::filesystem::path& file, const Words& command);

/// What a run must leave, however often it was ended and on however many ranks: no time is in it.
struct Trace {
  std::string model, optimizer;
  std::vector<nlohmann::json> losses, evaluations;
  nlohmann::json history;
  std::map<std::string, std::string> detections;  ///< file -> sha256, of every evaluation
};
Trace trace_of(const std::filesystem::path& run_folder);

/// One CHECK for each of these. Losses are means over ranks, whose doubles are added in another order: 1e-12 of each is allowed.
void check_same(const Trace& trace, const Trace& expected);

/// Of metrics.jsonl, torn lines passed by; 0: none yet.
std::int64_t last_logged_step(const std::filesystem::path& run_folder);

/// Of the newest folder that bears a checkpoint's name; -1: none.
std::int64_t newest_saved_step(const std::filesystem::path& run_folder);

/// The newest checkpoint's state.json.
nlohmann::json newest_state(const std::filesystem::path& run_folder);

/// The file's text; "" while it is missing.
std::string text_if_any(const std::filesystem::path& file);

int count_of(const std::string& text, const std::string& part);

/// The live fastbox processes of a run.
std::vector<pid_t> ranks_of(const std::filesystem::path& run_folder);

/// Looks every two milliseconds; false after `patience`.
bool wait_until(const std::function<bool()>& condition, std::chrono::seconds patience = std::chrono::seconds(60));

}  // namespace fastbox::test
