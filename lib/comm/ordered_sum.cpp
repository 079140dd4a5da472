#include "comm/ordered_sum.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "base/error.hpp"
#include "base/vector_clones.hpp"

namespace fastbox::comm {
namespace {

constexpr int most_temporaries = 16;  // one for each level of a tree of 65,536 leaves

FASTBOX_VECTOR_CLONES void add(float* out, const float* a, const float* b, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = a[i] + b[i];
}
FASTBOX_VECTOR_CLONES void add(double* out, const double* a, const double* b, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = a[i] + b[i];
}

/// memcpy past the caches, where the machine can and the target is aligned for it. Ends with finish_streaming().
void stream(void* target, const void* source, std::size_t bytes) {
#if defined(__SSE2__)
  constexpr std::size_t vector = sizeof(__m128i);
  if (reinterpret_cast<std::uintptr_t>(target) % vector == 0) {
    auto* const out = static_cast<__m128i*>(target);
    const auto* const in = static_cast<const __m128i*>(source);
    const std::size_t vectors = bytes / vector;
    for (std::size_t i = 0; i < vectors; ++i) _mm_stream_si128(out + i, _mm_loadu_si128(in + i));
    std::memcpy(out + vectors, in + vectors, bytes % vector);
    return;
  }
#endif
  std::memcpy(target, source, bytes);
}

/// Streamed stores are in no order with others, a release store included, until this.
void finish_streaming() {
#if defined(__SSE2__)
  _mm_sfence();
#endif
}

/// In double, in eight interleaved sums that are then added in order.
template <typename T>
[[gnu::always_inline]] inline double squares_in_lanes(const T* values, std::int64_t count) {
  std::array<double, 8> lanes{};
  std::int64_t i = 0;
  for (; i + 8 <= count; i += 8)
    for (std::size_t lane = 0; lane < 8; ++lane) {
      const double value = static_cast<double>(values[static_cast<std::size_t>(i) + lane]);
      lanes[lane] += value * value;
    }
  for (std::size_t lane = 0; i < count; ++i, ++lane) {
    const double value = static_cast<double>(values[i]);
    lanes[lane] += value * value;
  }
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  return sum;
}

FASTBOX_VECTOR_CLONES double squared_norm(const float* values, std::int64_t count) {
  return squares_in_lanes(values, count);
}
FASTBOX_VECTOR_CLONES double squared_norm(const double* values, std::int64_t count) {
  return squares_in_lanes(values, count);
}

}  // namespace

OrderedSum::OrderedSum(const std::vector<LeafRange>& inputs, const std::vector<LeafRange>& outputs)
    : inputs_(inputs.size()), outputs_(outputs.size()) {
  for (std::size_t o = 0; o < outputs.size(); ++o) {
    const int target = static_cast<int>(inputs_ + o);
    const int made = compile(outputs[o], inputs, target, 0);
    if (made != target) copies_.push_back({target, made, made});
  }
  if (temporaries_ > most_temporaries) fail(ExitCode::defect, "a sum tree of ", temporaries_, " levels");
}

/// Appends the additions that make `node`; returns the operand that holds it: an input, or `target`. The left half is
/// made in the target itself, so a tree of n levels needs n temporaries.
int OrderedSum::compile(LeafRange node, const std::vector<LeafRange>& inputs, int target, int depth) {
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (inputs[i] == node) return static_cast<int>(i);
  if (node.size() <= 1) fail(ExitCode::defect, "shard ", node.begin, " of the sum is missing");
  const int middle = SumTree::split(node);
  const int spare = static_cast<int>(inputs_ + outputs_) + depth;
  const int left = compile({node.begin, middle}, inputs, target, depth);
  const int right = compile({middle, node.end}, inputs, spare, depth + 1);
  if (right == spare) temporaries_ = std::max(temporaries_, depth + 1);
  adds_.push_back({target, left, right});
  return target;
}

template <typename T>
void OrderedSum::run(std::span<const T* const> inputs, std::span<T* const> outputs, std::int64_t begin,
                     std::int64_t end, double* squares, bool past_caches) const {
  if (squares != nullptr && outputs_ != 1) fail(ExitCode::defect, "norms of ", outputs_, " sums, expected of one");
  const bool streams = past_caches && outputs_ == 1;
  // Temporaries stay in the first-level cache: a block of the largest type is 8 KiB.
  alignas(64) std::array<std::array<T, block_elements>, most_temporaries + 1> memory;
  T* const sum = memory.back().data();  // where the output is streamed from
  for (std::int64_t at = begin; at < end; at += block_elements) {
    const std::int64_t count = std::min(block_elements, end - at);
    const auto source = [&](int operand) -> const T* {
      const auto index = static_cast<std::size_t>(operand);
      if (index < inputs_) return inputs[index] + at;
      if (index < inputs_ + outputs_) return streams ? sum : outputs[index - inputs_] + at;
      return memory[index - inputs_ - outputs_].data();
    };
    const auto target = [&](int operand) { return const_cast<T*>(source(operand)); };
    for (const Add& step : adds_) add(target(step.target), source(step.left), source(step.right), count);
    for (const Add& copy : copies_)
      if (target(copy.target) != source(copy.left))
        std::memcpy(target(copy.target), source(copy.left), static_cast<std::size_t>(count) * sizeof(T));
    if (squares != nullptr) squares[at / block_elements] = squared_norm(source(static_cast<int>(inputs_)), count);
    if (streams) stream(outputs[0] + at, sum, static_cast<std::size_t>(count) * sizeof(T));
  }
  if (streams) finish_streaming();
}

template <typename T>
void block_squares(const T* values, std::int64_t count, double* squares) {
  for (std::int64_t at = 0; at < count; at += block_elements)
    squares[at / block_elements] = squared_norm(values + at, std::min(block_elements, count - at));
}

template void OrderedSum::run(std::span<const float* const>, std::span<float* const>, std::int64_t, std::int64_t,
                              double*, bool) const;
template void OrderedSum::run(std::span<const double* const>, std::span<double* const>, std::int64_t, std::int64_t,
                              double*, bool) const;
template void block_squares(const float*, std::int64_t, double*);
template void block_squares(const double*, std::int64_t, double*);

}  // namespace fastbox::comm
