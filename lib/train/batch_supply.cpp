#include "train/batch_supply.hpp"

#include <utility>

#include "train/batch_upload.hpp"

namespace fastbox::train {
namespace {

/// Views of what the loader has made.
class HostBatches : public BatchSupply {
 public:
  HostBatches(data::Dataset dataset, const config::Settings& settings, const data::LoaderPlan& plan,
              std::shared_ptr<const data::FrameCache> cache, const at::TensorOptions& options)
      : options_(options), loader_(std::move(dataset), settings, plan, std::move(cache)) {}

  const data::Batch& next() override { return *(batch_ = &loader_.next()); }

  std::optional<BatchTensors> tensors() override {
    if (batch_->images == 0) return std::nullopt;
    return to_tensors(*batch_, options_);
  }

 private:
  at::TensorOptions options_;
  data::Loader loader_;
  const data::Batch* batch_ = nullptr;
};

}  // namespace

std::unique_ptr<BatchSupply> make_batch_supply(data::Dataset dataset, const config::Settings& settings,
                                               const data::LoaderPlan& plan,
                                               std::shared_ptr<const data::FrameCache> cache,
                                               const at::TensorOptions& options) {
  if (options.device().is_cpu())
    return std::make_unique<HostBatches>(std::move(dataset), settings, plan, std::move(cache), options);
  return std::make_unique<BatchUpload>(std::move(dataset), settings, plan, std::move(cache), options);
}

}  // namespace fastbox::train
