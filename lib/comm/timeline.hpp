// What this rank did when: the last operations for the watchdog's messages, or all of them for a trace.
//
// Thread-safe. Times are seconds of the machine's monotonic clock.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

namespace fastbox::comm {

enum class Op : std::int32_t {
  waiting_for_data,
  forward,
  backward,
  bucket_ready,    ///< a moment; detail: the bucket
  bucket_started,  ///< a moment: its exchange begins on the MPI thread
  bucket_done,     ///< a moment: summed over the ranks
  waiting_for_exchange,
  waiting_for_ranks,  ///< in a small collective
  optimizer,
  evaluation,
  checkpoint,
};

/// "forward", "waiting for data", ..
const char* name_of(Op op);

/// Plain data: travels between ranks as bytes.
struct OpRecord {
  Op op = Op::forward;
  std::int32_t detail = -1;  ///< a bucket, or -1
  std::int64_t step = 0;
  double begin = 0, end = 0;  ///< equal for a moment; end is -1 while it lasts
};

/// Seconds of the monotonic clock.
double now();

class Timeline {
 public:
  /// Ends its operation when it goes.
  class Span {
   public:
    Span(Timeline& timeline, std::uint64_t number) : timeline_(timeline), number_(number) {}
    ~Span() { timeline_.end(number_); }
    Span(const Span&) = delete;
    Span& operator=(const Span&) = delete;

   private:
    Timeline& timeline_;
    std::uint64_t number_;
  };

  void set_step(std::int64_t step);
  [[nodiscard]] Span span(Op op, int detail = -1) { return {*this, add(op, detail, -1)}; }
  std::uint64_t begin(Op op) { return add(op, -1, -1); }  ///< for a Span that is a member
  void mark(Op op, int detail) { add(op, detail, 0); }

  /// Keeps every operation from now on, up to `most`, instead of the last few dozen.
  void keep(std::size_t most);

  /// The last `most` in order; everything that is kept where `most` is 0.
  std::vector<OpRecord> last(std::size_t most) const;

 private:
  std::uint64_t add(Op op, int detail, double end);
  void end(std::uint64_t number);

  mutable std::mutex mutex_;  // guards all below
  std::deque<OpRecord> records_;
  std::uint64_t first_ = 0;  // number of records_[0]
  std::size_t limit_ = 64;
  bool drops_oldest_ = true;
  std::int64_t step_ = 0;
};

/// "backward of step 12 for 0.21 s, 3.40 s before now": a line each, for a person.
std::string describe(const std::vector<OpRecord>& records, double at);

}  // namespace fastbox::comm
