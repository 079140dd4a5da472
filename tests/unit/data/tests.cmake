fastbox_unit_tests(data CONCERNS augment center_targets check corruption dataset drives frame_cache frame_reader import loader object_roles overlap paste real_frames resize sampler target)
