// A run folder as plain data: what its files say, and what of them cannot be read.
//
// Nothing but the folder itself must exist: a missing or broken file becomes a sentence in `problems`, and its part of the
// record stays empty. Numbers that a file does not give are NaN. Thread-safe: no state.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "config/run_file.hpp"
#include "eval/rules.hpp"

namespace fastbox::report {

inline constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

/// metrics.jsonl's keys, in the order of the arrays below.
inline constexpr std::array<const char*, 5> loss_names = {"confidence", "box", "delta_confidence", "delta_box",
                                                          "weight_decay"};
inline constexpr std::array<const char*, 5> stage_names = {"data", "forward", "backward", "exposed_communication",
                                                           "optimizer"};
inline constexpr std::array<const char*, 3> rank_stage_names = {"data", "compute", "exchange"};

/// A rank that held up the others.
struct Straggler {
  std::int64_t rank = 0;
  std::string cause;
  double late_seconds = unknown;  ///< a step, behind the median rank
};

/// A line of metrics.jsonl on training: means over the steps since the line before.
struct Interval {
  std::int64_t step = 0, samples = 0;  ///< at its end
  std::int64_t steps = 0, images = 0;  ///< in it
  std::int64_t ranks = 0;              ///< 0: not told
  double seconds = unknown;            ///< images over images_per_second: without evaluations and saves
  double loss = unknown, learning_rate = unknown, gradient_norm = unknown, images_per_second = unknown;
  std::array<double, 5> losses{unknown, unknown, unknown, unknown, unknown};
  std::array<double, 5> stages{unknown, unknown, unknown, unknown, unknown};  ///< seconds a step, mean over ranks
  std::vector<std::array<double, 3>> rank_times;                              ///< seconds a step; empty: one rank
  std::optional<Straggler> straggler;
};

/// AP in percent.
struct Figures {
  double ap40 = unknown, ap11 = unknown, mean41 = unknown;
};

/// A line of metrics.jsonl on an evaluation, for the class that the run evaluates.
struct Evaluation {
  std::int64_t step = 0, samples = 0;
  std::array<Figures, 3> figures;  ///< easy, moderate, hard
  double milliseconds_per_image = unknown, seconds = unknown;
};

/// Of eval.json, for a class and difficulty.
struct FinalFigures : Figures {
  std::int64_t ground_truths = 0;
  std::vector<double> precision;  ///< 41 slots; NaN where nothing scores so high
};

struct FinalEvaluation {
  std::int64_t frames = 0;
  std::string evaluator;
  std::array<FinalFigures, 3> figures;  ///< of the class that the run evaluates
  double milliseconds_per_image = unknown;
};

/// What metrics.jsonl and eval.json say of one class.
struct ClassRecord {
  std::string name;                                          ///< the files' key: in lower case
  std::vector<std::array<Figures, 3>> evaluations;           ///< one for each of RunRecord::evaluations
  std::optional<std::array<FinalFigures, 3>> final_figures;  ///< nullopt: eval.json has none of it
};

struct SavedStep {
  std::string name;
  std::int64_t step = 0, samples = -1;  ///< -1: not told
  double bytes = unknown;
  bool latest = false, best = false;
};

enum class Status { running, finished, ended_early, untold };

/// Wall times that metrics.jsonl tells, summed up over its lines. NaN: no line has the key.
struct ToldSeconds {
  double startup = unknown, cache = unknown, evaluation = unknown, save = unknown;
};

struct RunRecord {
  std::filesystem::path folder;  ///< absolute
  std::string name;              ///< the folder's
  Status status = Status::untold;
  std::optional<config::RunConfig> config;
  std::string config_text;              ///< config.yaml as it is
  std::string object_class = "car";     ///< that is evaluated
  eval::Rules rules;                    ///< by which: the benchmark's classes where the settings are not known
  std::int64_t planned_samples = 0;     ///< 0: not known
  std::vector<Interval> intervals;      ///< by step
  std::vector<Evaluation> evaluations;  ///< by step
  std::int64_t evaluations_untimed = 0;
  ToldSeconds told;
  std::optional<FinalEvaluation> final_evaluation;
  std::vector<ClassRecord> classes;    ///< object_class, the others that it tells apart, others with figures
  std::vector<SavedStep> checkpoints;  ///< by step
  nlohmann::json state;                ///< of the newest checkpoint whose state.json can be read; null: of none
  nlohmann::ordered_json machine;      ///< machine.json; null where there is none
  std::string first_time, last_time;   ///< of log.txt's lines; empty: not told
  std::vector<std::string> warnings;   ///< log.txt's lines of warnings and errors, the last 50
  std::vector<std::string> problems;   ///< sentences

  std::int64_t samples() const { return intervals.empty() ? 0 : intervals.back().samples; }
  std::int64_t steps() const { return intervals.empty() ? 0 : intervals.back().step; }
  std::int64_t ranks() const { return intervals.empty() ? 0 : intervals.back().ranks; }
};

/// Throws Error(data) where there is no such folder, or it holds neither config.yaml nor metrics.jsonl.
RunRecord read_run(const std::filesystem::path& folder);

/// Numbers of a JSON object that may hold anything.
double number_in(const nlohmann::json& object, const char* key);                      ///< NaN where there is none
std::optional<std::int64_t> whole_in(const nlohmann::json& object, const char* key);  ///< within +-2^53

}  // namespace fastbox::report
