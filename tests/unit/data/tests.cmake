fastbox_unit_tests(data CONCERNS augment check dataset frame_reader loader real_frames resize sampler target)
