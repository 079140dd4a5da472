// The report's sections: from records of runs to HTML. One file a section.
//
// Pure functions of their arguments and, where they say so, of the data set that the runs name; thread-safe. Runs are
// named by labels_of. A section that has nothing to say is empty.
#pragma once

#include <string>
#include <vector>

#include "report/pictures.hpp"
#include "report/run_record.hpp"

namespace fastbox::report {

using Runs = std::vector<RunRecord>;

/// A name for each run, different from the others': the folder's, else its path.
std::vector<std::string> labels_of(const Runs& runs);

/// "k3 d3": colour and dashes of the run's lines.
std::string series_kind(std::size_t index);

/// With several runs: <h3> with its label.
std::string run_heading(const Runs& runs, std::size_t run);

std::string status_text(const RunRecord& run);

std::string summary_section(const Runs& runs);                     ///< figures at a glance, and what could not be read
std::string accuracy_section(const Runs& runs);                    ///< AP over samples, precision and recall, table
std::string calibration_part(const RunRecord& run);                ///< of the accuracy; reads the data set's labels
std::string robustness_section(const Runs& runs);                  ///< reads robustness.json; empty without one
std::string training_section(const Runs& runs);                    ///< losses, learning rate, speed
std::string time_section(const Runs& runs);                        ///< stages, ranks, stragglers
std::string end_to_end_section(const Runs& runs);                  ///< reads what made the data set, where it is
std::string comparison_section(const Runs& runs);                  ///< scaling and differing keys; empty for one run
std::string picture_section(const Runs& runs, std::size_t bytes);  ///< reads the data sets
std::string data_section(const Runs& runs);                        ///< reads the data sets
std::string run_file_section(const Runs& runs);
std::string checkpoint_section(const Runs& runs);

/// `here`: what `fastbox info --json` tells of this machine, for runs that hold no machine.json.
std::string machine_section(const Runs& runs, const nlohmann::ordered_json& here);

}  // namespace fastbox::report
