fastbox_unit_tests(train
  CONCERNS checkpoint metrics_log optimizer oracle_steps oracle_twin_steps schedule
  USES fastbox_test_oracle nlohmann_json::nlohmann_json
  TORCH)
