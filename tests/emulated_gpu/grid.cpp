#include "emulated_gpu/grid.hpp"

#include <setjmp.h>
#include <ucontext.h>

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "emulated_gpu/stack_switch.hpp"

dim3 gridDim, blockDim, blockIdx, threadIdx;

namespace fastbox::test {
namespace {

constexpr std::size_t stack_bytes = 128 << 10;
constexpr unsigned most_threads = 1024, most_shared_bytes = 48 << 10;  // without asking CUDA for more

struct Fiber;

struct Thread {
  bool has_ended = false;
  Rendezvous waits_for = Rendezvous::none;
  std::uint64_t brings = 0;
  Fiber* fiber = nullptr;  ///< on which it waits
};

/// A stack on which threads run one after another, until one waits: then it is that one's until it ends. Entered once by its
/// context; from then on by jumps, which, unlike swapcontext, ask the kernel for nothing.
struct Fiber {
  ucontext_t context{};
  jmp_buf jump{};
  bool is_entered = false;
  std::unique_ptr<unsigned char[]> memory{new unsigned char[stack_bytes]};
  Stack stack{memory.get(), stack_bytes};
  int thread = -1;  ///< the running or waiting one
};

class Block {
 public:
  Block(int threads, const std::function<void()>& body, const std::vector<int>& order)
      : threads_(static_cast<std::size_t>(threads)), body_(body), order_(order) {}

  void run();
  std::int64_t meet_all(Rendezvous what, std::int64_t brings);
  const std::uint64_t* meet_warp(Rendezvous what, std::uint64_t brings);

 private:
  static void enter();
  void run_threads();  ///< on a fiber, until none is left to begin
  // Not inlined: what a caller holds in registers would be lost in the jump back.
  [[gnu::noinline]] void resume(Fiber& fiber);  ///< from the scheduler, until the fiber leaves
  [[gnu::noinline]] void leave();               ///< from a fiber
  [[gnu::noinline]] static void prepare(Fiber& fiber);
  void wait(Rendezvous what);  ///< from a thread
  Fiber& idle_fiber();
  bool release_warps();
  bool release_block();
  void release(Thread& thread);
  [[noreturn]] void refuse(const std::string& what) const;
  Thread& thread_at(int number) { return threads_[static_cast<std::size_t>(number)]; }

  std::vector<Thread> threads_;
  const std::function<void()>& body_;
  const std::vector<int>& order_;
  std::size_t begun_ = 0;  ///< of the order
  int waiting_ = 0;
  jmp_buf scheduler_{};
  Stack scheduler_stack_;
  Fiber* running_ = nullptr;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<Fiber*> idle_;
  std::deque<Fiber*> ready_;
  std::int64_t sum_ = 0;
  std::array<std::array<std::uint64_t, warpSize>, most_threads / warpSize> of_lanes_{};
};

Block* block = nullptr;  // the running one
std::vector<std::unique_ptr<Fiber>> spare_fibers;
std::vector<std::uint64_t> shared;
unsigned launches = 0;

dim3 index_in(dim3 sizes, unsigned index) {
  return {index % sizes.x, index / sizes.x % sizes.y, index / sizes.x / sizes.y};
}

bool is_of_warp(Rendezvous what) {
  return what == Rendezvous::shuffle || what == Rendezvous::reduce;
}

bool is_of_block(Rendezvous what) {
  return what == Rendezvous::syncthreads || what == Rendezvous::syncthreads_count;
}

/// Of one block after another.
void Block::enter() {
  enter_stack(block->running_->stack, &block->scheduler_stack_);
  for (;;) block->run_threads();
}

void Block::run_threads() {
  while (begun_ < order_.size()) {
    running_->thread = order_[begun_++];
    threadIdx = index_in(blockDim, static_cast<unsigned>(running_->thread));
    body_();
    thread_at(running_->thread).has_ended = true;
  }
  idle_.push_back(running_);
  leave();
}

void Block::resume(Fiber& fiber) {
  running_ = &fiber;
  if (_setjmp(scheduler_) == 0) {
    leave_stack(scheduler_stack_, fiber.stack);
    if (fiber.is_entered) _longjmp(fiber.jump, 1);
    fiber.is_entered = true;
    fiber.stack.kept = nullptr;
    setcontext(&fiber.context);
  }
  enter_stack(scheduler_stack_, nullptr);
}

void Block::leave() {
  if (_setjmp(running_->jump) == 0) {
    leave_stack(running_->stack, scheduler_stack_);
    _longjmp(scheduler_, 1);
  }
  // The block may be another one by now.
  enter_stack(block->running_->stack, &block->scheduler_stack_);
}

void Block::wait(Rendezvous what) {
  const int own = running_->thread;
  thread_at(own).waits_for = what;
  thread_at(own).fiber = running_;
  ++waiting_;
  leave();
  threadIdx = index_in(blockDim, static_cast<unsigned>(own));
}

std::int64_t Block::meet_all(Rendezvous what, std::int64_t brings) {
  thread_at(running_->thread).brings = static_cast<std::uint64_t>(brings);
  wait(what);
  return sum_;  // all that met read it before they can meet again
}

const std::uint64_t* Block::meet_warp(Rendezvous what, std::uint64_t brings) {
  const int own = running_->thread;
  thread_at(own).brings = brings;
  wait(what);
  return of_lanes_[static_cast<std::size_t>(own / warpSize)].data();
}

void Block::refuse(const std::string& what) const {
  throw std::logic_error("emulated block (" + std::to_string(blockIdx.x) + ", " + std::to_string(blockIdx.y) + ", " +
                         std::to_string(blockIdx.z) + "): " + what);
}

void Block::release(Thread& thread) {
  thread.waits_for = Rendezvous::none;
  --waiting_;
  ready_.push_back(thread.fiber);
}

bool Block::release_warps() {
  bool any = false;
  const int count = static_cast<int>(threads_.size());
  for (int first = 0; first < count; first += warpSize) {
    const Rendezvous what = thread_at(first).waits_for;
    bool all = is_of_warp(what);
    for (int lane = 0; lane < warpSize && all; ++lane)
      all = first + lane < count && thread_at(first + lane).waits_for == what;
    if (!all) continue;
    auto& of_lanes = of_lanes_[static_cast<std::size_t>(first / warpSize)];
    for (int lane = 0; lane < warpSize; ++lane) {
      of_lanes[static_cast<std::size_t>(lane)] = thread_at(first + lane).brings;
      release(thread_at(first + lane));
    }
    any = true;
  }
  return any;
}

bool Block::release_block() {
  Rendezvous what = Rendezvous::none;
  std::int64_t sum = 0;
  for (const Thread& thread : threads_) {
    if (thread.has_ended) continue;
    if (what == Rendezvous::none) what = thread.waits_for;
    if (!is_of_block(what) || thread.waits_for != what) return false;
    sum += static_cast<std::int64_t>(thread.brings);
  }
  sum_ = sum;
  for (const int number : order_)
    if (!thread_at(number).has_ended) release(thread_at(number));
  return true;
}

void Block::prepare(Fiber& fiber) {
  getcontext(&fiber.context);
  fiber.context.uc_stack = {};
  fiber.context.uc_stack.ss_sp = fiber.memory.get();
  fiber.context.uc_stack.ss_size = stack_bytes;
  makecontext(&fiber.context, &Block::enter, 0);
}

Fiber& Block::idle_fiber() {
  if (idle_.empty()) {
    if (spare_fibers.empty()) spare_fibers.push_back(std::make_unique<Fiber>());
    fibers_.push_back(std::move(spare_fibers.back()));
    spare_fibers.pop_back();
    if (!fibers_.back()->is_entered) prepare(*fibers_.back());
    return *fibers_.back();
  }
  Fiber& fiber = *idle_.back();
  idle_.pop_back();
  return fiber;
}

void Block::run() {
  block = this;
  struct
      Away {  // also when a rendezvous is refused: stacks of threads that wait hold nothing to destroy, and begin anew
    Block& own;
    ~Away() {
      for (const Thread& thread : own.threads_)
        if (thread.waits_for != Rendezvous::none) thread.fiber->is_entered = false;
      for (auto& fiber : own.fibers_) spare_fibers.push_back(std::move(fiber));
      block = nullptr;
    }
  } const away{*this};
  for (;;) {
    if (!ready_.empty()) {
      Fiber& next = *ready_.front();
      ready_.pop_front();
      resume(next);
    } else if (begun_ < order_.size()) {
      resume(idle_fiber());
    } else if (waiting_ == 0) {
      return;
    } else if (const bool warps = release_warps(); !warps && !release_block()) {
      refuse("its threads wait for different things, or for a thread that has ended");
    }
  }
}

std::vector<int> thread_order(unsigned threads, unsigned launch) {
  std::vector<int> order(threads);
  std::iota(order.begin(), order.end(), 0);
  if (launch % 3 == 1) std::reverse(order.begin(), order.end());
  if (launch % 3 == 2) std::shuffle(order.begin(), order.end(), std::mt19937(launch));
  return order;
}

}  // namespace

void run_grid(dim3 grid, dim3 threads, std::size_t shared_bytes, const std::function<void()>& thread) {
  const unsigned count = threads.x * threads.y * threads.z;
  if (block != nullptr) throw std::logic_error("a kernel launches another");
  if (count == 0 || count > most_threads || threads.z > 64 || grid.x * grid.y * grid.z == 0 || grid.x > INT32_MAX ||
      grid.y > 65535 || grid.z > 65535 || shared_bytes > most_shared_bytes)
    throw std::logic_error("a launch that CUDA refuses: invalid configuration");
  const unsigned launch = launches++;
  const std::vector<int> order = thread_order(count, launch);
  gridDim = grid, blockDim = threads;
  shared.resize((shared_bytes + 15) / 16 * 2);
  const unsigned blocks = grid.x * grid.y * grid.z;
  for (unsigned i = 0; i < blocks; ++i) {
    blockIdx = index_in(grid, launch % 3 == 1 ? blocks - 1 - i : i);
    std::fill(shared.begin(), shared.end(), ~std::uint64_t{0});
    Block(static_cast<int>(count), thread, order).run();
  }
}

void* shared_memory() {
  return shared.data();
}

std::int64_t meet_block(Rendezvous what, std::int64_t brings) {
  return block->meet_all(what, brings);
}

const std::uint64_t* meet_warp(Rendezvous what, std::uint64_t brings) {
  return block->meet_warp(what, brings);
}

int lane_of_thread() {
  const unsigned thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
  return static_cast<int>(thread % warpSize);
}

}  // namespace fastbox::test
