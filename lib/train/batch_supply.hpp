// A run's training batches, one after another, as tensors on the device that computes.
//
// Owns the loader. One thread. On a CPU the loader's workers make the images; on a GPU they hand on frames, which are
// copied while the step before computes, and made into images there (batch_upload.hpp). Both give the same bits.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>

#include "data/loader.hpp"
#include "train/batch_tensors.hpp"

namespace fastbox::train {

class BatchSupply {
 public:
  virtual ~BatchSupply() = default;

  /// This rank's share of the next step, as data::Loader::next() says: it waits, throws and ends likewise. Good until
  /// the next call.
  virtual const data::Batch& next() = 0;

  /// Of the batch that next() gave; nothing where that has no images. To be used before the next call of next(), on a
  /// GPU by work on this thread's current stream.
  virtual std::optional<BatchTensors> tensors() = 0;
};

/// The loader's arguments, and the device and the type of the tensors.
std::unique_ptr<BatchSupply> make_batch_supply(data::Dataset dataset, const config::Settings& settings,
                                               const data::LoaderPlan& plan,
                                               std::shared_ptr<const data::FrameCache> cache,
                                               const at::TensorOptions& options);

}  // namespace fastbox::train
