// Precision-recall curves as SVG files that stand alone: for browsers, papers and phones, by day and by night.
//
// What is drawn is what is averaged: between the recalls (i-1)/40 and i/40 the line is at the precision of slot i, so the
// area under it is AP40 (slot 0 is the line's start, on the axis). A single curve also shows a dot for each threshold, at the
// recall measured there; with few ground truths that is far from the slot's recall, which is why AP is capped there. Where
// a slot is NaN the line is broken. Equal results give equal bytes, in any locale. Every rule of style is bound to
// class "precision-recall", so several may be put into one HTML page. Thread-safe: no state.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "eval/average_precision.hpp"

namespace fastbox::eval {

/// One class at one difficulty: the curve, AP40, ground truths, measured recalls (their scores as tooltips). Requires a
/// class that is detected; so does the next.
std::string curve_svg(const KittiResult& result, std::size_t object_class, std::size_t difficulty);

/// The three difficulties of a class.
std::string overview_svg(const KittiResult& result, std::size_t object_class);

/// Writes car.svg, car-easy.svg, .. for every class that is detected, and creates the folder; returns the files' names in the
/// order of the classes. Throws Error(environment).
std::vector<std::string> write_curves(const std::filesystem::path& folder, const KittiResult& result);

}  // namespace fastbox::eval
