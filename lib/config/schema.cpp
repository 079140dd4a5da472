#include "config/schema.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "base/text.hpp"

namespace fastbox::config {
namespace {

/// 2^53 - 1: every integer up to it is exact in JSON, Python and JavaScript readers that hold doubles.
constexpr double largest_integer = 9007199254740991.0;
constexpr double largest_int = std::numeric_limits<int>::max();

/// A Key under construction: `entry(...).at_least(0)` reads as the sentence that it is.
struct Entry : Key {
  Entry(std::string key_name, Member key_member, std::string key_unit, std::string key_description) {
    name = std::move(key_name);
    unit = std::move(key_unit);
    description = std::move(key_description);
    member = key_member;
    if (std::holds_alternative<int& (*)(Settings&)>(member)) range.low = -largest_int, range.high = largest_int;
    if (std::holds_alternative<std::int64_t& (*)(Settings&)>(member))
      range.low = -largest_integer, range.high = largest_integer;
  }
  Entry& at_least(double low) { return range.low = low, *this; }
  Entry& above(double low) { return range.low = low, range.low_open = true, *this; }
  Entry& at_most(double high) { return range.high = high, *this; }
  Entry& below(double high) { return range.high = high, range.high_open = true, *this; }
  Entry& multiple_of(int factor) { return range.multiple = factor, *this; }
  Entry& one_of(std::vector<std::string> words) { return choices = std::move(words), *this; }
  Entry& or_number() { return number_too = true, *this; }
  Entry& is_low_high() { return low_high = true, *this; }
  Entry& is_not_empty() { return not_empty = true, *this; }
  Entry& or_else(std::string other) { return alternative = std::move(other), *this; }
  Entry& either(std::string other) { return alternative = std::move(other), one_required = true, *this; }
  Entry& local() { return of_this_machine = true, *this; }
};

// A macro because the key's name is the member's path: written once, they cannot differ.
#define KEY(path, unit, description) \
  Entry(                             \
      #path, +[](Settings& s) -> decltype(s.path)& { return s.path; }, unit, description)

// clang-format off
std::vector<Key> data_and_model() {
  return {
    KEY(data.root, "", "KITTI's folder, which holds training/image_2 and training/label_2; empty: the environment's FASTBOX_DATA").local(),
    KEY(data.train, "", "List of the frames to train on, found from the root, else from the run file; empty: splits/train.txt, else KittiBox's 7000").local(),
    KEY(data.val, "", "List of the frames to evaluate on; empty: splits/val.txt, else KittiBox's 481").local(),
    KEY(data.workers, "threads per rank", "Threads that decode and augment ahead of the step").at_least(1).at_most(1024).local(),
    KEY(data.cache, "", "Decoded frames, kept once for all ranks of a node. ram: in memory; disk: in a file that later runs find again; off: decoded every time").one_of({"ram", "disk", "off"}).local(),
    KEY(data.cache_mib, "MiB per node", "Most that a run puts into that cache; frames beyond it are decoded every time").at_least(0).local(),
    KEY(data.cache_folder, "", "disk: the folder of those files, best on a disk of the node's own; empty: the environment's FASTBOX_CACHE, else XDG_CACHE_HOME/fastbox, else HOME/.cache/fastbox").local(),
    KEY(data.on_error, "", "A training frame that cannot be read. stop: ends the run; skip: another frame, drawn from (seed, sample), takes its place, and both are named").one_of({"stop", "skip"}).local(),
    KEY(data.error_limit, "samples", "skip: so many may be replaced over a run; one more ends it").at_least(0).local(),

    KEY(model.encoder, "", "vgg16: KittiBox's; vgg16_bn, resnet50, resnet101, googlenet: torchvision's; small: made for a few CPU cores").one_of({"vgg16", "vgg16_bn", "resnet50", "resnet101", "googlenet", "small"}),
    KEY(model.decoder, "", "fastbox: KittiBox's, which looks twice; center: a map of object centres a class, with boxes (docs/model.md)").one_of({"fastbox", "center"}),
    KEY(model.width, "pixels", "Width of the network's input; frames are scaled to it").at_least(32).at_most(8192).multiple_of(32),
    KEY(model.height, "pixels", "Height of the network's input").at_least(32).at_most(8192).multiple_of(32),
    KEY(model.width_multiple, "", "Scale of the encoder's channel counts").above(0).at_most(4),
    KEY(model.hidden, "channels", "Size of the decoder's hidden layer").at_least(1).at_most(65536),
    KEY(model.cell, "pixels", "center: width and height of a cell of its grid, 4 or 8").at_least(4).at_most(8).multiple_of(4),
    KEY(model.dropout, "probability", "Dropout of the decoder's layers while training").at_least(0).below(1),
    KEY(model.gains, "", "Constant factors inside the decoder: kittibox (for pretrained features of values in the hundreds), or balanced (for an encoder that starts at random)").one_of({"kittibox", "balanced"}),
    KEY(model.weights, "", "File that the parameters start from, of safetensors or a PyTorch state_dict, with our names or, for the encoder alone, torchvision's; empty: random"),
    KEY(model.normalisation, "", "Of the encoder's input. own: docs/model.md; torchvision: what torchvision's weights expect; auto: the one that goes with model.weights, own without").one_of({"auto", "own", "torchvision"}),
    KEY(model.batch_norm, "", "Of an encoder that has it. frozen: factors and statistics stay as they are; train: by the images that a rank has in a pass, so not with parallel.shards; auto: frozen where model.weights is given, else train").one_of({"auto", "frozen", "train"}),
    KEY(model.freeze, "stages", "So many of the encoder's stages stay as they are; the stem is the first").at_least(0).at_most(16),
  };
}

std::vector<Key> targets_and_augmentation() {
  return {
    KEY(targets.positives, "", "Types of KITTI labels that are to be detected").is_not_empty(),
    KEY(targets.ignored, "", "Types whose cells are left out of the loss, as DontCare's are"),
    KEY(targets.classes, "", "Classes to tell apart: Name, Name=Label+Label, each with -Label for what it ignores, as [Car=Car+Van, Pedestrian-Person_sitting]; empty: the one class evaluation.type of targets.positives"),
    KEY(targets.assignment, "", "The rectangle that a cell looks at. first: the first in label order that it touches (KittiBox's); nearest: the one whose centre is nearest").one_of({"first", "nearest"}),
    KEY(targets.radius, "strides", "A cell is positive within so much of the rectangle's centre, in x and in y").above(0).at_most(100),
    KEY(targets.border, "", "Cells that a rectangle touches without being positive: background (KittiBox's), or ignore").one_of({"background", "ignore"}),

    KEY(augmentation.flip, "probability", "Mirroring left to right").at_least(0).at_most(1),
    KEY(augmentation.brightness, "of 0..255", "Added to every channel: uniform between minus this and this").at_least(0).at_most(255),
    KEY(augmentation.contrast, "factor", "About each channel's mean, uniform between the two").at_least(0).is_low_high(),
    KEY(augmentation.saturation, "factor", "Uniform between the two; KittiBox's level 2: [0.5, 1.6]").at_least(0).is_low_high(),
    KEY(augmentation.hue, "turns of the colour circle", "Uniform between minus this and this; KittiBox's level 2: 0.15").at_least(0).at_most(0.5),
    KEY(augmentation.colour, "", "One random change of colour per batch (KittiBox's), or per image").one_of({"batch", "image"}),
    KEY(augmentation.scale, "factor", "Zoom about the frame's centre, uniform between the two").above(0).is_low_high(),
    KEY(augmentation.shift, "pixels", "Of the network's input, in x and in y: uniform between minus this and this").at_least(0),
    KEY(augmentation.paste, "objects", "Up to so many unoccluded objects of other frames are put into each frame, of each class as often; wants data.cache").at_least(0).at_most(100),
  };
}

std::vector<Key> loss_and_schedule() {
  return {
    KEY(loss.confidence, "", "Weight of the first confidence's cross entropy").at_least(0),
    KEY(loss.box, "", "Weight of the first box's L1 distance").at_least(0),
    KEY(loss.delta_confidence, "", "Weight of the final confidence's cross entropy").at_least(0),
    KEY(loss.delta_box, "", "Weight of the final box's squared distance").at_least(0),
    KEY(loss.delta_box_clip, "squared pixels", "That distance counts up to this in each coordinate").above(0),
    KEY(loss.weight_decay, "", "Of the encoder's convolution kernels, within the loss as KittiBox has it").at_least(0),
    KEY(loss.score, "", "What the center decoder's confidence learns. centre: one at an object's centre; overlap: about the centre, the IoU of the cell's own box").one_of({"centre", "overlap"}),
    KEY(loss.overlap, "", "What the center decoder's boxes are held against their objects by: the generalised IoU, or the distance IoU").one_of({"giou", "diou"}),

    KEY(train.samples, "images", "Length of the run").at_least(0).either("train.steps"),
    KEY(train.steps, "steps", "Length of the run, in steps").at_least(0).either("train.samples"),
    KEY(train.batch, "images", "Images per step over all ranks").at_least(0).either("train.batch_per_rank"),
    KEY(train.batch_per_rank, "images", "Images per step and rank").at_least(0).either("train.batch"),
    KEY(train.micro_batch, "images", "Of one forward and backward pass, gradients being accumulated: bounds the memory; 0: all that a rank (or one of its shards) has").at_least(0),
    KEY(train.loss_limit, "", "A step's loss of so many times the mean of the last hundred or so ends the run with exit code 5 before it is applied; 0: never").at_least(0),

    KEY(optimizer.name, "", "adam (in TensorFlow's form, which is KittiBox's), adamw, sgd, and for large batches lars or lamb").one_of({"adam", "adamw", "sgd", "lars", "lamb"}),
    KEY(optimizer.learning_rate, "", "For a batch of reference_batch images").above(0),
    KEY(optimizer.reference_batch, "images", "The batch for which learning_rate is stated").at_least(1),
    KEY(optimizer.scaling, "", "How the learning rate grows with batch / reference_batch").one_of({"none", "linear", "sqrt"}),
    KEY(optimizer.beta1, "per step", "adam, adamw, lamb: decay of the gradient's mean").at_least(0).below(1),
    KEY(optimizer.beta2, "per step", "adam, adamw, lamb: decay of the squared gradient's mean").at_least(0).below(1),
    KEY(optimizer.epsilon, "", "adam, adamw, lamb: added to the root of the squared gradient's mean").above(0),
    KEY(optimizer.momentum, "per step", "sgd, lars: decay of the velocity").at_least(0).below(1),
    KEY(optimizer.weight_decay, "", "Of matrices and kernels. adamw, sgd: decoupled; lars, lamb: part of the update that the trust ratio scales").at_least(0),
    KEY(optimizer.trust, "", "lars: a layer's step is this times its weights' norm over its gradient's").above(0),
    KEY(optimizer.clip_norm, "", "The averaged gradient is scaled down to this global norm; 0: never").at_least(0),
    KEY(optimizer.schedule, "", "The learning rate over the run: constant, or cosine down to 0").one_of({"constant", "cosine"}),
    KEY(optimizer.warmup_samples, "images", "The learning rate rises linearly over so many at the start").at_least(0),
    KEY(optimizer.average, "per step", "Decay of the parameters' moving average, which is then what is evaluated; 0: none").at_least(0).below(1),
  };
}

std::vector<Key> around_the_loop() {
  return {
    KEY(evaluation.every, "steps", "Between evaluations; 0: only at the end").at_least(0).or_else("evaluation.every_samples"),
    KEY(evaluation.every_samples, "images", "Between evaluations; 0: only at the end").at_least(0).or_else("evaluation.every"),
    KEY(evaluation.suppression, "", "Of overlapping boxes. stitch: KittiBox's; standard: greedy by score; soft: an overlapped box's score falls (Soft-NMS)").one_of({"stitch", "standard", "soft"}),
    KEY(evaluation.overlap, "IoU", "Above it, standard suppression removes the box of lower score, and stitch takes two boxes for one object").at_least(0).at_most(1),
    KEY(evaluation.minimum_score, "", "Boxes below it are not written").at_least(0).at_most(1),
    KEY(evaluation.whole_pixels, "", "Cut boxes to integers before everything else, as KittiBox does"),
    KEY(evaluation.mirror, "", "Look at the mirrored frame too, and take the mean: twice the time"),
    KEY(evaluation.shifts, "looks", "center: look so often, each time at the frame moved by 16 pixels another way, and take the mean; with mirror each time twice").at_least(1).at_most(4),
    KEY(evaluation.zoom, "", "center: above 1, look at the frame enlarged so many times too, and take the mean; with mirror twice").at_least(1).at_most(4),
    KEY(evaluation.temperature, "", "A score s is written as sigmoid(logit(s) / temperature), which keeps the order of scores and so AP; `fastbox eval --calibration` finds it").above(0),
    KEY(evaluation.type, "", "The class that is written and evaluated; with targets.classes: that is logged, and that the best checkpoint is best by").is_not_empty(),
    KEY(evaluation.overlaps, "", "The IoU that a detection must exceed to find an object, by class, as [Bus=0.6]; else KITTI's .7 for Car, .5 for Pedestrian and Cyclist, and .5 for any other class"),

    KEY(checkpoint.every, "steps", "Between checkpoints; 0: only at the end").at_least(0).or_else("checkpoint.every_samples"),
    KEY(checkpoint.every_samples, "images", "Between checkpoints; 0: only at the end").at_least(0).or_else("checkpoint.every"),
    KEY(checkpoint.keep, "checkpoints", "The latest so many stay").at_least(1),

    KEY(parallel.allreduce, "", "How gradients are averaged. auto: the fastest that the machine allows; mpi: MPI's own; shared: in memory that the ranks of one node share; hierarchical: that within each node, an ordered sum between them; nccl: GPU to GPU").one_of({"auto", "mpi", "shared", "hierarchical", "nccl"}),
    KEY(parallel.wire, "", "What travels between nodes (with mpi: between ranks). bf16: half the bytes, rounded once, the rest carried over to the next step").one_of({"fp32", "bf16"}),
    KEY(parallel.shards, "", "Every global batch is split into so many shards, summed over one fixed tree: the same bits at any number of ranks that divides it. auto: on the CPU the batch's largest divisor up to 12 where the ranks divide that, else off; off: one share per rank, the fastest").one_of({"auto", "off"}).or_number().at_least(1).at_most(4096),
    KEY(parallel.first_bucket_mib, "MiB", "Size of the first and the last bucket of gradients; small, so that the exchange starts early and ends soon").above(0),
    KEY(parallel.bucket_mib, "MiB", "Size of the other buckets").above(0),
    KEY(parallel.scheme, "", "synchronous: every step waits for its own average; pipelined: it applies the previous step's while its own travels; local: parameters are averaged every local_steps steps").one_of({"synchronous", "pipelined", "local"}),
    KEY(parallel.local_steps, "steps", "local: between two averagings of the parameters").at_least(1),
    KEY(parallel.local_after, "images", "local: so many are trained synchronously first").at_least(0),
    KEY(parallel.warn_seconds, "seconds", "A rank that is so late is named, with what it did last; 0: never").at_least(0),
    KEY(parallel.timeout_seconds, "seconds", "A rank that is so late ends the job with exit code 4; 0: never").at_least(0),
    KEY(parallel.check_every, "steps", "Between two comparisons of the ranks' parameters; 0: at the start only").at_least(0),

    KEY(run.seed, "", "Of every random number of the run").at_least(0),
    KEY(run.device, "", "auto: a GPU where there is one").one_of({"auto", "cpu", "cuda"}),
    KEY(run.precision, "", "Of parameters and arithmetic. bf16: convolutions and matrix products in bf16, parameters, sums and updates in fp32; refused where the CPU has no such instructions").one_of({"fp32", "fp64", "bf16"}),
    KEY(run.threads, "threads per rank", "For the arithmetic; 0: the node's cores shared out among its ranks").at_least(0).at_most(4096),
    KEY(run.convolution, "", "On a CPU. winograd: 3x3 convolutions of stride 1 with a quarter of the multiplications and about twice the rounding error, where that is faster; for fp32 alone. direct: oneDNN's. auto: winograd in fp32. On a GPU cuDNN chooses").one_of({"auto", "direct", "winograd"}),
    KEY(run.cuda_graph, "", "on: a GPU's forward and backward of a full batch are recorded once and then queued as one CUDA graph, which spares the launches of their kernels; gradients are exchanged after it, in one bucket, not beside it. Not with another parallel.scheme than synchronous, a number for parallel.shards, or train.micro_batch").one_of({"off", "on"}),
    KEY(run.log_every, "steps", "Between progress lines, and between lines of metrics.jsonl").at_least(1),
    KEY(run.log_seconds, "seconds", "A progress line at least so often, where steps are long; 0: by run.log_every alone").at_least(0),
    KEY(run.gradient_histograms, "images", "Between histograms of the averaged gradient, one a tensor, in TensorBoard's events; 0: none").at_least(0).local(),
    KEY(run.detection_pictures, "frames", "So many of the first, with detections and labels drawn, go into TensorBoard's events at each evaluation; 0: none").at_least(0).at_most(1000).local(),
    KEY(run.time_limit, "seconds", "The run saves and ends with exit code 75 before so much time has passed since it started. auto: before its job ends, where Slurm or the job script tells when; off: never").one_of({"auto", "off"}).or_number().at_least(1),
    KEY(run.stop_margin, "seconds", "So much before that time; a step and a checkpoint must fit").at_least(0),
  };
}
// clang-format on
#undef KEY

std::vector<Key> all_keys() {
  std::vector<Key> all;
  for (auto part : {data_and_model, targets_and_augmentation, loss_and_schedule, around_the_loop})
    for (auto& key : part()) all.push_back(std::move(key));
  return all;
}

std::string integer_text(double value) {
  return std::to_string(static_cast<std::int64_t>(value));
}

/// The leaf of the group's key that is spelt nearest, or "".
std::string nearest_leaf(std::string_view group, std::string_view leaf) {
  std::vector<std::string> leaves;
  for (const auto& key : keys())
    if (key.group() == group) leaves.emplace_back(key.leaf());
  return nearest_word(leaf, leaves);
}

/// The only key whose last part is `leaf`, or "".
std::string only_key_with_leaf(std::string_view leaf) {
  std::string found;
  for (const auto& key : keys()) {
    if (key.leaf() != leaf) continue;
    if (!found.empty()) return "";
    found = key.name;
  }
  return found;
}

}  // namespace

bool Range::contains(double value) const {
  if (value < low || (low_open && value <= low)) return false;
  if (value > high || (high_open && value >= high)) return false;
  return multiple == 1 || std::fmod(value, multiple) == 0;
}

std::string Range::text() const {
  // Bounds that only say what the type can hold are no news to a reader.
  const bool has_low = low > -largest_int;
  const bool has_high = high < largest_int;
  const auto number = [](double value) {
    return value == std::floor(value) && std::abs(value) < 1e15 ? integer_text(value) : shortest(value);
  };
  if (has_low && has_high && !low_open && !high_open) return concat("from ", number(low), " to ", number(high));
  std::string words;
  if (has_low) words += (low_open ? "above " : "at least ") + number(low);
  if (has_low && has_high) words += " and ";
  if (has_high) words += (high_open ? "below " : "at most ") + number(high);
  return words;
}

std::string_view Key::group() const {
  return std::string_view(name).substr(0, name.find('.'));
}
std::string_view Key::leaf() const {
  return std::string_view(name).substr(name.find('.') + 1);
}

const std::vector<Key>& keys() {
  static const std::vector<Key> all = all_keys();
  return all;
}

const Key* find_key(std::string_view name) {
  const auto found = std::find_if(keys().begin(), keys().end(), [&](const Key& key) { return key.name == name; });
  return found == keys().end() ? nullptr : &*found;
}

const std::vector<std::string>& groups() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> names;
    for (const auto& key : keys())
      if (names.empty() || names.back() != key.group()) names.emplace_back(key.group());
    return names;
  }();
  return all;
}

std::string_view group_description(std::string_view group) {
  static const std::vector<std::pair<std::string_view, std::string_view>> all = {
      {"data", "Where the frames are, and how they are read"},
      {"model", "The network"},
      {"targets", "From labels to what each cell of the grid is to say"},
      {"augmentation", "Random changes to a frame before it is trained on"},
      {"loss", "Weights of the loss's terms"},
      {"train", "Length of the run and size of a step"},
      {"optimizer", "From gradients to new parameters"},
      {"evaluation", "Decoding of the network's output, and when to measure"},
      {"checkpoint", "When to save"},
      {"parallel", "Averaging of gradients over ranks"},
      {"run", "The process: seed, device, threads"},
  };
  for (const auto& [name, description] : all)
    if (name == group) return description;
  return "";
}

std::string suggested_name(std::string_view name) {
  const auto dot = name.find('.');
  if (dot == std::string_view::npos) {
    if (auto key = only_key_with_leaf(name); !key.empty()) return key;
    auto candidates = groups();
    candidates.emplace_back("base");
    return nearest_word(name, candidates);
  }
  const std::string group = nearest_word(name.substr(0, dot), groups());
  const std::string_view leaf = name.substr(dot + 1);
  if (const auto near = nearest_leaf(group, leaf); !near.empty()) return concat(group, '.', near);
  return only_key_with_leaf(leaf);
}

bool takes_list(const Key& key) {
  return std::holds_alternative<std::vector<std::string>& (*)(Settings&)>(key.member) ||
         std::holds_alternative<std::vector<double>& (*)(Settings&)>(key.member);
}

std::int64_t integer_value(const Key& key, const Settings& settings) {
  auto& readable = const_cast<Settings&>(settings);  // the accessors serve writing too; nothing is written here
  if (const auto* access = std::get_if<int& (*)(Settings&)>(&key.member)) return (*access)(readable);
  if (const auto* access = std::get_if<std::int64_t& (*)(Settings&)>(&key.member)) return (*access)(readable);
  throw std::logic_error(key.name + " is no integer");
}

void set_to_zero(const Key& key, Settings& settings) {
  if (const auto* access = std::get_if<int& (*)(Settings&)>(&key.member))
    (*access)(settings) = 0;
  else if (const auto* wide = std::get_if<std::int64_t& (*)(Settings&)>(&key.member))
    (*wide)(settings) = 0;
  else
    throw std::logic_error(key.name + " is no integer");
}

}  // namespace fastbox::config
