# Fuzz targets on the readers of files. The preset `fuzz` links them with libFuzzer (scripts/fuzz runs them); every
# other build runs the committed corpus and as many seeded mutations of it as follow, a ctest entry fuzz.TARGET each.
set(FASTBOX_FUZZ_MUTATIONS 2000 CACHE STRING "Mutations of the corpus that a ctest entry fuzz.TARGET runs")
option(FASTBOX_FUZZ "Link the fuzz targets with libFuzzer (clang++)" OFF)

add_custom_target(fuzz)

function(fastbox_fuzz_target name room)
  add_executable(fuzz_${name} ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/${name}.cpp)
  target_include_directories(fuzz_${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/fuzz)
  target_link_libraries(fuzz_${name} PRIVATE fastbox_${room} fastbox_options)
  add_dependencies(fuzz fuzz_${name})
  if(FASTBOX_FUZZ)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    return()
  endif()
  target_sources(fuzz_${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/replay_main.cpp)
  fastbox_compile_quickly(fuzz_${name})
  add_test(NAME fuzz.${name} COMMAND fuzz_${name} ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/${name}
    ${FASTBOX_FUZZ_MUTATIONS} ${CMAKE_CURRENT_BINARY_DIR}/fuzz_${name}.finding)
  set_tests_properties(fuzz.${name} PROPERTIES TIMEOUT 300)
endfunction()

fastbox_fuzz_target(labels io)
fastbox_fuzz_target(detections io)
fastbox_fuzz_target(split_list io)
fastbox_fuzz_target(safetensors io)
fastbox_fuzz_target(torch_file io)
fastbox_fuzz_target(png io)
fastbox_fuzz_target(run_file config)
fastbox_fuzz_target(coco_results eval)
# The parser alone: lib/train as a whole wants LibTorch.
fastbox_fuzz_target(checkpoint_state io)
target_sources(fuzz_checkpoint_state PRIVATE ${PROJECT_SOURCE_DIR}/lib/train/checkpoint_state.cpp)
