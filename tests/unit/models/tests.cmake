# The oracle's comparisons train as well, so they sit on lib/train.
set(torch_python ${FASTBOX_TORCH_DIR}/../../../../bin/python)
add_library(fastbox_test_oracle STATIC ${CMAKE_CURRENT_SOURCE_DIR}/oracle/oracle.cpp)
target_include_directories(fastbox_test_oracle PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(fastbox_test_oracle PUBLIC fastbox_train PRIVATE fastbox_options)
target_compile_definitions(fastbox_test_oracle PRIVATE FASTBOX_TORCH_PYTHON="${torch_python}")
fastbox_use_torch(fastbox_test_oracle)

fastbox_unit_tests(models
  CONCERNS center dropout fastbox loss oracle_file oracle_golden oracle_single oracle_twin
  USES fastbox_test_oracle
  TORCH)
