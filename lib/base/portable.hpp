// Functions that a CPU and a GPU compile from the same source.
//
// A kernel of ours is a function of one output element: the CPU's twin calls it in a loop, the CUDA plugin's twin in a grid
// (each_index.cuh), so what a machine without a GPU tests is what a GPU runs. Such functions are C++17, call no library
// but <cmath>'s overloads, and own no memory.
#pragma once

#if defined(__CUDACC__)
#define FASTBOX_PORTABLE __host__ __device__ inline
#else
#define FASTBOX_PORTABLE inline
#endif
