#include "comm/timeline.hpp"

#include <chrono>

#include "base/text.hpp"

namespace fastbox::comm {

const char* name_of(Op op) {
  switch (op) {
    case Op::waiting_for_data:
      return "waiting for data";
    case Op::forward:
      return "forward";
    case Op::backward:
      return "backward";
    case Op::bucket_ready:
      return "bucket ready";
    case Op::bucket_started:
      return "bucket started";
    case Op::bucket_done:
      return "bucket done";
    case Op::waiting_for_exchange:
      return "waiting for the exchange";
    case Op::waiting_for_ranks:
      return "waiting for the other ranks";
    case Op::optimizer:
      return "optimizer";
    case Op::evaluation:
      return "evaluation";
    case Op::checkpoint:
      return "checkpoint";
  }
  return "unknown";
}

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void Timeline::set_step(std::int64_t step) {
  const std::lock_guard lock(mutex_);
  step_ = step;
}

void Timeline::keep(std::size_t most) {
  const std::lock_guard lock(mutex_);
  limit_ = most;
  drops_oldest_ = false;
}

std::vector<OpRecord> Timeline::last(std::size_t most) const {
  const std::lock_guard lock(mutex_);
  const std::size_t count = most == 0 ? records_.size() : std::min(most, records_.size());
  return {records_.end() - static_cast<std::ptrdiff_t>(count), records_.end()};
}

std::uint64_t Timeline::add(Op op, int detail, double end) {
  const double begin = now();
  const std::lock_guard lock(mutex_);
  if (records_.size() >= limit_) {
    if (!drops_oldest_) return UINT64_MAX;
    records_.pop_front();
    ++first_;
  }
  records_.push_back({op, detail, step_, begin, end < 0 ? end : begin});
  return first_ + records_.size() - 1;
}

void Timeline::end(std::uint64_t number) {
  const double at = now();
  const std::lock_guard lock(mutex_);
  if (number >= first_ && number < first_ + records_.size()) records_[number - first_].end = at;
}

std::string describe(const std::vector<OpRecord>& records, double at) {
  std::string text;
  for (const OpRecord& record : records) {
    text += concat("\n  ", fixed(at - record.begin, 3), " s ago  step ", record.step, "  ", name_of(record.op));
    if (record.detail >= 0) text += concat(' ', record.detail);
    if (record.end < 0)
      text += ", not over";
    else if (record.end > record.begin)
      text += concat(", for ", fixed(record.end - record.begin, 3), " s");
  }
  return text;
}

}  // namespace fastbox::comm
