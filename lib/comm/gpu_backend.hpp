// What the exchange of gradients and the copies of batches ask of CUDA and NCCL: the one seam between lib/comm and the
// CUDA plugin.
//
// The core links neither library. The plugin implements these classes, and whoever opens it hands its GpuBackend to
// set_gpu_backend() before the first exchange or copy is made. A device is a number as CUDA counts; memory is a plain
// pointer. An object belongs to one thread at a time, and so do all calls with one stream. Streams and memory must
// outlive what is queued on them. Every member throws Error(environment) with CUDA's or NCCL's own words where they
// fail. C++17, because the plugin's compiler knows no more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "comm/element.hpp"

namespace fastbox::comm {

/// A point in a stream's queue.
class GpuEvent {
 public:
  virtual ~GpuEvent() = default;

  /// Whether the GPU has done all that was queued before it. Never waits.
  virtual bool is_over() = 0;
};

/// A queue of its own beside the stream that computes. Nothing here waits for the GPU.
class GpuStream {
 public:
  virtual ~GpuStream() = default;

  /// What is queued from now on begins once `event` is over.
  virtual void wait_for(GpuEvent& event) = 0;

  /// From or to the GPU. Host memory should be page-locked: else this does wait.
  virtual void copy(void* to, const void* from, std::size_t bytes) = 0;

  /// The squared norm of each block of `block` elements (ordered_sum.hpp's block_squares, the same bits), all on the GPU:
  /// squares[(count + block - 1) / block].
  virtual void block_squares(const void* values, Element element, std::int64_t count, std::int64_t block,
                             double* squares) = 0;

  virtual std::unique_ptr<GpuEvent> mark() = 0;
};

/// The ranks as NCCL knows them: a communicator. The destructor aborts it after a failure and where an exception unwinds.
class GpuRanks {
 public:
  virtual ~GpuRanks() = default;

  /// Queues the sum over the ranks, in place. The same calls in the same order on all ranks.
  virtual void sum(void* values, Element element, std::int64_t count, GpuStream& stream) = 0;

  /// Throws what went wrong since, on this rank or with another. Never waits.
  virtual void check() = 0;
};

class GpuBackend {
 public:
  virtual ~GpuBackend() = default;

  /// Names the GPU behind the number, the same in all processes: "GPU-6b7f...".
  virtual std::string identity(int device) = 0;

  /// Of the calling thread's current stream, as torch has it.
  virtual std::unique_ptr<GpuEvent> mark_current(int device) = 0;

  /// What is queued from now on on that stream begins once `event` is over. Does not wait.
  virtual void current_waits_for(int device, GpuEvent& event) = 0;

  virtual std::unique_ptr<GpuStream> make_stream(int device) = 0;

  /// Memory of the GPU, zero.
  virtual std::shared_ptr<void> allocate(int device, std::size_t bytes) = 0;

  /// Page-locked memory of the host, for a process that uses this GPU. From any thread.
  virtual std::shared_ptr<void> allocate_host(int device, std::size_t bytes) = 0;

  /// Page-locks memory for as long as the result lives.
  virtual std::shared_ptr<void> page_lock(void* memory, std::size_t bytes) = 0;

  /// Whether the plugin was built with NCCL; without, the two below throw.
  virtual bool has_nccl() const = 0;

  /// For join(): made by one rank and handed to all.
  virtual std::string make_id() = 0;

  /// Collective.
  virtual std::unique_ptr<GpuRanks> join(int device, const std::string& id, int rank, int ranks) = 0;
};

/// Called once by whoever opens the plugin; the backend lives as long as the process. A test may put in its own, and
/// takes it out with nullptr.
void set_gpu_backend(GpuBackend* backend);

/// Throws Error(environment) where there is none.
GpuBackend& gpu_backend();

}  // namespace fastbox::comm
