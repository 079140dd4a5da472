fastbox_unit_tests(comm CONCERNS bucket_plan launcher)
