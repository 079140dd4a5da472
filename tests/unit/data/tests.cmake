fastbox_unit_tests(data CONCERNS augment center_targets check dataset frame_cache frame_reader loader object_roles real_frames resize sampler target)
