#include "comm/trace.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/files.hpp"
#include "base/text.hpp"

namespace fastbox::comm {
namespace {

constexpr int compute_line = 0, bucket_line = 1;

/// A bucket's exchange is one stretch from its start to its end, which overlaps others'; the rest are nested spans.
std::string event_of(int rank, const OpRecord& record, double zero) {
  const std::string at = concat(R"(,"pid":)", rank, R"(,"ts":)", fixed((record.begin - zero) * 1e6, 3),
                                R"(,"args":{"step":)", record.step, "}},\n");
  const auto bucket_event = [&](const char* phase) {
    return concat(R"({"name":"bucket )", record.detail, R"(","cat":"exchange","ph":")", phase, R"(","tid":)",
                  bucket_line, R"(,"id":)", record.step * 10'000 + record.detail, at);
  };
  if (record.op == Op::bucket_started) return bucket_event("b");
  if (record.op == Op::bucket_done) return bucket_event("e");
  if (record.op == Op::bucket_ready)
    return concat(R"({"name":"bucket ready )", record.detail, R"(","ph":"i","s":"t","tid":)", bucket_line, at);
  return concat(R"({"name":")", name_of(record.op), R"(","ph":"X","dur":)",
                fixed(std::max(0.0, record.end - record.begin) * 1e6, 3), R"(,"tid":)", compute_line, at);
}

/// This rank's events, each a JSON object and a comma, times in microseconds after `zero` of its clock.
std::string events_of(int rank, const std::vector<OpRecord>& records, double zero) {
  std::array<char, 64> host{};
  gethostname(host.data(), host.size() - 1);
  std::string text = concat(R"({"name":"process_name","ph":"M","pid":)", rank, R"(,"args":{"name":"rank )", rank,
                            " on ", host.data(), "\"}},\n");
  text += concat(R"({"name":"thread_name","ph":"M","pid":)", rank, R"(,"tid":0,"args":{"name":"step"}},)", '\n');
  text += concat(R"({"name":"thread_name","ph":"M","pid":)", rank, R"(,"tid":1,"args":{"name":"buckets"}},)", '\n');
  for (const OpRecord& record : records) text += event_of(rank, record, zero);
  return text;
}

}  // namespace

void write_trace(World& world, const std::filesystem::path& file) {
  world.barrier();
  const double meeting = now();  // the same moment on all ranks, whatever their clocks say
  const auto records = world.timeline().last(0);
  // Two threads keep records, so that the first kept need not be the first begun.
  double before = 0;
  for (const OpRecord& record : records) before = std::max(before, meeting - record.begin);
  const double longest = static_cast<double>(world.max({std::llround(std::ceil(before * 1e6))})[0]) * 1e-6;
  const auto texts = world.gather(events_of(world.rank(), records, meeting - longest));
  if (!world.is_first()) return;
  std::string all = "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n";
  for (const auto& text : texts) all += text;
  all.erase(all.size() - 2);  // the last comma
  write_file_atomically(file, all + "\n]}\n");
}

}  // namespace fastbox::comm
