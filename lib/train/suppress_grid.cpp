#include "train/suppress_grid.hpp"

#include <ATen/ATen.h>
#include <torch/library.h>

#include <algorithm>
#include <span>

#include "base/error.hpp"
#include "eval/suppression.hpp"
#include "train/suppressed_rows.hpp"

namespace fastbox::train {
namespace {

constexpr std::int64_t largest_grid = 16384;  // cells
constexpr std::int64_t usual_boxes = 127;     // of a class: what is copied at once, 6 KiB

std::span<const float> span_of(const at::Tensor& map) {
  return {map.const_data_ptr<float>(), static_cast<std::size_t>(map.numel())};
}

at::Tensor suppress_cpu(const at::Tensor& confidence, const at::Tensor& box, std::int64_t stride, double minimum_score,
                        double overlap, bool whole_pixels) {
  const std::int64_t classes = confidence.size(0), rows = confidence.size(1), columns = confidence.size(2);
  const int side = static_cast<int>(stride);
  const eval::GridGeometry grid{static_cast<int>(columns) * side, static_cast<int>(rows) * side, side};
  const at::Tensor found =
      at::empty({classes, 1 + rows * columns, numbers_of_row}, confidence.options().dtype(at::kDouble));
  for (std::int64_t c = 0; c < classes; ++c) {
    const auto kept = eval::suppress(
        eval::decode(span_of(confidence[c]), span_of(box), grid, {whole_pixels, minimum_score}), overlap);
    double* const of_class = found[c].mutable_data_ptr<double>();
    write_head(of_class, static_cast<int>(kept.size()), -1);
    for (std::size_t i = 0; i < kept.size(); ++i) {
      const eval::Candidate& one = kept[i];
      write_kept(of_class, static_cast<int>(i), {one.cx, one.cy, one.w, one.h}, one.confidence, one.cell);
    }
  }
  return found;
}

at::Tensor call(const at::Tensor& confidence, const at::Tensor& box, std::int64_t stride, double minimum_score,
                double overlap, bool whole_pixels) {
  static const auto handle =
      c10::Dispatcher::singleton()
          .findSchemaOrThrow("fastbox::suppress", "")
          .typed<at::Tensor(const at::Tensor&, const at::Tensor&, std::int64_t, double, double, bool)>();
  return handle.call(confidence, box, stride, minimum_score, overlap, whole_pixels);
}

}  // namespace

std::vector<std::vector<eval::Candidate>> suppress_grid(const at::Tensor& confidence, const at::Tensor& box,
                                                        const eval::GridGeometry& grid,
                                                        const eval::DecodeOptions& options, double overlap) {
  const std::int64_t classes = confidence.size(0);
  if (confidence.sizes() != at::IntArrayRef({classes, grid.rows(), grid.columns()}) ||
      box.sizes() != at::IntArrayRef({grid.rows(), grid.columns(), 4}))
    fail(ExitCode::defect, "confidences of ", classes, " classes and boxes do not fit a grid of ", grid.rows(), " x ",
         grid.columns(), " cells");
  if (grid.cells() > largest_grid && !confidence.is_cpu())
    return suppress_grid(confidence.cpu(), box.cpu(), grid, options, overlap);

  const at::Tensor all = call(confidence, box, grid.stride, options.minimum_score, overlap, options.whole_pixels);
  const std::int64_t usual = 1 + std::min<std::int64_t>(grid.cells(), usual_boxes);
  at::Tensor found = all.narrow(1, 0, usual).cpu().contiguous();
  const auto head = [&](std::int64_t c) { return found[c].const_data_ptr<double>(); };
  for (std::int64_t c = 0; c < classes; ++c) {
    if (head(c)[1] < 0) continue;
    const at::Tensor of_class = confidence[c].cpu(), boxes = box.cpu();
    eval::decode(span_of(of_class), span_of(boxes), grid, options);  // names the cell and its numbers
    fail(ExitCode::defect, "cell ", head(c)[1], " is not finite on one device and finite on the other");
  }
  bool is_usual = true;
  for (std::int64_t c = 0; c < classes; ++c) is_usual = is_usual && static_cast<std::int64_t>(head(c)[0]) < usual;
  if (!is_usual) found = all.cpu();

  std::vector<std::vector<eval::Candidate>> kept(static_cast<std::size_t>(classes));
  for (std::int64_t c = 0; c < classes; ++c) {
    const double* row = head(c);
    for (auto left = static_cast<std::int64_t>(row[0]); left > 0; --left) {
      row += numbers_of_row;
      kept[static_cast<std::size_t>(c)].push_back({row[0], row[1], row[2], row[3], row[4], static_cast<int>(row[5])});
    }
  }
  return kept;
}

}  // namespace fastbox::train

TORCH_LIBRARY_FRAGMENT(fastbox, library) {
  library.def(
      "suppress(Tensor confidence, Tensor box, int stride, float minimum_score, float overlap, bool whole_pixels) -> "
      "Tensor");
}

TORCH_LIBRARY_IMPL(fastbox, CPU, library) {
  library.impl("suppress", &fastbox::train::suppress_cpu);
}
