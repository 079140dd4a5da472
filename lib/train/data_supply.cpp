#include "train/data_supply.hpp"

#include <algorithm>
#include <future>

#include "base/log.hpp"

namespace fastbox::train {
namespace {

constexpr int timed_frames = 3;
constexpr double noticeable_share = 0.01;  // of a step's time

/// Without blocking MPI's thread: the first rank may be waiting for another run's cache.
void broadcast_on_node(comm::World& world, void* bytes, int count) {
  std::promise<void> done;
  world.mpi().post([&] {
    MPI_Request request = MPI_REQUEST_NULL;
    MPI_Ibcast(bytes, count, MPI_BYTE, 0, world.node(), &request);
    world.mpi().watch(request, [&] { done.set_value(); });
  });
  done.get_future().get();
}

std::string from_first_of_node(comm::World& world, std::string text) {
  if (world.node_size() == 1) return text;
  int size = static_cast<int>(text.size());
  broadcast_on_node(world, &size, sizeof size);
  text.resize(static_cast<std::size_t>(size));
  broadcast_on_node(world, text.data(), size);
  return text;
}

}  // namespace

std::shared_ptr<const data::FrameCache> open_frame_cache(comm::World& world, const data::Dataset& frames,
                                                         const config::DataSettings& settings, int threads,
                                                         std::int64_t samples_left) {
  auto options = data::FrameCacheOptions::of(settings, std::max(threads, settings.workers));
  options.may_build = samples_left / world.size() * world.node_size() > std::ssize(frames.frames());
  const data::NodeRanks node{world.node_rank(), world.node_size(),
                             [&](const std::string& text) { return from_first_of_node(world, text); }};
  return data::FrameCache::open(frames, options, node);
}

DataPace::DataPace(const data::Dataset& frames, std::shared_ptr<const data::FrameCache> cache,
                   const config::Settings& settings, const comm::World& world, bool of_images)
    : workers_(settings.data.workers), cached_(cache != nullptr) {
  if (!world.is_first()) return;
  const auto cost = data::time_frames(frames, std::move(cache), settings, timed_frames, of_images);
  if (cost.sum() == 0) return;
  supply_ = workers_ * world.size() / cost.sum();
  log::info("data: ", fixed(1e3 * cost.sum(), 1), " ms a frame, ", fixed(1e3 * cost.read, 1), " to ",
            cached_ ? "read" : "decode", " it and ", fixed(1e3 * cost.make, 1),
            of_images ? " to augment it: up to " : " to hand it on: up to ", significant(supply_, 3), " images/s with ",
            workers_, " workers a rank");
}

void DataPace::judge(double images_per_second, double data_seconds, double step_seconds) {
  if (++calls_ != 2) return;
  const double share = data_seconds / step_seconds;
  if (share > noticeable_share)
    log::warning("data hold the step back: it waits for them ", fixed(100 * share, 1), " % of its time; ",
                 cached_ ? "" : "data.cache or ", "more data.workers (now ", workers_,
                 ") would help where cores are left");
  else
    log::info("the step sets the pace: it waits for its data ", fixed(100 * share, 1), " % of its time",
              supply_ > 0 ? concat(", which could come ", significant(supply_ / images_per_second, 2), " times as fast")
                          : "");
}

}  // namespace fastbox::train
