# What is measured against: PyTorch's own gradient averaging (scripts/compare-allreduce), OpenCV's decoder. No tests.
option(FASTBOX_BENCHMARKS "Build the comparisons with PyTorch's gradient averaging and OpenCV's decoder" OFF)
if(FASTBOX_BENCHMARKS)
  add_executable(compare_step bench/compare_step.cpp bench/mpi_backend.cpp
    ${PROJECT_SOURCE_DIR}/apps/json_output.cpp ${PROJECT_SOURCE_DIR}/apps/random_batch.cpp)
  target_include_directories(compare_step PRIVATE ${CMAKE_CURRENT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/apps)
  target_link_libraries(compare_step PRIVATE fastbox_train fastbox_options CLI11::CLI11 nlohmann_json::nlohmann_json)
  fastbox_use_torch(compare_step)
  add_executable(compare_decode bench/compare_decode.cpp)
  target_link_libraries(compare_decode PRIVATE fastbox_io fastbox_options CLI11::CLI11)
endif()

# The PyTorch model that scripts/compare-* measure against is the same network as ours.
set(twin_python ${torch_python})
if(NOT EXISTS ${twin_python})
  set(twin_python python3)
endif()
add_test(NAME bench.torch_model COMMAND ${twin_python} ${CMAKE_CURRENT_SOURCE_DIR}/bench/torch_model_test.py)
add_test(NAME bench.torch_model_peer COMMAND ${twin_python} ${CMAKE_CURRENT_SOURCE_DIR}/bench/torch_model_test.py
  --peer ${PROJECT_SOURCE_DIR}/../shared/peer/fastbox_torch.py)
set_tests_properties(bench.torch_model bench.torch_model_peer PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 120)
