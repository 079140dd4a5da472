fastbox_unit_tests(train
  CONCERNS checkpoint checkpoint_damage checkpoint_state checkpoint_writer dry_run loss_guard measured_rate metrics_log model_cost optimizer optimizer_layerwise optimizer_resume oracle_steps oracle_twin_steps schedule
  USES fastbox_test_oracle nlohmann_json::nlohmann_json
  TORCH)
