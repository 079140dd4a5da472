fastbox_unit_tests(synth CONCERNS canvas scene generate)
