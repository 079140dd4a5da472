// A GPU of host memory for batches on their way to one. Takes lib/comm's place for a backend as long as it lives.
//
// Its copies are done either at once, so that one into memory still in use is seen, or as late as the waiting allows,
// so that a wait which is missing is seen. It notes what it was told, and refuses copies from and to memory that it has
// not given. Thread-safe.
#pragma once

#include <algorithm>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "comm/gpu_backend.hpp"

namespace fastbox::test {

enum class Copies { at_once, at_last };

class MadeGpu : public comm::GpuBackend {
 public:
  explicit MadeGpu(Copies copies) : copies_(copies) { comm::set_gpu_backend(this); }
  ~MadeGpu() override { comm::set_gpu_backend(nullptr); }
  MadeGpu(const MadeGpu&) = delete;
  MadeGpu& operator=(const MadeGpu&) = delete;

  /// From now on no copy succeeds.
  void break_down() {
    const std::lock_guard lock(mutex_);
    broken_ = true;
  }

  /// What the copies' stream was told: "4 copies", "wait for step 0", ... A step is a mark of the computing stream.
  std::vector<std::string> told() {
    const std::lock_guard lock(mutex_);
    return told_;
  }

  /// How often the computing stream was told to wait.
  int waits() {
    const std::lock_guard lock(mutex_);
    return waits_;
  }

  /// The most copies that were queued and not done.
  std::size_t most_waiting() {
    const std::lock_guard lock(mutex_);
    return most_waiting_;
  }

  /// Pieces of memory that live.
  std::size_t pieces() {
    const std::lock_guard lock(mutex_);
    return host_.size() + device_.size();
  }

  std::unique_ptr<comm::GpuEvent> mark_current(int) override {
    const std::lock_guard lock(mutex_);
    return std::make_unique<Event>(*this, 0, concat("step ", steps_++));
  }
  void current_waits_for(int, comm::GpuEvent& event) override {
    const std::lock_guard lock(mutex_);
    ++waits_;
    work_until(static_cast<Event&>(event).position());
  }
  std::unique_ptr<comm::GpuStream> make_stream(int) override { return std::make_unique<Stream>(*this); }
  std::shared_ptr<void> allocate(int, std::size_t bytes) override { return give(device_, bytes); }
  std::shared_ptr<void> allocate_host(int, std::size_t bytes) override { return give(host_, bytes); }

  std::string identity(int) override { fail(ExitCode::defect, "no batch asks for this"); }
  std::shared_ptr<void> page_lock(void*, std::size_t) override { fail(ExitCode::defect, "no batch asks for this"); }
  bool has_nccl() const override { return false; }
  std::string make_id() override { fail(ExitCode::defect, "no batch asks for this"); }
  std::unique_ptr<comm::GpuRanks> join(int, const std::string&, int, int) override {
    fail(ExitCode::defect, "no batch asks for this");
  }

 private:
  using Pieces = std::map<const std::byte*, std::size_t>;

  class Event : public comm::GpuEvent {
   public:
    Event(MadeGpu& gpu, std::size_t position, std::string name)
        : gpu_(gpu), position_(position), name_(std::move(name)) {}
    bool is_over() override {
      const std::lock_guard lock(gpu_.mutex_);
      if (gpu_.copies_ == Copies::at_last && looks_++ < 2) return gpu_.done_ >= position_;
      gpu_.work_until(position_);
      return true;
    }
    std::size_t position() const { return position_; }
    const std::string& name() const { return name_; }

   private:
    MadeGpu& gpu_;
    std::size_t position_;  // copies before it
    std::string name_;
    int looks_ = 0;
  };

  class Stream : public comm::GpuStream {
   public:
    explicit Stream(MadeGpu& gpu) : gpu_(gpu) {}
    ~Stream() override {
      const std::lock_guard lock(gpu_.mutex_);
      gpu_.work_until(gpu_.queued_);
    }
    void wait_for(comm::GpuEvent& event) override {
      const std::lock_guard lock(gpu_.mutex_);
      gpu_.told_.push_back("wait for " + static_cast<Event&>(event).name());
    }
    void copy(void* to, const void* from, std::size_t bytes) override {
      const std::lock_guard lock(gpu_.mutex_);
      if (gpu_.broken_) fail(ExitCode::environment, "the GPU has fallen off the bus");
      if (!holds(gpu_.host_, from, bytes) || !holds(gpu_.device_, to, bytes))
        fail(ExitCode::defect, "a copy beyond the memory that was given");
      gpu_.waiting_.push_back([=] { std::memcpy(to, from, bytes); });
      ++gpu_.queued_;
      ++copies_;
      gpu_.most_waiting_ = std::max(gpu_.most_waiting_, gpu_.waiting_.size());
      if (gpu_.copies_ == Copies::at_once) gpu_.work_until(gpu_.queued_);
    }
    void block_squares(const void*, comm::Element, std::int64_t, std::int64_t, double*) override {
      fail(ExitCode::defect, "no batch asks for this");
    }
    std::unique_ptr<comm::GpuEvent> mark() override {
      const std::lock_guard lock(gpu_.mutex_);
      gpu_.told_.push_back(concat(copies_, " copies"));
      copies_ = 0;
      return std::make_unique<Event>(gpu_, gpu_.queued_, "copies");
    }

   private:
    static bool holds(const Pieces& pieces, const void* at, std::size_t bytes) {
      const auto* const begin = static_cast<const std::byte*>(at);
      auto piece = pieces.upper_bound(begin);
      if (piece == pieces.begin()) return false;
      --piece;
      return begin + bytes <= piece->first + piece->second;
    }

    MadeGpu& gpu_;
    int copies_ = 0;  // since the last mark
  };

  /// Needs the mutex.
  void work_until(std::size_t position) {
    for (; done_ < position; ++done_) {
      waiting_.front()();
      waiting_.pop_front();
    }
  }

  std::shared_ptr<void> give(Pieces& pieces, std::size_t bytes) {
    auto memory = std::make_unique<std::vector<double>>((bytes + 7) / 8);
    const std::lock_guard lock(mutex_);
    const auto* const begin = reinterpret_cast<const std::byte*>(memory->data());
    pieces[begin] = bytes;
    std::vector<double>* const owned = memory.release();
    return {owned->data(), [this, owned, begin, &pieces](void*) {
              const std::lock_guard take_back(mutex_);
              work_until(queued_);  // as CUDA, which frees nothing that is in use
              pieces.erase(begin);
              delete owned;
            }};
  }

  const Copies copies_;
  std::mutex mutex_;  // guards the rest
  std::deque<std::function<void()>> waiting_;
  std::size_t done_ = 0, queued_ = 0, most_waiting_ = 0;
  std::vector<std::string> told_;
  int steps_ = 0, waits_ = 0;
  bool broken_ = false;
  Pieces host_, device_;
};

}  // namespace fastbox::test
