// How long work takes on a GPU, for choices between two ways of doing the same.
//
// Part of the CUDA plugin. C++17. Called by the thread that runs the network, with the GPU current.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

namespace fastbox::models {

/// The GPU's time for a few calls after a first one, on the current stream, which is waited for.
float milliseconds(const std::function<at::Tensor()>& work);

/// Whether the current stream is being recorded as a graph, when nothing can be timed.
bool is_captured();

}  // namespace fastbox::models
