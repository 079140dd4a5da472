// fastbox data show ROOT --out DIR [--config RUN.yaml] [--set KEY=VALUE]... [--samples N]

#include <iostream>

#include "base/files.hpp"
#include "base/text.hpp"
#include "config/run_file.hpp"
#include "data/loader.hpp"
#include "data_commands.hpp"
#include "io/image.hpp"
#include "report/sample_drawing.hpp"

namespace fastbox::apps {
namespace {

namespace fs = std::filesystem;

constexpr int columns = 3, rows = 4, picture_width = 640;

struct Options {
  std::string root, out, run_file;
  std::vector<std::string> overrides;
  int samples = columns * rows;
};

/// The run's first samples, made as the run makes them, in sheets of twelve.
void show(const Options& options) {
  auto overrides = options.overrides;
  overrides.push_back("data.root=" + options.root);
  const auto config = config::load(options.run_file, overrides);
  const auto dataset = data::open_dataset(config.settings.data, config.folder, data::Part::train);
  // One random colour for each batch of the run, where there is one: batches must be the run's own.
  data::LoaderPlan plan;
  plan.seed = static_cast<std::uint64_t>(config.settings.run.seed);
  plan.batch = std::max(config.settings.train.batch, config.settings.train.batch_per_rank);
  plan.end_sample = static_cast<std::uint64_t>(options.samples);
  data::Loader loader(dataset, config.settings, plan);

  create_folders(options.out);
  std::vector<cv::Mat> pictures;
  int sheets = 0;
  data::TargetCounts counts;
  const auto write_sheet = [&] {
    const fs::path file = fs::path(options.out) / concat("samples-", ++sheets, ".png");
    io::write_picture(file, report::contact_sheet(pictures, columns, picture_width));
    std::cout << file.string() << '\n';
    pictures.clear();
  };
  for (int done = 0; done < options.samples;) {
    const data::Batch& batch = loader.next();
    for (int i = 0; i < batch.images; ++i) {
      pictures.push_back(report::draw_sample(batch, i));
      if (pictures.size() == columns * rows) write_sheet();
    }
    done += batch.images;
    counts.rectangles += batch.counts.rectangles;
    counts.without_cell += batch.counts.without_cell;
    counts.cells += batch.counts.cells;
  }
  if (!pictures.empty()) write_sheet();
  std::cout << options.samples << " samples, " << counts.rectangles << " objects to find, " << counts.without_cell
            << " of them without a cell, " << counts.cells << " cells that learn a box\n";
}

}  // namespace

void add_data_show(CLI::App& data) {
  auto* command = data.add_subcommand(
      "show", "Draw samples as the network sees them, augmented, with targets and mask, into contact sheets");
  auto options = std::make_shared<Options>();
  command->add_option("ROOT", options->root, "holds training/image_2 and training/label_2")->required();
  command->add_option("--out", options->out, "folder for samples-1.png and so on")->required();
  command->add_option("--config", options->run_file, "the run file (default: KittiBox's own settings)");
  command->add_option("--set", options->overrides, "a key's value over the run file's: key=value")
      ->allow_extra_args(false);
  command->add_option("--samples", options->samples, "how many, from the run's first on; twelve a sheet")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command->callback([options] { show(*options); });
}

}  // namespace fastbox::apps
