// What the trainer asks of every network: its losses on a batch, and what it sees in an image.
//
// One device, one process; used by one thread at a time. A network owns its parameters; those of its encoder are named
// encoder.*. Any two calls with the same arguments give the same numbers.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "models/encoder.hpp"

namespace fastbox::models {

/// What the network should have said, on a grid of gh x gw cells of stride() pixels; C classes. All of the output's
/// floating type and device. Boxes are (dx, dy, w, h): the centre's offset from the cell's centre, and the size, in
/// pixels of the network's input.
struct Targets {
  at::Tensor confidence;  ///< B x gh x gw x C: 0..1
  at::Tensor box;         ///< B x gh x gw x 4; 0 where weight is
  at::Tensor mask;        ///< B x gh x gw x C: 0 where the confidence is not judged, else 1
  at::Tensor weight;      ///< B x gh x gw: of the box in the loss
};

/// Weights of the terms; a network uses those that it has.
struct LossOptions {
  double confidence = 1.0, box = 0.1, delta_confidence = 0.1, delta_box = 0.003;
  double delta_box_clip = 100;  ///< squared pixels
  double weight_decay = 5e-4;
  bool score_is_overlap = false;  ///< what an inner cell's confidence should be: its box's IoU, not the peak's height
  bool box_by_distance = false;   ///< the box is held against its object by DIoU, not GIoU
};

/// What the network says of a batch.
struct Prediction {
  at::Tensor confidence;  ///< B x gh x gw x C: 0..1
  at::Tensor box;         ///< B x gh x gw x 4, as in Targets
};

/// How often an image is looked at; what is predicted is the mean of all looks.
struct Looks {
  bool mirror = false;  ///< each time its mirrored twin as well
  /// Times, 1, 2 or 4: as it is; moved by half a stride of the deep features across and down; across; down. What moves
  /// in from outside is the edge's pixels. More than 1 wants a stride() that divides half of the deep features'.
  int shifts = 1;
  /// Above 1: once more, at the image enlarged so many times (bicubic; its sides multiples of the deep features' stride).
  double zoom = 1;
};

class Network : public torch::nn::Module {
 public:
  /// Pixels of a cell.
  virtual int stride() const = 0;

  /// The terms of the loss, in the order of losses().
  virtual std::vector<std::string> loss_names() const = 0;

  /// Scalars, already weighted; their sum is what is minimised. `rgb`: B x 3 x H x W, 0..255. `dropout_seeds`:
  /// seed_tensor's, one an image; undefined: no dropout. `global_images`: images of the step over all ranks, these among
  /// them: the sum over the ranks of what each computes on its own images is the loss of the global batch.
  virtual std::vector<at::Tensor> losses(const at::Tensor& rgb, const Targets& targets, const at::Tensor& dropout_seeds,
                                         const LossOptions& options, double global_images) = 0;

  /// What the losses are made of; their graph holds every product of the forward pass.
  virtual std::vector<at::Tensor> outputs(const at::Tensor& rgb, const at::Tensor& dropout_seeds) = 0;

  /// The log-odds of the confidences that predict() gives without mirror, before only peaks are kept, with their graph:
  /// B x gh x gw x C. `rgb` as for losses(); where its gradient is asked for, the graph reaches it.
  virtual at::Tensor confidence_logits(const at::Tensor& rgb) = 0;

  /// Time grows with the looks. Throws Error(usage) where the grid cannot be moved.
  Prediction predict(const at::Tensor& rgb, const Looks& looks = {});

  /// Draws all parameters anew, as a function of the seed.
  virtual void initialise(std::uint64_t seed) = 0;

  /// Its 3x3 convolutions by Winograd's algorithm from now on, on a CPU in fp32 and where that is faster.
  void use_winograd();

  const Encoder& encoder() const { return *encoder_; }
  Encoder& encoder() { return *encoder_; }

  /// Name and parameter, of those that are trained, in the order in which the forward pass first uses them: the
  /// encoder's, then the decoder's.
  std::vector<std::pair<std::string, at::Tensor>> parameters_in_forward_order() const;

  /// Name -> tensor of all that a checkpoint holds of the model: parameters, frozen ones too, and running statistics.
  std::map<std::string, at::Tensor> tensors() const;

  /// Name and tensor of the running statistics that training changes.
  std::vector<std::pair<std::string, at::Tensor>> trained_statistics() const;

 protected:
  explicit Network(std::shared_ptr<Encoder> encoder);

  virtual Prediction see(const at::Tensor& rgb) = 0;
  Prediction see_with_twin(const at::Tensor& rgb, bool mirror);
  /// Of the image enlarged looks.zoom times, on the cells of `grid`.
  Prediction see_enlarged(const at::Tensor& rgb, const Looks& looks, const Prediction& grid);

  /// The last step of predict(): what only the joined prediction can tell.
  virtual void settle(Prediction&) const {}

  std::shared_ptr<Encoder> encoder_;
};

/// Has batch normalisation use its running statistics, and leave them, for as long as it lives.
class RunningStatisticsOnly {
 public:
  explicit RunningStatisticsOnly(Network& network);
  ~RunningStatisticsOnly();
  RunningStatisticsOnly(const RunningStatisticsOnly&) = delete;
  RunningStatisticsOnly& operator=(const RunningStatisticsOnly&) = delete;

 private:
  Network& network_;
  bool was_training_;
};

/// Half the sum of the kernels' squares times the decay, shared out among the ranks by images. A scalar.
at::Tensor weight_decay_of(const std::vector<at::Tensor>& kernels, double decay, double images, double global_images,
                           const at::TensorOptions& type);

}  // namespace fastbox::models
