#include "config/contradictions.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/error.hpp"
#include "base/text.hpp"

namespace fastbox::config {
namespace {

constexpr std::array<std::string_view, 4> with_batch_norm = {"vgg16_bn", "resnet50", "resnet101", "googlenet"};

void of_model(const Settings& s, std::vector<Contradiction>& found) {
  const bool is_center = s.model.decoder == "center";
  const int group = s.model.cell == 4 ? 16 : 8;  // channels of a normalisation, twice where the maps are halved
  if (is_center && s.model.hidden % group != 0)
    found.push_back({"model.hidden", "model.decoder",
                     concat("model.hidden: ", s.model.hidden, ", expected a multiple of ", group,
                            " for model.decoder center with cells of ", s.model.cell, " pixels")});
  if (!is_center && s.evaluation.shifts > 1)
    found.push_back({"evaluation.shifts", "model.decoder",
                     concat("evaluation.shifts: ", s.evaluation.shifts, " with model.decoder ", s.model.decoder,
                            ", whose cells are too wide to be moved; expected 1, or model.decoder center")});
  if (!is_center && s.evaluation.zoom > 1)
    found.push_back({"evaluation.zoom", "model.decoder",
                     concat("evaluation.zoom: ", s.evaluation.zoom, " with model.decoder ", s.model.decoder,
                            ", between whose wide cells nothing is linear; expected 1, or model.decoder center")});
}

void of_shards(const Settings& s, std::vector<Contradiction>& found) {
  const auto& parallel = s.parallel;
  if (parallel.shards == "auto" || parallel.shards == "off") return;
  const auto refuse = [&](const char* other, const std::string& why) {
    found.push_back({"parallel.shards", other, why});
  };
  if (parallel.allreduce == "mpi" || parallel.allreduce == "nccl")
    refuse(
        "parallel.allreduce",
        concat("parallel.allreduce: ", parallel.allreduce,
               " cannot keep the order of additions that parallel.shards asks for; choose shared or hierarchical, or "
               "set parallel.shards to off"));
  if (parallel.wire == "bf16")
    refuse("parallel.wire",
           "parallel.wire: bf16 rounds what each node sends, so the result depends on the number of nodes, which "
           "parallel.shards rules out; choose fp32, or set parallel.shards to off");
  if (parallel.scheme == "local")
    refuse("parallel.scheme",
           "parallel.shards: the scheme local depends on the number of ranks; choose another parallel.scheme, or set "
           "parallel.shards to off");
}

void of_exchange(const Settings& s, std::vector<Contradiction>& found) {
  if (s.parallel.wire != "bf16") return;
  if (s.parallel.allreduce == "nccl")
    found.push_back({"parallel.wire", "parallel.allreduce",
                     "parallel.wire: bf16 needs sums of our own, and nccl makes its own; choose fp32, or mpi"});
  if (s.run.precision == "fp64")
    found.push_back({"parallel.wire", "run.precision", "parallel.wire: bf16 needs run.precision fp32"});
}

void of_batch_norm(const Settings& s, std::vector<Contradiction>& found) {
  const bool is_trained = has_batch_norm(s.model.encoder) &&
                          (s.model.batch_norm == "train" || (s.model.batch_norm == "auto" && s.model.weights.empty()));
  if (!is_trained) return;
  if (s.parallel.shards != "auto" && s.parallel.shards != "off")
    found.push_back({"parallel.shards", "model.batch_norm",
                     concat("parallel.shards: ", s.parallel.shards,
                            ", but batch normalisation that is trained depends on the images of a pass, and so on the "
                            "number of ranks; expected auto or off, or set model.batch_norm to frozen")});
  if (s.parallel.scheme == "pipelined")
    found.push_back(
        {"parallel.scheme", "model.batch_norm",
         "parallel.scheme: pipelined, but the statistics of batch normalisation are averaged in every step; "
         "expected synchronous or local, or set model.batch_norm to frozen"});
}

/// The recorded pass is a rank's only one in a step, and every step is the same work.
void of_graph(const Settings& s, std::vector<Contradiction>& found) {
  if (s.run.cuda_graph != "on") return;
  const auto refuse = [&](const char* other, const std::string& value, const std::string& expected) {
    found.push_back({"run.cuda_graph", other,
                     concat("run.cuda_graph: on, but ", other, ": ", value,
                            " makes a step more than one pass that is always the same; expected ", expected,
                            ", or run.cuda_graph off")});
  };
  if (s.parallel.scheme != "synchronous") refuse("parallel.scheme", s.parallel.scheme, "synchronous");
  if (s.parallel.shards != "auto" && s.parallel.shards != "off")
    refuse("parallel.shards", s.parallel.shards, "auto or off");
  if (s.train.micro_batch > 0) refuse("train.micro_batch", std::to_string(s.train.micro_batch), "0");
}

void of_convolution(const Settings& s, std::vector<Contradiction>& found) {
  if (s.run.convolution == "winograd" && s.run.precision != "fp32")
    found.push_back({"run.convolution", "run.precision",
                     concat("run.convolution: winograd is made for fp32, and run.precision is ", s.run.precision,
                            "; expected auto or direct, or run.precision fp32")});
}

}  // namespace

bool has_batch_norm(const std::string& encoder) {
  return std::ranges::find(with_batch_norm, encoder) != with_batch_norm.end();
}

std::vector<Contradiction> contradictions(const Settings& settings) {
  std::vector<Contradiction> found;
  of_model(settings, found);
  of_shards(settings, found);
  of_exchange(settings, found);
  of_batch_norm(settings, found);
  of_convolution(settings, found);
  of_graph(settings, found);
  return found;
}

}  // namespace fastbox::config
