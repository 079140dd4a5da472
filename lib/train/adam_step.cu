// The GPU's twin of adam_step.cpp. Same formulas, same order of operations.

#include <ATen/ATen.h>
#include <ATen/Dispatch.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/library.h>

namespace {

template <typename Number>
__global__ void adam_step_kernel(Number* w, const Number* g, Number* m, Number* v, std::int64_t count, Number step_size,
                                 Number b1, Number b2, Number c1, Number c2, Number epsilon, Number scale) {
  const std::int64_t stride = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += stride) {
    const Number scaled = g[i] * scale;
    m[i] = b1 * m[i] + c1 * scaled;
    v[i] = b2 * v[i] + c2 * scaled * scaled;
    w[i] -= step_size * m[i] / (sqrt(v[i]) + epsilon);
  }
}

void adam_step_cuda(at::Tensor& parameters, const at::Tensor& gradient, at::Tensor& m, at::Tensor& v, double step_size,
                    double beta1, double beta2, double epsilon, double gradient_scale) {
  const c10::cuda::CUDAGuard guard(parameters.device());
  const std::int64_t count = parameters.numel();
  if (count == 0) return;
  constexpr int threads = 256;
  const auto blocks = static_cast<unsigned>(std::min<std::int64_t>((count + threads - 1) / threads, 4096));
  AT_DISPATCH_FLOATING_TYPES(parameters.scalar_type(), "adam_step", [&] {
    adam_step_kernel<scalar_t><<<blocks, threads, 0, c10::cuda::getCurrentCUDAStream()>>>(
        parameters.data_ptr<scalar_t>(), gradient.const_data_ptr<scalar_t>(), m.data_ptr<scalar_t>(),
        v.data_ptr<scalar_t>(), count, static_cast<scalar_t>(step_size), static_cast<scalar_t>(beta1),
        static_cast<scalar_t>(beta2), static_cast<scalar_t>(1 - beta1), static_cast<scalar_t>(1 - beta2),
        static_cast<scalar_t>(epsilon), static_cast<scalar_t>(gradient_scale));
  });
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

}  // namespace

TORCH_LIBRARY_IMPL(fastbox, CUDA, library) {
  library.impl("adam_step", &adam_step_cuda);
}
