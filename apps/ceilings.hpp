// What this machine can do at best, as LibTorch meets it: matrix products, memory, and single convolutions.
//
// Timed when called, on the calling thread with at::get_num_threads() threads or on the device. Nothing else should run.
#pragma once

#include <c10/core/Device.h>

#include <functional>

#include "operator_log.hpp"

namespace fastbox::apps {

/// The fastest of as many runs of `work` as fit into `seconds`, at least three, after one that is not counted.
double fastest_seconds(c10::Device device, double seconds, const std::function<void()>& work);

struct Ceilings {
  double fp32 = 0,
         bf16 = 0;  ///< floating-point operations a second, of the fastest square matrix product; bf16 0: not asked for
  double bytes_per_second = 0;  ///< read and written by a copy that no cache holds
};

Ceilings measure_ceilings(c10::Device device, bool with_bf16, double seconds);

/// One call of a convolution.
struct ConvolutionCost {
  std::string shape;   ///< "3x3 /2 48>96 8x24x80": kernel, stride, channels, images x output rows x columns
  double flops = 0;    ///< multiplications and additions
  double bytes = 0;    ///< of all tensors that it reads and writes, once
  double seconds = 0;  ///< alone, fastest

  /// The least time that the ceilings allow.
  double bound(const Ceilings& ceilings, bool is_bf16) const;
};

/// Runs the call again, with noise.
ConvolutionCost time_convolution(const ConvolutionCall& call, c10::Device device, double seconds);

bool is_bf16(const ConvolutionCall& call);

}  // namespace fastbox::apps
