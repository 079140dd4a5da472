#!/usr/bin/env python3
"""The PyTorch user's way to do what `fastbox bench step` does, for scripts/compare-pytorch and scripts/compare-allreduce.

    torch_step.py --encoder small|vgg16 --batch N [--compile] [--bf16] [--contiguous] [--steps N]
    python -m torch.distributed.run --nproc-per-node 2 torch_step.py ...     DistributedDataParallel over Gloo, NCCL on GPUs

Batch: images of one rank. Prints one line of JSON on rank 0, with the names of `fastbox bench step --json`. Tuned as its users
would: channels last unless told otherwise, torch's fused AdamW, clipping by foreach, DistributedDataParallel's default buckets with
gradients as their views, autocast for bf16.
"""
import time

BEGIN = time.time()

import argparse
import json
import math
import os
import resource
import statistics
import sys

import torch
import torch.distributed as dist
import torch.nn as nn

import torch_model

UNCOUNTED = 4  # as fastbox bench step


def process_began():
    """Seconds since the epoch: before Python read this file."""
    ticks = int(open("/proc/self/stat").read().rsplit(")", 1)[1].split()[19])
    age = float(open("/proc/uptime").read().split()[0]) - ticks / os.sysconf("SC_CLK_TCK")
    return time.time() - age if time.time() - BEGIN <= age < 600 else BEGIN


def main():
    began = process_began()
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--encoder", choices=["small", "vgg16"], required=True)
    p.add_argument("--width-multiple", type=float, default=1, help="of vgg16's channels")
    p.add_argument("--batch", type=int, required=True)
    p.add_argument("--height", type=int, default=192)
    p.add_argument("--width", type=int, default=640)
    p.add_argument("--dropout", type=float, default=0)
    p.add_argument("--clip", type=float, default=5)
    p.add_argument("--weight-decay-loss", type=float, default=0)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--compile", action="store_true", help="torch.compile, whole graph, static shapes")
    p.add_argument("--bf16", action="store_true", help="autocast")
    p.add_argument("--contiguous", action="store_true", help="not channels last")
    p.add_argument("--steps", type=int, default=20)
    a = p.parse_args()
    ranks = int(os.environ.get("WORLD_SIZE", 1))
    cuda = torch.cuda.is_available()
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if cuda else torch.device("cpu")
    if ranks > 1:
        dist.init_process_group("nccl" if cuda else "gloo")
    rank = dist.get_rank() if ranks > 1 else 0
    torch.set_num_threads(a.threads)
    torch.backends.cudnn.benchmark = True
    torch.manual_seed(1)
    order = torch.contiguous_format if a.contiguous else torch.channels_last
    model = torch_model.make_model(a.encoder, a.width_multiple, dropout=a.dropout).to(device, memory_format=order)
    net = nn.parallel.DistributedDataParallel(model, broadcast_buffers=False, gradient_as_bucket_view=True) if ranks > 1 else model
    if a.compile:
        net = torch.compile(net, dynamic=False)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, fused=True)
    torch.manual_seed(1 + rank)
    image, *targets = (t.to(device) for t in torch_model.random_batch(a.batch, a.height, a.width))
    image = image.contiguous(memory_format=order)

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device.type, torch.bfloat16, enabled=a.bf16):
            out = net(image)
        loss = sum(torch_model.losses(out, *targets).values())
        if a.weight_decay_loss:
            loss = loss + torch_model.kernel_decay(model, a.weight_decay_loss)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), a.clip, foreach=True)
        optimizer.step()
        return loss.item()

    startup, first, times = time.time() - began, 0, []
    for i in range(UNCOUNTED + a.steps):
        begin = time.perf_counter()
        loss = step()
        times.append(time.perf_counter() - begin)
        first = first or time.time() - began
    if not math.isfinite(loss):
        sys.exit("the loss is not finite")
    if rank == 0:
        seconds = times[UNCOUNTED:]
        middle = statistics.median(seconds)
        print(json.dumps({
            "step_milliseconds": 1e3 * middle, "images_per_second": ranks * a.batch / middle,
            "step_seconds": {"min": min(seconds), "median": middle, "max": max(seconds)},
            "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "peak_device_mib": torch.cuda.max_memory_allocated() / 2**20 if cuda else 0,
            "startup_seconds": startup, "first_step_seconds": first,
            "parameters": sum(p.numel() for p in model.parameters())}))
    if ranks > 1:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
