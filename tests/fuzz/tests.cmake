# Fuzz targets on the text parsers. The preset `fuzz` links them with libFuzzer (scripts/fuzz runs them); every other build
# runs the committed corpus, a ctest entry fuzz.TARGET each.
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
  add_test(NAME fuzz.${name} COMMAND fuzz_${name} ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/${name})
  set_tests_properties(fuzz.${name} PROPERTIES TIMEOUT 60)
endfunction()

fastbox_fuzz_target(labels io)
fastbox_fuzz_target(detections io)
fastbox_fuzz_target(split_list io)
fastbox_fuzz_target(safetensors io)
fastbox_fuzz_target(run_file config)
fastbox_fuzz_target(coco_results eval)
