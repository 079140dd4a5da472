// A grid of CUDA threads on one CPU thread: what a machine without a GPU proves of our kernels' indices and barriers.
//
// Blocks run one after another, a block's threads in turn: each until it waits for others or ends. That proves what a GPU's
// parallel threads would do as far as the kernel waits wherever it must; so that a missing barrier is found, each launch
// has another order of threads and blocks in it (forward, backward, shuffled), and the tests compare bits. Threads that wait
// for different things, or for one that has ended, are an error, where a GPU would hang or do anything.
//
// One thread of the process. Blocks of up to 1024 threads, as CUDA's.
#pragma once

#include <cstddef>
#include <functional>

#include "emulated_gpu/cuda_words.hpp"

namespace fastbox::test {

/// Runs `thread` for each thread of each block. Throws std::logic_error for a shape that CUDA refuses, and for threads that
/// would wait for ever; the launch is then unusable, the process not.
void run_grid(dim3 grid, dim3 block, std::size_t shared_bytes, const std::function<void()>& thread);

/// Of the running block, at 16 bytes; filled with 0xff before each block.
void* shared_memory();

}  // namespace fastbox::test
