// What a run's files say of every class, beside the one that the run is judged by.
//
// Pure functions; thread-safe. read_run calls the first three in this order, each after what it says that it needs.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "report/run_record.hpp"

namespace fastbox::report {

/// Begins record.classes with object_class and the others that the settings name, without figures. After both are read.
void name_classes(RunRecord& record);

/// Sets the classes' evaluations by the text of metrics.jsonl, and adds classes that only its lines have figures of.
/// After read_metrics, which tells of lines that cannot be read.
void read_class_evaluations(std::string_view metrics, RunRecord& record);

/// Sets the classes' final figures by eval.json's "classes", and adds those that only it has figures of.
void read_final_classes(const nlohmann::json& classes, RunRecord& record);

/// Easy, moderate and hard of a class of eval.json, whatever the value is: what it does not hold is unknown.
std::array<FinalFigures, 3> final_figures(const nlohmann::json& of_class);

/// Whether eval.json tells how well the class is found: some detection names it, and there is something to find.
bool has_final_figures(const ClassRecord& one);

/// Whether there is anything to show: final figures, or before there are any, those of an evaluation.
bool has_figures(const ClassRecord& one);

/// "no detection of the last evaluation names it": why a class of an evaluated run has no latest figures; empty where
/// it has.
std::string why_without_figures(const RunRecord& run, const ClassRecord& one);

}  // namespace fastbox::report
