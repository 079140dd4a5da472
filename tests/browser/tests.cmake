# The report in a real browser: skipped without Chromium (scripts/setup --browser).
add_test(NAME report.browser COMMAND ${CMAKE_CURRENT_LIST_DIR}/check_reports $<TARGET_FILE:fastbox>)
set_tests_properties(report.browser PROPERTIES SKIP_REGULAR_EXPRESSION ${FASTBOX_SKIP_PATTERN} TIMEOUT 300 PROCESSORS 2
  WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
