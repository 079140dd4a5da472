// Steps of an exchange with gradients whose sums are known.
//
// Every rank calls the same functions in the same order.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>

#include "base/random.hpp"
#include "comm/exchange.hpp"
#include "comm/ordered_sum.hpp"
#include "mpi/ranks.hpp"

namespace fastbox::test {

using namespace fastbox::comm;

inline constexpr std::int64_t elements = 6000;

inline ExchangeLayout layout_of(Element element, int shards, int sets) {
  ExchangeLayout layout;
  layout.elements = elements;
  layout.buckets = {{0, 1, 0, 1008}, {1, 1, 1008, 4000}, {2, 1, 5008, 992}};
  layout.element = element;
  layout.sets = sets;
  layout.ordered = shards > 0;
  layout.tree = SumTree(shards > 0 ? shards : world().size());
  return layout;
}

/// Element i of a leaf's gradient in a step: a function of all three.
template <typename T>
T value_of(int step, int leaf, std::int64_t i) {
  Random random(static_cast<std::uint64_t>(step), Purpose::shuffle, static_cast<std::uint64_t>(leaf),
                static_cast<std::uint64_t>(i));
  return static_cast<T>(random.normal());
}

template <typename T>
T sum_of(int step, LeafRange node, std::int64_t i) {
  if (node.size() == 1) return value_of<T>(step, node.begin, i);
  const int middle = SumTree::split(node);
  return sum_of<T>(step, {node.begin, middle}, i) + sum_of<T>(step, {middle, node.end}, i);
}

/// Waits for buckets as the averager does.
class Waiter {
 public:
  std::function<void()> one() {
    return [this] {
      const std::lock_guard lock(mutex_);
      ++done_;
      changed_.notify_one();
    };
  }
  void wait_for(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return done_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int done_ = 0;
};

/// The results of some steps, each checked by `check(step, values, squared norm)`.
template <typename T, typename Check>
void exchange_steps(Exchange& exchange, const ExchangeLayout& layout, const Check& check) {
  Waiter waiter;
  for (int step = 0; step < 5; ++step) {
    const int set = step % layout.sets;
    for (std::size_t p = 0; p < exchange.parts().size(); ++p)
      for (std::int64_t i = 0; i < elements; ++i)
        static_cast<T*>(exchange.part(set, p))[i] = sum_of<T>(step, exchange.parts()[p], i);
    for (std::size_t b = 0; b < layout.buckets.size(); ++b) {
      exchange.ready(set, b);
      world().mpi().post([&, b] { exchange.start(set, b, waiter.one()); });
    }
    waiter.wait_for((step + 1) * static_cast<int>(layout.buckets.size()));
    exchange.check();
    check(step, static_cast<const T*>(exchange.result(set)), exchange.squared_norm(set));
  }
  world().barrier();
}

template <typename T>
bool is_ordered_sum(int step, const T* result, LeafRange root) {
  for (std::int64_t i = 0; i < elements; ++i)
    if (result[i] != sum_of<T>(step, root, i)) return false;
  return true;
}

/// The squared norm of a buffer of that layout, added up as exchanges do.
template <typename T>
double squared_norm_of(const ExchangeLayout& layout, const T* values) {
  double sum = 0;
  for (const auto& bucket : layout.buckets) {
    std::vector<double> squares(static_cast<std::size_t>(blocks_of(bucket.count)));
    block_squares(values + bucket.offset, bucket.count, squares.data());
    for (const double square : squares) sum += square;
  }
  return sum;
}

}  // namespace fastbox::test
