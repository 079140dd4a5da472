// fastbox data import, split and check's lists: from archives to lists that have no drive in common.

#include "cli/workplace.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// made_data() as KITTI packs it; zip's own compression.
fs::path archive(const std::string& part) {
  const fs::path file = new_path(part + ".zip");
  const Outcome outcome = run({"python3", "-c",
                               "import pathlib, sys, zipfile\n"
                               "root = pathlib.Path(sys.argv[1])\n"
                               "with zipfile.ZipFile(sys.argv[2], 'w', zipfile.ZIP_DEFLATED) as archive:\n"
                               "    for file in sorted((root / 'training' / sys.argv[3]).iterdir()):\n"
                               "        archive.write(file, file.relative_to(root))\n",
                               made_data().string(), file.string(), part});
  REQUIRE_THAT(outcome, Exits(0));
  return file;
}

/// Drives of three frames each: 000000 to 000002, and so on.
fs::path drives_file() {
  std::string text;
  for (int i = 0; i < 18; ++i) {
    const std::string number = std::to_string(i);
    text += std::string(6 - number.size(), '0') + number + "\tdrive-" + std::to_string(i / 3) + '\t' + number + '\n';
  }
  const fs::path file = new_path("drives.tsv");
  DataCopy::replace(file, text);
  return file;
}

TEST_CASE("import unpacks archives into a data set that check is content with", "[data_tools]") {
  const fs::path images = archive("image_2"), labels = archive("label_2"), root = new_path("kitti");
  const Words command = fastbox({"data", "import", root.string(), images.string(), labels.string()});
  const Outcome first = run(command);
  REQUIRE_THAT(first, Exits(0));
  CHECK(holds(first.out, "36 files unpacked"));
  CHECK(digests_of(root / "training") == digests_of(made_data() / "training"));
  CHECK(holds(run(command).out, "0 files unpacked (0 MiB), 36 were there"));
  CHECK_THAT(run(fastbox({"data", "check", root.string()})), Exits(0));

  DataCopy::replace(images, text_of(images).substr(0, 100000));
  CHECK_THAT(run(command), Exits(3) && Tells("cut off"));
  CHECK_THAT(run(fastbox({"data", "import", images.string()})), Exits(2) && Tells("--to"));
  CHECK_THAT(run(fastbox({"data", "import", images.string(), labels.string()})), Exits(2) && Tells("folder"));
}

TEST_CASE("an import that the disk has no room for writes nothing", "[data_tools]") {
  const fs::path images = new_path("big.zip"), root = new_path("kitti");
  // A directory that claims files of 250 MB, more of them than there is room for.
  constexpr std::uintmax_t claimed = 250'000'000;
  const auto count = fs::space(images.parent_path()).available / claimed + 10;
  const Outcome made = run({"python3", "-c",
                            "import sys, zipfile\n"
                            "with zipfile.ZipFile(sys.argv[1], 'w') as archive:\n"
                            "    for i in range(int(sys.argv[2])):\n"
                            "        archive.writestr(f'training/image_2/{i:06}.png', b'x')\n"
                            "    for info in archive.filelist:\n"
                            "        info.file_size = int(sys.argv[3])\n",
                            images.string(), std::to_string(count), std::to_string(claimed)});
  REQUIRE_THAT(made, Exits(0));
  CHECK_THAT(run(fastbox({"data", "import", images.string(), "--to", root.string()})), Exits(4) && Tells("MiB left"));
  CHECK(names_in(root).empty());
}

TEST_CASE("split keeps drives whole, and check --drives finds nothing in common then", "[data_tools]") {
  const DataCopy data;
  const std::string drives = drives_file().string(), root = data.root().string();
  const Words split = fastbox({"data", "split", root, "--drives", drives, "--val-share", "0.3"});
  CHECK_THAT(run(split), Exits(2) && Tells("train.txt: is there already"));
  CHECK(text_of(data.list("val")) == text_of(made_data() / "splits" / "val.txt"));

  // synth's lists part drive 3 from drive 4; lists that part a drive are found out.
  const Words check = fastbox({"data", "check", root, "--drives", drives, "--json", "-"});
  DataCopy::replace(data.list("val"), "000010\n000012\n000001\n");
  const Outcome before = run(check);
  REQUIRE_THAT(before, Exits(0));
  const auto overlap = nlohmann::json::parse(before.out).at("overlap");
  CHECK(overlap.at("in_both") == nlohmann::json({"000010", "000001"}));
  CHECK(overlap.at("drives").at("shared").size() == 2);
  CHECK(overlap.at("drives").at("shared")[0].at("drive") == "drive-0");
  CHECK(overlap.at("drives").at("val_frames") == 2);
  CHECK(holds(run(fastbox({"data", "check", root, "--drives", drives})).out,
              "val.txt: 2 of 3 validation frames are from 2 drives that are trained on"));

  const Outcome done = run(split + Words{"--force", "--json", "-"});
  REQUIRE_THAT(done, Exits(0));
  const auto counts = nlohmann::json::parse(done.out);
  CHECK(counts.at("val").at("frames") == 6);  // 5.4 wanted, three a drive
  CHECK(counts.at("val").at("drives") == 2);
  CHECK(counts.at("train").at("frames") == 12);
  const Outcome after = run(check);
  REQUIRE_THAT(after, Exits(0));
  CHECK(nlohmann::json::parse(after.out).at("overlap").at("drives").at("shared").empty());

  const std::string val = text_of(data.list("val"));
  REQUIRE_THAT(run(split + Words{"--force"}), Exits(0));
  CHECK(text_of(data.list("val")) == val);
  const fs::path out = new_path("lists");
  REQUIRE_THAT(run(split + Words{"--out", out.string(), "--frames", new_list({"000000", "000004"}).string()}),
               Exits(0));
  CHECK(text_of(out / "val.txt").size() == 7);
  CHECK_THAT(run(split + Words{"--out", out.string(), "--force", "--val-share", "1.5"}), Exits(2));
  CHECK_THAT(run(split + Words{"--out", out.string(), "--force", "--frames", new_list({"unknown"}).string()}),
             Exits(3) && Tells("the drive of frame unknown"));
}

TEST_CASE("check tells pictures that lie in both lists", "[data_tools]") {
  const DataCopy data;
  DataCopy::replace(data.image("000013"), text_of(data.image("000003")));
  const Outcome outcome = run(fastbox({"data", "check", data.root().string()}));
  REQUIRE_THAT(outcome, Exits(0));
  CHECK(holds(outcome.out, "1 of 6 validation pictures equal one that is trained on (000013 and 000003)"));
  CHECK_THAT(run(fastbox({"data", "check", data.root().string(), "--val", "none.txt"})), Exits(3));
}

TEST_CASE("predict names the frames of a submission that have no image", "[submission]") {
  const fs::path root = new_path("kitti"), images = root / "testing" / "image_2", out = new_path("out");
  fs::create_directories(images);
  for (const char* name : {"000000", "000002"})
    fs::create_hard_link(made_data() / "training" / "image_2" / (std::string(name) + ".png"),
                         images / (std::string(name) + ".png"));
  const Words command =
      fastbox({"predict", "--checkpoint", learned_run().string(), "--out", out.string(), images.string()});
  const Outcome whole = run(command);
  CHECK_THAT(whole, Exits(0) && Tells("7516 of KITTI's 7518 test frames have no result: 000001, 000003 to 007517"));
  CHECK(names_in(out) == Words{"000000.txt", "000002.txt"});

  const Outcome listed = run(command + Words{"--split", new_list({"000002", "000005"}).string()});
  CHECK_THAT(listed, Exits(3) && Tells("1 listed frames have no image in") && Tells("000005"));
  CHECK_THAT(listed, Tells("holds 1 result files of other frames: 000000"));
  // Nothing is found above this score: a file without lines.
  const fs::path empty = new_path("out");
  REQUIRE_THAT(run(fastbox({"predict", "--checkpoint", learned_run().string(), "--out", empty.string(), "--set",
                            "evaluation.minimum_score=0.999999", images.string()})),
               Exits(0));
  CHECK(names_in(empty) == Words{"000000.txt", "000002.txt"});
  CHECK(text_of(empty / "000000.txt").empty());
}

TEST_CASE("on a terminal evaluation and prediction have a bar", "[submission]") {
  const auto on_terminal = [](const Words& command) {
    return run(Words{"python3", "tests/cli/in_terminal", "--columns", "100"} + command, {{"TERM", "xterm"}});
  };
  const std::string run_folder = learned_run().string();
  const Outcome evaluated = on_terminal(fastbox({"eval", "--checkpoint", run_folder}));
  REQUIRE_THAT(evaluated, Exits(0));
  CHECK(holds(evaluated.out, "evaluation 1/3  [######--------------]"));
  const Outcome predicted =
      on_terminal(fastbox({"predict", "--checkpoint", run_folder, "--out", new_path("out").string(),
                           (made_data() / "training" / "image_2").string()}));
  REQUIRE_THAT(predicted, Exits(0));
  CHECK(holds(predicted.out, "images 1/18  [#-------------------]"));
}

TEST_CASE("on a terminal the making of scenes has a bar, elsewhere it is silent for ten seconds", "[data_tools]") {
  const auto synth = [](const fs::path& folder) {
    return fastbox({"data", "synth", folder.string(), "--train", "5", "--val", "1"});
  };
  const Outcome shown =
      run(Words{"python3", "tests/cli/in_terminal", "--columns", "100"} + synth(new_path("data")), {{"TERM", "xterm"}});
  REQUIRE_THAT(shown, Exits(0));
  CHECK(holds(shown.out, "scenes 1/6  [###-----------------]  "));
  CHECK(run(synth(new_path("data"))).err.empty());
}

}  // namespace
}  // namespace fastbox::test
