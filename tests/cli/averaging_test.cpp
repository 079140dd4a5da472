// Gradient averaging as a user meets it: the same bits at any number of ranks, schemes, refusals, a trace.

#include <signal.h>

#include <fstream>
#include <set>
#include <thread>

#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/workplace.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;

/// Fifty steps with dropout and every augmentation, the last of them uneven.
Words fifty_steps(const fs::path& folder, const Words& more = {}) {
  static const std::string one_frame = new_list({"000012"}).string();
  return small_training(
      folder, Words{"data.val=" + one_frame, "train.samples=596", "model.dropout=0.5", "augmentation.scale=[0.8,1.2]",
                    "augmentation.shift=10", "augmentation.hue=0.1", "parallel.first_bucket_mib=0.02",
                    "parallel.bucket_mib=0.1", "checkpoint.every=1000"} +
                  more);
}

std::string model_of(const fs::path& folder) {
  return sha256_of_file(folder / "checkpoints" / "latest" / "model.safetensors");
}

/// Runs it on so many ranks and returns the digest of its parameters.
std::string train_on(int ranks, const Words& more, const Environment& environment = {}) {
  static int runs = 0;
  const fs::path folder = new_path("averaging-" + std::to_string(++runs));
  const Outcome outcome = run(on_ranks(ranks, fifty_steps(folder, more)), environment);
  REQUIRE_THAT(outcome, Exits(0));
  return model_of(folder);
}

const std::string& one_rank() {
  static const std::string digest = train_on(1, {"parallel.shards=12"});
  return digest;
}

TEST_CASE("twelve shards give the same file at 1, 2, 3, 4 and 6 ranks", "[same_bits]") {
  CHECK(train_on(1, {}) == one_rank());  // auto, from a batch of 12
  for (const int ranks : {2, 3, 4, 6}) {
    INFO(ranks << " ranks");
    CHECK(train_on(ranks, {"parallel.shards=12"}) == one_rank());
  }
  CHECK(train_on(3, {"parallel.allreduce=hierarchical", "parallel.shards=12"}) == one_rank());
  CHECK_FALSE(train_on(2, {"parallel.shards=off"}) == one_rank());
}

TEST_CASE("and with the center decoder, pasted objects, a moving average and bf16", "[same_bits]") {
  const Words recipe = {
      "model.decoder=center", "model.cell=4",          "targets.classes=[Car-Van, Pedestrian-Person_sitting, Cyclist]",
      "augmentation.paste=2", "optimizer.average=0.9", "train.samples=140",
      "parallel.shards=12"};
  for (const std::string precision : {"fp32", "bf16"}) {
    if (precision == "bf16" && __builtin_cpu_supports("avx512bf16") == 0) continue;  // refused there
    INFO(precision);
    const Words settings = recipe + Words{"run.precision=" + precision};
    const std::string alone = train_on(1, settings);
    for (const int ranks : {2, 3}) CHECK(train_on(ranks, settings) == alone);
  }
}

TEST_CASE("and on two nodes", "[same_bits]") {
  const Environment two_nodes = {{"MPIR_CVAR_NUM_CLIQUES", "2"}};
  CHECK(train_on(4, {"parallel.shards=12"}, two_nodes) == one_rank());
}

TEST_CASE("and where a run is stopped and goes on at another number of ranks", "[same_bits]") {
  const fs::path folder = new_path("averaging-resumed");
  int ranks = 2;
  {
    Process process(on_ranks(ranks, fifty_steps(folder, {"checkpoint.every=10"})));
    while (!fs::exists(folder / "checkpoints" / "step-00000010") && process.running())
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    process.send(SIGTERM);
    process.wait();
  }
  REQUIRE_FALSE(fs::exists(folder / "eval.json"));
  REQUIRE_THAT(run(on_ranks(3, fifty_steps(folder) + Words{"--resume"})), Exits(0));
  CHECK(model_of(folder) == one_rank());
}

TEST_CASE("shards that the ranks do not divide are refused, with the nearest numbers that fit", "[same_bits]") {
  const fs::path folder = new_path("averaging-refused");
  const Outcome outcome = run(on_ranks(4, fifty_steps(folder, {"parallel.shards=6"})));
  CHECK_THAT(outcome, Exits(2) && Tells("the nearest: 3 or 6 ranks, or 4 or 8 shards"));
  CHECK_THAT(run(fifty_steps(folder, {"parallel.shards=6"}) + Words{"--dry-run", "--ranks", "4"}),
             Exits(2) && Tells("the nearest: 3 or 6 ranks"));
  CHECK_THAT(run(on_ranks(2, fifty_steps(folder, {"parallel.shards=12", "parallel.allreduce=mpi"}))),
             Exits(2) && Tells("mpi cannot keep the order"));
  CHECK_THAT(run(on_ranks(2, fifty_steps(folder, {"parallel.shards=12", "parallel.scheme=local"}))),
             Exits(2) && Tells("local depends on the number of ranks"));
}

TEST_CASE("the pipelined scheme trains, at any ranks alike, and a stop loses no average", "[schemes]") {
  const Words pipelined = {"parallel.scheme=pipelined"};
  const std::string whole = train_on(1, pipelined);
  CHECK(whole != one_rank());
  CHECK(train_on(2, pipelined) == whole);

  const fs::path folder = new_path("pipelined-resumed");
  {
    Process process(on_ranks(2, fifty_steps(folder, pipelined + Words{"checkpoint.every=10"})));
    while (!fs::exists(folder / "checkpoints" / "step-00000010") && process.running())
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    process.send(SIGTERM);
    process.wait();
  }
  REQUIRE_FALSE(fs::exists(folder / "eval.json"));
  REQUIRE_THAT(run(on_ranks(2, fifty_steps(folder, pipelined) + Words{"--resume"})), Exits(0));
  CHECK(model_of(folder) == whole);
  CHECK_THAT(run(fifty_steps(folder, {"parallel.scheme=synchronous"}) + Words{"--resume"}),
             Exits(2) && Tells("parallel.scheme"));
}

TEST_CASE("the local scheme averages every few steps, and saves only then", "[schemes]") {
  const fs::path folder = new_path("local");
  const Words local = {"parallel.scheme=local", "parallel.local_steps=4", "parallel.local_after=120",
                       "checkpoint.every=5", "parallel.check_every=1"};
  REQUIRE_THAT(run(on_ranks(2, fifty_steps(folder, local))), Exits(0));
  // Synchronous up to sample 120, step 10; then averaged after steps 14, 18, ..: what is due at 15 waits for 18.
  CHECK(names_in(folder / "checkpoints") == Words{"best", "latest", "step-00000005", "step-00000010", "step-00000018",
                                                  "step-00000022", "step-00000026", "step-00000030", "step-00000038",
                                                  "step-00000042", "step-00000046", "step-00000050"});
}

TEST_CASE("a trace holds every rank's steps and buckets", "[trace]") {
  const fs::path folder = new_path("traced"), file = new_path("trace.json");
  REQUIRE_THAT(run(on_ranks(3, fifty_steps(folder, {"train.samples=48"}) + Words{"--trace", file.string()})), Exits(0));
  std::set<int> ranks;
  std::map<std::string, int> names;
  int begun = 0, ended = 0;
  const nlohmann::json trace = json_of(file);
  for (const auto& event : trace.at("traceEvents")) {
    ranks.insert(event.at("pid").get<int>());
    ++names[event.at("name").get<std::string>()];
    begun += event.at("ph") == "b", ended += event.at("ph") == "e";
    if (event.contains("ts")) CHECK(event.at("ts").get<double>() >= 0);
  }
  CHECK(ranks == std::set<int>{0, 1, 2});
  // Four steps of four shards on each of three ranks.
  CHECK(names["forward"] == 48);
  CHECK(names["backward"] == 48);
  CHECK(names["optimizer"] == 12);
  CHECK(names["waiting for the exchange"] == 12);
  CHECK(names["bucket ready 0"] == 12);
  CHECK(names["evaluation"] == 3);
  CHECK(names["checkpoint"] == 3);
  CHECK(begun > 0);
  CHECK(begun == ended);
}

TEST_CASE("ranks with different run files all end with the key that differs", "[same_start]") {
  const fs::path folder = new_path("different");
  Words command = on_ranks(1, fifty_steps(folder));
  const Words other = fifty_steps(folder, {"optimizer.learning_rate=0.003"});
  command = command + Words{":", "-n", "1"} + other;
  const Outcome outcome = run(command);
  CHECK_THAT(outcome, Exits(2) && Tells("rank 1 has another run file") && Tells("learning_rate: 0.003"));
}

TEST_CASE("ranks of different binaries all end, and the other one is named", "[same_start]") {
  const fs::path other = new_path("fastbox-other");
  const Words command = fifty_steps(new_path("different"));
  fs::copy_file(command.front(), other);
  std::ofstream(other, std::ios::app) << "of another day";
  Words others = command;
  others.front() = other.string();
  CHECK_THAT(run(on_ranks(2, command) + Words{":", "-n", "1"} + others),
             Exits(2) && Tells("rank 2 runs another fastbox"));
}

}  // namespace
}  // namespace fastbox::test
