#include "data/loader.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "data/augment.hpp"
#include "data/frame_reader.hpp"
#include "data/paste.hpp"
#include "data/sampler.hpp"

namespace fastbox::data {
namespace {

void check(const config::Settings& settings, const LoaderPlan& plan) {
  if (plan.batch < 1) fail(ExitCode::usage, "train.batch: ", plan.batch, ", expected at least 1 image");
  if (plan.ranks < 1 || plan.rank < 0 || plan.rank >= plan.ranks)
    fail(ExitCode::defect, "loader: rank ", plan.rank, " of ", plan.ranks);
  if (settings.data.workers < 1)
    fail(ExitCode::usage, "data.workers: ", settings.data.workers, ", expected at least 1");
  const auto& a = settings.augmentation;
  if (a.colour != "batch" && a.colour != "image")
    fail(ExitCode::usage, "augmentation.colour: '", a.colour, "', expected batch or image");
  const auto pair = [](const char* key, const std::vector<double>& range) {
    if (range.size() != 2 || !(range[0] <= range[1]))
      fail(ExitCode::usage, "augmentation.", key, ": expected two numbers, the smaller first");
  };
  if (plan.kept < 1) fail(ExitCode::defect, "loader: ", plan.kept, " batches kept");
  pair("contrast", a.contrast);
  pair("saturation", a.saturation);
  pair("scale", a.scale);
  if (!(a.scale[0] > 0)) fail(ExitCode::usage, "augmentation.scale: ", a.scale[0], ", expected more than 0");
}

// So many frames in a row that cannot be read are no accident of a file.
constexpr int most_tries = 16;

/// A batch in the making or in use.
struct Slot {
  Batch batch;
  std::vector<std::string> replaced;  ///< by image; "": none
  int unfinished = 0;
  int failed_image = -1;  ///< the first image that could not be made, so that the message does not depend on timing
  std::exception_ptr problem;
};

}  // namespace

/// Work is handed out image by image in order; batch number b lies in slot b % slots. A slot is filled again
/// once the consumer has asked for the batch after the one it held, or for the plan.kept-th after it.
class Loader::Work {
 public:
  Work(Dataset dataset, const config::Settings& settings, const LoaderPlan& plan,
       std::shared_ptr<const FrameCache> cache)
      : settings_(settings),
        plan_(plan),
        kept_(static_cast<std::size_t>(plan.kept)),
        roles_(settings),
        paster_(roles_, settings.augmentation.paste),
        targets_(make_target_maker(settings)),
        reader_(std::move(dataset), std::move(cache)),
        sampler_(plan.seed, reader_.dataset().size()) {
    // Enough ahead that each worker has an image in hand while a whole batch is ready and those kept are in use.
    const auto count = static_cast<std::size_t>(std::max<std::int64_t>(share_in(plan.batch).count, 1));
    slots_.resize(1 + kept_ + (static_cast<std::size_t>(settings.data.workers) + count - 1) / count);
    for (std::size_t b = 0; b < slots_.size(); ++b) prepare(b);
    if (share_in(plan.batch).count > 0)
      for (int i = 0; i < settings.data.workers; ++i) threads_.emplace_back([this] { run(); });
  }

  ~Work() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    work_.notify_all();
    for (auto& thread : threads_) thread.join();
  }

  const Batch& next() {
    std::unique_lock lock(mutex_);
    if (problem_) std::rethrow_exception(problem_);
    if (taken_ >= kept_) prepare(taken_ - kept_ + slots_.size());
    Slot& slot = slot_of(taken_);
    ++taken_;
    work_.notify_all();
    ready_.wait(lock, [&] { return slot.unfinished == 0; });
    if (slot.problem) {
      problem_ = slot.problem;
      std::rethrow_exception(problem_);
    }
    for (auto& line : slot.replaced)
      if (!line.empty()) slot.batch.replaced.push_back(std::move(line));
    slot.replaced.clear();
    return slot.batch;
  }

 private:
  /// One image to make.
  struct Task {
    Slot* slot;
    int image;
    std::uint64_t first_sample;  ///< of the whole batch over all ranks
    std::uint64_t sample;
  };

  bool makes_frames() const { return plan_.frame_memory != nullptr; }

  Slot& slot_of(std::uint64_t number) { return slots_[number % slots_.size()]; }

  std::uint64_t first_sample_of(std::uint64_t number) const {
    return plan_.first_sample + number * static_cast<std::uint64_t>(plan_.batch);
  }

  Share share_in(std::int64_t batch) const { return share_of_rank(batch, plan_.rank, plan_.ranks, plan_.shards); }

  /// Readies the slot of batch `number` to be filled. The run's last batch is what is left, and nothing comes after it.
  /// Needs the mutex, or no threads yet.
  void prepare(std::uint64_t number) {
    const std::uint64_t first = first_sample_of(number), left = plan_.end_sample - std::min(first, plan_.end_sample);
    const Share share = share_in(std::min<std::int64_t>(plan_.batch, static_cast<std::int64_t>(left)));
    Slot& slot = slot_of(number);
    slot.batch.resize(static_cast<int>(share.count), settings_.model.height, settings_.model.width, targets_->grid(),
                      makes_frames());
    slot.batch.first_sample = first + static_cast<std::uint64_t>(share.begin);
    slot.batch.counts = {};
    slot.batch.replaced.clear();
    slot.replaced.assign(static_cast<std::size_t>(share.count), "");
    slot.unfinished = static_cast<int>(share.count);
    slot.failed_image = -1;
    slot.problem = nullptr;
    for (int image = 0; image < slot.unfinished; ++image)
      tasks_.push_back({&slot, image, first, slot.batch.first_sample + static_cast<std::uint64_t>(image)});
  }

  void run() {
    ImageMaker maker;
    std::unique_lock lock(mutex_);
    for (;;) {
      work_.wait(lock, [&] { return stopping_ || !tasks_.empty(); });
      if (stopping_) return;
      const Task task = tasks_.front();
      tasks_.pop_front();
      const SampleId sample = sampler_.at(task.sample);
      lock.unlock();
      std::exception_ptr problem;
      TargetCounts counts;
      try {
        counts = make(task, sample, maker);
      } catch (...) {
        problem = std::current_exception();
      }
      lock.lock();
      Slot& slot = *task.slot;
      slot.batch.counts.rectangles += counts.rectangles;
      slot.batch.counts.without_cell += counts.without_cell;
      slot.batch.counts.cells += counts.cells;
      if (problem && (!slot.problem || task.image < slot.failed_image)) {
        slot.problem = problem;
        slot.failed_image = task.image;
      }
      if (--slot.unfinished == 0) ready_.notify_all();
    }
  }

  /// The sample's frame; with data.on_error: skip, where it cannot be read, another one. `index` becomes what was read.
  FrameContents read(const Task& task, std::size_t& index) {
    std::string problems;
    for (int attempt = 1;; ++attempt) {
      try {
        FrameContents frame = reader_.read(index);
        if (!problems.empty())
          task.slot->replaced[static_cast<std::size_t>(task.image)] = concat(
              "sample ", task.sample, ": ", problems, "frame ", reader_.dataset()[index].name, " takes its place");
        return frame;
      } catch (const Error& problem) {
        if (settings_.data.on_error != "skip" || problem.code() != ExitCode::data || attempt == most_tries) throw;
        problems += concat(problem.what(), "; ");
        Random random(plan_.seed, Purpose::replacement, task.sample, static_cast<std::uint64_t>(attempt));
        index = random.below(reader_.dataset().size());
      }
    }
  }

  FrameContents with_pasted(FrameContents frame, const SampleId& sample) {
    if (settings_.augmentation.paste == 0) return frame;
    const auto if_readable = [this](const auto& read) -> decltype(read()) {
      try {
        return read();
      } catch (const Error& problem) {
        if (settings_.data.on_error != "skip" || problem.code() != ExitCode::data) throw;
        return {};
      }
    };
    const auto donor = [&](std::size_t index) {
      return ObjectPaster::Donor{if_readable([&] { return reader_.outline(index); }),
                                 [&, index] { return if_readable([&] { return reader_.picture(index); }); }};
    };
    Random random = paste_stream(plan_.seed, sample.epoch, sample.sample);
    return paster_.paste(frame, reader_.dataset().size(), donor, random);
  }

  /// From files to the batch's memory: read, paste, draw, resize, colour, targets; of frames without resize and colour.
  /// Here a PNG becomes part of a batch.
  TargetCounts make(const Task& task, const SampleId& sample, ImageMaker& maker) {
    Batch& batch = task.slot->batch;
    std::size_t index = sample.frame;
    try {
      const FrameContents frame = with_pasted(read(task, index), sample);
      const std::string& name = reader_.dataset()[index].name;
      Random random = image_stream(plan_.seed, sample.epoch, sample.sample);
      Random shared = batch_stream(plan_.seed, task.first_sample);
      const Geometry geometry = draw_geometry(settings_.augmentation, random);
      const bool per_batch = settings_.augmentation.colour == "batch";
      const Colour colour = draw_colour(settings_.augmentation, per_batch ? shared : random);

      const int width = batch.width, height = batch.height;
      const Region region = visible_region(geometry, frame.picture.cols, frame.picture.rows, width, height);
      const auto image = static_cast<std::size_t>(task.image);
      if (makes_frames()) {
        batch.changes[image] = image_change(region, geometry.flip, colour, frame.picture);
        batch.frames[image].take(frame.picture, plan_.frame_memory);
      } else {
        maker.make(frame.picture, region, geometry.flip, colour, width, height, batch.pixels_of(task.image));
      }
      batch.names[image] = name;
      const auto rectangles = place_objects(frame.objects, roles_, region, geometry.flip, width, height);
      return targets_->write(rectangles, batch.targets_of(task.image));
    } catch (const Error&) {
      throw;  // names the frame's file
    } catch (const std::exception& problem) {
      fail(ExitCode::defect, "frame ", reader_.dataset()[index].name, ": ", problem.what());
    }
  }

  const config::Settings settings_;
  const LoaderPlan plan_;
  const std::size_t kept_;
  const ObjectRoles roles_;
  const ObjectPaster paster_;
  const std::unique_ptr<TargetMaker> targets_;
  FrameReader reader_;

  std::mutex mutex_;  // guards all below, but for the contents of a batch, which belong to the task's worker
  std::condition_variable work_, ready_;
  Sampler sampler_;
  std::vector<Slot> slots_;
  std::deque<Task> tasks_;   // in the samples' order
  std::uint64_t taken_ = 0;  // batches
  bool stopping_ = false;
  std::exception_ptr problem_;  // what next() threw
  std::vector<std::thread> threads_;
};

Loader::Loader(Dataset dataset, const config::Settings& settings, const LoaderPlan& plan,
               std::shared_ptr<const FrameCache> cache) {
  check(settings, plan);
  work_ = std::make_unique<Work>(std::move(dataset), settings, plan, std::move(cache));
}

Loader::~Loader() = default;

const Batch& Loader::next() {
  return work_->next();
}

}  // namespace fastbox::data
