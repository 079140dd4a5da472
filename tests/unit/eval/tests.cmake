fastbox_unit_tests(eval
  CONCERNS average_precision bands bootstrap calibration coco_files coco_precision coco_table coco_twin curve_plot decode drawing evaluate_folder evaluator_fuzz explanation_drawing kitti_expected mistake_drawing result_table rules suppression suppression_kernel worst_frames)
target_compile_definitions(unit_eval PRIVATE
  FASTBOX_TORCH_PYTHON="${FASTBOX_TORCH_DIR}/../../../../bin/python")  # has pycocotools where scripts/setup made it
