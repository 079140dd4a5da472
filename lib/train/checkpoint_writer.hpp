// Writes checkpoints behind the training loop's back: the loop only waits while its state is copied.
//
// Owns one thread, and memory for one checkpoint. At most one is in flight: a save that comes before the last one is on
// disk waits for it. The thread runs at a low priority, so that on a machine whose cores all train it takes little more than
// they leave. Rank 0, one thread; the destructor waits for what is in flight.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>

#include "train/checkpoint.hpp"

namespace fastbox::train {

class CheckpointWriter {
 public:
  explicit CheckpointWriter(std::filesystem::path run_folder);
  ~CheckpointWriter();
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;

  /// To be filled in: what the last save left there, tensors included, so that copies go into memory that is there.
  /// Waits for the save in flight; where that failed, it has been logged and is forgotten.
  Checkpoint& prepare();

  /// Begins to write what prepare() gave.
  void start();

  /// Waits for the save in flight. Throws Error(environment) where the last one failed.
  void finish();

 private:
  void run();
  void write();
  void wait();

  const std::filesystem::path run_folder_;
  Checkpoint checkpoint_;  // the thread's while busy_
  std::mutex mutex_;       // guards the rest
  std::condition_variable changed_;
  bool busy_ = false, stopping_ = false;
  std::string problem_;  // of the last save
  std::thread thread_;
};

}  // namespace fastbox::train
