// The measurements, in sizes that take seconds: what they write, never how fast it is.

#include "cli/workplace.hpp"

namespace fastbox::test {
namespace {

using Json = nlohmann::json;

void check_spread(const Json& seconds) {
  const double least = seconds.at("min"), middle = seconds.at("median"), most = seconds.at("max");
  CHECK(least > 0);
  CHECK(least <= middle);
  CHECK(middle <= most);
}

TEST_CASE("bench allreduce: every algorithm sums, and the figures are consistent", "[bench]") {
  const auto file = new_path("allreduce.json");
  const Outcome outcome = run(on_ranks(2, fastbox({"bench", "allreduce", "--size", "100", "--size", "3000000",
                                                   "--repeat", "3", "--json", file.string()})));
  REQUIRE_THAT(outcome, Exits(0));
  CHECK(outcome.out.find("shared") != std::string::npos);
  const Json report = json_of(file);
  CHECK(report.at("ranks") == 2);
  CHECK(report.at("nodes") == 1);
  CHECK(report.at("shards") == 2);
  CHECK(report.at("sizes").size() == 2);
  CHECK(report.at("sizes")[0].at("bytes") == 128);  // whole cache lines
  CHECK(report.at("sizes")[1].at("bytes") == 3000000);
  CHECK(report.at("sizes")[1].at("buckets").get<int>() > 1);
  for (const auto& size : report.at("sizes"))
    for (const std::string algorithm : {"mpi_allreduce", "mpi", "mpi_bf16", "shared", "hierarchical"})
      check_spread(size.at("seconds").at(algorithm));
  const Json& largest = report.at("sizes")[1].at("seconds");
  CHECK(report.at("speedup_over_mpi").get<double>() == Approx(largest.at("mpi_allreduce").at("median").get<double>() /
                                                              largest.at("shared").at("median").get<double>()));
}

TEST_CASE("bench allreduce over two nodes has no shared algorithm", "[bench]") {
  const Outcome outcome = run(
      on_ranks(4, fastbox({"bench", "allreduce", "--size", "70000", "--repeat", "1", "--shards", "12", "--json", "-"})),
      {{"MPIR_CVAR_NUM_CLIQUES", "2"}});
  REQUIRE_THAT(outcome, Exits(0));
  const Json report = Json::parse(outcome.out);
  CHECK(report.at("nodes") == 2);
  CHECK(report.at("speedup_of") == "hierarchical");
  CHECK_FALSE(report.at("sizes")[0].at("seconds").contains("shared"));
  check_spread(report.at("sizes")[0].at("seconds").at("hierarchical_bf16"));
}

TEST_CASE("bench allreduce says what it cannot do", "[bench]") {
  CHECK_THAT(run(fastbox({"bench", "allreduce"})), Exits(2) && Tells("mpiexec"));
  CHECK_THAT(run(on_ranks(2, fastbox({"bench", "allreduce", "--shards", "3"}))), Exits(2) && Tells("--shards"));
}

TEST_CASE("bench data times every piece of the frames' way", "[bench]") {
  const auto file = new_path("data.json");
  const Words command =
      fastbox({"bench", "data", "--config", "configs/kitti-small.yaml", "--seconds", "0.01", "--workers", "1",
               "--workers", "2", "--json", file.string()}) +
      settings({"data.root=" + made_data().string(), "model.width=320", "model.height=96", "run.device=cpu"});
  const Outcome outcome = run(command);
  REQUIRE_THAT(outcome, Exits(0));
  CHECK(outcome.out.find("decode: ") != std::string::npos);
  const Json report = json_of(file);
  CHECK(report.at("frames") == 12);
  CHECK(report.at("frames_cached") == 12);
  CHECK(report.at("width") == 320);
  for (const char* piece : {"decode", "cache_read", "augment", "to_tensors"}) {
    INFO(piece);
    CHECK(report.at(piece).at("images_per_second_per_core") > 0);
    check_spread(report.at(piece).at("milliseconds"));
  }
  REQUIRE(report.at("loader").size() == 4);
  for (const auto& loader : report.at("loader")) CHECK(loader.at("images_per_second") > 0);
  CHECK(report.at("loader")[0].at("cache") == "off");
  CHECK(report.at("loader")[3].at("cache") == "ram");
  CHECK(report.at("loader")[3].at("workers") == 2);
  CHECK_THAT(run(fastbox({"bench", "data"})), Exits(2) && Tells("data.root"));
}

TEST_CASE("bench step needs no data", "[bench]") {
  const Words settings_of_step =
      settings({"model.width=96", "model.height=64", "model.width_multiple=0.25", "train.batch=4", "run.threads=1"});
  const Outcome outcome = run(
      on_ranks(2, fastbox({"bench", "step", "--config", "configs/kitti-small.yaml", "--steps", "3", "--json", "-"}) +
                      settings_of_step));
  REQUIRE_THAT(outcome, Exits(0));
  const Json report = Json::parse(outcome.out);
  CHECK(report.at("ranks") == 2);
  CHECK(report.at("batch") == 4);
  CHECK(report.at("height") == 64);
  CHECK(report.at("width") == 96);
  CHECK(report.at("device") == "cpu");
  CHECK(report.at("precision") == "fp32");
  CHECK(report.at("peak_device_mib") == 0);
  CHECK(report.at("peak_rss_mib").get<double>() > 10);
  CHECK(report.at("images_per_second").get<double>() == Approx(4e3 / report.at("step_milliseconds").get<double>()));
  CHECK(report.at("startup_seconds").get<double>() > 0);
  CHECK(report.at("first_step_seconds").get<double>() > report.at("startup_seconds").get<double>());
  double parts = 0;
  for (const std::string part : {"data", "forward", "backward", "exposed_communication", "optimizer"}) {
    INFO(part);
    CHECK(report.at("time").at(part).get<double>() >= 0);
    parts += report.at("time").at(part).get<double>();
  }
  CHECK(parts > 0);
  check_spread(report.at("step_seconds"));
}

TEST_CASE("bench eval times a detection, trained or not", "[bench]") {
  const Words tiny = settings({"model.width=96", "model.height=64", "model.width_multiple=0.25", "run.threads=1"});
  const Words command = fastbox({"bench", "eval", "--frames", "4", "--json", "-"});
  const Outcome fresh = run(command + Words{"--config", "configs/kitti-small.yaml"} + tiny);
  REQUIRE_THAT(fresh, Exits(0));
  const Json report = Json::parse(fresh.out);
  CHECK(report.at("trained") == false);
  CHECK(report.at("frames") == 4);
  double parts = 0;
  for (const char* piece : {"decode", "resize", "network", "boxes"}) {
    INFO(piece);
    check_spread(report.at("milliseconds").at(piece));
    parts += report.at("milliseconds").at(piece).at("min").get<double>();
  }
  CHECK(parts <= report.at("milliseconds").at("whole").at("median").get<double>());
  CHECK(report.at("images_per_second").get<double>() ==
        Approx(1e3 / report.at("milliseconds").at("whole").at("median").get<double>()));
  CHECK_THAT(run(command + Words{"somewhere", "--config", "configs/kitti-small.yaml"}), Exits(2) && Tells("--config"));
  CHECK_THAT(run(command + Words{new_path("nothing-here").string()}), Exits(3) && Tells("nothing-here"));
}

TEST_CASE("bench roofline accounts for every convolution of the step", "[bench]") {
  const Words command = fastbox({"bench", "roofline", "--config", "configs/kitti-small.yaml", "--steps", "2",
                                 "--seconds", "0", "--json", "-"}) +
                        settings({"model.width=96", "model.height=64", "train.batch=2", "run.threads=1",
                                  "run.device=cpu", "parallel.shards=off"});
  const Outcome outcome = run(command);
  REQUIRE_THAT(outcome, Exits(0));
  const Json report = Json::parse(outcome.out);
  CHECK(report.at("ceilings").at("fp32_gflop_per_second") > 0);
  CHECK(report.at("ceilings").at("copy_gb_per_second") > 0);
  // The small encoder: stem, 3 ways down, 5 blocks of two, 3 laterals, 1 smoothing; each once forward and once backward.
  std::map<std::string, double> calls;
  bool found_stem = false;
  double gflop = 0;
  for (const auto& row : report.at("convolutions")) {
    calls[row.at("pass")] += row.at("calls").get<double>();
    gflop += row.at("calls").get<double>() * row.at("gflop").get<double>();
    CHECK(row.at("bound_milliseconds") > 0);
    if (row.at("pass") != "forward" || row.at("shape") != "4x4 /4 3>32 2x16x24") continue;
    found_stem = true;
    CHECK(row.at("gflop").get<double>() == Approx(2e-9 * 2 * 16 * 24 * 32 * 3 * 4 * 4));
  }
  CHECK(calls == std::map<std::string, double>{{"forward", 18}, {"backward", 18}});
  CHECK(found_stem);
  CHECK(report.at("gflop").get<double>() == Approx(gflop));
  double operators = 0;
  for (const auto& row : report.at("operators")) operators += row.at("milliseconds").get<double>();
  CHECK(operators <= report.at("watched_step_milliseconds").get<double>());
  CHECK(report.at("of_bound").get<double>() == Approx(report.at("bound_milliseconds").get<double>() /
                                                      report.at("step_milliseconds").at("median").get<double>()));
  CHECK_THAT(run(on_ranks(2, command)), Exits(2) && Tells("one rank"));
}

}  // namespace
}  // namespace fastbox::test
