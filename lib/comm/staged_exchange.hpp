// Gradients of GPUs through page-locked host memory: for ranks that share a GPU, and for all that NCCL cannot do (shards,
// bf16 on the wire).
//
// Wraps an exchange of the host. A bucket is copied out on a stream of its own as soon as it is whole, handed to the host
// exchange when that copy is over, and its sum copied back when it arrives, into part 0: backward goes on meanwhile.
// Ownership and threads: exchange.hpp.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "comm/exchange.hpp"
#include "comm/gpu_backend.hpp"
#include "comm/gpu_queue.hpp"

namespace fastbox::comm {

class StagedExchange : public Exchange {
 public:
  /// Takes over `host`, made of the same layout. Memory that cannot be page-locked is used as it is, with a warning.
  StagedExchange(World& world, const ExchangeLayout& layout, std::unique_ptr<Exchange> host, int device);

  const std::vector<LeafRange>& parts() const override { return host_->parts(); }
  void* part(int set, std::size_t index) override;
  void* result(int set) override { return part(set, 0); }
  bool on_gpu() const override { return true; }
  void ready(int set, std::size_t bucket) override;
  void start(int set, std::size_t bucket, std::function<void()> done) override;
  void check() const override;
  double squared_norm(int set) const override { return host_->squared_norm(set); }
  std::vector<float*> residuals() override { return host_->residuals(); }
  double busy_seconds() const override { return host_->busy_seconds(); }
  std::string name() const override { return host_->name() + " through page-locked memory"; }

 private:
  void page_lock();
  void copy_back(int set, std::size_t bucket, std::function<void()> done);
  /// Of a bucket in a flat buffer.
  std::byte* at(void* buffer, std::size_t bucket) const;
  std::size_t bytes_of(std::size_t bucket) const;

  ExchangeLayout layout_;
  int device_;
  std::size_t buffer_bytes_;
  // Later members use earlier ones until they go.
  std::unique_ptr<Exchange> host_;
  std::vector<std::shared_ptr<void>> locks_;  // of the host exchange's memory
  std::shared_ptr<void> memory_;
  std::vector<std::unique_ptr<GpuEvent>> ready_;  // by set and bucket
  std::unique_ptr<GpuStream> out_, back_;         // a copy back must not queue behind one that waits for backward
  GpuQueue out_queue_, back_queue_;
};

}  // namespace fastbox::comm
