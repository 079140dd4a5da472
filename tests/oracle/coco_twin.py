#!/usr/bin/env python3
"""COCO's twelve figures by pycocotools, for the tests' numbers.

    coco_twin.py FOLDER

For every NAME.truth.json (ground truth) with NAME.results.json beside it, FOLDER/twin.json gets
{NAME: {"1": [12 numbers], .., "all": [12 numbers]}}, a list per category id and one over them, -1 without ground truth.
Needs pycocotools.
"""
import contextlib
import io
import json
import pathlib
import sys

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def load(truth_file, results_file):
    truth = COCO(str(truth_file))
    if json.loads(results_file.read_text()):
        return truth, truth.loadRes(str(results_file))
    empty = COCO()  # loadRes cannot read a list without results
    empty.dataset = {"images": truth.dataset["images"], "categories": truth.dataset["categories"], "annotations": []}
    empty.createIndex()
    return truth, empty


def figures(truth, results):
    evaluation = COCOeval(truth, results, iouType="bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    lists = {"all": evaluation.stats.tolist()}
    precision, recall = evaluation.eval["precision"], evaluation.eval["recall"]
    for k, category in enumerate(evaluation.params.catIds):
        evaluation.eval = {"precision": precision[:, :, k:k + 1], "recall": recall[:, k:k + 1]}
        evaluation.summarize()
        lists[str(category)] = evaluation.stats.tolist()
    return lists


def main():
    folder = pathlib.Path(sys.argv[1])
    scenes = {}
    for truth in sorted(folder.glob("*.truth.json")):
        name = truth.name.removesuffix(".truth.json")
        with contextlib.redirect_stdout(io.StringIO()):
            scenes[name] = figures(*load(truth, folder / f"{name}.results.json"))
    (folder / "twin.json").write_text(json.dumps(scenes))


if __name__ == "__main__":
    main()
