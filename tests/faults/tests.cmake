# What a run survives: every concern is a file. docs/reliability.md has the figures.
set(sources kills writes disk folders clock frames numbers evaluation limits slow_disk)
list(TRANSFORM sources APPEND _test.cpp)
list(TRANSFORM sources PREPEND faults/)
add_executable(fault_tests cli/command.cpp cli/workplace.cpp faults/tiny_run.cpp ${sources})
target_link_libraries(fault_tests PRIVATE fastbox_io fastbox_test_support nlohmann_json::nlohmann_json fastbox_options)
fastbox_compile_quickly(fault_tests)
add_dependencies(fault_tests fastbox)

# Preloaded into fastbox; no sanitizer's runtime is theirs to bring.
foreach(library faulty_calls jumping_clock slow_disk)
  add_library(${library} MODULE faults/${library}.cpp)
  target_compile_features(${library} PRIVATE cxx_std_20)
  target_compile_options(${library} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
  target_link_libraries(${library} PRIVATE ${CMAKE_DL_LIBS})
  add_dependencies(fault_tests ${library})
  string(TOUPPER ${library} name)
  target_compile_definitions(fault_tests PRIVATE ${name}_LIBRARY="$<TARGET_FILE:${library}>")
endforeach()

# Runs are killed, not machines: what they wrote is safe in the page cache, and a disk would only make the tests slow.
set(scratch)
if(IS_DIRECTORY /dev/shm)
  set(scratch "TMPDIR=/dev/shm")
endif()
foreach(concern IN ITEMS kills killed_writes failed_writes disk folders clock frames_stop frames_skip numbers capsule_damaged
    evaluation_fails limits slow_disk)
  add_test(NAME faults.${concern} COMMAND fault_tests "[${concern}]" --warn NoTests)
  set_tests_properties(faults.${concern} PROPERTIES TIMEOUT 900 PROCESSORS 2 WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    SKIP_REGULAR_EXPRESSION ${FASTBOX_SKIP_PATTERN}
    ENVIRONMENT "FASTBOX_BINARY=$<TARGET_FILE:fastbox>;FASTBOX_MPIEXEC=${FASTBOX_MPIEXEC};${scratch}")
endforeach()
# Nearly two minutes, by the way that killed_writes goes too.
set_tests_properties(faults.failed_writes PROPERTIES LABELS long)
