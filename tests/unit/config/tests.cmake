fastbox_unit_tests(config CONCERNS schema value yaml_tree run_file run_file_errors resolved reference kittibox)
