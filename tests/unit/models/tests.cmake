# The oracle's comparisons train as well, so they sit on lib/train.
set(torch_python ${FASTBOX_TORCH_DIR}/../../../../bin/python)
add_library(fastbox_test_oracle STATIC ${CMAKE_CURRENT_SOURCE_DIR}/oracle/oracle.cpp)
target_include_directories(fastbox_test_oracle PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(fastbox_test_oracle PUBLIC fastbox_train PRIVATE fastbox_options)
target_compile_definitions(fastbox_test_oracle PRIVATE FASTBOX_TORCH_PYTHON="${torch_python}")
fastbox_use_torch(fastbox_test_oracle)

fastbox_unit_tests(models
  CONCERNS center center_losses conv_relu dropout encoders fastbox grid_losses group_norm loss max_pool oracle_file oracle_golden oracle_single oracle_twin parallel pixel_shuffle rezoom rounded_copies squared_norm winograd
  USES fastbox_test_oracle
  TORCH)

# One model an entry: each makes its weights anew.
target_sources(unit_models PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/unit/models/torchvision_test.cpp)
foreach(encoder vgg16 vgg16_bn resnet50 resnet101 googlenet)
  add_test(NAME models.torchvision_${encoder} COMMAND unit_models "[torchvision_${encoder}]" --warn NoTests)
  set_tests_properties(models.torchvision_${encoder} PROPERTIES
    SKIP_REGULAR_EXPRESSION ${FASTBOX_SKIP_PATTERN} TIMEOUT 300 WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
endforeach()
