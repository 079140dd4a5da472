fastbox_unit_tests(report
  CONCERNS axis charts class_records compare end_to_end html metrics_lines pictures report run_entries run_record run_totals sample_drawing)
target_sources(unit_report PRIVATE ${CMAKE_CURRENT_LIST_DIR}/made_run.cpp)
target_include_directories(unit_report PRIVATE ${CMAKE_CURRENT_LIST_DIR})
