#include <catch2/catch.hpp>

#include "base/files.hpp"
#include "config/resolved.hpp"
#include "config/run_file.hpp"
#include "config/schema.hpp"
#include "support/support.hpp"

using namespace fastbox;
using config::load;

namespace {

/// FASTBOX_DATA for the length of a test case.
class DataVariable {
 public:
  explicit DataVariable(const char* value) {
    if (const char* before = std::getenv("FASTBOX_DATA")) before_ = before;
    if (value == nullptr)
      unsetenv("FASTBOX_DATA");
    else
      setenv("FASTBOX_DATA", value, 1);
  }
  ~DataVariable() {
    if (before_.empty())
      unsetenv("FASTBOX_DATA");
    else
      setenv("FASTBOX_DATA", before_.c_str(), 1);
  }
  DataVariable(const DataVariable&) = delete;
  DataVariable& operator=(const DataVariable&) = delete;

 private:
  std::string before_;
};

/// A scratch folder of run files.
class Files {
 public:
  std::string write(const std::string& name, const std::string& text) const {
    write_file_atomically(folder_ / name, text);
    return path(name);
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  const std::filesystem::path& folder() const { return folder_.path(); }

 private:
  test::ScratchFolder folder_;
  DataVariable none_{nullptr};
};

}  // namespace

TEST_CASE("without a file the defaults hold", "[run_file]") {
  const Files files;
  const auto run = load({});
  CHECK(config::differences(run, config::RunConfig()).empty());
  CHECK(run.folder == std::filesystem::current_path());
  CHECK(run.origins.size() == config::keys().size());
  for (const auto& [key, origin] : run.origins) CHECK(origin == "default");
}

TEST_CASE("a run file sets values and says where", "[run_file]") {
  const Files files;
  const auto path =
      files.write("my.yaml", "# mine\noptimizer:\n  learning_rate: 1e-4\n  name: sgd\nrun: {seed: 7}\nloss:\n");
  const auto run = load(path);
  CHECK(run.settings.optimizer.learning_rate == 1e-4);
  CHECK(run.settings.optimizer.name == "sgd");
  CHECK(run.settings.run.seed == 7);
  CHECK(run.settings.loss.box == 0.1);
  CHECK(run.origins.at("optimizer.learning_rate") == path + ":3");
  CHECK(run.origins.at("run.seed") == path + ":5");
  CHECK(run.origins.at("loss.box") == "default");
  CHECK(run.file == path);
  CHECK(run.folder == files.folder());
}

TEST_CASE("an empty run file is the defaults", "[run_file]") {
  const Files files;
  CHECK(config::differences(load(files.write("e.yaml", "")), load({})).empty());
  CHECK(config::differences(load(files.write("c.yaml", "# nothing\n")), load({})).empty());
}

TEST_CASE("a run folder stands for its config.yaml", "[run_file]") {
  const Files files;
  files.write("run/config.yaml", "run: {seed: 9}\n");
  CHECK(load(files.path("run")).settings.run.seed == 9);
  CHECK(load(files.path("run")).file == files.path("run/config.yaml"));
}

TEST_CASE("bases merge deeply, in order, each over its own bases", "[run_file]") {
  const Files files;
  const auto root = files.write("common/root.yaml",
                                "model: {hidden: 1, dropout: 0.1, width: 64}\ntargets: {positives: [Van, Tram]}\n");
  const auto left = files.write("common/left.yaml", "base: root.yaml\nmodel: {hidden: 2}\nrun: {seed: 2}\n");
  const auto right = files.write("right.yaml", "run: {seed: 3}\n");
  const auto child = files.write(
      "child.yaml", "model: {dropout: 0.2}\nbase: [common/left.yaml, right.yaml]\ntargets: {positives: [Car]}\n");
  const auto run = load(child);
  CHECK(run.settings.model.hidden == 2);
  CHECK(run.settings.model.dropout == 0.2);
  CHECK(run.settings.model.width == 64);
  CHECK(run.settings.run.seed == 3);
  CHECK(run.settings.targets.positives == std::vector<std::string>{"Car"});  // a list is replaced, not joined
  CHECK(run.origins.at("model.hidden") == left + ":2");
  CHECK(run.origins.at("model.dropout") == child + ":1");
  CHECK(run.origins.at("model.width") == root + ":1");
  CHECK(run.origins.at("run.seed") == right + ":1");
}

TEST_CASE("two bases may share theirs", "[run_file]") {
  const Files files;
  files.write("root.yaml", "run: {seed: 1}\n");
  files.write("a.yaml", "base: root.yaml\nrun: {seed: 2}\n");
  files.write("b.yaml", "base: root.yaml\nmodel: {hidden: 3}\n");
  const auto run = load(files.write("c.yaml", "base: [a.yaml, b.yaml]\n"));
  CHECK(run.settings.model.hidden == 3);
  CHECK(run.settings.run.seed == 1);  // b's base comes after a
}

TEST_CASE("overrides come last and are typed by the schema", "[run_file]") {
  const Files files;
  const auto path = files.write("my.yaml", "run: {seed: 7}\n");
  const auto run = load(
      path, {"run.seed=8", "targets.positives=[Car, Tram]", "augmentation.scale=[0.9, 1.1]", "data.root=/a b/[c]: d",
             "evaluation.whole_pixels=false", "data.train=", "run.seed=9", "optimizer.learning_rate=3e-4"});
  CHECK(run.settings.run.seed == 9);
  CHECK(run.settings.targets.positives == std::vector<std::string>{"Car", "Tram"});
  CHECK(run.settings.augmentation.scale == std::vector<double>{0.9, 1.1});
  CHECK(run.settings.data.root == "/a b/[c]: d");
  CHECK(!run.settings.evaluation.whole_pixels);
  CHECK(run.settings.optimizer.learning_rate == 3e-4);
  CHECK(run.origins.at("run.seed") == "--set");
  CHECK(run.origins.at("data.train") == "--set");
}

TEST_CASE("FASTBOX_DATA is the root that nothing else gives", "[run_file]") {
  const Files files;
  const DataVariable variable("/from/environment");
  const auto path = files.write("my.yaml", "run: {seed: 7}\n");
  CHECK(load(path).settings.data.root == "/from/environment");
  CHECK(load(path).origins.at("data.root") == "FASTBOX_DATA");
  CHECK(load(path, {"data.root=/mine"}).settings.data.root == "/mine");
  CHECK(load(path, {"data.root=/mine"}).origins.at("data.root") == "--set");
  CHECK(load(files.write("r.yaml", "data: {root: /file}\n")).settings.data.root == "/file");
}

TEST_CASE("a later layer's alternative replaces the earlier one's", "[run_file]") {
  const Files files;
  const auto base = files.write("base.yaml", "train: {samples: 1000, batch_per_rank: 2}\nevaluation: {every: 50}\n");
  const auto child = files.write("child.yaml", "base: base.yaml\ntrain: {steps: 10}\n");
  const auto run = load(child, {"train.batch=8", "evaluation.every_samples=300"});
  CHECK(run.settings.train.steps == 10);
  CHECK(run.settings.train.samples == 0);
  CHECK(run.settings.train.batch == 8);
  CHECK(run.settings.train.batch_per_rank == 0);
  CHECK(run.settings.evaluation.every == 0);
  CHECK(run.settings.evaluation.every_samples == 300);
  CHECK(run.origins.at("train.samples") == child + ":2 (train.steps replaces it)");
  CHECK(run.origins.at("train.batch_per_rank") == "--set (train.batch replaces it)");

  const auto back = load(child, {"train.samples=77"});
  CHECK(back.settings.train.samples == 77);
  CHECK(back.settings.train.steps == 0);
  CHECK(load(base).settings.evaluation.every_samples == 0);  // over the default
}

TEST_CASE("a zero beside its alternative contradicts nothing", "[run_file]") {
  const Files files;
  const auto run = load(files.write("z.yaml", "train: {samples: 0, steps: 10, batch: 0}\nevaluation: {every: 0}\n"));
  CHECK(run.settings.train.steps == 10);
  CHECK(run.settings.train.batch_per_rank == 5);      // batch: 0 only says that it is not used
  CHECK(run.settings.evaluation.every_samples == 0);  // no evaluation before the end
  CHECK(load({}, {"checkpoint.every_samples=0"}).settings.checkpoint.every == 0);
}
