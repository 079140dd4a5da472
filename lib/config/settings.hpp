// Every value of a run, typed. The defaults are KittiBox's own (docs/model.md).
//
// Plain data: no behaviour, no YAML. schema.cpp binds each member to its key, range and description; run_file.cpp fills
// it. Freely copied; const once loaded.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fastbox::config {

struct DataSettings {
  std::string root;   ///< KITTI's folder: holds training/image_2 and training/label_2
  std::string train;  ///< list of frame names, from the root, else from the run file; empty: see dataset.hpp
  std::string val;
  int workers = 1;                 ///< threads per rank that decode and augment ahead of the step
  std::string cache = "ram";       ///< of decoded frames. ram: in memory; disk: in a file; off: decode every time
  int cache_mib = 2048;            ///< most that a run puts into that cache, per node
  std::string cache_folder;        ///< of disk; empty: see frame_cache.hpp
  std::string on_error = "stop";   ///< a frame that cannot be read: stop, or skip (another takes its place)
  std::int64_t error_limit = 100;  ///< skip: samples replaced over the run; one more ends it
};

struct ModelSettings {
  std::string encoder = "vgg16";    ///< vgg16, vgg16_bn, resnet50, resnet101, googlenet or small
  std::string decoder = "fastbox";  ///< fastbox or center
  int width = 1248, height = 384;   ///< pixels of the network's input; multiples of 32
  double width_multiple = 1.0;      ///< scale of the encoder's channel counts
  int hidden = 500;                 ///< channels of the decoder's hidden layer
  int cell = 8;                     ///< center: pixels of a cell of its grid, 4 or 8
  double dropout = 0.5;
  std::string gains = "kittibox";      ///< constant factors inside the decoder: kittibox, or balanced
  std::string weights;                 ///< file to start from, safetensors or PyTorch's; empty: random
  std::string normalisation = "auto";  ///< of the encoder's input: own, torchvision, or auto: as the weights have it
  std::string batch_norm = "auto";     ///< train, frozen, or auto: frozen where weights are given
  int freeze = 0;                      ///< so many of the encoder's stages are not trained
};

struct TargetSettings {
  std::vector<std::string> positives = {"Car", "Van"};
  std::vector<std::string> ignored;  ///< their cells are masked, as DontCare's are
  std::vector<std::string> classes;  ///< see object_classes.hpp; empty: evaluation.type, of the positives
  /// Of the rectangles that a cell touches: first in label order, or nearest.
  std::string assignment = "first";
  double radius = 1.8;                ///< a cell is positive within so many strides of the centre, in x and in y
  std::string border = "background";  ///< cells touched but not positive: background, or ignore
};

struct AugmentationSettings {
  double flip = 0.5;       ///< probability
  double brightness = 30;  ///< added: uniform in -b..b, of 0..255
  std::vector<double> contrast = {0.75, 1.25};
  std::vector<double> saturation = {1, 1};  ///< KittiBox's level 2: .5 to 1.6
  double hue = 0;                           ///< turns of the colour circle; KittiBox's level 2: .15
  std::string colour = "batch";             ///< one random colour change per batch, or per image
  std::vector<double> scale = {1, 1};       ///< zoom about the frame's centre
  double shift = 0;                         ///< pixels of the network's frame, uniform in -s..s, in x and y
  int paste = 0;                            ///< up to so many objects of other frames are put into each
};

struct LossSettings {
  double confidence = 1.0;
  double box = 0.1;
  double delta_confidence = 0.1;
  double delta_box = 0.003;
  double delta_box_clip = 100;   ///< squared pixels
  double weight_decay = 5e-4;    ///< of the encoder's convolution kernels, within the loss
  std::string score = "centre";  ///< what the center decoder's confidence learns: centre, overlap
  std::string overlap = "giou";  ///< by which its boxes are held against their objects: giou, diou
};

struct TrainSettings {
  std::int64_t samples = 700'000;  ///< 0 where steps are given
  std::int64_t steps = 0;          ///< 0 where samples are given
  int batch = 0;                   ///< images a step over all ranks; 0 where batch_per_rank is given
  int batch_per_rank = 5;
  int micro_batch = 0;       ///< images of one forward and backward pass; 0: all that a rank (or shard) has
  double loss_limit = 1000;  ///< a loss of so many times the recent mean ends the run; 0: none
};

struct OptimizerSettings {
  std::string name = "adam";  ///< adam (TensorFlow's epsilon), adamw, sgd, lars or lamb
  double learning_rate = 1e-5;
  int reference_batch = 5;       ///< the batch for which learning_rate is stated
  std::string scaling = "none";  ///< none, linear or sqrt in batch / reference_batch
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-5;
  double momentum = 0.9;    ///< sgd, lars
  double weight_decay = 0;  ///< adamw, sgd: decoupled; lars, lamb: within the trust ratio; of matrices and kernels
  double trust = 0.001;     ///< lars: its trust coefficient
  double clip_norm = 1.0;   ///< global norm of the averaged gradient; 0: no clip
  std::string schedule = "constant";  ///< constant or cosine
  std::int64_t warmup_samples = 0;
  double average = 0;  ///< decay per step of the parameters' moving average that is evaluated; 0: none
};

struct EvaluationSettings {
  std::int64_t every = 0;               ///< steps; 0 where every_samples is given
  std::int64_t every_samples = 10'000;  ///< 0: only at the end
  std::string suppression = "stitch";   ///< stitch (KittiBox's), standard or soft
  double overlap = 0.35;                ///< IoU above which standard suppression removes a box
  double minimum_score = 0.001;
  bool whole_pixels = true;           ///< cut boxes to integers before everything else, as KittiBox does
  bool mirror = false;                ///< look at the mirrored frame too
  int shifts = 1;                     ///< center: look so often, at the frame moved by half a coarse cell
  double zoom = 1;                    ///< center: look at the frame enlarged so many times too
  double temperature = 1;             ///< a score s is written as sigmoid(logit(s) / temperature)
  std::string type = "Car";           ///< the class that is logged, and that the best checkpoint is best by
  std::vector<std::string> overlaps;  ///< "Name=0.6": what a detection must exceed, in place of the class's own
};

struct CheckpointSettings {
  std::int64_t every = 0;               ///< steps; 0 where every_samples is given
  std::int64_t every_samples = 10'000;  ///< 0: only at the end
  int keep = 10;
};

struct ParallelSettings {
  std::string allreduce = "auto";  ///< auto, mpi, shared, hierarchical or nccl
  std::string wire = "fp32";       ///< what travels between nodes (with mpi: between ranks): fp32 or bf16
  std::string shards = "auto";     ///< auto, off, or the number of shards of every global batch
  double first_bucket_mib = 1;     ///< of the first and last: small, so that little is exposed at either end
  double bucket_mib = 8;
  std::string scheme = "synchronous";  ///< synchronous, pipelined or local
  std::int64_t local_steps = 8;        ///< local: steps between two averagings
  std::int64_t local_after = 0;        ///< local: samples that are trained synchronously before it
  double warn_seconds = 10;            ///< how late a rank may be before it is named; 0: never
  double timeout_seconds = 600;        ///< how late before the job ends with exit code 4; 0: never
  std::int64_t check_every = 1000;     ///< steps between two comparisons of the ranks' parameters; 0: at start only
};

struct RunSettings {
  std::int64_t seed = 1;
  std::string device = "auto";                ///< auto, cpu or cuda
  std::string precision = "fp32";             ///< fp32, fp64 or bf16
  int threads = 0;                            ///< per rank; 0: the node's cores shared out among its ranks
  std::string convolution = "auto";           ///< on a CPU: direct, winograd, or auto (winograd in fp32)
  std::string cuda_graph = "off";             ///< on: a GPU's passes are recorded once and replayed; off
  int log_every = 20;                         ///< steps between progress lines and lines of metrics.jsonl
  double log_seconds = 60;                    ///< a progress line at least so often; 0: by steps alone
  std::int64_t gradient_histograms = 10'000;  ///< samples between two in TensorBoard's events; 0: none
  int detection_pictures = 4;                 ///< frames of each evaluation in TensorBoard's events
  std::string time_limit = "auto";            ///< seconds from the start; auto: until the scheduler ends the job; off
  double stop_margin = 120;                   ///< seconds before that end at which the run saves and stops
};

struct Settings {
  DataSettings data;
  ModelSettings model;
  TargetSettings targets;
  AugmentationSettings augmentation;
  LossSettings loss;
  TrainSettings train;
  OptimizerSettings optimizer;
  EvaluationSettings evaluation;
  CheckpointSettings checkpoint;
  ParallelSettings parallel;
  RunSettings run;
};

}  // namespace fastbox::config
