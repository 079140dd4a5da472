fastbox_unit_tests(comm CONCERNS bf16 bucket_plan cost_model launcher ordered_sum refuse_nccl shards sum_tree)
