#include "train/layerwise_step.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "models/parallel.hpp"
#include "train/adam_step.hpp"

namespace fastbox::train {
namespace {

constexpr std::int64_t chunk = 4096;      // elements whose squares are summed together, whatever the threads
constexpr std::int64_t chunks_grain = 8;  // chunks a thread takes at least
constexpr std::int64_t grain = 1 << 15;   // elements a thread takes at least

struct SquaredNorms {
  double weights = 0, step = 0;
};

/// Calls `body` for each chunk of [0, count), in parallel, and adds up what it returns in the chunks' order.
template <typename Body>
SquaredNorms sum_over_chunks(std::int64_t count, const Body& body) {
  const std::int64_t chunks = (count + chunk - 1) / chunk;
  std::vector<SquaredNorms> partial(static_cast<std::size_t>(chunks));
  models::parallel_for(0, chunks, chunks_grain, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t c = first; c < last; ++c)
      partial[static_cast<std::size_t>(c)] = body(c * chunk, std::min(count, (c + 1) * chunk));
  });
  SquaredNorms sum;
  for (const SquaredNorms& part : partial) sum.weights += part.weights, sum.step += part.step;
  return sum;
}

template <typename Number>
double squared_norm(const Number* x, std::int64_t count) {
  constexpr std::int64_t lanes = 8;  // independent sums, so that one addition need not wait for the last
  std::array<double, lanes> sums{};
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    for (std::int64_t lane = 0; lane < lanes; ++lane) {
      const auto value = static_cast<double>(x[i + lane]);
      sums[static_cast<std::size_t>(lane)] += value * value;
    }
  }
  double total = 0;
  for (const double sum : sums) total += sum;
  for (; i < count; ++i) total += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return total;
}

double lars_local_rate(const LarsFactors& f, double weights_norm, double gradient_norm) {
  if (weights_norm == 0 || gradient_norm == 0) return 1;
  return f.trust * weights_norm / (gradient_norm + f.weight_decay * weights_norm);
}

template <typename Number>
void lars_layer(Number* w, const Number* g, Number* v, const Layer& layer, const LarsFactors& f) {
  double rate = f.learning_rate;
  if (layer.is_matrix) {
    const SquaredNorms norms = sum_over_chunks(layer.count, [&](std::int64_t begin, std::int64_t end) {
      return SquaredNorms{squared_norm(w + begin, end - begin), squared_norm(g + begin, end - begin)};
    });
    rate *= lars_local_rate(f, std::sqrt(norms.weights), f.gradient_scale * std::sqrt(norms.step));
  }
  const auto momentum = static_cast<Number>(f.momentum), of_gradient = static_cast<Number>(rate * f.gradient_scale);
  const auto of_weights = static_cast<Number>(layer.is_matrix ? rate * f.weight_decay : 0);
  models::parallel_for(0, layer.count, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      v[i] = momentum * v[i] + (of_gradient * g[i] + of_weights * w[i]);
      w[i] -= v[i];
    }
  });
}

/// Pointers to one layer's stretches.
template <typename Number>
struct LambLayer {
  Number* w;
  const Number* g;
  Number *m, *v, *u;
  std::int64_t count;
};

template <typename Number>
void lamb_matrix(const LambLayer<Number>& layer, const LambFactors& f, double correction1, double correction2) {
  const auto [w, g, m, v, u, count] = layer;
  const auto b1 = static_cast<Number>(f.beta1), b2 = static_cast<Number>(f.beta2);
  const auto c1 = static_cast<Number>(1 - f.beta1), c2 = static_cast<Number>(1 - f.beta2);
  const auto of_m = static_cast<Number>(1 / correction1), of_v = static_cast<Number>(1 / correction2);
  const auto epsilon = static_cast<Number>(f.epsilon), decay = static_cast<Number>(f.weight_decay);
  const auto scale = static_cast<Number>(f.gradient_scale);
  const auto moments = [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const Number scaled = g[i] * scale;
      m[i] = b1 * m[i] + c1 * scaled;
      v[i] = b2 * v[i] + c2 * scaled * scaled;
      u[i] = of_m * m[i] / (std::sqrt(v[i]) * of_v + epsilon) + decay * w[i];
    }
    return SquaredNorms{squared_norm(w + begin, end - begin), squared_norm(u + begin, end - begin)};
  };
  const SquaredNorms norms = sum_over_chunks(count, moments);
  const bool trusted = norms.weights > 0 && norms.step > 0;
  const auto rate = static_cast<Number>(f.learning_rate * (trusted ? std::sqrt(norms.weights / norms.step) : 1));
  models::parallel_for(0, count, grain, [&, w = w, u = u](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) w[i] -= rate * u[i];
  });
}

at::Tensor stretch(const at::Tensor& flat, const Layer& layer) {
  return flat.narrow(0, layer.offset, layer.count);
}

std::vector<at::Tensor> matrices(const at::Tensor& flat, const std::vector<Layer>& layers) {
  std::vector<at::Tensor> found;
  for (const Layer& layer : layers)
    if (layer.is_matrix) found.push_back(stretch(flat, layer));
  return found;
}

/// [layers]: a norm each, on the device.
at::Tensor norms_of(const std::vector<at::Tensor>& tensors) {
  return at::stack(at::_foreach_norm(tensors, 2));
}

at::Tensor one_unless_positive(const at::Tensor& ratio, const at::Tensor& a, const at::Tensor& b) {
  return at::where(a.gt(0).logical_and_(b.gt(0)), ratio, at::ones_like(ratio));
}

struct Corrections {
  double first, second;  ///< 1 - beta1^t, sqrt(1 - beta2^t)
};

Corrections corrections(const LambFactors& f) {
  const auto t = static_cast<double>(f.step);
  return {1 - std::pow(f.beta1, t), std::sqrt(1 - std::pow(f.beta2, t))};
}

}  // namespace

void lars_step(const at::Tensor& parameters, const at::Tensor& gradient, const at::Tensor& velocity,
               const std::vector<Layer>& layers, const LarsFactors& factors) {
  if (!parameters.is_cpu()) return lars_step_by_torch(parameters, gradient, velocity, layers, factors);
  AT_DISPATCH_FLOATING_TYPES(parameters.scalar_type(), "lars_step", [&] {
    for (const Layer& layer : layers)
      lars_layer(parameters.data_ptr<scalar_t>() + layer.offset, gradient.const_data_ptr<scalar_t>() + layer.offset,
                 velocity.data_ptr<scalar_t>() + layer.offset, layer, factors);
  });
}

void lamb_step(const at::Tensor& parameters, const at::Tensor& gradient, const at::Tensor& m, const at::Tensor& v,
               const at::Tensor& scratch, const std::vector<Layer>& layers, const LambFactors& factors) {
  if (!parameters.is_cpu()) return lamb_step_by_torch(parameters, gradient, m, v, scratch, layers, factors);
  const auto [correction1, correction2] = corrections(factors);
  for (const Layer& layer : layers) {
    if (layer.is_matrix) {
      AT_DISPATCH_FLOATING_TYPES(parameters.scalar_type(), "lamb_step", [&, c1 = correction1, c2 = correction2] {
        lamb_matrix<scalar_t>(
            {parameters.data_ptr<scalar_t>() + layer.offset, gradient.const_data_ptr<scalar_t>() + layer.offset,
             m.data_ptr<scalar_t>() + layer.offset, v.data_ptr<scalar_t>() + layer.offset,
             scratch.data_ptr<scalar_t>() + layer.offset, layer.count},
            factors, c1, c2);
      });
    } else {  // Adam in PyTorch's form
      at::Tensor w = stretch(parameters, layer), first = stretch(m, layer), second = stretch(v, layer);
      adam_step(w, stretch(gradient, layer), first, second,
                {factors.learning_rate * correction2 / correction1, factors.beta1, factors.beta2,
                 factors.epsilon * correction2, factors.gradient_scale});
    }
  }
}

void lars_step_by_torch(const at::Tensor& parameters, const at::Tensor& gradient, const at::Tensor& velocity,
                        const std::vector<Layer>& layers, const LarsFactors& f) {
  velocity.mul_(f.momentum);
  at::Tensor rates;  // by matrix
  if (const auto weights = matrices(parameters, layers); !weights.empty()) {
    const at::Tensor weight_norms = norms_of(weights);
    const at::Tensor gradient_norms = norms_of(matrices(gradient, layers)).mul_(f.gradient_scale);
    const at::Tensor local = weight_norms * f.trust / (gradient_norms + weight_norms * f.weight_decay);
    rates = one_unless_positive(local, weight_norms, gradient_norms).mul_(f.learning_rate);
  }
  std::int64_t matrix = 0;
  for (const Layer& layer : layers) {
    at::Tensor v = stretch(velocity, layer);
    if (!layer.is_matrix) {
      v.add_(stretch(gradient, layer), f.learning_rate * f.gradient_scale);
      continue;
    }
    const at::Tensor rate = rates.narrow(0, matrix++, 1);
    v.addcmul_(stretch(gradient, layer), rate, f.gradient_scale);
    if (f.weight_decay > 0) v.addcmul_(stretch(parameters, layer), rate, f.weight_decay);
  }
  for (const Layer& layer : layers) stretch(parameters, layer).sub_(stretch(velocity, layer));
}

void lamb_step_by_torch(const at::Tensor& parameters, const at::Tensor& gradient, const at::Tensor& m,
                        const at::Tensor& v, const at::Tensor& scratch, const std::vector<Layer>& layers,
                        const LambFactors& f) {
  const auto [correction1, correction2] = corrections(f);
  m.mul_(f.beta1).add_(gradient, (1 - f.beta1) * f.gradient_scale);
  v.mul_(f.beta2).addcmul_(gradient, gradient, (1 - f.beta2) * f.gradient_scale * f.gradient_scale);
  at::Tensor u = scratch;
  at::sqrt_out(u, v).div_(correction2).add_(f.epsilon);
  at::div_out(u, m, u).div_(correction1);

  at::Tensor ratios;  // by matrix
  if (const auto weights = matrices(parameters, layers); !weights.empty()) {
    const auto steps = matrices(u, layers);
    if (f.weight_decay > 0) at::_foreach_add_(steps, weights, f.weight_decay);
    const at::Tensor weight_norms = norms_of(weights), step_norms = norms_of(steps);
    ratios = one_unless_positive(weight_norms / step_norms, weight_norms, step_norms);
  }
  std::int64_t matrix = 0;
  for (const Layer& layer : layers) {
    at::Tensor w = stretch(parameters, layer);
    if (layer.is_matrix) {
      w.addcmul_(stretch(u, layer), ratios.narrow(0, matrix++, 1), -f.learning_rate);
    } else {
      w.sub_(stretch(u, layer), f.learning_rate);
    }
  }
}

}  // namespace fastbox::train
