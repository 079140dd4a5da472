// A GPU's graph on the CPU, whose recording is the work itself. One thread.
#pragma once

#include <functional>
#include <utility>

#include "train/gpu_graph.hpp"

namespace fastbox::test {

struct Calls {
  int warm_ups = 0, captures = 0, replays = 0;
};
inline Calls calls;

/// A GPU computes nothing while it records, and what it recorded at the first replay: here the recording computes, and the
/// first replay has nothing left to do.
class FakeGraph : public train::GpuGraph {
 public:
  void warm_up(const std::function<void()>& work) override {
    ++calls.warm_ups;
    work();
  }
  void capture(const std::function<void()>& work) override {
    ++calls.captures;
    work_ = work;
    work_();
    is_fresh_ = true;
  }
  void replay() override {
    ++calls.replays;
    if (!std::exchange(is_fresh_, false)) work_();
  }

 private:
  std::function<void()> work_;
  bool is_fresh_ = false;
};

/// A GPU that can record, as long as it lives.
struct FakeGpu {
  using Maker = train::GpuGraph* (*)(int);

  explicit FakeGpu(Maker make = [](int) -> train::GpuGraph* { return new FakeGraph; }) {
    calls = {};
    train::set_gpu_graph_maker(make);
  }
  ~FakeGpu() { train::set_gpu_graph_maker(nullptr); }
  FakeGpu(const FakeGpu&) = delete;
  FakeGpu& operator=(const FakeGpu&) = delete;
};

}  // namespace fastbox::test
