// Which of a frame's candidates stand for one object: KittiBox's stitch, standard greedy suppression, and Soft-NMS.
//
// All take candidates in raster order (decode.hpp) and return the boxes to write, in the network's pixels.
// Thread-safe: no state.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "eval/decode.hpp"
#include "io/kitti_label.hpp"

namespace fastbox::eval {

/// One of stitch's passes: confidences above which it looks at a candidate, and above which it drops one that overlaps.
/// Compared as floats, the original's type: a confidence of .8f is not above .8.
struct StitchPass {
  float lower, upper;
};
inline constexpr std::array<StitchPass, 12> stitch_passes = {{{.8f, 1.f},
                                                              {.7f, .9f},
                                                              {.6f, .8f},
                                                              {.5f, .7f},
                                                              {.4f, .6f},
                                                              {.3f, .5f},
                                                              {.2f, .4f},
                                                              {.1f, .3f},
                                                              {.05f, .2f},
                                                              {.02f, .1f},
                                                              {.005f, .4f},
                                                              {.001f, .01f}}};

/// IoU above which a candidate may replace a worse box.
inline constexpr double stitch_replacing_overlap = 0.7;

/// KittiBox's stitch (stitch_rects.cpp, of TensorBox). In passes from high to low confidence each candidate
/// is held against the accepted boxes that it overlaps; near a better box it is dropped, and it may replace a
/// worse one, whose confidence is then written though later candidates are compared with the box's own. The
/// result stands in the order of acceptance, its confidences are the ones to write.
///
/// `tau` is the least IoU of an overlap. With `whole_pixels` the edges of an intersection are cut towards 0,
/// as the original's integers do; boxes must then be whole numbers. Candidates of confidence .001 and less
/// are never accepted.
std::vector<Candidate> stitch(const std::vector<Candidate>& candidates, double tau = 0.35, bool whole_pixels = true);

/// From the highest confidence down (raster order among equals), keeps each candidate whose IoU with all kept
/// ones is at most `overlap`.
std::vector<Candidate> suppress(const std::vector<Candidate>& candidates, double overlap);

inline constexpr double soft_sigma = 0.5;

/// Soft-NMS with the Gaussian penalty (Bodla et al. 2017, sigma = soft_sigma): takes the highest confidence, multiplies those of
/// all others by exp(-IoU^2 / sigma), and goes on. Candidates that fall to minimum_score or lower go.
std::vector<Candidate> suppress_softly(const std::vector<Candidate>& candidates, double minimum_score);

/// Intersection over union of two candidates, exact.
double intersection_over_union(const Candidate& a, const Candidate& b);

struct ObjectOptions {
  std::string type = "Car";
  bool clip = false;  ///< to 0 .. width-1, 0 .. height-1 of the frame; boxes outside are left out. KittiBox does not.
};

/// The boxes scaled from the network's input to a frame of frame_width x frame_height pixels, as results:
/// `type`, box and score, every other column KITTI's "unknown".
std::vector<io::Object> to_objects(const std::vector<Candidate>& boxes, const GridGeometry& grid, int frame_width,
                                   int frame_height, const ObjectOptions& options = {});

}  // namespace fastbox::eval
