// A GPU of host memory, so that what lib/comm does with one is tested without: its streams do nothing until somebody has
// looked at a later event a few times, and NCCL is an MPI_Allreduce.
//
// Takes lib/comm's place for a backend as long as it lives. Every rank makes one.
#pragma once

#include <atomic>
#include <cstring>
#include <deque>
#include <functional>
#include <vector>

#include "base/error.hpp"
#include "comm/gpu_backend.hpp"
#include "comm/ordered_sum.hpp"
#include "mpi/ranks.hpp"

namespace fastbox::test {

class FakeGpu : public comm::GpuBackend {
 public:
  explicit FakeGpu(std::string identity, bool nccl = true) : identity_(std::move(identity)), nccl_(nccl) {
    comm::set_gpu_backend(this);
  }
  ~FakeGpu() override { comm::set_gpu_backend(nullptr); }
  FakeGpu(const FakeGpu&) = delete;
  FakeGpu& operator=(const FakeGpu&) = delete;

  std::atomic<bool> breaks = false;       ///< from now on every look at an event throws
  std::atomic<bool> locks_memory = true;  ///< or page-locking throws
  std::atomic<std::int64_t> locked = 0;   ///< bytes
  std::atomic<std::int64_t> written = 0;  ///< marks of the computing stream

  std::string identity(int) override { return identity_; }
  bool has_nccl() const override { return nccl_; }
  std::unique_ptr<comm::GpuEvent> mark_current(int) override {
    ++written;
    return std::make_unique<Event>(*this, nullptr, 0);
  }
  void current_waits_for(int, comm::GpuEvent&) override { fail(ExitCode::defect, "no exchange asks for this"); }
  std::unique_ptr<comm::GpuStream> make_stream(int) override { return std::make_unique<Stream>(*this); }
  std::shared_ptr<void> allocate(int, std::size_t bytes) override {
    auto memory = std::make_shared<std::vector<double>>((bytes + 7) / 8);  // zero, and aligned for any element
    return {memory, memory->data()};
  }
  std::shared_ptr<void> allocate_host(int, std::size_t bytes) override { return allocate(0, bytes); }
  std::shared_ptr<void> page_lock(void* memory, std::size_t bytes) override {
    if (!locks_memory) fail(ExitCode::environment, "no page may be locked here");
    const auto size = static_cast<std::int64_t>(bytes);
    locked += size;
    return {memory, [this, size](void*) { locked -= size; }};
  }
  std::string make_id() override { return std::string("id\0of NCCL", 10); }
  std::unique_ptr<comm::GpuRanks> join(int, const std::string& id, int rank, int ranks) override {
    if (id != make_id() || rank != world().rank() || ranks != world().size()) fail(ExitCode::defect, "a false id");
    return std::make_unique<Ranks>();
  }

 private:
  /// What is queued on a stream, and how much of it is done.
  struct Queue {
    std::deque<std::function<void()>> waiting;
    std::int64_t done = 0, queued = 0;
  };

  class Event : public comm::GpuEvent {
   public:
    Event(FakeGpu& gpu, std::shared_ptr<Queue> queue, int looks) : gpu_(gpu), queue_(std::move(queue)), looks_(looks) {
      if (queue_) position_ = queue_->queued;
    }
    bool is_over() override {
      if (gpu_.breaks) fail(ExitCode::environment, "the GPU has fallen off the bus");
      if (looks_-- > 0) return false;
      for (; queue_ && queue_->done < position_; ++queue_->done) {
        queue_->waiting.front()();
        queue_->waiting.pop_front();
      }
      return true;
    }

   private:
    FakeGpu& gpu_;
    std::shared_ptr<Queue> queue_;
    int looks_;
    std::int64_t position_ = 0;
  };

  class Stream : public comm::GpuStream {
   public:
    explicit Stream(FakeGpu& gpu) : gpu_(gpu) {}
    void wait_for(comm::GpuEvent& event) override {
      if (!event.is_over()) fail(ExitCode::defect, "backward of a fake GPU is always over");
    }
    void copy(void* to, const void* from, std::size_t bytes) override {
      add([=] { std::memcpy(to, from, bytes); });
    }
    void block_squares(const void* values, comm::Element element, std::int64_t count, std::int64_t block,
                       double* squares) override {
      if (block != comm::block_elements) fail(ExitCode::defect, "blocks of ", block, " elements");
      add([=] {
        if (element == comm::Element::float32)
          comm::block_squares(static_cast<const float*>(values), count, squares);
        else
          comm::block_squares(static_cast<const double*>(values), count, squares);
      });
    }
    std::unique_ptr<comm::GpuEvent> mark() override {
      return std::make_unique<Event>(gpu_, queue_, static_cast<int>(++marks_ % 4));
    }
    void add(std::function<void()> action) {
      queue_->waiting.push_back(std::move(action));
      ++queue_->queued;
    }

   private:
    FakeGpu& gpu_;
    std::shared_ptr<Queue> queue_ = std::make_shared<Queue>();
    int marks_ = 0;
  };

  /// Sums run on the MPI thread, in the same order on all ranks: they may block.
  class Ranks : public comm::GpuRanks {
   public:
    Ranks() {
      world().mpi().run([this] { MPI_Comm_dup(MPI_COMM_WORLD, &communicator_); });
    }
    ~Ranks() override {
      world().mpi().run([this] { MPI_Comm_free(&communicator_); });
    }
    void sum(void* values, comm::Element element, std::int64_t count, comm::GpuStream& stream) override {
      static_cast<Stream&>(stream).add([this, values, element, count] {
        MPI_Allreduce(MPI_IN_PLACE, values, static_cast<int>(count),
                      element == comm::Element::float32 ? MPI_FLOAT : MPI_DOUBLE, MPI_SUM, communicator_);
      });
    }
    void check() override {}

   private:
    MPI_Comm communicator_ = MPI_COMM_NULL;
  };

  std::string identity_;
  bool nccl_;
};

}  // namespace fastbox::test
