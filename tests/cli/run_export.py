#!/usr/bin/env python3
"""What an exported TorchScript archive finds in pictures, as JSON on standard output: as a user would run it.

    run_export.py MODEL.pt PICTURE.png...

    {"description": fastbox.json, "found": [{"boxes": [[left, top, right, bottom]], "scores": [], "labels": []}]}
"""
import json
import sys

import numpy
import PIL.Image
import torch

extra = {"fastbox.json": ""}
model = torch.jit.load(sys.argv[1], _extra_files=extra)
found = []
for name in sys.argv[2:]:
    frame = PIL.Image.open(name)
    pixels = numpy.array(frame.resize((model.width, model.height), PIL.Image.BICUBIC))
    [seen] = model(torch.from_numpy(pixels).permute(2, 0, 1)[None], *frame.size)
    found.append({key: value.tolist() for key, value in seen.items()})
print(json.dumps({"description": json.loads(extra["fastbox.json"]), "found": found}))
