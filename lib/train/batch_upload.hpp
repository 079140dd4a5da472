// Batches of frames on their way to a GPU: while one step computes, the next batch is copied there.
//
// A thread of its own takes batches from the loader, one ahead of the step, and queues their copies on a stream beside
// the one that computes; it never waits for the computing. Two buffers of the GPU take turns:
//
//   step n computes from buffer n % 2; batch n + 1 is copied into the other one, batch n + 2 once step n is over
//
// Frames come from the loader's page-locked memory, a copy each; targets and changes from page-locked memory here, in
// one copy. The loader fills a batch's memory again only when its copies are over. All waiting between the two streams
// is the GPU's.
//
// next() and tensors() are for one thread. Ownership and the rest: batch_supply.hpp.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "comm/gpu_backend.hpp"
#include "train/augment_images.hpp"
#include "train/batch_supply.hpp"

namespace fastbox::train {

class BatchUpload : public BatchSupply {
 public:
  /// Starts the loader and the thread. `options`: the GPU, of which comm::gpu_backend() must know, and the type of the
  /// tensors.
  BatchUpload(data::Dataset dataset, const config::Settings& settings, data::LoaderPlan plan,
              std::shared_ptr<const data::FrameCache> cache, const at::TensorOptions& options);

  /// Returns once the batch that the loader has in hand is made.
  ~BatchUpload() override;

  const data::Batch& next() override;
  std::optional<BatchTensors> tensors() override;

 private:
  /// Where a batch's parts but for its frames lie in one piece of memory, bytes from its begin.
  struct Layout {
    std::size_t changes = 0, confidence = 0, box = 0, weight = 0, mask = 0, end = 0;
    explicit Layout(const data::Batch& batch);
  };

  struct Memory {
    std::shared_ptr<void> bytes;
    std::size_t size = 0;
    std::byte* at(std::size_t offset) const { return static_cast<std::byte*>(bytes.get()) + offset; }
  };

  /// A batch's place on the GPU. Belongs to the thread until it is handed over, and then to the caller of next() until
  /// the call after.
  struct Buffer {
    const data::Batch* batch = nullptr;
    AugmentSize size;
    std::size_t frame_bytes = 0;           // from one frame to the next
    Memory frames;                         // on the GPU: [images][frame_bytes]
    Memory staging, rest;                  // as Layout says: page-locked, and on the GPU
    std::unique_ptr<comm::GpuEvent> over;  // the batch's copies
    std::unique_ptr<comm::GpuEvent> used;  // all that was queued until the batch after it was asked for
  };

  void run();
  void upload(const data::Batch& batch, Buffer& buffer);
  void make_room(const data::Batch& batch, const Layout& layout, Buffer& buffer);
  at::Tensor view(void* memory, at::IntArrayRef shape, at::ScalarType type) const;
  Buffer& buffer_of(std::uint64_t number) { return buffers_[number % buffers_.size()]; }

  const at::TensorOptions options_;
  const int device_;
  comm::GpuBackend& backend_;
  std::array<Buffer, 2> buffers_;
  std::size_t frame_bytes_ = 0;  // the thread's: of the buffer that it fills next
  data::Loader loader_;
  std::unique_ptr<comm::GpuStream> stream_;  // goes first: it waits for copies from and to all of the above

  std::mutex mutex_;  // guards the rest
  std::condition_variable changed_;
  std::uint64_t uploaded_ = 0, taken_ = 0;  // batches whose copies are queued; that next() gave
  bool stopping_ = false;
  std::exception_ptr problem_;  // with the batch after those uploaded
  std::thread thread_;
};

}  // namespace fastbox::train
