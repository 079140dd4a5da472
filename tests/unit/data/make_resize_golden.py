#!/usr/bin/env python3
"""Writes resize_golden.safetensors beside itself: small pictures, and what Pillow's bicubic resize makes of them.

Needs numpy, pillow (the file in the tree: 13.0) and safetensors. Run it again only to add a case.
"""
import pathlib

import numpy
from PIL import Image
from safetensors.numpy import save_file

# Name: source width and height, result's width and height, box of the source (None: all of it).
CASES = {
    "enlarge": (31, 19, 47, 29, None),
    "shrink": (53, 37, 20, 13, None),
    "shrink_a_lot": (64, 48, 5, 3, None),
    "kitti_ratio": (69, 25, 72, 26, None),
    "width_only": (30, 11, 41, 11, None),
    "height_only": (30, 11, 30, 7, None),
    "one_pixel": (1, 1, 4, 3, None),
    "box": (40, 30, 24, 16, (3.5, 2.25, 33.75, 28.5)),
    "box_enlarged": (20, 16, 32, 32, (4, 3, 12, 11)),
}


def main():
    generator = numpy.random.default_rng(1)
    tensors = {}
    for name, (width, height, new_width, new_height, box) in CASES.items():
        # Noise between the extremes, so that the kernel's overshoot is clipped on both sides.
        pixels = generator.choice(numpy.array([0, 3, 90, 180, 252, 255], dtype=numpy.uint8), (height, width, 3))
        resized = Image.fromarray(pixels).resize((new_width, new_height), Image.BICUBIC, box=box)
        tensors[name + ".in"] = pixels
        tensors[name + ".out"] = numpy.asarray(resized)
        tensors[name + ".box"] = numpy.array(box or (0, 0, width, height), dtype=numpy.float64)
    save_file(tensors, pathlib.Path(__file__).with_name("resize_golden.safetensors"))


if __name__ == "__main__":
    main()
