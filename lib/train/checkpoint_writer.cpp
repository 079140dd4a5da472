#include "train/checkpoint_writer.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>

#include "base/error.hpp"
#include "base/log.hpp"

namespace fastbox::train {
namespace {

// Weighs 3 % of a thread that trains, as Linux shares a core out: that is what a save may cost where all cores train. Lower
// still, a busy machine would hardly ever finish one.
constexpr int low_priority = 15;

/// Of the calling thread alone, as Linux has it.
void set_low_priority() {
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), low_priority);
}

}  // namespace

CheckpointWriter::CheckpointWriter(std::filesystem::path run_folder)
    : run_folder_(std::move(run_folder)), thread_([this] { run(); }) {}

CheckpointWriter::~CheckpointWriter() {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !busy_; });
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void CheckpointWriter::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !busy_; });
}

Checkpoint& CheckpointWriter::prepare() {
  wait();
  problem_.clear();
  return checkpoint_;
}

void CheckpointWriter::start() {
  {
    const std::lock_guard lock(mutex_);
    busy_ = true;
  }
  changed_.notify_all();
}

void CheckpointWriter::finish() {
  wait();
  if (!problem_.empty()) fail(ExitCode::environment, "the last checkpoint is not saved: ", problem_);
}

void CheckpointWriter::run() {
  set_low_priority();
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return busy_ || stopping_; });
    if (!busy_) return;
    lock.unlock();
    write();
    lock.lock();
    busy_ = false;
    changed_.notify_all();
  }
}

void CheckpointWriter::write() {
  const auto begin = std::chrono::steady_clock::now();
  try {
    save_checkpoint(run_folder_, checkpoint_);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    log::info("step ", checkpoint_.state.step, "  checkpoint saved in ", fixed(seconds, 2), " s");
  } catch (const std::exception& problem) {
    log::error("step ", checkpoint_.state.step,
               ": the checkpoint could not be saved, older ones stay: ", problem.what());
    const std::lock_guard lock(mutex_);
    problem_ = problem.what();
  }
}

}  // namespace fastbox::train
