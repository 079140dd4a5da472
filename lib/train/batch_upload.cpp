#include "train/batch_upload.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <span>
#include <utility>

namespace fastbox::train {
namespace {

constexpr std::size_t alignment = 256;  // bytes, as CUDA's own allocations
constexpr int batches_kept = 2;         // the one that is trained on, and the one that is copied
constexpr auto copy_patience = std::chrono::microseconds(50);

std::size_t aligned(std::size_t bytes) {
  return (bytes + alignment - 1) / alignment * alignment;
}

data::LoaderPlan with_frames(data::LoaderPlan plan, comm::GpuBackend& backend, int device) {
  plan.kept = batches_kept;
  plan.frame_memory = [&backend, device](std::size_t bytes) { return backend.allocate_host(device, bytes); };
  return plan;
}

std::size_t bytes_of(const std::vector<float>& values) {
  return values.size() * sizeof(float);
}

std::size_t bytes_of_changes(const data::Batch& batch) {
  return batch.changes.size() * sizeof(data::ImageChange);
}

void wait_for(comm::GpuEvent* event) {
  while (event != nullptr && !event->is_over()) std::this_thread::sleep_for(copy_patience);
}

}  // namespace

BatchUpload::Layout::Layout(const data::Batch& batch) {
  confidence = changes + aligned(bytes_of_changes(batch));
  box = confidence + aligned(bytes_of(batch.confidence));
  weight = box + aligned(bytes_of(batch.box));
  mask = weight + aligned(bytes_of(batch.weight));
  end = mask + aligned(bytes_of(batch.mask));
}

BatchUpload::BatchUpload(data::Dataset dataset, const config::Settings& settings, data::LoaderPlan plan,
                         std::shared_ptr<const data::FrameCache> cache, const at::TensorOptions& options)
    : options_(options),
      device_(options.device().index()),
      backend_(comm::gpu_backend()),
      loader_(std::move(dataset), settings, with_frames(std::move(plan), backend_, device_), std::move(cache)),
      stream_(backend_.make_stream(device_)),
      thread_([this] { run(); }) {}

BatchUpload::~BatchUpload() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

/// The thread: one batch ahead of what next() has given.
void BatchUpload::run() {
  try {
    for (std::uint64_t number = 0;; ++number) {
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return stopping_ || number <= taken_; });
        if (stopping_) return;
      }
      Buffer& buffer = buffer_of(number);
      // The loader is about to fill that batch's memory again, and upload() the staging memory.
      wait_for(buffer.over.get());
      upload(loader_.next(), buffer);
      {
        const std::lock_guard lock(mutex_);
        uploaded_ = number + 1;
      }
      changed_.notify_all();
    }
  } catch (...) {
    const std::lock_guard lock(mutex_);
    problem_ = std::current_exception();
  }
  changed_.notify_all();
}

/// The first time for both buffers, before any step: memory of a GPU is not to be had without waiting for it.
void BatchUpload::make_room(const data::Batch& batch, const Layout& layout, Buffer& buffer) {
  std::size_t largest = 0;
  for (const auto& frame : batch.frames) largest = std::max(largest, frame.bytes());
  if (largest > frame_bytes_) frame_bytes_ = aligned(data::room_for_frame(largest));
  buffer.frame_bytes = frame_bytes_;
  const std::size_t frames = frame_bytes_ * batch.frames.size();
  const auto grow = [](Memory& memory, std::size_t bytes, const auto& allocate) {
    if (bytes <= memory.size) return;
    memory = {};
    memory = {allocate(bytes), bytes};
  };
  const auto on_gpu = [this](std::size_t bytes) { return backend_.allocate(device_, bytes); };
  const auto page_locked = [this](std::size_t bytes) { return backend_.allocate_host(device_, bytes); };
  const bool first = std::all_of(buffers_.begin(), buffers_.end(), [](const Buffer& b) { return b.frames.size == 0; });
  for (Buffer& each : buffers_) {
    if (!first && &each != &buffer) continue;  // in use
    grow(each.frames, frames, on_gpu);
    grow(each.rest, layout.end, on_gpu);
    grow(each.staging, layout.end, page_locked);
  }
}

void BatchUpload::upload(const data::Batch& batch, Buffer& buffer) {
  buffer.batch = &batch;
  buffer.over.reset();
  if (batch.images == 0) return;
  buffer.size = augment_size(batch.changes, batch.height, batch.width);
  const Layout layout(batch);
  make_room(batch, layout, buffer);

  const auto stage = [&buffer](std::size_t offset, const void* from, std::size_t bytes) {
    std::memcpy(buffer.staging.at(offset), from, bytes);
  };
  stage(layout.changes, batch.changes.data(), bytes_of_changes(batch));
  stage(layout.confidence, batch.confidence.data(), bytes_of(batch.confidence));
  stage(layout.box, batch.box.data(), bytes_of(batch.box));
  stage(layout.weight, batch.weight.data(), bytes_of(batch.weight));
  stage(layout.mask, batch.mask.data(), bytes_of(batch.mask));

  if (buffer.used) stream_->wait_for(*buffer.used);
  for (std::size_t i = 0; i < batch.frames.size(); ++i)
    stream_->copy(buffer.frames.at(i * buffer.frame_bytes), batch.frames[i].data(), batch.frames[i].bytes());
  stream_->copy(buffer.rest.at(0), buffer.staging.at(0), layout.end);
  buffer.over = stream_->mark();
}

const data::Batch& BatchUpload::next() {
  if (taken_ > 0) buffer_of(taken_ - 1).used = backend_.mark_current(device_);
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return uploaded_ > taken_ || problem_; });
    if (uploaded_ <= taken_) std::rethrow_exception(problem_);
    ++taken_;
  }
  changed_.notify_all();
  return *buffer_of(taken_ - 1).batch;
}

at::Tensor BatchUpload::view(void* memory, at::IntArrayRef shape, at::ScalarType type) const {
  return at::for_blob(memory, shape)
      .options(at::TensorOptions(type).device(options_.device()))
      .target_device(options_.device())
      .make_tensor();
}

std::optional<BatchTensors> BatchUpload::tensors() {
  Buffer& buffer = buffer_of(taken_ - 1);
  const data::Batch& batch = *buffer.batch;
  if (batch.images == 0) return std::nullopt;
  backend_.current_waits_for(device_, *buffer.over);
  const std::int64_t b = batch.images, rows = batch.grid.rows, columns = batch.grid.columns, c = batch.grid.classes;
  const Layout layout(batch);
  const auto floats = [&](std::size_t offset, at::IntArrayRef shape) {
    return view(buffer.rest.at(offset), shape, at::kFloat).to(options_);
  };
  const at::Tensor frames = view(buffer.frames.at(0), {b, static_cast<std::int64_t>(buffer.frame_bytes)}, at::kByte);
  const at::Tensor changes = view(buffer.rest.at(layout.changes), {b, data::change_numbers}, at::kDouble);
  return BatchTensors{augment(frames, changes, buffer.size).to(options_).permute({0, 3, 1, 2}),
                      {floats(layout.confidence, {b, rows, columns, c}), floats(layout.box, {b, rows, columns, 4}),
                       floats(layout.mask, {b, rows, columns, c}), floats(layout.weight, {b, rows, columns})}};
}

}  // namespace fastbox::train
