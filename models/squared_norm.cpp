#include "models/squared_norm.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/library.h>

#include <algorithm>
#include <vector>

#include "models/block_sum.hpp"
#include "models/parallel.hpp"

namespace fastbox::models {
namespace {

/// squares[b]: of the tensor's block b.
template <typename Number>
void block_squares(const at::Tensor& tensor, double* squares) {
  constexpr std::int64_t blocks_per_task = 8;
  const Number* const values = tensor.const_data_ptr<Number>();
  const std::int64_t count = tensor.numel();
  parallel_for(0, blocks_of_squares(count), blocks_per_task, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t block = begin; block < end; ++block) {
      const Number* const first = values + block * squares_of_block;
      squares[block] = block_sum(std::min(squares_of_block, count - block * squares_of_block), [&](std::int64_t i) {
        const double value = first[i];
        return value * value;
      });
    }
  });
}

at::Tensor half_squared_norm_cpu(at::TensorList tensors) {
  std::vector<std::int64_t> begins = {0};
  for (const at::Tensor& tensor : tensors) begins.push_back(begins.back() + blocks_of_squares(tensor.numel()));
  std::vector<double> squares(static_cast<std::size_t>(begins.back()));
  const at::Tensor result = at::empty({}, tensors[0].options());
  AT_DISPATCH_FLOATING_TYPES(tensors[0].scalar_type(), "half_squared_norm", [&] {
    for (std::size_t i = 0; i < tensors.size(); ++i) block_squares<scalar_t>(tensors[i], squares.data() + begins[i]);
    const double sum =
        block_sum(begins.back(), [&](std::int64_t block) { return squares[static_cast<std::size_t>(block)]; });
    *result.mutable_data_ptr<scalar_t>() = static_cast<scalar_t>(0.5 * sum);
  });
  return result;
}

at::Tensor call(at::TensorList tensors) {
  static const auto handle = c10::Dispatcher::singleton()
                                 .findSchemaOrThrow("fastbox::half_squared_norm", "")
                                 .typed<at::Tensor(at::TensorList)>();
  return handle.call(tensors);
}

struct HalfSquaredNorm : torch::autograd::Function<HalfSquaredNorm> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::TensorList& tensors) {
    context->save_for_backward(tensors.vec());
    const at::AutoDispatchBelowADInplaceOrView plain_tensors;
    std::vector<at::Tensor> dense;
    for (const at::Tensor& tensor : tensors)
      dense.push_back(tensor.is_non_overlapping_and_dense() ? tensor : tensor.contiguous());
    return call(dense);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& incoming) {
    const auto tensors = context->get_saved_variables();
    // Frozen ones have no gradient.
    std::vector<at::Tensor> wanted;
    for (std::size_t i = 0; i < tensors.size(); ++i)
      if (context->needs_input_grad(i)) wanted.push_back(tensors[i]);
    torch::autograd::variable_list gradients(tensors.size());
    if (wanted.empty()) return gradients;
    const auto products = at::_foreach_mul(wanted, incoming[0]);
    auto next = products.begin();
    for (std::size_t i = 0; i < tensors.size(); ++i)
      if (context->needs_input_grad(i)) gradients[i] = *next++;
    return gradients;
  }
};

bool has_kernel(at::TensorList tensors) {
  const at::ScalarType type = tensors[0].scalar_type();
  return (type == at::kFloat || type == at::kDouble) && !torch::jit::tracer::isTracing() &&
         std::all_of(tensors.begin(), tensors.end(), [&](const at::Tensor& one) { return one.scalar_type() == type; });
}

}  // namespace

at::Tensor half_squared_norm(at::TensorList tensors) {
  return has_kernel(tensors) ? HalfSquaredNorm::apply(tensors) : plain_half_squared_norm(tensors);
}

at::Tensor plain_half_squared_norm(at::TensorList tensors) {
  at::Tensor sum = at::zeros({}, tensors[0].options().requires_grad(false));
  for (const at::Tensor& tensor : tensors) sum = sum + 0.5 * tensor.square().sum();
  return sum;
}

}  // namespace fastbox::models

TORCH_LIBRARY_FRAGMENT(fastbox, library) {
  library.def("half_squared_norm(Tensor[] tensors) -> Tensor");
}

TORCH_LIBRARY_IMPL(fastbox, CPU, library) {
  library.impl("half_squared_norm", &fastbox::models::half_squared_norm_cpu);
}
