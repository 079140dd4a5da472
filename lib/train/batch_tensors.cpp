#include "train/batch_tensors.hpp"

#include <ATen/ATen.h>

namespace fastbox::train {
namespace {

/// A view of memory that the caller keeps; torch has no read-only tensors, and nothing here writes to it.
at::Tensor view(const std::vector<float>& values, at::IntArrayRef shape, const at::TensorOptions& options) {
  return at::from_blob(const_cast<float*>(values.data()), shape, at::kFloat).to(options);
}

}  // namespace

BatchTensors to_tensors(const data::Batch& batch, const at::TensorOptions& options) {
  const std::int64_t b = batch.images, rows = batch.grid.rows, columns = batch.grid.columns, c = batch.grid.classes;
  return {view(batch.image, {b, batch.height, batch.width, 3}, options).permute({0, 3, 1, 2}),
          {view(batch.confidence, {b, rows, columns, c}, options), view(batch.box, {b, rows, columns, 4}, options),
           view(batch.mask, {b, rows, columns, c}, options), view(batch.weight, {b, rows, columns}, options)}};
}

at::Tensor to_tensor(const data::EvaluationFrame& frame, int width, int height, const at::TensorOptions& options) {
  return view(frame.image, {1, height, width, 3}, options).permute({0, 3, 1, 2});
}

}  // namespace fastbox::train
