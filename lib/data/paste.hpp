// Objects of other frames put into a training frame: the same cars in front of other streets.
//
// An object keeps the place that its size has in the picture: it moves sideways anywhere, and grows or shrinks
// towards the horizon, so that it still stands on the ground. Its rectangle is copied whole, with soft edges outside of it. After Ghiasi
// et al. 2021, "Simple Copy-Paste"; Dwibedi et al. 2017, "Cut, Paste and Learn".
//
// Immutable; any thread may use it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "base/random.hpp"
#include "data/frame_reader.hpp"
#include "data/object_roles.hpp"

namespace fastbox::data {

/// A stream of its own, so that the other changes of the sample stay what they are without pasting.
Random paste_stream(std::uint64_t seed, std::uint64_t epoch, std::uint64_t sample);

class ObjectPaster {
 public:
  /// `most`: objects a frame; their number is uniform in 0 .. most.
  ObjectPaster(const ObjectRoles& roles, int most) : roles_(roles), most_(most) {}

  /// A frame to take objects from: most are looked at and left, so its pixels come when they are asked for.
  struct Donor {
    std::shared_ptr<const FrameOutline> outline;  ///< null where it cannot be read
    std::function<cv::Mat()> picture;             ///< empty where it cannot
  };

  /// Called with 0 .. frames - 1.
  using Read = std::function<Donor(std::size_t)>;

  /// The frame with what was put into it, in a picture of its own. Only unoccluded, untruncated positive objects are taken, of
  /// each class as often where frames have them: what is rare on the road is what has to be seen more often. None
  /// covers more than a third of another object, and none stands behind one; where there is no room, fewer are put.
  FrameContents paste(const FrameContents& frame, std::size_t frames, const Read& read, Random& random) const;

 private:
  bool try_one(FrameContents& frame, const Donor& donor, int wanted, Random& random) const;

  const ObjectRoles& roles_;
  int most_;
};

}  // namespace fastbox::data
