# The binary as a user runs it: every concern is a file and makes its own data and runs, in seconds.
set(FASTBOX_CLI_CONCERNS train resume encoders evaluation predict data data_tools frame_cache bad_frames bad_settings dry_run info bench report commands completion live_line data_show tensorboard export own_classes)
list(TRANSFORM FASTBOX_CLI_CONCERNS APPEND _test.cpp OUTPUT_VARIABLE sources)
list(TRANSFORM sources PREPEND cli/)
add_executable(cli_tests cli/command.cpp cli/workplace.cpp cli/ranks_test.cpp cli/averaging_test.cpp cli/late_ranks_test.cpp cli/evaluation_more_test.cpp cli/completion_more_test.cpp ${sources})
target_link_libraries(cli_tests PRIVATE fastbox_io fastbox_test_support nlohmann_json::nlohmann_json fastbox_options)
target_compile_definitions(cli_tests PRIVATE FASTBOX_VERSION="${PROJECT_VERSION}"
  FASTBOX_TORCH_PYTHON="${FASTBOX_TORCH_DIR}/../../../../bin/python")  # has tensorboard, PyTorch and onnxruntime where scripts/setup made it
fastbox_compile_quickly(cli_tests)
add_dependencies(cli_tests fastbox)
foreach(concern IN LISTS FASTBOX_CLI_CONCERNS ITEMS encoders_resume ranks_fp32 ranks_fp64 same_bits
    schemes trace same_start stall straggler evaluation_report evaluation_logged evaluation_ranks calibration robustness explain coco_round_trip submission compare completion_zsh completion_fish man_page tensorboard_ranks export_torchscript export_onnx)
  add_test(NAME cli.${concern} COMMAND cli_tests "[${concern}]" --warn NoTests)
  set_tests_properties(cli.${concern} PROPERTIES SKIP_REGULAR_EXPRESSION ${FASTBOX_SKIP_PATTERN} TIMEOUT 600 PROCESSORS 2 WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    ENVIRONMENT "FASTBOX_BINARY=$<TARGET_FILE:fastbox>;FASTBOX_MPIEXEC=${FASTBOX_MPIEXEC}")
endforeach()
