#!/usr/bin/env python3
"""A run folder's TensorBoard events as TensorBoard's own reader has them, as JSON on standard output.

    read_events.py RUN_FOLDER

    {"scalars": {TAG: [{"step", "value"}]},
     "histograms": {TAG: [{"step", "min", "max", "count", "sum", "sum_squares", "limits", "counts"}]},
     "images": {TAG: [{"step", "width", "height", "png_width", "png_height", "png_mode", "colours"}]},
     "plugins": {TAG: the name of the page that shows it}}

Every event in the file's order, none left out. Needs tensorboard and pillow.
"""
import io
import json
import sys

from PIL import Image
from tensorboard.backend.event_processing import event_accumulator, plugin_event_accumulator


def read_image(image):
    picture = Image.open(io.BytesIO(image.encoded_image_string))
    picture.load()
    return {"step": image.step, "width": image.width, "height": image.height, "png_width": picture.width,
            "png_height": picture.height, "png_mode": picture.mode, "colours": len(picture.getcolors(1 << 24))}


def read_histogram(event):
    value = event.histogram_value
    return {"step": event.step, "min": value.min, "max": value.max, "count": value.num, "sum": value.sum,
            "sum_squares": value.sum_squares, "limits": list(value.bucket_limit), "counts": list(value.bucket)}


folder = sys.argv[1]
everything = {"scalars": 0, "histograms": 0, "images": 0, "compressedHistograms": 1, "tensors": 1}
# purge_orphaned_data: whatever an overlap left would be hidden.
events = event_accumulator.EventAccumulator(folder, size_guidance=everything, purge_orphaned_data=False)
events.Reload()
tags = events.Tags()
plugins = plugin_event_accumulator.EventAccumulator(folder)  # what TensorBoard's server reads with
plugins.Reload()
json.dump({
    "scalars": {tag: [{"step": one.step, "value": one.value} for one in events.Scalars(tag)] for tag in tags["scalars"]},
    "histograms": {tag: [read_histogram(one) for one in events.Histograms(tag)] for tag in tags["histograms"]},
    "images": {tag: [read_image(one) for one in events.Images(tag)] for tag in tags["images"]},
    "plugins": {tag: plugins.SummaryMetadata(tag).plugin_data.plugin_name for tag in plugins.Tags()["tensors"]},
}, sys.stdout)
