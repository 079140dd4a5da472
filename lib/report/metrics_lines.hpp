// The lines of metrics.jsonl (docs/formats.md) as intervals and evaluations.
//
// Pure functions; thread-safe.
#pragma once

#include <string_view>
#include <vector>

#include "report/run_record.hpp"

namespace fastbox::report {

/// Adds the text's lines to record.intervals, evaluations and told, by record.object_class. Lines that are no JSON object
/// with `step` and `samples` are counted in a problem; a last line without its end is still being written, and is none.
void read_metrics(std::string_view text, RunRecord& record);

/// At most `most` intervals: neighbours are joined, their means weighted by steps. Stragglers of joined intervals are
/// dropped; ask the whole list for those. Requires most > 0.
std::vector<Interval> joined(const std::vector<Interval>& intervals, std::size_t most);

}  // namespace fastbox::report
