#include "comm/staged_exchange.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/error.hpp"
#include "base/log.hpp"

namespace fastbox::comm {
namespace {

constexpr std::size_t alignment = 512;  // bytes, as CUDA's own allocations

}  // namespace

StagedExchange::StagedExchange(World& world, const ExchangeLayout& layout, std::unique_ptr<Exchange> host, int device)
    : layout_(layout), device_(device), host_(std::move(host)), out_queue_(world.mpi()), back_queue_(world.mpi()) {
  const std::size_t bytes = static_cast<std::size_t>(layout.elements) * size_of(layout.element);
  buffer_bytes_ = (bytes + alignment - 1) / alignment * alignment;
  page_lock();
  const auto sets = static_cast<std::size_t>(layout.sets);
  memory_ = gpu_backend().allocate(device, sets * parts().size() * buffer_bytes_);
  ready_.resize(sets * layout.buckets.size());
  out_ = gpu_backend().make_stream(device);
  back_ = gpu_backend().make_stream(device);
}

/// Pages can be locked once only, and buffers may meet within one: whole pages, those that touch in one piece.
void StagedExchange::page_lock() {
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const std::size_t bytes = static_cast<std::size_t>(layout_.elements) * size_of(layout_.element);
  std::vector<std::pair<std::uintptr_t, std::uintptr_t>> ranges;
  const auto add = [&](void* buffer) {
    const auto begin = reinterpret_cast<std::uintptr_t>(buffer);
    ranges.emplace_back(begin / page * page, (begin + bytes + page - 1) / page * page);
  };
  for (int set = 0; set < layout_.sets; ++set) {
    for (std::size_t p = 0; p < parts().size(); ++p) add(host_->part(set, p));
    add(host_->result(set));
  }
  std::sort(ranges.begin(), ranges.end());
  try {
    for (std::size_t i = 0; i < ranges.size();) {
      auto [begin, end] = ranges[i];
      for (++i; i < ranges.size() && ranges[i].first <= end; ++i) end = std::max(end, ranges[i].second);
      locks_.push_back(gpu_backend().page_lock(reinterpret_cast<void*>(begin), end - begin));
    }
  } catch (const Error& error) {
    log::warning(error.what(), "; gradients are copied without page-locked memory, which is slower");
  }
}

std::size_t StagedExchange::bytes_of(std::size_t bucket) const {
  return static_cast<std::size_t>(layout_.buckets[bucket].count) * size_of(layout_.element);
}

std::byte* StagedExchange::at(void* buffer, std::size_t bucket) const {
  return static_cast<std::byte*>(buffer) +
         static_cast<std::size_t>(layout_.buckets[bucket].offset) * size_of(layout_.element);
}

void* StagedExchange::part(int set, std::size_t index) {
  return static_cast<std::byte*>(memory_.get()) +
         (static_cast<std::size_t>(set) * parts().size() + index) * buffer_bytes_;
}

void StagedExchange::ready(int set, std::size_t bucket) {
  ready_[static_cast<std::size_t>(set) * layout_.buckets.size() + bucket] = gpu_backend().mark_current(device_);
}

void StagedExchange::start(int set, std::size_t bucket, std::function<void()> done) {
  std::unique_ptr<GpuEvent> over;
  out_queue_.attempt([&] {
    out_->wait_for(*ready_[static_cast<std::size_t>(set) * layout_.buckets.size() + bucket]);
    for (std::size_t p = 0; p < parts().size(); ++p)
      out_->copy(at(host_->part(set, p), bucket), at(part(set, p), bucket), bytes_of(bucket));
    over = out_->mark();
  });
  out_queue_.after(std::move(over), [this, set, bucket, done = std::move(done)] {
    if (out_queue_.failed()) return done();
    host_->start(set, bucket, [this, set, bucket, done] { copy_back(set, bucket, done); });
  });
}

void StagedExchange::copy_back(int set, std::size_t bucket, std::function<void()> done) {
  std::unique_ptr<GpuEvent> over;
  back_queue_.attempt([&] {
    back_->copy(at(result(set), bucket), at(host_->result(set), bucket), bytes_of(bucket));
    over = back_->mark();
  });
  back_queue_.after(std::move(over), std::move(done));
}

void StagedExchange::check() const {
  out_queue_.rethrow();
  back_queue_.rethrow();
}

}  // namespace fastbox::comm
