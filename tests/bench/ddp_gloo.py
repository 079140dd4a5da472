#!/usr/bin/env python3
"""PyTorch's own way to do what `fastbox bench step` does: DistributedDataParallel over Gloo, for scripts/compare-allreduce.

    python -m torch.distributed.run --nproc-per-node 2 ddp_gloo.py --encoder small|vgg16 --batch N [--steps N]

Batch: images of one rank. Prints one line of JSON on rank 0. The decoder and the loss are the oracle's twin's
(tests/oracle/fastbox_twin.py), with grid_sample in place of its gathering; the small encoder is written from docs/model.md.
Channels last, torch's fused AdamW, DistributedDataParallel's default buckets with gradients as their views.
"""
import argparse
import json
import math
import pathlib
import statistics
import sys
import time

import torch
import torch.distributed as dist
import torch.nn as nn
import torch.nn.functional as F

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracle"))
import fastbox_twin as twin


def normalised(channels, out, kernel, stride):
    padding = 1 if kernel == 3 else 0
    return nn.Sequential(nn.Conv2d(channels, out, kernel, stride, padding, bias=False), nn.GroupNorm(out // 8, out))


class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.first, self.second = normalised(channels, channels, 3, 1), normalised(channels, channels, 3, 1)

    def forward(self, x):
        return F.relu(x + self.second(F.relu(self.first(x))))


class Small(nn.Module):
    early, deep = 64, 192

    def __init__(self):
        super().__init__()
        self.stem = normalised(3, 32, 4, 4)
        widths = (32, 48, 96, 192)
        self.downs = nn.ModuleList(normalised(a, b, 3, 2) for a, b in zip(widths, widths[1:]))
        self.blocks = nn.ModuleList(nn.Sequential(*(Block(c) for _ in range(n))) for c, n in zip(widths[1:], (1, 2, 2)))
        self.laterals = nn.ModuleList(nn.Conv2d(c, self.early, 1) for c in widths[1:])
        self.smooth = normalised(self.early, self.early, 3, 1)

    def forward(self, rgb):
        x, features = F.relu(self.stem((rgb - 120) / 64)), []
        for down, blocks in zip(self.downs, self.blocks):
            x = blocks(F.relu(down(x)))
            features.append(x)
        early = self.laterals[2](features[2])
        for i in (1, 0):
            early = self.laterals[i](features[i]) + F.interpolate(early, scale_factor=2, mode="nearest")
        return F.relu(self.smooth(early)), x


class Vgg16(nn.Module):
    def __init__(self, multiple):
        super().__init__()
        self.groups, channels = nn.ModuleList(), 3
        for group in twin.CONVOLUTIONS:
            layers = nn.ModuleList()
            for out in group:
                layers.append(nn.Conv2d(channels, twin.scaled(out, multiple), 3, padding=1))
                channels = layers[-1].out_channels
            self.groups.append(layers)
        self.early, self.deep = min(256, channels), channels

    def forward(self, rgb):
        x, done = rgb.flip(1) - torch.tensor([103.939, 116.779, 123.68]).view(1, 3, 1, 1), 0
        for group in self.groups:
            for layer in group:
                x, done = F.relu(layer(x)), done + 1
                early = x if done == 10 else None if done < 10 else early  # conv4_3
            x = F.max_pool2d(x, 2)
        return early[:, : self.early], x


class FastBox(nn.Module):
    def __init__(self, encoder, hidden=500):
        super().__init__()
        self.encoder = encoder
        draw = lambda *shape: nn.Parameter(torch.empty(*shape).uniform_(-0.1, 0.1))
        self.ip, self.box_out, self.confs_out = draw(encoder.deep, hidden), draw(hidden, 4), draw(hidden, 2)
        self.delta1, self.delta2, self.delta_boxes = draw(hidden + 9 * encoder.early, 128), draw(128, 2), draw(128, 4)

    def rezoom(self, early, box):
        b, rows, columns, _ = box.shape
        h, w = early.shape[2:]
        y0 = torch.arange(rows)[:, None] * twin.STRIDE + twin.STRIDE / 2
        x0 = torch.arange(columns)[None, :] * twin.STRIDE + twin.STRIDE / 2
        points = []
        for ow in (-0.25, 0.0, 0.25):
            for oh in (-0.25, 0.0, 0.25):
                x = ((box[..., 0] + ow * box[..., 2] + x0) / twin.FINE).clamp(0, w - 1)
                y = ((box[..., 1] + oh * box[..., 3] + y0) / twin.FINE).clamp(0, h - 1)
                points.append(torch.stack([2 * x / (w - 1) - 1, 2 * y / (h - 1) - 1], -1))
        grid = torch.stack(points, 3).reshape(b, rows, columns * 9, 2)
        zoom = F.grid_sample(early, grid, align_corners=True)
        return zoom.view(b, -1, rows, columns, 9).permute(0, 2, 3, 4, 1).reshape(b, rows, columns, -1)

    def forward(self, rgb):
        early, deep = self.encoder(rgb)
        hidden = (deep.movedim(1, -1) * 0.1) @ self.ip
        box = hidden @ self.box_out * 50
        delta = F.relu(torch.cat([hidden, self.rezoom(early, box) / 1000], -1) @ self.delta1)
        return {"logits": hidden @ self.confs_out, "box": box, "delta_logits": delta @ self.delta2 * 50,
                "delta_box": delta @ self.delta_boxes * 5}


def random_batch(images, height, width):
    cells = (images, height // twin.STRIDE, width // twin.STRIDE)
    confidence = (torch.rand(cells) < 1 / 18).float()
    box = torch.cat([torch.rand(*cells, 2) * 80 - 40, torch.rand(*cells, 2) * 120 + 20], -1) * confidence[..., None]
    image = (torch.rand(images, 3, height, width) * 255).contiguous(memory_format=torch.channels_last)
    return image, confidence, box, (torch.rand(cells) > 0.05).float()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--encoder", choices=["small", "vgg16"], required=True)
    p.add_argument("--width-multiple", type=float, default=1, help="of vgg16's channels")
    p.add_argument("--batch", type=int, required=True)
    p.add_argument("--height", type=int, default=192)
    p.add_argument("--width", type=int, default=640)
    p.add_argument("--clip", type=float, default=5)
    p.add_argument("--weight-decay-loss", type=float, default=0)
    p.add_argument("--steps", type=int, default=20)
    a = p.parse_args()
    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    torch.manual_seed(1)
    model = FastBox(Small() if a.encoder == "small" else Vgg16(a.width_multiple)).to(memory_format=torch.channels_last)
    net = nn.parallel.DistributedDataParallel(model, broadcast_buffers=False, gradient_as_bucket_view=True)
    kernels = [m.weight for m in model.modules() if isinstance(m, nn.Conv2d)]
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, fused=True)
    torch.manual_seed(dist.get_rank())
    batch = random_batch(a.batch, a.height, a.width)

    def step():
        optimizer.zero_grad(set_to_none=True)
        terms = twin.losses({}, net(batch[0]), *batch[1:])  # no weights: the decay is below
        loss = terms["confidence"] + terms["box"] + terms["delta_confidence"] + terms["delta_box"]
        if a.weight_decay_loss:
            loss = loss + a.weight_decay_loss * sum(0.5 * k.square().sum() for k in kernels)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), a.clip, foreach=True)
        optimizer.step()
        return loss.item()

    for _ in range(4):
        step()
    times = []
    for _ in range(a.steps):
        begin = time.perf_counter()
        loss = step()
        times.append(time.perf_counter() - begin)
    if not math.isfinite(loss):
        sys.exit("the loss is not finite")
    if dist.get_rank() == 0:
        seconds = statistics.median(times)
        print(json.dumps({"step_milliseconds": 1e3 * seconds, "images_per_second": dist.get_world_size() * a.batch / seconds,
                          "parameters": sum(p.numel() for p in model.parameters())}))
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
