fastbox_unit_tests(train
  CONCERNS checkpoint dry_run measured_rate metrics_log model_cost optimizer optimizer_layerwise optimizer_resume oracle_steps oracle_twin_steps schedule
  USES fastbox_test_oracle nlohmann_json::nlohmann_json
  TORCH)
