// From the data room's plain memory to tensors of the run's device and type.
//
// Thread-safe: no state. On the CPU in float32 the tensors are views of the batch: they are good as long as it is.
#pragma once

#include <ATen/core/Tensor.h>

#include "data/batch.hpp"
#include "data/frame_reader.hpp"
#include "models/loss.hpp"

namespace fastbox::train {

struct BatchTensors {
  at::Tensor image;  ///< B x 3 x H x W in channels-last order
  models::Targets targets;
};

/// Requires a batch of at least one image.
BatchTensors to_tensors(const data::Batch& batch, const at::TensorOptions& options);

/// 1 x 3 x H x W in channels-last order.
at::Tensor to_tensor(const data::EvaluationFrame& frame, int width, int height, const at::TensorOptions& options);

}  // namespace fastbox::train
