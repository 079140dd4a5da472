// Pixel shuffle of channels-last maps: LibTorch's values, to the bit, and its gradients.
#include "models/pixel_shuffle.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <catch2/catch.hpp>

#include "models/layers.hpp"

using namespace fastbox;

namespace {

struct Results {
  at::Tensor y, gradient;
};

template <typename Work>
Results run(const Work& shuffle, const at::Tensor& x) {
  const at::Tensor leaf = x.detach().clone().requires_grad_();
  const at::Tensor y = shuffle(leaf);
  auto generator = models::seeded_generator(4);
  y.backward(at::empty(y.sizes()).normal_(0, 1, generator).to(y.scalar_type()));
  return {y.detach(), leaf.grad()};
}

}  // namespace

TEST_CASE("a pixel shuffle and its gradient have the bits of LibTorch's, at any number of threads", "[pixel_shuffle]") {
  const int as_found = at::get_num_threads();
  for (const int threads : {1, 3})
    for (const auto type : {at::kFloat, at::kBFloat16, at::kDouble})
      for (const auto format : {at::MemoryFormat::ChannelsLast, at::MemoryFormat::Contiguous})
        for (const std::vector<std::int64_t>& sizes :
             {std::vector<std::int64_t>{1, 4, 1, 1}, {2, 128, 5, 7}, {3, 12, 9, 4}, {1, 256, 48, 20}}) {
          CAPTURE(threads, type, format, sizes);
          auto generator = models::seeded_generator(3);
          const at::Tensor x = at::empty(sizes).normal_(0, 1, generator).to(type).contiguous(format);
          at::set_num_threads(threads);
          const Results ours = run(models::pixel_shuffle, x);
          at::set_num_threads(as_found);
          const Results theirs = run([](const at::Tensor& maps) { return at::pixel_shuffle(maps, 2); }, x);
          CHECK(at::equal(ours.y, theirs.y));
          CHECK(at::equal(ours.gradient, theirs.gradient));
          CHECK(ours.y.is_contiguous(at::MemoryFormat::ChannelsLast));
        }
}
