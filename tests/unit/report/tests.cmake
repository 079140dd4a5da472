fastbox_unit_tests(report
  CONCERNS axis charts compare html metrics_lines pictures report run_entries run_record run_totals sample_drawing)
target_sources(unit_report PRIVATE ${CMAKE_CURRENT_LIST_DIR}/made_run.cpp)
target_include_directories(unit_report PRIVATE ${CMAKE_CURRENT_LIST_DIR})
