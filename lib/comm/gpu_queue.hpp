// Steps of an exchange that wait for a GPU: each runs on the MPI thread once its event is over, in the order of adding.
//
// The MPI thread must not throw, so the first failure is kept for whoever waits for the exchange; from then on steps run
// at once, and each asks failed(). The MPI thread alone calls attempt() and after(); the rest may be called from any.
#pragma once

#include <atomic>
#include <deque>
#include <exception>
#include <functional>
#include <memory>

#include "comm/gpu_backend.hpp"
#include "comm/mpi_thread.hpp"

namespace fastbox::comm {

class GpuQueue {
 public:
  /// `check`: called with every look at the events; may throw.
  explicit GpuQueue(MpiThread& mpi, std::function<void()> check = {});

  /// Steps that still wait never run.
  ~GpuQueue();
  GpuQueue(const GpuQueue&) = delete;
  GpuQueue& operator=(const GpuQueue&) = delete;

  /// Runs `action` unless something has failed; keeps what it throws.
  void attempt(const std::function<void()>& action);

  /// `event`: nothing where its making failed.
  void after(std::unique_ptr<GpuEvent> event, std::function<void()> step);

  bool failed() const { return state_->failed.load(std::memory_order_acquire); }

  /// Throws the first failure.
  void rethrow() const;

 private:
  struct Waiting {
    std::unique_ptr<GpuEvent> event;
    std::function<void()> step;
  };
  /// Shared with the poll that the MPI thread holds, which may outlive the queue.
  struct State {
    std::function<void()> check;
    std::deque<Waiting> waiting;
    bool stopped = false;
    std::exception_ptr failure;  // written once, before `failed`
    std::atomic<bool> failed = false;

    void attempt(const std::function<void()>& action);
    bool poll();
  };

  MpiThread& mpi_;
  std::shared_ptr<State> state_;
};

}  // namespace fastbox::comm
